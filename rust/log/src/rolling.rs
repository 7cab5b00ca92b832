//! Rolling: when the active segment is closed and the next one opened.

use pybroker_wire::batch::BatchHeader;

use crate::error::LogError;
use crate::log::{Log, active_segment};
use crate::producer_snapshot;
use crate::segment::Segment;

/// Of the hash FNV-1a.
const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;

impl Log {
    /// Rolls when the batch does not fit the active segment, in bytes, time, index or relative offset.
    pub(crate) fn roll_if_full(
        &mut self,
        header: &BatchHeader,
        now_ms: i64,
    ) -> Result<bool, LogError> {
        let config = &self.config;
        let jitter_ms = self.roll_jitter_ms();
        let (active, folder) = active_segment(&mut self.segments, &self.folder)?;
        active.indexes(folder, config.index_interval_bytes)?;
        if active.size == 0 {
            return Ok(false);
        }
        let first_timestamp_ms = active.first_timestamp_ms(folder)?;
        let waited_ms = if first_timestamp_ms >= 0 {
            header.max_timestamp.saturating_sub(first_timestamp_ms)
        } else {
            now_ms.saturating_sub(active.created_ms)
        };
        let is_full = active.size + header.size_bytes() as u64 > u64::from(config.segment_bytes)
            || waited_ms > config.max_segment_ms() - jitter_ms
            || active.is_index_full(config.segment_index_bytes)
            || header.last_offset() - active.base_offset > i64::from(i32::MAX);
        if is_full {
            self.roll(now_ms)?;
        }
        Ok(is_full)
    }

    /// Closes the active segment and opens the next. An empty segment stays.
    pub fn roll(&mut self, now_ms: i64) -> Result<(), LogError> {
        self.check_online()?;
        if self.segments.last().is_none_or(|active| active.size == 0) {
            return Ok(());
        }
        // A roll that found no space has changed nothing that the next one does not do again.
        self.try_roll(now_ms).map_err(|error| self.fail_unless_passing(error))
    }

    fn try_roll(&mut self, now_ms: i64) -> Result<(), LogError> {
        let base_offset = self.log_end_offset;
        let (active, folder) = active_segment(&mut self.segments, &self.folder)?;
        active.indexes(folder, self.config.index_interval_bytes)?;
        active.finish_time_index();
        active.store_indexes(folder)?;
        if self.config.preallocate {
            active.give_back(folder)?;
        }
        let closed = active.base_offset;
        producer_snapshot::write(folder, base_offset, &self.producers)?;
        self.snapshot_offset = base_offset;
        let segment = Segment::create(folder, base_offset, now_ms)?;
        segment.reserve(self.config.preallocated_bytes());
        self.segments.push(segment);
        self.metadata_changes += 1;
        self.recent.clear();
        self.keep_warm(closed);
        Ok(())
    }

    /// By how much `segment.ms` is shortened for the active segment, so that the segments of many partitions do not end together.
    /// It looks random and is the same whenever it is asked for: its seed is the topic's id, which is random.
    fn roll_jitter_ms(&self) -> i64 {
        let most_ms = self.config.segment_jitter_ms.min(self.config.segment_ms);
        let Some(active) = self.segments.last().filter(|_| most_ms > 0) else { return 0 };
        let name = self.folder.as_os_str().as_encoded_bytes();
        let seed = self.topic_id.0.iter().chain(name).copied();
        let hash = seed
            .chain(active.base_offset.to_be_bytes())
            .fold(FNV_OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME));
        // The low bits of this hash are its weak ones.
        ((hash >> 16) % most_ms as u64) as i64
    }
}
