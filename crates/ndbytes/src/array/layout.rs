//! Where the elements of an array lie: shape, byte strides, and the bytes they reach.
//!
//! The checks that keep every element in bounds are in the constructors here and nowhere else: a
//! [`Layout`] that exists addresses only bytes `0..reach()` of its source.

use smallvec::SmallVec;

use crate::error::{DecodeError, Result};

/// The most dimensions an array has, as in NumPy 2 (NumPy 1 stops at 32).
pub const MAX_DIMS: usize = 64;

/// Dimensions or strides; those of common arrays need no allocation.
pub type Dims<T> = SmallVec<[T; 4]>;

/// Which index varies fastest from one element in memory to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// The last index: row-major.
    C,
    /// The first index: column-major.
    F,
}

/// Where the elements of an array lie in its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    shape: Dims<usize>,
    /// Empty for elements side by side, whose strides follow from the shape.
    strides: Dims<isize>,
    itemsize: usize,
    len: usize,
    start: usize,
    reach: usize,
    c_contiguous: bool,
    f_contiguous: bool,
}

impl Layout {
    /// Elements side by side in `order`, the first at byte 0.
    ///
    /// # Errors
    /// When there are more than [`MAX_DIMS`] dimensions, or more bytes than any memory has. As
    /// in NumPy, dimensions of zero do not excuse the others.
    #[inline(always)]
    pub fn contiguous(shape: &[usize], itemsize: usize, order: Order) -> Result<Self> {
        let (len, nbytes) = checked_size(shape, itemsize)?;
        let flat = len == 0 || shape.iter().filter(|&&dim| dim != 1).count() <= 1;
        Ok(Self {
            shape: Dims::from_slice(shape),
            strides: Dims::new(),
            itemsize,
            len,
            start: 0,
            reach: nbytes,
            c_contiguous: flat || order == Order::C,
            f_contiguous: flat || order == Order::F,
        })
    }

    /// The same layout further on: `offset` more bytes lie before it.
    ///
    /// # Errors
    /// When its end would be beyond any memory.
    #[inline(always)]
    pub fn at(mut self, offset: usize) -> Result<Self> {
        let reach = self.reach.checked_add(offset).filter(|&end| isize::try_from(end).is_ok());
        let Some(reach) = reach else {
            return Err(too_large(&self.shape, self.itemsize));
        };
        self.start += offset;
        self.reach = reach;
        Ok(self)
    }

    /// Elements at any byte strides within `available` bytes, element `[0, 0, ...]` at `start`.
    ///
    /// # Errors
    /// When an element would lie outside of `0..available`, and as [`Layout::contiguous`].
    #[inline(always)]
    pub fn strided(
        shape: &[usize],
        strides: &[isize],
        itemsize: usize,
        start: usize,
        available: usize,
    ) -> Result<Self> {
        if shape.len() != strides.len() {
            let found = format!("{} dimensions but {} strides", shape.len(), strides.len());
            return Err(DecodeError::mismatch(found));
        }
        let (len, nbytes) = checked_size(shape, itemsize)?;
        let (low, high) = Self::extent(shape, strides, itemsize)
            .and_then(|(low, high)| Some((start.checked_sub(low)?, start.checked_add(high)?)))
            .filter(|&(_, high)| high <= available)
            .ok_or_else(|| {
                DecodeError::mismatch(format!(
                    "shape {} with strides {} reaches outside of its {available} bytes",
                    tuple(shape),
                    tuple(strides)
                ))
            })?;
        debug_assert!(low <= start);
        let (c_contiguous, f_contiguous) =
            contiguity(shape, strides, itemsize, nbytes == 0 && len == 0);
        Ok(Self {
            shape: Dims::from_slice(shape),
            strides: match c_contiguous || f_contiguous {
                true => Dims::new(),
                false => Dims::from_slice(strides),
            },
            itemsize,
            len,
            start,
            reach: high,
            c_contiguous,
            f_contiguous,
        })
    }

    /// The bytes that strided elements reach below and above element `[0, 0, ...]`, or `None` when
    /// that overflows: for describing memory that is known by a pointer to that element.
    #[inline(always)]
    pub fn extent(shape: &[usize], strides: &[isize], itemsize: usize) -> Option<(usize, usize)> {
        if shape.contains(&0) {
            return Some((0, 0));
        }
        let (mut low, mut high) = (0_usize, itemsize);
        for (&dim, &stride) in shape.iter().zip(strides) {
            let distance = (dim - 1).checked_mul(stride.unsigned_abs())?;
            let side = if stride < 0 { &mut low } else { &mut high };
            *side = side.checked_add(distance)?;
        }
        // Distances between elements must fit `isize`, as pointers need it.
        let span = low.checked_add(high)?;
        isize::try_from(span).ok().map(|_| (low, high))
    }

    /// Elements along each axis.
    #[inline]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Bytes from one element to the next along each axis.
    pub fn strides(&self) -> Dims<isize> {
        if !self.c_contiguous && !self.f_contiguous {
            return self.strides.clone();
        }
        let mut strides: Dims<isize> = smallvec::smallvec![0; self.shape.len()];
        let mut step = self.itemsize as isize;
        let mut place = |axis: usize| {
            strides[axis] = step;
            step = step.wrapping_mul(self.shape[axis].max(1) as isize);
        };
        match self.order() {
            Order::C => (0..self.shape.len()).rev().for_each(&mut place),
            Order::F => (0..self.shape.len()).for_each(&mut place),
        }
        strides
    }

    /// Bytes per element.
    pub fn itemsize(&self) -> usize {
        self.itemsize
    }

    /// The number of elements.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes of all elements side by side.
    #[inline]
    pub fn nbytes(&self) -> usize {
        self.len * self.itemsize
    }

    /// The byte of the source where element `[0, 0, ...]` starts.
    pub fn start(&self) -> usize {
        self.start
    }

    /// How many bytes the source must have at least.
    pub fn reach(&self) -> usize {
        self.reach
    }

    /// Whether the elements lie side by side in `order`.
    #[inline]
    pub fn is_contiguous(&self, order: Order) -> bool {
        match order {
            Order::C => self.c_contiguous,
            Order::F => self.f_contiguous,
        }
    }

    /// The order in which formats keep this array: Fortran's when the elements lie side by side in
    /// it and not in C's, as in NumPy; else C's.
    #[inline]
    pub fn order(&self) -> Order {
        if self.f_contiguous && !self.c_contiguous { Order::F } else { Order::C }
    }

    /// The same elements with the axes in reverse order: F order becomes C order.
    pub(crate) fn transposed(&self) -> Self {
        let mut layout = self.clone();
        layout.shape.reverse();
        layout.strides.reverse();
        std::mem::swap(&mut layout.c_contiguous, &mut layout.f_contiguous);
        layout
    }

    /// Cuts the array into blocks of at most about `max_bytes`, in C order, each a range of one
    /// axis at fixed indices of the axes before it.
    pub(crate) fn blocks(&self, max_bytes: usize) -> Blocks<'_> {
        let mut axis = self.shape.len();
        let mut inner = self.itemsize.max(1);
        while axis > 0 && inner.saturating_mul(self.shape[axis - 1]) <= max_bytes {
            axis -= 1;
            inner *= self.shape[axis].max(1);
        }
        // Blocks are ranges of the axis before, whose indices take `inner` bytes each.
        let axis = axis.checked_sub(1);
        let step = (max_bytes / inner).max(1);
        let outer: usize = self.shape[..axis.unwrap_or(0)].iter().product();
        let ranges = axis.map_or(1, |axis| self.shape[axis].div_ceil(step));
        let count = if self.len == 0 { 0 } else { outer * ranges };
        Blocks { layout: self, strides: self.strides(), axis, step, ranges, count }
    }
}

/// The parts that [`Layout::blocks`] cuts an array into.
#[derive(Debug)]
pub(crate) struct Blocks<'a> {
    layout: &'a Layout,
    strides: Dims<isize>,
    axis: Option<usize>,
    step: usize,
    /// Blocks along `axis`.
    ranges: usize,
    count: usize,
}

impl Blocks<'_> {
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// The flat index, in C order, of the first element of block `index`.
    pub(crate) fn first(&self, index: usize) -> usize {
        let Some(axis) = self.axis else { return 0 };
        let shape = &self.layout.shape;
        let inner: usize = shape[axis + 1..].iter().product();
        let along = index % self.ranges * self.step;
        (index / self.ranges * shape[axis] + along) * inner
    }

    /// Block `index`, which is below `len()`.
    pub(crate) fn block(&self, index: usize) -> Layout {
        let layout = self.layout;
        let Some(axis) = self.axis else {
            return layout.clone();
        };
        let from = index % self.ranges * self.step;
        let strides = &self.strides;
        let mut start = layout.start as isize + from as isize * strides[axis];
        let mut rest = index / self.ranges;
        for outer in (0..axis).rev() {
            start += (rest % layout.shape[outer]) as isize * strides[outer];
            rest /= layout.shape[outer];
        }
        let mut shape: Dims<usize> = Dims::from_slice(&layout.shape[axis..]);
        shape[0] = self.step.min(shape[0] - from);
        let strides = &strides[axis..];
        let (c_contiguous, f_contiguous) = contiguity(&shape, strides, layout.itemsize, false);
        Layout {
            len: shape.iter().product(),
            shape,
            strides: match c_contiguous || f_contiguous {
                true => Dims::new(),
                false => Dims::from_slice(strides),
            },
            start: start as usize,
            c_contiguous,
            f_contiguous,
            ..*layout
        }
    }
}

/// The number of elements and of bytes. Zero dimensions are left out of the bounds check, so that
/// strides stay in bounds too.
#[inline(always)]
fn checked_size(shape: &[usize], itemsize: usize) -> Result<(usize, usize)> {
    if shape.len() > MAX_DIMS {
        return Err(DecodeError::unsupported(format!("the array has {} dimensions", shape.len()))
            .expected(format!("at most {MAX_DIMS}, as in NumPy")));
    }
    let mut nonzero: usize = 1;
    let mut len: usize = 1;
    for &dim in shape {
        len = len.wrapping_mul(dim);
        nonzero = match nonzero.checked_mul(dim.max(1)) {
            Some(product) => product,
            None => return Err(too_large(shape, itemsize)),
        };
    }
    match nonzero.checked_mul(itemsize.max(1)) {
        Some(bytes) if isize::try_from(bytes).is_ok() => Ok((len, len * itemsize)),
        _ => Err(too_large(shape, itemsize)),
    }
}

#[cold]
fn too_large(shape: &[usize], itemsize: usize) -> DecodeError {
    DecodeError::malformed(format!(
        "an array of shape {} and {itemsize} bytes an element is larger than any memory",
        tuple(shape)
    ))
}

#[inline(always)]
fn contiguity(shape: &[usize], strides: &[isize], itemsize: usize, empty: bool) -> (bool, bool) {
    if empty {
        return (true, true);
    }
    let side_by_side = |axes: &mut dyn Iterator<Item = (&usize, &isize)>| {
        let mut step = itemsize as isize;
        axes.filter(|&(&dim, _)| dim != 1).all(|(&dim, &stride)| {
            let fits = stride == step;
            step = step.wrapping_mul(dim as isize);
            fits
        })
    };
    let c = side_by_side(&mut shape.iter().zip(strides).rev());
    let f = side_by_side(&mut shape.iter().zip(strides));
    (c, f)
}

/// A shape or an index as Python writes it: `(28, 28)`, `(5,)`, `()`.
pub fn tuple<D: std::fmt::Display>(dims: &[D]) -> String {
    let all: Vec<String> = dims.iter().map(D::to_string).collect();
    let comma = if dims.len() == 1 { "," } else { "" };
    format!("({}{comma})", all.join(", "))
}

/// The index of the element that is number `flat` in C order.
pub fn unravel(mut flat: usize, shape: &[usize]) -> Dims<usize> {
    let mut index: Dims<usize> = smallvec::smallvec![0; shape.len()];
    for (place, &dim) in index.iter_mut().zip(shape).rev() {
        *place = flat % dim.max(1);
        flat /= dim.max(1);
    }
    index
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_checked() {
        for (shape, itemsize) in [
            (&[usize::MAX, 2][..], 1),
            (&[usize::MAX / 4 + 1, 4], 1),
            (&[0, usize::MAX / 4 + 1, 4], 1),
            (&[usize::MAX / 8 + 1], 8),
            (&[1; 65], 1),
        ] {
            assert!(Layout::contiguous(shape, itemsize, Order::C).is_err(), "{shape:?}");
        }
        assert_eq!(Layout::contiguous(&[1; 64], 8, Order::F).unwrap().len(), 1);
        assert_eq!(Layout::contiguous(&[3, 0], 8, Order::C).unwrap().nbytes(), 0);
    }

    #[test]
    fn strides_stay_in_bounds() {
        let reversed = Layout::strided(&[3], &[-8], 8, 16, 24).unwrap();
        assert!(!reversed.is_contiguous(Order::C));
        assert!(Layout::strided(&[3], &[-8], 8, 15, 24).is_err());
        assert!(Layout::strided(&[3], &[8], 8, 1, 24).is_err());
        assert!(Layout::strided(&[3], &[isize::MAX], 8, 0, 24).is_err());
        assert!(Layout::strided(&[usize::MAX], &[0], 1, 0, 1).is_err());
        assert!(Layout::strided(&[usize::MAX / 32], &[0], 8, 0, 8).is_ok());
    }

    #[test]
    fn order_follows_numpy() {
        let order = |shape: &[usize], strides: &[isize]| {
            Layout::strided(shape, strides, 1, 0, 1000).unwrap().order()
        };
        assert_eq!(order(&[2, 3], &[3, 1]), Order::C);
        assert_eq!(order(&[2, 3], &[1, 2]), Order::F);
        assert_eq!(order(&[1, 3], &[7, 1]), Order::C);
        assert_eq!(order(&[3], &[2]), Order::C);
        assert_eq!(order(&[2, 0], &[1, 9]), Order::C);
    }

    #[test]
    fn blocks_cover_every_element_once() {
        let layout = Layout::contiguous(&[3, 5, 7], 2, Order::C).unwrap();
        for max in [1, 2, 14, 20, 70, 100, 10_000] {
            let mut next = 0;
            let blocks = layout.blocks(max);
            for block in (0..blocks.len()).map(|index| blocks.block(index)) {
                assert_eq!(block.start(), next);
                assert!(block.is_contiguous(Order::C));
                next += block.nbytes();
            }
            assert_eq!(next, layout.nbytes(), "{max}");
        }
    }

    #[test]
    fn shapes_and_indices() {
        assert_eq!(
            [tuple::<usize>(&[]), tuple(&[5]), tuple(&[2, 0, 3])],
            ["()", "(5,)", "(2, 0, 3)"]
        );
        assert_eq!(unravel(17, &[2, 3, 4])[..], [1, 1, 1]);
        assert!(unravel(0, &[]).is_empty());
    }
}
