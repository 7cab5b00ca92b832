//! Compaction while something else happens: it is stopped, its log changes or is read, a batch is damaged.

mod compacting;
mod support;

use compacting::{append, compact_with, compacted, latest, read_uncommitted};
use pybroker_log::{
    CompactionError, CompactionStep, DeletedFiles, FullSpeed, LogConfig, OffsetMap, Shutdown,
    Throttle,
};
use support::{NOW_MS, Place, UNCLEAN};

/// Stops after so many questions.
#[derive(Debug)]
struct StopAfter(usize);

impl Throttle for StopAfter {
    fn spend(&mut self, _bytes: usize) -> bool {
        let goes_on = self.0 > 0;
        self.0 = self.0.saturating_sub(1);
        goes_on
    }
}

#[test]
fn a_pass_that_is_stopped_leaves_nothing_behind() {
    let place = Place::new();
    let config = LogConfig { segment_bytes: 200_000, ..compacted() };
    let mut log = place.open(config, Shutdown::Clean).unwrap();
    let value = "v".repeat(1_000);
    for key in 0..600 {
        append(&mut log, &[(&format!("key-{}", key % 300), Some(&value))]);
    }
    log.roll(NOW_MS).unwrap();
    append(&mut log, &[("x", Some("1"))]);
    let expected = latest(&read_uncommitted(&mut log));
    let mut has_ended = false;
    for stop_after in 0..100 {
        let mut map = OffsetMap::new(compacting::MAP_BYTES, 0.9);
        let mut throttle = StopAfter(stop_after);
        let mut job = log.begin_compaction(None, NOW_MS).unwrap().unwrap();
        loop {
            let outcome = job.run(&mut map, &mut throttle);
            job.take_deleted().iter().try_for_each(DeletedFiles::unlink).unwrap();
            match log.finish_compaction(job, outcome).unwrap() {
                CompactionStep::Continue(next) => job = next,
                CompactionStep::Abandoned => break,
                CompactionStep::Done(_) => {
                    has_ended = true;
                    break;
                }
            }
        }
        assert_eq!(latest(&read_uncommitted(&mut log)), expected);
        for name in [".cleaned", ".swap", ".deleted"] {
            assert!(place.files(name).is_empty(), "after {stop_after}");
        }
    }
    assert!(has_ended);
}

#[test]
fn a_log_that_changes_under_a_pass_keeps_the_change() {
    // Whatever happens after so many steps of the pass, it is what the log says afterwards.
    for steps in 0..12 {
        for change in ["truncate", "delete"] {
            let place = Place::new();
            let mut log = place.open(compacted(), Shutdown::Clean).unwrap();
            for round in 0..30 {
                append(&mut log, &[("a", Some("1")), (&format!("key-{round}"), Some("2"))]);
                if round % 10 == 9 {
                    log.roll(NOW_MS).unwrap();
                }
            }
            append(&mut log, &[("x", Some("1"))]);
            let mut map = OffsetMap::new(compacting::MAP_BYTES, 0.9);
            let mut next = log.begin_compaction(None, NOW_MS).unwrap();
            let mut step = 0;
            let mut is_changed = false;
            while let Some(mut job) = next.take() {
                if step >= steps && !is_changed && !job.is_swapping() {
                    is_changed = true;
                    match change {
                        "truncate" => log.truncate_to(25, NOW_MS).unwrap(),
                        _ => assert_eq!(log.delete_before(25).unwrap(), 25),
                    }
                }
                let outcome = job.run(&mut map, &mut FullSpeed);
                if let CompactionStep::Continue(more) = log.finish_compaction(job, outcome).unwrap()
                {
                    next = Some(more);
                }
                step += 1;
            }
            let records = read_uncommitted(&mut log);
            let end = log.state().log_end_offset;
            if is_changed && change == "truncate" {
                assert!(end <= 25, "step {steps}: {end}");
                assert!(records.iter().all(|record| record.offset < 25));
            } else if is_changed {
                assert!(records.iter().all(|record| record.offset >= 24), "step {steps}");
            }
            append(&mut log, &[("y", Some("1"))]);
            let (records, state) = (read_uncommitted(&mut log), log.state());
            drop(log);
            let mut log = place.open(compacted(), UNCLEAN).unwrap();
            assert_eq!(read_uncommitted(&mut log), records, "{change} at step {steps}");
            assert_eq!(log.state().log_end_offset, state.log_end_offset);
            assert!(log.begin_compaction(None, NOW_MS).is_ok());
        }
    }
}

#[test]
fn a_pass_does_not_call_clean_what_is_appended_after_a_truncation() {
    let mut cuts = 0;
    for steps in 0..12 {
        let place = Place::new();
        let mut log = place.open(compacted(), Shutdown::Clean).unwrap();
        for round in 0..20 {
            append(&mut log, &[("a", Some("1")), (&format!("key-{round}"), Some("2"))]);
        }
        log.roll(NOW_MS).unwrap();
        append(&mut log, &[("x", Some("1"))]);
        let mut map = OffsetMap::new(compacting::MAP_BYTES, 0.9);
        let mut next = log.begin_compaction(None, NOW_MS).unwrap();
        let mut checkpoint = None;
        let mut step = 0;
        while let Some(mut job) = next.take() {
            if step >= steps && log.state().log_end_offset > 38 && !job.is_swapping() {
                log.truncate_to(38, NOW_MS).unwrap();
            }
            let outcome = job.run(&mut map, &mut FullSpeed);
            match log.finish_compaction(job, outcome).unwrap() {
                CompactionStep::Continue(more) => next = Some(more),
                CompactionStep::Done(compacted) => checkpoint = Some(compacted.end_offset),
                CompactionStep::Abandoned => {}
            }
            step += 1;
        }
        let is_cut = log.state().log_end_offset <= 38;
        assert_eq!(checkpoint, (!is_cut).then_some(40), "truncated after {steps} steps");
        cuts += usize::from(is_cut);
    }
    assert!((2..12).contains(&cuts), "a pass that is over is not truncated: {cuts}");
}

#[test]
fn reads_go_on_while_a_pass_swaps() {
    let place = Place::new();
    let mut log = place.open(compacted(), Shutdown::Clean).unwrap();
    for round in 0..40 {
        append(&mut log, &[("a", Some("1")), (&format!("key-{round}"), Some("2"))]);
        if round % 10 == 9 {
            log.roll(NOW_MS).unwrap();
        }
    }
    append(&mut log, &[("x", Some("1"))]);
    let expected = latest(&read_uncommitted(&mut log));
    let slice = log.read(0, usize::MAX >> 1, 80, true).unwrap();
    let before = slice.to_vec().unwrap();
    let mut map = OffsetMap::new(compacting::MAP_BYTES, 0.9);
    let mut next = log.begin_compaction(None, NOW_MS).unwrap();
    assert!(log.begin_compaction(None, NOW_MS).unwrap().is_none(), "one at a time");
    while let Some(mut job) = next.take() {
        log.rest(pybroker_log::Rest::Flushed);
        assert_eq!(latest(&read_uncommitted(&mut log)), expected);
        log.flush(NOW_MS).unwrap();
        assert!(log.timestamp_search(NOW_MS + 1).unwrap().run().unwrap().is_some());
        let outcome = job.run(&mut map, &mut FullSpeed);
        if let CompactionStep::Continue(more) = log.finish_compaction(job, outcome).unwrap() {
            next = Some(more);
        }
    }
    assert_eq!(slice.to_vec().unwrap(), before, "who was reading the old segment finishes");
    assert_eq!(latest(&read_uncommitted(&mut log)), expected);
}

#[test]
fn a_damaged_batch_makes_the_log_uncleanable_and_nothing_else() {
    let place = Place::new();
    let mut log = place.open(compacted(), Shutdown::Clean).unwrap();
    append(&mut log, &[("a", Some("1"))]);
    append(&mut log, &[("a", Some("2"))]);
    log.roll(NOW_MS).unwrap();
    append(&mut log, &[("x", Some("1"))]);
    let path = &place.log_files()[0];
    let mut bytes = std::fs::read(path).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(path, bytes).unwrap();
    let mut map = OffsetMap::new(compacting::MAP_BYTES, 0.9);
    let failed = compact_with(&mut log, &mut map, &mut None, NOW_MS);
    let Err(CompactionError::Log(error)) = failed else { panic!("{failed:?}") };
    assert!(error.to_string().contains("00000000000000000000.log"), "{error}");
    assert_eq!(log.offline_reason(), None);
    append(&mut log, &[("x", Some("1"))]);
    assert!(place.files(".cleaned").is_empty());
}
