//! Transaction markers: the one record of a control batch that ends a transaction in a partition.
//!
//! The key of the record says what became of the transaction, its value which term of the
//! transaction coordinator decided so.

use crate::batch::{Attributes, Batch, BatchBuilder, NO_SEQUENCE};
use crate::error::{Result, WireError};
use crate::primitives::{Reader, Writer};
use crate::record::Records;

const KEY_VERSION: i16 = 0;
const VALUE_VERSION: i16 = 0;
const ABORT: i16 = 0;
const COMMIT: i16 = 1;

/// What became of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionOutcome {
    /// Its records count.
    Commit,
    /// Its records are passed over by who reads committed records only.
    Abort,
}

/// A COMMIT or ABORT written to a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransactionMarker {
    /// What became of the transaction.
    pub outcome: TransactionOutcome,
    /// The term of the transaction coordinator that wrote the marker.
    pub coordinator_epoch: i32,
}

impl TransactionMarker {
    /// Reads the marker of a control batch. `None` for a batch without records, which compaction
    /// leaves of a transaction that it removed, and for control records of another kind.
    pub fn of_batch(batch: &Batch<'_>) -> Result<Option<Self>> {
        // Control batches are never compressed.
        let Some(record) =
            Records::new(batch.payload(), batch.header.records_count).next().transpose()?
        else {
            return Ok(None);
        };
        let mut key = Reader::new(record.key.unwrap_or_default());
        // Newer versions of key and value only append to them.
        check_version(key.read_i16()?)?;
        let outcome = match key.read_i16()? {
            ABORT => TransactionOutcome::Abort,
            COMMIT => TransactionOutcome::Commit,
            _ => return Ok(None),
        };
        let mut value = Reader::new(record.value.unwrap_or_default());
        check_version(value.read_i16()?)?;
        Ok(Some(Self { outcome, coordinator_epoch: value.read_i32()? }))
    }

    /// Appends the control batch that ends a producer's transaction.
    pub fn encode(
        &self,
        producer_id: i64,
        producer_epoch: i16,
        timestamp: i64,
        bytes: &mut Vec<u8>,
    ) -> Result<()> {
        let (mut key, mut value) = (Vec::new(), Vec::new());
        let mut writer = Writer::new(&mut key);
        writer.write_i16(KEY_VERSION);
        writer.write_i16(match self.outcome {
            TransactionOutcome::Abort => ABORT,
            TransactionOutcome::Commit => COMMIT,
        });
        let mut writer = Writer::new(&mut value);
        writer.write_i16(VALUE_VERSION);
        writer.write_i32(self.coordinator_epoch);
        let attributes = Attributes::default().with_transactional().with_control();
        let mut builder = BatchBuilder::new(0).attributes(attributes).producer(
            producer_id,
            producer_epoch,
            NO_SEQUENCE,
        );
        builder.append(timestamp, Some(&key), Some(&value), &[]);
        builder.build(bytes)
    }
}

fn check_version(version: i16) -> Result<()> {
    if version < 0 { Err(WireError::MarkerVersion(version)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(outcome: TransactionOutcome) -> Vec<u8> {
        let mut bytes = Vec::new();
        let marker = TransactionMarker { outcome, coordinator_epoch: 7 };
        marker.encode(42, 3, 1_700_000_000_000, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn a_marker_reads_back_what_it_wrote() {
        for outcome in [TransactionOutcome::Commit, TransactionOutcome::Abort] {
            let bytes = encoded(outcome);
            let batch = Batch::first(&bytes).unwrap();
            batch.verify_crc().unwrap();
            assert!(batch.header.attributes.is_control());
            assert!(batch.header.attributes.is_transactional());
            assert_eq!((batch.header.producer_id, batch.header.producer_epoch), (42, 3));
            assert_eq!(batch.header.base_sequence, NO_SEQUENCE);
            let marker = TransactionMarker::of_batch(&batch).unwrap();
            assert_eq!(marker, Some(TransactionMarker { outcome, coordinator_epoch: 7 }));
        }
    }

    #[test]
    fn the_key_and_the_value_are_kafkas() {
        let bytes = encoded(TransactionOutcome::Commit);
        let batch = Batch::first(&bytes).unwrap();
        let record = Records::new(batch.payload(), 1).next().unwrap().unwrap();
        assert_eq!(record.key, Some(&[0, 0, 0, 1][..]));
        assert_eq!(record.value, Some(&[0, 0, 0, 0, 0, 7][..]));
    }

    #[test]
    fn a_control_batch_of_another_kind_is_no_marker() {
        let mut builder = BatchBuilder::new(0).attributes(Attributes::default().with_control());
        builder.append(0, Some(&[0, 0, 0, 2]), Some(&[0, 0]), &[]);
        let mut bytes = Vec::new();
        builder.build(&mut bytes).unwrap();
        assert_eq!(TransactionMarker::of_batch(&Batch::first(&bytes).unwrap()).unwrap(), None);
    }

    #[test]
    fn a_cut_key_or_value_is_malformed() {
        for (key, value) in
            [(&[0, 0][..], &[0; 6][..]), (&[0, 0, 0, 1], &[0; 5]), (&[255, 255, 0, 1], &[0; 6])]
        {
            let mut builder = BatchBuilder::new(0).attributes(Attributes::default().with_control());
            builder.append(0, Some(key), Some(value), &[]);
            let mut bytes = Vec::new();
            builder.build(&mut bytes).unwrap();
            assert!(TransactionMarker::of_batch(&Batch::first(&bytes).unwrap()).is_err());
        }
    }
}
