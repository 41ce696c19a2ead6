//! Bytes-like objects in, `bytes` objects out.

use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};

use ndbytes::{Array, Sink, Source};
use pyo3::exceptions::{PyBufferError, PyMemoryError, PyTypeError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyString, PyType};

/// Copies of at least this many bytes let other Python threads run.
pub(crate) const RELEASE_FROM: usize = 128 << 10;

/// The bytes of a bytes-like object, and the object that keeps them where they are.
pub(crate) struct Input<'py> {
    keeper: Bound<'py, PyAny>,
    start: NonNull<u8>,
    len: usize,
    immutable: bool,
    writable: bool,
}

impl<'py> Input<'py> {
    /// The bytes of `data`: borrowed, or copied when they do not lie side by side and `copy`
    /// allows it.
    #[inline(always)]
    pub(crate) fn new(data: &Bound<'py, PyAny>, copy: Option<bool>) -> PyResult<Self> {
        if let Ok(bytes) = data.cast_exact::<PyBytes>() {
            return Ok(Self::of_bytes(bytes));
        }
        Self::of_exporter(data, copy)
    }

    #[inline]
    fn of_bytes(bytes: &Bound<'py, PyBytes>) -> Self {
        let content = bytes.as_bytes();
        Self {
            start: NonNull::from(content).cast(),
            len: content.len(),
            immutable: true,
            writable: false,
            keeper: bytes.clone().into_any(),
        }
    }

    /// Any exporter of the buffer protocol. A memoryview keeps it from being resized or closed.
    #[inline(never)]
    fn of_exporter(data: &Bound<'py, PyAny>, copy: Option<bool>) -> PyResult<Self> {
        let py = data.py();
        // SAFETY: `data` is a live object; the result is a new reference or null with an error.
        let view = unsafe {
            Bound::from_owned_ptr_or_err(py, ffi::PyMemoryView_FromObject(data.as_ptr()))
        }
        .map_err(|error| explain(data, error))?;
        let mut buffer = Buffer::of(&view)?;
        // SAFETY: `buffer` has been filled by a successful PyObject_GetBuffer.
        if unsafe { ffi::PyBuffer_IsContiguous(&raw const buffer.0, b'C' as _) } == 0 {
            if copy == Some(false) {
                return Err(PyBufferError::new_err(
                    "the bytes of data do not lie side by side, so a view is not possible. \
                     Hint: copy=None copies them",
                ));
            }
            let len = buffer.0.len as usize;
            let copied = new_bytes(py, len, |to| {
                // SAFETY: `to` has room for the `len` bytes of `buffer`, which is written to it in
                // C order; a failure leaves an error set, which is fetched below.
                let done = unsafe {
                    ffi::PyBuffer_ToContiguous(
                        to.as_mut_ptr().cast(),
                        &raw const buffer.0,
                        len as ffi::Py_ssize_t,
                        b'C' as _,
                    )
                };
                if done == 0 { Ok(()) } else { Err(PyErr::fetch(py)) }
            })?;
            return Ok(Self::of_bytes(&copied));
        }
        // An empty buffer may have no address.
        let start = NonNull::new(buffer.0.buf.cast()).unwrap_or(NonNull::dangling());
        let (len, writable) = (buffer.0.len as usize, buffer.0.readonly == 0);
        buffer.release();
        // The memoryview still holds the exporter's buffer, so `start` stays what it is.
        Ok(Self { keeper: view, start, len, immutable: false, writable })
    }

    /// The object that keeps the bytes alive: the `bytes` themselves or a memoryview.
    pub(crate) fn keeper(&self) -> &Bound<'py, PyAny> {
        &self.keeper
    }

    /// Whether the bytes that `array` reaches, all of its source, are bytes of this input, which the
    /// keeper keeps.
    #[inline]
    pub(crate) fn has(&self, array: &Array<'_>) -> bool {
        let (start, len) = (array.source().start() as usize, array.source().len());
        let before = start.checked_sub(self.start.as_ptr() as usize);
        before.and_then(|before| before.checked_add(len)).is_some_and(|end| end <= self.len)
    }

    /// Whether `source` is all of this input.
    pub(crate) fn is(&self, source: &Source<'_>) -> bool {
        source.start() == self.start.as_ptr().cast_const() && source.len() == self.len
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn is_writable(&self) -> bool {
        self.writable
    }

    /// The bytes, if nobody can change them.
    #[inline]
    pub(crate) fn constant(&self) -> Option<&[u8]> {
        // SAFETY: the content of a `bytes` object never changes, and the keeper keeps it.
        self.immutable.then(|| unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) })
    }

    /// The bytes, for the core to read.
    #[inline]
    pub(crate) fn source(&self) -> Source<'_> {
        if let Some(bytes) = self.constant() {
            return Source::slice(bytes);
        }
        // SAFETY: the keeper holds the exporter's buffer, so its memory stays readable for as long
        // as `self` is borrowed. Others may write it, which a foreign source allows for.
        unsafe { Source::foreign(self.start, self.len) }
    }
}

/// A `Py_buffer` that is released exactly once.
struct Buffer(ffi::Py_buffer);

impl Buffer {
    fn of(view: &Bound<'_, PyAny>) -> PyResult<Self> {
        let mut buffer = Self(ffi::Py_buffer::new());
        // SAFETY: `view` is a live object and `buffer` an empty structure to be filled.
        let failed = unsafe {
            ffi::PyObject_GetBuffer(view.as_ptr(), &raw mut buffer.0, ffi::PyBUF_FULL_RO)
        };
        if failed != 0 {
            return Err(PyErr::fetch(view.py()));
        }
        Ok(buffer)
    }

    fn release(&mut self) {
        // SAFETY: the structure is empty or has been filled by PyObject_GetBuffer; releasing sets
        // its object to null, after which releasing does nothing.
        unsafe { ffi::PyBuffer_Release(&raw mut self.0) };
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.release();
    }
}

#[cold]
fn explain(data: &Bound<'_, PyAny>, error: PyErr) -> PyErr {
    let py = data.py();
    if !error.is_instance_of::<PyTypeError>(py) {
        return error;
    }
    let class = data.get_type();
    let name = class.name().map_or_else(|_| "an object".to_owned(), |name| name.to_string());
    let hint = if data.is_instance_of::<PyString>() {
        ". Hint: text is not bytes; if it is base64 or hex, decode it first; if it is a path, \
         ndbytes.load reads the file"
    } else if data.hasattr("__fspath__").unwrap_or(false) {
        ". Hint: ndbytes.load reads the file"
    } else if data.hasattr("read").unwrap_or(false) {
        ". Hint: read the file first: data.read()"
    } else {
        ""
    };
    PyTypeError::new_err(format!("data must be bytes-like, not {name}{hint}"))
}

/// A new `bytes` object of `len` bytes that `fill` writes. Other Python threads run meanwhile when
/// it is large.
#[inline(always)]
pub(crate) fn filled_bytes<'py>(
    py: Python<'py>,
    len: usize,
    fill: impl FnOnce(&mut Sink<'_>) + Send,
) -> PyResult<Bound<'py, PyBytes>> {
    new_bytes(py, len, |to| {
        let mut sink = Sink::new(to);
        if len < RELEASE_FROM {
            fill(&mut sink);
        } else {
            py.detach(|| fill(&mut sink));
        }
        assert!(sink.is_full(), "a bytes object is filled to its end");
        Ok(())
    })
}

/// `file.write(bytes)`. Only an `io.BytesIO`, which copies what it is given and keeps nothing of it, is
/// given the memory itself; anything else gets a `bytes` object, which it may keep.
pub(crate) fn write_to_file<'py>(
    file: &Bound<'py, PyAny>,
    bytes: &[u8],
) -> PyResult<Bound<'py, PyAny>> {
    static BYTES_IO: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let py = file.py();
    let write = pyo3::intern!(py, "write");
    let is_bytes_io = file.get_type().is(BYTES_IO.import(py, "io", "BytesIO")?);
    // An attribute of its own would go before the method of its type.
    if !is_bytes_io || !file.getattr("__dict__")?.cast::<PyDict>()?.is_empty() {
        return file.call_method1(write, (PyBytes::new(py, bytes),));
    }
    // SAFETY: the memory is readable, and only read, as the flag says. The view is released before
    // this returns, and the method of `BytesIO` has copied all by then.
    let view = unsafe {
        let start = bytes.as_ptr().cast_mut().cast();
        let view = ffi::PyMemoryView_FromMemory(start, bytes.len() as isize, ffi::PyBUF_READ);
        Bound::from_owned_ptr_or_err(py, view)?
    };
    let written = file.call_method1(write, (&view,));
    view.call_method0(pyo3::intern!(py, "release"))?;
    written
}

/// A new `bytes` object whose content `fill` writes before anyone else sees it.
#[inline(always)]
pub(super) fn new_bytes<'py>(
    py: Python<'py>,
    len: usize,
    fill: impl FnOnce(&mut [MaybeUninit<u8>]) -> PyResult<()>,
) -> PyResult<Bound<'py, PyBytes>> {
    if len > isize::MAX as usize - 4096 {
        return Err(PyMemoryError::new_err(format!("{len} bytes are more than any memory holds")));
    }
    // SAFETY: with a null pointer this allocates `len` bytes without writing them, and returns a
    // new reference that nobody else has, or null with an error set.
    unsafe {
        let bytes = ffi::PyBytes_FromStringAndSize(ptr::null(), len as ffi::Py_ssize_t);
        let bytes = Bound::from_owned_ptr_or_err(py, bytes)?;
        let content = ffi::PyBytes_AsString(bytes.as_ptr());
        // The empty `bytes` is shared, but there is nothing to write to it.
        let content = std::slice::from_raw_parts_mut(content.cast(), len);
        ndbytes::array::advise_huge_pages(content);
        fill(content)?;
        Ok(bytes.cast_into_unchecked())
    }
}
