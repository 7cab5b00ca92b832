//! Transaction indexes and producer snapshots, held against the batches as they come.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Findings, Progress};
use crate::disk;
use crate::error::LogError;
use crate::producer_snapshot;
use crate::producer_state::{Producer, ProducerStates};
use crate::recovery::offset_of;
use crate::segment::{TRANSACTION_INDEX_SUFFIX, offset_path};
use crate::transaction_index::{ABORTED_ENTRY_BYTES, AbortedTransaction, TransactionIndex};
use crate::transactions::ProducerBatch;

/// Producers do not expire while they are looked at.
const NEVER_MS: i64 = i64::MAX;

/// What the batches so far say of producers, and what the files have said of them.
#[derive(Debug)]
pub(super) struct ProducerCheck<'a> {
    folder: &'a Path,
    start_offset: i64,
    /// Whether nothing before the first segment is unknown.
    is_complete: bool,
    states: ProducerStates,
    /// Snapshots that are still ahead.
    snapshots: BTreeMap<i64, ProducerStates>,
    /// What differs, unless compaction was here.
    differences: Vec<(PathBuf, Option<u64>, i64, String)>,
    base_offset: i64,
    stored: Option<TransactionIndex>,
    aborted: Vec<AbortedTransaction>,
}

impl<'a> ProducerCheck<'a> {
    pub(super) fn new(
        folder: &'a Path,
        start_offset: i64,
        names: &[String],
        findings: &mut Findings,
    ) -> Result<Self, LogError> {
        let mut snapshots = BTreeMap::new();
        for offset in names.iter().filter_map(|name| offset_of(name, producer_snapshot::SUFFIX)) {
            if let Some(states) = producer_snapshot::read(folder, offset, 0)? {
                snapshots.insert(offset, states);
            } else {
                let path = offset_path(folder, offset, producer_snapshot::SUFFIX);
                let problem = "it is damaged; older ones and the log are read instead";
                findings.add(&path, None, Some(offset), problem.to_owned());
            }
        }
        let first = snapshots.remove(&start_offset);
        Ok(Self {
            folder,
            start_offset,
            is_complete: start_offset == 0 || first.is_some(),
            states: first.unwrap_or_default(),
            snapshots: snapshots.split_off(&start_offset),
            differences: Vec::new(),
            base_offset: start_offset,
            stored: None,
            aborted: Vec::new(),
        })
    }

    pub(super) fn begin_segment(
        &mut self,
        base_offset: i64,
        findings: &mut Findings,
    ) -> Result<(), LogError> {
        self.base_offset = base_offset;
        self.aborted.clear();
        let path = self.index_path();
        let bytes = disk::read_file(&path)?.unwrap_or_default();
        self.stored = TransactionIndex::decode(&bytes, base_offset);
        if self.stored.is_none() {
            let problem = "it is damaged; the next start builds it anew".to_owned();
            findings.add(&path, None, None, problem);
        }
        Ok(())
    }

    pub(super) fn see(&mut self, batch: &ProducerBatch) {
        self.compare_snapshots(batch.header.base_offset);
        self.aborted.extend(self.states.aborted_by(batch));
        self.states.update(batch, 0, 0, NEVER_MS);
    }

    pub(super) fn end_segment(&mut self) {
        let stored = self.stored.take();
        let Some(stored) = stored else { return };
        let path = self.index_path();
        let expected: BTreeMap<i64, AbortedTransaction> =
            self.aborted.drain(..).map(|entry| (entry.last_offset, entry)).collect();
        let found: BTreeMap<i64, AbortedTransaction> =
            stored.entries().iter().map(|entry| (entry.last_offset, *entry)).collect();
        for (place, entry) in stored.entries().iter().enumerate() {
            let position = Some((place * ABORTED_ENTRY_BYTES) as u64);
            let expected = expected.get(&entry.last_offset);
            if self.differs(expected, entry) {
                let problem = match expected {
                    Some(expected) => format!("{}, the log has {}", said(entry), said(expected)),
                    None => format!("{}, and there is no such marker", said(entry)),
                };
                self.differences.push((path.clone(), position, entry.last_offset, problem));
            }
        }
        for (offset, entry) in expected.iter().filter(|(offset, _)| !found.contains_key(offset)) {
            let problem = format!("it lacks {}", said(entry));
            self.differences.push((path.clone(), None, *offset, problem));
        }
    }

    /// Compares the snapshots at the end, and tells of what differs.
    pub(super) fn finish(mut self, progress: &mut Progress) {
        let end_offset = progress.next_offset;
        self.compare_snapshots(end_offset);
        for (offset, _) in std::mem::take(&mut self.snapshots) {
            let path = offset_path(self.folder, offset, producer_snapshot::SUFFIX);
            let problem = format!("it is behind the end of the log, which is {end_offset}");
            progress.findings.add(&path, None, Some(offset), problem);
        }
        if !progress.is_compacted {
            for (path, position, offset, problem) in self.differences {
                progress.findings.add(&path, position, Some(offset), problem);
            }
        }
    }

    fn index_path(&self) -> PathBuf {
        offset_path(self.folder, self.base_offset, TRANSACTION_INDEX_SUFFIX)
    }

    fn differs(&self, expected: Option<&AbortedTransaction>, stored: &AbortedTransaction) -> bool {
        match expected {
            Some(expected) if self.is_complete => expected != stored,
            Some(expected) => expected.first_offset != stored.first_offset,
            // It began before the first segment: nobody can say any more.
            None => self.is_complete || stored.first_offset >= self.start_offset,
        }
    }

    /// Holds the snapshots up to an offset against what is known before it.
    fn compare_snapshots(&mut self, offset: i64) {
        while self.snapshots.first_key_value().is_some_and(|(first, _)| *first <= offset) {
            let Some((at, snapshot)) = self.snapshots.pop_first() else { return };
            let path = offset_path(self.folder, at, producer_snapshot::SUFFIX);
            let stored: BTreeMap<i64, &Producer> = snapshot.iter().collect();
            for (producer_id, known) in self.states.iter() {
                let problem = match stored.get(&producer_id) {
                    Some(stored) => difference(stored, known),
                    // An idle producer may have expired, one with an open transaction never.
                    None => (known.transaction_first_offset >= 0)
                        .then(|| format!("its transaction of {}", known.transaction_first_offset)),
                };
                if let Some(problem) = problem {
                    let problem =
                        format!("it differs from the log on producer {producer_id}: {problem}");
                    self.differences.push((path.clone(), None, at, problem));
                }
            }
        }
    }
}

/// In what a snapshot differs from the log.
fn difference(stored: &Producer, known: &Producer) -> Option<String> {
    let last = |producer: &Producer| {
        producer.batches().last().map(|batch| (batch.last_offset, batch.last_sequence))
    };
    if stored.epoch != known.epoch {
        return Some(format!("epoch {}, not {}", stored.epoch, known.epoch));
    }
    if stored.transaction_first_offset != known.transaction_first_offset {
        let (says, is) = (stored.transaction_first_offset, known.transaction_first_offset);
        return Some(format!("open transaction {says}, not {is}"));
    }
    let (says, is) = (last(stored), last(known));
    (says != is).then(|| format!("last offset and sequence {says:?}, not {is:?}"))
}

fn said(entry: &AbortedTransaction) -> String {
    let AbortedTransaction { producer_id, first_offset, last_offset, last_stable_offset } = entry;
    format!(
        "producer {producer_id} aborted {first_offset} to {last_offset}, last stable offset {last_stable_offset}"
    )
}
