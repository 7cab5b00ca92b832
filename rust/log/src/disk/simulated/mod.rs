//! A disk in memory that loses what was not synced, fails when it is told to, and does both the same way for the same seed.
//!
//! * A disk is mounted at a path of its own: whatever is done below `SimulatedDisk::root`, from any thread, is done to it.
//! * The process may die (drop what holds the files: the disk stays as it is read) or the machine ([`SimulatedDisk::crash`]: what
//!   was synced stays, and of the rest some, see [`Survival`]).
//! * Operations fail by schedule ([`Fault`]), for want of space ([`SimulatedDisk::set_capacity`]), or all from some moment on
//!   ([`SimulatedDisk::stop_after`]), as if the process were killed within what it does.

mod crash;
mod faults;
mod nodes;
mod random;

use std::collections::HashMap;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};
use std::time::SystemTime;

pub use crash::{Order, Survival, Tail};
pub use faults::{AfterFailedSync, Errno, Fault, Operation};

use super::real::Missing;
use faults::Schedule;
use nodes::{FileNode, FolderNode, Node, NodeId, Nodes, ROOT};
use random::Random;

/// Where simulated disks are mounted, each under its number.
const MOUNT_FOLDER: &str = "/simulated-disk";

static MOUNTED: LazyLock<Mutex<HashMap<u64, Weak<Mutex<State>>>>> = LazyLock::new(Mutex::default);
static NEXT_NUMBER: AtomicU64 = AtomicU64::new(0);

/// A disk in memory. It is gone when its last handle is: this, or a file of it.
#[derive(Clone, Debug)]
pub struct SimulatedDisk {
    number: u64,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    nodes: Nodes,
    random: Random,
    faults: Schedule,
    capacity: Option<u64>,
    used: u64,
    // How many more changes are made before nothing works any more.
    stops_after: Option<u64>,
    changes: u64,
    has_dropped: bool,
}

/// The disk that a path is on, if it is a simulated one.
pub(super) fn mounted_at(path: &Path) -> Option<SimulatedDisk> {
    let below = path.strip_prefix(MOUNT_FOLDER).ok()?;
    let number = below.components().next()?.as_os_str().to_str()?.parse().ok()?;
    let state = lock(&MOUNTED).get(&number)?.upgrade()?;
    Some(SimulatedDisk { number, state })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn missing() -> io::Error {
    io::ErrorKind::NotFound.into()
}

impl SimulatedDisk {
    /// An empty disk, mounted at a path that no other has.
    pub fn new(seed: u64) -> Self {
        let number = NEXT_NUMBER.fetch_add(1, Ordering::Relaxed);
        let state = Arc::new(Mutex::new(State {
            nodes: Nodes::new(),
            random: Random(seed),
            faults: Schedule::default(),
            capacity: None,
            used: 0,
            stops_after: None,
            changes: 0,
            has_dropped: false,
        }));
        let mut mounted = lock(&MOUNTED);
        mounted.retain(|_, state| state.strong_count() > 0);
        mounted.insert(number, Arc::downgrade(&state));
        drop(mounted);
        Self { number, state }
    }

    /// The folder at which the disk is mounted.
    pub fn root(&self) -> PathBuf {
        Path::new(MOUNT_FOLDER).join(self.number.to_string())
    }

    /// Adds a failure to those that are to come.
    pub fn fail(&self, fault: Fault) {
        self.lock().faults.add(fault);
    }

    /// Takes back the failures that did not happen; says how many there were.
    pub fn clear_faults(&self) -> usize {
        let mut state = self.lock();
        let left = state.faults.len();
        state.faults.clear();
        left
    }

    /// How many bytes fit into all files together; `None` for any number. What does not fit is answered with ENOSPC.
    pub fn set_capacity(&self, bytes: Option<u64>) {
        let mut state = self.lock();
        state.used = state.nodes.used_bytes();
        state.capacity = bytes;
    }

    /// Bytes in all files.
    pub fn used_bytes(&self) -> u64 {
        self.lock().nodes.used_bytes()
    }

    /// Lets so many changes happen, the last of them in part and with a failure if it is a write; everything after them fails,
    /// until `restart` or `crash`.
    pub fn stop_after(&self, changes: u64) {
        self.lock().stops_after = Some(changes);
    }

    /// Whether things work: nothing was stopped by `stop_after`.
    pub fn is_running(&self) -> bool {
        self.lock().stops_after != Some(0)
    }

    /// Whether an fsync failed and its bytes are read but on no disk.
    pub fn has_dropped(&self) -> bool {
        self.lock().has_dropped
    }

    /// What survives from now on depends on this seed.
    pub fn reseed(&self, seed: u64) {
        self.lock().random = Random(seed);
    }

    /// How many changes were made: how far `stop_after` can be moved.
    pub fn changes(&self) -> u64 {
        self.lock().changes
    }

    /// Only the process died: everything is as it was last read. Failures to come are forgotten.
    pub fn restart(&self) {
        let mut state = self.lock();
        state.faults.clear();
        state.stops_after = None;
        state.used = state.nodes.used_bytes();
    }

    /// The machine stopped and started again, in one of the ways in which it may. Failures to come are forgotten.
    pub fn crash(&self) -> Survival {
        let survival = Survival::any(&mut self.lock().random);
        self.crash_with(survival);
        survival
    }

    /// As `crash`, in a way that is given.
    pub fn crash_with(&self, survival: Survival) {
        let mut state = self.lock();
        let State { nodes, random, .. } = &mut *state;
        nodes.crash(survival, random);
        state.has_dropped = false;
        drop(state);
        self.restart();
    }

    /// The paths of the files in a folder, in order.
    pub fn files(&self, folder: &Path) -> Vec<PathBuf> {
        let names = self.file_names(folder).unwrap_or_default();
        names.into_iter().map(|name| folder.join(name)).collect()
    }

    /// The bytes of a file as they are read, past all failures.
    pub fn content(&self, path: &Path) -> Option<Vec<u8>> {
        let state = self.lock();
        let id = state.find(path)?;
        state.nodes.file(id).map(|file| file.cached.clone())
    }

    /// Makes a folder and its parents, durably and past all failures.
    pub fn make_folder(&self, path: &Path) {
        let mut state = self.lock();
        state.make_folder(path);
        state.nodes.sync_names();
    }

    /// Puts a file there, durably and past all failures; its folder must exist.
    pub fn put(&self, path: &Path, content: Vec<u8>) {
        let mut state = self.lock();
        if let Some((folder, name)) = state.parent(path) {
            state.nodes.link(folder, &name, Node::File(FileNode::durable_with(content)));
            state.nodes.sync_names();
        }
    }

    /// Takes a file away, durably and past all failures.
    pub fn take_away(&self, path: &Path) {
        let mut state = self.lock();
        if let Some((folder, name)) = state.parent(path) {
            state.nodes.unlink(folder, &name);
            state.nodes.sync_names();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    pub(super) fn open(&self, path: &Path, on_missing: Missing) -> io::Result<SimulatedFile> {
        let mut state = self.lock();
        state.check(Operation::Open)?;
        let id = match state.find(path) {
            Some(id) => id,
            None if on_missing == Missing::IsCreated => {
                state.change()?;
                state.create(path)?
            }
            None => return Err(missing()),
        };
        state.nodes.file(id).ok_or(io::ErrorKind::IsADirectory)?;
        Ok(SimulatedFile { disk: self.clone(), id })
    }

    pub(super) fn create_folder(&self, path: &Path) -> io::Result<bool> {
        let mut state = self.lock();
        if state.find(path).is_some_and(|id| state.nodes.folder(id).is_some()) {
            return Ok(false);
        }
        state.check(Operation::CreateFolder)?;
        state.change()?;
        state.make_folder(path);
        Ok(true)
    }

    pub(super) fn file_names(&self, folder: &Path) -> io::Result<Vec<String>> {
        let state = self.lock();
        let id = state.find(folder).ok_or_else(missing)?;
        let folder = state.nodes.folder(id).ok_or(io::ErrorKind::NotADirectory)?;
        Ok(folder.names.keys().cloned().collect())
    }

    pub(super) fn read_file(&self, path: &Path) -> io::Result<Vec<u8>> {
        let mut state = self.lock();
        let id = state.find(path).ok_or_else(missing)?;
        state.check(Operation::Open)?;
        state.check(Operation::Read)?;
        let file = state.nodes.file(id).ok_or(io::ErrorKind::IsADirectory)?;
        Ok(file.cached.clone())
    }

    pub(super) fn write_file(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let file = self.open(path, Missing::IsCreated)?;
        if file.size() > 0 {
            file.set_len(0)?;
        }
        file.write_all_at(bytes, 0)
    }

    pub(super) fn file_len(&self, path: &Path) -> io::Result<u64> {
        let state = self.lock();
        let id = state.find(path).ok_or_else(missing)?;
        Ok(state.nodes.file(id).map_or(0, |file| file.cached.len() as u64))
    }

    /// Here, all files are as old as time.
    pub(super) fn modified(&self, path: &Path) -> io::Result<SystemTime> {
        self.file_len(path).map(|_| SystemTime::UNIX_EPOCH)
    }

    pub(super) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.lock();
        let (Some(from), Some(to)) = (state.parent(from), state.parent(to)) else {
            return Err(missing());
        };
        state.nodes.find(from.0, &from.1).ok_or_else(missing)?;
        state.check(Operation::Rename)?;
        state.change()?;
        state.nodes.rename(from, to);
        state.used = state.nodes.used_bytes();
        Ok(())
    }

    pub(super) fn remove_file(&self, path: &Path) -> io::Result<()> {
        let mut state = self.lock();
        let (folder, name) = state.parent(path).ok_or_else(missing)?;
        state.nodes.find(folder, &name).ok_or_else(missing)?;
        state.check(Operation::Remove)?;
        state.change()?;
        state.nodes.unlink(folder, &name);
        state.used = state.nodes.used_bytes();
        Ok(())
    }

    pub(super) fn remove_folder(&self, path: &Path) -> io::Result<()> {
        for name in self.file_names(path)? {
            let below = path.join(name);
            let is_folder = {
                let state = self.lock();
                state.find(&below).is_some_and(|id| state.nodes.folder(id).is_some())
            };
            if is_folder {
                self.remove_folder(&below)?;
            } else {
                self.remove_file(&below)?;
            }
        }
        self.remove_file(path)
    }

    pub(super) fn sync_folder(&self, path: &Path) -> io::Result<()> {
        let mut state = self.lock();
        let id = state.find(path).ok_or_else(missing)?;
        state.check(Operation::SyncFolder)?;
        state.change()?;
        state.nodes.sync_folder(id);
        Ok(())
    }
}

impl State {
    /// Fails if it is time to.
    fn check(&mut self, operation: Operation) -> io::Result<()> {
        if self.stops_after == Some(0) {
            return Err(Errno::Io.error());
        }
        match self.faults.take(operation) {
            Some(fault) => Err(fault.errno.error()),
            None => Ok(()),
        }
    }

    /// Counts a change; fails if it is one too many.
    fn change(&mut self) -> io::Result<()> {
        self.changes += 1;
        match &mut self.stops_after {
            Some(0) => Err(Errno::Io.error()),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn find(&self, path: &Path) -> Option<NodeId> {
        names_below_root(path).try_fold(ROOT, |folder, name| self.nodes.find(folder, &name))
    }

    /// The folder that a path is in, which exists, and its name there.
    fn parent(&self, path: &Path) -> Option<(NodeId, String)> {
        let name = path.file_name()?.to_str()?.to_owned();
        self.find(path.parent()?).map(|folder| (folder, name))
    }

    fn make_folder(&mut self, path: &Path) {
        let mut folder = ROOT;
        for name in names_below_root(path) {
            folder = match self.nodes.find(folder, &name) {
                Some(id) => id,
                None => self.nodes.link(folder, &name, Node::Folder(FolderNode::default())),
            };
        }
    }

    fn create(&mut self, path: &Path) -> io::Result<NodeId> {
        let (folder, name) = self.parent(path).ok_or_else(missing)?;
        Ok(self.nodes.link(folder, &name, Node::File(FileNode::default())))
    }

    fn write(&mut self, id: NodeId, position: u64, bytes: &[u8]) -> io::Result<()> {
        let (stored, failure) = self.storable(id, position, bytes.len());
        let Some(file) = self.nodes.file_mut(id) else {
            return Err(io::ErrorKind::IsADirectory.into());
        };
        let before = file.cached.len();
        file.write(position as usize, &bytes[..stored]);
        self.used += (file.cached.len() - before) as u64;
        failure.map_or(Ok(()), |errno| Err(errno.error()))
    }

    /// How many bytes of a write are stored, and why not all.
    fn storable(&mut self, id: NodeId, position: u64, len: usize) -> (usize, Option<Errno>) {
        if self.stops_after == Some(0) {
            return (0, Some(Errno::Io));
        }
        if self.change().is_err() || self.stops_after == Some(0) {
            // All, or half at most: what lacks its last zeros only would be whole again with zeros behind it.
            let is_whole = self.random.chance(20);
            let stored =
                if is_whole { len } else { self.random.below(len as u64 / 2 + 1) as usize };
            return (stored, Some(Errno::Io));
        }
        if let Some(fault) = self.faults.take(Operation::Write) {
            return (fault.stored_bytes.min(len / 2), Some(fault.errno));
        }
        let Some(capacity) = self.capacity else { return (len, None) };
        let size = self.nodes.file(id).map_or(0, |file| file.cached.len() as u64);
        let free = capacity.saturating_sub(self.used);
        let fitting = (size + free).saturating_sub(position) as usize;
        if fitting < len { (fitting.min(len / 2), Some(Errno::NoSpace)) } else { (len, None) }
    }
}

/// The names of a path below the root of its disk.
fn names_below_root(path: &Path) -> impl Iterator<Item = String> {
    // The root directory, the folder of all disks and the number come before.
    path.components().skip(3).filter_map(|component| match component {
        Component::Normal(name) => name.to_str().map(str::to_owned),
        _ => None,
    })
}

/// An open file of a simulated disk.
#[derive(Debug)]
pub struct SimulatedFile {
    disk: SimulatedDisk,
    id: NodeId,
}

impl SimulatedFile {
    pub(super) fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        let mut state = self.disk.lock();
        state.check(Operation::Read)?;
        let content = state.nodes.file(self.id).map_or(&[][..], |file| &file.cached);
        let start = (position as usize).min(content.len());
        let len = buffer.len().min(content.len() - start);
        buffer[..len].copy_from_slice(&content[start..start + len]);
        Ok(len)
    }

    pub(super) fn write_all_at(&self, bytes: &[u8], position: u64) -> io::Result<()> {
        self.disk.lock().write(self.id, position, bytes)
    }

    pub(super) fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.disk.lock();
        state.check(Operation::SetLen)?;
        state.change()?;
        if let Some(file) = state.nodes.file_mut(self.id) {
            file.set_len(len as usize);
        }
        state.used = state.nodes.used_bytes();
        Ok(())
    }

    pub(super) fn size(&self) -> u64 {
        self.disk.lock().nodes.file(self.id).map_or(0, |file| file.cached.len() as u64)
    }

    pub(super) fn sync_data(&self) -> io::Result<()> {
        let mut state = self.disk.lock();
        let fault = state.faults.take(Operation::Sync);
        if state.stops_after == Some(0) {
            return Err(Errno::Io.error());
        }
        state.change()?;
        let Some(file) = state.nodes.file_mut(self.id) else { return Ok(()) };
        let Some(fault) = fault else {
            file.sync();
            return Ok(());
        };
        if fault.after_failed_sync == AfterFailedSync::Dropped {
            file.drop_pending();
            state.has_dropped = true;
        }
        Err(fault.errno.error())
    }
}
