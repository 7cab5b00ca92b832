//! Fetch sessions (KIP-227): the broker remembers what a client fetches, so that requests name changes only and answers
//! leave out what did not change.
//!
//! * A session is bound to one way of naming topics: by name, or by id.
//! * A full fetch makes a session and ends the one that it names. An incremental fetch counts the session's epoch up.
//! * A cache without a free slot evicts as Kafka's does: a session unused for two minutes, else the one with the fewest
//!   partitions, when it is old enough and the new one has at least as many; followers' before nobody's.
//! * Lock order: the cache, then a session; never the other way round.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;

use parking_lot::Mutex;
use pybroker_wire::fetch::ForgottenTopic;
use pybroker_wire::{ErrorCode, Uuid};

use crate::fetch_read::Fetched;
use crate::fetch_session::{SessionPartitions, Token};
use crate::fetch_target::FetchTarget;
use crate::limits::FETCH_SESSION_EVICTION_MS;

/// The session id of a fetch without a session.
pub(crate) const NO_SESSION: i32 = 0;
/// The epoch of a request that wants a new session.
const INITIAL_EPOCH: i32 = 0;
/// The epoch of a request that wants no session.
const FINAL_EPOCH: i32 = -1;

/// What a request says of its session.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SessionRequest {
    pub(crate) session_id: i32,
    pub(crate) epoch: i32,
    pub(crate) uses_topic_ids: bool,
    /// Sessions of followers are evicted by followers only.
    pub(crate) is_follower: bool,
}

/// How a fetch belongs to a session.
#[derive(Debug)]
pub(crate) enum SessionContext {
    /// Not at all.
    Sessionless,
    /// It wants to begin one.
    Full { uses_topic_ids: bool, is_follower: bool },
    /// It continues one. Targets and tokens are in the same order.
    Incremental { session: Arc<Session>, epoch: i32, tokens: Vec<Token> },
}

/// One session.
#[derive(Debug)]
pub(crate) struct Session {
    id: i32,
    uses_topic_ids: bool,
    is_follower: bool,
    created_ms: i64,
    state: Mutex<SessionState>,
}

#[derive(Debug)]
struct SessionState {
    // Of the next request.
    epoch: i32,
    partitions: SessionPartitions,
}

/// What the cache knows of a session, for eviction.
#[derive(Debug)]
struct Entry {
    session: Arc<Session>,
    last_used_ms: i64,
    partitions: usize,
}

/// The worth of a session: the smallest goes first.
type Worth = (bool, usize, i32);

#[derive(Debug, Default)]
struct Cache {
    entries: HashMap<i32, Entry>,
    by_last_use: BTreeSet<(i64, i32)>,
    // Sessions that any, and that only a follower's session may displace before they are stale.
    evictable_by_all: BTreeSet<Worth>,
    evictable_by_followers: BTreeSet<Worth>,
    random: u64,
}

/// The sessions of all clients.
#[derive(Debug)]
pub(crate) struct FetchSessions {
    cache: Mutex<Cache>,
    slots: usize,
}

impl FetchSessions {
    /// An empty cache of `max.incremental.fetch.session.cache.slots`.
    pub(crate) fn new(slots: usize) -> Self {
        let random = RandomState::new().build_hasher().finish();
        Self { cache: Mutex::new(Cache { random, ..Cache::default() }), slots }
    }

    /// Find what a request is to fetch: what it names, or what its session remembers.
    pub(crate) fn begin(
        &self,
        request: SessionRequest,
        targets: Vec<FetchTarget>,
        forgotten: &[ForgottenTopic<'_>],
        name_of: impl Fn(Uuid) -> Option<Arc<str>>,
        now_ms: i64,
    ) -> Result<(SessionContext, Vec<FetchTarget>), ErrorCode> {
        let SessionRequest { session_id, epoch, uses_topic_ids, is_follower } = request;
        let mut cache = self.cache.lock();
        if epoch == INITIAL_EPOCH || epoch == FINAL_EPOCH {
            if session_id != NO_SESSION {
                cache.remove(session_id);
            }
            let context = match epoch {
                FINAL_EPOCH => SessionContext::Sessionless,
                _ => SessionContext::Full { uses_topic_ids, is_follower },
            };
            return Ok((context, targets));
        }
        let entry = cache.entries.get(&session_id).ok_or(ErrorCode::FetchSessionIdNotFound)?;
        let session = Arc::clone(&entry.session);
        let mut state = session.state.lock();
        if state.epoch != epoch {
            return Err(ErrorCode::InvalidFetchSessionEpoch);
        }
        if session.uses_topic_ids != uses_topic_ids {
            return Err(ErrorCode::FetchSessionTopicIdError);
        }
        for target in &targets {
            state.partitions.put(target);
        }
        for topic in forgotten {
            for &partition in &topic.partitions {
                state.partitions.remove(topic.topic, partition);
            }
        }
        if state.partitions.len() == 0 {
            drop(state);
            cache.remove(session_id);
            return Ok((SessionContext::Sessionless, targets));
        }
        cache.touch(session_id, state.partitions.len(), now_ms);
        drop(cache);
        state.epoch = next_epoch(epoch);
        let (tokens, targets) = state.partitions.snapshot(name_of);
        let epoch = state.epoch;
        drop(state);
        Ok((SessionContext::Incremental { session, epoch, tokens }, targets))
    }

    /// Decide what of the responses is left out of the answer, and remember the rest. Gives the session id of the answer.
    pub(crate) fn finish(
        &self,
        context: SessionContext,
        targets: &[FetchTarget],
        fetched: &mut [Fetched],
        now_ms: i64,
    ) -> Result<i32, (ErrorCode, i32)> {
        match context {
            SessionContext::Sessionless => Ok(NO_SESSION),
            SessionContext::Full { uses_topic_ids, is_follower } => {
                let mut cache = self.cache.lock();
                if !cache.make_room(self.slots, (is_follower, targets.len(), 0), now_ms) {
                    return Ok(NO_SESSION);
                }
                let partitions = SessionPartitions::new(uses_topic_ids, targets, fetched);
                Ok(cache.insert(uses_topic_ids, is_follower, partitions, now_ms))
            }
            SessionContext::Incremental { session, epoch, tokens } => {
                let mut state = session.state.lock();
                if state.epoch != epoch {
                    // Another request of the session came meanwhile: what was read belongs to no epoch any more.
                    return Err((ErrorCode::InvalidFetchSessionEpoch, session.id));
                }
                for (token, fetched) in tokens.into_iter().zip(fetched) {
                    fetched.is_left_out = !state.partitions.has_changed(token, &fetched.response);
                }
                Ok(session.id)
            }
        }
    }
}

impl Cache {
    fn insert(
        &mut self,
        uses_topic_ids: bool,
        is_follower: bool,
        partitions: SessionPartitions,
        now_ms: i64,
    ) -> i32 {
        let id = self.new_id();
        let count = partitions.len();
        let state = Mutex::new(SessionState { epoch: next_epoch(INITIAL_EPOCH), partitions });
        let session = Session { id, uses_topic_ids, is_follower, created_ms: now_ms, state };
        let entry = Entry { session: Arc::new(session), last_used_ms: now_ms, partitions: count };
        self.entries.insert(id, entry);
        self.touch(id, count, now_ms);
        id
    }

    /// A random id, so that a client which comes back late meets nobody else's session.
    fn new_id(&mut self) -> i32 {
        loop {
            // SplitMix64.
            self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = self.random;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            let id = ((mixed ^ (mixed >> 31)) >> 33) as i32;
            if id != NO_SESSION && !self.entries.contains_key(&id) {
                return id;
            }
        }
    }

    /// Note a use of a session, and whether it may be evicted from now on.
    fn touch(&mut self, id: i32, partitions: usize, now_ms: i64) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        self.by_last_use.remove(&(entry.last_used_ms, id));
        let is_follower = entry.session.is_follower;
        let old_worth = (is_follower, entry.partitions, id);
        self.evictable_by_all.remove(&old_worth);
        self.evictable_by_followers.remove(&old_worth);
        entry.last_used_ms = now_ms;
        entry.partitions = partitions;
        self.by_last_use.insert((now_ms, id));
        let worth = (is_follower, partitions, id);
        let is_old = now_ms - entry.session.created_ms > FETCH_SESSION_EVICTION_MS;
        if is_old {
            self.evictable_by_all.insert(worth);
        }
        if is_old || !is_follower {
            self.evictable_by_followers.insert(worth);
        }
    }

    /// Whether there is a slot for a session of that worth, after an eviction perhaps.
    fn make_room(&mut self, slots: usize, worth: Worth, now_ms: i64) -> bool {
        if self.entries.len() < slots {
            return true;
        }
        let Some(&(last_used_ms, least_used)) = self.by_last_use.first() else { return false };
        if now_ms - last_used_ms > FETCH_SESSION_EVICTION_MS {
            self.remove(least_used);
            return true;
        }
        let evictable = if worth.0 { &self.evictable_by_followers } else { &self.evictable_by_all };
        let Some(&least) = evictable.first() else { return false };
        if worth < least {
            return false;
        }
        self.remove(least.2);
        true
    }

    fn remove(&mut self, id: i32) {
        let Some(entry) = self.entries.remove(&id) else { return };
        let worth = (entry.session.is_follower, entry.partitions, id);
        self.by_last_use.remove(&(entry.last_used_ms, id));
        self.evictable_by_all.remove(&worth);
        self.evictable_by_followers.remove(&worth);
    }
}

/// The epoch of the request that follows one of this epoch.
pub(crate) fn next_epoch(epoch: i32) -> i32 {
    if epoch == i32::MAX { 1 } else { epoch + 1 }
}
