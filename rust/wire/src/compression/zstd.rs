//! Zstandard, with a context that each thread keeps: to make one costs more than most batches.

use super::{Compression, read_all};
use crate::error::{Result, WireError};
use ::zstd::stream::read::Decoder;
use ::zstd::zstd_safe::{DCtx, ResetDirective};
use std::cell::RefCell;

/// Level when none is asked for, as zstd's own.
const DEFAULT_LEVEL: i32 = 3;
/// A context whose window has grown beyond this is given back after use.
const MAX_KEPT_CONTEXT_BYTES: usize = 4 << 20;
const CORRUPT: WireError = WireError::CorruptCompression("zstd");

thread_local! {
    static CONTEXT: RefCell<Option<DCtx<'static>>> = const { RefCell::new(None) };
}

pub(super) fn decompress(payload: &[u8], max_bytes: usize, out: &mut Vec<u8>) -> Result<()> {
    CONTEXT.with_borrow_mut(|kept| {
        let context = kept.get_or_insert_with(DCtx::create);
        // What came before may have ended in an error.
        context.reset(ResetDirective::SessionOnly).map_err(|_| CORRUPT)?;
        let decoder = Decoder::with_context(payload, context);
        let outcome = read_all(Compression::Zstd, decoder, max_bytes, out);
        if context.sizeof() > MAX_KEPT_CONTEXT_BYTES {
            *kept = None;
        }
        outcome
    })
}

pub(super) fn compress(payload: &[u8], level: Option<i32>, out: &mut Vec<u8>) -> Result<()> {
    ::zstd::stream::copy_encode(payload, out, level.unwrap_or(DEFAULT_LEVEL))
        .map_err(|_| WireError::CompressionFailed("zstd"))
}
