//! Compaction: of each key the log keeps the latest record, as Kafka's log cleaner does.
//!
//! A pass is taken in turns. What needs the log happens under its mutex and takes microseconds: [`Log::begin_compaction`] and
//! [`Log::finish_compaction`]. What reads and writes happens without it, in [`CompactionJob::run`], while appends, reads and
//! retention go on:
//!
//! ```text
//! let mut job = log.begin_compaction(checkpoint, now_ms)?;     // None: it is not time for a pass
//! loop {
//!     let outcome = job.run(&mut map, &mut throttle);          // without the mutex
//!     match log.finish_compaction(job, outcome)? {
//!         CompactionStep::Continue(next) => job = next,
//!         CompactionStep::Done(compacted) => break,            // compacted.end_offset is the new checkpoint
//!         CompactionStep::Abandoned => break,                  // stopped, or the log changed under the pass
//!     }
//! }
//! ```
//!
//! First the keys of what is dirty are read into the map, then group after group of segments is written anew and swapped in. When
//! the map is full, the pass covers a part of what is dirty only. A pass may be given up at any moment: what it has swapped in by
//! then is right by itself.

mod filter;
mod offset_map;
mod plan;
mod records;
mod rewrite;
pub(crate) mod swap;
mod transactions;

use std::collections::VecDeque;

use thiserror::Error;

use crate::deletion::{DeletedFiles, Snapshots};
use crate::disk::{self, File};
use crate::error::LogError;
use crate::failure::FailureScope;
use crate::log::Log;
use crate::segment::{LOG_SUFFIX, Segment, offset_path};
use filter::{Filter, Rules};
pub use offset_map::OffsetMap;
pub use plan::Dirtiness;
use plan::{Plan, Source};
use rewrite::{Destination, Pace, build_map, group};
use swap::{CLEANED_SUFFIX, SWAP_SUFFIX};
use transactions::CleanedTransactions;

/// Slows a pass down, and stops it.
pub trait Throttle: std::fmt::Debug {
    /// Called when so many more bytes were read or written. Waits as long as a rate asks for; false stops the pass.
    fn spend(&mut self, bytes: usize) -> bool;
}

/// A throttle that lets everything pass.
#[derive(Clone, Copy, Debug, Default)]
pub struct FullSpeed;

impl Throttle for FullSpeed {
    fn spend(&mut self, _bytes: usize) -> bool {
        true
    }
}

/// Why a pass did not come to its end.
#[derive(Debug, Error)]
pub enum CompactionError {
    /// The throttle stopped it.
    #[error("stopped")]
    Stopped,
    /// The log cannot be cleaned, now or later.
    #[error("{reason}")]
    Uncleanable {
        /// What is in the way.
        reason: String,
    },
    /// The disk failed, or a file is damaged.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// What a pass has done.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Compacted {
    /// Where it began.
    pub first_dirty_offset: i64,
    /// Everything before it is clean now: the next checkpoint.
    pub end_offset: i64,
    /// Bytes that were read into the map.
    pub map_bytes: u64,
    /// Bytes of the segments that were written anew.
    pub bytes_read: u64,
    /// Bytes of what stands for them.
    pub bytes_written: u64,
    /// Records that were read, when it came to writing.
    pub records_read: u64,
    /// Records that stay.
    pub records_kept: u64,
    /// Share of the map that was used, from 0 to 1.
    pub map_utilization: f64,
}

/// A new segment that does not have its final name yet, by base offset. See `swap.rs`.
#[derive(Debug)]
pub(crate) enum PendingSwap {
    /// Its files are named `.swap`.
    Named(i64),
    /// And the log has taken it in. The old segments may be there still.
    TakenIn(i64, DeletedFiles),
    /// And they are not.
    Alone(i64),
}

/// What follows a step of a pass.
#[derive(Debug)]
pub enum CompactionStep {
    /// There is more to run.
    Continue(Box<CompactionJob>),
    /// The pass has come to its end.
    Done(Compacted),
    /// The pass was given up: it was stopped, or the log changed under it.
    Abandoned,
}

/// A pass over a log. `run` it outside of the mutex and hand it to `Log::finish_compaction` with the result, always.
#[derive(Debug)]
#[must_use]
pub struct CompactionJob {
    plan: Plan,
    stage: Stage,
    /// Groups that are still to be cleaned.
    groups: VecDeque<Vec<Source>>,
    transactions: CleanedTransactions,
    filter: Filter,
    compacted: Compacted,
    is_complete: bool,
    /// Segments before this offset are none of the pass's business any more.
    cleaning_from: i64,
    /// What was set aside and nobody has taken.
    deleted: Vec<DeletedFiles>,
    /// The old segment whose name the new one takes. Whoever closes it last waits until its space is free, so that is the pass
    /// and not the rename, which holds the mutex.
    replaced: Option<File>,
}

/// Where a pass stands.
#[derive(Debug)]
enum Stage {
    /// The map is to be built.
    Planned,
    /// `.cleaned` files are durable and wait for the log.
    Cleaned(Replacement),
    /// They are named `.swap`, which is to be made durable.
    Named(Replacement),
    /// And it is: the log may take the new segment in.
    Durable(Replacement),
    /// It has. The old segments, except the first, are to be set aside.
    Swapped(DeletedFiles),
    /// And it is: the `.swap` files may get their final names.
    Gone,
    /// They have.
    Settled,
    /// The log changed: the files that were made for this base offset are to be removed.
    GivenUp(i64),
    /// Nothing is left to do.
    Over,
}

/// A new segment and what it stands for.
#[derive(Debug)]
struct Replacement {
    sources: Vec<Source>,
    segment: Segment,
}

impl Replacement {
    fn base_offset(&self) -> i64 {
        self.segment.base_offset
    }
}

impl CompactionJob {
    /// How dirty the log was when the pass began.
    pub fn dirtiness(&self) -> Dirtiness {
        self.plan.dirtiness
    }

    /// Reads and writes so many bytes at once; at first it is 256 KiB.
    pub fn set_buffer_bytes(&mut self, buffer_bytes: usize) {
        self.plan.buffer_bytes = buffer_bytes.max(1);
    }

    /// Whether files are being renamed: until that is over, nobody else may rename files of the log.
    pub fn is_swapping(&self) -> bool {
        use Stage::{Durable, Gone, Named, Swapped};
        matches!(self.stage, Named(_) | Durable(_) | Swapped(_) | Gone)
    }

    /// What was set aside since the last call, to be unlinked after its delay.
    pub fn take_deleted(&mut self) -> Vec<DeletedFiles> {
        std::mem::take(&mut self.deleted)
    }

    /// Does what comes next and does not need the log. All runs of a job get the same map.
    pub fn run(
        &mut self,
        map: &mut OffsetMap,
        throttle: &mut dyn Throttle,
    ) -> Result<(), CompactionError> {
        let mut pace = Pace::new(throttle);
        self.stage = match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Planned => {
                self.plan.make_durable()?;
                self.build_map(map, &mut pace)?;
                self.clean_next(map, &mut pace)?
            }
            Stage::Named(replacement) => {
                disk::sync_folder(&self.plan.folder)?;
                Stage::Durable(replacement)
            }
            Stage::Swapped(old) => match old.set_aside() {
                Ok(()) => {
                    self.deleted.push(old);
                    let path = offset_path(&self.plan.folder, self.cleaning_from, LOG_SUFFIX);
                    self.replaced = File::open(&path).ok();
                    Stage::Gone
                }
                Err(error) => {
                    self.stage = Stage::Swapped(old);
                    return Err(error.into());
                }
            },
            Stage::Settled => {
                disk::sync_folder(&self.plan.folder)?;
                self.replaced = None;
                self.clean_next(map, &mut pace)?
            }
            Stage::GivenUp(base_offset) => {
                swap::remove_segment(&self.plan.folder, base_offset, CLEANED_SUFFIX)?;
                Stage::Over
            }
            stage @ (Stage::Cleaned(_) | Stage::Durable(_) | Stage::Gone | Stage::Over) => stage,
        };
        Ok(())
    }

    fn build_map(
        &mut self,
        map: &mut OffsetMap,
        pace: &mut Pace<'_>,
    ) -> Result<(), CompactionError> {
        let (end_offset, bytes_read) = build_map(&self.plan, map, pace)?;
        let first_dirty_offset = self.plan.dirtiness.first_dirty_offset;
        if end_offset <= first_dirty_offset {
            let reason = format!("the map of {} keys takes no batch", map.capacity());
            return Err(CompactionError::Uncleanable { reason });
        }
        self.compacted.end_offset = end_offset;
        self.compacted.map_bytes = bytes_read;
        self.compacted.map_utilization = map.utilization();
        self.groups = group(&self.plan, end_offset)?.into();
        Ok(())
    }

    fn clean_next(
        &mut self,
        map: &OffsetMap,
        pace: &mut Pace<'_>,
    ) -> Result<Stage, CompactionError> {
        let Some(sources) = self.groups.pop_front() else {
            self.is_complete = true;
            return Ok(Stage::Over);
        };
        self.cleaning_from = sources[0].base_offset;
        match self.clean(&sources, map, pace) {
            Ok(segment) => Ok(Stage::Cleaned(Replacement { sources, segment })),
            Err(error) => {
                // What was written is of no use. That it cannot be removed is not the error to tell.
                let base_offset = sources[0].base_offset;
                let _ = swap::remove_segment(&self.plan.folder, base_offset, CLEANED_SUFFIX);
                Err(error)
            }
        }
    }

    fn clean(
        &mut self,
        sources: &[Source],
        map: &OffsetMap,
        pace: &mut Pace<'_>,
    ) -> Result<Segment, CompactionError> {
        let plan = &self.plan;
        let rules = Rules {
            map,
            producers: &plan.producers,
            now_ms: plan.now_ms,
            delete_retention_ms: plan.config.delete_retention_ms,
            upper_bound_offset: plan.dirtiness.first_uncleanable_offset,
        };
        let mut destination = Destination::create(plan, sources)?;
        // Segments without batches say nothing about where they end.
        let last = sources.iter().rposition(|source| source.size > 0);
        for (index, source) in sources.iter().enumerate() {
            let is_last = Some(index) == last;
            let (filter, transactions) = (&mut self.filter, &mut self.transactions);
            destination.take(source, is_last, filter, &rules, transactions, pace)?;
        }
        let aborted = self.transactions.take_kept();
        let segment = destination.finish(aborted, pace)?;
        self.compacted.bytes_read += sources.iter().map(|source| source.size).sum::<u64>();
        self.compacted.bytes_written += segment.size;
        self.compacted.records_read = self.filter.counts.read;
        self.compacted.records_kept = self.filter.counts.kept;
        Ok(segment)
    }
}

impl Log {
    /// Whether `cleanup.policy` contains `compact`.
    pub fn is_compacted(&self) -> bool {
        self.config.compacted
    }

    /// Begins a pass, if it is time for one: see [`Dirtiness::is_cleanable`]. `checkpoint` is the first dirty offset of
    /// `cleaner-offset-checkpoint`. One pass at a time; another is not begun.
    pub fn begin_compaction(
        &mut self,
        checkpoint: Option<i64>,
        now_ms: i64,
    ) -> Result<Option<Box<CompactionJob>>, LogError> {
        let dirtiness = self.dirtiness(checkpoint, now_ms)?;
        if !self.is_compacting {
            // An earlier pass may have found no space for its last renames.
            self.settle_swap()?;
        }
        if !self.config.compacted || self.is_compacting || !dirtiness.is_cleanable() {
            return Ok(None);
        }
        let plan = self.compaction_plan(dirtiness, now_ms)?;
        self.is_compacting = true;
        let transactions = CleanedTransactions::new(&plan.aborted, 0);
        let compacted =
            Compacted { first_dirty_offset: dirtiness.first_dirty_offset, ..Compacted::default() };
        Ok(Some(Box::new(CompactionJob {
            plan,
            stage: Stage::Planned,
            groups: VecDeque::new(),
            transactions,
            filter: Filter::default(),
            compacted,
            is_complete: false,
            cleaning_from: 0,
            deleted: Vec::new(),
            replaced: None,
        })))
    }

    /// Does what a pass needs the log for. An error of the disk takes the log offline, but for a full one: then the pass is given
    /// up, and the next may find space. Another error says why the log cannot be cleaned; it goes on otherwise.
    pub fn finish_compaction(
        &mut self,
        mut job: Box<CompactionJob>,
        outcome: Result<(), CompactionError>,
    ) -> Result<CompactionStep, CompactionError> {
        self.check_online()?;
        if let Err(error) = outcome {
            return self.give_up(error, &job);
        }
        job.stage = match std::mem::replace(&mut job.stage, Stage::Over) {
            Stage::Cleaned(replacement) if self.has(&job.plan, &replacement) => {
                let base_offset = replacement.base_offset();
                self.pending_swap = Some(PendingSwap::Named(base_offset));
                swap::rename_segment(&self.folder, base_offset, CLEANED_SUFFIX, SWAP_SUFFIX)
                    .map_err(|error| self.fail(error))?;
                Stage::Named(replacement)
            }
            Stage::Durable(replacement)
                if self.pending_swap.is_some() && self.has(&job.plan, &replacement) =>
            {
                Stage::Swapped(self.swap_in(replacement))
            }
            Stage::Cleaned(replacement) | Stage::Durable(replacement) => {
                self.settle_swap()?;
                Stage::GivenUp(replacement.base_offset())
            }
            Stage::Gone => {
                if let Some(PendingSwap::TakenIn(base_offset, _)) = self.pending_swap {
                    self.pending_swap = Some(PendingSwap::Alone(base_offset));
                }
                self.settle_swap()?;
                Stage::Settled
            }
            Stage::Over => {
                self.is_compacting = false;
                // What is appended after a truncation is not clean, whatever its offsets.
                return Ok(if job.is_complete && self.truncations == job.plan.truncations {
                    CompactionStep::Done(job.compacted)
                } else {
                    CompactionStep::Abandoned
                });
            }
            stage => stage,
        };
        Ok(CompactionStep::Continue(job))
    }

    fn give_up(
        &mut self,
        error: CompactionError,
        job: &CompactionJob,
    ) -> Result<CompactionStep, CompactionError> {
        self.is_compacting = false;
        // Where the old segments could not be set aside, what stands for them keeps its `.swap` names: opening the log, or whoever
        // needs final names next, goes on from there.
        if !matches!(job.stage, Stage::Swapped(_)) {
            self.settle_swap()?;
        }
        let has_changed =
            self.truncations != job.plan.truncations
                || job.plan.sources.iter().any(|source| {
                    source.base_offset >= job.cleaning_from && !self.has_source(source)
                });
        match error {
            CompactionError::Stopped => Ok(CompactionStep::Abandoned),
            // A file that retention removed is not missing, and one that was cut is not damaged.
            CompactionError::Log(error) if has_changed && error.scope() == FailureScope::Log => {
                Ok(CompactionStep::Abandoned)
            }
            CompactionError::Log(error @ LogError::Disk { .. }) => {
                Err(self.fail_unless_passing(error).into())
            }
            error => Err(error),
        }
    }

    /// Whether the log still consists of what a new segment stands for.
    fn has(&self, plan: &Plan, replacement: &Replacement) -> bool {
        self.truncations == plan.truncations
            && replacement.sources.iter().all(|source| self.has_source(source))
    }

    fn has_source(&self, source: &Source) -> bool {
        let found =
            self.segments.binary_search_by_key(&source.base_offset, |each| each.base_offset);
        found.is_ok_and(|index| self.segments[index].size == source.size)
    }

    /// Puts a new segment in the place of the old ones. Gives those whose files do not become the new one's.
    fn swap_in(&mut self, replacement: Replacement) -> DeletedFiles {
        let Replacement { sources, segment } = replacement;
        let base_offset = segment.base_offset;
        self.size_bytes += segment.size;
        let first = self.segment_index(base_offset);
        let old: Vec<Segment> =
            self.segments.splice(first..first + sources.len(), [segment]).collect();
        self.size_bytes -= old.iter().map(|segment| segment.size).sum::<u64>();
        self.warm.retain(|warm| old.iter().all(|segment| segment.base_offset != *warm));
        self.metadata_changes += 1;
        let delay_ms = self.config.file_delete_delay_ms;
        let deleted = DeletedFiles::segments(&self.folder, &old[1..], Snapshots::Go, delay_ms);
        self.pending_swap = Some(PendingSwap::TakenIn(base_offset, deleted.clone()));
        deleted
    }

    /// Ends a swap that is under way, before what it stands for changes: one that is not decided is taken back, because a crash
    /// would bring the old records back; the new files of a decided one get their final names when the old ones are gone. Without
    /// space for that, nothing has changed.
    pub(crate) fn settle_swap(&mut self) -> Result<(), LogError> {
        let Some(mut pending) = self.pending_swap.take() else { return Ok(()) };
        if let PendingSwap::TakenIn(base_offset, old) = &pending {
            let base_offset = *base_offset;
            if let Err(error) = old.set_aside() {
                self.pending_swap = Some(pending);
                return Err(self.fail_unless_passing(error));
            }
            pending = PendingSwap::Alone(base_offset);
        }
        let settled = match pending {
            // Removing a large file takes time: the pass does it when it runs.
            PendingSwap::Named(offset) => swap::take_back(&self.folder, offset),
            PendingSwap::TakenIn(offset, _) | PendingSwap::Alone(offset) => {
                let index = self.segment_index(offset);
                self.segments[index].release();
                swap::rename_segment(&self.folder, offset, SWAP_SUFFIX, "")
            }
        };
        settled.map_err(|error| self.fail(error))
    }
}
