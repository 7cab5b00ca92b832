//! What Python can ask of the log cleaner: numbers, as metrics and tools show them.

use pybroker_server as server;
use pyo3::prelude::*;

/// What is known of one compacted log.
#[pyclass(frozen, module = "pybroker._native", name = "CleanedLog")]
pub(crate) struct CleanedLog(server::CleanedLog);

#[pymethods]
impl CleanedLog {
    #[getter]
    fn topic(&self) -> &str {
        &self.0.topic
    }

    #[getter]
    fn partition(&self) -> i32 {
        self.0.partition
    }

    #[getter]
    fn log_dir(&self) -> String {
        self.0.log_dir.to_string_lossy().into_owned()
    }

    #[getter]
    fn dirty_ratio(&self) -> f64 {
        self.0.dirty_ratio
    }

    #[getter]
    fn first_dirty_offset(&self) -> i64 {
        self.0.first_dirty_offset
    }

    #[getter]
    fn cleaned_bytes(&self) -> u64 {
        self.0.cleaned_bytes
    }

    #[getter]
    fn last_pass_ms(&self) -> u64 {
        self.0.last_pass_ms
    }

    #[getter]
    fn uncleanable_bytes(&self) -> u64 {
        self.0.uncleanable_bytes
    }

    #[getter]
    fn uncleanable_reason(&self) -> Option<&str> {
        self.0.uncleanable_reason.as_deref()
    }
}

/// The numbers of the cleaner.
#[pyclass(frozen, module = "pybroker._native", name = "CleanerState")]
pub(crate) struct CleanerState(server::CleanerNumbers);

impl CleanerState {
    pub(crate) fn new(numbers: server::CleanerNumbers) -> Self {
        Self(numbers)
    }
}

#[pymethods]
impl CleanerState {
    #[getter]
    fn max_dirty_percent(&self) -> u32 {
        self.0.max_dirty_percent
    }

    #[getter]
    fn cleaner_recopy_percent(&self) -> u32 {
        self.0.cleaner_recopy_percent
    }

    #[getter]
    fn max_buffer_utilization_percent(&self) -> u32 {
        self.0.max_buffer_utilization_percent
    }

    #[getter]
    fn max_clean_time_ms(&self) -> u64 {
        self.0.max_clean_time_ms
    }

    #[getter]
    fn max_compaction_delay_ms(&self) -> i64 {
        self.0.max_compaction_delay_ms
    }

    #[getter]
    fn last_run_ms(&self) -> i64 {
        self.0.last_run_ms
    }

    #[getter]
    fn logs(&self) -> Vec<CleanedLog> {
        self.0.logs.iter().cloned().map(CleanedLog).collect()
    }
}
