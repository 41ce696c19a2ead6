//! The memory of a new array whose elements arrive from a file or a stream.

use ndbytes::array::default_threads;
use ndbytes::files;
use ndbytes::{Array, Layout, Source, npy};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyMemoryView, PySlice};

use super::buffer::Input;
use super::file::{Regular, Watch};
use super::stream::{Reader, brought};
use super::{descr, ndarray};
use crate::errors;

/// So few bytes are not worth a memoryview.
const SMALL: usize = 64 << 10;
/// So many bytes are believed in before they arrive; beyond, memory grows as they do.
const TRUSTED: usize = 64 << 20;

/// The new, writable array that `header` describes, whose elements are read from `reader`, which
/// stands behind the header, straight to where they stay.
pub(crate) fn array<'py>(
    reader: &Reader<'py>,
    header: &npy::Header,
    watch: &mut Watch,
) -> PyResult<Bound<'py, PyAny>> {
    let py = reader.object().py();
    let dtype = &header.dtype;
    let layout = Layout::contiguous(&header.shape, dtype.itemsize(), header.order)
        .map_err(|error| errors::decode(py, error))?;
    let nbytes = layout.nbytes();
    let numpy_dtype = descr::make(py, dtype).map_err(|error| errors::from_numpy(py, error))?;
    let cut = |got: usize| errors::decode(py, header.cut_short((header.data_offset + got) as u64));
    if layout.itemsize() == 0 {
        return ndarray::of_nothing(dtype, &layout, &numpy_dtype);
    }
    if let Some(regular) = Regular::of(reader.object(), nbytes)? {
        let there = regular.rest();
        if there < nbytes as u64 {
            return Err(cut(there as usize));
        }
        let array = ndarray::new_like(&layout, numpy_dtype)?;
        let (file, position) = (regular.file(), regular.position());
        // SAFETY: the array is new.
        let read = unsafe {
            ndarray::fill_new(&array, nbytes, |to| {
                files::read_at(file, position, to, default_threads(), watch)
            })
        };
        watch.raise(read)?.map_err(|error| match error.kind() {
            // It was longer a moment ago.
            std::io::ErrorKind::UnexpectedEof => cut(0),
            _ => errors::os(py, &error, None),
        })?;
        regular.advance(nbytes)?;
        return Ok(array);
    }
    if nbytes <= SMALL {
        let mut data = Vec::with_capacity(nbytes);
        let got = reader.exactly(&mut data, nbytes)?;
        if got < nbytes {
            return Err(cut(got));
        }
        let array = Array::new(dtype.clone(), layout, Source::slice(&data))
            .map_err(|error| errors::decode(py, error))?;
        return ndarray::copied(&array, numpy_dtype);
    }
    if nbytes <= TRUSTED {
        let array = ndarray::new_like(&layout, numpy_dtype)?;
        let memory = ndarray::writable_memoryview(&array)?;
        let got = receive(reader, &memory, 0, nbytes)?;
        return if got < nbytes { Err(cut(got)) } else { Ok(array) };
    }
    let memory = grown(reader, nbytes)?;
    if memory.len() < nbytes {
        return Err(cut(memory.len()));
    }
    let input = Input::new(memory.as_any(), Some(false))?;
    let array = Array::new(dtype.clone(), layout, input.source())
        .map_err(|error| errors::decode(py, error))?;
    ndarray::from_input_as(&input, &array, Some(false), numpy_dtype)
}

/// Up to `nbytes` bytes, in memory that is at most twice as large as what has arrived.
fn grown<'py>(reader: &Reader<'py>, nbytes: usize) -> PyResult<Bound<'py, PyByteArray>> {
    let py = reader.object().py();
    let memory = PyByteArray::new(py, &[]);
    let (mut got, mut room) = (0, TRUSTED);
    loop {
        // No view is left, and nobody else has the bytearray.
        resize(&memory, room)?;
        let view = PyMemoryView::from(memory.as_any())?;
        got += receive(reader, view.as_any(), got, room)?;
        view.call_method0(pyo3::intern!(py, "release"))?;
        if got < room {
            resize(&memory, got)?;
            return Ok(memory);
        }
        if room == nbytes {
            return Ok(memory);
        }
        room = nbytes.min(2 * room);
    }
}

/// Makes room without writing to it: `bytearray.extend` would fill it with zeros.
fn resize(memory: &Bound<'_, PyByteArray>, len: usize) -> PyResult<()> {
    // SAFETY: the object is a bytearray; the call fails, with an exception, where its memory is
    // exported. What is new is uninitialised, and is either written by `receive` or cut off.
    let failed = unsafe { ffi::PyByteArray_Resize(memory.as_ptr(), len as ffi::Py_ssize_t) };
    if failed != 0 {
        return Err(PyErr::fetch(memory.py()));
    }
    Ok(())
}

/// Reads into `memory`, a writable memoryview of bytes, from `from` on up to `end`; says how many
/// bytes came before the end.
fn receive(
    reader: &Reader<'_>,
    memory: &Bound<'_, PyAny>,
    from: usize,
    end: usize,
) -> PyResult<usize> {
    let py = memory.py();
    let part = |start: usize, end: usize| {
        memory.get_item(PySlice::new(py, start as isize, end as isize, 1))
    };
    let mut at = from;
    match reader.into()? {
        Some(into) => {
            while at < end {
                let rest = part(at, end)?;
                let got = brought(&into.call1((&rest,))?, end - at)?;
                rest.call_method0(pyo3::intern!(py, "release"))?;
                if got == 0 {
                    break;
                }
                at += got;
            }
        }
        None => {
            let mut piece = Vec::new();
            while at < end {
                piece.clear();
                let got = reader.some(&mut piece, end - at)?;
                if got == 0 {
                    break;
                }
                write(&part(at, at + got)?, &piece)?;
                at += got;
            }
        }
    }
    Ok(at - from)
}

/// Copies `piece` over `memory`, a writable memoryview of as many bytes.
fn write(memory: &Bound<'_, PyAny>, piece: &[u8]) -> PyResult<()> {
    let py = memory.py();
    let whole = PySlice::full(py);
    memory.set_item(whole, pyo3::types::PyBytes::new(py, piece))
}
