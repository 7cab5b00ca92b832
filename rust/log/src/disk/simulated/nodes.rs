//! Files and folders of the simulated disk: what is read now, what would survive, and what is in between.

use std::collections::{BTreeMap, BTreeSet};

use super::crash::{Order, Survival, Tail};
use super::random::Random;

pub(super) type NodeId = usize;
pub(super) const ROOT: NodeId = 0;

#[derive(Debug)]
pub(super) enum Node {
    File(FileNode),
    Folder(FolderNode),
}

/// A file: its bytes as they are read, those that are durable, and what was done since.
#[derive(Debug, Default)]
pub(super) struct FileNode {
    pub(super) cached: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<Change>,
}

#[derive(Debug)]
enum Change {
    Write { position: usize, bytes: Vec<u8> },
    SetLen(usize),
}

impl Change {
    /// Applies the change, of a write the first `stored` bytes.
    fn apply(&self, content: &mut Vec<u8>, stored: usize) {
        match self {
            Self::SetLen(len) => content.resize(*len, 0),
            Self::Write { position, bytes } => {
                let bytes = &bytes[..stored.min(bytes.len())];
                if bytes.is_empty() {
                    return;
                }
                let end = position + bytes.len();
                if content.len() < end {
                    content.resize(end, 0);
                }
                content[*position..end].copy_from_slice(bytes);
            }
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Write { bytes, .. } => bytes.len(),
            Self::SetLen(_) => 0,
        }
    }
}

impl FileNode {
    pub(super) fn durable_with(content: Vec<u8>) -> Self {
        Self { cached: content.clone(), durable: content, pending: Vec::new() }
    }

    pub(super) fn write(&mut self, position: usize, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let change = Change::Write { position, bytes: bytes.to_vec() };
        change.apply(&mut self.cached, bytes.len());
        self.pending.push(change);
    }

    pub(super) fn set_len(&mut self, len: usize) {
        self.cached.resize(len, 0);
        self.pending.push(Change::SetLen(len));
    }

    pub(super) fn sync(&mut self) {
        for change in self.pending.drain(..) {
            change.apply(&mut self.durable, usize::MAX);
        }
    }

    /// What an fsync that failed leaves, where the operating system takes the bytes for clean.
    pub(super) fn drop_pending(&mut self) {
        // The size is metadata, which the journal has.
        self.durable.resize(self.cached.len(), 0);
        self.pending.clear();
    }

    fn crash(&mut self, survival: Survival, random: &mut Random) {
        let whole_len = self.cached.len();
        let pending = std::mem::take(&mut self.pending);
        let mut is_lost = false;
        match survival.writes {
            Order::Kept => {
                let kept = random.below(pending.len() as u64 + 1) as usize;
                for change in &pending[..kept] {
                    change.apply(&mut self.durable, usize::MAX);
                }
                if let Some(torn @ Change::Write { .. }) = pending.get(kept) {
                    torn.apply(&mut self.durable, random.below(torn.len() as u64) as usize);
                }
                is_lost = kept < pending.len();
            }
            Order::Any => {
                for change in &pending {
                    if random.chance(60) {
                        change.apply(&mut self.durable, usize::MAX);
                    } else if random.chance(30) && change.len() > 0 {
                        change.apply(&mut self.durable, random.below(change.len() as u64) as usize);
                        is_lost = true;
                    } else {
                        is_lost = true;
                    }
                }
            }
        }
        let missing = whole_len.saturating_sub(self.durable.len());
        if is_lost && missing > 0 {
            let extended = random.below(missing as u64 + 1) as usize;
            match survival.tail {
                Tail::Missing => {}
                Tail::Zeros => self.durable.resize(self.durable.len() + extended, 0),
                Tail::Rubbish => {
                    // No line ends: a number that is cut short by one is a number, and text files have no checksums.
                    let rubbish = (0..extended).map(|_| random.next() as u8 | 0x80);
                    self.durable.extend(rubbish);
                }
            }
        }
        self.cached.clone_from(&self.durable);
    }
}

/// A folder: its names as they are found, and those that are durable.
#[derive(Debug, Default)]
pub(super) struct FolderNode {
    pub(super) names: BTreeMap<String, NodeId>,
    durable: BTreeMap<String, NodeId>,
}

/// A change of names that is not durable.
#[derive(Debug)]
enum NameChange {
    Link { folder: NodeId, name: String, node: NodeId },
    Unlink { folder: NodeId, name: String },
    Rename { from: (NodeId, String), to: (NodeId, String), node: NodeId },
}

impl NameChange {
    fn touches(&self, wanted: NodeId) -> bool {
        match self {
            Self::Link { folder, .. } | Self::Unlink { folder, .. } => *folder == wanted,
            Self::Rename { from, to, .. } => from.0 == wanted || to.0 == wanted,
        }
    }
}

/// All files and folders, and the changes of names in the order in which they were made.
#[derive(Debug)]
pub(super) struct Nodes {
    nodes: Vec<Node>,
    changes: Vec<NameChange>,
}

impl Nodes {
    pub(super) fn new() -> Self {
        Self { nodes: vec![Node::Folder(FolderNode::default())], changes: Vec::new() }
    }

    pub(super) fn folder(&self, id: NodeId) -> Option<&FolderNode> {
        match &self.nodes[id] {
            Node::Folder(folder) => Some(folder),
            Node::File(_) => None,
        }
    }

    pub(super) fn file(&self, id: NodeId) -> Option<&FileNode> {
        match &self.nodes[id] {
            Node::File(file) => Some(file),
            Node::Folder(_) => None,
        }
    }

    pub(super) fn file_mut(&mut self, id: NodeId) -> Option<&mut FileNode> {
        match &mut self.nodes[id] {
            Node::File(file) => Some(file),
            Node::Folder(_) => None,
        }
    }

    pub(super) fn find(&self, folder: NodeId, name: &str) -> Option<NodeId> {
        self.folder(folder)?.names.get(name).copied()
    }

    fn names_mut(&mut self, folder: NodeId) -> Option<&mut BTreeMap<String, NodeId>> {
        match &mut self.nodes[folder] {
            Node::Folder(folder) => Some(&mut folder.names),
            Node::File(_) => None,
        }
    }

    fn durable_names(&mut self, folder: NodeId) -> Option<&mut BTreeMap<String, NodeId>> {
        match &mut self.nodes[folder] {
            Node::Folder(folder) => Some(&mut folder.durable),
            Node::File(_) => None,
        }
    }

    pub(super) fn link(&mut self, folder: NodeId, name: &str, node: Node) -> NodeId {
        let id = self.nodes.len();
        self.nodes.push(node);
        if let Some(names) = self.names_mut(folder) {
            names.insert(name.to_owned(), id);
            self.changes.push(NameChange::Link { folder, name: name.to_owned(), node: id });
        }
        id
    }

    pub(super) fn unlink(&mut self, folder: NodeId, name: &str) -> Option<NodeId> {
        let id = self.names_mut(folder)?.remove(name)?;
        self.changes.push(NameChange::Unlink { folder, name: name.to_owned() });
        Some(id)
    }

    pub(super) fn rename(&mut self, from: (NodeId, String), to: (NodeId, String)) -> bool {
        let node = self.names_mut(from.0).and_then(|names| names.remove(&from.1));
        let Some(node) = node else { return false };
        if let Some(names) = self.names_mut(to.0) {
            names.insert(to.1.clone(), node);
        }
        self.changes.push(NameChange::Rename { from, to, node });
        true
    }

    pub(super) fn sync_folder(&mut self, folder: NodeId) {
        let (touched, left): (Vec<_>, Vec<_>) =
            self.changes.drain(..).partition(|change| change.touches(folder));
        self.changes = left;
        for change in touched {
            self.make_durable(&change);
        }
    }

    pub(super) fn sync_names(&mut self) {
        for change in std::mem::take(&mut self.changes) {
            self.make_durable(&change);
        }
    }

    fn make_durable(&mut self, change: &NameChange) {
        match change {
            NameChange::Link { folder, name, node } => {
                self.set_durable(*folder, name, Some(*node));
            }
            NameChange::Unlink { folder, name } => self.set_durable(*folder, name, None),
            NameChange::Rename { from, to, node } => {
                // Another file may have got the old name meanwhile, where changes survive in any order.
                if self.durable_names(from.0).is_some_and(|names| names.get(&from.1) == Some(node))
                {
                    self.set_durable(from.0, &from.1, None);
                }
                self.set_durable(to.0, &to.1, Some(*node));
            }
        }
    }

    fn set_durable(&mut self, folder: NodeId, name: &str, node: Option<NodeId>) {
        let Some(names) = self.durable_names(folder) else { return };
        match node {
            Some(node) => names.insert(name.to_owned(), node),
            None => names.remove(name),
        };
    }

    /// The machine stops and starts again.
    pub(super) fn crash(&mut self, survival: Survival, random: &mut Random) {
        let changes = std::mem::take(&mut self.changes);
        let kept = random.below(changes.len() as u64 + 1) as usize;
        for (index, change) in changes.iter().enumerate() {
            let survives = match survival.names {
                Order::Kept => index < kept,
                Order::Any => random.chance(60),
            };
            if survives {
                self.make_durable(change);
            }
        }
        for node in &mut self.nodes {
            match node {
                Node::File(file) => file.crash(survival, random),
                Node::Folder(folder) => folder.names.clone_from(&folder.durable),
            }
        }
    }

    /// Bytes in all files that have a name.
    pub(super) fn used_bytes(&self) -> u64 {
        let mut seen = BTreeSet::new();
        let mut open = vec![ROOT];
        let mut used = 0;
        while let Some(id) = open.pop() {
            match &self.nodes[id] {
                Node::File(file) => used += file.cached.len() as u64,
                Node::Folder(folder) => {
                    open.extend(folder.names.values().copied().filter(|id| seen.insert(*id)));
                }
            }
        }
        used
    }
}
