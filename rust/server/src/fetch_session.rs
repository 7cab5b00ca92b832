//! The partitions that one fetch session remembers, in the order in which they are served.
//!
//! A partition that gave records goes to the end, so that none starves behind a busy one.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use pybroker_wire::fetch::FetchPartitionResponse;
use pybroker_wire::{TopicRef, Uuid};

use crate::fetch_read::Fetched;
use crate::fetch_target::FetchTarget;

/// A place in the order of a session.
pub(crate) type Token = u64;

/// What a session remembers of one partition: how it is fetched, and what the client was last told.
#[derive(Debug)]
struct SessionPartition {
    target: FetchTarget,
    high_watermark: i64,
    log_start_offset: i64,
}

/// The partitions of one session.
#[derive(Debug)]
pub(crate) struct SessionPartitions {
    in_order: BTreeMap<Token, SessionPartition>,
    places: Places,
    next_token: Token,
}

/// Where a partition stands in the order.
#[derive(Debug)]
enum Places {
    ByName(HashMap<Arc<str>, HashMap<i32, Token>>),
    ById(HashMap<(Uuid, i32), Token>),
}

impl Places {
    fn find(&self, topic: TopicRef<'_>, partition: i32) -> Option<Token> {
        match (self, topic) {
            (Self::ByName(places), TopicRef::Name(name)) => {
                places.get(name)?.get(&partition).copied()
            }
            (Self::ById(places), TopicRef::Id(id)) => places.get(&(id, partition)).copied(),
            _ => None,
        }
    }

    fn put(&mut self, target: &FetchTarget, token: Token) {
        match self {
            Self::ByName(places) => {
                let Some(name) = &target.name else { return };
                match places.get_mut(name) {
                    Some(partitions) => partitions.insert(target.partition, token),
                    None => {
                        places.entry(Arc::clone(name)).or_default().insert(target.partition, token)
                    }
                };
            }
            Self::ById(places) => {
                places.insert((target.topic_id, target.partition), token);
            }
        }
    }

    fn take(&mut self, topic: TopicRef<'_>, partition: i32) -> Option<Token> {
        match (self, topic) {
            (Self::ByName(places), TopicRef::Name(name)) => {
                let partitions = places.get_mut(name)?;
                let token = partitions.remove(&partition);
                if partitions.is_empty() {
                    places.remove(name);
                }
                token
            }
            (Self::ById(places), TopicRef::Id(id)) => places.remove(&(id, partition)),
            _ => None,
        }
    }
}

impl SessionPartitions {
    /// The partitions of a full fetch, with what it answered. One that is named twice counts as it was named last.
    pub(crate) fn new(uses_topic_ids: bool, targets: &[FetchTarget], fetched: &[Fetched]) -> Self {
        let places = if uses_topic_ids {
            Places::ById(HashMap::new())
        } else {
            Places::ByName(HashMap::new())
        };
        let mut session = Self { in_order: BTreeMap::new(), places, next_token: 0 };
        for (target, fetched) in targets.iter().zip(fetched) {
            let token = session.put(target);
            if let Some(remembered) = session.in_order.get_mut(&token) {
                remembered.high_watermark = fetched.response.high_watermark;
                remembered.log_start_offset = fetched.response.log_start_offset;
            }
        }
        session
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.in_order.len()
    }

    /// Add a partition at the end, or change how it is fetched.
    pub(crate) fn put(&mut self, target: &FetchTarget) -> Token {
        if let Some(token) = self.places.find(target.topic(), target.partition)
            && let Some(remembered) = self.in_order.get_mut(&token)
        {
            // The name by which an id was known first stays: a topic created anew is told apart by it.
            let name = remembered.target.name.take().or_else(|| target.name.clone());
            remembered.target = FetchTarget { name, ..target.clone() };
            return token;
        }
        let remembered =
            SessionPartition { target: target.clone(), high_watermark: -1, log_start_offset: -1 };
        self.put_last(remembered)
    }

    /// Drop a partition, if it is there.
    pub(crate) fn remove(&mut self, topic: TopicRef<'_>, partition: i32) {
        if let Some(token) = self.places.take(topic, partition) {
            self.in_order.remove(&token);
        }
    }

    /// Everything in order. Names of ids that were unknown so far are looked up again.
    pub(crate) fn snapshot(
        &mut self,
        name_of: impl Fn(Uuid) -> Option<Arc<str>>,
    ) -> (Vec<Token>, Vec<FetchTarget>) {
        let of_one = |(&token, remembered): (&Token, &mut SessionPartition)| {
            let target = &mut remembered.target;
            if target.name.is_none() {
                target.name = name_of(target.topic_id);
            }
            (token, target.clone())
        };
        self.in_order.iter_mut().map(of_one).unzip()
    }

    /// Whether the client must be told of a response, which is remembered then. Kafka tells of records, of a moved high
    /// watermark or log start offset, of errors and of diverging epochs.
    pub(crate) fn has_changed(&mut self, token: Token, response: &FetchPartitionResponse) -> bool {
        let Some(remembered) = self.in_order.get_mut(&token) else { return true };
        let is_error = response.error_code.is_error();
        let has_records = response.records_bytes > 0;
        let has_changed = has_records
            || is_error
            || response.diverging_epoch.is_some()
            || remembered.high_watermark != response.high_watermark
            || remembered.log_start_offset != response.log_start_offset;
        // After an error the partition is told of again, whatever its high watermark is by then.
        remembered.high_watermark = if is_error { -1 } else { response.high_watermark };
        remembered.log_start_offset = response.log_start_offset;
        if has_records && let Some(served) = self.in_order.remove(&token) {
            self.put_last(served);
        }
        has_changed
    }

    fn put_last(&mut self, remembered: SessionPartition) -> Token {
        let token = self.next_token;
        self.next_token += 1;
        self.places.put(&remembered.target, token);
        self.in_order.insert(token, remembered);
        token
    }
}
