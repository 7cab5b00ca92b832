//! What a crash of the machine leaves of that which was not synced.

use super::random::Random;

/// In which order changes reach the disk by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// As they were made: some first ones survive, the others do not. The last write that survives may be torn at any byte.
    Kept,
    /// In any: each survives or does not, torn or whole.
    Any,
}

/// What stands where bytes of a file were lost, as far as its size had been written already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// Nothing: the file is shorter.
    Missing,
    /// Zeros.
    Zeros,
    /// Whatever stood on the disk before.
    Rubbish,
}

/// How a crash of the machine goes. Files are never ordered against each other or against names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Survival {
    /// The unsynced writes of each file.
    pub writes: Order,
    /// The unsynced creations, renames and deletions.
    pub names: Order,
    /// What stands in the place of what was lost.
    pub tail: Tail,
}

impl Survival {
    /// Some crash; writes within one file mostly in order, as file systems mostly do it.
    pub(super) fn any(random: &mut Random) -> Self {
        Self {
            writes: if random.chance(10) { Order::Any } else { Order::Kept },
            names: if random.chance(50) { Order::Any } else { Order::Kept },
            tail: match random.below(3) {
                0 => Tail::Missing,
                1 => Tail::Zeros,
                _ => Tail::Rubbish,
            },
        }
    }
}
