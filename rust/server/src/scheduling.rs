//! A short time slice for reactors, so that a busy control plane on the same core holds no Produce up.
//!
//! Linux runs the thread that has the earliest deadline, and a thread's deadline is a slice away. With equal slices of about
//! 3 ms a reactor that wakes up waits for the rest of Python's; with a shorter one it runs at once and still gets no more than its
//! share of the core.

/// A reactor's slice: the shortest that the kernel takes.
#[cfg(target_os = "linux")]
const SLICE_NS: u64 = 100_000;

/// Ask for short slices for the calling thread. A kernel that does not know them (before 6.12) goes on as before.
#[cfg(target_os = "linux")]
pub(crate) fn prefer_short_slices() {
    // SAFETY: no pointers. The call fails only for a process that does not exist, and 0 is this thread.
    let nice = unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) };
    let attributes = libc::sched_attr {
        size: size_of::<libc::sched_attr>() as u32,
        sched_policy: libc::SCHED_OTHER as u32,
        sched_flags: 0,
        sched_nice: nice,
        sched_priority: 0,
        sched_runtime: SLICE_NS,
        sched_deadline: 0,
        sched_period: 0,
    };
    // SAFETY: the kernel reads `size` bytes of a struct that lives on the stack for the call.
    let _ = unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attributes, 0) };
}

/// Other systems have their own ways.
#[cfg(not(target_os = "linux"))]
pub(crate) fn prefer_short_slices() {}

/// Let the calling thread run when nobody else wants to, for the rest of its life.
#[cfg(target_os = "linux")]
pub(crate) fn run_when_idle() {
    let priority = libc::sched_param { sched_priority: 0 };
    // SAFETY: the kernel reads a struct that lives on the stack for the call; 0 is this thread.
    let _ = unsafe { libc::sched_setscheduler(0, libc::SCHED_IDLE, &raw const priority) };
}

/// Other systems have their own ways.
#[cfg(not(target_os = "linux"))]
pub(crate) fn run_when_idle() {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_niceness_of_the_thread_stays() {
        // SAFETY: no pointers.
        let nice = || unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) };
        let before = nice();
        prefer_short_slices();
        assert_eq!(nice(), before);
    }

    #[test]
    fn a_thread_gives_way_to_all_others() {
        // SAFETY: no pointers.
        let policy = || unsafe { libc::sched_getscheduler(0) };
        std::thread::spawn(move || {
            run_when_idle();
            assert_eq!(policy(), libc::SCHED_IDLE);
        })
        .join()
        .unwrap();
        assert_eq!(policy(), libc::SCHED_OTHER, "only that thread");
    }
}
