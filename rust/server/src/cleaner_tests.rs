//! The cleaner: which log comes first, what it leaves behind, and what disturbs it.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use pybroker_log::{LogConfig, Origin, checkpoints};
use pybroker_wire::BatchBuilder;

use crate::cleaner::{Cleaned, Cleaner, CleanerOptions};
use crate::mailbox::Mail;
use crate::partition::Partition;
use crate::testing::{Fixture, NODE};

/// How long a run may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);
const NOW_MS: i64 = 1_700_000_000_000;

fn compacted() -> LogConfig {
    LogConfig {
        compacted: true,
        deletes: false,
        segment_bytes: 4_096,
        min_cleanable_dirty_ratio: 0.1,
        timestamp_after_max_ms: i64::MAX,
        ..LogConfig::default()
    }
}

/// Appends values of a few keys.
fn append(partition: &Partition, records: usize) {
    for record in 0..records {
        let key = [(record % 5) as u8];
        let mut builder = BatchBuilder::new(0);
        builder.append(NOW_MS, Some(&key), Some(&[7; 200]), &[]);
        let mut bytes = Vec::new();
        builder.build(&mut bytes).unwrap();
        partition.append(&mut bytes, 0, Origin::Client, NOW_MS).unwrap();
    }
}

struct Place {
    fixture: Fixture,
    cleaner: Arc<Cleaner>,
    partitions: Vec<Arc<Partition>>,
}

impl Place {
    fn new(options: CleanerOptions, configs: &[LogConfig]) -> Self {
        let fixture = Fixture::new();
        let mut partitions = Vec::new();
        for (index, config) in configs.iter().enumerate() {
            let name = format!("topic-{index}");
            fixture.create_with(&name, &[(NODE, 0)], config.clone());
            partitions.push(fixture.partition(&name, 0));
        }
        let cleaner = Arc::new(Cleaner::new(options, &[log_dir(&partitions[0])]));
        Self { fixture, cleaner, partitions }
    }

    /// One log with so much to clean that a pass at this pace takes longer than a test has patience.
    fn slow(io_max_bytes_per_second: f64) -> Self {
        let options = CleanerOptions { io_max_bytes_per_second, ..CleanerOptions::default() };
        let config = LogConfig { segment_bytes: 1 << 20, ..compacted() };
        let place = Self::new(options, &[config]);
        append(&place.partitions[0], 5_000);
        place.partitions[0].with_log(|log| log.roll(NOW_MS)).unwrap().unwrap();
        append(&place.partitions[0], 1);
        place
    }

    /// Begin a run, whose end is received.
    fn begin(&self, now_ms: i64) -> Receiver<Cleaned> {
        let (sender, receiver) = channel();
        let done = move |cleaned| sender.send(cleaned).unwrap();
        self.cleaner.run(&self.fixture.shared, self.partitions.clone(), now_ms, done);
        receiver
    }

    fn run(&self, now_ms: i64) -> Cleaned {
        self.begin(now_ms).recv_timeout(PATIENCE).unwrap()
    }

    fn checkpoint(&self) -> Vec<((String, i32), i64)> {
        let path = log_dir(&self.partitions[0]).join(checkpoints::CLEANER_OFFSET_FILE);
        checkpoints::read_offsets(&path).unwrap().into_iter().collect()
    }
}

fn folder(partition: &Partition) -> PathBuf {
    partition.with_log(|log| log.folder().to_path_buf()).unwrap()
}

fn log_dir(partition: &Partition) -> PathBuf {
    folder(partition).parent().unwrap().to_path_buf()
}

fn size(partition: &Partition) -> u64 {
    partition.state().unwrap().size_bytes
}

#[test]
fn other_options_hold_from_the_next_run() {
    let none = CleanerOptions { threads: 0, ..CleanerOptions::default() };
    let place = Place::new(none, &[compacted(), compacted()]);
    place.partitions.iter().for_each(|partition| append(partition, 100));
    assert_eq!(place.run(NOW_MS).passes, 0);
    for threads in [2, 1] {
        place.cleaner.reconfigure(CleanerOptions { threads, ..CleanerOptions::default() });
        assert_eq!(place.run(NOW_MS).passes, 2);
        place.partitions.iter().for_each(|partition| append(partition, 100));
    }
}

#[test]
fn a_pass_under_way_goes_on_at_another_pace() {
    let place = Place::slow(10.0);
    let ended = place.begin(NOW_MS);
    assert!(ended.recv_timeout(Duration::from_millis(50)).is_err(), "it is slow");
    place.cleaner.reconfigure(CleanerOptions::default());
    assert_eq!(ended.recv_timeout(PATIENCE).unwrap().passes, 1);
}

#[test]
fn a_large_log_does_not_hold_up_the_small_ones() {
    let mut place = Place::slow(10.0);
    let large = place.begin(NOW_MS);
    let options = CleanerOptions { io_max_bytes_per_second: 10.0, ..CleanerOptions::default() };
    place.fixture.create_with("small", &[(NODE, 0)], compacted());
    place.partitions.push(place.fixture.partition("small", 0));
    append(&place.partitions[1], 100);
    assert_eq!(place.run(NOW_MS), Cleaned::default(), "the only thread is at work");

    place.cleaner.reconfigure(CleanerOptions { threads: 2, ..options });
    assert_eq!(place.run(NOW_MS).passes, 1);
    assert!(large.try_recv().is_err(), "it is slow");
    place.cleaner.reconfigure(CleanerOptions::default());
    assert_eq!(large.recv_timeout(PATIENCE).unwrap().passes, 1);
    assert_eq!(place.run(NOW_MS), Cleaned::default(), "nothing is dirty");
}

#[test]
fn a_run_cleans_what_is_dirty_and_remembers_how_far() {
    let plain = LogConfig { compacted: false, ..compacted() };
    for threads in [1, 3] {
        let options = CleanerOptions { threads, ..CleanerOptions::default() };
        let place = Place::new(options, &[compacted(), plain.clone(), compacted()]);
        place.partitions.iter().for_each(|partition| append(partition, 100));
        let before: Vec<_> = place.partitions.iter().map(|each| size(each)).collect();
        let cleaned = place.run(NOW_MS);
        assert_eq!((cleaned.passes, cleaned.failures), (2, 0));
        let after: Vec<_> = place.partitions.iter().map(|each| size(each)).collect();
        assert!(after[0] < before[0] / 4);
        assert_eq!(after[1], before[1], "its policy is delete");
        let freed: u64 = before.iter().sum::<u64>() - after.iter().sum::<u64>();
        assert_eq!(cleaned.freed_bytes, freed as i64);

        let names: Vec<_> = place.checkpoint().into_iter().map(|(name, _)| name.0).collect();
        assert_eq!(names, [place.partitions[0].topic(), place.partitions[2].topic()]);
        let numbers = place.cleaner.numbers();
        assert_eq!(numbers.logs.len(), 2);
        assert_eq!(numbers.last_run_ms, NOW_MS);
        assert!(numbers.logs.iter().all(|log| log.cleaned_bytes > 0 && log.dirty_ratio == 0.0));
        assert_eq!(place.run(NOW_MS), Cleaned::default(), "nothing is dirty");

        // Another cleaner, as after a restart, goes on where this one was.
        let again = Cleaner::new(CleanerOptions::default(), &[log_dir(&place.partitions[0])]);
        let place = Place { cleaner: Arc::new(again), ..place };
        assert_eq!(place.run(NOW_MS), Cleaned::default());
        place.cleaner.forget(&[(names[0].clone(), 0)]).unwrap();
        assert_eq!(place.checkpoint().len(), 1, "a deleted topic is forgotten");
    }
}

#[test]
fn how_dirty_a_log_was_is_forgotten_with_its_policy_and_with_the_log() {
    let place = Place::new(CleanerOptions::default(), &[compacted(), compacted()]);
    // No log is dirtier than that, so nothing is cleaned.
    let dirty = LogConfig { min_cleanable_dirty_ratio: 1.0, ..compacted() };
    for partition in &place.partitions {
        append(partition, 100);
        partition.with_log(|log| log.set_config(dirty.clone().into())).unwrap();
    }
    let topics = || {
        let numbers = place.cleaner.numbers();
        (numbers.max_dirty_percent, numbers.logs.into_iter().map(|log| log.topic).collect())
    };
    let named = |of: &[usize]| -> Vec<String> {
        of.iter().map(|index| place.partitions[*index].topic().to_owned()).collect()
    };
    place.run(NOW_MS);
    assert_eq!(topics(), (100, named(&[0, 1])));
    place.cleaner.forget(&[(place.partitions[0].topic().to_owned(), 0)]).unwrap();
    assert_eq!(topics(), (100, named(&[1])));

    for partition in &place.partitions {
        partition.with_log(|log| log.set_config(LogConfig::default().into())).unwrap();
    }
    place.run(NOW_MS);
    assert_eq!(topics(), (0, named(&[])));
}

#[test]
fn a_log_that_cannot_be_cleaned_is_reported_once_and_the_others_go_on() {
    let place = Place::new(CleanerOptions::default(), &[compacted(), compacted()]);
    place.partitions.iter().for_each(|partition| append(partition, 100));
    let folder = folder(&place.partitions[0]);
    let segment = folder.join("00000000000000000000.log");
    let mut bytes = fs::read(&segment).unwrap();
    bytes[100] ^= 1;
    fs::write(&segment, bytes).unwrap();
    let cleaned = place.run(NOW_MS);
    assert_eq!((cleaned.passes, cleaned.failures), (1, 1));
    let mail = place.fixture.shared.mailbox.take(10);
    assert!(
        matches!(&mail[..], [Mail::CleaningFailed { partition: 0, reason, .. }] if reason.contains("00000000000000000000.log")),
        "{mail:?}"
    );
    let numbers = place.cleaner.numbers();
    let reasons: Vec<_> = numbers.logs.iter().map(|log| log.uncleanable_reason.is_some()).collect();
    assert_eq!(reasons, [true, false]);
    assert_eq!(place.run(NOW_MS), Cleaned::default());
    assert!(place.fixture.shared.mailbox.take(10).is_empty());
    append(&place.partitions[0], 1);
}

#[test]
fn what_is_overdue_comes_before_what_is_filthy() {
    let lazy =
        LogConfig { min_cleanable_dirty_ratio: 1.0, max_compaction_lag_ms: 1_000, ..compacted() };
    let place = Place::new(CleanerOptions::default(), &[compacted(), lazy]);
    place.partitions.iter().for_each(|partition| append(partition, 100));
    assert_eq!(place.run(NOW_MS).passes, 1, "the lazy one is not due");
    place.partitions.iter().for_each(|partition| append(partition, 100));
    let cleaned = place.run(NOW_MS + 5_000);
    assert_eq!(cleaned.passes, 2);
    let numbers = place.cleaner.numbers();
    assert_eq!(numbers.max_compaction_delay_ms, 0, "nothing is overdue any more");
}

#[test]
fn a_cleaner_that_is_closed_touches_nothing_any_more() {
    let place = Place::slow(10.0);
    let receiver = place.begin(NOW_MS);
    assert!(receiver.try_recv().is_err());
    place.cleaner.close();
    assert_eq!(receiver.recv_timeout(PATIENCE).unwrap().passes, 0);
    assert_eq!(place.run(NOW_MS), Cleaned::default(), "and begins nothing");
    let folder = folder(&place.partitions[0]);
    let mut names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(!names.any(|name| name.to_string_lossy().ends_with(".cleaned")));
}

#[test]
fn a_log_that_is_deleted_ends_its_pass_and_the_others_go_on() {
    let place = Place::slow(1_000.0);
    let receiver = place.begin(NOW_MS);
    let folder = folder(&place.partitions[0]);
    let deleted = place.partitions[0].delete().unwrap().unwrap();
    deleted.set_aside().and_then(|()| deleted.unlink()).unwrap();
    let cleaned = receiver.recv_timeout(PATIENCE).unwrap();
    assert_eq!((cleaned.passes, cleaned.failures), (0, 0));
    assert!(!folder.exists());
    assert!(place.fixture.shared.mailbox.take(10).is_empty(), "nothing is wrong with that");
}

#[test]
fn a_disabled_cleaner_does_nothing() {
    let options = CleanerOptions { is_enabled: false, ..CleanerOptions::default() };
    let place = Place::new(options, &[compacted()]);
    append(&place.partitions[0], 100);
    assert_eq!(place.run(NOW_MS), Cleaned::default());
}

#[test]
fn records_come_and_go_while_a_log_is_cleaned() {
    let place = Place::new(CleanerOptions::default(), &[compacted()]);
    let partition = Arc::clone(&place.partitions[0]);
    append(&partition, 200);
    let writer = {
        let partition = Arc::clone(&partition);
        std::thread::spawn(move || append(&partition, 2_000))
    };
    let mut passes = 0;
    while !writer.is_finished() || passes == 0 {
        passes += place.run(NOW_MS).passes;
    }
    writer.join().unwrap();
    place.run(NOW_MS);
    assert_eq!(partition.state().unwrap().log_end_offset, 2_200);
    assert!(size(&partition) < 40_000, "{}", size(&partition));
}
