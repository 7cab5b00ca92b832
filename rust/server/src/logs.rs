//! The partition logs of all log directories: where each one lies; open, find, delete, checkpoint, close.
//!
//! * An existing log is found where it lies, a new one goes to the directory with the fewest logs, as Kafka does it.
//! * While a directory is offline, a log that is not found in the others is in that one, and is not made anew.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::thread;

use parking_lot::{Mutex, RwLock};
use pybroker_log::{
    DeletedFiles, FailureScope, Log, LogConfig, LogError, OpenOptions, Rest, Shutdown,
};
use pybroker_wire::Uuid;

use crate::limits::{CLOSING_THREADS_MAX, LOGS_PER_CLOSING_THREAD};
use crate::log_dir::{LeftBehind, LogDir, LogName};
use crate::mailbox::Mailbox;
use crate::open_files::OpenFiles;
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
    /// Whether the partition has just come into being, so that it has no log anywhere.
    pub is_new: bool,
}

impl LogSpec {
    fn name(&self) -> LogName {
        (Arc::clone(&self.topic), self.partition)
    }
}

/// A log dir and its space.
#[derive(Debug, Clone)]
pub struct LogDirInfo {
    /// Absolute.
    pub path: PathBuf,
    /// Why it is offline; `None` when it is not.
    pub error: Option<String>,
    /// Size of its file system.
    pub total_bytes: u64,
    /// What is free of it for this process.
    pub usable_bytes: u64,
}

/// All logs.
#[derive(Debug)]
pub(crate) struct Logs {
    dirs: Box<[Arc<LogDir>]>,
    partitions: RwLock<HashMap<(Uuid, i32), Arc<Partition>>>,
    // Logs that could not be opened. Their folders stay as they were found.
    unopened: Mutex<HashMap<(Uuid, i32), Unopened>>,
    // A log was deleted that the checkpoints may name.
    has_stale_checkpoints: AtomicBool,
    // Held while a new log is given a directory.
    placing: Mutex<()>,
    is_closed: AtomicBool,
}

/// A log that could not be opened.
#[derive(Debug)]
struct Unopened {
    name: LogName,
    // None when nobody knows in which directory it is.
    dir: Option<Arc<LogDir>>,
}

impl Logs {
    /// Read what the last run left in the directories. Those that cannot be read are offline.
    pub(crate) fn new(
        dirs: &[PathBuf],
        mailbox: &Arc<Mailbox>,
        max_open_files: usize,
    ) -> Arc<Self> {
        let open_files = Arc::new(OpenFiles::new(max_open_files));
        Arc::new_cyclic(|logs: &Weak<Self>| {
            let open = |path: &PathBuf| {
                LogDir::open(path, Arc::clone(mailbox), logs.clone(), Arc::clone(&open_files))
            };
            Self {
                dirs: dirs.iter().map(open).collect(),
                partitions: RwLock::default(),
                unopened: Mutex::default(),
                has_stale_checkpoints: AtomicBool::new(false),
                placing: Mutex::default(),
                is_closed: AtomicBool::new(false),
            }
        })
    }

    /// The directories, as they were given.
    pub(crate) fn dirs(&self) -> &[Arc<LogDir>] {
        &self.dirs
    }

    /// The partition of a topic id and an index.
    pub(crate) fn find(&self, topic_id: Uuid, partition: i32) -> Option<Arc<Partition>> {
        self.partitions.read().get(&(topic_id, partition)).cloned()
    }

    /// Every partition whose log was opened.
    pub(crate) fn all(&self) -> Vec<Arc<Partition>> {
        self.partitions.read().values().cloned().collect()
    }

    /// The partitions of one directory.
    pub(crate) fn in_dir(&self, dir: &Arc<LogDir>) -> Vec<Arc<Partition>> {
        let partitions = self.partitions.read();
        partitions.values().filter(|each| Arc::ptr_eq(each.dir(), dir)).cloned().collect()
    }

    /// The directories with their space, in the order of `log.dirs`.
    pub(crate) fn dir_infos(&self) -> Vec<LogDirInfo> {
        let info = |dir: &Arc<LogDir>| {
            let path = dir.path().to_path_buf();
            let space = match dir.failure() {
                Some(reason) => Err(reason.to_owned()),
                None => pybroker_log::free_space(&path).map_err(|error| error.to_string()),
            };
            let (total_bytes, usable_bytes) = *space.as_ref().unwrap_or(&(0, 0));
            LogDirInfo { path, error: space.err(), total_bytes, usable_bytes }
        };
        self.dirs.iter().map(info).collect()
    }

    /// The logs that are open: topic id, partition, place of the directory, bytes.
    pub(crate) fn sizes(&self) -> Vec<(Uuid, i32, usize, u64)> {
        let partitions = self.partitions.read();
        let size = |(&(topic_id, index), partition): (&(Uuid, i32), &Arc<Partition>)| {
            let place = self.dirs.iter().position(|dir| Arc::ptr_eq(dir, partition.dir()))?;
            Some((topic_id, index, place, partition.state()?.size_bytes))
        };
        partitions.iter().filter_map(size).collect()
    }

    /// The logs that are offline, opened or not.
    pub(crate) fn offline(&self) -> Vec<(Uuid, i32)> {
        let mut offline: Vec<_> = self.unopened.lock().keys().copied().collect();
        let partitions = self.partitions.read();
        offline
            .extend(partitions.iter().filter(|(_, each)| each.is_offline()).map(|(key, _)| *key));
        offline
    }

    /// Let a log that is open obey another config from now on. One that is not open obeys it when it is opened.
    pub(crate) fn configure(&self, topic_id: Uuid, partition: i32, config: &Arc<LogConfig>) {
        if let Some(open) = self.find(topic_id, partition) {
            // A log that is offline obeys nothing.
            let _ = open.with_log(|log| log.set_config(Arc::clone(config)));
        }
    }

    // --- Opening ---------------------------------------------------------------------------------

    /// Create or open one log. Opening one that is open changes nothing but its config, and one in a directory that is offline
    /// stays closed. `recovered` hears of bytes that were read because the last run did not end in an orderly way.
    pub(crate) fn open(
        &self,
        spec: &LogSpec,
        now_ms: i64,
        recovered: &dyn Fn(u64),
    ) -> Result<(), LogError> {
        if let Some(open) = self.find(spec.topic_id, spec.partition) {
            let _ = open.with_log(|log| log.set_config(Arc::clone(&spec.config)));
            return Ok(());
        }
        let key = (spec.topic_id, spec.partition);
        let unopened =
            |dir| drop(self.unopened.lock().insert(key, Unopened { name: spec.name(), dir }));
        let dir = match self.place(spec) {
            Ok(Some(dir)) => dir,
            Ok(None) => {
                unopened(None);
                return Ok(());
            }
            Err(error) => {
                unopened(None);
                return Err(error);
            }
        };
        match open_in(&dir, spec, now_ms, recovered) {
            Ok(mut log) => {
                // Most partitions of a large cluster are idle: their files are opened when they are used.
                log.rest(Rest::Flushed);
                let left = dir.left_behind(&spec.name()).unwrap_or_default();
                if log.state().recovery_point < left.recovery_point {
                    // It is not believed now, and must not be believed when the log has grown past it.
                    self.has_stale_checkpoints.store(true, Ordering::Relaxed);
                }
                self.unopened.lock().remove(&key);
                dir.opened(&spec.name());
                let topic = Arc::clone(&spec.topic);
                let partition = Partition::new(topic, spec.topic_id, spec.partition, dir, log);
                self.partitions.write().insert(key, partition);
                Ok(())
            }
            Err(error) => {
                let scope = error.scope();
                dir.note(scope, &error.to_string());
                if scope == FailureScope::Directory {
                    // A new log goes to another directory; an existing one is offline with its own, which was told.
                    return self.open(spec, now_ms, recovered);
                }
                unopened(Some(dir));
                Err(error)
            }
        }
    }

    /// The directory that a log lies in, or is to lie in; none for a log that is in a directory that is offline.
    fn place(&self, spec: &LogSpec) -> Result<Option<Arc<LogDir>>, LogError> {
        let name = spec.name();
        let _one_at_a_time = self.placing.lock();
        let online = || self.dirs.iter().filter(|dir| !dir.is_offline());
        let mut found: Vec<_> = online().filter(|dir| dir.left_behind(&name).is_some()).collect();
        if found.len() > 1 {
            // An earlier topic of the same name may have left a folder behind.
            found.retain(|dir| {
                let topic_id = pybroker_log::read_topic_id(&dir.folder(&name));
                !topic_id.is_ok_and(|found| found.is_some_and(|found| found != spec.topic_id))
            });
        }
        match (found[..].first(), found.get(1)) {
            (Some(&dir), None) => return Ok(Some(Arc::clone(dir))),
            (Some(first), Some(second)) => {
                let (first, second) = (first.folder(&name), second.folder(&name));
                let (first, second) = (first.display(), second.display());
                let reason = format!(
                    "the log is in two directories, {first} and {second}: remove the one that is not wanted"
                );
                return Err(LogError::Offline { reason });
            }
            (None, _) => {}
        }
        if !spec.is_new && self.dirs.iter().any(|dir| dir.is_offline()) {
            return Ok(None);
        }
        let fewest = online().min_by_key(|dir| dir.log_count());
        if let Some(dir) = fewest {
            dir.add(name);
        }
        Ok(fewest.cloned())
    }

    /// The bytes that opening a log will read because the last run did not end in an orderly way.
    pub(crate) fn bytes_to_recover(&self, spec: &LogSpec) -> u64 {
        let name = spec.name();
        let unclean = self.dirs.iter().filter(|dir| !dir.was_clean() && !dir.is_offline());
        let bytes = unclean.filter_map(|dir| {
            let left = dir.left_behind(&name)?;
            pybroker_log::bytes_to_recover(&dir.folder(&name), left.recovery_point).ok()
        });
        bytes.sum()
    }

    /// Where a log lies that is to be opened, as a number that tells directories apart.
    pub(crate) fn dir_index(&self, spec: &LogSpec) -> usize {
        let name = spec.name();
        self.dirs.iter().position(|dir| dir.left_behind(&name).is_some()).unwrap_or(0)
    }

    /// Forget that a log was opened, so that it can be opened again.
    #[cfg(test)]
    pub(crate) fn forget(&self, topic_id: Uuid, partition: i32) {
        let found = self.partitions.write().remove(&(topic_id, partition)).unwrap();
        found.dir().deleted();
        found.dir().add((Arc::from(found.topic()), partition));
    }

    // --- Deleting, checkpoints, closing ----------------------------------------------------------

    /// Forget a log and set its folder aside, open or not. One that is not known is deleted already. A folder in a directory
    /// that is offline stays there.
    pub(crate) fn delete(
        &self,
        topic_id: Uuid,
        partition: i32,
    ) -> Result<Option<DeletedFiles>, LogError> {
        let key = (topic_id, partition);
        let (name, dir) = match self.partitions.write().remove(&key) {
            Some(found) => {
                let dir = Arc::clone(found.dir());
                dir.deleted();
                let state = found.state();
                if state.is_none_or(|state| state.recovery_point > 0 || state.log_start_offset > 0)
                {
                    self.has_stale_checkpoints.store(true, Ordering::Relaxed);
                }
                if dir.is_offline() {
                    return Ok(None);
                }
                if let Some(deleted) = found.delete()? {
                    return Ok(Some(deleted));
                }
                ((Arc::from(found.topic()), partition), dir)
            }
            None => match self.unopened.lock().remove(&key) {
                Some(Unopened { name, dir: Some(dir) }) => (name, dir),
                _ => return Ok(None),
            },
        };
        dir.forget(&name);
        if dir.is_offline() {
            return Ok(None);
        }
        pybroker_log::delete_unopened(&dir.folder(&name), topic_id)
    }

    /// Take out of the checkpoints what is no longer true, should the broker crash before the next one: of deleted logs it would be
    /// believed of a topic that takes the name, of a log that was cut when it has grown again.
    pub(crate) fn checkpoint_if_stale(&self) -> Result<(), LogError> {
        if self.has_stale_checkpoints.swap(false, Ordering::Relaxed) {
            self.checkpoint()?;
        }
        Ok(())
    }

    /// Write how far each log is flushed, so that recovery after a crash reads no more than the rest.
    pub(crate) fn checkpoint(&self) -> Result<(), LogError> {
        let mut first_failure = Ok(());
        for dir in self.dirs.iter().filter(|dir| !dir.is_offline()) {
            first_failure = first_failure.and(self.checkpoint_dir(dir));
        }
        first_failure
    }

    /// As `checkpoint`, of one directory.
    pub(crate) fn checkpoint_dir(&self, dir: &Arc<LogDir>) -> Result<(), LogError> {
        dir.checkpoint(self.in_dir(dir).iter().filter_map(|partition| {
            let state = partition.state()?;
            let offsets = LeftBehind {
                recovery_point: state.recovery_point,
                log_start_offset: state.log_start_offset,
            };
            Some(((Arc::from(partition.topic()), partition.index()), offsets))
        }))
    }

    /// Flush and close every log. A directory is marked as clean only when all its logs were open and closed: the next start
    /// must not trust the files of one that was offline.
    pub(crate) fn close(&self, now_ms: i64) -> Result<(), LogError> {
        if self.is_closed.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        let partitions = self.all();
        let first_failure = Mutex::new(Ok(()));
        let next = AtomicUsize::new(0);
        let close_in_turn = || {
            while let Some(partition) = partitions.get(next.fetch_add(1, Ordering::Relaxed)) {
                if let Err(error) = close(partition, now_ms) {
                    let mut first = first_failure.lock();
                    *first = std::mem::replace(&mut *first, Ok(())).and(Err(error));
                }
            }
        };
        thread::scope(|scope| {
            let threads = partitions.len() / LOGS_PER_CLOSING_THREAD;
            for _ in 0..threads.min(CLOSING_THREADS_MAX) {
                // Without further threads this one does it all.
                let _ = thread::Builder::new().spawn_scoped(scope, close_in_turn);
            }
            close_in_turn();
        });
        let mut unclean: Vec<Arc<LogDir>> =
            self.unopened.lock().values().filter_map(|each| each.dir.clone()).collect();
        let offline = partitions.iter().filter(|partition| partition.is_offline());
        unclean.extend(offline.map(|partition| Arc::clone(partition.dir())));
        let mut first_failure = first_failure.into_inner().and(self.checkpoint());
        for dir in self.dirs.iter().filter(|dir| !dir.is_offline()) {
            if !unclean.iter().any(|unclean| Arc::ptr_eq(unclean, dir)) {
                first_failure = first_failure.and(dir.mark_clean());
            }
        }
        first_failure
    }

    /// Close the logs of a directory that failed, and wake the fetches that wait for them.
    pub(crate) fn close_offline(&self, dir: &Arc<LogDir>) {
        for partition in self.in_dir(dir) {
            partition.give_up();
        }
    }
}

fn close(partition: &Partition, now_ms: i64) -> Result<(), LogError> {
    let dir = partition.dir();
    if dir.is_offline() {
        return Ok(());
    }
    partition.close(now_ms).inspect_err(|error| dir.note(error.scope(), &error.to_string()))
}

/// Open a log. A folder of an earlier topic, whose deletion a crash cut short, is set aside first.
fn open_in(
    dir: &LogDir,
    spec: &LogSpec,
    now_ms: i64,
    recovered: &dyn Fn(u64),
) -> Result<Log, LogError> {
    let name = spec.name();
    let left = dir.left_behind(&name).unwrap_or_default();
    let options = OpenOptions {
        topic_id: spec.topic_id,
        config: Arc::clone(&spec.config),
        shutdown: if dir.was_clean() {
            Shutdown::Clean
        } else {
            Shutdown::Unclean { recovery_point: left.recovery_point }
        },
        log_start_offset: left.log_start_offset,
        now_ms,
    };
    let folder = dir.folder(&name);
    match Log::open_with_progress(&folder, options.clone(), recovered) {
        Err(LogError::TopicId { .. }) => {
            pybroker_log::set_stray_aside(&folder)?;
            Log::open(&folder, OpenOptions { log_start_offset: 0, ..options })
        }
        opened => opened,
    }
}
