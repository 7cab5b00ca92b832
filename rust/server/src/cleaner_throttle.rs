//! How fast compaction may go, and its stop: `log.cleaner.io.max.bytes.per.second`, over all its threads.

#![expect(clippy::cast_precision_loss, reason = "a rate in bytes")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use pybroker_log::Throttle;

use crate::partition::Partition;

/// A rate from here on is no limit.
const UNLIMITED_BYTES_PER_SECOND: f64 = 1e15;
/// The longest wait at once, whatever the rate.
const WAIT_MAX: Duration = Duration::from_secs(3600);
/// How often a pass that waits looks whether its log is still there.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);

/// What all passes of a data plane share.
#[derive(Debug)]
pub(crate) struct Pace {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    bytes_per_second: f64,
    is_over: bool,
    /// Passes under way.
    passes: usize,
    /// When what was read and written so far has used up its time.
    paid_until: Option<Instant>,
}

/// A pass over one partition's log, as far as its pace goes.
#[derive(Debug)]
pub(crate) struct Pass {
    pace: Arc<Pace>,
    partition: Arc<Partition>,
}

impl Pace {
    pub(crate) fn new(bytes_per_second: f64) -> Self {
        let state = State { bytes_per_second, is_over: false, passes: 0, paid_until: None };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Go at another rate: whoever waits, waits no longer for the old one.
    pub(crate) fn set_bytes_per_second(&self, bytes_per_second: f64) {
        let mut state = self.state.lock();
        if state.bytes_per_second.to_bits() != bytes_per_second.to_bits() {
            state.bytes_per_second = bytes_per_second;
            state.paid_until = None;
            self.changed.notify_all();
        }
    }

    /// Begin a pass; none when there are to be no more.
    pub(crate) fn begin(self: &Arc<Self>, partition: &Arc<Partition>) -> Option<Pass> {
        let mut state = self.state.lock();
        if state.is_over {
            return None;
        }
        state.passes += 1;
        Some(Pass { pace: Arc::clone(self), partition: Arc::clone(partition) })
    }

    /// Stop the passes, and return when the last of them has ended.
    pub(crate) fn close(&self) {
        let mut state = self.state.lock();
        state.is_over = true;
        self.changed.notify_all();
        while state.passes > 0 {
            self.changed.wait(&mut state);
        }
    }

    /// Whether there are to be no more passes.
    pub(crate) fn is_over(&self) -> bool {
        self.state.lock().is_over
    }

    /// Stop the passes.
    pub(crate) fn stop(&self) {
        self.state.lock().is_over = true;
        self.changed.notify_all();
    }

    /// Wait until the rate allows more. False when the pass is to stop.
    fn spend(&self, bytes: usize, is_obsolete: impl Fn() -> bool) -> bool {
        let mut state = self.state.lock();
        if state.bytes_per_second < UNLIMITED_BYTES_PER_SECOND {
            let now = Instant::now();
            let seconds = bytes as f64 / state.bytes_per_second.max(f64::MIN_POSITIVE);
            let cost = Duration::try_from_secs_f64(seconds).unwrap_or(WAIT_MAX).min(WAIT_MAX);
            let paid_until = state.paid_until.map_or(now, |until| until.max(now)) + cost;
            state.paid_until = Some(paid_until);
            let rate = state.bytes_per_second.to_bits();
            while !state.is_over
                && !is_obsolete()
                && state.bytes_per_second.to_bits() == rate
                && Instant::now() < paid_until
            {
                let next_look = (Instant::now() + LOOK_INTERVAL).min(paid_until);
                self.changed.wait_until(&mut state, next_look);
            }
        }
        !state.is_over && !is_obsolete()
    }
}

impl Throttle for Pass {
    fn spend(&mut self, bytes: usize) -> bool {
        self.pace.spend(bytes, || self.partition.is_past_compaction())
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.pace.state.lock().passes -= 1;
        self.pace.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_kept_over_all_passes() {
        let pace = Pace::new(1e6);
        let began = Instant::now();
        for _ in 0..5 {
            assert!(pace.spend(10_000, || false));
        }
        assert!(began.elapsed() >= Duration::from_millis(50));
        let began = Instant::now();
        assert!(Pace::new(f64::MAX).spend(usize::MAX, || false));
        assert!(began.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn a_wait_ends_when_its_log_is_gone() {
        let is_gone = std::sync::atomic::AtomicBool::new(false);
        let looks = || is_gone.swap(true, std::sync::atomic::Ordering::Relaxed);
        assert!(!Pace::new(1.0).spend(3600, looks));
    }

    #[test]
    fn a_wait_ends_when_the_rate_is_another() {
        let pace = Arc::new(Pace::new(1.0));
        let slow = Arc::clone(&pace);
        let waiting = std::thread::spawn(move || slow.spend(3600, || false));
        while pace.state.lock().paid_until.is_none() {
            std::thread::yield_now();
        }
        pace.set_bytes_per_second(f64::MAX);
        assert!(waiting.join().expect("the waiting thread ends"));
    }

    #[test]
    fn a_wait_ends_when_the_passes_are_to_stop() {
        let pace = Arc::new(Pace::new(1.0));
        let slow = Arc::clone(&pace);
        let waiting = std::thread::spawn(move || slow.spend(3600, || false));
        while pace.state.lock().paid_until.is_none() {
            std::thread::yield_now();
        }
        pace.stop();
        assert!(!waiting.join().unwrap());
        assert!(!pace.spend(0, || false));
    }
}
