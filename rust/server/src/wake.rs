//! A descriptor that is readable while something waits: an eventfd on Linux, a socket pair elsewhere.

use std::io;
use std::os::fd::{AsRawFd, RawFd};

#[cfg(target_os = "linux")]
pub(crate) use linux::WakeDescriptor;
#[cfg(not(target_os = "linux"))]
pub(crate) use portable::WakeDescriptor;

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::File;
    use std::io::{Read, Write};
    use std::os::fd::FromRawFd;

    use super::{AsRawFd, RawFd, io};

    /// One counter in the kernel.
    #[derive(Debug)]
    pub(crate) struct WakeDescriptor(File);

    impl WakeDescriptor {
        pub(crate) fn new() -> io::Result<Self> {
            // SAFETY: eventfd takes no pointers; the result is checked.
            let descriptor = unsafe { libc::eventfd(0, libc::EFD_NONBLOCK | libc::EFD_CLOEXEC) };
            if descriptor < 0 {
                return Err(io::Error::last_os_error());
            }
            // SAFETY: the descriptor was just made and belongs to nobody else.
            Ok(Self(unsafe { File::from_raw_fd(descriptor) }))
        }

        /// Make the descriptor readable.
        pub(crate) fn set(&self) {
            // A full counter is readable already, so a refused write changes nothing.
            let _ = (&self.0).write(&1_u64.to_ne_bytes());
        }

        /// Make the descriptor unreadable.
        pub(crate) fn clear(&self) {
            let _ = (&self.0).read(&mut [0; 8]);
        }

        pub(crate) fn as_raw_fd(&self) -> RawFd {
            self.0.as_raw_fd()
        }
    }
}

#[cfg(any(test, not(target_os = "linux")))]
mod portable {
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;

    use super::{AsRawFd, RawFd, io};

    /// A pair of sockets; one byte in flight means readable.
    #[derive(Debug)]
    pub(crate) struct WakeDescriptor {
        reader: UnixStream,
        writer: UnixStream,
    }

    impl WakeDescriptor {
        pub(crate) fn new() -> io::Result<Self> {
            let (reader, writer) = UnixStream::pair()?;
            reader.set_nonblocking(true)?;
            writer.set_nonblocking(true)?;
            Ok(Self { reader, writer })
        }

        /// Make the descriptor readable.
        pub(crate) fn set(&self) {
            // A full socket is readable already, so a refused write changes nothing.
            let _ = (&self.writer).write(&[1]);
        }

        /// Make the descriptor unreadable.
        pub(crate) fn clear(&self) {
            while matches!((&self.reader).read(&mut [0; 64]), Ok(64)) {}
        }

        pub(crate) fn as_raw_fd(&self) -> RawFd {
            self.reader.as_raw_fd()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_readable(descriptor: RawFd) -> bool {
        let mut poll = libc::pollfd { fd: descriptor, events: libc::POLLIN, revents: 0 };
        // SAFETY: one pollfd lives on the stack for the call.
        unsafe { libc::poll(&raw mut poll, 1, 0) == 1 }
    }

    macro_rules! readable_while_set {
        ($name:ident, $kind:ty) => {
            #[test]
            fn $name() {
                let wake = <$kind>::new().unwrap();
                assert!(!is_readable(wake.as_raw_fd()));
                wake.set();
                wake.set();
                assert!(is_readable(wake.as_raw_fd()));
                wake.clear();
                assert!(!is_readable(wake.as_raw_fd()));
            }
        };
    }

    readable_while_set!(a_descriptor_is_readable_while_it_is_set, WakeDescriptor);
    readable_while_set!(
        the_portable_descriptor_is_readable_while_it_is_set,
        portable::WakeDescriptor
    );
}
