//! Attention over stored keys and values: `softmax(q · kᵀ · scale) · v`, without ever holding all scores.
//!
//! Keys are processed in partitions of [`PARTITION`]. Within a partition, the scores of a few queries are formed,
//! turned into weights and used at once. Partitions are joined one after the other, as in FlashAttention
//! (<https://arxiv.org/abs/2205.14135>), or, where there are few rows for several threads, as in Flash-Decoding
//! (<https://pytorch.org/blog/flash-decoding/>). A query's arithmetic depends only on its own position, so its result
//! is the same in any batch and on any number of threads.

mod causal_kernel;
mod plan;
mod softmax;
#[cfg(test)]
mod tests;

use super::disjoint::Disjoint;
use super::kv_store::Store;
use super::pool::Pool;
use super::simd::Level;
pub(crate) use causal_kernel::LONGEST_HEAD;
use causal_kernel::{Attend, QUERIES, QueryHead};
use plan::Task;
pub use plan::{AttentionSpan, Plan};
use softmax::{Merge, SoftmaxState};

/// Keys whose scores are formed together.
const PARTITION: usize = 256;

/// The parameters of one layer's attention.
#[derive(Debug, Clone, Copy)]
pub struct Attention {
    /// Heads of queries.
    pub heads: usize,
    /// The factor of the scores.
    pub scale: f32,
    /// The most tokens that a token attends to, itself included; `None` if that is not limited.
    pub window: Option<usize>,
}

/// The results of tasks over single partitions, to be merged. Kept between layers, so that no layer allocates memory.
#[derive(Debug, Default)]
pub struct Partials {
    /// `[partials, queries of a head, head_dim]`.
    sums: Vec<f32>,
    /// `[partials, queries of a head]`.
    states: Vec<SoftmaxState>,
}

/// Computes the attention of a batch's rows over `layer` of `store`. `queries` and `out` are `[rows, heads, head_dim]`.
///
/// # Panics
/// If a slice does not have its shape, `plan` was made for other heads, or it names blocks that the store does not
/// have.
#[allow(clippy::too_many_arguments)] // Each is a different thing; a struct would only be taken apart again.
pub fn attend(
    pool: &Pool,
    level: Level,
    attention: &Attention,
    (store, layer): (&Store, usize),
    plan: &Plan<'_>,
    queries: &[f32],
    out: &mut [f32],
    partials: &mut Partials,
) {
    let (heads, size) = (attention.heads, store.head_dim());
    let group = plan.group();
    assert!(
        plan.kv_heads() == store.kv_heads() && heads == group * store.kv_heads(),
        "a plan for these heads"
    );
    assert_eq!(queries.len(), plan.rows() * heads * size, "a query for each head");
    assert_eq!(out.len(), queries.len(), "a result for each query");
    partials.sums.resize(plan.partials() * group * size, 0.0);
    partials
        .states
        .resize(plan.partials() * group, SoftmaxState::default());
    let all = Disjoint::new(out);
    let sums = Disjoint::new(&mut partials.sums);
    let states = Disjoint::new(&mut partials.states);

    // `wanted` names rows and, for each, one of the queries that share the task's head of keys and values.
    let attend = |task: &Task, wanted: &[(usize, usize)]| {
        let mut given: [QueryHead<'_>; QUERIES] = Default::default();
        for (given, (row, query)) in given.iter_mut().zip(wanted) {
            let position = task.first_position + (row - task.rows.start);
            let at = (row * heads + task.head * group + query) * size;
            let to = match task.partial {
                // SAFETY: every row and head is in one task, and every query occurs once in it.
                None => unsafe { all.part(at..at + size) },
                Some(partial) => {
                    let at = ((partial + row - task.rows.start) * group + query) * size;
                    // SAFETY: every partial result belongs to one task.
                    unsafe { sums.part(at..at + size) }
                }
            };
            *given = QueryHead {
                numbers: &queries[at..at + size],
                out: to,
                first: attention
                    .window
                    .map_or(0, |window| (position + 1).saturating_sub(window)),
                end: position + 1,
            };
        }
        let reached = level.run(Attend {
            store,
            layer,
            head: task.head,
            blocks: plan.blocks(task),
            partitions: task.partitions.clone(),
            scale: attention.scale,
            finish: task.partial.is_none(),
            queries: &mut given[..wanted.len()],
        });
        if let Some(partial) = task.partial {
            for (state, (row, query)) in reached.iter().zip(wanted) {
                let at = (partial + row - task.rows.start) * group + query;
                // SAFETY: every partial result belongs to one task.
                let own = unsafe { states.part(at..at + 1) };
                own[0] = *state;
            }
        }
    };
    pool.run(plan.tasks().len(), |task| {
        let task = &plan.tasks()[task];
        let mut wanted = [(0, 0); QUERIES];
        let mut count = 0;
        for row in task.rows.clone() {
            for query in 0..group {
                wanted[count] = (row, query);
                count += 1;
                if count == QUERIES {
                    attend(task, &wanted);
                    count = 0;
                }
            }
        }
        if count > 0 {
            attend(task, &wanted[..count]);
        }
    });

    for (row, head, row_partials) in plan.merges() {
        for query in 0..group {
            let at = (row * heads + head * group + query) * size;
            let parts = row_partials.clone().map(|partial| {
                let at = partial * group + query;
                (partials.states[at], &partials.sums[at * size..(at + 1) * size])
            });
            level.run(Merge {
                parts,
                out: &mut out[at..at + size],
            });
        }
    }
}
