//! Flushes, at once or begun, run and finished between other steps.

use pybroker_log::{FlushJob, LogError};

use super::conversation::Conversation;

/// A flush that is under way.
#[derive(Debug)]
pub(crate) struct Flush {
    pub(crate) job: FlushJob,
    pub(crate) result: Option<Result<(), LogError>>,
    pub(crate) up_to: i64,
    pub(crate) truncations: u64,
}

impl Conversation {
    pub(crate) fn flush(&mut self) -> Result<(), LogError> {
        let now_ms = self.now_ms;
        self.log().flush(now_ms)?;
        self.plain.flushed = self.plain.log_end_offset;
        assert_eq!(self.log().state().recovery_point, self.plain.flushed);
        Ok(())
    }

    pub(crate) fn begin_flush(&mut self) -> Result<(), LogError> {
        if self.flush.is_none() {
            let now_ms = self.now_ms;
            if let Some(job) = self.log().begin_flush(now_ms)? {
                let (up_to, truncations) = (self.plain.log_end_offset, self.truncations);
                self.flush = Some(Flush { job, result: None, up_to, truncations });
            }
        }
        Ok(())
    }

    pub(crate) fn run_flush(&mut self) {
        if let Some(flush) = self.flush.as_mut().filter(|flush| flush.result.is_none()) {
            flush.result = Some(flush.job.run());
        }
    }

    pub(crate) fn finish_flush(&mut self) -> Result<(), LogError> {
        self.run_flush();
        let Some(Flush { job, result: Some(result), up_to, truncations }) = self.flush.take()
        else {
            return Ok(());
        };
        self.log().finish_flush(job, result)?;
        if truncations == self.truncations {
            self.plain.flushed = self.plain.flushed.max(up_to);
        }
        Ok(())
    }
}
