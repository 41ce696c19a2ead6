//! The native part of the Python package `ndbytes`.
//!
//! * `verbs`, `comparing`, `looking`, `guessing`, `verifying`: what Python calls, with the docstrings
//!   that it shows
//! * `files`: arrays in files, for the functions that NumPy has for them
//! * `streams`: arrays one after another through files, pipes and sockets
//! * `pickle`: what Python calls by the names of its own `pickle`
//! * `npz`: several arrays, in bytes and in files; `pyfile`: file objects as Rust's streams
//! * `savable`: what files keep of an array, and the warnings about the rest
//! * `values`: Python's values to the core's inert ones, and back
//! * `limits`, `errors`: small types in both languages
//! * `bridge`: memory, in both directions

mod arguments;
mod bridge;
mod comparing;
mod display;
mod errors;
mod files;
mod guessing;
mod limits;
mod looking;
mod npz;
mod pickle;
mod pyfile;
mod savable;
mod streams;
mod values;
mod verbs;
mod verifying;

/// Native verbs of ndbytes; import them from ``ndbytes``.
#[pyo3::pymodule(gil_used = true)]
mod _native {
    #[pymodule_export]
    use crate::comparing::{Difference, array_equal, diff, identical};
    #[pymodule_export]
    use crate::files::{create_file, load_array, open_shared, peek_file, save_file, save_stream};
    #[pymodule_export]
    use crate::guessing::{Guess, guess};
    #[pymodule_export]
    use crate::limits::Limits;
    #[pymodule_export]
    use crate::looking::{Entry, Summary, inspect};
    #[pymodule_export]
    use crate::npz::{NpzReader, arrays_to_bytes, bytes_to_arrays, change_npz, save_npz};
    #[pymodule_export]
    use crate::pickle::{dump, dumps, load, loads};
    #[pymodule_export]
    use crate::streams::{Arrays, Incoming, read_array, read_arrays, write_array};
    #[pymodule_export]
    use crate::verbs::{
        array_in, array_to_buffers, array_to_bytes, bytes_to_array, frombuffer, tobytes,
    };
    #[pymodule_export]
    use crate::verifying::{Verified, verify};
}
