//! The message codec: a declaration (`pybroker/protocol`) is compiled once per version into a [`Program`], which then
//! reads bytes into instances of the declared classes and writes such instances into bytes.
//!
//! Bytes that are not the message raise `ProtocolError`; nothing is allocated for what a length merely claims, and
//! nesting is as deep as the declaration, whatever the bytes say. A value that does not fit its field raises
//! `ValueError` with the field's name.

mod error;
mod program;
mod reader;
mod writer;

use program::Program;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyType};

/// One (message, version), compiled from its declaration.
#[pyclass(frozen, module = "pybroker._native")]
#[derive(Debug)]
pub(crate) struct Codec {
    program: Program,
}

#[pymethods]
impl Codec {
    #[new]
    #[pyo3(signature = (message, version, /))]
    fn new(message: &Bound<'_, PyType>, version: i16) -> PyResult<Self> {
        Program::compile(message, version).map(|program| Self { program })
    }

    /// Read a message. Raises `ProtocolError` when the bytes are not one, with none left over.
    #[pyo3(signature = (body, /))]
    fn decode<'py>(&self, py: Python<'py>, body: &[u8]) -> PyResult<Bound<'py, PyAny>> {
        reader::decode(py, &self.program, body)
    }

    /// Read a message that `body` begins with, and leave the rest alone. Raises `ProtocolError`.
    #[pyo3(signature = (body, /))]
    fn decode_prefix<'py>(&self, py: Python<'py>, body: &[u8]) -> PyResult<Bound<'py, PyAny>> {
        reader::decode_prefix(py, &self.program, body)
    }

    /// Write a message. Raises `ValueError` naming the field that does not fit.
    #[pyo3(signature = (message, /))]
    fn encode<'py>(&self, message: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
        writer::encode(&self.program, message)
    }
}
