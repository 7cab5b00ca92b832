//! A log on a simulated disk against a plain list of batches: random conversations of appends, rolls, flushes, truncations,
//! deletions, retention, passes of compaction, restarts, failures and crashes, of the process and of the machine, between steps and
//! within them.
//!
//! After each step the log says what the list says. After each end it holds what was acknowledged, of a machine what was flushed,
//! and nothing that nobody wrote.
//!
//! A failure prints its seed and the few steps that are needed for it. `PYBROKER_SEED=<seed> cargo test -p pybroker-log --test model`
//! plays that conversation again; `PYBROKER_MODEL_STEPS=<count>` plays so many steps (`make soak`), from a seed of the moment or
//! from `PYBROKER_SEED` on.

#[path = "../compacting/mod.rs"]
mod compacting;
#[path = "../support/mod.rs"]
mod support;

mod appending;
mod checks;
mod compaction;
mod conversation;
mod faults;
mod flushing;
mod plain;
mod removing;
mod reopen;
mod shrink;
mod step;

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime};

use conversation::{Conversation, Statistics};
use shrink::shrink;
use step::Step;
use support::Random;

/// Steps of one conversation.
const STEPS_PER_CONVERSATION: u64 = 150;
/// Steps of the test as `make test` runs it.
const STEPS: u64 = 250_000;
/// How often a long run says how far it is.
const PROGRESS_S: u64 = 10;

fn steps_of(seed: u64) -> Vec<Step> {
    let mut random = Random(!seed);
    (0..STEPS_PER_CONVERSATION).map(|_| Step::any(&mut random)).collect()
}

/// Takes the steps. Panics where the log is wrong.
fn play(seed: u64, steps: &[Step]) -> Statistics {
    let mut conversation = Conversation::new(seed);
    for &step in steps {
        conversation.take(step);
        conversation.check();
    }
    conversation.reopen().unwrap();
    conversation.statistics
}

/// As `play`, but gives what it panics with.
fn outcome_of(seed: u64, steps: &[Step]) -> Result<Statistics, String> {
    catch_unwind(AssertUnwindSafe(|| play(seed, steps))).map_err(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
    })
}

thread_local! {
    /// Where this thread panicked last.
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// The line that panics, if one does.
fn place_of_failure(seed: u64, steps: &[Step]) -> Option<String> {
    outcome_of(seed, steps).err().map(|_| PLACE.take())
}

/// Makes the conversation shorter, as long as it fails in the same place, and fails with what is left of it.
fn explain(seed: u64, message: &str) -> ! {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|panic| {
        PLACE.set(panic.location().map(ToString::to_string).unwrap_or_default());
    }));
    let steps = steps_of(seed);
    let place = place_of_failure(seed, &steps);
    let steps = shrink(&steps, |steps| place_of_failure(seed, steps) == place);
    let shortest = outcome_of(seed, &steps).err().unwrap_or_default();
    std::panic::set_hook(hook);
    let listed: Vec<String> = steps.iter().map(|step| format!("  {step:?}")).collect();
    panic!(
        "PYBROKER_SEED={seed}: {message}\n{} steps are enough for: {shortest}\n{}",
        steps.len(),
        listed.join("\n")
    );
}

fn number_from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

/// Plays conversations on all cores until there are enough steps.
fn play_many(first_seed: u64, wanted_steps: u64) -> Statistics {
    let next_seed = AtomicU64::new(first_seed);
    let end_seed = first_seed + wanted_steps.div_ceil(STEPS_PER_CONVERSATION);
    let total = Mutex::new(Statistics::default());
    let failed = Mutex::new(None);
    let began = Instant::now();
    let work = || {
        while failed.lock().unwrap().is_none() {
            let seed = next_seed.fetch_add(1, Ordering::Relaxed);
            if seed >= end_seed {
                return;
            }
            match outcome_of(seed, &steps_of(seed)) {
                Ok(statistics) => total.lock().unwrap().add(statistics),
                Err(message) => *failed.lock().unwrap() = Some((seed, message)),
            }
        }
    };
    std::thread::scope(|scope| {
        let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let handles: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let mut said_s = 0;
        while handles.iter().any(|handle| !handle.is_finished()) {
            std::thread::yield_now();
            std::thread::park_timeout(std::time::Duration::from_millis(50));
            let passed_s = began.elapsed().as_secs();
            if passed_s >= said_s + PROGRESS_S {
                said_s = passed_s;
                let steps = total.lock().unwrap().steps;
                println!("{steps} of {wanted_steps} steps after {passed_s} s");
            }
        }
    });
    if let Some((seed, message)) = failed.into_inner().unwrap() {
        explain(seed, &message);
    }
    total.into_inner().unwrap()
}

#[test]
fn a_log_says_what_a_plain_list_of_batches_says() {
    let (seed, steps) =
        (number_from_environment("PYBROKER_SEED"), number_from_environment("PYBROKER_MODEL_STEPS"));
    let now = || SystemTime::UNIX_EPOCH.elapsed().map_or(1, |since| since.as_secs() << 20);
    let (first_seed, wanted_steps) = match (seed, steps) {
        (None, None) => (1, STEPS),
        (Some(seed), None) => (seed, 1),
        (seed, Some(steps)) => (seed.unwrap_or_else(now), steps),
    };
    println!("PYBROKER_SEED={first_seed}");
    let found = play_many(first_seed, wanted_steps);
    println!("{found:?}");
    if wanted_steps >= STEPS {
        assert!(found.steps >= STEPS);
        for (what, count, at_least) in [
            ("batches appended", found.appends, 40_000),
            ("changes that failed", found.failed_changes, 1_000),
            ("stops of the machine", found.machine_stops, 1_000),
            ("batches lost that nobody had flushed", found.lost_batches, 1_000),
            ("logs taken offline", found.offline, 200),
            ("passes of compaction", found.passes, 800),
            ("records that compaction removed", found.compacted_records, 20_000),
            ("segments that expired", found.expired_segments, 400),
        ] {
            assert!(count >= at_least, "{count} {what}");
        }
        // Writes that survive in another order than they were made leave holes: seldom, as on a real disk.
        assert!(found.corrupt * 4 < found.machine_stops, "{found:?}");
    }
}

impl Statistics {
    fn add(&mut self, other: Self) {
        self.steps += other.steps;
        self.appends += other.appends;
        self.failed_changes += other.failed_changes;
        self.machine_stops += other.machine_stops;
        self.lost_batches += other.lost_batches;
        self.offline += other.offline;
        self.corrupt += other.corrupt;
        self.passes += other.passes;
        self.compacted_records += other.compacted_records;
        self.expired_segments += other.expired_segments;
    }
}
