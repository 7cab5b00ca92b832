//! Removing records from either end: truncation, deletion, and what has expired.

use pybroker_log::{LogError, ReadError, SegmentInfo};

use super::conversation::Conversation;

impl Conversation {
    pub(crate) fn truncate(&mut self) -> Result<(), LogError> {
        if self.is_swapping() {
            // What is compared afterwards is what the pass has left, so the truncation has to wait for another step.
            return self.finish_swap();
        }
        let span = self.plain.log_end_offset - self.plain.log_start_offset;
        let back = self.random.below(20).min(span as u64) as i64;
        let offset = self.plain.log_end_offset - back;
        let end = self.plain.end_after_truncation(offset);
        if end == 0 {
            // Cut short, it leaves a log that looks like a new one: that is not worth an fsync.
            return Ok(());
        }
        if back > 0 {
            self.plain.flushed = self.plain.flushed.min(end);
            self.plain.doubtful_end = Some(offset);
            // As of the recovery point: what comes after the end is not what was cleaned.
            self.cleaned_to = self.cleaned_to.map(|cleaned_to| cleaned_to.min(end));
        }
        let now_ms = self.now_ms;
        self.log().truncate_to(offset, now_ms)?;
        self.plain.doubtful_end = None;
        // Within a gap that compaction left, the log ends with the batch before it.
        let found = self.log().state().log_end_offset;
        let gap = self.plain.present_end(end)..=end;
        assert!(found == end || (self.was_compacted && gap.contains(&found)), "{found}, not {end}");
        self.truncations += u64::from(back > 0);
        self.plain.truncate_to(offset);
        if found < end {
            self.plain.keep_before(found);
            self.cleaned_to = self.cleaned_to.map(|cleaned_to| cleaned_to.min(found));
        }
        self.correct_producers();
        // The caller's part of the contract: no recovery point in a checkpoint is past the end when more is appended.
        self.needs_checkpoint = true;
        self.checkpoint()
    }

    pub(crate) fn delete_before(&mut self) -> Result<(), LogError> {
        // Of a transaction that is open, the log knows more or less when its records are deleted.
        let span = self.plain.last_stable_offset() - self.plain.log_start_offset;
        let offset = self.plain.log_start_offset + self.random.below(span as u64 + 1) as i64;
        self.move_start(offset)
    }

    /// Deletes what has expired.
    pub(crate) fn retain(&mut self) -> Result<(), LogError> {
        if self.is_swapping() {
            return self.finish_swap();
        }
        let expected = self.first_unexpired();
        let now_ms = self.now_ms;
        let offset = self.log().retention_offset(now_ms)?;
        // When all has expired and there is no space for another segment, the active one stays.
        let active = self.log().segments().last().map(|active| active.base_offset);
        let is_short = self.has_faults && expected == Some(self.plain.log_end_offset);
        if let Some(expected) = expected.filter(|_| !is_short || Some(offset) != active) {
            assert_eq!(offset, expected, "what has expired");
        }
        let before = self.log().segments().len();
        self.move_start(offset.min(self.plain.last_stable_offset()))?;
        self.statistics.expired_segments += (before - self.log().segments().len()) as u64;
        Ok(())
    }

    /// Where the log is to start when what has expired is gone; `None` where the records that are left do not tell.
    fn first_unexpired(&mut self) -> Option<i64> {
        let start = self.plain.log_start_offset;
        if !self.config.deletes {
            return Some(start);
        }
        let mut segments = self.log().segments();
        // What was active when the start moved past it goes with the next move.
        let is_behind = |next: &SegmentInfo| next.base_offset <= start;
        segments.drain(..segments.partition_point(is_behind).saturating_sub(1));
        let mut left: u64 = segments.iter().map(|segment| segment.size_bytes).sum();
        let mut is_over_size = true;
        for (index, segment) in segments.iter().enumerate() {
            if segment.is_active && segment.size_bytes == 0 {
                return Some(segment.base_offset.max(start));
            }
            left -= segment.size_bytes;
            is_over_size &= self.config.retention_bytes >= 0
                && left >= self.config.retention_bytes.unsigned_abs();
            if is_over_size {
                continue;
            }
            if self.config.retention_ms < 0 {
                return Some(segment.base_offset.max(start));
            }
            let age_ms = self.now_ms - self.newest_ms(segment, segments.get(index + 1))?;
            if age_ms <= self.config.retention_ms {
                return Some(segment.base_offset.max(start));
            }
        }
        Some(self.plain.log_end_offset)
    }

    /// The largest timestamp in a segment, if all that is in it may be read.
    fn newest_ms(&self, segment: &SegmentInfo, next: Option<&SegmentInfo>) -> Option<i64> {
        if segment.base_offset < self.plain.log_start_offset {
            return None;
        }
        let end = next.map_or(i64::MAX, |next| next.base_offset);
        let records = self.plain.visible();
        let its = records.filter(|record| (segment.base_offset..end).contains(&record.0));
        its.map(|record| record.1).max()
    }

    fn move_start(&mut self, offset: i64) -> Result<(), LogError> {
        self.finish_swap()?;
        self.plain.doubtful_start = Some(offset);
        match self.log().delete_before(offset) {
            Ok(start) => assert_eq!(start, offset.max(self.plain.log_start_offset)),
            Err(ReadError::Log(error)) => return Err(error),
            Err(error @ ReadError::OffsetOutOfRange { .. }) => panic!("{error}"),
        }
        self.plain.doubtful_start = None;
        self.plain.delete_before(offset);
        self.correct_producers();
        Ok(())
    }
}
