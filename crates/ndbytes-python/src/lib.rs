//! The native part of the Python package `ndbytes`.
//!
//! * `verbs`, `comparing`, `looking`, `guessing`: what Python calls, with the docstrings that it shows
//! * `pickle`: what Python calls by the names of its own `pickle`
//! * `values`: Python's values to the core's inert ones, and back
//! * `limits`, `errors`: small types in both languages
//! * `bridge`: memory, in both directions

mod bridge;
mod comparing;
mod errors;
mod guessing;
mod limits;
mod looking;
mod pickle;
mod values;
mod verbs;

/// Native verbs of ndbytes; import them from ``ndbytes``.
#[pyo3::pymodule(gil_used = true)]
mod _native {
    #[pymodule_export]
    use crate::comparing::{Difference, array_equal, diff, identical};
    #[pymodule_export]
    use crate::guessing::{Guess, guess};
    #[pymodule_export]
    use crate::limits::Limits;
    #[pymodule_export]
    use crate::looking::{Entry, Summary, inspect};
    #[pymodule_export]
    use crate::pickle::{dump, dumps, load, loads};
    #[pymodule_export]
    use crate::verbs::{array_to_buffers, array_to_bytes, bytes_to_array, frombuffer, tobytes};
}
