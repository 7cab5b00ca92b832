//! Every way in which bytes can be wrong. Static, cheap to make, and precise enough for one log
//! line.

use thiserror::Error;

/// Bytes that are not what the protocol says they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum WireError {
    /// The bytes end before the value does.
    #[error("{needed} bytes are needed and {left} are left")]
    Truncated {
        /// Bytes that the value needs.
        needed: usize,
        /// Bytes that are left.
        left: usize,
    },
    /// Bytes follow a value that should have been the last.
    #[error("{0} bytes follow the end")]
    TrailingBytes(usize),
    /// A length that is below what its field allows.
    #[error("a length is {0}")]
    InvalidLength(i64),
    /// An array claims more elements than the bytes that are left could hold.
    #[error("an array claims {count} elements and {left} bytes are left")]
    ArrayTooLong {
        /// Elements claimed.
        count: usize,
        /// Bytes left.
        left: usize,
    },
    /// A null where the field has none.
    #[error("a field is null that cannot be")]
    UnexpectedNull,
    /// A varint that does not fit its type.
    #[error("a varint is too long")]
    VarintTooLong,
    /// A string that is not UTF-8.
    #[error("a string is not UTF-8")]
    InvalidUtf8,
    /// A tagged field whose content does not have the size that it claims.
    #[error("tagged field {0} does not have its claimed size")]
    TaggedFieldSize(u32),
    /// A frame of negative size.
    #[error("a frame of {0} bytes")]
    NegativeFrameSize(i32),
    /// A frame above the limit.
    #[error("a frame of {size} bytes, more than {limit}")]
    FrameTooLarge {
        /// Size that the frame claims.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// An API key that this listener does not know.
    #[error("unknown API key {0}")]
    UnknownApiKey(i16),
    /// A version outside the codec's range.
    #[error("version {version} of API key {api_key} is not supported")]
    UnsupportedVersion {
        /// API key.
        api_key: i16,
        /// Version.
        version: i16,
    },
    /// A topic named where the version wants an id, or the other way round.
    #[error("a topic is named in a way that the version does not have")]
    WrongTopicRef,
    /// An error code that is not in the table.
    #[error("unknown error code {0}")]
    UnknownErrorCode(i16),
    /// A record batch format other than 2.
    #[error("record batch format {0}")]
    UnsupportedMagic(i8),
    /// A transaction marker of a version that is none.
    #[error("a transaction marker of version {0}")]
    MarkerVersion(i16),
    /// A batch whose length cannot hold its own header.
    #[error("a record batch of length {0}")]
    InvalidBatchLength(i32),
    /// A batch whose checksum is not that of its bytes.
    #[error("CRC-32C is {computed:08x}, the batch says {stored:08x}")]
    CrcMismatch {
        /// What the batch says.
        stored: u32,
        /// What its bytes give.
        computed: u32,
    },
    /// A batch that claims another number of records than it holds.
    #[error("a batch claims {claimed} records and holds {found}")]
    RecordCount {
        /// Records claimed.
        claimed: i32,
        /// Records found before the payload ended.
        found: i32,
    },
    /// A record whose fields do not fill its claimed length exactly.
    #[error("a record claims {claimed} bytes and its fields take {found}")]
    RecordLength {
        /// Bytes claimed.
        claimed: usize,
        /// Bytes that the fields take.
        found: usize,
    },
    /// Codec bits 5, 6 or 7.
    #[error("unknown compression type {0}")]
    UnknownCompression(u8),
    /// Compressed bytes that do not decompress.
    #[error("{0} cannot be decompressed")]
    CorruptCompression(&'static str),
    /// Bytes that would decompress to more than is allowed.
    #[error("more than {limit} bytes when decompressed")]
    DecompressedTooLarge {
        /// The limit.
        limit: usize,
    },
    /// Bytes that a compressor refused.
    #[error("{0} cannot compress")]
    CompressionFailed(&'static str),
}

/// Shorthand of this crate.
pub type Result<T> = std::result::Result<T, WireError>;
