//! The structures of the last few headers, with their text: reading or writing it takes longer than
//! the elements of a small array.
//!
//! Text means the same dtype each time, and a structure never changes, so nothing here is ever out
//! of date. Each thread remembers for itself.

use std::cell::RefCell;
use std::sync::Arc;

use crate::array::{DType, Kind};

const MOST: usize = 8;
/// Longer texts are not worth keeping.
const MAX_TEXT: usize = 2048;

thread_local! {
    static READ: RefCell<Recent> = const { RefCell::new(Recent { known: Vec::new(), next: 0 }) };
    static WRITTEN: RefCell<Recent> = const { RefCell::new(Recent { known: Vec::new(), next: 0 }) };
}

/// Texts of `descr`, and what each stands for. What is read need not be what was written, which may
/// have been declared aligned, nor need it have been spelled as it would be written.
struct Recent {
    known: Vec<(Box<[u8]>, DType)>,
    next: usize,
}

/// The dtype that `text` begins with, if it was read of late, and the text behind it.
pub(super) fn read(text: &[u8]) -> Option<(DType, &[u8])> {
    READ.with_borrow(|recent| {
        // What follows a structure cannot be a part of it.
        recent.known.iter().find_map(|(known, dtype)| {
            let rest = text.strip_prefix(&**known)?;
            rest.starts_with(b", 'fortran_order': ").then(|| (dtype.clone(), rest))
        })
    })
}

/// What `make` makes of the text of a structure that was written of late.
pub(super) fn write<T>(dtype: &DType, make: impl FnOnce(&[u8]) -> Option<T>) -> Option<T> {
    let Kind::Struct(wanted) = dtype.kind() else { return None };
    WRITTEN.with_borrow(|recent| {
        let known = recent.known.iter().find(|(_, dtype)| match dtype.kind() {
            Kind::Struct(known) => Arc::ptr_eq(known, wanted),
            _ => false,
        });
        known.and_then(|(text, _)| make(text))
    })
}

/// Remembers the structure that was read from a header.
pub(super) fn note_read(header: &[u8], dtype: &DType) {
    const END: &[u8] = b"], 'fortran_order': ";
    let text = header.strip_prefix(b"{'descr': ").filter(|text| text.starts_with(b"["));
    let Some(text) = text else { return };
    // The last one: names of fields may hold anything.
    if let Some(end) = memchr::memmem::rfind(text, END) {
        READ.with_borrow_mut(|recent| recent.note(&text[..=end], dtype));
    }
}

/// Remembers how a structure was written.
pub(super) fn note_written(text: &[u8], dtype: &DType) {
    WRITTEN.with_borrow_mut(|recent| recent.note(text, dtype));
}

impl Recent {
    fn note(&mut self, text: &[u8], dtype: &DType) {
        let plain = matches!(dtype.kind(), Kind::Struct(_))
            && !dtype.has_metadata()
            && !dtype.has_objects()
            && text.is_ascii();
        if !plain || text.len() > MAX_TEXT {
            return;
        }
        let entry = (text.into(), dtype.clone());
        match self.known.len() {
            MOST => self.known[self.next % MOST] = entry,
            _ => self.known.push(entry),
        }
        self.next += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::super::Header;
    use super::super::header::{HeaderBytes, long};
    use super::*;
    use crate::array::{ByteOrder, Field, Order, Scalar, Struct};
    use crate::limits::Limits;

    fn structure(name: &str, scalar: Scalar, offset: usize) -> DType {
        let dtype = DType::new(Kind::Scalar(scalar), ByteOrder::Little);
        let (shape, levels) = Default::default();
        let field = Field { name: name.into(), title: None, dtype, shape, levels, offset };
        let itemsize = offset + scalar.itemsize();
        DType::native(Kind::Struct(Arc::new(Struct::new(vec![field], itemsize, false).unwrap())))
    }

    #[test]
    fn what_is_remembered_is_what_is_read_and_written_afresh() {
        let hostile = "a')], 'fortran_order': False, 'shape': (1,), }";
        let names = ["a", "b", "'", "\\", "name with spaces", hostile, "é", ""];
        let dtypes = names.iter().flat_map(|name| {
            [(Scalar::Int16, 0), (Scalar::Float64, 0), (Scalar::Int16, 4)]
                .map(|(scalar, offset)| structure(name, scalar, offset))
        });
        for dtype in dtypes.collect::<Vec<_>>() {
            let headers: Vec<Vec<u8>> = (0..4)
                .map(|count| HeaderBytes::new(&dtype, &[count / 2], Order::C).unwrap().to_vec())
                .collect();
            for shape in [&[][..], &[0], &[7], &[123, 4], &[1, 2, 3, 4, 5, 99_999_999]] {
                for order in [Order::C, Order::F] {
                    let remembered = HeaderBytes::new(&dtype, shape, order).unwrap();
                    assert_eq!(remembered[..], long(&dtype, shape, order).unwrap()[..]);
                }
            }
            for (count, header) in headers.iter().enumerate() {
                for _ in 0..2 {
                    let read = Header::read(header, &Limits::default()).unwrap();
                    // Gaps are spelled as fields without a name, which reading drops again.
                    assert_eq!(read.dtype, dtype);
                    assert_eq!(read.shape[..], [count / 2]);
                }
            }
            READ.with_borrow(|recent| assert!(recent.known.len() <= MOST));
            WRITTEN.with_borrow(|recent| assert!(recent.known.len() <= MOST));
        }
    }
}
