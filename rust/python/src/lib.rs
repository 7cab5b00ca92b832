//! `pybroker._native`: the only crate that names pyo3.

mod cleaner;
mod codec;
mod data_plane;
mod mailbox;
mod regular_expressions;
mod tools;

use pyo3::prelude::*;

/// The data plane and the message codec, as Python sees them (`pybroker/_native.pyi`).
#[pymodule(gil_used = false)]
mod _native {
    use super::{Bound, PyModule, PyModuleMethods, PyResult};

    #[pymodule_export]
    use crate::cleaner::{CleanedLog, CleanerState};
    #[pymodule_export]
    use crate::codec::Codec;
    #[pymodule_export]
    use crate::data_plane::{DataPlane, DataPlaneOptions, PyLogConfig, TopicImage};
    #[pymodule_export]
    use crate::mailbox::{
        CleaningFailed, Completed, ConnectionFault, LogDirChanged, LogFailed, Request,
    };
    #[pymodule_export]
    use crate::regular_expressions::match_topics;

    #[pymodule_export]
    use crate::tools::{
        check_log, is_partition_folder, is_unused_log, place_import, stage_import, truncate_log,
    };

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        let (produce, fetch) = (pybroker_wire::produce::VERSIONS, pybroker_wire::fetch::VERSIONS);
        module.add("PRODUCE_VERSIONS", (*produce.start(), *produce.end()))?;
        module.add("FETCH_VERSIONS", (*fetch.start(), *fetch.end()))?;
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
