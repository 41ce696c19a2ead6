//! NumPy's dtype objects of the last few structures, and what the core has of them: taking one apart
//! or making one takes longer than the elements of a small array.
//!
//! Of NumPy's dtypes, structures alone can be changed in place: `dtype.names = ...` gives one other
//! names, and `__setstate__` other fields. So what is remembered counts only as long as both are
//! the same objects, and only structures without structures inside are remembered, which could be
//! changed behind their backs. What is given out is a copy. Each thread remembers for itself.

use std::cell::RefCell;
use std::sync::Arc;

use ndbytes::{DType, Kind};
use numpy::npyffi::{PY_ARRAY_API, PyArray_Descr, PyDataType_FIELDS, PyDataType_NAMES};
use pyo3::ffi::PyObject;
use pyo3::prelude::*;

const MOST: usize = 8;

struct Known {
    descr: Py<PyAny>,
    /// What `names` and `fields` were: kept, so that no others can come to lie there.
    names: Py<PyAny>,
    fields: Py<PyAny>,
    dtype: DType,
}

impl Known {
    fn is_as_it_was(&self, py: Python<'_>) -> bool {
        names_and_fields(self.descr.bind(py)).is_some_and(|(names, fields)| {
            names == self.names.as_ptr() && fields == self.fields.as_ptr()
        })
    }
}

thread_local! {
    static STRUCTURES: RefCell<Recent<Known>> = const { RefCell::new(Recent::NONE) };
    static OTHERS: RefCell<Recent<(DType, Py<PyAny>)>> = const { RefCell::new(Recent::NONE) };
}

/// The last few of a kind.
struct Recent<T> {
    known: Vec<T>,
    next: usize,
}

impl<T> Recent<T> {
    const NONE: Self = Self { known: Vec::new(), next: 0 };

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
        let known = recent.known.iter().find(|known| known.descr.as_ptr() == descr.as_ptr())?;
        known.is_as_it_was(descr.py()).then(|| known.dtype.clone())
    })
}

/// A new dtype object of a structure that was met of late.
#[inline]
pub(super) fn make<'py>(py: Python<'py>, dtype: &DType) -> Option<PyResult<Bound<'py, PyAny>>> {
    let Kind::Struct(wanted) = dtype.kind() else { return None };
    let known = STRUCTURES.with_borrow(|recent| {
        let known = recent.known.iter().find(|known| match known.dtype.kind() {
            Kind::Struct(structure) => Arc::ptr_eq(structure, wanted),
            _ => false,
        })?;
        known.is_as_it_was(py).then(|| known.descr.bind(py).clone())
    })?;
    // SAFETY: this copies a dtype object; the result is a new reference or null with an error.
    Some(unsafe {
        let copy = PY_ARRAY_API.PyArray_DescrNew(py, known.as_ptr().cast());
        Bound::from_owned_ptr_or_err(py, copy.cast())
    })
}

/// The dtype object of strings or times, which cannot be changed: the one that was made of late, or
/// a new one.
#[inline]
pub(super) fn shared<'py>(
    py: Python<'py>,
    dtype: &DType,
    make: impl FnOnce() -> PyResult<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let same =
        |known: &DType| known.kind() == dtype.kind() && known.byte_order() == dtype.byte_order();
    let known = OTHERS.with_borrow(|recent| {
        let (_, descr) = recent.known.iter().find(|(known, _)| same(known))?;
        Some(descr.bind(py).clone())
    });
    if let Some(known) = known {
        return Ok(known);
    }
    let made = make()?;
    // Metadata are not a part of it.
    let known = DType::new(dtype.kind().clone(), dtype.byte_order());
    let entry = (known, made.clone().unbind());
    drop(OTHERS.with_borrow_mut(|recent| recent.note(entry)));
    Ok(made)
}

/// Remembers what a dtype object is, unless it could be changed unseen.
pub(super) fn note(descr: &Bound<'_, PyAny>, dtype: &DType) {
    let Kind::Struct(structure) = dtype.kind() else { return };
    let fields = structure.fields().iter();
    if dtype.has_metadata()
        || dtype.has_objects()
        || fields.clone().count() > 64
        || fields.clone().any(|field| matches!(field.dtype.kind(), Kind::Struct(_)))
    {
        return;
    }
    let py = descr.py();
    let Some((names, fields)) = names_and_fields(descr) else { return };
    // SAFETY: both are live objects that the dtype refers to.
    let (names, fields) = unsafe {
        (
            Bound::from_borrowed_ptr(py, names).unbind(),
            Bound::from_borrowed_ptr(py, fields).unbind(),
        )
    };
    let entry = Known { descr: descr.clone().unbind(), names, fields, dtype: dtype.clone() };
    drop(STRUCTURES.with_borrow_mut(|recent| recent.note(entry)));
}

#[inline]
fn names_and_fields(descr: &Bound<'_, PyAny>) -> Option<(*mut PyObject, *mut PyObject)> {
    let pointer: *const PyArray_Descr = descr.as_ptr().cast();
    // SAFETY: what is remembered, or about to be, is a void dtype, which is one of NumPy's old kind
    // and has these fields in every version.
    let (names, fields) =
        unsafe { (PyDataType_NAMES(descr.py(), pointer), PyDataType_FIELDS(descr.py(), pointer)) };
    (!names.is_null() && !fields.is_null()).then_some((names, fields))
}
