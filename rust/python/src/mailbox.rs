//! What `DataPlane.take` gives to Python: plain values, read once.

use std::path::PathBuf;
use std::sync::Arc;

use pybroker_server::{self as server, LogDirState, Mail};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// One request of an API key that the control plane answers.
#[pyclass(frozen, module = "pybroker._native")]
pub(crate) struct Request(Box<server::ControlRequest>);

#[pymethods]
impl Request {
    #[getter]
    fn request_id(&self) -> u64 {
        self.0.request_id
    }

    #[getter]
    fn connection_id(&self) -> u64 {
        self.0.connection_id
    }

    #[getter]
    fn node_id(&self) -> i32 {
        self.0.node_id
    }

    #[getter]
    fn api_key(&self) -> i16 {
        self.0.api_key
    }

    #[getter]
    fn api_version(&self) -> i16 {
        self.0.api_version
    }

    #[getter]
    fn client_id(&self) -> Option<&str> {
        self.0.client_id.as_deref()
    }

    #[getter]
    fn client_host(&self) -> &str {
        &self.0.client_host
    }

    #[getter]
    fn listener(&self) -> &str {
        &self.0.listener
    }

    #[getter]
    fn principal(&self) -> &str {
        &self.0.principal
    }

    #[getter]
    fn dialled_host(&self) -> &str {
        &self.0.dialled_host
    }

    #[getter]
    fn dialled_port(&self) -> u16 {
        self.0.dialled_port
    }

    #[getter]
    fn received_at_ms(&self) -> i64 {
        self.0.received_at_ms
    }

    #[getter]
    fn body<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.body)
    }
}

/// The end of work under a ticket.
#[pyclass(frozen, get_all, module = "pybroker._native")]
pub(crate) struct Completed {
    ticket: u64,
    value: Option<(i64, i64, i32)>,
    error_code: i16,
    error_message: String,
}

/// A log took itself offline.
#[pyclass(frozen, module = "pybroker._native")]
pub(crate) struct LogFailed {
    topic_id: [u8; 16],
    #[pyo3(get)]
    partition: i32,
    #[pyo3(get)]
    reason: String,
    #[pyo3(get)]
    is_passing: bool,
}

#[pymethods]
impl LogFailed {
    #[getter]
    fn topic_id<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.topic_id)
    }
}

/// A log directory went offline, has no space, or has space again.
#[pyclass(frozen, module = "pybroker._native")]
pub(crate) struct LogDirChanged {
    path: PathBuf,
    #[pyo3(get)]
    state: &'static str,
    #[pyo3(get)]
    reason: String,
}

#[pymethods]
impl LogDirChanged {
    #[getter]
    fn path(&self) -> std::borrow::Cow<'_, str> {
        self.path.to_string_lossy()
    }
}

/// A log was not compacted.
#[pyclass(frozen, module = "pybroker._native")]
pub(crate) struct CleaningFailed {
    topic_id: [u8; 16],
    #[pyo3(get)]
    partition: i32,
    #[pyo3(get)]
    reason: String,
}

#[pymethods]
impl CleaningFailed {
    #[getter]
    fn topic_id<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.topic_id)
    }
}

/// A client did not speak the protocol, and its connection was closed.
#[pyclass(frozen, module = "pybroker._native")]
pub(crate) struct ConnectionFault {
    client_host: Arc<str>,
    listener: Arc<str>,
    #[pyo3(get)]
    reason: String,
    #[pyo3(get)]
    suppressed: u64,
}

#[pymethods]
impl ConnectionFault {
    #[getter]
    fn client_host(&self) -> &str {
        &self.client_host
    }

    #[getter]
    fn listener(&self) -> &str {
        &self.listener
    }
}

/// One item of the mailbox as a Python object.
pub(crate) fn to_python(py: Python<'_>, mail: Mail) -> PyResult<Bound<'_, PyAny>> {
    Ok(match mail {
        Mail::Request(request) => Bound::new(py, Request(request))?.into_any(),
        Mail::Completed(completed) => {
            let server::Completed { ticket, value, error, message } = completed;
            let completed =
                Completed { ticket, value, error_code: error.code(), error_message: message };
            Bound::new(py, completed)?.into_any()
        }
        Mail::LogFailed { topic_id, partition, reason, is_passing } => {
            let topic_id = topic_id.0;
            Bound::new(py, LogFailed { topic_id, partition, reason, is_passing })?.into_any()
        }
        Mail::LogDirChanged { path, state, reason } => {
            let state = match state {
                LogDirState::Online => "online",
                LogDirState::Refusing => "refusing",
                LogDirState::Offline => "offline",
            };
            Bound::new(py, LogDirChanged { path, state, reason })?.into_any()
        }
        Mail::CleaningFailed { topic_id, partition, reason } => {
            Bound::new(py, CleaningFailed { topic_id: topic_id.0, partition, reason })?.into_any()
        }
        Mail::ConnectionFault { client_host, listener, reason, suppressed } => {
            Bound::new(py, ConnectionFault { client_host, listener, reason, suppressed })?
                .into_any()
        }
    })
}
