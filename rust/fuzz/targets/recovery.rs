//! Damaged files of a partition, given to recovery and then to readers: no panic, no hang, no more memory than the files are worth.
//!
//! An input is a list of edits of a sound folder. The first byte says how the log was left; each edit says which file, what
//! happens to it, where, and with which bytes. Checksums may be put right again after the edits, so that what they guard is
//! reached.
#![no_main]

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use pybroker_log::simulated::SimulatedDisk;
use pybroker_log::{
    Log, LogConfig, OpenOptions, Origin, Shutdown, check_partition, checkpoints, truncate_folder,
};
use pybroker_wire::batch::{Attributes, BatchHeader};
use pybroker_wire::crc32c::crc32c;
use pybroker_wire::{BatchBuilder, Compression, TransactionMarker, TransactionOutcome, Uuid};

const NOW_MS: i64 = 1_700_000_000_000;
const MAX_READS: usize = 64;
const MAX_READ_BYTES: usize = 1 << 20;
/// Bytes in front of an edit's own: file, action, position, length.
const EDIT_BYTES: usize = 6;
/// Where a batch's checksum stands, and what it covers.
const CRC_AT: usize = 17;
const CHECKED_FROM: usize = 21;

/// The sound folder: names below the log dir, and contents.
static SOUND: LazyLock<Vec<(PathBuf, Vec<u8>)>> = LazyLock::new(|| {
    let disk = SimulatedDisk::new(0);
    let folder = disk.root().join("payments-0");
    let mut log = Log::open(&folder, options(Shutdown::Clean)).unwrap();
    fill(&mut log);
    let end = log.state().log_end_offset;
    log.close(NOW_MS).unwrap();
    let offsets = [(("payments".to_owned(), 0), end)].into();
    let root = disk.root();
    checkpoints::write_offsets(&root.join(checkpoints::RECOVERY_POINT_FILE), &offsets).unwrap();
    checkpoints::write_offsets(&root.join(checkpoints::LOG_START_OFFSET_FILE), &offsets).unwrap();
    let mut paths = disk.files(&folder);
    paths.push(root.join(checkpoints::RECOVERY_POINT_FILE));
    paths.push(root.join(checkpoints::LOG_START_OFFSET_FILE));
    let relative = |path: &Path| path.strip_prefix(&root).unwrap().to_path_buf();
    paths.iter().map(|path| (relative(path), disk.content(path).unwrap())).collect()
});

fn options(shutdown: Shutdown) -> OpenOptions {
    let config = LogConfig {
        segment_bytes: 2_000,
        index_interval_bytes: 100,
        timestamp_after_max_ms: i64::MAX,
        ..LogConfig::default()
    };
    OpenOptions {
        topic_id: Uuid([7; 16]),
        config: Arc::new(config),
        shutdown,
        log_start_offset: 0,
        now_ms: NOW_MS,
    }
}

fn fill(log: &mut Log) {
    let codecs = [Compression::None, Compression::Gzip, Compression::Lz4, Compression::Zstd];
    for round in 0..24 {
        let mut builder = BatchBuilder::new(0).compression(codecs[round % 4], None);
        if round % 2 == 0 {
            let attributes = Attributes::default().with_transactional();
            builder = builder.producer(5, 0, round as i32 / 2 * 3).attributes(attributes);
        }
        for record in 0..3 {
            builder.append(NOW_MS + record, Some(b"key"), Some(&[round as u8; 40]), &[]);
        }
        append(log, builder);
        if round % 6 == 4 {
            let mut bytes = Vec::new();
            let outcome = TransactionOutcome::Abort;
            let marker = TransactionMarker { outcome, coordinator_epoch: 0 };
            marker.encode(5, 0, NOW_MS, &mut bytes).unwrap();
            log.append(&mut bytes, round as i32 / 8, Origin::Coordinator, NOW_MS).unwrap();
        }
    }
}

fn append(log: &mut Log, builder: BatchBuilder) {
    let mut bytes = Vec::new();
    builder.build(&mut bytes).unwrap();
    let _ = log.append(&mut bytes, 3, Origin::Client, NOW_MS);
}

/// Makes the edits, and gives the files.
fn damaged(mut edits: &[u8]) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = SOUND.clone();
    let mut mends = false;
    while let Some((edit, rest)) = edits.split_first_chunk::<EDIT_BYTES>() {
        let [file, action, position @ .., length] = *edit;
        let (bytes, rest) = rest.split_at(usize::from(length).min(rest.len()));
        edits = rest;
        let index = usize::from(file) % files.len();
        let content = &mut files[index].1;
        let position = usize::from(u16::from_be_bytes([position[0], position[1]])
            ^ u16::from(position[2]))
            .min(content.len());
        let end = (position + bytes.len()).min(content.len());
        match action % 7 {
            0 => content[position..end].copy_from_slice(&bytes[..end - position]),
            1 => content.truncate(position),
            2 => content.splice(position..position, bytes.iter().copied()).for_each(drop),
            3 => content.drain(position..end).for_each(drop),
            4 => *content = bytes.to_vec(),
            5 => {
                files.remove(index);
            }
            _ => mends = true,
        }
        if files.is_empty() {
            break;
        }
    }
    if mends {
        for (path, content) in &mut files {
            if path.extension().is_some_and(|extension| extension == "log") {
                mend(content);
            }
        }
    }
    files
}

/// Puts the checksums of all batches right.
fn mend(content: &mut [u8]) {
    let mut rest = content;
    while let Ok(header) = BatchHeader::decode(rest) {
        let size = header.size_bytes();
        if size > rest.len() || size < CHECKED_FROM {
            return;
        }
        let (batch, behind) = rest.split_at_mut(size);
        let crc = crc32c(&batch[CHECKED_FROM..]);
        batch[CRC_AT..CHECKED_FROM].copy_from_slice(&crc.to_be_bytes());
        rest = behind;
    }
}

/// Everything that may be asked of a log.
fn use_log(mut log: Log) {
    let state = log.state();
    let mut offset = state.log_start_offset;
    for round in 0..MAX_READS {
        let Ok(slice) = log.read(offset, MAX_READ_BYTES, state.log_end_offset, true) else { break };
        let bytes = slice.to_vec().unwrap();
        let Ok(header) = BatchHeader::decode(&bytes) else { break };
        if header.last_offset() < offset {
            break;
        }
        let _ = log.read_committed(offset, 100 * round, state.last_stable_offset, false);
        let _ = log.epoch_at(offset);
        offset = header.last_offset().saturating_add(1);
    }
    let _ = log.find_by_timestamp(NOW_MS + 1);
    let _ = log.max_timestamp();
    let _ = log.aborted_in(state.log_start_offset..state.log_end_offset);
    let _ = log.end_offset_for_epoch(2);
    let mut builder = BatchBuilder::new(0);
    builder.append(NOW_MS, Some(b"key"), Some(b"more"), &[]);
    append(&mut log, builder);
    let _ = log.roll(NOW_MS);
    let middle = state.log_start_offset.midpoint(state.log_end_offset);
    let _ = log.truncate_to(middle.saturating_add(1), NOW_MS);
    let _ = log.delete_before(middle);
    let _ = log.close(NOW_MS);
}

fuzz_target!(|bytes: &[u8]| {
    let Some((&how, edits)) = bytes.split_first() else { return };
    let disk = SimulatedDisk::new(0);
    let folder = disk.root().join("payments-0");
    disk.make_folder(&folder);
    for (path, content) in damaged(edits) {
        disk.put(&disk.root().join(path), content);
    }
    let offsets = checkpoints::read_offsets(&disk.root().join(checkpoints::RECOVERY_POINT_FILE));
    let recovery_point = offsets.unwrap().values().next().copied().unwrap_or(0);
    let shutdown = match how % 3 {
        0 => Shutdown::Clean,
        1 => Shutdown::Unclean { recovery_point: 0 },
        _ => Shutdown::Unclean { recovery_point },
    };
    if how >= 128 {
        let _ = check_partition(&folder);
    }
    match Log::open(&folder, options(shutdown)) {
        Ok(log) => use_log(log),
        Err(pybroker_log::LogError::Corrupt { offset, .. }) => {
            let _ = truncate_folder(&folder, offset, NOW_MS);
            if let Ok(log) = Log::open(&folder, options(Shutdown::Unclean { recovery_point: 0 })) {
                use_log(log);
            }
        }
        Err(_) => {}
    }
});
