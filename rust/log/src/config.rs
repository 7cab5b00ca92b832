//! The configs of a topic that its logs obey, under the names of Kafka's topic configs.

use pybroker_wire::Compression;
use pybroker_wire::batch::TimestampType;

/// See [`LogConfig::background_flush_bytes`]: so little that who extends the file meanwhile waits for a few milliseconds at the most.
const BACKGROUND_FLUSH_BYTES: u64 = 4 << 20;

/// What one topic's configs say about its logs. Shared by the partitions of a topic.
#[derive(Clone, Debug, PartialEq)]
pub struct LogConfig {
    /// `segment.bytes`: a segment never grows beyond it.
    pub segment_bytes: u32,
    /// `segment.ms`: a segment takes no batch whose timestamp is this much later than its first one's.
    pub segment_ms: i64,
    /// `segment.jitter.ms`: the most by which `segment.ms` is shortened, for each segment anew.
    pub segment_jitter_ms: i64,
    /// `preallocate`: a new segment's space is reserved at once.
    pub preallocate: bool,
    /// `index.interval.bytes`: an index entry stands for at least so many bytes of log.
    pub index_interval_bytes: u32,
    /// `segment.index.bytes`: the size at which an index is full, and its segment with it.
    pub segment_index_bytes: u32,
    /// `max.message.bytes`: the largest record batch, after recompression too.
    pub max_message_bytes: u32,
    /// `flush.messages`: how many records may be appended before a flush is due.
    pub flush_messages: i64,
    /// `flush.ms`: how long an appended record may stay unflushed.
    pub flush_ms: i64,
    /// After so many appended bytes a flush in the background is due, whatever Kafka's configs say: recovery reads the rest.
    pub background_flush_bytes: u64,
    /// `message.timestamp.type`.
    pub timestamp_type: TimestampType,
    /// `message.timestamp.before.max.ms`: how much older than the broker's clock a record may be.
    pub timestamp_before_max_ms: i64,
    /// `message.timestamp.after.max.ms`: how much newer than the broker's clock a record may be.
    pub timestamp_after_max_ms: i64,
    /// `cleanup.policy` contains `delete`: segments expire.
    pub deletes: bool,
    /// `retention.ms`: how old the newest record of a segment gets before the segment goes; -1 is never.
    pub retention_ms: i64,
    /// `retention.bytes`: beyond this size of the log its oldest segments go; -1 is no limit.
    pub retention_bytes: i64,
    /// `file.delete.delay.ms`: how long files that have left the log stay on the disk.
    pub file_delete_delay_ms: i64,
    /// `cleanup.policy` contains `compact`: records need keys.
    pub compacted: bool,
    /// `min.cleanable.dirty.ratio`: the share of a compacted log that is not clean, above which it is cleaned.
    pub min_cleanable_dirty_ratio: f64,
    /// `min.compaction.lag.ms`: a segment with a record that is younger is not cleaned.
    pub min_compaction_lag_ms: i64,
    /// `max.compaction.lag.ms`: a segment whose first batch is older is cleaned whatever the ratio.
    pub max_compaction_lag_ms: i64,
    /// `delete.retention.ms`: how long a tombstone, or a marker that nothing needs, stays when it was first cleaned.
    pub delete_retention_ms: i64,
    /// `compression.type`; `None` is `producer`: batches stay as they were sent.
    pub compression: Option<Compression>,
    /// `compression.gzip.level`, `.lz4.level` or `.zstd.level`, whichever the codec has; `None` is its default.
    pub compression_level: Option<i32>,
    /// `producer.id.expiration.ms` of the broker: how long an idle producer's sequence is remembered.
    pub producer_id_expiration_ms: i64,
}

impl LogConfig {
    /// What is reserved for a new segment.
    pub(crate) fn preallocated_bytes(&self) -> u64 {
        if self.preallocate { u64::from(self.segment_bytes) } else { 0 }
    }

    /// How old a segment may get: what is to be compacted by some time must not be in the active segment by then.
    pub(crate) fn max_segment_ms(&self) -> i64 {
        if self.compacted && self.max_compaction_lag_ms > 0 {
            self.segment_ms.min(self.max_compaction_lag_ms)
        } else {
            self.segment_ms
        }
    }
}

impl Default for LogConfig {
    /// Kafka's defaults.
    fn default() -> Self {
        Self {
            segment_bytes: 1 << 30,
            segment_ms: 7 * 24 * 60 * 60 * 1000,
            segment_jitter_ms: 0,
            preallocate: false,
            index_interval_bytes: 4096,
            segment_index_bytes: 10 * 1024 * 1024,
            max_message_bytes: 1024 * 1024 + 12,
            flush_messages: i64::MAX,
            flush_ms: i64::MAX,
            background_flush_bytes: BACKGROUND_FLUSH_BYTES,
            timestamp_type: TimestampType::CreateTime,
            timestamp_before_max_ms: i64::MAX,
            timestamp_after_max_ms: 60 * 60 * 1000,
            deletes: true,
            retention_ms: 7 * 24 * 60 * 60 * 1000,
            retention_bytes: -1,
            file_delete_delay_ms: 60_000,
            compacted: false,
            min_cleanable_dirty_ratio: 0.5,
            min_compaction_lag_ms: 0,
            max_compaction_lag_ms: i64::MAX,
            delete_retention_ms: 24 * 60 * 60 * 1000,
            compression: None,
            compression_level: None,
            producer_id_expiration_ms: 24 * 60 * 60 * 1000,
        }
    }
}
