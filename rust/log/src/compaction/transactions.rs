//! Transactions as a pass of compaction meets them: which batches were aborted, and which markers are still needed.
//!
//! A marker is needed as long as a batch of its transaction is in the log, and its entry in the transaction index with it: a
//! consumer with `read_committed` that met the batch would otherwise take it for committed.

use std::collections::{HashMap, HashSet};

use pybroker_wire::TransactionOutcome;
use pybroker_wire::batch::BatchHeader;

use crate::transaction_index::{AbortedTransaction, TransactionIndex};

/// What a control batch with a record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Control {
    Ends(TransactionOutcome),
    /// It ends no transaction.
    Other,
}

/// The transactions of a log, while its batches are read in order.
#[derive(Debug)]
pub(crate) struct CleanedTransactions {
    /// Those not yet reached, the one with the lowest first offset at the end.
    ahead: Vec<AbortedTransaction>,
    aborted: HashMap<i64, OngoingAborted>,
    committed: HashSet<i64>,
    /// The aborted ones whose marker was met and whose batches are still there: the new transaction index.
    kept: TransactionIndex,
}

#[derive(Debug)]
struct OngoingAborted {
    transaction: AbortedTransaction,
    has_batches: bool,
}

impl CleanedTransactions {
    /// For reading from `start_offset` on, with the aborted transactions of the whole log.
    pub(crate) fn new(aborted: &[AbortedTransaction], start_offset: i64) -> Self {
        let reaches = |each: &&AbortedTransaction| each.last_offset >= start_offset;
        let mut ahead: Vec<_> = aborted.iter().filter(reaches).copied().collect();
        ahead.sort_by_key(|each| std::cmp::Reverse(each.first_offset));
        Self {
            ahead,
            aborted: HashMap::new(),
            committed: HashSet::new(),
            kept: TransactionIndex::default(),
        }
    }

    /// Notes a batch of records; says whether its transaction was aborted.
    pub(crate) fn note_batch(&mut self, header: &BatchHeader) -> bool {
        self.reach(header.last_offset());
        if !header.attributes.is_transactional() {
            return false;
        }
        if let Some(ongoing) = self.aborted.get_mut(&header.producer_id) {
            ongoing.has_batches = true;
            return true;
        }
        self.committed.insert(header.producer_id);
        false
    }

    /// Notes a batch with a marker, or `None` where the marker was removed before; says whether nothing needs it any more.
    pub(crate) fn note_control(&mut self, header: &BatchHeader, control: Option<Control>) -> bool {
        self.reach(header.last_offset());
        match control {
            None => true,
            Some(Control::Ends(TransactionOutcome::Commit)) => {
                !self.committed.remove(&header.producer_id)
            }
            Some(Control::Ends(TransactionOutcome::Abort)) => {
                match self.aborted.remove(&header.producer_id) {
                    Some(ongoing) if ongoing.has_batches => {
                        self.kept.push(ongoing.transaction);
                        false
                    }
                    _ => true,
                }
            }
            Some(Control::Other) => false,
        }
    }

    /// The aborted transactions whose markers were met since the last call and that the index still needs.
    pub(crate) fn take_kept(&mut self) -> TransactionIndex {
        std::mem::take(&mut self.kept)
    }

    fn reach(&mut self, offset: i64) {
        while let Some(&transaction) = self.ahead.last()
            && transaction.first_offset <= offset
        {
            self.ahead.pop();
            let ongoing = OngoingAborted { transaction, has_batches: false };
            self.aborted.entry(transaction.producer_id).or_insert(ongoing);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pybroker_wire::BatchBuilder;
    use pybroker_wire::batch::Attributes;

    const COMMIT: Control = Control::Ends(TransactionOutcome::Commit);
    const ABORT: Control = Control::Ends(TransactionOutcome::Abort);

    fn header(base_offset: i64, producer_id: i64, attributes: Attributes) -> BatchHeader {
        let mut builder =
            BatchBuilder::new(base_offset).producer(producer_id, 0, 0).attributes(attributes);
        builder.append(0, None, None, &[]);
        let mut bytes = Vec::new();
        builder.build(&mut bytes).unwrap();
        BatchHeader::decode(&bytes).unwrap()
    }

    fn data(base_offset: i64, producer_id: i64) -> BatchHeader {
        header(base_offset, producer_id, Attributes::default().with_transactional())
    }

    fn marker(base_offset: i64, producer_id: i64) -> BatchHeader {
        let attributes = Attributes::default().with_transactional().with_control();
        header(base_offset, producer_id, attributes)
    }

    fn aborted(producer_id: i64, first_offset: i64, last_offset: i64) -> AbortedTransaction {
        AbortedTransaction { producer_id, first_offset, last_offset, last_stable_offset: 0 }
    }

    #[test]
    fn a_marker_is_needed_while_a_batch_of_its_transaction_is_there() {
        let all = [aborted(1, 0, 4), aborted(1, 10, 12)];
        let mut transactions = CleanedTransactions::new(&all, 0);
        assert!(transactions.note_batch(&data(0, 1)), "aborted");
        assert!(!transactions.note_batch(&data(1, 2)), "another producer");
        assert!(!transactions.note_control(&marker(4, 1), Some(ABORT)));
        assert_eq!(transactions.take_kept().entries(), [all[0]]);
        assert!(!transactions.note_batch(&data(5, 1)), "the next one is committed");
        assert!(!transactions.note_control(&marker(6, 1), Some(COMMIT)));
        assert!(!transactions.note_control(&marker(7, 2), Some(COMMIT)));
        assert!(transactions.note_control(&marker(8, 2), Some(COMMIT)), "without batches");
        assert!(transactions.note_control(&marker(12, 1), Some(ABORT)), "batches are gone");
        assert_eq!(transactions.take_kept().entries(), []);
        assert!(transactions.note_control(&marker(13, 3), None), "an empty batch");
        assert!(!transactions.note_control(&marker(14, 3), Some(Control::Other)));
    }

    #[test]
    fn a_transaction_that_ended_before_the_start_is_over() {
        let all = [aborted(1, 0, 4), aborted(2, 3, 9)];
        let mut transactions = CleanedTransactions::new(&all, 5);
        assert!(!transactions.note_batch(&data(5, 1)));
        assert!(transactions.note_batch(&data(6, 2)));
    }
}
