//! One partition that a fetch reads, owned, so that it outlives the request's bytes.

use std::sync::Arc;

use pybroker_wire::fetch::FetchTopic;
use pybroker_wire::{TopicRef, Uuid};

use crate::images::MetadataImage;

/// What a fetch wants of one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FetchTarget {
    /// Zero where the request names topics.
    pub(crate) topic_id: Uuid,
    /// None for an id that nobody knew so far.
    pub(crate) name: Option<Arc<str>>,
    /// Index of the partition.
    pub(crate) partition: i32,
    /// The leader epoch that the client knows, or −1.
    pub(crate) current_leader_epoch: i32,
    pub(crate) fetch_offset: i64,
    /// Epoch of the last record that the client has, or −1.
    pub(crate) last_fetched_epoch: i32,
    pub(crate) max_bytes: i32,
}

impl FetchTarget {
    /// How the client names the topic.
    pub(crate) fn topic(&self) -> TopicRef<'_> {
        match &self.name {
            Some(name) if self.topic_id.is_zero() => TopicRef::Name(name),
            _ => TopicRef::Id(self.topic_id),
        }
    }

    /// Everything that a request names, in its order.
    pub(crate) fn of_request(topics: &[FetchTopic<'_>], metadata: &MetadataImage) -> Vec<Self> {
        let mut targets =
            Vec::with_capacity(topics.iter().map(|topic| topic.partitions.len()).sum());
        for topic in topics {
            let (topic_id, name) = match topic.topic {
                TopicRef::Id(id) => {
                    (id, metadata.topic_by_id(id).map(|topic| Arc::clone(&topic.name)))
                }
                TopicRef::Name(name) => {
                    let known = metadata.topic(name).map(|topic| Arc::clone(&topic.name));
                    (Uuid::ZERO, Some(known.unwrap_or_else(|| name.into())))
                }
            };
            targets.extend(topic.partitions.iter().map(|partition| Self {
                topic_id,
                name: name.clone(),
                partition: partition.partition,
                current_leader_epoch: partition.current_leader_epoch,
                fetch_offset: partition.fetch_offset,
                last_fetched_epoch: partition.last_fetched_epoch,
                max_bytes: partition.partition_max_bytes,
            }));
        }
        targets
    }
}
