//! NumPy's dtype objects of the last few structures, and what the core has of them: taking one apart
//! or making one takes longer than the elements of a small array.
//!
//! Dtype objects can be changed in place: `dtype.names = ...` gives one other names, `__setstate__`
//! other anything. So what is remembered of one counts only as long as it looks as it did. Structures
//! inside of structures could be changed behind their backs, so only flat ones are remembered; and of
//! a structure that someone else has, a copy is given out. Each thread remembers for itself.

use std::cell::RefCell;
use std::ptr;
use std::sync::Arc;

use ndbytes::{DType, Kind};
use numpy::npyffi::{
    self, PY_ARRAY_API, PyArray_DatetimeDTypeMetaData, PyArray_Descr, PyDataType_C_METADATA,
    PyDataType_ELSIZE, PyDataType_FIELDS, PyDataType_METADATA, PyDataType_NAMES,
};
use pyo3::ffi::{self, PyObject};
use pyo3::prelude::*;

const MOST: usize = 8;

/// A dtype object, and what it was when it was met.
pub(super) struct Kept {
    descr: Py<PyAny>,
    face: Face,
    /// The objects in the face: kept, so that no others can come to lie there.
    _parts: [Option<Py<PyAny>>; 2],
}

impl Kept {
    /// Keeps `descr`, which is the core's `dtype`, unless it could be changed unseen.
    pub(super) fn new(descr: &Bound<'_, PyAny>, dtype: &DType) -> Option<Self> {
        if dtype.has_metadata() || dtype.has_objects() {
            return None;
        }
        if let Kind::Struct(structure) = dtype.kind() {
            let mut fields = structure.fields().iter();
            if fields.len() > 64
                || fields.any(|field| matches!(field.dtype.kind(), Kind::Struct(_)))
            {
                return None;
            }
        }
        let py = descr.py();
        let face = Face::of(py, descr.as_ptr());
        // SAFETY: both are null or live objects that the dtype refers to.
        let part = |part| unsafe { Bound::from_borrowed_ptr_or_opt(py, part).map(Bound::unbind) };
        let parts = [part(face.names), part(face.fields)];
        Some(Self { descr: descr.clone().unbind(), face, _parts: parts })
    }

    /// Whether this is the dtype object at `descr`, as it was.
    #[inline]
    pub(super) fn is(&self, py: Python<'_>, descr: *mut PyObject) -> bool {
        self.descr.as_ptr() == descr && self.is_as_it_was(py)
    }

    #[inline]
    fn is_as_it_was(&self, py: Python<'_>) -> bool {
        Face::of(py, self.descr.as_ptr()) == self.face
    }

    /// The dtype object for an array: of a structure that someone else has, a copy, so that
    /// changing it changes one array. `None` when it is not what it was.
    #[inline]
    pub(super) fn give<'py>(&self, py: Python<'py>) -> Option<PyResult<Bound<'py, PyAny>>> {
        if !self.is_as_it_was(py) {
            return None;
        }
        let descr = self.descr.bind(py);
        if self.face.names.is_null() || is_ours_alone(descr) {
            return Some(Ok(descr.clone()));
        }
        Some(copy(descr))
    }
}

/// Whether nobody else refers to `descr`.
#[inline]
fn is_ours_alone(descr: &Bound<'_, PyAny>) -> bool {
    // SAFETY: this only reads the count of a live object.
    unsafe { ffi::Py_REFCNT(descr.as_ptr()) == 1 }
}

/// A dtype object that nobody else has.
pub(super) fn copy<'py>(descr: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: this copies a dtype object; the result is a new reference or null with an error.
    unsafe {
        let copy = PY_ARRAY_API.PyArray_DescrNew(descr.py(), descr.as_ptr().cast());
        Bound::from_owned_ptr_or_err(descr.py(), copy.cast())
    }
}

/// All of a dtype object that can be changed, but for what is inside of its fields.
#[derive(Clone, Copy, PartialEq)]
struct Face {
    kind: u8,
    byte_order: u8,
    number: i32,
    itemsize: isize,
    names: *mut PyObject,
    fields: *mut PyObject,
    metadata: *mut PyObject,
    /// The base and the count of a unit of time.
    unit: [i32; 2],
}

impl Face {
    #[inline]
    fn of(py: Python<'_>, descr: *mut PyObject) -> Self {
        let pointer: *const PyArray_Descr = descr.cast();
        // SAFETY: callers pass live dtype objects, whose first fields NumPy's C API fixes for every
        // version; the accessors choose the layout of the running version, and give null for what a
        // dtype does not have. The C metadata of NumPy's own dtypes, which have small numbers, are
        // those of times.
        unsafe {
            let first = npyffi::_PyDataType_GET_ITEM_DATA(pointer);
            let number = (*first).type_num;
            let times = match number {
                TIMES_FROM..=TIMES_TO => PyDataType_C_METADATA(py, pointer),
                _ => ptr::null_mut(),
            };
            let unit = match times.is_null() {
                true => [0, 0],
                false => {
                    let times = times.cast::<PyArray_DatetimeDTypeMetaData>();
                    [(&raw const (*times).meta.base).cast::<i32>().read(), (*times).meta.num]
                }
            };
            Self {
                kind: (*first).kind as u8,
                byte_order: (*first).byteorder as u8,
                number,
                itemsize: PyDataType_ELSIZE(py, pointer),
                names: PyDataType_NAMES(py, pointer),
                fields: PyDataType_FIELDS(py, pointer),
                metadata: PyDataType_METADATA(py, pointer),
                unit,
            }
        }
    }
}

const TIMES_FROM: i32 = npyffi::NPY_TYPES::NPY_DATETIME as i32;
const TIMES_TO: i32 = npyffi::NPY_TYPES::NPY_TIMEDELTA as i32;

thread_local! {
    static STRUCTURES: RefCell<Recent<(DType, Kept)>> = const { RefCell::new(Recent::NONE) };
    static OTHERS: RefCell<Recent<(DType, Kept)>> = const { RefCell::new(Recent::NONE) };
}

/// The last few of a kind.
struct Recent<T> {
    known: Vec<T>,
    next: usize,
}

impl<T> Recent<T> {
    const NONE: Self = Self { known: Vec::new(), next: 0 };

    #[inline]
    fn find(&self, is: impl Fn(&T) -> bool) -> Option<&T> {
        self.known.iter().find(|one| is(one))
    }

    /// Takes one in, and gives back the one that goes for it: dropping an object may run anything,
    /// what is here included.
    #[must_use]
    fn note(&mut self, one: T) -> Option<T> {
        self.next += 1;
        if self.known.len() < MOST {
            self.known.push(one);
            return None;
        }
        Some(std::mem::replace(&mut self.known[self.next % MOST], one))
    }
}

/// The core's dtype of a structure that was met of late.
#[inline]
pub(super) fn read(descr: &Bound<'_, PyAny>) -> Option<DType> {
    STRUCTURES.with_borrow(|recent| {
        let (dtype, _) = recent.find(|(_, kept)| kept.is(descr.py(), descr.as_ptr()))?;
        Some(dtype.clone())
    })
}

/// A new dtype object of a structure that was met of late.
#[inline]
pub(super) fn make<'py>(py: Python<'py>, dtype: &DType) -> Option<PyResult<Bound<'py, PyAny>>> {
    let Kind::Struct(wanted) = dtype.kind() else { return None };
    let known = STRUCTURES.with_borrow(|recent| {
        let (_, kept) = recent.find(|(known, _)| match known.kind() {
            Kind::Struct(structure) => Arc::ptr_eq(structure, wanted),
            _ => false,
        })?;
        kept.is_as_it_was(py).then(|| kept.descr.bind(py).clone())
    })?;
    Some(copy(&known))
}

/// The dtype object of strings or times: the one that was made of late, if it is as it was, or a new
/// one.
#[inline]
pub(super) fn shared<'py>(
    py: Python<'py>,
    dtype: &DType,
    make: impl FnOnce() -> PyResult<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let same =
        |known: &DType| known.kind() == dtype.kind() && known.byte_order() == dtype.byte_order();
    let known = OTHERS.with_borrow(|recent| {
        let (_, kept) = recent.find(|(known, kept)| same(known) && kept.is_as_it_was(py))?;
        Some(kept.descr.bind(py).clone())
    });
    if let Some(known) = known {
        return Ok(known);
    }
    let made = make()?;
    // Metadata are not a part of it.
    let known = DType::new(dtype.kind().clone(), dtype.byte_order());
    if let Some(kept) = Kept::new(&made, &known) {
        drop(OTHERS.with_borrow_mut(|recent| recent.note((known, kept))));
    }
    Ok(made)
}

/// Remembers what the dtype object of a structure is, unless it could be changed unseen.
pub(super) fn note(descr: &Bound<'_, PyAny>, dtype: &DType) {
    let Kind::Struct(_) = dtype.kind() else { return };
    if let Some(kept) = Kept::new(descr, dtype) {
        drop(STRUCTURES.with_borrow_mut(|recent| recent.note((dtype.clone(), kept))));
    }
}
