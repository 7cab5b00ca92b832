//! Encoded answers that Python marked as depending on published state only.
//!
//! One map per reactor, so that looking an answer up takes no lock. An answer is good for requests that are equal in
//! everything it may depend on, until the epoch of the published state moves.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use crate::limits::KEPT_REQUEST_BYTES_MAX;

#[derive(Debug, Default)]
struct Kept {
    epoch: u64,
    bytes: usize,
    answers: HashMap<Box<[u8]>, Arc<[u8]>>,
    scratch: Vec<u8>,
}

/// The kept answers of one reactor.
#[derive(Debug)]
pub(crate) struct KeptAnswers {
    kept: RefCell<Kept>,
    bytes_max: usize,
}

impl KeptAnswers {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { kept: RefCell::default(), bytes_max }
    }

    /// The answer to an equal request under the present epoch.
    pub(crate) fn find(
        &self,
        epoch: u64,
        prefix: &[u8],
        key: i16,
        version: i16,
        body: &[u8],
    ) -> Option<Arc<[u8]>> {
        if body.len() > KEPT_REQUEST_BYTES_MAX {
            return None;
        }
        let mut kept = self.kept.borrow_mut();
        let kept = &mut *kept;
        if kept.epoch != epoch {
            kept.answers.clear();
            kept.bytes = 0;
            kept.epoch = epoch;
        }
        if kept.answers.is_empty() {
            return None;
        }
        kept.scratch.clear();
        write_key(&mut kept.scratch, prefix, key, version, body);
        kept.answers.get(kept.scratch.as_slice()).cloned()
    }

    /// Keep the answer to a request, if there is space for it and its epoch is still the present one.
    pub(crate) fn keep(
        &self,
        epoch: u64,
        prefix: &[u8],
        key: i16,
        version: i16,
        body: &[u8],
        answer: &Arc<[u8]>,
    ) {
        let mut kept = self.kept.borrow_mut();
        let size = prefix.len() + body.len() + answer.len();
        if body.len() > KEPT_REQUEST_BYTES_MAX
            || kept.epoch != epoch
            || kept.bytes + size > self.bytes_max
        {
            return;
        }
        let mut written = Vec::with_capacity(prefix.len() + 4 + body.len());
        write_key(&mut written, prefix, key, version, body);
        if kept.answers.insert(written.into(), Arc::clone(answer)).is_none() {
            kept.bytes += size;
        }
    }
}

fn write_key(into: &mut Vec<u8>, prefix: &[u8], key: i16, version: i16, body: &[u8]) {
    into.extend_from_slice(prefix);
    into.extend_from_slice(&key.to_be_bytes());
    into.extend_from_slice(&version.to_be_bytes());
    into.extend_from_slice(body);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep(answers: &KeptAnswers, epoch: u64, body: &[u8], answer: &[u8]) {
        answers.keep(epoch, b"a", 3, 12, body, &Arc::from(answer));
    }

    #[test]
    fn an_equal_request_gets_the_answer_until_the_epoch_moves() {
        let answers = KeptAnswers::new(1024);
        assert!(answers.find(1, b"a", 3, 12, b"body").is_none());
        keep(&answers, 1, b"body", b"answer");
        assert_eq!(answers.find(1, b"a", 3, 12, b"body").as_deref(), Some(&b"answer"[..]));
        assert!(answers.find(1, b"b", 3, 12, b"body").is_none());
        assert!(answers.find(1, b"a", 3, 11, b"body").is_none());
        assert!(answers.find(2, b"a", 3, 12, b"body").is_none());
        assert!(answers.find(2, b"a", 3, 12, b"body").is_none());
    }

    #[test]
    fn an_answer_of_an_earlier_epoch_is_not_kept() {
        let answers = KeptAnswers::new(1024);
        assert!(answers.find(2, b"a", 3, 12, b"body").is_none());
        keep(&answers, 1, b"body", b"answer");
        assert!(answers.find(2, b"a", 3, 12, b"body").is_none());
    }

    #[test]
    fn the_byte_limit_bounds_what_is_kept() {
        let answers = KeptAnswers::new(64);
        assert!(answers.find(0, b"a", 3, 12, b"body").is_none());
        keep(&answers, 0, b"one", &[1; 40]);
        keep(&answers, 0, b"two", &[2; 40]);
        assert!(answers.find(0, b"a", 3, 12, b"one").is_some());
        assert!(answers.find(0, b"a", 3, 12, b"two").is_none());
    }
}
