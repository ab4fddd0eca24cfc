//! Admission, batches, and the invariants of any sequence of events.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

fn nothing(_: u64, _: &[u32], _: usize) -> Vec<u32> {
    vec![]
}

/// A prompt of `length` tokens that shares none with the prompts of other numbers.
fn prompt(which: u32, length: u32) -> Vec<u32> {
    (0..length).map(|at| 1000 * (which + 1) + at).collect()
}

/// Plans a step without drafts and ends it: a sequence with logits gets the token 7. Returns ids and numbers of read
/// tokens.
fn step(scheduler: &mut Scheduler) -> Vec<(u64, usize)> {
    scheduler.admit();
    let reads = scheduler.plan(nothing);
    for read in &reads {
        scheduler.advance(read.id, &vec![7; read.logits]);
    }
    reads.iter().map(|read| (read.id, read.count)).collect()
}

#[test]
fn no_sequence_overtakes_another() {
    // Ten blocks: the first takes 4 at most, the second would take 8, the third 1.
    let mut scheduler = Scheduler::new(8, 10);
    for (id, length, max_tokens) in [(0, 30, 30), (1, 100, 20), (2, 3, 3)] {
        scheduler.submit(id, prompt(id as u32, length), max_tokens);
    }
    assert_eq!(step(&mut scheduler), [(0, 30)]);
    assert_eq!(
        scheduler.waiting().collect::<Vec<_>>(),
        [1, 2],
        "the third would fit, but comes after the second"
    );
    scheduler.remove(0);
    assert_eq!(step(&mut scheduler), [(1, 100), (2, 3)]);
}

#[test]
fn shared_blocks_do_not_count_against_admission() {
    let mut scheduler = Scheduler::new(8, 10);
    let long = prompt(0, 100);
    scheduler.submit(0, long.clone(), 20);
    assert_eq!(step(&mut scheduler), [(0, 100)]);
    // 8 blocks are taken or promised. The same prompt shares 6 of them and needs 2 more.
    scheduler.submit(1, long, 20);
    assert_eq!(step(&mut scheduler), [(0, 1), (1, 4)]);
    scheduler.submit(2, prompt(2, 3), 1);
    assert_eq!(step(&mut scheduler).len(), 2, "all blocks are promised now");
    scheduler.remove(1);
    assert_eq!(step(&mut scheduler), [(0, 1), (2, 3)]);
}

#[test]
fn prompts_are_read_in_turn_in_whole_blocks() {
    let mut scheduler = Scheduler::new(8, 1000);
    for id in 0..3 {
        scheduler.submit(id, prompt(id as u32, 150), 9);
    }
    assert_eq!(
        step(&mut scheduler),
        [(0, 150), (1, 96)],
        "256 rows while no sequence decodes"
    );
    assert_eq!(
        step(&mut scheduler),
        [(0, 1), (1, 54), (2, 32)],
        "96 rows beside one that decodes"
    );
    assert_eq!(step(&mut scheduler), [(0, 1), (1, 1), (2, 96)]);
    assert_eq!(step(&mut scheduler), [(0, 1), (1, 1), (2, 22)]);
}

#[test]
fn drafts_take_rows_from_prompts_and_leave_room_for_the_last_token() {
    let mut scheduler = Scheduler::new(8, 1000);
    for id in 0..2 {
        scheduler.submit(id, prompt(id as u32, 20), 9);
    }
    step(&mut scheduler);
    scheduler.submit(2, prompt(2, 500), 9);
    scheduler.admit();
    let mut asked = vec![];
    let reads = scheduler.plan(|id, tokens, room| {
        asked.push((id, tokens.len(), room));
        vec![7; if id == 0 { 3 } else { room }]
    });
    // One of nine tokens is chosen, and one more comes with the draft: seven can be drafted.
    assert_eq!(asked, [(0, 21, 7), (1, 21, 7)]);
    let sizes: Vec<_> = reads.iter().map(|read| (read.count, read.logits)).collect();
    assert_eq!(sizes, [(4, 4), (8, 8), (80, 0)], "96 less 10, in whole blocks");
    assert_eq!(scheduler.chunk(&reads[0]).tokens, [7, 7, 7, 7]);
    assert_eq!(scheduler.draft(0), [7, 7, 7]);

    // The first draft fails at its second token.
    scheduler.advance(0, &[7, 8]);
    scheduler.advance(1, &[7; 8]);
    scheduler.advance(2, &[]);
    let mut asked = vec![];
    let reads = scheduler.plan(|id, tokens, room| {
        asked.push((id, tokens.len(), room));
        vec![]
    });
    assert_eq!(asked, [(0, 23, 5), (1, 29, 0)]);
    assert_eq!(
        (reads[0].start, scheduler.chunk(&reads[0]).tokens),
        (22, &[8][..])
    );
}

/// The content of a model's storage: position and token of each place.
type Storage = HashMap<(u32, usize), (usize, u32)>;

/// Computes a step as a model does: writes the chunks, then checks that each sequence finds its whole text.
fn compute(scheduler: &Scheduler, reads: &[Read], storage: &mut Storage) {
    let chunks: Vec<_> = reads.iter().map(|read| scheduler.chunk(read)).collect();
    for chunk in &chunks {
        for (at, token) in (chunk.start..).zip(chunk.tokens) {
            storage.insert((chunk.blocks[at / BLOCK], at % BLOCK), (at, *token));
        }
    }
    for (read, chunk) in reads.iter().zip(chunks) {
        let text = &scheduler.table(read.id).tokens()[..chunk.start + chunk.tokens.len()];
        for (at, token) in text.iter().enumerate() {
            let stored = storage.get(&(chunk.blocks[at / BLOCK], at % BLOCK));
            assert_eq!(stored, Some(&(at, *token)), "{read:?} at {at}");
        }
    }
}

#[derive(Debug, Clone)]
enum Act {
    Submit {
        family: u32,
        length: u32,
        max_tokens: usize,
    },
    Step {
        drafted: usize,
        right: usize,
    },
    Leave {
        which: usize,
    },
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        2 => (0_u32..3, 1_u32..90, 0_usize..40)
            .prop_map(|(family, length, max_tokens)| Act::Submit { family, length, max_tokens }),
        6 => (0_usize..12, 0_usize..12).prop_map(|(drafted, right)| Act::Step { drafted, right }),
        1 => (0_usize..8).prop_map(|which| Act::Leave { which }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_sequence_finds_its_own_text_and_ends(
        acts in prop::collection::vec(act(), 1..120),
        blocks in 9_usize..40,
        max_running in 1_usize..5,
    ) {
        let mut scheduler = Scheduler::new(max_running, blocks);
        let mut storage = Storage::new();
        // How many more tokens each sequence may have.
        let mut left: HashMap<u64, usize> = HashMap::new();
        let drained = std::iter::repeat_n(Act::Step { drafted: 3, right: 2 }, 4000);
        for (id, act) in (0_u64..).zip(acts.into_iter().chain(drained)) {
            match act {
                Act::Submit { family, length, max_tokens } => {
                    // Families share a beginning, and differ from their twentieth token on.
                    let own = |at: u32| family * 100 + at + if at >= 20 { length % 3 * 1000 } else { 0 };
                    scheduler.submit(id, (0..length).map(own).collect(), max_tokens);
                    left.insert(id, max_tokens.max(1));
                }
                Act::Leave { which } => {
                    let mut all = scheduler.waiting().chain(scheduler.running());
                    if let Some(id) = all.nth(which) {
                        drop(all);
                        scheduler.remove(id);
                        left.remove(&id);
                    }
                }
                Act::Step { drafted, right } => {
                    if left.is_empty() {
                        continue;
                    }
                    scheduler.admit();
                    prop_assert!(scheduler.running().count() <= max_running);
                    let reads = scheduler.plan(|id, _, room| vec![id as u32 % 7; drafted.min(room)]);
                    prop_assert!(!reads.is_empty(), "no sequence makes progress");
                    let beside = reads.iter().any(|read| read.decodes);
                    let rows: usize = reads.iter().map(|read| read.count - usize::from(read.decodes)).sum();
                    prop_assert!(rows <= if beside { ROWS_BESIDE } else { ROWS_ALONE }, "{reads:?}");
                    compute(&scheduler, &reads, &mut storage);
                    for read in reads {
                        if read.logits == 0 {
                            scheduler.advance(read.id, &[]);
                            continue;
                        }
                        let mut chosen = scheduler.draft(read.id).to_vec();
                        chosen.truncate(right);
                        chosen.push(500 + read.start as u32);
                        scheduler.advance(read.id, &chosen);
                        let left_of_it = left.get_mut(&read.id).expect("it has not ended");
                        prop_assert!(chosen.len() <= *left_of_it, "it has too many tokens");
                        *left_of_it -= chosen.len();
                        if *left_of_it == 0 {
                            left.remove(&read.id);
                            scheduler.remove(read.id);
                        }
                    }
                }
            }
            scheduler.pool.check();
        }
        prop_assert!(left.is_empty(), "{left:?} never ended");
    }
}
