//! The ends of a process and of a machine, and what the log says when it is opened again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use pybroker_log::{Log, LogError, OpenOptions, Shutdown, checkpoints};

use super::compacting::batches;
use super::conversation::Conversation;
use super::step::{Action, CHANGES};
use super::support::TOPIC_ID;

/// How often opening may fail while failures are injected, one after the other.
const MAX_ATTEMPTS: usize = 20;

impl Conversation {
    /// Close and open.
    pub(crate) fn reopen(&mut self) -> Result<(), LogError> {
        self.finish_swap()?;
        self.forget_compaction();
        self.flush = None;
        let log = self.log.take().unwrap();
        let now_ms = self.now_ms;
        log.close(now_ms)?;
        self.plain.flushed = self.plain.log_end_offset;
        self.checkpoint()?;
        checkpoints::write_clean_shutdown_marker(&self.disk.root())?;
        self.check_all_indexes();
        if self.random.chance(30) {
            self.disk.crash();
        }
        self.open()?;
        assert!(self.plain.doubtful_batch.is_none());
        Ok(())
    }

    /// The process is killed: the page cache stays.
    pub(crate) fn end_process(&mut self) {
        self.stop_within_a_change();
        self.disk.restart();
        self.open_until_it_works();
    }

    /// The machine stops: what was not synced survives in part.
    pub(crate) fn stop_machine(&mut self) {
        self.stop_within_a_change();
        self.lose_memory_of_machine();
        self.open_until_it_works();
    }

    fn lose_memory_of_machine(&mut self) {
        self.statistics.machine_stops += 1;
        self.disk.crash();
        self.machine_stopped = true;
    }

    /// Often the end comes while something is done.
    fn stop_within_a_change(&mut self) {
        if self.random.chance(60) {
            self.disk.stop_after(self.random.below(12));
            let action = CHANGES[self.random.below(CHANGES.len() as u64) as usize];
            // What it says is not heard any more, except that it succeeded.
            self.statistics.failed_changes += u64::from(self.change(action).is_err());
        }
        self.forget_compaction();
        self.flush = None;
        self.log = None;
    }

    /// After a failure that the log did not survive.
    pub(crate) fn reopen_after_failure(&mut self) {
        self.forget_compaction();
        self.flush = None;
        self.log = None;
        // Bytes whose fsync failed are on no disk, though they are read until the machine stops.
        if self.random.chance(50) || self.disk.has_dropped() {
            self.lose_memory_of_machine();
        } else {
            self.disk.restart();
        }
        self.open_until_it_works();
    }

    /// Opens the log; the process or the machine may end within that, again and again.
    pub(crate) fn open_until_it_works(&mut self) {
        for _ in 0..MAX_ATTEMPTS {
            if self.random.chance(10) {
                self.disk.stop_after(self.random.below(10));
            }
            let opened = self.open();
            if opened.is_ok() {
                return;
            }
            self.log = None;
            if self.random.chance(50) && !self.was_cut_short {
                self.lose_memory_of_machine();
            } else {
                self.disk.restart();
                // A torn tail was cut, and perhaps not durably.
                self.was_cut_short = true;
            }
        }
        self.disk.restart();
        self.open().unwrap();
    }

    /// Opens the log as a start of the broker does, and compares.
    fn open(&mut self) -> Result<(), LogError> {
        let root = self.disk.root();
        let is_clean = checkpoints::take_clean_shutdown_marker(&root)?;
        let recovery_points =
            checkpoints::read_offsets(&root.join(checkpoints::RECOVERY_POINT_FILE))?;
        let recovery_point = recovery_points.get(&name()).copied().unwrap_or(0);
        let shutdown =
            if is_clean { Shutdown::Clean } else { Shutdown::Unclean { recovery_point } };
        let options = OpenOptions {
            topic_id: TOPIC_ID,
            config: Arc::new(self.config.clone()),
            shutdown,
            log_start_offset: 0,
            now_ms: self.now_ms,
        };
        let log = match Log::open(&self.folder(), options.clone()) {
            Err(LogError::Corrupt { path, position, offset, .. }) => {
                self.judge_damage(&path, position, offset);
                pybroker_log::truncate_folder(&self.folder(), offset, self.now_ms)?;
                let shutdown = Shutdown::Unclean { recovery_point };
                Log::open(&self.folder(), OpenOptions { shutdown, ..options })?
            }
            Err(error @ LogError::TopicId { .. }) => {
                // What was written of the id, and never flushed, may look like another.
                assert!(self.machine_stopped && self.plain.flushed == 0, "{error}");
                self.begin_anew();
                Log::open(&self.folder(), options)?
            }
            opened => opened?,
        };
        self.log = Some(log);
        self.was_cut_short |=
            self.plain.doubtful_end.is_some() || self.plain.doubtful_start.is_some();
        self.adopt();
        self.checkpoint()?;
        self.machine_stopped = false;
        if !self.disk.is_running() {
            return Err(LogError::Offline { reason: "the disk has stopped".into() });
        }
        // What was to fail and did not is not to fail while the log is looked at.
        self.disk.restart();
        if std::mem::take(&mut self.may_have_holes) {
            self.adopt_holes();
        }
        if std::mem::take(&mut self.was_cut_short) {
            // What was removed, and not durably, comes back with the machine unless a flush comes before.
            self.change(Action::Flush)?;
        }
        self.check_closed_indexes();
        self.check_everything();
        Ok(())
    }

    /// The log is only found damaged where the machine has lost what was never flushed.
    fn judge_damage(&mut self, path: &Path, position: u64, offset: i64) {
        self.statistics.corrupt += 1;
        let place = format!("{}, position {position}, offset {offset}", path.display());
        assert!(self.machine_stopped, "damaged though no machine stopped: {place}");
        assert!(offset >= self.plain.flushed, "flushed to {}: {place}", self.plain.flushed);
    }

    /// Takes over what the log says, if it may say that.
    fn adopt(&mut self) {
        let state = self.log().state();
        let plain = &mut self.plain;
        if let Some(start) = plain.doubtful_start.take()
            && state.log_start_offset == start
        {
            plain.delete_before(start);
        }
        if self.machine_stopped && plain.flushed <= plain.log_start_offset {
            // The first segments were lost with all that was in them: none of it was flushed.
            plain.delete_before(state.log_start_offset);
        }
        assert_eq!(state.log_start_offset, plain.log_start_offset, "log start offset");

        let acknowledged = plain.batches.len();
        plain.batches.extend(plain.doubtful_batch.take());
        let (floor, end) = (self.floor(), state.log_end_offset);
        assert!(end >= floor, "the log ends at {end}, {floor} was to stay");
        let plain = &mut self.plain;
        let kept = plain.containing(end);
        let last_end = kept.checked_sub(1).map_or(0, |last| plain.batches[last].last_offset() + 1);
        // Within a gap that compaction left, one end is as good as another.
        let is_in_gap = (plain.present_end(end)..=plain.log_end_offset).contains(&end)
            && plain
                .batches
                .get(kept)
                .is_none_or(|batch| batch.base_offset >= end || batch.is_gone);
        assert!(
            end == last_end.max(plain.log_start_offset) || (self.was_compacted && is_in_gap),
            "no batch ends at {end}"
        );
        let lost = plain.doubtful_end.map_or_else(
            || plain.successors.range(end.max(plain.log_start_offset)..).next(),
            |_| None,
        );
        assert_eq!(lost, None, "compaction removed a flushed record for a later one that is lost");
        plain.keep_before(end);
        plain.doubtful_end = None;
        self.cleaned_to = self.cleaned_to.map(|cleaned_to| cleaned_to.min(end));
        self.may_have_holes |= self.machine_stopped && self.config.compacted;
        self.statistics.lost_batches += acknowledged.saturating_sub(kept) as u64;
        for batch in &mut self.plain.batches {
            batch.is_remembered = false;
        }
        self.correct_producers();
        assert!(state.recovery_point <= end);
        self.truncations += 1;
    }

    /// Where segments of a compacted log do not meet, that may be the work of compaction: what the machine lost there, none of
    /// it flushed, is missed by nobody.
    fn adopt_holes(&mut self) {
        let found: BTreeSet<i64> =
            batches(self.log()).unwrap().iter().map(|(header, _)| header.base_offset).collect();
        let before = self.plain.batches.len();
        let flushed = self.plain.flushed;
        // What is lost itself is nothing that another batch could have been removed for.
        let mut left = before + 1;
        while self.plain.batches.len() < left {
            left = self.plain.batches.len();
            let compacted = self.removable();
            self.plain.batches.retain(|batch| {
                let is_there = batch.is_gone || found.contains(&batch.base_offset);
                is_there || batch.base_offset < flushed || compacted.contains(&batch.base_offset)
            });
        }
        let lost = before - self.plain.batches.len();
        for successor in self.plain.successors.range(self.plain.log_start_offset..) {
            let batch = self.plain.batches.get(self.plain.containing(*successor));
            let is_there = batch.is_some_and(|batch| batch.base_offset <= *successor);
            assert!(is_there, "compaction removed a flushed record for {successor}, which is lost");
        }
        self.statistics.lost_batches += lost as u64;
        self.was_compacted |= lost > 0;
        self.has_holes |= lost > 0;
        self.correct_producers();
    }

    /// The end before which nothing may be missing.
    fn floor(&self) -> i64 {
        let plain = &self.plain;
        let acknowledged = match plain.doubtful_end {
            Some(offset) => plain.end_after_truncation(offset),
            None => plain.log_end_offset,
        };
        let floor = if self.machine_stopped { plain.flushed } else { acknowledged };
        let floor = floor.max(plain.log_start_offset);
        if self.was_compacted { plain.present_end(floor) } else { floor }
    }

    /// Writes how far the log is flushed, as the broker does now and then.
    pub(crate) fn checkpoint(&mut self) -> Result<(), LogError> {
        let root = self.disk.root();
        if let Some(recovery_point) = self.log.as_ref().map(|log| log.state().recovery_point) {
            let offsets = BTreeMap::from([(name(), recovery_point)]);
            checkpoints::write_offsets(&root.join(checkpoints::RECOVERY_POINT_FILE), &offsets)?;
            self.needs_checkpoint = false;
        }
        Ok(())
    }

    /// What is built from the log is nobody's to trust: damaged or missing, the log is the same.
    pub(crate) fn damage_indexes(&mut self) {
        self.finish_swap().unwrap();
        self.forget_compaction();
        self.trusts_index_files = false;
        self.flush = None;
        self.log = None;
        for file in self.disk.files(&self.folder()) {
            let extension = file.extension().and_then(|extension| extension.to_str());
            let is_built =
                matches!(extension, Some("index" | "timeindex" | "txnindex" | "snapshot"));
            if !is_built && !file.ends_with("leader-epoch-checkpoint") {
                continue;
            }
            // A segment without a .txnindex has no aborted transactions: that it is missing or empty nobody can see.
            let may_be_missing = extension != Some("txnindex");
            match self.random.below(6) {
                0 => self.disk.put(&file, self.random.bytes(40)),
                1 => self.disk.put(&file, vec![0; 48]),
                2 if may_be_missing => self.disk.take_away(&file),
                3 if may_be_missing => self.disk.put(&file, Vec::new()),
                _ => {}
            }
        }
        self.open_until_it_works();
    }
}

fn name() -> (String, i32) {
    ("payments".to_owned(), 0)
}
