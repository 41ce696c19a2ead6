//! The memory of a new array whose elements arrive from a file or a stream.

use ndbytes::array::default_threads;
use ndbytes::files;
use ndbytes::{Array, Layout, Limits, Order, Scalar, Source, npy};
use pyo3::exceptions::PyMemoryError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PySlice};

use super::file::{Regular, Watch};
use super::socket::Socket;
use super::stream::{Reader, brought};
use super::{descr, ndarray};
use crate::errors;

/// So few bytes are not worth a memoryview.
const SMALL: usize = 64 << 10;
/// Of headers, no more is looked at before it is read.
const MOST_OF_HEADER: usize = 192;
/// So many bytes are believed in before they arrive. Memory that is asked for and not written to takes
/// no room, where the system can.
const TRUSTED: usize = if cfg!(target_os = "linux") { 256 << 20 } else { 16 << 20 };
/// Of more than that, so many are waited for, and then so many times what has arrived is believed in.
const FIRST: usize = 16 << 20;
const GROWTH: usize = 256;

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
    if nbytes <= SMALL && reader.socket().is_none() {
        let mut data = Vec::with_capacity(nbytes);
        let got = reader.exactly(&mut data, nbytes)?;
        if got < nbytes {
            return Err(cut(got));
        }
        let array = Array::new(dtype.clone(), layout, Source::slice(&data))
            .map_err(|error| errors::decode(py, error))?;
        return ndarray::copied(&array, numpy_dtype);
    }
    let (mut room, mut got) = (if nbytes <= TRUSTED { nbytes } else { FIRST }, 0);
    let mut before: Option<Bound<'py, PyAny>> = None;
    loop {
        let is_last = room == nbytes;
        let made = match is_last {
            true => ndarray::new_like(&layout, numpy_dtype.clone()),
            false => bytes(py, room),
        };
        let array = made.map_err(|error| too_large(py, error, room))?;
        if let Some(before) = before.take() {
            part(&ndarray::writable_memoryview(&array)?, 0, got)?
                .set_item(PySlice::full(py), ndarray::memoryview(&before)?)?;
        }
        got += receive(reader, &array, got, room)?;
        if got < room {
            return Err(cut(got));
        }
        if is_last {
            return Ok(array);
        }
        before = Some(array);
        room = nbytes.min(room.saturating_mul(GROWTH));
    }
}

/// The next message of a socket, if it is a small array that has begun to arrive and looking at it
/// is cheap: so it takes two calls of the system, not three. Nothing is taken otherwise.
pub(crate) fn small_array<'py>(
    reader: &Reader<'py>,
    limits: &Limits,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = reader.object().py();
    let Some(socket) = reader.socket() else { return Ok(None) };
    if !Socket::is_of_internet(reader.object())? {
        return Ok(None);
    }
    let mut room = [0; MOST_OF_HEADER];
    let there = socket.peek(&mut room);
    // What it may be instead, the general way finds out.
    let Ok(header) = npy::Header::read(&room[..there], limits) else { return Ok(None) };
    let Ok(layout) = header.layout() else { return Ok(None) };
    let nbytes = layout.nbytes();
    if header.dtype.has_objects() || nbytes == 0 || nbytes > SMALL {
        return Ok(None);
    }
    if limits.check_bytes(nbytes as u64, nbytes as u64).is_err() {
        return Ok(None);
    }
    let layout = Layout::contiguous(&header.shape, header.dtype.itemsize(), header.order)
        .map_err(|error| errors::decode(py, error))?;
    let dtype = descr::make(py, &header.dtype).map_err(|error| errors::from_numpy(py, error))?;
    let array = ndarray::new_like(&layout, dtype)?;
    let head = &mut room[..header.data_offset];
    // SAFETY: the array is new, and has `nbytes` bytes.
    let got = unsafe { socket.fill(py, head, ndarray::address(&array), nbytes) }?;
    match got == head.len() + nbytes {
        true => Ok(Some(array)),
        false => Err(errors::decode(py, header.cut_short(got as u64))),
    }
}

/// A new array of `count` bytes.
fn bytes(py: Python<'_>, count: usize) -> PyResult<Bound<'_, PyAny>> {
    let layout = Layout::contiguous(&[count], 1, Order::C);
    let layout = layout.map_err(|error| errors::decode(py, error))?;
    ndarray::new_like(&layout, descr::make(py, &Scalar::UInt8.into())?)
}

/// Memory that there is not is a limit like others.
fn too_large(py: Python<'_>, error: PyErr, count: usize) -> PyErr {
    match error.is_instance_of::<PyMemoryError>(py) {
        true => errors::no_room(py, count),
        false => error,
    }
}

fn part<'py>(memory: &Bound<'py, PyAny>, start: usize, end: usize) -> PyResult<Bound<'py, PyAny>> {
    memory.get_item(PySlice::new(memory.py(), start as isize, end as isize, 1))
}

/// Reads into a new array, of which nobody else knows yet, from byte `from` on up to `end`; says how
/// many bytes came before the end.
fn receive(
    reader: &Reader<'_>,
    array: &Bound<'_, PyAny>,
    from: usize,
    end: usize,
) -> PyResult<usize> {
    let py = array.py();
    if let Some(socket) = reader.socket() {
        // SAFETY: the array is new, and has at least `end` bytes.
        return unsafe { socket.fill(py, &mut [], ndarray::address(array).add(from), end - from) };
    }
    let memory = &ndarray::writable_memoryview(array)?;
    let mut at = from;
    match reader.into()? {
        Some(into) => {
            while at < end {
                let rest = part(memory, at, end)?;
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
                let piece = PyBytes::new(py, &piece);
                part(memory, at, at + got)?.set_item(PySlice::full(py), piece)?;
                at += got;
            }
        }
    }
    Ok(at - from)
}
