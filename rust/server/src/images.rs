//! What Produce and Fetch must know of the cluster: immutable, published by Python as deltas.
//!
//! The maps are persistent (they share structure with their predecessors), so publishing the ten-thousandth topic
//! costs what the first did, and readers load the present image without a lock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use pybroker_log::LogConfig;
use pybroker_wire::Uuid;
use rpds::HashTrieMapSync;

use crate::partition::Partition;

/// One topic.
#[derive(Debug)]
pub(crate) struct TopicImage {
    /// The name.
    pub(crate) name: Arc<str>,
    /// The id, which differs after a topic was created anew.
    pub(crate) topic_id: Uuid,
    /// Whether clients may not produce to it. Nothing is kept in it: where it has no log, it is empty.
    pub(crate) internal: bool,
    /// What its logs obey.
    pub(crate) config: Arc<LogConfig>,
    /// By partition index.
    pub(crate) partitions: Box<[PartitionImage]>,
}

/// One partition.
#[derive(Debug)]
pub(crate) struct PartitionImage {
    /// Node id of the leader.
    pub(crate) leader_id: i32,
    /// Number of the leadership term.
    pub(crate) leader_epoch: i32,
    /// The log behind it; none while it is offline.
    pub(crate) partition: Option<Arc<Partition>>,
}

/// A broker as leader hints (KIP-951) name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeImage {
    /// The node id.
    pub node_id: i32,
    /// The advertised host; empty where clients take the address that they dialled.
    pub host: String,
    /// The advertised port.
    pub port: i32,
}

/// Everything at one epoch.
#[derive(Debug, Clone, Default)]
pub(crate) struct MetadataImage {
    by_id: HashTrieMapSync<Uuid, Arc<TopicImage>>,
    by_name: HashTrieMapSync<Arc<str>, Arc<TopicImage>>,
    nodes: Arc<[NodeImage]>,
}

impl MetadataImage {
    /// The topic of a name.
    pub(crate) fn topic(&self, name: &str) -> Option<&Arc<TopicImage>> {
        self.by_name.get(name)
    }

    /// The topic of an id.
    pub(crate) fn topic_by_id(&self, topic_id: Uuid) -> Option<&Arc<TopicImage>> {
        self.by_id.get(&topic_id)
    }

    /// The broker of a node id.
    pub(crate) fn node(&self, node_id: i32) -> Option<&NodeImage> {
        self.nodes.iter().find(|node| node.node_id == node_id)
    }

    fn remove(&mut self, topic_id: Uuid) -> Option<Arc<TopicImage>> {
        let topic = self.by_id.get(&topic_id).cloned()?;
        self.by_id.remove_mut(&topic_id);
        // A name may belong to a newer topic by now.
        if self.by_name.get(&topic.name).is_some_and(|named| named.topic_id == topic_id) {
            self.by_name.remove_mut(&topic.name);
        }
        Some(topic)
    }

    /// Whether a partition of an earlier image is led as it was.
    fn is_led_alike(&self, topic_id: Uuid, index: usize, earlier: &PartitionImage) -> bool {
        let now = self.topic_by_id(topic_id).and_then(|topic| topic.partitions.get(index));
        now.is_some_and(|now| {
            (now.leader_id, now.leader_epoch) == (earlier.leader_id, earlier.leader_epoch)
        })
    }
}

/// The present image and its epoch.
#[derive(Debug, Default)]
pub(crate) struct Images {
    metadata: ArcSwap<MetadataImage>,
    epoch: AtomicU64,
    publishing: Mutex<()>,
}

impl Images {
    /// The present metadata.
    pub(crate) fn metadata(&self) -> arc_swap::Guard<Arc<MetadataImage>> {
        self.metadata.load()
    }

    /// The present epoch. An answer computed under it may be given again while it stays.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Add or replace topics and drop deleted ones, at once. Fetches that wait on a partition which is gone or has another
    /// leader are told so.
    pub(crate) fn publish_topics(&self, topics: Vec<TopicImage>, deleted: &[Uuid]) -> u64 {
        let mut earlier = Vec::new();
        let epoch = self.change(|image| {
            earlier.extend(deleted.iter().filter_map(|&topic_id| image.remove(topic_id)));
            for topic in topics {
                let topic = Arc::new(topic);
                earlier.extend(image.topic_by_id(topic.topic_id).cloned());
                image.by_id.insert_mut(topic.topic_id, Arc::clone(&topic));
                image.by_name.insert_mut(Arc::clone(&topic.name), topic);
            }
        });
        let metadata = self.metadata();
        for topic in earlier {
            for (index, partition) in topic.partitions.iter().enumerate() {
                let log = partition.partition.as_ref();
                if let Some(log) =
                    log.filter(|_| !metadata.is_led_alike(topic.topic_id, index, partition))
                {
                    log.wake();
                }
            }
        }
        epoch
    }

    /// Replace the brokers.
    pub(crate) fn publish_nodes(&self, nodes: Vec<NodeImage>) -> u64 {
        self.change(|image| image.nodes = nodes.into())
    }

    /// Move the epoch without a new image.
    pub(crate) fn advance_epoch(&self) -> u64 {
        self.epoch.fetch_add(1, Ordering::AcqRel) + 1
    }

    fn change(&self, change: impl FnOnce(&mut MetadataImage)) -> u64 {
        let _publishing = self.publishing.lock();
        let mut image = MetadataImage::clone(&self.metadata.load());
        change(&mut image);
        self.metadata.store(Arc::new(image));
        self.advance_epoch()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(name: &str, topic_id: u8) -> TopicImage {
        TopicImage {
            name: name.into(),
            topic_id: Uuid([topic_id; 16]),
            internal: false,
            config: Arc::new(LogConfig::default()),
            partitions: Box::default(),
        }
    }

    #[test]
    fn a_published_topic_is_found_by_name_and_id_until_it_is_deleted() {
        let images = Images::default();
        images.publish_topics(vec![topic("a", 1), topic("b", 2)], &[]);
        assert_eq!(images.metadata().topic("a").unwrap().topic_id, Uuid([1; 16]));
        assert_eq!(&*images.metadata().topic_by_id(Uuid([2; 16])).unwrap().name, "b");

        images.publish_topics(vec![], &[Uuid([1; 16])]);
        assert!(images.metadata().topic("a").is_none());
        assert!(images.metadata().topic_by_id(Uuid([1; 16])).is_none());
        assert!(images.metadata().topic("b").is_some());
    }

    #[test]
    fn deleting_the_old_id_of_a_recreated_topic_keeps_the_new_one() {
        let images = Images::default();
        images.publish_topics(vec![topic("a", 1)], &[]);
        images.publish_topics(vec![topic("a", 2)], &[]);
        images.publish_topics(vec![], &[Uuid([1; 16])]);
        assert_eq!(images.metadata().topic("a").unwrap().topic_id, Uuid([2; 16]));
    }

    #[test]
    fn every_publication_moves_the_epoch() {
        let images = Images::default();
        let first = images.publish_topics(vec![], &[]);
        let second = images.publish_nodes(vec![]);
        assert!(first < second);
        assert_eq!(images.advance_epoch(), images.epoch());
        assert!(second < images.epoch());
    }
}
