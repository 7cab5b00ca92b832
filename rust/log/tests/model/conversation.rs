//! Takes the steps, at the log and at the plain model.

use std::path::PathBuf;
use std::sync::Arc;

use pybroker_log::simulated::SimulatedDisk;
use pybroker_log::{Log, LogConfig, LogError, Rest};
use pybroker_wire::Compression;
use pybroker_wire::batch::TimestampType;

use super::appending::PRODUCERS;
use super::compaction::{Compactable, Compaction};
use super::flushing::Flush;
use super::plain::{Plain, Sequence};
use super::step::{Action, Step};
use super::support::{NOW_MS, Random, small_segments};

/// A log and its model.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is something else to remember")]
pub(crate) struct Conversation {
    pub(crate) random: Random,
    pub(crate) disk: SimulatedDisk,
    pub(crate) config: LogConfig,
    pub(crate) log: Option<Log>,
    pub(crate) plain: Plain,
    pub(crate) flush: Option<Flush>,
    /// The pass of compaction that is under way.
    pub(crate) compaction: Option<Compaction>,
    /// What passes may have changed since the content of the log was last compared.
    pub(crate) compactable: Option<Compactable>,
    /// `cleaner-offset-checkpoint`.
    pub(crate) cleaned_to: Option<i64>,
    /// The machine stopped, and nobody has looked yet for what is missing between segments.
    pub(crate) may_have_holes: bool,
    /// And something was.
    pub(crate) has_holes: bool,
    /// Some records are gone that were neither deleted nor truncated.
    pub(crate) was_compacted: bool,
    pub(crate) now_ms: i64,
    pub(crate) leader_epoch: i32,
    pub(crate) truncations: u64,
    /// Since the log was open: what was not flushed may be gone.
    pub(crate) machine_stopped: bool,
    /// The checkpoint that a truncation needs was not written.
    pub(crate) needs_checkpoint: bool,
    /// A removal was cut short, and nothing was flushed since.
    pub(crate) was_cut_short: bool,
    /// Something is to fail.
    pub(crate) has_faults: bool,
    /// Nobody damaged index files on purpose.
    pub(crate) trusts_index_files: bool,
    pub(crate) statistics: Statistics,
    pub(crate) next_value: u64,
    pub(crate) next_producer_id: i64,
    pub(crate) producers: [Option<Sequence>; PRODUCERS as usize],
}

/// How often something happened: a model that never gets there proves nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Statistics {
    pub(crate) steps: u64,
    pub(crate) appends: u64,
    pub(crate) failed_changes: u64,
    pub(crate) machine_stops: u64,
    pub(crate) lost_batches: u64,
    pub(crate) offline: u64,
    pub(crate) corrupt: u64,
    pub(crate) passes: u64,
    pub(crate) compacted_records: u64,
    pub(crate) expired_segments: u64,
}

impl Conversation {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let disk = SimulatedDisk::new(seed);
        let config = any_config(&mut random);
        let mut conversation = Self {
            random,
            disk,
            config,
            log: None,
            plain: Plain::default(),
            flush: None,
            compaction: None,
            compactable: None,
            cleaned_to: None,
            may_have_holes: false,
            has_holes: false,
            was_compacted: false,
            now_ms: NOW_MS,
            leader_epoch: 0,
            truncations: 0,
            machine_stopped: false,
            needs_checkpoint: false,
            was_cut_short: false,
            has_faults: false,
            trusts_index_files: true,
            statistics: Statistics::default(),
            next_value: 0,
            next_producer_id: 1,
            producers: [None; PRODUCERS as usize],
        };
        conversation.open_until_it_works();
        conversation
    }

    /// Everything is gone, and the offsets begin anew.
    pub(crate) fn begin_anew(&mut self) {
        self.disk = SimulatedDisk::new(self.random.next());
        self.plain = Plain::default();
        self.producers = [None; PRODUCERS as usize];
        self.cleaned_to = None;
        self.compactable = None;
        self.was_compacted = false;
        self.has_holes = false;
    }

    pub(crate) fn log(&mut self) -> &mut Log {
        self.log.as_mut().unwrap()
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.disk.root().join("payments-0")
    }

    pub(crate) fn take(&mut self, step: Step) {
        self.statistics.steps += 1;
        self.random = Random(step.entropy);
        self.disk.reseed(step.entropy);
        if self.needs_checkpoint {
            self.checkpoint().unwrap();
        }
        match step.action {
            Action::KillProcess => self.end_process(),
            Action::StopMachine => self.stop_machine(),
            Action::Fault => self.take_with_a_fault(),
            Action::FillDisk => self.fill_disk(),
            Action::DamageIndexes => self.damage_indexes(),
            action => {
                self.change(action).unwrap();
            }
        }
    }

    /// Does something that may fail where the disk does. What it was cut short of is in doubt.
    pub(crate) fn change(&mut self, action: Action) -> Result<(), LogError> {
        match action {
            Action::Append => self.append(),
            Action::Retry => self.retry(),
            Action::OutOfOrder => self.append_out_of_order(),
            Action::EndTransaction => self.end_transaction(),
            Action::Roll => {
                let now_ms = self.now_ms;
                self.log().roll(now_ms)
            }
            Action::Flush => self.flush(),
            Action::BeginFlush => self.begin_flush(),
            Action::RunFlush => {
                self.run_flush();
                Ok(())
            }
            Action::FinishFlush => self.finish_flush(),
            Action::Truncate => self.truncate(),
            Action::DeleteBefore => self.delete_before(),
            Action::Retain => self.retain(),
            Action::Compact => self.compact(),
            Action::StepCompaction => self.step_compaction(),
            Action::Rest => {
                let which = if self.random.chance(50) { Rest::All } else { Rest::Flushed };
                self.log().rest(which);
                Ok(())
            }
            Action::Checkpoint => self.checkpoint(),
            Action::NextEpoch => {
                self.leader_epoch += 1 + self.random.below(3) as i32;
                Ok(())
            }
            Action::PassTime => {
                self.now_ms += self.random.below(20_000) as i64;
                Ok(())
            }
            Action::ChangeConfig => {
                self.config = any_config(&mut self.random);
                // Gaps between segments are damage where compaction cannot have made them.
                self.config.compacted |= self.has_holes;
                let config = Arc::new(self.config.clone());
                self.log().set_config(config);
                Ok(())
            }
            Action::Reopen => self.reopen(),
            Action::KillProcess
            | Action::StopMachine
            | Action::Fault
            | Action::FillDisk
            | Action::DamageIndexes => unreachable!("{action:?} is no change of the log"),
        }
    }
}

fn any_config(random: &mut Random) -> LogConfig {
    let compacted = random.chance(50);
    LogConfig {
        segment_bytes: 1_100 + random.below(6_000) as u32,
        index_interval_bytes: random.below(600) as u32,
        segment_ms: if random.chance(20) { 5_000 } else { i64::MAX },
        flush_messages: if random.chance(20) { 1 + random.below(20) as i64 } else { i64::MAX },
        flush_ms: if random.chance(20) { 10_000 } else { i64::MAX },
        background_flush_bytes: if random.chance(50) { random.below(4_000) } else { u64::MAX },
        timestamp_type: if random.chance(20) {
            TimestampType::LogAppendTime
        } else {
            TimestampType::CreateTime
        },
        compression: random.chance(15).then_some(Compression::Lz4),
        deletes: !compacted || random.chance(50),
        retention_ms: if random.chance(50) { 2_000 + random.below(30_000) as i64 } else { -1 },
        retention_bytes: if random.chance(30) { random.below(15_000) as i64 } else { -1 },
        compacted,
        min_cleanable_dirty_ratio: if random.chance(50) { 0.0 } else { 0.5 },
        min_compaction_lag_ms: if random.chance(20) { 2_000 } else { 0 },
        max_compaction_lag_ms: if random.chance(20) { 10_000 } else { i64::MAX },
        delete_retention_ms: random.below(20_000) as i64,
        ..small_segments()
    }
}
