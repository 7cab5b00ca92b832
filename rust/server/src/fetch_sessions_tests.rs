//! Fetch sessions against a model that is too simple to be wrong, and the rules of eviction.

use std::sync::Arc;

use pybroker_wire::fetch::{FetchPartitionResponse, ForgottenTopic};
use pybroker_wire::{ErrorCode, TopicRef, Uuid};

use crate::fetch_read::Fetched;
use crate::fetch_sessions::{FetchSessions, NO_SESSION, SessionRequest};
use crate::fetch_target::FetchTarget;
use crate::limits::FETCH_SESSION_EVICTION_MS;

/// `SplitMix64`, so that a failure names a seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// A partition of one of three topics, by name or by id.
fn target(by_id: bool, topic: u64, partition: i32, fetch_offset: i64) -> FetchTarget {
    FetchTarget {
        topic_id: if by_id { Uuid([topic as u8 + 1; 16]) } else { Uuid::ZERO },
        name: Some(format!("topic-{topic}").into()),
        partition,
        current_leader_epoch: -1,
        fetch_offset,
        last_fetched_epoch: -1,
        max_bytes: 100,
    }
}

fn fetched(partition: i32, error_code: ErrorCode, high_watermark: i64, bytes: usize) -> Fetched {
    let mut response = FetchPartitionResponse::error(partition, error_code);
    response.high_watermark = high_watermark;
    response.log_start_offset = high_watermark / 4;
    response.records_bytes = bytes;
    Fetched { response, slice: None, source: None, is_unknown: false, is_left_out: false }
}

/// What a session should remember: (target, high watermark, log start offset), in the order of service.
#[derive(Default)]
struct Model {
    partitions: Vec<(FetchTarget, i64, i64)>,
}

impl Model {
    fn place(&self, target: &FetchTarget) -> Option<usize> {
        self.partitions.iter().position(|(known, _, _)| {
            known.topic() == target.topic() && known.partition == target.partition
        })
    }

    fn put(&mut self, target: &FetchTarget) {
        match self.place(target) {
            Some(place) => self.partitions[place].0 = target.clone(),
            None => self.partitions.push((target.clone(), -1, -1)),
        }
    }

    fn is_told(&mut self, target: &FetchTarget, response: &FetchPartitionResponse) -> bool {
        let place = self.place(target).unwrap();
        let known = &mut self.partitions[place];
        let is_error = response.error_code.is_error();
        let is_told = is_error
            || response.records_bytes > 0
            || (known.1, known.2) != (response.high_watermark, response.log_start_offset);
        known.1 = if is_error { -1 } else { response.high_watermark };
        known.2 = response.log_start_offset;
        if response.records_bytes > 0 {
            let served = self.partitions.remove(place);
            self.partitions.push(served);
        }
        is_told
    }
}

fn random_fetched(random: &mut Random, target: &FetchTarget) -> Fetched {
    match random.below(8) {
        0 => fetched(target.partition, ErrorCode::UnknownTopicOrPartition, -1, 0),
        1 => fetched(target.partition, ErrorCode::None, random.below(20) as i64, 100),
        2 => fetched(target.partition, ErrorCode::None, random.below(20) as i64, 0),
        _ => fetched(target.partition, ErrorCode::None, 7, 0),
    }
}

fn run_against_the_model(seed: u64) {
    let mut random = Random(seed);
    let by_id = random.below(2) == 1;
    let sessions = FetchSessions::new(10);
    let mut model = Model::default();
    let (mut session_id, mut epoch) = (NO_SESSION, 0);
    for step in 0..60 {
        let named = random.below(5);
        let mut named: Vec<_> = (0..named)
            .map(|_| {
                target(by_id, random.below(3), random.below(4) as i32, random.below(50) as i64)
            })
            .collect();
        // A request that names a partition twice is answered twice, which the model leaves out.
        named.sort_by_key(|target| (target.name.clone(), target.partition));
        named.dedup_by_key(|target| (target.name.clone(), target.partition));
        let forgotten = target(by_id, random.below(3), random.below(4) as i32, 0);
        let forgets = epoch > 0 && random.below(3) == 0;
        let forgotten_topics =
            [ForgottenTopic { topic: forgotten.topic(), partitions: vec![forgotten.partition] }];
        let request =
            SessionRequest { session_id, epoch, uses_topic_ids: by_id, is_follower: false };
        let begun = sessions.begin(
            request,
            named.clone(),
            if forgets { &forgotten_topics } else { &[] },
            |_| None,
            step,
        );
        let (context, targets) = begun.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        if epoch == 0 {
            model = Model::default();
        }
        for target in &named {
            model.put(target);
        }
        if forgets && let Some(place) = model.place(&forgotten) {
            model.partitions.remove(place);
        }
        let expected: Vec<_> = model.partitions.iter().map(|row| row.0.clone()).collect();
        if epoch > 0 && expected.is_empty() {
            (session_id, epoch) = (NO_SESSION, 0);
            continue;
        }
        assert_eq!(targets, expected, "seed {seed}, step {step}");
        let mut all: Vec<_> =
            targets.iter().map(|target| random_fetched(&mut random, target)).collect();
        session_id = sessions.finish(context, &targets, &mut all, step).unwrap();
        for (target, fetched) in targets.iter().zip(&all) {
            let is_told = if epoch == 0 {
                let place = model.place(target).unwrap();
                let response = &fetched.response;
                model.partitions[place].1 = response.high_watermark;
                model.partitions[place].2 = response.log_start_offset;
                true
            } else {
                model.is_told(target, &fetched.response)
            };
            assert_eq!(!fetched.is_left_out, is_told, "seed {seed}, step {step}");
        }
        epoch = if random.below(20) == 0 { 0 } else { epoch + 1 };
    }
}

#[test]
fn sessions_behave_as_a_plain_list_of_partitions() {
    (0..500).for_each(run_against_the_model);
}

/// Begin a session of so many partitions; its id.
fn begin(sessions: &FetchSessions, partitions: i32, is_follower: bool, now_ms: i64) -> i32 {
    let targets: Vec<_> = (0..partitions).map(|index| target(false, 0, index, 0)).collect();
    let request =
        SessionRequest { session_id: NO_SESSION, epoch: 0, uses_topic_ids: false, is_follower };
    let (context, targets) = sessions.begin(request, targets, &[], |_| None, now_ms).unwrap();
    let mut all: Vec<_> =
        targets.iter().map(|target| fetched(target.partition, ErrorCode::None, 0, 0)).collect();
    sessions.finish(context, &targets, &mut all, now_ms).unwrap()
}

/// Use a session; whether it is still there.
fn go_on(
    sessions: &FetchSessions,
    session_id: i32,
    epoch: i32,
    now_ms: i64,
) -> Result<(), ErrorCode> {
    let request = SessionRequest { session_id, epoch, uses_topic_ids: false, is_follower: false };
    sessions.begin(request, vec![], &[], |_| None, now_ms).map(|_| ())
}

#[test]
fn a_full_cache_gives_no_session_while_its_sessions_are_young() {
    let sessions = FetchSessions::new(2);
    let first = begin(&sessions, 1, false, 0);
    assert_ne!(first, NO_SESSION);
    assert_ne!(begin(&sessions, 1, false, 0), NO_SESSION);
    assert_eq!(begin(&sessions, 100, false, FETCH_SESSION_EVICTION_MS), NO_SESSION);
    assert_eq!(go_on(&sessions, first, 1, 0), Ok(()));
}

#[test]
fn no_slots_mean_no_sessions() {
    assert_eq!(begin(&FetchSessions::new(0), 1, false, 0), NO_SESSION);
}

#[test]
fn a_stale_session_is_displaced_by_any() {
    let sessions = FetchSessions::new(2);
    let (stale, used) = (begin(&sessions, 50, false, 0), begin(&sessions, 50, false, 0));
    go_on(&sessions, used, 1, 100).unwrap();
    assert_ne!(begin(&sessions, 1, false, FETCH_SESSION_EVICTION_MS + 1), NO_SESSION);
    let gone = go_on(&sessions, stale, 1, FETCH_SESSION_EVICTION_MS + 1);
    assert_eq!(gone, Err(ErrorCode::FetchSessionIdNotFound));
    assert_eq!(go_on(&sessions, used, 2, FETCH_SESSION_EVICTION_MS + 1), Ok(()));
}

#[test]
fn an_old_session_is_displaced_by_one_that_is_not_smaller() {
    let sessions = FetchSessions::new(2);
    let (small, large) = (begin(&sessions, 3, false, 0), begin(&sessions, 30, false, 0));
    let later_ms = FETCH_SESSION_EVICTION_MS + 1;
    go_on(&sessions, small, 1, later_ms).unwrap();
    go_on(&sessions, large, 1, later_ms).unwrap();
    assert_eq!(begin(&sessions, 2, false, later_ms), NO_SESSION);
    assert_ne!(begin(&sessions, 4, false, later_ms), NO_SESSION);
    assert_eq!(go_on(&sessions, small, 2, later_ms), Err(ErrorCode::FetchSessionIdNotFound));
    assert_eq!(go_on(&sessions, large, 2, later_ms), Ok(()));
}

#[test]
fn a_followers_session_displaces_a_consumers_young_one_and_not_the_other_way_round() {
    let sessions = FetchSessions::new(1);
    let consumer = begin(&sessions, 30, false, 0);
    let follower = begin(&sessions, 1, true, 0);
    assert_ne!(follower, NO_SESSION);
    assert_eq!(go_on(&sessions, consumer, 1, 0), Err(ErrorCode::FetchSessionIdNotFound));
    assert_eq!(begin(&sessions, 100, false, 0), NO_SESSION);
}

#[test]
fn ids_of_sessions_that_ended_do_not_come_back_soon() {
    let sessions = FetchSessions::new(1);
    let mut seen = std::collections::HashSet::new();
    for _ in 0..1_000 {
        let session_id = begin(&sessions, 1, false, 0);
        assert!(session_id > 0);
        assert!(seen.insert(session_id));
        let request =
            SessionRequest { session_id, epoch: -1, uses_topic_ids: false, is_follower: false };
        sessions.begin(request, vec![], &[], |_| None, 0).unwrap();
    }
}

#[test]
fn the_epoch_after_the_largest_is_one() {
    let sessions = FetchSessions::new(1);
    let session_id = begin(&sessions, 1, false, 0);
    assert_eq!(go_on(&sessions, session_id, i32::MAX, 0), Err(ErrorCode::InvalidFetchSessionEpoch));
    assert_eq!(crate::fetch_sessions::next_epoch(i32::MAX), 1);
    assert_eq!(crate::fetch_sessions::next_epoch(0), 1);
}

#[test]
fn a_request_that_overtakes_another_of_its_session_makes_it_an_error() {
    let sessions = FetchSessions::new(1);
    let session_id = begin(&sessions, 1, false, 0);
    let request =
        |epoch| SessionRequest { session_id, epoch, uses_topic_ids: false, is_follower: false };
    let (slow, targets) = sessions.begin(request(1), vec![], &[], |_| None, 0).unwrap();
    sessions.begin(request(2), vec![], &[], |_| None, 0).unwrap();
    let mut all = [fetched(0, ErrorCode::None, 0, 0)];
    let outcome = sessions.finish(slow, &targets, &mut all, 0);
    assert_eq!(outcome, Err((ErrorCode::InvalidFetchSessionEpoch, session_id)));
}

#[test]
fn an_id_that_was_unknown_is_looked_up_again() {
    let sessions = FetchSessions::new(1);
    let unknown = FetchTarget { name: None, ..target(true, 0, 0, 0) };
    let request =
        SessionRequest { session_id: 0, epoch: 0, uses_topic_ids: true, is_follower: false };
    let (context, targets) = sessions.begin(request, vec![unknown], &[], |_| None, 0).unwrap();
    let mut all = [fetched(0, ErrorCode::UnknownTopicId, -1, 0)];
    let session_id = sessions.finish(context, &targets, &mut all, 0).unwrap();
    let request = SessionRequest { session_id, epoch: 1, ..request };
    let name_of = |_| Some(Arc::from("known"));
    let (_, targets) = sessions.begin(request, vec![], &[], name_of, 0).unwrap();
    assert_eq!(targets[0].name.as_deref(), Some("known"));
    assert_eq!(targets[0].topic(), TopicRef::Id(targets[0].topic_id));
}
