//! What can go wrong while reading and writing, until it becomes a Python exception.

use super::program::{MAX_ELEMENTS, Program, StructProgram};
use pybroker_wire::WireError;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

/// Why bytes could not be read.
#[derive(Debug)]
pub(super) enum DecodeError {
    /// The bytes are wrong.
    Wire(WireError),
    /// More array elements than a message may have.
    TooManyElements,
    /// The bytes are wrong, in this field.
    Field { field: String, why: String },
    /// Python could not make a value: memory.
    Python(PyErr),
}

impl From<WireError> for DecodeError {
    fn from(error: WireError) -> Self {
        Self::Wire(error)
    }
}

impl From<PyErr> for DecodeError {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

impl DecodeError {
    /// Names the field, unless a field inside it was named already.
    #[cold]
    pub(super) fn inside(self, program: &StructProgram, field: &Py<pyo3::types::PyString>) -> Self {
        let why = match self {
            Self::Wire(error) => error.to_string(),
            Self::TooManyElements => format!("more than {MAX_ELEMENTS} elements"),
            named => return named,
        };
        Self::Field { field: format!("{}.{field}", program.name), why }
    }

    /// The exception that Python sees.
    #[cold]
    pub(super) fn into_exception(self, py: Python<'_>, program: &Program) -> PyErr {
        let version = program.version;
        let text = match self {
            Self::Wire(error) => format!("{} v{version}: {error}", program.name()),
            Self::TooManyElements => format!("{} v{version}: too many elements", program.name()),
            Self::Field { field, why } => format!("{field} v{version}: {why}"),
            Self::Python(error) => return error,
        };
        match protocol_error(py) {
            Ok(class) => PyErr::from_type(class.clone(), text),
            Err(error) => error,
        }
    }
}

fn protocol_error(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    CLASS.import(py, "pybroker.errors", "ProtocolError")
}

/// A value that its field cannot hold.
#[cold]
pub(super) fn does_not_fit(
    program: &StructProgram,
    field: &Py<pyo3::types::PyString>,
    why: &str,
) -> PyErr {
    PyValueError::new_err(format!("{}.{field}: {why}", program.name))
}
