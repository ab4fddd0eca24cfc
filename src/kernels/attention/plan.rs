//! Which rows look back on which blocks, and how that is cut into tasks. The same for every layer of a step.

use std::ops::Range;

use super::PARTITION;
use super::kernel::QUERIES;
use crate::kernels::store::BLOCK;

/// Rows of one sequence in a batch.
#[derive(Debug, Clone)]
pub struct Span<'a> {
    /// The sequence's blocks.
    pub blocks: &'a [u32],
    /// The first row's position in the sequence.
    pub start: usize,
    /// The rows in the batch.
    pub rows: Range<usize>,
}

/// Tasks of a batch's attention.
#[derive(Debug)]
pub struct Plan<'a> {
    spans: Vec<Span<'a>>,
    kv_heads: usize,
    group: usize,
    rows: usize,
    tasks: Vec<Task>,
    partials: usize,
    merges: Vec<Merge>,
}

#[derive(Debug)]
pub(super) struct Task {
    span: usize,
    /// Head of keys and values.
    pub head: usize,
    pub rows: Range<usize>,
    pub first_position: usize,
    pub partitions: Range<usize>,
    /// Where the result goes when other tasks have other partitions of the same row.
    pub partial: Option<usize>,
}

#[derive(Debug)]
struct Merge {
    row: usize,
    head: usize,
    partials: Range<usize>,
}

impl<'a> Plan<'a> {
    /// A plan for `spans`, which follow each other in the batch, with `group` queries to each of `kv_heads` heads.
    ///
    /// # Panics
    /// If the spans' rows overlap or leave any out, a span has too few blocks for its rows, or `group` is zero.
    pub fn new(spans: Vec<Span<'a>>, kv_heads: usize, group: usize, threads: usize) -> Self {
        // Threads write the rows' results at once, which is only right if each row is in one span.
        let mut rows = 0;
        for span in &spans {
            assert!(
                span.rows.start == rows && span.rows.end >= rows,
                "spans that follow each other"
            );
            rows = span.rows.end;
            assert!(
                span.start + span.rows.len() <= span.blocks.len() * BLOCK,
                "blocks for all tokens of a span"
            );
        }
        let mut plan = Self {
            kv_heads,
            group,
            rows,
            tasks: Vec::new(),
            partials: 0,
            merges: Vec::new(),
            spans,
        };
        // Worth the merge only where there are fewer rows and heads than keep the threads busy.
        let split = threads > 1 && plan.rows * kv_heads < threads * 4;
        for span in 0..plan.spans.len() {
            for head in 0..kv_heads {
                plan.add(span, head, group, split);
            }
        }
        plan
    }

    fn add(&mut self, span: usize, head: usize, group: usize, split: bool) {
        let Span { start, rows, .. } = self.spans[span].clone();
        // A few groups of queries to a task, so that there are tasks enough.
        let step = (QUERIES / group).max(1) * 2;
        for from in rows.clone().step_by(step) {
            let rows_of_task = from..rows.end.min(from + step);
            let first_position = start + (from - rows.start);
            let end = first_position + rows_of_task.len();
            let partitions = end.div_ceil(PARTITION);
            let task = |partitions, partial| Task {
                span,
                head,
                rows: rows_of_task.clone(),
                first_position,
                partitions,
                partial,
            };
            if !split || rows_of_task.len() > 1 || partitions < 2 {
                self.tasks.push(task(0..partitions, None));
                continue;
            }
            let partials = self.partials..self.partials + partitions;
            for (partition, partial) in partials.clone().enumerate() {
                self.tasks.push(task(partition..partition + 1, Some(partial)));
            }
            self.partials = partials.end;
            self.merges.push(Merge {
                row: from,
                head,
                partials,
            });
        }
    }

    /// Rows of the batch.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Heads of keys and values.
    pub fn kv_heads(&self) -> usize {
        self.kv_heads
    }

    /// Queries that share such a head.
    pub fn group(&self) -> usize {
        self.group
    }

    pub(super) fn tasks(&self) -> &[Task] {
        &self.tasks
    }

    pub(super) fn blocks(&self, task: &Task) -> &'a [u32] {
        self.spans[task.span].blocks
    }

    pub(super) fn partials(&self) -> usize {
        self.partials
    }

    /// Row, head and the partials that make its result.
    pub(super) fn merges(&self) -> impl Iterator<Item = (usize, usize, Range<usize>)> {
        self.merges
            .iter()
            .map(|merge| (merge.row, merge.head, merge.partials.clone()))
    }
}
