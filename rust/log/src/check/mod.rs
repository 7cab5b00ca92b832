//! Looking a partition's folder over without changing it: for tools, while no broker uses it.
//!
//! Every batch is read with its checksum and its records; indexes, time indexes, transaction indexes, producer snapshots and leader
//! epochs are held against what the batches say. What is found is told with file, position and offset, and the look goes
//! on behind it.

mod indexes;
mod producers;
mod segment;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::checkpoints;
use crate::disk;
use crate::error::LogError;
use crate::leader_epochs::{self, LeaderEpochs};
use crate::recovery::offset_of;
use crate::segment::{LOG_SUFFIX, offset_path};
use crate::truncate::load_log_start_offset;
use producers::ProducerCheck;
use segment::check_segment;

/// Findings of one file that are listed; the others are counted.
const MAX_FINDINGS_PER_FILE: usize = 20;

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file.
    pub path: PathBuf,
    /// Where in the file.
    pub position: Option<u64>,
    /// The offset that it is about.
    pub offset: Option<i64>,
    /// What is wrong, as a sentence.
    pub problem: String,
}

/// What was looked over, and what is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// Base offset of the first segment.
    pub start_offset: i64,
    /// The offset after the last record.
    pub end_offset: i64,
    /// Segments.
    pub segments: usize,
    /// Batches with a valid checksum.
    pub batches: u64,
    /// Records in them.
    pub records: u64,
    /// Bytes of the `.log` files.
    pub size_bytes: u64,
    /// What is wrong, by segment.
    pub findings: Vec<Finding>,
}

/// Where findings go. So many are listed per file.
#[derive(Debug, Default)]
struct Findings {
    listed: Vec<Finding>,
    counts: BTreeMap<PathBuf, usize>,
}

impl Findings {
    fn add(&mut self, path: &Path, position: Option<u64>, offset: Option<i64>, problem: String) {
        let count = self.counts.entry(path.to_path_buf()).or_default();
        *count += 1;
        if *count <= MAX_FINDINGS_PER_FILE {
            self.listed.push(Finding { path: path.to_path_buf(), position, offset, problem });
        }
    }

    fn into_list(self) -> Vec<Finding> {
        let mut listed = self.listed;
        for (path, count) in self.counts {
            if let Some(more) = count.checked_sub(MAX_FINDINGS_PER_FILE).filter(|more| *more > 0) {
                let problem = format!("{more} more of the kind");
                listed.push(Finding { path, position: None, offset: None, problem });
            }
        }
        listed
    }
}

/// What is known of the batches up to some place of the log.
#[derive(Debug)]
struct Progress {
    report: CheckReport,
    findings: Findings,
    next_offset: i64,
    log_start_offset: i64,
    latest_epoch: i32,
    /// Stretches between segments that no batch covers, as (path of the segment behind, from, to).
    gaps: Vec<(PathBuf, i64, i64)>,
    /// Compaction was here: it leaves gaps everywhere, and what it removed cannot be held against anything.
    is_compacted: bool,
    epochs: Option<LeaderEpochs>,
}

/// Base offsets of the segments in a folder; none when it is not one of a partition.
pub(crate) fn segment_offsets(names: &[String]) -> Vec<i64> {
    let mut offsets: Vec<i64> =
        names.iter().filter_map(|name| offset_of(name, LOG_SUFFIX)).collect();
    offsets.sort_unstable();
    offsets
}

/// Whether a folder is one of a partition.
pub fn is_partition_folder(folder: &Path) -> Result<bool, LogError> {
    Ok(!segment_offsets(&disk::file_names(folder)?).is_empty())
}

/// Looks the folder of a partition over.
pub fn check_partition(folder: &Path) -> Result<CheckReport, LogError> {
    let names = disk::file_names(folder)?;
    let offsets = segment_offsets(&names);
    let Some(&start_offset) = offsets.first() else {
        return Ok(CheckReport::default());
    };
    let mut progress = Progress {
        report: CheckReport { start_offset, segments: offsets.len(), ..CheckReport::default() },
        findings: Findings::default(),
        next_offset: start_offset,
        log_start_offset: stored_log_start_offset(folder)?,
        latest_epoch: -1,
        gaps: Vec::new(),
        is_compacted: false,
        epochs: LeaderEpochs::load(folder)?,
    };
    let mut producers = ProducerCheck::new(folder, start_offset, &names, &mut progress.findings)?;
    for (index, &base_offset) in offsets.iter().enumerate() {
        if base_offset > progress.next_offset {
            let path = offset_path(folder, base_offset, LOG_SUFFIX);
            progress.gaps.push((path, progress.next_offset, base_offset));
        }
        let end_offset = offsets.get(index + 1).copied();
        check_segment(folder, base_offset, end_offset, &mut progress, &mut producers)?;
    }
    producers.finish(&mut progress);
    Ok(finish(folder, progress))
}

/// Where the log starts, as the folder or the checkpoint of its log dir says; 0 if neither does.
pub(crate) fn stored_log_start_offset(folder: &Path) -> Result<i64, LogError> {
    let own = load_log_start_offset(folder)?;
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let Some((topic, partition)) = name.rsplit_once('-') else { return Ok(own) };
    let (Some(log_dir), Ok(partition)) = (folder.parent(), partition.parse()) else {
        return Ok(own);
    };
    let offsets = checkpoints::read_offsets(&log_dir.join(checkpoints::LOG_START_OFFSET_FILE))?;
    Ok(offsets.get(&(topic.to_owned(), partition)).copied().unwrap_or(0).max(own))
}

fn finish(folder: &Path, mut progress: Progress) -> CheckReport {
    if !progress.is_compacted {
        for (path, from, to) in std::mem::take(&mut progress.gaps) {
            let problem = format!("offsets {from} to {} before it are in no segment", to - 1);
            progress.findings.add(&path, Some(0), Some(from), problem);
        }
    }
    if progress.latest_epoch >= 0 && progress.epochs.is_none() {
        let problem = "it is missing or damaged, and batches have leader epochs".to_owned();
        progress.findings.add(&folder.join(leader_epochs::FILE), None, None, problem);
    }
    CheckReport {
        end_offset: progress.next_offset,
        findings: progress.findings.into_list(),
        ..progress.report
    }
}
