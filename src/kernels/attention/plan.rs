//! Which rows attend to which blocks, and how that is split into tasks. The plan is the same for all layers of a step.

use std::iter::StepBy;
use std::ops::Range;

use super::PARTITION;
use super::causal_kernel::QUERIES;
use crate::kernels::kv_store::BLOCK;

/// Rows of one sequence in a batch.
#[derive(Debug, Clone)]
pub struct AttentionSpan<'a> {
    /// The sequence's blocks.
    pub blocks: &'a [u32],
    /// The first row's position in the sequence.
    pub start: usize,
    /// The rows in the batch.
    pub rows: Range<usize>,
}

/// The tasks of a batch's attention.
#[derive(Debug)]
pub struct Plan<'a> {
    spans: Vec<AttentionSpan<'a>>,
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
    /// The number of the first row's partial result, if other tasks have other partitions of the same rows; the partial
    /// results of the next rows follow. `None` if the task has all partitions.
    pub partial: Option<usize>,
}

/// A row's partial results, one for each partition.
#[derive(Debug)]
struct Merge {
    row: usize,
    head: usize,
    partials: StepBy<Range<usize>>,
}

impl<'a> Plan<'a> {
    /// A plan for `spans`, which follow each other in the batch. Each of `kv_heads` heads of keys and values has
    /// `group` queries.
    ///
    /// # Panics
    /// If the spans' rows overlap or leave any out, a span has too few blocks for its rows, or `group` is zero.
    pub fn new(spans: Vec<AttentionSpan<'a>>, kv_heads: usize, group: usize, threads: usize) -> Self {
        // Threads write the rows' results at the same time, which is sound only if each row is in one span.
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
        // Only a few groups of queries per task, so that there are enough tasks.
        let step = (QUERIES / group).max(1) * 2;
        let tasks: usize = plan.spans.iter().map(|span| span.rows.len().div_ceil(step)).sum();
        // The merge pays only if there are too few tasks to keep the threads equally busy.
        let split = threads > 1 && tasks * kv_heads < threads * 4;
        for span in 0..plan.spans.len() {
            for head in 0..kv_heads {
                plan.add(span, head, step, split);
            }
        }
        plan
    }

    fn add(&mut self, span: usize, head: usize, step: usize, split: bool) {
        let AttentionSpan { start, rows, .. } = self.spans[span].clone();
        for from in rows.clone().step_by(step) {
            let rows_of_task = from..rows.end.min(from + step);
            let first_position = start + (from - rows.start);
            let partitions = (first_position + rows_of_task.len()).div_ceil(PARTITION);
            let task = |partitions, partial| Task {
                span,
                head,
                rows: rows_of_task.clone(),
                first_position,
                partitions,
                partial,
            };
            if !split || partitions < 2 {
                self.tasks.push(task(0..partitions, None));
                continue;
            }
            let count = rows_of_task.len();
            for partition in 0..partitions {
                let partial = self.partials + partition * count;
                self.tasks.push(task(partition..partition + 1, Some(partial)));
            }
            let first = self.partials;
            self.partials += partitions * count;
            self.merges
                .extend(rows_of_task.clone().enumerate().map(|(index, row)| Merge {
                    row,
                    head,
                    partials: (first + index..self.partials).step_by(count),
                }));
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

    /// Queries that share a head of keys and values.
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

    /// For each row and head that has partial results: the row, the head and the numbers of the partial results.
    pub(super) fn merges(&self) -> impl Iterator<Item = (usize, usize, StepBy<Range<usize>>)> {
        self.merges
            .iter()
            .map(|merge| (merge.row, merge.head, merge.partials.clone()))
    }
}
