//! Memory that small arrays share.
//!
//! Asking for memory for each of many small arrays, and giving it back, takes as long as copying
//! their elements. As after Python's own `pickle`, they do not own their data then: their base is a
//! block of bytes, which stays until the last of them is gone.

use ndbytes::{Layout, Order, Scalar};
use pyo3::prelude::*;

use super::{descr, ndarray};

/// An array that is kept alone keeps no more than this beside its own bytes.
const BLOCK: usize = 64 << 10;
/// NumPy has memory of the smallest at hand, and larger ones would leave much of a block unused.
const SHARING: std::ops::RangeInclusive<usize> = 1 << 10..=BLOCK / 8;
const ALIGNMENT: usize = 64;

/// Where new arrays get their memory from.
#[derive(Default)]
pub(crate) struct Blocks<'py> {
    /// How many bytes of arrays are still to come.
    expected: usize,
    block: Option<Block<'py>>,
}

struct Block<'py> {
    bytes: Bound<'py, PyAny>,
    start: *mut u8,
    left: usize,
}

impl<'py> Blocks<'py> {
    /// For `count` arrays of `nbytes` in all. A few get memory of their own each.
    pub(crate) fn new(count: usize, nbytes: u64) -> Self {
        let expected = if count < 16 { 0 } else { usize::try_from(nbytes).unwrap_or(usize::MAX) };
        Self { expected, block: None }
    }

    /// As [`ndarray::new_like`].
    #[inline]
    pub(crate) fn new_like(
        &mut self,
        layout: &Layout,
        dtype: Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let nbytes = layout.nbytes();
        let side_by_side = layout.is_contiguous(layout.order());
        if self.expected == 0 || !SHARING.contains(&nbytes) || !side_by_side {
            return ndarray::new_like(layout, dtype);
        }
        let py = dtype.py();
        let size = nbytes.next_multiple_of(ALIGNMENT);
        let block = match &mut self.block {
            Some(block) if block.left >= size => block,
            block => block.insert(Block::new(py, self.expected.clamp(size, BLOCK))?),
        };
        // At least one byte: what comes unexpectedly shares memory, too.
        self.expected = self.expected.saturating_sub(nbytes).max(1);
        // SAFETY: the elements lie side by side, and the block, which the array keeps, has room for
        // them from `start` on, of which no other array is given any.
        let result =
            unsafe { ndarray::over_memory(layout, dtype, block.start, true, block.bytes.clone())? };
        block.start = block.start.wrapping_add(size);
        block.left -= size;
        Ok(result)
    }
}

impl<'py> Block<'py> {
    fn new(py: Python<'py>, size: usize) -> PyResult<Self> {
        let layout = Layout::contiguous(&[size + ALIGNMENT], 1, Order::C);
        let layout = layout.map_err(|error| crate::errors::decode(py, error))?;
        let bytes = ndarray::new_like(&layout, descr::make(py, &Scalar::UInt8.into())?)?;
        let start = ndarray::address(&bytes);
        let start = start.wrapping_add(start.align_offset(ALIGNMENT).min(ALIGNMENT));
        Ok(Self { bytes, start, left: size })
    }
}
