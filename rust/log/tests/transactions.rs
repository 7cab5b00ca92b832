//! Transactions in a log: the last stable offset, aborted transactions, fencing, and what of it survives.

mod support;

use pybroker_log::{AbortedTransaction, AppendError, Appended, Log, LogConfig, Origin, Shutdown};
use pybroker_wire::TransactionOutcome::{Abort, Commit};
use pybroker_wire::crc32c::crc32c;
use pybroker_wire::{Batches, ErrorCode, TransactionOutcome};
use support::{
    NOW_MS, Place, UNCLEAN, append, batch, marker, producer_batch, refusal, small_segments,
    transactional_batch,
};

fn begin(log: &mut Log, producer_id: i64, sequence: i32, count: usize) -> i64 {
    let mut records = transactional_batch(producer_id, 0, sequence, count);
    append(log, &mut records).unwrap().base_offset
}

fn try_end(
    log: &mut Log,
    producer_id: i64,
    epoch: i16,
    outcome: TransactionOutcome,
    coordinator_epoch: i32,
) -> Result<Appended, AppendError> {
    let mut records = marker(producer_id, epoch, outcome, coordinator_epoch);
    log.append(&mut records, 0, Origin::Coordinator, NOW_MS)
}

fn end(log: &mut Log, producer_id: i64, outcome: TransactionOutcome) -> i64 {
    try_end(log, producer_id, 0, outcome, 0).unwrap().base_offset
}

fn aborted(
    producer_id: i64,
    first_offset: i64,
    last_offset: i64,
    last_stable_offset: i64,
) -> AbortedTransaction {
    AbortedTransaction { producer_id, first_offset, last_offset, last_stable_offset }
}

fn all_aborted(log: &mut Log) -> Vec<AbortedTransaction> {
    let end = log.state().log_end_offset;
    log.aborted_in(0..end).unwrap()
}

/// Everything that a transactional log says, to be compared before and after.
fn summary(log: &mut Log) -> (i64, i64, Vec<AbortedTransaction>) {
    let state = log.state();
    (state.last_stable_offset, state.log_end_offset, all_aborted(log))
}

/// Interleaved transactions over several segments: committed, aborted, and one of producer 3 that stays open.
fn fill(log: &mut Log) {
    let mut sequences = [0; 4];
    for round in 0..60 {
        for producer_id in 1..=2 {
            let sequence = &mut sequences[producer_id as usize];
            begin(log, producer_id, *sequence, 3);
            *sequence += 3;
            append(log, &mut batch(&[b"no transaction"])).unwrap();
        }
        if round == 40 {
            begin(log, 3, 0, 1);
        }
        end(log, 2, if round % 3 == 0 { Commit } else { Abort });
        end(log, 1, if round % 2 == 0 { Commit } else { Abort });
    }
}

#[test]
fn an_open_transaction_holds_the_last_stable_offset_and_its_marker_frees_it() {
    let place = Place::new();
    let mut log = place.create();
    append(&mut log, &mut batch(&[b"a"])).unwrap();
    assert_eq!(log.state().last_stable_offset, 1);
    assert_eq!(begin(&mut log, 1, 0, 2), 1);
    append(&mut log, &mut batch(&[b"b"])).unwrap();
    assert_eq!(begin(&mut log, 1, 2, 1), 4, "still the same transaction");
    assert_eq!(begin(&mut log, 2, 0, 1), 5);
    let state = log.state();
    assert_eq!((state.last_stable_offset, state.high_watermark), (1, 6));
    end(&mut log, 1, Commit);
    assert_eq!(log.state().last_stable_offset, 5, "the other one begins there");
    end(&mut log, 2, Abort);
    assert_eq!(log.state().last_stable_offset, 8);
    assert_eq!(all_aborted(&mut log), [aborted(2, 5, 7, 8)]);
}

#[test]
fn the_transaction_index_is_kafkas_file_and_is_made_by_the_first_abort() {
    let place = Place::new();
    let mut log = place.create();
    begin(&mut log, 1, 0, 1);
    begin(&mut log, 2, 0, 1);
    end(&mut log, 1, Commit);
    assert!(place.files(".txnindex").is_empty());
    begin(&mut log, 1, 1, 1);
    end(&mut log, 1, Abort);
    let path = place.folder().join("00000000000000000000.txnindex");
    let entry = [&[0, 0][..], &1i64.to_be_bytes(), &3i64.to_be_bytes()];
    let rest = [&4i64.to_be_bytes()[..], &1i64.to_be_bytes()];
    assert_eq!(std::fs::read(&path).unwrap(), [entry.concat(), rest.concat()].concat());
    end(&mut log, 2, Abort);
    assert_eq!(std::fs::read(&path).unwrap().len(), 68);
}

#[test]
fn a_marker_without_a_transaction_changes_nothing_but_the_epochs() {
    let place = Place::new();
    let mut log = place.create();
    try_end(&mut log, 9, 3, Abort, 5).unwrap();
    assert_eq!(log.state().last_stable_offset, 1);
    assert!(all_aborted(&mut log).is_empty());
    let stale = refusal(append(&mut log, &mut transactional_batch(9, 2, 0, 1)));
    assert_eq!(stale.code, ErrorCode::InvalidProducerEpoch);
    let stale = refusal(try_end(&mut log, 9, 3, Abort, 4));
    assert_eq!(stale.code, ErrorCode::TransactionCoordinatorFenced);
}

#[test]
fn a_marker_bumps_the_epoch_and_sequences_start_anew() {
    let place = Place::new();
    let mut log = place.create();
    begin(&mut log, 1, 0, 5);
    try_end(&mut log, 1, 1, Abort, 0).unwrap();
    let stale = refusal(append(&mut log, &mut transactional_batch(1, 0, 5, 1)));
    assert_eq!(stale.code, ErrorCode::InvalidProducerEpoch);
    let stale = refusal(try_end(&mut log, 1, 0, Commit, 0));
    assert_eq!(stale.code, ErrorCode::InvalidProducerEpoch);
    let late = refusal(append(&mut log, &mut transactional_batch(1, 1, 5, 1)));
    assert_eq!(late.code, ErrorCode::OutOfOrderSequenceNumber);
    append(&mut log, &mut transactional_batch(1, 1, 0, 1)).unwrap();
}

#[test]
fn sequences_go_on_after_a_marker_of_the_same_epoch() {
    let place = Place::new();
    let mut log = place.create();
    begin(&mut log, 1, 0, 5);
    end(&mut log, 1, Commit);
    let again = append(&mut log, &mut transactional_batch(1, 0, 0, 5)).unwrap();
    assert!(again.duplicate, "a retry whose transaction has ended is still known");
    assert_eq!(begin(&mut log, 1, 5, 1), 6);
}

#[test]
fn a_producer_with_an_open_transaction_writes_nothing_outside_of_it() {
    let place = Place::new();
    let mut log = place.create();
    begin(&mut log, 1, 0, 1);
    let outside = refusal(append(&mut log, &mut producer_batch(1, 0, 1, 1)));
    assert_eq!(outside.code, ErrorCode::InvalidTxnState);
    end(&mut log, 1, Commit);
    append(&mut log, &mut producer_batch(1, 0, 1, 1)).unwrap();
}

#[test]
fn a_control_batch_that_is_no_marker_is_refused() {
    let place = Place::new();
    let mut log = place.create();
    let mut records = marker(1, 0, Commit, 0);
    // The version of the key, behind the header and five bytes of the record.
    records[66] = 0xff;
    let crc = pybroker_wire::crc32c::crc32c(&records[21..]);
    records[17..21].copy_from_slice(&crc.to_be_bytes());
    let refused = refusal(log.append(&mut records, 0, Origin::Coordinator, NOW_MS));
    assert_eq!(refused.code, ErrorCode::InvalidRecord);
}

#[test]
fn a_committed_read_ends_at_the_last_stable_offset_and_names_what_was_aborted() {
    let place = Place::new();
    let mut log = place.open(small_segments(), Shutdown::Clean).unwrap();
    fill(&mut log);
    let (stable, end, all) = summary(&mut log);
    assert!(log.segments().len() > 5 && stable < end && all.len() > 40);
    let mut offset = 0;
    while offset < stable {
        let read = log.read_committed(offset, 700, stable, true).unwrap();
        let bytes = read.slice.to_vec().unwrap();
        let whole: Vec<_> = Batches::new(&bytes).map_while(Result::ok).collect();
        let next = whole.last().unwrap().header.last_offset() + 1;
        assert!(next <= stable);
        for transaction in &all {
            let overlaps = transaction.last_offset >= offset && transaction.first_offset < next;
            let is_named = read.aborted.contains(transaction);
            assert!(is_named || !overlaps, "{transaction:?} in {offset}..{next}");
            assert!(!is_named || transaction.last_offset >= offset, "{transaction:?} is over");
        }
        offset = next;
    }
    assert_eq!(offset, stable);
    let at_end = log.read_committed(stable, 700, stable, true).unwrap();
    assert_eq!((at_end.slice.len, at_end.aborted.len()), (0, 0));
}

#[test]
fn everything_survives_a_clean_shutdown_a_crash_and_lost_files() {
    let place = Place::new();
    let config = small_segments();
    let mut log = place.open(config.clone(), Shutdown::Clean).unwrap();
    fill(&mut log);
    let expected = summary(&mut log);
    log.close(NOW_MS).unwrap();
    let reopen = |shutdown: Shutdown, what: &str| {
        let mut log = place.open(config.clone(), shutdown).unwrap();
        assert_eq!(summary(&mut log), expected, "{what}");
        log.close(NOW_MS).unwrap();
    };
    reopen(Shutdown::Clean, "clean");
    reopen(UNCLEAN, "read from the start");
    for recovery_point in [1, 100, 300, expected.1] {
        reopen(Shutdown::Unclean { recovery_point }, "read from a recovery point");
    }
    for path in place.files(".snapshot") {
        std::fs::remove_file(path).unwrap();
    }
    reopen(Shutdown::Clean, "without snapshots");
    for path in place.files(".txnindex") {
        std::fs::write(path, [0; 17]).unwrap();
    }
    reopen(Shutdown::Clean, "with damaged transaction indexes");
    for path in place.files(".txnindex") {
        std::fs::remove_file(path).unwrap();
    }
    reopen(UNCLEAN, "without transaction indexes");
}

#[test]
fn an_open_transaction_of_before_a_restart_is_ended_by_its_marker() {
    for shutdown in [Shutdown::Clean, UNCLEAN] {
        let place = Place::new();
        let mut log = place.create();
        try_end(&mut log, 1, 0, Commit, 7).unwrap();
        begin(&mut log, 1, 0, 2);
        append(&mut log, &mut batch(&[b"x"])).unwrap();
        log.close(NOW_MS).unwrap();
        let mut log = place.open(LogConfig::default(), shutdown).unwrap();
        assert_eq!(log.state().last_stable_offset, 1);
        assert_eq!(log.state().unstable_bytes, 0, "nothing was appended since");
        let stale = refusal(try_end(&mut log, 1, 0, Abort, 6));
        assert_eq!(stale.code, ErrorCode::TransactionCoordinatorFenced);
        try_end(&mut log, 1, 0, Abort, 7).unwrap();
        assert_eq!(summary(&mut log), (5, 5, vec![aborted(1, 1, 4, 5)]));
    }
}

#[test]
fn truncation_takes_markers_back() {
    let place = Place::new();
    let mut log = place.open(small_segments(), Shutdown::Clean).unwrap();
    fill(&mut log);
    let (_, end, all) = summary(&mut log);
    for offset in (0..end).rev().step_by(37) {
        log.truncate_to(offset, NOW_MS).unwrap();
        let (stable, end, left) = summary(&mut log);
        let expected: Vec<_> =
            all.iter().filter(|transaction| transaction.last_offset < end).copied().collect();
        assert_eq!(left, expected, "at {offset}");
        let mut reopened = place.open(small_segments(), UNCLEAN).unwrap();
        assert_eq!(summary(&mut reopened), (stable, end, left), "at {offset}");
    }
    log.truncate_to(0, NOW_MS).unwrap();
    assert_eq!(summary(&mut log), (0, 0, vec![]));
    assert!(place.files(".txnindex").is_empty());
}

#[test]
fn deleting_the_beginning_keeps_the_transactions_behind_it() {
    let place = Place::new();
    let mut log = place.open(small_segments(), Shutdown::Clean).unwrap();
    fill(&mut log);
    let (stable, end, all) = summary(&mut log);
    let first_kept = log.segments()[4].base_offset;
    log.delete_before(first_kept + 1).unwrap();
    let left = log.aborted_in(first_kept + 1..end).unwrap();
    let expected: Vec<_> =
        all.iter().filter(|transaction| transaction.last_offset > first_kept).copied().collect();
    assert_eq!(left, expected);
    assert_eq!(log.state().last_stable_offset, stable);
    log.delete_before(end).unwrap();
    assert_eq!(log.state().last_stable_offset, end, "never before the log start offset");
    end_of_open_transaction_is_known(&mut log, end);
}

#[test]
fn a_transaction_whose_marker_was_deleted_does_not_stay_open() {
    let place = Place::new();
    let mut log = place.open(small_segments(), Shutdown::Clean).unwrap();
    begin(&mut log, 1, 0, 1);
    log.roll(NOW_MS).unwrap();
    end(&mut log, 1, Commit);
    log.roll(NOW_MS).unwrap();
    begin(&mut log, 2, 0, 1);
    let start = log.state().log_end_offset - 1;
    log.delete_before(start).unwrap();
    drop(log);
    let snapshot = |offset: i64| place.folder().join(format!("{offset:020}.snapshot"));
    assert!(snapshot(2).exists(), "{:?}", place.log_files());
    // The newest snapshot is lost; one from before the marker, with the transaction open, is left.
    std::fs::rename(snapshot(2), snapshot(1)).unwrap();
    let mut states = std::fs::read(snapshot(1)).unwrap();
    let first_offset = states.len() - 8;
    states[first_offset..].copy_from_slice(&0_i64.to_be_bytes());
    let checksum = crc32c(&states[6..]).to_be_bytes();
    states[2..6].copy_from_slice(&checksum);
    std::fs::write(snapshot(1), states).unwrap();
    let mut log = place.open(small_segments(), UNCLEAN).unwrap();
    assert_eq!((log.state().log_start_offset, log.state().last_stable_offset), (2, 2));
    end(&mut log, 2, Commit);
    assert_eq!(log.state().last_stable_offset, log.state().log_end_offset);
}

#[test]
fn a_transaction_of_which_all_is_deleted_holds_nothing_back_after_a_restart() {
    for shutdown in [Shutdown::Clean, UNCLEAN] {
        for is_rolled in [false, true] {
            let place = Place::new();
            let mut log = place.open(small_segments(), Shutdown::Clean).unwrap();
            append(&mut log, &mut producer_batch(2, 0, 0, 1)).unwrap();
            log.roll(NOW_MS).unwrap();
            begin(&mut log, 1, 0, 1);
            append(&mut log, &mut batch(&[b"a"])).unwrap();
            // The batch stays in the file: its segment holds the start.
            log.delete_before(2).unwrap();
            if is_rolled {
                log.roll(NOW_MS).unwrap();
            }
            log.close(NOW_MS).unwrap();
            // One from before the batch is left.
            std::fs::remove_file(place.files(".snapshot").pop().unwrap()).unwrap();
            assert_eq!(place.files(".snapshot").len(), 1);
            let mut log = place.open(small_segments(), shutdown).unwrap();
            assert_eq!(log.state().last_stable_offset, 3);
            assert_eq!(begin(&mut log, 1, 1, 1), 3);
            assert_eq!(log.state().last_stable_offset, 3);
            end(&mut log, 1, Abort);
            assert_eq!(summary(&mut log), (5, 5, vec![aborted(1, 3, 4, 5)]));
        }
    }
}

fn end_of_open_transaction_is_known(log: &mut Log, offset: i64) {
    append(log, &mut batch(&[b"y"])).unwrap();
    assert_eq!(log.state().last_stable_offset, offset);
    end(log, 3, Commit);
    assert_eq!(log.state().last_stable_offset, offset + 2);
}

#[test]
fn a_producer_with_an_open_transaction_does_not_expire() {
    let place = Place::new();
    let config = LogConfig { producer_id_expiration_ms: 1000, ..LogConfig::default() };
    let mut log = place.open(config.clone(), Shutdown::Clean).unwrap();
    begin(&mut log, 1, 0, 5);
    append(&mut log, &mut producer_batch(2, 0, 0, 5)).unwrap();
    let later_ms = NOW_MS + 3_600_000;
    log.append(&mut producer_batch(3, 0, 0, 1), 0, Origin::Client, later_ms).unwrap();
    assert_eq!(log.state().last_stable_offset, 0);
    let mut late = transactional_batch(1, 0, 9, 1);
    let late = refusal(log.append(&mut late, 0, Origin::Client, later_ms));
    assert_eq!(late.code, ErrorCode::OutOfOrderSequenceNumber, "it is remembered");
    log.append(&mut producer_batch(2, 0, 9, 1), 0, Origin::Client, later_ms).unwrap();
}

#[test]
fn recovery_reads_no_more_than_the_unflushed_segments() {
    let place = Place::new();
    let mut log = place.open(small_segments(), Shutdown::Clean).unwrap();
    fill(&mut log);
    let expected = summary(&mut log);
    log.flush(NOW_MS).unwrap();
    let recovery_point = log.state().recovery_point;
    begin(&mut log, 1, 180, 1);
    drop(log);
    // Nobody can read the older segments, not even their headers.
    let logs = place.log_files();
    for path in &logs[..logs.len() - 1] {
        let len = std::fs::metadata(path).unwrap().len();
        std::fs::write(path, vec![0xee; len as usize]).unwrap();
    }
    let mut log = place.open(small_segments(), Shutdown::Unclean { recovery_point }).unwrap();
    assert_eq!(summary(&mut log), (expected.0, expected.1 + 1, expected.2));
    let retry = append(&mut log, &mut transactional_batch(1, 0, 180, 1)).unwrap();
    assert!(retry.duplicate);
}
