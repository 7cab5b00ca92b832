//! `pybroker._native`: the only crate that names pyo3.

use pyo3::prelude::*;

/// The data plane and the message codec, as Python sees them (`pybroker/_native.pyi`).
#[pymodule(gil_used = false)]
mod _native {
    use super::{Bound, PyModule, PyModuleMethods, PyResult};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
