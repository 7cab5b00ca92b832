//! The protocol's primitive types: a [`Reader`] over a slice that knows its position, a [`Writer`]
//! over a vector.
//!
//! A length is checked against the bytes that are left before anything is allocated for it.

mod reader;
mod writer;

use std::fmt;

pub use reader::Reader;
pub use writer::Writer;

/// A topic id and its like: 16 bytes. All zero means none.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Uuid(pub [u8; 16]);

impl Uuid {
    /// No id.
    pub const ZERO: Self = Self([0; 16]);

    /// Whether this is no id.
    pub fn is_zero(&self) -> bool {
        *self == Self::ZERO
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0 {
            write!(formatter, "{byte:02x}")?;
        }
        Ok(())
    }
}

/// How a request or a response names a topic: by name in older versions, by id in newer ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TopicRef<'a> {
    /// By name.
    Name(&'a str),
    /// By id.
    Id(Uuid),
}

/// Whether a tagged field was known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagOutcome {
    /// It was read, whole.
    Read,
    /// It is not known.
    Skip,
}

/// How a version writes lengths, and whether it has tagged fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Fixed-width lengths, no tagged fields.
    Classic,
    /// Flexible versions (KIP-482): varint lengths, tagged fields.
    Compact,
}

impl Encoding {
    /// The encoding of `version` when versions are flexible from `first_flexible` on.
    #[inline]
    pub fn of(version: i16, first_flexible: i16) -> Self {
        if version >= first_flexible { Self::Compact } else { Self::Classic }
    }
}

/// The width of a classic length.
#[derive(Debug, Clone, Copy)]
enum Width {
    Short,
    Int,
}
