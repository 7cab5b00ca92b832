//! How many segment files the process holds open, and how a log gives its own up.
//!
//! The number is one for the whole process, as the limit on descriptors is. Whoever holds many logs asks those that were not
//! used for longest to rest. What is closed here opens again when it is needed.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::disk::File;
use crate::log::Log;
use crate::read::RecentBatches;
use crate::segment::Segment;

static OPEN_SEGMENT_FILES: AtomicUsize = AtomicUsize::new(0);

/// How many segment files the logs of this process hold open. What a reader or a flush still uses is not counted.
pub fn open_segment_files() -> usize {
    OPEN_SEGMENT_FILES.load(Ordering::Relaxed)
}

/// A segment's open file, counted.
#[derive(Debug)]
pub(crate) struct CountedFile(Arc<File>);

impl CountedFile {
    pub(crate) fn new(file: File) -> Self {
        OPEN_SEGMENT_FILES.fetch_add(1, Ordering::Relaxed);
        Self(Arc::new(file))
    }
}

impl Deref for CountedFile {
    type Target = Arc<File>;

    fn deref(&self) -> &Arc<File> {
        &self.0
    }
}

impl Drop for CountedFile {
    fn drop(&mut self) {
        OPEN_SEGMENT_FILES.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Which files a resting log closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// Those without unflushed records: only the file that was written to is sure to report that a write was lost.
    Flushed,
    /// All. Linux reports a lost write to the next file that is opened, unless it has forgotten the inode meanwhile.
    All,
}

impl Log {
    /// Whether a file of a segment is open.
    pub fn has_open_files(&self) -> bool {
        self.segments.iter().any(Segment::is_open)
    }

    /// Closes files and gives up what they keep in memory. An index that cannot be written stays in memory.
    pub fn rest(&mut self, which: Rest) {
        if self.offline_reason().is_some() {
            return;
        }
        let recovery_point = self.recovery_point;
        let last = self.segments.len() - 1;
        for index in 0..self.segments.len() {
            if !self.segments[index].is_open()
                || (which == Rest::Flushed && self.segment_end(index) > recovery_point)
            {
                continue;
            }
            let segment = &mut self.segments[index];
            if index == last && segment.size > 0 {
                // Written as if closed: what is appended later adds to it.
                segment.finish_time_index();
                let was_stored = segment.has_stored_indexes();
                if segment.store_indexes(&self.folder).is_ok() && !was_stored {
                    self.metadata_changes += 1;
                }
                self.recent = RecentBatches::default();
            }
            segment.let_go();
        }
        self.warm.retain(|&base_offset| {
            let place = self.segments.binary_search_by_key(&base_offset, |each| each.base_offset);
            place.is_ok_and(|index| self.segments[index].is_open())
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::LogConfig;
    use crate::log::{OpenOptions, Origin, Shutdown};
    use pybroker_wire::{BatchBuilder, Uuid};

    fn append(log: &mut Log, timestamp_ms: i64) {
        let mut builder = BatchBuilder::new(0);
        builder.append(timestamp_ms, None, Some(&[7; 3_000]), &[]);
        let mut records = Vec::new();
        builder.build(&mut records).unwrap();
        log.append(&mut records, 0, Origin::Client, 0).unwrap();
    }

    #[test]
    fn a_log_that_rests_goes_on_where_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("payments-0");
        let config = LogConfig { segment_bytes: 20_000, ..LogConfig::default() };
        let options = OpenOptions {
            topic_id: Uuid([1; 16]),
            config: Arc::new(config),
            shutdown: Shutdown::Clean,
            log_start_offset: 0,
            now_ms: 0,
        };
        let mut log = Log::open(&folder, options.clone()).unwrap();
        for offset in 0..20 {
            append(&mut log, offset);
            log.rest(Rest::Flushed);
            assert!(log.has_open_files(), "what is not flushed stays open");
            if offset % 3 == 0 {
                log.rest(Rest::All);
                assert!(!log.has_open_files());
            }
        }
        log.flush(0).unwrap();
        log.rest(Rest::Flushed);
        assert!(!log.has_open_files());
        assert!(log.segments().len() > 2);
        for offset in 0..20 {
            let slice = log.read(offset, 1, 20, true).unwrap();
            let bytes = slice.to_vec().unwrap();
            assert_eq!(bytes[..8], offset.to_be_bytes());
            let found = log.timestamp_search(offset).unwrap().run().unwrap().unwrap();
            assert_eq!((found.offset, found.timestamp_ms), (offset, offset));
        }
        log.close(0).unwrap();
        let mut log = Log::open(&folder, options).unwrap();
        assert_eq!(log.state().log_end_offset, 20);
        append(&mut log, 20);
    }
}
