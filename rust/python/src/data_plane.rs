//! `DataPlane` and the values that cross the boundary.
//!
//! Every method is a thin door: convert, release the interpreter where a lock may be taken, call, convert back.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pybroker_log::LogConfig;
use pybroker_server as server;
use pybroker_wire::batch::TimestampType;
use pybroker_wire::{Compression, Uuid};
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};

use crate::cleaner::CleanerState;
use crate::mailbox;

/// (topic id, partition index) of a log, as Python names it.
type LogName = ([u8; 16], i32);

/// What is fixed for the life of a data plane.
#[pyclass(frozen, module = "pybroker._native", name = "DataPlaneOptions")]
pub(crate) struct DataPlaneOptions(server::Options);

#[pymethods]
impl DataPlaneOptions {
    #[new]
    #[pyo3(signature = (*, log_dirs, apis, monotonic_ms, reactors, socket_request_max_bytes, queued_max_request_bytes,
        max_connections, connections_max_idle_ms, fetch_max_bytes, fetch_session_slots, kept_answers_bytes,
        mailbox_capacity, recovery_threads, max_open_files, cleaner_enabled, cleaner_threads,
        cleaner_dedupe_buffer_bytes, cleaner_load_factor, cleaner_io_buffer_bytes, cleaner_io_max_bytes_per_second))]
    #[expect(clippy::too_many_arguments, reason = "keyword-only, one per broker config")]
    fn new(
        log_dirs: Vec<PathBuf>,
        apis: Vec<(i16, i16, i16)>,
        monotonic_ms: i64,
        reactors: usize,
        socket_request_max_bytes: usize,
        queued_max_request_bytes: i64,
        max_connections: usize,
        connections_max_idle_ms: i64,
        fetch_max_bytes: usize,
        fetch_session_slots: usize,
        kept_answers_bytes: usize,
        mailbox_capacity: usize,
        recovery_threads: usize,
        max_open_files: usize,
        cleaner_enabled: bool,
        cleaner_threads: usize,
        cleaner_dedupe_buffer_bytes: usize,
        cleaner_load_factor: f64,
        cleaner_io_buffer_bytes: usize,
        cleaner_io_max_bytes_per_second: f64,
    ) -> Self {
        Self(server::Options {
            log_dirs,
            apis,
            monotonic_ms,
            reactors,
            socket_request_max_bytes,
            queued_max_request_bytes,
            max_connections,
            connections_max_idle_ms,
            fetch_max_bytes,
            fetch_session_slots,
            kept_answers_bytes,
            mailbox_capacity,
            recovery_threads,
            max_open_files,
            cleaner: server::CleanerOptions {
                is_enabled: cleaner_enabled,
                threads: cleaner_threads,
                dedupe_buffer_bytes: cleaner_dedupe_buffer_bytes,
                load_factor: cleaner_load_factor,
                io_buffer_bytes: cleaner_io_buffer_bytes,
                io_max_bytes_per_second: cleaner_io_max_bytes_per_second,
            },
        })
    }
}

/// The configs of one topic that its logs obey.
#[pyclass(frozen, module = "pybroker._native", name = "LogConfig")]
pub(crate) struct PyLogConfig(Arc<LogConfig>);

#[pymethods]
impl PyLogConfig {
    #[new]
    #[pyo3(signature = (*, segment_bytes, segment_ms, segment_jitter_ms, preallocate, index_interval_bytes,
        segment_index_bytes, max_message_bytes, flush_messages, flush_ms, log_append_time, timestamp_before_max_ms, timestamp_after_max_ms, deletes,
        retention_ms, retention_bytes, file_delete_delay_ms, compacted, min_cleanable_dirty_ratio,
        min_compaction_lag_ms, max_compaction_lag_ms, delete_retention_ms, compression_type,
        compression_level, producer_id_expiration_ms))]
    #[expect(clippy::fn_params_excessive_bools, reason = "keyword-only, one per topic config")]
    #[expect(clippy::too_many_arguments, reason = "keyword-only, one per topic config")]
    fn new(
        segment_bytes: u32,
        segment_ms: i64,
        segment_jitter_ms: i64,
        preallocate: bool,
        index_interval_bytes: u32,
        segment_index_bytes: u32,
        max_message_bytes: u32,
        flush_messages: i64,
        flush_ms: i64,
        log_append_time: bool,
        timestamp_before_max_ms: i64,
        timestamp_after_max_ms: i64,
        deletes: bool,
        retention_ms: i64,
        retention_bytes: i64,
        file_delete_delay_ms: i64,
        compacted: bool,
        min_cleanable_dirty_ratio: f64,
        min_compaction_lag_ms: i64,
        max_compaction_lag_ms: i64,
        delete_retention_ms: i64,
        compression_type: &str,
        compression_level: Option<i32>,
        producer_id_expiration_ms: i64,
    ) -> PyResult<Self> {
        let timestamp_type =
            if log_append_time { TimestampType::LogAppendTime } else { TimestampType::CreateTime };
        Ok(Self(Arc::new(LogConfig {
            segment_bytes,
            segment_ms,
            segment_jitter_ms,
            preallocate,
            index_interval_bytes,
            segment_index_bytes,
            max_message_bytes,
            flush_messages,
            flush_ms,
            timestamp_type,
            timestamp_before_max_ms,
            timestamp_after_max_ms,
            deletes,
            retention_ms,
            retention_bytes,
            file_delete_delay_ms,
            compacted,
            min_cleanable_dirty_ratio,
            min_compaction_lag_ms,
            max_compaction_lag_ms,
            delete_retention_ms,
            compression: compression(compression_type)?,
            compression_level,
            producer_id_expiration_ms,
            ..LogConfig::default()
        })))
    }
}

impl PyLogConfig {
    /// The config, shared.
    pub(crate) fn shared(&self) -> Arc<LogConfig> {
        Arc::clone(&self.0)
    }
}

/// The compression that the broker enforces; none for `producer`.
fn compression(name: &str) -> PyResult<Option<Compression>> {
    if name == "producer" {
        return Ok(None);
    }
    let codec = Compression::from_name(name);
    codec
        .map(Some)
        .ok_or_else(|| PyValueError::new_err(format!("unknown compression.type {name:?}")))
}

/// One topic as Produce and Fetch must know it.
#[pyclass(frozen, module = "pybroker._native", name = "TopicImage")]
pub(crate) struct TopicImage {
    name: Arc<str>,
    topic_id: Uuid,
    partitions: Vec<(i32, i32)>,
    config: Arc<LogConfig>,
    internal: bool,
}

#[pymethods]
impl TopicImage {
    #[new]
    #[pyo3(signature = (*, name, topic_id, partitions, config, internal))]
    fn new(
        name: &str,
        topic_id: [u8; 16],
        partitions: Vec<(i32, i32)>,
        config: &PyLogConfig,
        internal: bool,
    ) -> Self {
        let (name, topic_id, config) = (name.into(), Uuid(topic_id), Arc::clone(&config.0));
        Self { name, topic_id, partitions, config, internal }
    }
}

impl TopicImage {
    fn spec(&self) -> server::TopicSpec {
        server::TopicSpec {
            name: Arc::clone(&self.name),
            topic_id: self.topic_id,
            partitions: self.partitions.clone(),
            config: Arc::clone(&self.config),
            internal: self.internal,
        }
    }
}

/// Owns the listeners, the connections, the logs, and the Produce and Fetch paths.
#[pyclass(frozen, module = "pybroker._native", name = "DataPlane")]
pub(crate) struct DataPlane(server::DataPlane);

#[pymethods]
impl DataPlane {
    #[new]
    #[pyo3(signature = (options, /))]
    fn new(py: Python<'_>, options: &DataPlaneOptions) -> PyResult<Self> {
        let options = &options.0;
        Ok(Self(py.detach(|| server::DataPlane::start(options))?))
    }

    #[pyo3(signature = (*, node_id, name, host, port))]
    fn listen(
        &self,
        py: Python<'_>,
        node_id: i32,
        name: &str,
        host: &str,
        port: u16,
    ) -> PyResult<(u16, Vec<String>)> {
        py.detach(|| self.0.listen(node_id, name, host, port)).map_err(|error| os_error(&error))
    }

    #[pyo3(signature = (node_id, /))]
    fn stop_listening(&self, py: Python<'_>, node_id: i32) {
        py.detach(|| self.0.stop_listening(node_id));
    }

    fn close(&self, py: Python<'_>) -> u64 {
        py.detach(|| self.0.close())
    }

    #[getter]
    fn mailbox_fd(&self) -> i32 {
        self.0.mailbox_fd()
    }

    #[pyo3(signature = (limit, /))]
    fn take<'py>(&self, py: Python<'py>, limit: usize) -> PyResult<Bound<'py, PyList>> {
        let mail = py.detach(|| self.0.take(limit));
        let items = mail
            .into_iter()
            .map(|item| mailbox::to_python(py, item))
            .collect::<PyResult<Vec<_>>>()?;
        PyList::new(py, items)
    }

    #[pyo3(signature = (answers, /))]
    fn reply(&self, py: Python<'_>, answers: Vec<(u64, Bound<'_, PyBytes>, i64)>) {
        let replies = answers.into_iter().map(|(request_id, body, epoch)| server::Reply {
            request_id,
            body: Arc::from(body.as_bytes()),
            kept_epoch: u64::try_from(epoch).ok(),
        });
        let replies = replies.collect();
        py.detach(|| self.0.reply(replies));
    }

    #[pyo3(signature = (request_id, /))]
    fn disconnect(&self, py: Python<'_>, request_id: u64) {
        py.detach(|| self.0.disconnect(request_id));
    }

    #[pyo3(signature = (topics, deleted, /))]
    fn publish_topics(
        &self,
        py: Python<'_>,
        topics: Vec<Bound<'_, TopicImage>>,
        deleted: Vec<[u8; 16]>,
    ) -> u64 {
        let topics = topics.into_iter().map(|topic| topic.get().spec()).collect();
        let deleted: Vec<Uuid> = deleted.into_iter().map(Uuid).collect();
        py.detach(|| self.0.publish_topics(topics, &deleted))
    }

    #[pyo3(signature = (nodes, /))]
    fn publish_nodes(&self, py: Python<'_>, nodes: Vec<(i32, String, i32)>) -> u64 {
        let nodes = nodes.into_iter().map(|(node_id, host, port)| server::NodeImage {
            node_id,
            host,
            port,
        });
        let nodes = nodes.collect();
        py.detach(|| self.0.publish_nodes(nodes))
    }

    fn advance_epoch(&self) -> u64 {
        self.0.advance_epoch()
    }

    #[getter]
    fn epoch(&self) -> u64 {
        self.0.epoch()
    }

    #[pyo3(signature = (logs, /, *, new))]
    fn open_logs(
        &self,
        py: Python<'_>,
        logs: Vec<(String, [u8; 16], i32, Bound<'_, PyLogConfig>)>,
        new: bool,
    ) -> u64 {
        // Partitions of a topic come one after the other: they share its name.
        let mut name: Arc<str> = Arc::from("");
        let specs = logs.into_iter().map(|(topic, topic_id, partition, config)| server::LogSpec {
            topic: {
                if *name != *topic {
                    name = topic.into();
                }
                Arc::clone(&name)
            },
            topic_id: Uuid(topic_id),
            partition,
            config: Arc::clone(&config.get().0),
            is_new: new,
        });
        let specs: Vec<_> = specs.collect();
        py.detach(|| self.0.open_logs(specs))
    }

    #[pyo3(signature = (logs, /))]
    fn configure_logs(
        &self,
        py: Python<'_>,
        logs: Vec<([u8; 16], i32, Bound<'_, PyLogConfig>)>,
    ) -> u64 {
        let which = logs.into_iter().map(|(topic_id, partition, config)| {
            (Uuid(topic_id), partition, Arc::clone(&config.get().0))
        });
        let which = which.collect();
        py.detach(|| self.0.configure_logs(which))
    }

    #[pyo3(signature = (options, /))]
    fn reconfigure(&self, py: Python<'_>, options: &Bound<'_, DataPlaneOptions>) {
        let options = &options.get().0;
        py.detach(|| self.0.reconfigure(options));
    }

    #[pyo3(signature = (logs, /))]
    fn delete_logs(&self, py: Python<'_>, logs: Vec<LogName>) -> u64 {
        let which =
            logs.into_iter().map(|(topic_id, partition)| (Uuid(topic_id), partition)).collect();
        py.detach(|| self.0.delete_logs(which))
    }

    #[pyo3(signature = (now_ms, /))]
    fn enforce_retention(&self, py: Python<'_>, now_ms: i64) -> u64 {
        py.detach(|| self.0.enforce_retention(now_ms))
    }

    #[pyo3(signature = (topic_id, partition, offset, /))]
    fn delete_records(
        &self,
        py: Python<'_>,
        topic_id: [u8; 16],
        partition: i32,
        offset: i64,
    ) -> u64 {
        py.detach(|| self.0.delete_records(Uuid(topic_id), partition, offset))
    }

    fn log_dirs(&self, py: Python<'_>) -> Vec<(String, Option<String>, u64, u64)> {
        let dirs = py.detach(|| self.0.log_dirs());
        dirs.into_iter()
            .map(|dir| {
                let path = dir.path.to_string_lossy().into_owned();
                (path, dir.error, dir.total_bytes, dir.usable_bytes)
            })
            .collect()
    }

    fn log_sizes(&self, py: Python<'_>) -> Vec<([u8; 16], i32, usize, u64)> {
        let sizes = py.detach(|| self.0.log_sizes());
        sizes
            .into_iter()
            .map(|(topic_id, partition, dir, bytes)| (topic_id.0, partition, dir, bytes))
            .collect()
    }

    fn recovery_progress(&self) -> (u64, u64, u64, u64) {
        let progress = self.0.recovery_progress();
        (progress.opened_logs, progress.logs, progress.read_bytes, progress.bytes)
    }

    fn offline_logs<'py>(&self, py: Python<'py>) -> Vec<(Bound<'py, PyBytes>, i32)> {
        let logs = py.detach(|| self.0.offline_logs());
        logs.into_iter().map(|(id, index)| (PyBytes::new(py, &id.0), index)).collect()
    }

    #[pyo3(signature = (log_dir, reason, /))]
    fn fail_log_dir(&self, py: Python<'_>, log_dir: &str, reason: String) {
        py.detach(|| self.0.fail_log_dir(Path::new(log_dir), reason));
    }

    #[pyo3(signature = (log_dir, /, *, held))]
    fn hold_appends(&self, py: Python<'_>, log_dir: &str, held: bool) {
        py.detach(|| self.0.hold_appends(Path::new(log_dir), held));
    }

    #[pyo3(signature = (now_ms, /))]
    fn clean_logs(&self, py: Python<'_>, now_ms: i64) -> u64 {
        py.detach(|| self.0.clean_logs(now_ms))
    }

    fn cleaner_state(&self, py: Python<'_>) -> CleanerState {
        CleanerState::new(py.detach(|| self.0.cleaner_numbers()))
    }

    fn checkpoint(&self, py: Python<'_>) -> u64 {
        py.detach(|| self.0.checkpoint())
    }

    fn read_barrier(&self, py: Python<'_>) -> u64 {
        py.detach(|| self.0.read_barrier())
    }

    #[pyo3(signature = (topic_id, partition, /))]
    fn log_state(
        &self,
        py: Python<'_>,
        topic_id: [u8; 16],
        partition: i32,
    ) -> Option<(i64, i64, i64, i64)> {
        let state = py.detach(|| self.0.log_state(Uuid(topic_id), partition))?;
        Some((
            state.log_start_offset,
            state.last_stable_offset,
            state.high_watermark,
            state.log_end_offset,
        ))
    }

    #[pyo3(signature = (topic_id, partition, timestamp_ms, /))]
    fn find_offset(
        &self,
        py: Python<'_>,
        topic_id: [u8; 16],
        partition: i32,
        timestamp_ms: i64,
    ) -> u64 {
        py.detach(|| self.0.find_offset(Uuid(topic_id), partition, timestamp_ms))
    }

    #[pyo3(signature = (topic_id, partition, /))]
    fn find_max_timestamp(&self, py: Python<'_>, topic_id: [u8; 16], partition: i32) -> u64 {
        py.detach(|| self.0.find_max_timestamp(Uuid(topic_id), partition))
    }

    #[pyo3(signature = (topic_id, partition, leader_epoch, /))]
    fn end_offset_for_epoch(
        &self,
        py: Python<'_>,
        topic_id: [u8; 16],
        partition: i32,
        leader_epoch: i32,
    ) -> Option<(i32, i64)> {
        py.detach(|| self.0.end_offset_for_epoch(Uuid(topic_id), partition, leader_epoch))
    }

    fn counters<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let counters = PyDict::new(py);
        for (name, value) in self.0.counters() {
            counters.set_item(name, value)?;
        }
        Ok(counters)
    }
}

/// An `OSError` with its `errno`, by which Python tells a port in use from a host that is not there.
fn os_error(error: &io::Error) -> PyErr {
    match error.raw_os_error() {
        Some(number) => PyOSError::new_err((number, error.to_string())),
        None => PyOSError::new_err(error.to_string()),
    }
}
