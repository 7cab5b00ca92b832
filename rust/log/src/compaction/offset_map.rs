//! The latest offset of each key, in bounded memory.
//!
//! Keys are not kept, only 128 bits of hash: an entry takes 24 bytes whatever the key. Two keys of one hash would be taken for one;
//! the hash has a random seed, so that nobody can choose such keys. Memory is taken as keys come, and given back by `clear`.

#![expect(clippy::cast_precision_loss, reason = "shares of a memory size")]

use std::hash::{BuildHasher, RandomState};

use twox_hash::XxHash3_128;

/// Bytes of an entry: 16 of hash and 8 of offset.
pub(crate) const ENTRY_BYTES: usize = 24;
/// Tables that grow one by one, so that growing never needs much more memory than the map has.
const MAX_TABLES: usize = 64;
/// A map smaller than this is one table.
const MIN_SLOTS_TO_DIVIDE: usize = 64 * 1024;
/// Slots of a table when its first key comes.
const FIRST_SLOTS: usize = 256;
/// A table that may still grow does so when it is this full, in tenths: fuller ones are slow to search.
const GROWTH_LOAD_TENTHS: usize = 7;

/// The hash of a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct KeyHash {
    table: u64,
    slot: u64,
}

/// Key to latest offset, for one pass of compaction over one log.
#[derive(Debug)]
pub struct OffsetMap {
    seed: u64,
    tables: Vec<Table>,
    /// The most slots of a table.
    table_slots: usize,
    /// The most keys.
    capacity: usize,
    len: usize,
    /// What the map says holds up to here, inclusive; -1 at first.
    latest_offset: i64,
}

/// Slots with open addressing. A slot is hash, hash, offset + 1; an empty one has a 0 for the offset.
#[derive(Debug, Default)]
struct Table {
    slots: Vec<[u64; 3]>,
    len: usize,
}

impl OffsetMap {
    /// A map that takes at most `max_bytes` and is full when this share of it is used. It has no memory yet.
    pub fn new(max_bytes: usize, load_factor: f64) -> Self {
        let slots = max_bytes / ENTRY_BYTES;
        let tables = if slots < MIN_SLOTS_TO_DIVIDE { 1 } else { MAX_TABLES };
        Self {
            seed: RandomState::new().hash_one(0),
            tables: (0..tables).map(|_| Table::default()).collect(),
            table_slots: slots / tables,
            capacity: (slots as f64 * load_factor.clamp(0.0, 1.0)) as usize,
            len: 0,
            latest_offset: -1,
        }
    }

    /// How many keys there are room for.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// How many keys it has.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it has no keys.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Forgets everything and gives the memory back.
    pub fn clear(&mut self) {
        self.tables.fill_with(Table::default);
        self.len = 0;
        self.latest_offset = -1;
    }

    /// Share of the slots that is in use, from 0 to 1.
    pub fn utilization(&self) -> f64 {
        self.len as f64 / (self.table_slots * self.tables.len()).max(1) as f64
    }

    pub(crate) fn latest_offset(&self) -> i64 {
        self.latest_offset
    }

    pub(crate) fn set_latest_offset(&mut self, offset: i64) {
        self.latest_offset = offset;
    }

    pub(crate) fn hash(&self, key: &[u8]) -> KeyHash {
        let hash = XxHash3_128::oneshot_with_seed(self.seed, key);
        KeyHash { table: (hash >> 64) as u64, slot: hash as u64 }
    }

    /// Reads where the search for a hash will begin. Called for many hashes before they are searched for, it lets the
    /// processor fetch from memory for all of them at once.
    pub(crate) fn touch(&self, hash: KeyHash) -> u64 {
        let table = &self.tables[self.table_of(hash)];
        table.slots.get(table.home(hash)).map_or(0, |slot| slot[2])
    }

    /// Notes the offset of a key, which is later than those before. False, and nothing noted, when the map is full.
    pub(crate) fn put(&mut self, hash: KeyHash, offset: i64) -> bool {
        let table = self.table_of(hash);
        if self.len >= self.capacity || !self.tables[table].make_room(self.table_slots) {
            return false;
        }
        if self.tables[table].put([hash.table, hash.slot, offset as u64 + 1]) {
            self.len += 1;
        }
        self.latest_offset = offset;
        true
    }

    /// The latest offset of a key.
    pub(crate) fn get(&self, hash: KeyHash) -> Option<i64> {
        self.tables[self.table_of(hash)].get(hash)
    }

    fn table_of(&self, hash: KeyHash) -> usize {
        scale(hash.table, self.tables.len())
    }
}

impl Table {
    fn home(&self, hash: KeyHash) -> usize {
        scale(hash.slot, self.slots.len())
    }

    fn get(&self, hash: KeyHash) -> Option<i64> {
        if self.slots.is_empty() {
            return None;
        }
        let slot = &self.slots[self.find(hash)];
        (slot[2] != 0).then(|| (slot[2] - 1) as i64)
    }

    /// The slot of a hash, or the empty one where it belongs. There is always an empty one.
    fn find(&self, hash: KeyHash) -> usize {
        let mut at = self.home(hash);
        loop {
            let slot = &self.slots[at];
            if slot[2] == 0 || (slot[1] == hash.slot && slot[0] == hash.table) {
                return at;
            }
            at += 1;
            if at == self.slots.len() {
                at = 0;
            }
        }
    }

    /// Says whether the key is new.
    fn put(&mut self, entry: [u64; 3]) -> bool {
        let at = self.find(KeyHash { table: entry[0], slot: entry[1] });
        let is_new = self.slots[at][2] == 0;
        self.slots[at] = entry;
        self.len += usize::from(is_new);
        is_new
    }

    /// Grows, if need be, so that one more entry leaves a slot empty. False when the table may not.
    fn make_room(&mut self, max_slots: usize) -> bool {
        let slots = self.slots.len();
        if self.len * 10 >= slots * GROWTH_LOAD_TENTHS && slots < max_slots {
            let larger = vec![[0; 3]; (slots * 2).clamp(FIRST_SLOTS.min(max_slots), max_slots)];
            let smaller = std::mem::replace(&mut self.slots, larger);
            self.len = 0;
            for entry in smaller.into_iter().filter(|entry| entry[2] != 0) {
                self.put(entry);
            }
        }
        self.len + 1 < self.slots.len()
    }
}

/// Brings a hash down to an index below `count`, evenly.
fn scale(hash: u64, count: usize) -> usize {
    ((u128::from(hash) * count as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_the_offset_that_was_put_last() {
        for max_bytes in [64 * ENTRY_BYTES, 1 << 20, 1 << 24] {
            let mut map = OffsetMap::new(max_bytes, 0.9);
            let keys = map.capacity().min(100_000) as i64;
            for round in 0..2 {
                for key in 0..keys - 1 {
                    let hash = map.hash(&key.to_be_bytes());
                    assert!(map.put(hash, round * keys + key), "{key} of {keys}");
                }
            }
            assert_eq!(map.len() as i64, keys - 1);
            assert_eq!(map.latest_offset(), 2 * keys - 2);
            for key in 0..keys - 1 {
                assert_eq!(map.get(map.hash(&key.to_be_bytes())), Some(keys + key));
            }
            assert_eq!(map.get(map.hash(b"another")), None);
        }
    }

    #[test]
    fn a_full_map_takes_nothing_more() {
        let mut map = OffsetMap::new(10 * ENTRY_BYTES, 0.5);
        for key in 0..5_i64 {
            assert!(map.put(map.hash(&key.to_be_bytes()), key));
        }
        assert!(!map.put(map.hash(b"six"), 5));
        assert_eq!((map.len(), map.latest_offset()), (5, 4));
        assert!((map.utilization() - 0.5).abs() < 1e-9);
        map.clear();
        assert!(map.put(map.hash(b"six"), 5));
    }

    #[test]
    fn a_table_without_an_empty_slot_cannot_be() {
        let mut map = OffsetMap::new(4 * ENTRY_BYTES, 1.0);
        let taken = (0..9_i64).filter(|key| map.put(map.hash(&key.to_be_bytes()), *key)).count();
        assert_eq!(taken, 3);
        assert_eq!(map.get(map.hash(b"not there")), None);
    }

    #[test]
    fn memory_follows_the_keys() {
        let mut map = OffsetMap::new(128 << 20, 0.9);
        let bytes = |map: &OffsetMap| {
            map.tables.iter().map(|table| table.slots.capacity()).sum::<usize>() * ENTRY_BYTES
        };
        assert_eq!(bytes(&map), 0);
        for key in 0..10_000_i64 {
            assert!(map.put(map.hash(&key.to_be_bytes()), key));
        }
        assert!(bytes(&map) < 1 << 20, "{}", bytes(&map));
        map.clear();
        assert_eq!(bytes(&map), 0);
    }
}
