//! `ndbytes.Limits`.

use ndbytes::Limits as CoreLimits;
use pyo3::prelude::*;

use crate::arguments::amount;

/// What a reader may spend on bytes that it does not trust.
///
/// Parameters
/// ----------
/// max_bytes : int, optional
///     Bytes of copied, inflated or built values; views on the input are free. Unless given,
///     256 MiB + 32 x the length of the input.
/// max_depth : int
///     How deep values may nest.
/// max_entries : int
///     Entries in one container.
/// max_header : int
///     Bytes of a description, such as the npy header.
///
/// Examples
/// --------
/// >>> ndbytes.Limits(max_bytes=1 << 30)
/// Limits(max_bytes=1073741824, max_depth=1000, max_entries=1048576, max_header=16777216)
#[pyclass(frozen, eq, module = "ndbytes")]
#[derive(PartialEq)]
pub(crate) struct Limits {
    #[pyo3(get)]
    max_bytes: Option<u64>,
    #[pyo3(get)]
    max_depth: u32,
    #[pyo3(get)]
    max_entries: u64,
    #[pyo3(get)]
    max_header: u64,
}

#[pymethods]
impl Limits {
    #[new]
    #[pyo3(signature = (max_bytes=None, max_depth=1_000, max_entries=1_048_576, max_header=16_777_216))]
    fn new(
        #[pyo3(from_py_with = max_bytes)] max_bytes: Option<u64>,
        #[pyo3(from_py_with = max_depth)] max_depth: u32,
        #[pyo3(from_py_with = max_entries)] max_entries: u64,
        #[pyo3(from_py_with = max_header)] max_header: u64,
    ) -> Self {
        Self { max_bytes, max_depth, max_entries, max_header }
    }

    fn __repr__(&self) -> String {
        let max_bytes = self.max_bytes.map_or_else(|| "None".to_owned(), |n| n.to_string());
        format!(
            "Limits(max_bytes={max_bytes}, max_depth={}, max_entries={}, max_header={})",
            self.max_depth, self.max_entries, self.max_header
        )
    }

    fn __hash__(&self) -> u64 {
        let Self { max_bytes, max_depth, max_entries, max_header } = *self;
        max_bytes.unwrap_or(u64::MAX) ^ u64::from(max_depth) ^ max_entries ^ max_header
    }

    fn __reduce__<'py>(
        slf: &Bound<'py, Self>,
    ) -> (Bound<'py, PyAny>, (Option<u64>, u32, u64, u64)) {
        let Self { max_bytes, max_depth, max_entries, max_header } = *slf.get();
        (slf.get_type().into_any(), (max_bytes, max_depth, max_entries, max_header))
    }
}

/// The core's limits; the defaults for `None`.
#[inline]
pub(crate) fn core_limits(limits: Option<&Bound<'_, Limits>>) -> CoreLimits {
    let limits = match limits {
        None => return CoreLimits::default(),
        Some(limits) => limits.get(),
    };
    let core = CoreLimits::default()
        .max_depth(limits.max_depth)
        .max_entries(limits.max_entries)
        .max_header(limits.max_header);
    match limits.max_bytes {
        Some(bytes) => core.max_bytes(bytes),
        None => core,
    }
}

fn max_bytes(value: &Bound<'_, PyAny>) -> PyResult<Option<u64>> {
    if value.is_none() { Ok(None) } else { amount("max_bytes", value, u64::MAX).map(Some) }
}

fn max_depth(value: &Bound<'_, PyAny>) -> PyResult<u32> {
    amount("max_depth", value, u32::MAX)
}

fn max_entries(value: &Bound<'_, PyAny>) -> PyResult<u64> {
    amount("max_entries", value, u64::MAX)
}

fn max_header(value: &Bound<'_, PyAny>) -> PyResult<u64> {
    amount("max_header", value, u64::MAX)
}

/// The argument of this name in NumPy's signatures.
pub(crate) fn max_header_size(value: &Bound<'_, PyAny>) -> PyResult<u64> {
    amount("max_header_size", value, u64::MAX)
}
