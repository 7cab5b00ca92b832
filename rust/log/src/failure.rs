//! How far a failure reaches: one log, the directory that it lies in, or nothing but the moment.

use std::io::{self, ErrorKind};

use crate::error::LogError;

/// What a failure says about the rest of a log directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureScope {
    /// There is no space, or no descriptor: what was attempted left everything as it was, and may succeed later.
    Passing,
    /// This log's files are damaged or gone; the others are none the worse.
    Log,
    /// The disk under the directory failed: nothing that it says about any of its logs can be trusted.
    Directory,
}

impl FailureScope {
    /// How far a failed read or write reaches.
    pub fn of(error: &io::Error) -> Self {
        if is_passing(error) {
            Self::Passing
        } else if is_of_the_disk(error) {
            Self::Directory
        } else {
            Self::Log
        }
    }
}

impl LogError {
    /// How far the failure reaches.
    pub fn scope(&self) -> FailureScope {
        match self {
            // A failed fsync may have dropped the bytes of any file, whatever the reason was. A file that cannot be cut back to
            // what it was holds bytes that nobody wrote.
            Self::Disk { operation: "fsync" | "truncate", source, .. }
                if !is_missing(source) && !is_out_of_descriptors(source) =>
            {
                FailureScope::Directory
            }
            Self::Disk { source, .. } => FailureScope::of(source),
            Self::Corrupt { .. }
            | Self::TopicId { .. }
            | Self::Unusable { .. }
            | Self::Offline { .. } => FailureScope::Log,
        }
    }
}

/// Somebody removed the files of one log.
fn is_missing(error: &io::Error) -> bool {
    error.kind() == ErrorKind::NotFound
}

/// Whether the operating system lacked something that it may have later.
fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
        || is_out_of_descriptors(error)
}

#[cfg(unix)]
fn is_out_of_descriptors(error: &io::Error) -> bool {
    const ENFILE: i32 = 23;
    const EMFILE: i32 = 24;
    matches!(error.raw_os_error(), Some(ENFILE | EMFILE))
}

#[cfg(not(unix))]
fn is_out_of_descriptors(_error: &io::Error) -> bool {
    false
}

/// Whether the error is one of the device or the file system: `EIO`, a file system that went read-only, a device or a
/// network mount that is gone.
fn is_of_the_disk(error: &io::Error) -> bool {
    #[cfg(unix)]
    {
        const EIO: i32 = 5;
        const ENXIO: i32 = 6;
        const ENODEV: i32 = 19;
        if matches!(error.raw_os_error(), Some(EIO | ENXIO | ENODEV)) {
            return true;
        }
    }
    matches!(
        error.kind(),
        ErrorKind::ReadOnlyFilesystem | ErrorKind::StaleNetworkFileHandle | ErrorKind::TimedOut
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn scope(operation: &'static str, errno: i32) -> FailureScope {
        LogError::disk(operation, Path::new("file"), io::Error::from_raw_os_error(errno)).scope()
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_failure_reaches_as_far_as_its_cause() {
        const ENOENT: i32 = 2;
        const EIO: i32 = 5;
        const EMFILE: i32 = 24;
        const ENOSPC: i32 = 28;
        const EROFS: i32 = 30;
        const EDQUOT: i32 = 122;
        for errno in [ENOSPC, EDQUOT] {
            assert_eq!(scope("write", errno), FailureScope::Passing);
            assert_eq!(scope("fsync", errno), FailureScope::Directory);
        }
        // A folder must be opened for its fsync.
        for operation in ["write", "fsync"] {
            assert_eq!(scope(operation, EMFILE), FailureScope::Passing);
        }
        for errno in [EIO, EROFS] {
            assert_eq!(scope("write", errno), FailureScope::Directory);
            assert_eq!(scope("open", errno), FailureScope::Directory);
        }
        for operation in ["open", "fsync", "truncate"] {
            assert_eq!(scope(operation, ENOENT), FailureScope::Log, "its folder was removed");
        }
        let offline = LogError::Offline { reason: String::new() };
        assert_eq!(offline.scope(), FailureScope::Log);
    }
}
