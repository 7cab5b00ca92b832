//! The length prefix of a frame: four bytes, and their limits.

use crate::error::{Result, WireError};
use std::ops::Range;

/// Bytes of the length prefix.
pub const PREFIX_BYTES: usize = 4;

/// The size that a prefix claims, when it is within `limit`.
pub fn frame_size(prefix: [u8; PREFIX_BYTES], limit: usize) -> Result<usize> {
    let claimed = i32::from_be_bytes(prefix);
    let size = usize::try_from(claimed).map_err(|_| WireError::NegativeFrameSize(claimed))?;
    if size > limit {
        return Err(WireError::FrameTooLarge { size, limit });
    }
    Ok(size)
}

/// Where in `buffer` the first frame's content stands, or `None` while it is not complete.
pub fn first_frame(buffer: &[u8], limit: usize) -> Result<Option<Range<usize>>> {
    let Some(&prefix) = buffer.first_chunk::<PREFIX_BYTES>() else { return Ok(None) };
    let end = PREFIX_BYTES + frame_size(prefix, limit)?;
    Ok((buffer.len() >= end).then_some(PREFIX_BYTES..end))
}

/// Appends room for a prefix and says where it stands; [`end_frame`] fills it.
pub fn begin_frame(bytes: &mut Vec<u8>) -> usize {
    let position = bytes.len();
    bytes.extend_from_slice(&[0; PREFIX_BYTES]);
    position
}

/// Fills the prefix at `position` of a frame that reaches to the end of `bytes` and has
/// `bytes_elsewhere` more that are sent from somewhere else.
pub fn end_frame(bytes: &mut [u8], position: usize, bytes_elsewhere: usize) -> Result<()> {
    let size = bytes.len() - position - PREFIX_BYTES + bytes_elsewhere;
    let limit = i32::MAX as usize;
    let claimed = i32::try_from(size).map_err(|_| WireError::FrameTooLarge { size, limit })?;
    bytes[position..position + PREFIX_BYTES].copy_from_slice(&claimed.to_be_bytes());
    Ok(())
}
