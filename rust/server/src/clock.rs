//! The two clocks of the data plane: the wall clock for records, and the monotonic scale that Python gave.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Tells the time on the scale that `DataPlaneOptions.monotonic_ms` started.
#[derive(Debug)]
pub(crate) struct Clock {
    started: Instant,
    started_ms: i64,
}

impl Clock {
    /// A clock whose monotonic scale reads `started_ms` now.
    pub(crate) fn new(started_ms: i64) -> Self {
        Self { started: Instant::now(), started_ms }
    }

    /// Milliseconds on the monotonic scale of the control plane.
    pub(crate) fn monotonic_ms(&self) -> i64 {
        self.started_ms + self.started.elapsed().as_millis() as i64
    }

    /// Milliseconds since the Unix epoch.
    #[expect(clippy::unused_self, reason = "the wall clock is asked through the same object")]
    pub(crate) fn now_ms(&self) -> i64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_millis() as i64)
    }
}
