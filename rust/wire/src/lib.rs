//! The Kafka wire format without I/O: bytes in, values out, and back.
//!
//! Nothing here owns a socket or a file, allocates in proportion to a number that a peer claims, or
//! panics on bytes that a peer sent. Every way in which bytes can be wrong is a [`WireError`].

#![forbid(unsafe_code)]

pub mod batch;
pub mod compression;
pub mod crc32c;
pub mod error;
pub mod error_code;
pub mod fetch;
pub mod frame;
pub mod header;
pub mod marker;
pub mod primitives;
pub mod produce;
pub mod record;
#[cfg(feature = "testing")]
pub mod testing;

pub use batch::{Batch, BatchBuilder, BatchHeader, Batches};
pub use compression::Compression;
pub use error::WireError;
pub use error_code::ErrorCode;
pub use marker::{TransactionMarker, TransactionOutcome};
pub use primitives::{Reader, TopicRef, Uuid, Writer};
