//! The core's errors as Python's exceptions, which `ndbytes._errors` defines.

use std::io;
use std::path::Path;

use ndbytes::files::FileError;
use ndbytes::{DecodeError, DecodeErrorKind, EncodeError};
use pyo3::exceptions::{PyException, PyOSError, PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// The exception for bytes that do not hold what was asked of them, or that could not be read.
#[cold]
pub(crate) fn decode(py: Python<'_>, error: DecodeError) -> PyErr {
    let class = match error.kind() {
        DecodeErrorKind::Io { .. } => return PyOSError::new_err(error.to_string()),
        DecodeErrorKind::Incomplete { .. } => "IncompleteError",
        DecodeErrorKind::Unsafe { .. } => "UnsafeError",
        _ => "DecodeError",
    };
    raise(py, class, &error.to_string(), |kwargs| {
        kwargs.set_item("kind", error.kind().name())?;
        kwargs.set_item("format", error.format_name())?;
        kwargs.set_item("offset", error.offset())?;
        kwargs.set_item("entry", error.entry())?;
        kwargs.set_item("hint", error.hint_text())?;
        match error.kind() {
            DecodeErrorKind::Incomplete { needed } => kwargs.set_item("needed", needed),
            DecodeErrorKind::Unsafe { names } => kwargs.set_item("names", names),
            _ => Ok(()),
        }
    })
}

/// The `OSError` for what the system has refused, of the subclass that goes with its number.
#[cold]
pub(crate) fn os(py: Python<'_>, error: &io::Error, path: Option<&Path>) -> PyErr {
    os_while(py, "", error, path)
}

/// The `OSError` for what went wrong with a file.
#[cold]
pub(crate) fn file(py: Python<'_>, error: &FileError) -> PyErr {
    os_while(py, error.doing(), error.io(), Some(error.path()))
}

fn os_while(py: Python<'_>, doing: &str, error: &io::Error, path: Option<&Path>) -> PyErr {
    // Errors that do not come straight from the system have no number.
    let number = error.raw_os_error().or(match error.kind() {
        io::ErrorKind::IsADirectory => Some(libc::EISDIR),
        io::ErrorKind::AlreadyExists => Some(libc::EEXIST),
        io::ErrorKind::NotFound => Some(libc::ENOENT),
        io::ErrorKind::NotADirectory => Some(libc::ENOTDIR),
        io::ErrorKind::PermissionDenied => Some(libc::EACCES),
        io::ErrorKind::ReadOnlyFilesystem => Some(libc::EROFS),
        io::ErrorKind::StorageFull => Some(libc::ENOSPC),
        _ => None,
    });
    let Some(number) = number else {
        return PyOSError::new_err(format!("{doing}{error}"));
    };
    let make = || {
        let what = py.import("os")?.call_method1("strerror", (number,))?;
        let what = format!("{doing}{what}");
        py.get_type::<PyOSError>().call1((number, what, path.map(Path::as_os_str)))
    };
    make().map_or_else(|error| error, PyErr::from_value)
}

/// The exception for arrays that this Python cannot hold, though the bytes are well-formed.
#[cold]
pub(crate) fn unsupported(py: Python<'_>, found: &str, hint: &str) -> PyErr {
    raise(py, "DecodeError", &format!("{found}. Hint: {hint}"), |kwargs| {
        kwargs.set_item("kind", "unsupported")?;
        kwargs.set_item("hint", hint)
    })
}

/// The exception for bytes that say that they are more than the memory can hold.
#[cold]
pub(crate) fn no_room(py: Python<'_>, nbytes: usize) -> PyErr {
    let found = format!("there is no memory for the {nbytes} bytes of this array");
    raise(py, "DecodeError", &found, |kwargs| kwargs.set_item("kind", "limit"))
}

/// The exception for what the running NumPy refuses to make of well-formed bytes, such as an array
/// of 64 dimensions in NumPy 1. Other exceptions pass.
#[cold]
pub(crate) fn from_numpy(py: Python<'_>, error: PyErr) -> PyErr {
    let class = error.get_type(py);
    let refusals = [
        py.get_type::<PyValueError>(),
        py.get_type::<PyTypeError>(),
        py.get_type::<PyOverflowError>(),
    ];
    // Not their subclasses: those are the exceptions of this package.
    if !refusals.iter().any(|refusal| class.is(refusal)) {
        return error;
    }
    let found = format!("the installed NumPy cannot hold this array: {}", error.value(py));
    unsupported(py, &found, "a newer NumPy may")
}

/// The exception for well-formed bytes of which Python makes no value, such as a decimal with an
/// exponent that is out of range. The exceptions of this package pass.
#[cold]
pub(crate) fn from_python(py: Python<'_>, error: PyErr) -> PyErr {
    let ours = py.import("ndbytes._errors").and_then(|module| module.getattr("DecodeError"));
    if ours.is_ok_and(|ours| error.matches(py, ours).unwrap_or(false))
        || !error.is_instance_of::<PyException>(py)
    {
        return error;
    }
    let class = error.get_type(py);
    let name = class.name().map_or_else(|_| String::new(), |name| name.to_string());
    let found = format!("Python makes no value of this: {name}: {}", error.value(py));
    raise(py, "DecodeError", &found, |kwargs| kwargs.set_item("format", "pickle"))
}

/// The exception for arrays that a format cannot hold.
#[cold]
pub(crate) fn encode(py: Python<'_>, found: &str, hint: Option<&str>) -> PyErr {
    let message = hint.map_or_else(|| found.to_owned(), |hint| format!("{found}. Hint: {hint}"));
    raise(py, "EncodeError", &message, |kwargs| kwargs.set_item("hint", hint))
}

#[cold]
pub(crate) fn refused(py: Python<'_>, error: &EncodeError) -> PyErr {
    raise(py, "EncodeError", &error.to_string(), |kwargs| {
        kwargs.set_item("hint", error.hint_text())
    })
}

fn raise(
    py: Python<'_>,
    class: &str,
    message: &str,
    fill: impl FnOnce(&Bound<'_, PyDict>) -> PyResult<()>,
) -> PyErr {
    let make = || {
        let kwargs = PyDict::new(py);
        fill(&kwargs)?;
        py.import("ndbytes._errors")?.getattr(class)?.call((message,), Some(&kwargs))
    };
    make().map_or_else(|error| error, PyErr::from_value)
}
