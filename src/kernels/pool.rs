//! Threads that compute a parallel region together, and sleep between regions.
//!
//! A region is a number of tasks. The calling thread takes tasks itself, and helper threads join it if they come in
//! time: a helper that the operating system has suspended delays nobody, unless it was suspended in the middle of a
//! task. A waiting thread spins for some microseconds, because regions follow each other closely, and then sleeps,
//! because a spinning thread can take the processor from the thread that it waits for when other programs are running.
//!
//! A task's result never depends on the thread that runs it, so results do not depend on the number of threads.

use std::cell::UnsafeCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread::Thread;

use super::disjoint::Disjoint;

/// How often a waiting thread checks before it sleeps: some tens of microseconds.
const SPINS: usize = 500;

/// Threads for one region at a time. Dropping it ends them.
pub struct Pool {
    shared: Arc<Shared>,
    helpers: Vec<Thread>,
    /// Held while a region runs.
    region: Mutex<()>,
}

struct Shared {
    /// The region's number (from bit 17), whether helpers can join it (bit 16), and how many helpers have joined it
    /// (the bits below).
    state: AtomicU64,
    /// The region. It is written only while no helper can join it and none has joined it.
    region: UnsafeCell<Option<Region>>,
    /// The next task to take.
    next: AtomicUsize,
    /// The region's calling thread, while it sleeps until the helpers have left.
    caller: Mutex<Option<Thread>>,
    caller_sleeps: AtomicBool,
    /// For each helper, whether it sleeps.
    asleep: Vec<AtomicBool>,
    panicked: AtomicBool,
    ended: AtomicBool,
}

// SAFETY: `region` is the only part that is not `Sync`; it is written while no helper is joined (`Pool::run` holds the
// lock, has closed the region before and has waited for the last helper), and read by joined helpers only.
unsafe impl Sync for Shared {}
// SAFETY: as above; the pointer inside is dereferenced only while the caller waits in `Pool::run`.
unsafe impl Send for Shared {}

#[derive(Clone, Copy)]
struct Region {
    task: *const (dyn Fn(usize) + Sync),
    tasks: usize,
}

/// With at most this many rows, waking the helpers takes longer than the work.
const FEW_ROWS: usize = 4;
/// Rows of a task.
const ROWS_PER_TASK: usize = 4;

const OPEN: u64 = 1 << 16;
const JOINED: u64 = OPEN - 1;
const NUMBER: u64 = 1 << 17;

impl Pool {
    /// A pool in which `threads` threads compute: the caller and `threads - 1` helpers, named after `name`.
    ///
    /// # Errors
    /// If the operating system cannot start a thread.
    pub fn new(name: &str, threads: usize) -> std::io::Result<Self> {
        // The state counts helpers in its lowest bits.
        let count = threads.clamp(1, JOINED as usize) - 1;
        let shared = Arc::new(Shared {
            state: AtomicU64::new(0),
            region: UnsafeCell::new(None),
            next: AtomicUsize::new(0),
            caller: Mutex::new(None),
            caller_sleeps: AtomicBool::new(false),
            asleep: (0..count).map(|_| AtomicBool::new(false)).collect(),
            panicked: AtomicBool::new(false),
            ended: AtomicBool::new(false),
        });
        let mut pool = Self {
            shared: shared.clone(),
            helpers: Vec::new(),
            region: Mutex::new(()),
        };
        for helper in 0..count {
            let shared = shared.clone();
            let thread = std::thread::Builder::new()
                .name(format!("{name}-{}", helper + 1))
                .spawn(move || shared.help(helper))?;
            pool.helpers.push(thread.thread().clone());
        }
        Ok(pool)
    }

    /// Threads that compute a region, the calling thread included.
    pub fn threads(&self) -> usize {
        self.helpers.len() + 1
    }

    /// Calls `task` once for every number below `tasks`, on several threads, and returns when all calls have returned.
    ///
    /// If the pool is computing another thread's region, the caller computes all tasks alone and does not wait.
    ///
    /// # Panics
    /// If a task panics.
    pub fn run(&self, tasks: usize, task: impl Fn(usize) + Sync) {
        match self.turn(tasks) {
            Some(_turn) => self.shared.together(&self.helpers, tasks, &task),
            None => (0..tasks).for_each(task),
        }
    }

    /// Calls `work` once for every row number below `rows`, on several threads where there are many rows.
    pub fn for_rows(&self, rows: usize, work: impl Fn(usize) + Sync) {
        if rows <= FEW_ROWS {
            return (0..rows).for_each(work);
        }
        self.run(rows.div_ceil(ROWS_PER_TASK), |task| {
            (task * ROWS_PER_TASK..rows.min((task + 1) * ROWS_PER_TASK)).for_each(&work);
        });
    }

    /// [`Pool::for_rows`] over the rows of `all`, which have `width` numbers each and are lent to `work` for writing.
    ///
    /// # Panics
    /// If `all` is not whole rows.
    pub fn for_rows_mut(&self, all: &mut [f32], width: usize, work: impl Fn(usize, &mut [f32]) + Sync) {
        assert!(all.len().is_multiple_of(width), "whole rows");
        let rows = all.len() / width;
        let all = Disjoint::new(all);
        self.for_rows(rows, |row| {
            // SAFETY: `for_rows` calls this once for each row, and rows do not overlap.
            work(row, unsafe { all.part(row * width..(row + 1) * width) });
        });
    }

    /// The right to run a region; `None` if there are too few tasks or helpers, or if another region is running.
    fn turn(&self, tasks: usize) -> Option<MutexGuard<'_, ()>> {
        if tasks < 2 || self.helpers.is_empty() {
            return None;
        }
        match self.region.try_lock() {
            Ok(turn) => Some(turn),
            // A task panicked, and `together` had cleaned up before it passed the panic on.
            Err(TryLockError::Poisoned(turn)) => Some(turn.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        self.helpers.iter().for_each(Thread::unpark);
    }
}

impl Shared {
    fn together(&self, helpers: &[Thread], tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        // SAFETY: only the lifetime changes. Helpers call `task` while joined, and this function does not return
        // before the region is closed and the last of them has left.
        let task: *const (dyn Fn(usize) + Sync) = unsafe { std::mem::transmute(task) };
        let region = Region { task, tasks };
        self.next.store(0, Ordering::Relaxed);
        // SAFETY: the previous region is closed and all helpers have left it.
        unsafe { *self.region.get() = Some(region) };
        // No thread changes the state between this and the store: helpers only join an open region.
        let state = self.state.load(Ordering::Relaxed);
        // SeqCst: of this thread and a helper that goes to sleep, at least one must see what the other has stored.
        self.state
            .store((state & !OPEN) + NUMBER + OPEN, Ordering::SeqCst);
        for (helper, asleep) in helpers.iter().zip(&self.asleep) {
            if asleep.load(Ordering::SeqCst) && asleep.swap(false, Ordering::SeqCst) {
                helper.unpark();
            }
        }
        let outcome = catch_unwind(AssertUnwindSafe(|| self.work(region)));
        self.state.fetch_and(!OPEN, Ordering::AcqRel);
        self.wait_until_left();
        let helper_panicked = self.panicked.swap(false, Ordering::AcqRel);
        if let Err(panic) = outcome {
            std::panic::resume_unwind(panic);
        }
        assert!(
            !helper_panicked,
            "a task panicked on another thread; its message is above"
        );
    }

    fn work(&self, region: Region) {
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= region.tasks {
                return;
            }
            // SAFETY: the caller of the region is still in `together`, so what the task borrows is alive.
            unsafe { (*region.task)(number) };
        }
    }

    fn wait_until_left(&self) {
        let left = || self.state.load(Ordering::Acquire) & JOINED == 0;
        for _ in 0..SPINS {
            if left() {
                return;
            }
            std::hint::spin_loop();
        }
        *self.caller.lock().unwrap_or_else(PoisonError::into_inner) = Some(std::thread::current());
        self.caller_sleeps.store(true, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        while !left() {
            std::thread::park();
        }
        self.caller_sleeps.store(false, Ordering::SeqCst);
    }

    fn help(&self, helper: usize) {
        let mut seen = 0;
        while let Some(state) = self.next_region(helper, seen) {
            seen = state / NUMBER;
            let joined = self
                .state
                .compare_exchange(state, state + 1, Ordering::AcqRel, Ordering::Relaxed);
            if joined.is_err() {
                // The region was closed meanwhile, or another helper joined first: check again.
                seen -= 1;
                continue;
            }
            // SAFETY: this helper has joined, so the caller does not write the region.
            let region = unsafe { *self.region.get() }.expect("an open region is there");
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.work(region))) {
                // Dropping the payload could panic again, and the caller would wait for this thread for ever.
                std::mem::forget(panic);
                self.panicked.store(true, Ordering::Release);
            }
            let before = self.state.fetch_sub(1, Ordering::AcqRel);
            fence(Ordering::SeqCst);
            if before & JOINED == 1 && self.caller_sleeps.load(Ordering::SeqCst) {
                let caller = self.caller.lock().unwrap_or_else(PoisonError::into_inner);
                caller.iter().for_each(Thread::unpark);
            }
        }
    }

    /// Waits for an open region with a number other than `seen`; `None` when the pool has ended.
    fn next_region(&self, helper: usize, seen: u64) -> Option<u64> {
        let look = || {
            let state = self.state.load(Ordering::SeqCst);
            (state & OPEN != 0 && state / NUMBER != seen).then_some(state)
        };
        loop {
            for _ in 0..SPINS {
                if let Some(state) = look() {
                    return Some(state);
                }
                std::hint::spin_loop();
            }
            self.asleep[helper].store(true, Ordering::SeqCst);
            // The state is read again after the flag is set: a region that opens now is seen here or wakes this thread.
            if look().is_none() && !self.ended.load(Ordering::SeqCst) {
                std::thread::park();
            }
            self.asleep[helper].store(false, Ordering::SeqCst);
            if self.ended.load(Ordering::SeqCst) {
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_runs_once_on_any_number_of_threads() {
        for threads in [1, 2, 5] {
            let pool = Pool::new("test", threads).expect("threads");
            for tasks in [0, 1, 2, 7, 100] {
                for _ in 0..50 {
                    let counts: Vec<AtomicUsize> = (0..tasks).map(|_| AtomicUsize::new(0)).collect();
                    pool.run(tasks, |task| {
                        counts[task].fetch_add(1, Ordering::Relaxed);
                    });
                    assert!(counts.iter().all(|count| count.load(Ordering::Relaxed) == 1));
                }
            }
        }
    }

    #[test]
    fn every_row_is_visited_once() {
        let counts = [0, 1, 4, 5, 8, 9, 31];
        for (rows, threads) in counts.into_iter().flat_map(|rows| [(rows, 1), (rows, 3)]) {
            let pool = Pool::new("test", threads).expect("threads");
            let visits: Vec<AtomicUsize> = (0..rows).map(|_| AtomicUsize::new(0)).collect();
            pool.for_rows(rows, |row| {
                visits[row].fetch_add(1, Ordering::Relaxed);
            });
            assert!(
                visits.iter().all(|count| count.load(Ordering::Relaxed) == 1),
                "{rows}"
            );
            let mut all = vec![0.0; 3 * rows];
            pool.for_rows_mut(&mut all, 3, |row, numbers| {
                numbers.iter_mut().for_each(|number| *number += row as f32);
            });
            assert!((0..3 * rows).all(|at| all[at] == (at / 3) as f32), "{rows}");
        }
    }

    #[test]
    #[should_panic(expected = "whole rows")]
    fn a_part_of_a_row_is_refused() {
        Pool::new("test", 1)
            .expect("no threads")
            .for_rows_mut(&mut [0.0; 7], 3, |_, _| ());
    }

    #[test]
    fn regions_of_several_callers_do_not_mix() {
        let pool = Pool::new("test", 3).expect("threads");
        std::thread::scope(|scope| {
            for caller in 0..4_u64 {
                let pool = &pool;
                scope.spawn(move || {
                    for round in 0..200 {
                        let sum = AtomicU64::new(0);
                        pool.run(10, |task| {
                            sum.fetch_add(caller * 1_000 + round + task as u64, Ordering::Relaxed);
                        });
                        assert_eq!(sum.into_inner(), (caller * 1_000 + round) * 10 + 45);
                    }
                });
            }
        });
    }

    #[test]
    fn a_panic_reaches_the_caller_and_the_pool_goes_on() {
        let pool = Pool::new("test", 2).expect("threads");
        let panics = catch_unwind(AssertUnwindSafe(|| {
            pool.run(8, |task| assert!(task != 5, "the sixth fails"));
        }));
        assert!(panics.is_err());
        let done = AtomicUsize::new(0);
        pool.run(8, |_| {
            done.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!(done.into_inner(), 8);
    }
}
