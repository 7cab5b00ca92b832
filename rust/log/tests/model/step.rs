//! What can be done to a log, as plain data: a conversation is a list of steps, and a shorter list is one as well.
//!
//! A step brings its own randomness, so that leaving out another one does not change what it does.

use super::support::Random;

/// One thing that is done.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) action: Action,
    pub(crate) entropy: u64,
}

impl std::fmt::Debug for Step {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:?} {:#018x}", self.action, self.entropy)
    }
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Append,
    /// A producer sends again what it has sent.
    Retry,
    /// A producer leaves a gap in its sequence, or is behind its epoch.
    OutOfOrder,
    /// The coordinator commits or aborts.
    EndTransaction,
    Roll,
    Flush,
    BeginFlush,
    RunFlush,
    FinishFlush,
    Truncate,
    DeleteBefore,
    /// What has expired goes, by age and by size.
    Retain,
    /// A whole pass of compaction, or what is left of the one under way.
    Compact,
    /// A pass begins, or does what comes next.
    StepCompaction,
    Rest,
    Checkpoint,
    NextEpoch,
    PassTime,
    ChangeConfig,
    /// Close and open.
    Reopen,
    /// The process dies, between two steps or within one; the machine goes on.
    KillProcess,
    /// The machine stops, between two steps or within one.
    StopMachine,
    /// Something fails while another step is taken.
    Fault,
    /// Some bytes of space are left.
    FillDisk,
    /// Index files are damaged behind the back of the log, which is opened anew.
    DamageIndexes,
}

/// How often each action is chosen, in a thousand.
const WEIGHTS: [(Action, u64); 25] = [
    (Action::Append, 420),
    (Action::EndTransaction, 50),
    (Action::Retry, 50),
    (Action::OutOfOrder, 20),
    (Action::Roll, 30),
    (Action::Flush, 40),
    (Action::BeginFlush, 30),
    (Action::RunFlush, 30),
    (Action::FinishFlush, 30),
    (Action::Truncate, 20),
    (Action::DeleteBefore, 15),
    (Action::Retain, 20),
    (Action::Compact, 30),
    (Action::StepCompaction, 80),
    (Action::Rest, 20),
    (Action::Checkpoint, 25),
    (Action::NextEpoch, 20),
    (Action::PassTime, 20),
    (Action::ChangeConfig, 5),
    (Action::Reopen, 20),
    (Action::KillProcess, 20),
    (Action::StopMachine, 30),
    (Action::Fault, 30),
    (Action::FillDisk, 5),
    (Action::DamageIndexes, 5),
];

/// What may be under way when something fails or ends.
pub(crate) const CHANGES: [Action; 15] = [
    Action::Append,
    Action::Append,
    Action::Append,
    Action::EndTransaction,
    Action::Roll,
    Action::Flush,
    Action::Truncate,
    Action::DeleteBefore,
    Action::Retain,
    Action::Compact,
    Action::Compact,
    Action::StepCompaction,
    Action::Rest,
    Action::Checkpoint,
    Action::Reopen,
];

impl Step {
    pub(crate) fn any(random: &mut Random) -> Self {
        let mut chosen = random.below(WEIGHTS.iter().map(|(_, weight)| weight).sum());
        let action = WEIGHTS.iter().find_map(|(action, weight)| {
            let is_it = chosen < *weight;
            chosen = chosen.saturating_sub(*weight);
            is_it.then_some(*action)
        });
        Self { action: action.unwrap_or(Action::Append), entropy: random.next() }
    }
}
