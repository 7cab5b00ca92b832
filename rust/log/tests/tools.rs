//! Checking, truncating and importing the folders of partitions.

mod support;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use pybroker_log::{
    Finding, Log, LogConfig, LogError, OpenOptions, Origin, Shutdown, check_partition, checkpoints,
    is_partition_folder, is_unused, log_folders, place_import, stage_import, truncate_folder,
};
use pybroker_wire::TransactionOutcome::{Abort, Commit};
use pybroker_wire::Uuid;
use support::{
    NOW_MS, Place, Random, append, batch, marker, names, producer_batch, read_all, small_segments,
    transactional_batch,
};

const OTHER_ID: Uuid = Uuid([9; 16]);

/// Segments with producers, committed and aborted transactions, and two leader epochs.
fn fill(log: &mut Log) {
    for round in 0..40 {
        let leader_epoch = if round < 20 { 3 } else { 5 };
        let outcome = if round % 3 == 0 { Abort } else { Commit };
        for mut records in [
            producer_batch(1, 0, round * 2, 2),
            transactional_batch(2, 0, round * 3, 3),
            batch(&[b"value"]),
        ] {
            log.append(&mut records, leader_epoch, Origin::Client, NOW_MS).unwrap();
        }
        let mut records = marker(2, 0, outcome, 0);
        log.append(&mut records, leader_epoch, Origin::Coordinator, NOW_MS).unwrap();
    }
}

fn filled() -> Place {
    let place = Place::new();
    let mut log = place.open(small_segments(), Shutdown::Clean).unwrap();
    fill(&mut log);
    log.close(NOW_MS).unwrap();
    place
}

fn findings(place: &Place) -> Vec<Finding> {
    check_partition(&place.folder()).unwrap().findings
}

fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let read = |name: String| (name.clone(), std::fs::read(folder.join(name)).unwrap());
    names(folder).into_iter().map(read).collect()
}

fn flip(path: &Path, at: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[at] ^= 0x10;
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn a_sound_folder_has_no_findings_and_is_left_as_it_was() {
    let place = filled();
    let before = contents(&place.folder());
    assert!(is_partition_folder(&place.folder()).unwrap());
    assert!(!is_partition_folder(place.log_dir()).unwrap());
    let report = check_partition(&place.folder()).unwrap();
    assert_eq!(report.findings, []);
    assert_eq!((report.start_offset, report.end_offset, report.batches), (0, 280, 160));
    assert_eq!(report.records, 280);
    assert!(report.segments > 3);
    assert_eq!(contents(&place.folder()), before);
}

#[test]
fn a_log_whose_beginning_was_deleted_has_no_findings() {
    let place = filled();
    let mut log = place.open(small_segments(), Shutdown::Clean).unwrap();
    let start_offset = log.segments()[2].base_offset;
    log.delete_before(start_offset + 1).unwrap();
    log.close(NOW_MS).unwrap();
    let report = check_partition(&place.folder()).unwrap();
    assert_eq!(report.findings, []);
}

#[test]
fn every_byte_of_a_log_that_changed_is_found_with_its_place() {
    let place = filled();
    let path = place.log_files()[1].clone();
    let sound = std::fs::read(&path).unwrap();
    for at in (0..sound.len()).step_by(29) {
        flip(&path, at);
        let found = findings(&place);
        let in_log: Vec<_> = found.iter().filter(|finding| finding.path == path).collect();
        let is_epoch = found.iter().any(|finding| finding.problem.contains("leader epoch"));
        assert!(!in_log.is_empty() || is_epoch, "byte {at}: {found:?}");
        for finding in in_log {
            let has_place = finding.position.is_some() && finding.offset.is_some();
            assert!(has_place, "byte {at}: {finding:?}");
        }
        std::fs::write(&path, &sound).unwrap();
    }
    assert_eq!(findings(&place), []);
}

#[test]
fn damage_in_one_batch_is_told_once_and_the_look_goes_on() {
    let place = filled();
    let path = place.log_files()[0].clone();
    // Within the first record of the third batch.
    let third = std::fs::read(&path).unwrap();
    let sizes: Vec<usize> = pybroker_wire::Batches::new(&third)
        .take(3)
        .map(|batch| batch.unwrap().bytes.len())
        .collect();
    let position = sizes[0] + sizes[1];
    flip(&path, position + 70);
    let found = findings(&place);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].position, found[0].offset), (Some(position as u64), Some(5)));
    assert!(found[0].problem.contains("checksum"), "{found:?}");
    // A length that is wrong hides where the next batch begins.
    flip(&path, position + 70);
    flip(&path, position + 10);
    let found = findings(&place);
    assert_eq!(found[0].position, Some(position as u64));
    assert!(found[0].problem.contains("are no batch"), "{found:?}");
    let report = check_partition(&place.folder()).unwrap();
    assert_eq!(report.batches, 159);
}

#[test]
fn a_torn_tail_and_a_missing_segment_are_told() {
    let place = filled();
    let logs = place.log_files();
    let mut bytes = std::fs::read(logs.last().unwrap()).unwrap();
    let len = bytes.len();
    bytes.extend([0; 13]);
    std::fs::write(logs.last().unwrap(), &bytes).unwrap();
    let found = findings(&place);
    assert_eq!((found.len(), found[0].position), (1, Some(len as u64)), "{found:?}");
    assert!(found[0].problem.contains("the next start cuts them"), "{found:?}");
    std::fs::write(logs.last().unwrap(), &bytes[..len]).unwrap();
    std::fs::remove_file(&logs[1]).unwrap();
    let found = findings(&place);
    assert!(found.iter().any(|finding| finding.problem.contains("are in no segment")), "{found:?}");
}

#[test]
fn files_beside_the_log_are_held_against_it() {
    let place = filled();
    let suffixes = [".index", ".timeindex", ".txnindex", ".snapshot", "leader-epoch-checkpoint"];
    for suffix in suffixes {
        let path = place.files(suffix)[0].clone();
        let sound = std::fs::read(&path).unwrap();
        assert!(!sound.is_empty(), "{suffix}");
        // Another offset of the same batch is as good in a time index.
        let is_told = |at: &usize| suffix != ".timeindex" || at % 12 < 8;
        for at in (0..sound.len()).filter(is_told) {
            flip(&path, at);
            let found = findings(&place);
            assert!(found.iter().any(|one| one.path == path), "byte {at} of {suffix}: {found:?}");
            std::fs::write(&path, &sound).unwrap();
        }
    }
    for suffix in [".index", ".timeindex", ".txnindex", "leader-epoch-checkpoint"] {
        let path = place.files(suffix)[0].clone();
        let sound = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let found = findings(&place);
        assert!(found.iter().any(|one| one.path == path), "without {suffix}: {found:?}");
        std::fs::write(&path, &sound).unwrap();
    }
    assert_eq!(findings(&place), []);
}

#[test]
fn truncating_a_folder_leaves_a_sound_log_and_says_what_went() {
    for offset in [0, 1, 7, 100, 199, 279] {
        let place = filled();
        let whole: u64 =
            place.log_files().iter().map(|path| std::fs::metadata(path).unwrap().len()).sum();
        let truncated = truncate_folder(&place.folder(), offset, NOW_MS).unwrap().unwrap();
        let report = check_partition(&place.folder()).unwrap();
        assert_eq!(report.findings, [], "at {offset}");
        assert_eq!(report.end_offset, truncated.log_end_offset);
        assert!(truncated.log_end_offset <= offset && truncated.log_end_offset > offset - 3);
        assert_eq!(report.size_bytes + truncated.removed_bytes, whole);
        let log = place.open(small_segments(), Shutdown::Clean).unwrap();
        assert_eq!(log.state().log_end_offset, truncated.log_end_offset);
    }
    let place = filled();
    assert_eq!(truncate_folder(&place.folder(), 280, NOW_MS).unwrap(), None);
}

#[test]
fn what_follows_a_truncation_is_not_taken_for_compacted() {
    for cleaned_to in [5, 250] {
        let place = filled();
        let folder = place.folder();
        let log_dir = folder.parent().unwrap();
        let name = log_folders(log_dir).unwrap().remove(0);
        let path = log_dir.join(checkpoints::CLEANER_OFFSET_FILE);
        let other = ("other".to_owned(), 3);
        let offsets = [(name.clone(), cleaned_to), (other.clone(), 200)];
        checkpoints::write_offsets(&path, &offsets.into()).unwrap();
        let end = truncate_folder(&folder, 100, NOW_MS).unwrap().unwrap().log_end_offset;
        let found = checkpoints::read_offsets(&path).unwrap();
        assert_eq!((found[&name], found[&other]), (cleaned_to.min(end), 200));
    }
}

#[test]
fn a_damaged_log_opens_again_when_it_was_truncated_at_the_damage() {
    let place = filled();
    let path = place.log_files()[2].clone();
    flip(&path, 100);
    let damage = findings(&place).remove(0);
    let error = place.open(small_segments(), support::UNCLEAN).unwrap_err();
    let LogError::Corrupt { offset, .. } = &error else { panic!("{error}") };
    assert_eq!(Some(*offset), damage.offset);
    let before = contents(&place.folder());
    let refused = truncate_folder(&place.folder(), offset + 50, NOW_MS).unwrap_err();
    assert!(refused.to_string().contains("nothing was changed"), "{refused}");
    assert_eq!(contents(&place.folder()), before);
    let truncated = truncate_folder(&place.folder(), *offset, NOW_MS).unwrap().unwrap();
    assert_eq!(truncated.log_end_offset, *offset);
    assert_eq!(findings(&place), []);
    place.open(small_segments(), support::UNCLEAN).unwrap();
}

fn stage(source: &Path, log_dir: &Path) -> Result<pybroker_log::StagedLog, LogError> {
    let config = Arc::new(small_segments());
    stage_import(source, &log_dir.join("copied-4"), OTHER_ID, config, NOW_MS)
}

fn open_imported(log_dir: &Path) -> Log {
    let options = OpenOptions {
        topic_id: OTHER_ID,
        config: Arc::new(small_segments()),
        shutdown: Shutdown::Clean,
        log_start_offset: 0,
        now_ms: NOW_MS,
    };
    Log::open(&log_dir.join("copied-4"), options).unwrap()
}

#[test]
fn an_imported_log_says_what_its_source_says() {
    let place = filled();
    let mut source = place.open(small_segments(), Shutdown::Clean).unwrap();
    let mut open = transactional_batch(2, 0, 120, 1);
    source.append(&mut open, 5, Origin::Client, NOW_MS).unwrap();
    let start_offset = source.segments()[1].base_offset + 1;
    source.delete_before(start_offset).unwrap();
    let expected = (source.state(), source.aborted_in(0..281).unwrap());
    let records = read_all(&mut source, start_offset);
    source.close(NOW_MS).unwrap();
    let before = contents(&place.folder());

    let target = Place::new();
    let staged = stage(&place.folder(), target.log_dir()).unwrap();
    assert_eq!(staged.torn_bytes, 0);
    assert!(is_unused(&target.log_dir().join("copied-4")).unwrap());
    place_import(&staged.folder, target.log_dir(), "copied", 4, 281).unwrap();
    assert!(!is_unused(&target.log_dir().join("copied-4")).unwrap());
    assert_eq!(contents(&place.folder()), before, "the source is as it was");
    let path = target.log_dir().join(checkpoints::RECOVERY_POINT_FILE);
    assert_eq!(checkpoints::read_offsets(&path).unwrap()[&("copied".to_owned(), 4)], 281);

    let mut log = open_imported(target.log_dir());
    let state = log.state();
    assert_eq!(state.log_start_offset, expected.0.log_start_offset);
    assert_eq!(state.last_stable_offset, expected.0.last_stable_offset);
    assert_eq!((state.log_end_offset, state.leader_epoch), (281, 5));
    assert_eq!(log.aborted_in(0..281).unwrap(), expected.1);
    assert_eq!(read_all(&mut log, start_offset), records);
    assert_eq!(log.end_offset_for_epoch(3), Some((3, 140)));
    let retry = append(&mut log, &mut producer_batch(1, 0, 78, 2)).unwrap();
    assert!(retry.duplicate, "producers are known");
}

#[test]
fn the_sources_checkpoint_says_where_its_log_starts() {
    let place = filled();
    let path = place.log_dir().join(checkpoints::LOG_START_OFFSET_FILE);
    std::fs::write(path, "0\n1\npayments 0 77\n").unwrap();
    let target = Place::new();
    let staged = stage(&place.folder(), target.log_dir()).unwrap();
    assert_eq!(staged.state.log_start_offset, 77);
    place_import(&staged.folder, target.log_dir(), "copied", 4, 280).unwrap();
    assert_eq!(open_imported(target.log_dir()).state().log_start_offset, 77);
}

#[test]
fn what_cannot_be_imported_is_refused_and_leaves_nothing() {
    let place = filled();
    let target = Place::new();
    let no_partition = stage(place.log_dir(), target.log_dir()).unwrap_err();
    assert!(no_partition.to_string().contains("not the folder of a partition"), "{no_partition}");
    let path: PathBuf = place.log_files()[1].clone();
    flip(&path, 70);
    let corrupt = stage(&place.folder(), target.log_dir()).unwrap_err();
    let LogError::Corrupt { path: named, position, .. } = &corrupt else { panic!("{corrupt}") };
    assert_eq!((named, *position), (&path, 0));
    assert!(names(target.log_dir()).is_empty());
}

#[test]
fn a_torn_tail_is_not_imported_and_counted() {
    let place = filled();
    let path = place.log_files().pop().unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.extend([0xaa; 40]);
    std::fs::write(&path, bytes).unwrap();
    let target = Place::new();
    let staged = stage(&place.folder(), target.log_dir()).unwrap();
    assert_eq!((staged.torn_bytes, staged.state.log_end_offset), (40, 280));
}

#[test]
fn a_log_without_records_may_be_replaced() {
    let target = Place::new();
    target.open(LogConfig::default(), Shutdown::Clean).unwrap().close(NOW_MS).unwrap();
    assert!(is_unused(&target.folder()).unwrap());
    let mut log = target.create();
    append(&mut log, &mut batch(&[b"x"])).unwrap();
    log.close(NOW_MS).unwrap();
    assert!(!is_unused(&target.folder()).unwrap());
    let mut random = Random(1);
    assert!(is_unused(&target.log_dir().join(format!("none-{}", random.below(9)))).unwrap());
}
