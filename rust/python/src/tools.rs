//! What tools do to the folders of logs while no broker uses them. These calls block, with the interpreter released.

use std::path::Path;

use pybroker_log::LogError;
use pybroker_wire::Uuid;
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;

use crate::data_plane::PyLogConfig;

/// (Path, position, offset, problem).
type Finding = (String, Option<u64>, Option<i64>, String);
/// (Start offset, end offset, segments, batches, records, bytes), and what is wrong.
type Report = ((i64, i64, usize, u64, u64, u64), Vec<Finding>);
/// (Log start offset, log end offset, last stable offset, leader epoch, bytes, torn bytes) of a copy.
type Staged = (String, (i64, i64, i64, i32, u64, u64));

fn failed(error: &LogError) -> PyErr {
    PyOSError::new_err(error.to_string())
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[pyfunction]
#[pyo3(signature = (folder, /))]
pub(crate) fn is_partition_folder(py: Python<'_>, folder: &str) -> PyResult<bool> {
    py.detach(|| pybroker_log::is_partition_folder(Path::new(folder)))
        .map_err(|error| failed(&error))
}

#[pyfunction]
#[pyo3(signature = (folder, /))]
pub(crate) fn is_unused_log(py: Python<'_>, folder: &str) -> PyResult<bool> {
    py.detach(|| pybroker_log::is_unused(Path::new(folder))).map_err(|error| failed(&error))
}

#[pyfunction]
#[pyo3(signature = (folder, /))]
pub(crate) fn check_log(py: Python<'_>, folder: &str) -> PyResult<Report> {
    let report = py.detach(|| pybroker_log::check_partition(Path::new(folder)));
    let report = report.map_err(|error| failed(&error))?;
    let summary = (
        report.start_offset,
        report.end_offset,
        report.segments,
        report.batches,
        report.records,
        report.size_bytes,
    );
    let findings = report.findings.into_iter();
    let findings =
        findings.map(|one| (text(&one.path), one.position, one.offset, one.problem)).collect();
    Ok((summary, findings))
}

#[pyfunction]
#[pyo3(signature = (folder, offset, now_ms, /))]
pub(crate) fn truncate_log(
    py: Python<'_>,
    folder: &str,
    offset: i64,
    now_ms: i64,
) -> PyResult<Option<(i64, u64, Vec<String>)>> {
    let truncated = py.detach(|| pybroker_log::truncate_folder(Path::new(folder), offset, now_ms));
    let truncated = truncated.map_err(|error| failed(&error))?;
    Ok(truncated.map(|one| (one.log_end_offset, one.removed_bytes, one.removed_files)))
}

#[pyfunction]
#[pyo3(signature = (source, target, topic_id, config, now_ms, /))]
pub(crate) fn stage_import(
    py: Python<'_>,
    source: &str,
    target: &str,
    topic_id: [u8; 16],
    config: &PyLogConfig,
    now_ms: i64,
) -> PyResult<Staged> {
    let config = config.shared();
    let (source, target) = (Path::new(source), Path::new(target));
    let copy = || pybroker_log::stage_import(source, target, Uuid(topic_id), config, now_ms);
    let staged = py.detach(copy).map_err(|error| failed(&error))?;
    let state = staged.state;
    let numbers = (
        state.log_start_offset,
        state.log_end_offset,
        state.last_stable_offset,
        state.leader_epoch,
        state.size_bytes,
        staged.torn_bytes,
    );
    Ok((text(&staged.folder), numbers))
}

#[pyfunction]
#[pyo3(signature = (staged, log_dir, topic, partition, log_end_offset, /))]
pub(crate) fn place_import(
    py: Python<'_>,
    staged: &str,
    log_dir: &str,
    topic: &str,
    partition: i32,
    log_end_offset: i64,
) -> PyResult<()> {
    let (staged, log_dir) = (Path::new(staged), Path::new(log_dir));
    py.detach(|| pybroker_log::place_import(staged, log_dir, topic, partition, log_end_offset))
        .map_err(|error| failed(&error))
}
