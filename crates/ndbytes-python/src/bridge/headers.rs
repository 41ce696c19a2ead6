//! The npy headers of late, with the arrays that they describe: most arrays are like one before.
//!
//! What is remembered is what the general way has written or read: the bytes of a header on one side,
//! dtype object, shape and order on the other. A header is neither spelled nor parsed here, so there
//! is no second way to do it. Only small arrays are written this way, since nothing is felt of a
//! header beside a large one.
//!
//! What fails here is left to the general way, which says why: a result that is one pointer stays in a
//! register, which is felt where so little is done.

use std::cell::RefCell;
use std::ptr;

use ndbytes::{Array, Order, npy};
use numpy::npyffi::{
    NPY_ARRAY_C_CONTIGUOUS, NPY_ARRAY_F_CONTIGUOUS, PyArrayObject, PyArrayObject_fields, npy_intp,
};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::buffer::{Input, RELEASE_FROM, new_bytes};
use super::ndarray;
use super::recent::{self, Kept};

/// Most headers take 128 bytes, those of structures some more.
const LONGEST: usize = 256;
/// Headers are as many of these, which no function has to be called to copy.
const PIECE: usize = 64;
const MAX_DIMS: usize = 4;

/// A header, and what it says.
struct Known {
    header: [u8; LONGEST],
    header_len: usize,
    descr: Kept,
    shape: [npy_intp; MAX_DIMS],
    ndim: usize,
    order: Order,
    nbytes: usize,
}

thread_local! {
    static WRITTEN: RefCell<Places> = const { RefCell::new(Places::EMPTY) };
    static READ: RefCell<Places> = const { RefCell::new(Places::EMPTY) };
}

/// What is remembered, each in the one place that a mark of it says. A mark is a quick summary of a
/// header or of what it says; two may share it.
struct Places {
    known: [Option<Box<Known>>; Places::COUNT],
    /// The marks that were looked for in vain, last in each place.
    missed: [u64; Places::COUNT],
}

impl Places {
    const COUNT: usize = 16;
    const EMPTY: Self = Self { known: [const { None }; Self::COUNT], missed: [0; Self::COUNT] };

    #[inline]
    fn at(&self, mark: u64) -> Option<&Known> {
        self.known[Self::place(mark)].as_deref()
    }

    #[inline]
    fn place(mark: u64) -> usize {
        (mark >> 60) as usize
    }

    /// Has what `known` makes remembered if the like was looked for before: what comes once is not
    /// worth the trouble. Gives back what goes for it: dropping an object may run anything, what is
    /// here included.
    #[must_use]
    #[inline]
    fn note(&mut self, mark: u64, known: impl FnOnce() -> Option<Known>) -> Option<Box<Known>> {
        let place = Self::place(mark);
        if std::mem::replace(&mut self.missed[place], mark) != mark {
            return None;
        }
        self.known[place].replace(Box::new(known()?))
    }
}

const _: () = assert!(Places::COUNT == 1 << (64 - 60));

/// A mark of these words: a sum, whose parts need not wait for each other.
#[inline]
fn mark(words: impl IntoIterator<Item = u64>) -> u64 {
    words.into_iter().zip(0..).fold(0, |mark: u64, (word, at)| {
        mark.wrapping_add(word.wrapping_mul(0x9e37_79b9_7f4a_7c15_u64.rotate_left(12 * at)))
    })
}

/// The mark of an array.
///
/// # Safety
/// The fields are those of a live array.
#[inline]
unsafe fn mark_of_array(fields: &PyArrayObject_fields) -> u64 {
    let dims = match fields.nd {
        0 => &[],
        // SAFETY: `dimensions` holds `nd` numbers.
        nd => unsafe { std::slice::from_raw_parts(fields.dimensions, nd as usize) },
    };
    mark(std::iter::once(fields.descr as u64).chain(dims.iter().map(|&dim| dim as u64)))
}

/// The mark of npy bytes: of where the header of numbers says their dtype and shape.
#[inline]
fn mark_of_bytes(bytes: &[u8]) -> u64 {
    let word = |at: usize| match bytes.get(at..at + 8) {
        Some(word) => u64::from_le_bytes(word.try_into().unwrap_or_default()),
        None => 0,
    };
    mark([word(18), word(58), word(66)])
}

impl Known {
    /// `None` for what is not remembered.
    fn new(header: &[u8], array: &Array<'_>, descr: &Bound<'_, PyAny>) -> Option<Self> {
        let layout = array.layout();
        let order = layout.order();
        let dims = layout.shape();
        if header.len() > LONGEST
            || dims.len() > MAX_DIMS
            || layout.nbytes() == 0
            || !layout.is_contiguous(order)
        {
            return None;
        }
        let mut shape = [0; MAX_DIMS];
        for (place, &dim) in shape.iter_mut().zip(dims) {
            *place = npy_intp::try_from(dim).ok()?;
        }
        let mut kept = [0; LONGEST];
        kept[..header.len()].copy_from_slice(header);
        Some(Self {
            header: kept,
            header_len: header.len(),
            descr: Kept::new(descr, array.dtype())?,
            shape,
            ndim: dims.len(),
            order,
            nbytes: layout.nbytes(),
        })
    }

    #[inline]
    fn header(&self) -> &[u8] {
        &self.header[..self.header_len]
    }

    #[inline]
    fn shape(&self) -> &[npy_intp] {
        &self.shape[..self.ndim]
    }

    /// Whether the array with these fields has this header.
    ///
    /// # Safety
    /// The fields are those of a live array.
    #[inline]
    unsafe fn describes(&self, py: Python<'_>, fields: &PyArrayObject_fields) -> bool {
        let order = match fields.flags & (NPY_ARRAY_C_CONTIGUOUS | NPY_ARRAY_F_CONTIGUOUS) {
            0 => return false,
            NPY_ARRAY_F_CONTIGUOUS => Order::F,
            _ => Order::C,
        };
        if order != self.order || fields.nd as usize != self.ndim {
            return false;
        }
        // SAFETY: `dimensions` holds `nd` numbers; without dimensions it may be null.
        let same = unsafe {
            self.shape().iter().enumerate().all(|(axis, &dim)| *fields.dimensions.add(axis) == dim)
        };
        same && self.descr.is(py, fields.descr.cast())
    }
}

/// The npy bytes of an array whose like was written of late.
#[inline]
pub(crate) fn written<'py>(array: &Bound<'py, PyAny>) -> Option<Bound<'py, PyBytes>> {
    if !ndarray::is_exact_array(array) {
        return None;
    }
    let py = array.py();
    // SAFETY: the object is an array, whose fields NumPy's C API fixes.
    let fields = unsafe { &(*array.as_ptr().cast::<PyArrayObject>()).fields };
    // SAFETY: they are the fields of a live array.
    let mark = unsafe { mark_of_array(fields) };
    WRITTEN.with_borrow(|places| {
        // SAFETY: they are the fields of a live array.
        let known = places.at(mark).filter(|known| unsafe { known.describes(py, fields) })?;
        let (header, nbytes) = (known.header(), known.nbytes);
        let bytes = new_bytes(py, header.len() + nbytes, |to| {
            let to = to.as_mut_ptr().cast::<u8>();
            // SAFETY: `to` has room for both. The elements are `nbytes` bytes side by side: the
            // array has the shape of the remembered one, and a dtype of its size.
            unsafe {
                let (pieces, rest) = header.as_chunks::<PIECE>();
                for (at, piece) in pieces.iter().enumerate() {
                    to.cast::<[u8; PIECE]>().add(at).write(*piece);
                }
                if !rest.is_empty() {
                    let to = to.add(header.len() - rest.len());
                    ptr::copy_nonoverlapping(rest.as_ptr(), to, rest.len());
                }
                ptr::copy_nonoverlapping(fields.data.cast(), to.add(header.len()), nbytes);
            }
            Ok(())
        });
        bytes.ok()
    })
}

/// Remembers the header of npy bytes that were written from `object`, which is `array` to the core.
#[inline]
pub(crate) fn note_written(header: &[u8], array: &Array<'_>, object: &Bound<'_, PyAny>) {
    if array.nbytes() >= RELEASE_FROM || !ndarray::is_exact_array(object) {
        return;
    }
    // SAFETY: the object is an array, whose fields NumPy's C API fixes.
    let mark = unsafe { mark_of_array(&(*object.as_ptr().cast::<PyArrayObject>()).fields) };
    let known = || Known::new(header, array, &descr_of(object));
    drop(WRITTEN.with_borrow_mut(|places| places.note(mark, known)));
}

/// A view on npy bytes whose header was read of late.
#[inline]
pub(crate) fn read<'py>(input: &Input<'py>) -> Option<Bound<'py, PyAny>> {
    let bytes = input.constant()?;
    let py = input.keeper().py();
    let mark = mark_of_bytes(bytes);
    READ.with_borrow(|places| {
        let known = places.at(mark).filter(|known| bytes.starts_with(known.header()))?;
        let data = &bytes[known.header_len..];
        if data.len() < known.nbytes {
            return None;
        }
        let descr = known.descr.give(py)?.ok()?;
        // SAFETY: the elements are the `nbytes` bytes from the start of `data` on, which are
        // checked to be there: their number is that of the remembered array, whose shape, order
        // and dtype are the same.
        let array =
            unsafe { ndarray::over(input, known.shape(), known.order, descr, data.as_ptr()) };
        array.ok()
    })
}

/// Remembers what the header at the start of the input was read as.
#[inline]
pub(crate) fn note_read(input: &Input<'_>, array: &Array<'_>, object: &Bound<'_, PyAny>) {
    let Some(bytes) = input.constant().filter(|bytes| bytes.starts_with(npy::MAGIC)) else {
        return;
    };
    let Some(header) = bytes.get(..array.layout().start()) else { return };
    let known = || {
        let descr = descr_of(object);
        // Of a structure, one of our own, that nobody can change.
        match array.dtype().fields().is_empty() {
            true => Known::new(header, array, &descr),
            false => Known::new(header, array, &recent::copy(&descr).ok()?),
        }
    };
    drop(READ.with_borrow_mut(|places| places.note(mark_of_bytes(bytes), known)));
}

/// The dtype object of an array.
fn descr_of<'py>(array: &Bound<'py, PyAny>) -> Bound<'py, PyAny> {
    // SAFETY: callers pass arrays, whose dtype is a live object.
    unsafe {
        let descr = (*array.as_ptr().cast::<PyArrayObject>()).fields.descr;
        Bound::from_borrowed_ptr(array.py(), descr.cast())
    }
}
