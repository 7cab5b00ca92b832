//! The partition logs of one data directory: open, find, delete, checkpoint, close.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::{Mutex, RwLock};
use pybroker_log::{DeletedFiles, Log, LogConfig, LogError, OpenOptions, Shutdown, checkpoints};
use pybroker_wire::Uuid;

use crate::partition::Partition;

/// A log to be created or opened.
#[derive(Debug, Clone)]
pub struct LogSpec {
    /// The topic's name.
    pub topic: Arc<str>,
    /// The topic's id.
    pub topic_id: Uuid,
    /// The partition's index.
    pub partition: i32,
    /// What the log obeys.
    pub config: Arc<LogConfig>,
}

/// A log dir, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogDir {
    /// Absolute.
    pub path: PathBuf,
    /// Why it is offline.
    pub error: Option<String>,
    /// The size of its file system.
    pub total_bytes: u64,
    /// What is free of it for this process.
    pub usable_bytes: u64,
}

/// All logs of a data directory.
#[derive(Debug)]
pub(crate) struct Logs {
    dir: PathBuf,
    partitions: RwLock<HashMap<(Uuid, i32), Arc<Partition>>>,
    was_clean: bool,
    recovery_points: BTreeMap<(String, i32), i64>,
    log_start_offsets: BTreeMap<(String, i32), i64>,
    // Logs that could not be opened, by name. Their folders stay as they were found.
    unopened: Mutex<HashMap<(Uuid, i32), (String, i32)>>,
    checkpointing: Mutex<()>,
    is_closed: AtomicBool,
}

impl Logs {
    /// Read what the last run left in the directory. The clean-shutdown marker counts once.
    pub(crate) fn new(dir: &Path) -> Result<Self, LogError> {
        Ok(Self {
            dir: dir.to_path_buf(),
            partitions: RwLock::default(),
            was_clean: checkpoints::take_clean_shutdown_marker(dir)?,
            recovery_points: checkpoints::read_offsets(
                &dir.join(checkpoints::RECOVERY_POINT_FILE),
            )?,
            log_start_offsets: checkpoints::read_offsets(
                &dir.join(checkpoints::LOG_START_OFFSET_FILE),
            )?,
            unopened: Mutex::default(),
            checkpointing: Mutex::default(),
            is_closed: AtomicBool::new(false),
        })
    }

    /// The partition of a topic id and an index.
    pub(crate) fn find(&self, topic_id: Uuid, partition: i32) -> Option<Arc<Partition>> {
        self.partitions.read().get(&(topic_id, partition)).cloned()
    }

    /// Create or open one log. Opening one that is open changes nothing but its config.
    pub(crate) fn open(&self, spec: &LogSpec, now_ms: i64) -> Result<(), LogError> {
        if let Some(open) = self.find(spec.topic_id, spec.partition) {
            let _ = open.with_log(|log| log.set_config(Arc::clone(&spec.config)));
            return Ok(());
        }
        let name = (spec.topic.to_string(), spec.partition);
        let recovery_point = self.recovery_points.get(&name).copied().unwrap_or(0);
        let options = OpenOptions {
            topic_id: spec.topic_id,
            config: Arc::clone(&spec.config),
            shutdown: if self.was_clean {
                Shutdown::Clean
            } else {
                Shutdown::Unclean { recovery_point }
            },
            log_start_offset: self.log_start_offsets.get(&name).copied().unwrap_or(0),
            now_ms,
        };
        let key = (spec.topic_id, spec.partition);
        let log = match open_in(&self.folder(&name), options) {
            Ok(log) => log,
            Err(error) => {
                self.unopened.lock().insert(key, name);
                return Err(error);
            }
        };
        self.unopened.lock().remove(&key);
        let partition = Partition::new(Arc::clone(&spec.topic), spec.topic_id, spec.partition, log);
        self.partitions.write().insert(key, Arc::new(partition));
        Ok(())
    }

    /// Forget a log and set its folder aside, open or not. One that is not known is deleted already.
    pub(crate) fn delete(
        &self,
        topic_id: Uuid,
        partition: i32,
    ) -> Result<Option<DeletedFiles>, LogError> {
        let key = (topic_id, partition);
        let name = match self.partitions.write().remove(&key) {
            Some(found) => match found.delete()? {
                Some(deleted) => return Ok(Some(deleted)),
                None => Some((found.topic().to_owned(), partition)),
            },
            None => self.unopened.lock().remove(&key),
        };
        let Some(name) = name else { return Ok(None) };
        pybroker_log::delete_unopened(&self.folder(&name), topic_id)
    }

    /// Write how far each log is flushed, so that recovery after a crash reads no more than the rest.
    pub(crate) fn checkpoint(&self) -> Result<(), LogError> {
        let _one_at_a_time = self.checkpointing.lock();
        let (mut recovery_points, mut log_start_offsets) = (BTreeMap::new(), BTreeMap::new());
        for partition in self.all() {
            if let Some(state) = partition.state() {
                let name = (partition.topic().to_owned(), partition.index());
                recovery_points.insert(name.clone(), state.recovery_point);
                if state.log_start_offset > 0 {
                    log_start_offsets.insert(name, state.log_start_offset);
                }
            }
        }
        for name in self.unopened.lock().values() {
            if let Some(&offset) = self.log_start_offsets.get(name) {
                log_start_offsets.insert(name.clone(), offset);
            }
        }
        checkpoints::write_offsets(
            &self.dir.join(checkpoints::RECOVERY_POINT_FILE),
            &recovery_points,
        )?;
        checkpoints::write_offsets(
            &self.dir.join(checkpoints::LOG_START_OFFSET_FILE),
            &log_start_offsets,
        )
    }

    /// Flush and close every log. The directory is marked as clean only when all of them were open and closed: the next
    /// start must not trust the files of one that was offline.
    pub(crate) fn close(&self, now_ms: i64) -> Result<(), LogError> {
        if self.is_closed.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        let mut failed = None;
        for partition in self.all() {
            if let Err(error) = partition.close(now_ms) {
                failed.get_or_insert(error);
            }
        }
        self.checkpoint()?;
        match failed {
            Some(error) => Err(error),
            None if self.has_offline() => Ok(()),
            None => checkpoints::write_clean_shutdown_marker(&self.dir),
        }
    }

    /// The log dirs, in the order of `log.dirs`.
    pub(crate) fn dirs(&self) -> Vec<LogDir> {
        let path = std::path::absolute(&self.dir).unwrap_or_else(|_| self.dir.clone());
        vec![match pybroker_log::free_space(&path) {
            Ok((total_bytes, usable_bytes)) => {
                LogDir { path, error: None, total_bytes, usable_bytes }
            }
            Err(error) => {
                LogDir { path, error: Some(error.to_string()), total_bytes: 0, usable_bytes: 0 }
            }
        }]
    }

    /// The logs that are open: topic id, partition, place of the log dir, bytes.
    pub(crate) fn sizes(&self) -> Vec<(Uuid, i32, usize, u64)> {
        let partitions = self.partitions.read();
        let size = |(&(topic_id, index), partition): (&(Uuid, i32), &Arc<Partition>)| {
            Some((topic_id, index, 0, partition.state()?.size_bytes))
        };
        partitions.iter().filter_map(size).collect()
    }

    fn has_offline(&self) -> bool {
        !self.unopened.lock().is_empty() || self.all().iter().any(|each| each.is_offline())
    }

    fn folder(&self, (topic, partition): &(String, i32)) -> PathBuf {
        self.dir.join(format!("{topic}-{partition}"))
    }

    /// Every partition whose log was opened.
    pub(crate) fn all(&self) -> Vec<Arc<Partition>> {
        self.partitions.read().values().cloned().collect()
    }
}

/// Open a log. A folder of an earlier topic, whose deletion a crash cut short, is set aside first.
fn open_in(folder: &Path, options: OpenOptions) -> Result<Log, LogError> {
    match Log::open(folder, options.clone()) {
        Err(LogError::TopicId { .. }) => {
            pybroker_log::set_stray_aside(folder)?;
            Log::open(folder, options)
        }
        opened => opened,
    }
}
