//! The hot loop: elements at any strides, gathered side by side into fresh memory.
//!
//! A gather is planned once: axes of one element go, axes that continue each other are merged, and
//! what is left decides the kernel. Elements that already lie side by side are copied; others go
//! row by row, or, when another axis is denser in the source than the one that is dense in the
//! result, in tiles that keep the cache lines of both sides at hand. The kernel depends on the
//! layout and the item size, never on the format or the dtype.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;

use smallvec::SmallVec;

use super::fresh::advise_huge_pages;
use super::layout::{Layout, Order};
use super::source::{Sink, Source};
use super::threads::{each, threads_for};
use crate::wide::{Work, wide};

/// Smaller copies need no threads.
const LARGE: usize = 4 << 20;
/// Byte order is changed in pieces of this size, right after they are copied, while they are in
/// the cache.
const SWAP_PIECE: usize = 128 << 10;

/// Writes the elements of `layout` in `source` side by side in `order`.
///
/// Every group of `swap` bytes is reversed on the way; 1 leaves all as they are. At most `threads`
/// threads work on it, fewer when it is small.
///
/// # Panics
/// When the layout reaches beyond the source, or the sink has too little room.
#[inline]
pub(crate) fn pack(
    source: &Source<'_>,
    layout: &Layout,
    order: Order,
    swap: usize,
    threads: usize,
    sink: &mut Sink<'_>,
) {
    assert!(layout.reach() <= source.len(), "a layout stays inside of its source");
    let nbytes = layout.nbytes();
    if nbytes == 0 {
        return;
    }
    if nbytes < LARGE && swap <= 1 && layout.is_contiguous(order) {
        // SAFETY: `copy_to` initialises all that it is given.
        unsafe { sink.write_with(nbytes, |to| source.copy_to(layout.start(), to)) };
        return;
    }
    // SAFETY: `gather` initialises all of `to`, whose length is the layout's number of bytes.
    unsafe { sink.write_with(nbytes, |to| gather(source, layout, order, swap, threads, to)) };
}

#[inline(never)]
fn gather(
    source: &Source<'_>,
    layout: &Layout,
    order: Order,
    swap: usize,
    threads: usize,
    to: &mut [MaybeUninit<u8>],
) {
    advise_huge_pages(to);
    let plan = match order {
        Order::C => Plan::new(layout),
        Order::F => Plan::new(&layout.transposed()),
    };
    let threads = threads_for(to.len(), threads);
    if threads == 1 {
        return plan.run(source, swap, to);
    }
    // A few parts for each thread, so that one that is held up does not hold up the others.
    let mut parts = Vec::with_capacity(threads * 2);
    plan.split(threads * 2, to, &mut parts);
    each(threads, parts, |(part, to)| part.run(source, swap, to));
}

/// One axis of a plan: how many steps, and how many bytes of the source each step goes.
#[derive(Clone, Copy, Debug)]
struct Axis {
    len: usize,
    stride: isize,
}

/// A gather: elements at `start` and along `axes`, the outermost first, written side by side.
///
/// Every plan stems from a [`Layout`] that has been checked against its source.
#[derive(Clone, Debug)]
struct Plan {
    start: usize,
    axes: SmallVec<[Axis; 4]>,
    itemsize: usize,
}

impl Plan {
    fn new(layout: &Layout) -> Self {
        let mut axes: SmallVec<[Axis; 4]> = SmallVec::new();
        for (&len, stride) in layout.shape().iter().zip(layout.strides()) {
            match axes.last_mut() {
                _ if len == 1 => {}
                // The outer axis goes on where the inner one ends: they are one.
                Some(outer) if outer.stride == stride.wrapping_mul(len as isize) => {
                    *outer = Axis { len: outer.len * len, stride };
                }
                _ => axes.push(Axis { len, stride }),
            }
        }
        Self { start: layout.start(), axes, itemsize: layout.itemsize() }
    }

    fn nbytes(&self) -> usize {
        self.axes.iter().fold(self.itemsize, |size, axis| size * axis.len)
    }

    /// The part of this plan at `from..from + len` of its outermost axis.
    fn slice(&self, from: usize, len: usize) -> Self {
        let mut part = self.clone();
        part.start =
            self.start.wrapping_add_signed(self.axes[0].stride.wrapping_mul(from as isize));
        part.axes[0].len = len;
        part
    }

    /// Cuts the plan and its memory into about `count` parts of similar size.
    fn split<'a>(
        &self,
        count: usize,
        mut to: &'a mut [MaybeUninit<u8>],
        parts: &mut Vec<(Self, &'a mut [MaybeUninit<u8>])>,
    ) {
        let Some(&Axis { len, .. }) = self.axes.first() else {
            parts.push((self.clone(), to));
            return;
        };
        let step = len.div_ceil(count);
        for from in (0..len).step_by(step) {
            let mut part = self.slice(from, step.min(len - from));
            let (head, rest) = to.split_at_mut(part.nbytes());
            to = rest;
            if step == 1 && len < count {
                part.axes.remove(0);
                part.split(count / len, head, parts);
            } else {
                parts.push((part, head));
            }
        }
    }

    /// Writes all elements to `to`, which has exactly room for them.
    fn run(&self, source: &Source<'_>, swap: usize, to: &mut [MaybeUninit<u8>]) {
        assert_eq!(to.len(), self.nbytes(), "a plan has exactly the room it needs");
        if swap <= 1 {
            return self.copy(source, to);
        }
        // In pieces, each of which is still in the cache when its bytes change places.
        let mut parts = Vec::new();
        self.split(to.len().div_ceil(SWAP_PIECE), to, &mut parts);
        for (part, to) in parts {
            part.copy(source, to);
            // SAFETY: `copy` has initialised all of `to`.
            let written = unsafe { &mut *(std::ptr::from_mut(to) as *mut [u8]) };
            reverse_groups(written, swap);
        }
    }

    fn copy(&self, source: &Source<'_>, to: &mut [MaybeUninit<u8>]) {
        let mut axes = &self.axes[..];
        let mut unit = self.itemsize;
        if let Some((inner, outer)) = axes.split_last()
            && inner.stride == self.itemsize as isize
        {
            unit *= inner.len;
            axes = outer;
        }
        if axes.is_empty() {
            return source.copy_to(self.start, to);
        }
        let walk = match unit {
            1 => walk_for_machine::<1>(),
            2 => walk_for_machine::<2>(),
            3 => walk_for_machine::<3>(),
            4 => walk_for_machine::<4>(),
            6 => walk_for_machine::<6>(),
            8 => walk_for_machine::<8>(),
            12 => walk_for_machine::<12>(),
            16 => walk_for_machine::<16>(),
            24 => walk_for_machine::<24>(),
            32 => walk_for_machine::<32>(),
            _ => walk::<0>,
        };
        // SAFETY: the plan stems from a layout whose reach `pack` has checked against the source,
        // so every unit along `axes` is readable; `run` has checked the room in `to`.
        unsafe {
            let from = source.start().add(self.start);
            walk(from, axes, unit, to.as_mut_ptr().cast());
        }
    }
}

type Walk = unsafe fn(*const u8, &[Axis], usize, *mut u8);

/// The kernel for units of `N` bytes, compiled for the instructions that this machine has.
fn walk_for_machine<const N: usize>() -> Walk {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        return walk_avx2::<N>;
    }
    walk::<N>
}

/// [`walk`], in which the compiler may use AVX2.
///
/// # Safety
/// As for [`walk`], and the machine has AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn walk_avx2<const N: usize>(from: *const u8, axes: &[Axis], unit: usize, to: *mut u8) {
    // SAFETY: as for this function.
    unsafe { walk::<N>(from, axes, unit, to) }
}

/// Gathers units of `unit` bytes along `axes`; `N` is `unit`, or 0 for any unit.
///
/// # Safety
/// Every unit along `axes` from `from` on is readable, and `to` has room for all of them.
#[inline(always)]
unsafe fn walk<const N: usize>(from: *const u8, axes: &[Axis], unit: usize, to: *mut u8) {
    let Some((row, outer)) = axes.split_last() else {
        return;
    };
    // Where in the result one step along each outer axis leads.
    let mut steps: SmallVec<[usize; 4]> = SmallVec::from_elem(0, outer.len());
    let mut step = row.len * unit;
    for (axis, place) in outer.iter().zip(&mut steps).rev() {
        *place = step;
        step *= axis.len;
    }
    let dense = (0..outer.len()).min_by_key(|&i| outer[i].stride.unsigned_abs());
    let tile = dense.filter(|&i| outer[i].stride.unsigned_abs() < row.stride.unsigned_abs());

    let mut index: SmallVec<[usize; 4]> = SmallVec::from_elem(0, outer.len());
    let (mut from, mut to) = (from, to);
    loop {
        // SAFETY: `from` and `to` are at the units of `index`; the kernels stay on their axes.
        unsafe {
            match tile {
                Some(i) => copy_tiles::<N>(from, outer[i], steps[i], *row, unit, to),
                None => copy_row::<N>(from, *row, unit, to),
            }
        }
        // On to the next index, as an odometer does, leaving out the axis that tiles go along.
        let mut place = outer.len();
        loop {
            let Some(axis) = place.checked_sub(1) else {
                return;
            };
            place = axis;
            if tile == Some(axis) {
                continue;
            }
            index[axis] += 1;
            if index[axis] < outer[axis].len {
                from = from.wrapping_offset(outer[axis].stride);
                to = to.wrapping_add(steps[axis]);
                break;
            }
            let back = outer[axis].len - 1;
            index[axis] = 0;
            from = from.wrapping_offset(-(outer[axis].stride * back as isize));
            to = to.wrapping_sub(steps[axis] * back);
        }
    }
}

/// Copies a plane whose axis `column` is denser in the source than `row` is: in tiles, so that
/// each cache line is used whole, on both sides, while it is at hand.
///
/// # Safety
/// As for [`walk`], along `column` and `row`; `column_step` bytes of `to` for each step of
/// `column`.
#[inline(always)]
unsafe fn copy_tiles<const N: usize>(
    from: *const u8,
    column: Axis,
    column_step: usize,
    row: Axis,
    unit: usize,
    to: *mut u8,
) {
    let columns = (128 / unit).clamp(8, 64);
    // Few columns leave room for long pieces of rows.
    let rows = (16384 / (unit * columns.min(column.len))).clamp(16, 4096);
    for c in (0..column.len).step_by(columns) {
        let last = column.len.min(c + columns);
        for r in (0..row.len).step_by(rows) {
            let piece = Axis { len: rows.min(row.len - r), ..row };
            for c in c..last {
                // SAFETY: `c` and `r..r + piece.len` are on their axes.
                unsafe {
                    let from = from.offset(column.stride * c as isize + row.stride * r as isize);
                    copy_row::<N>(from, piece, unit, to.add(column_step * c + unit * r));
                }
            }
        }
    }
}

/// Copies the units along one axis.
///
/// # Safety
/// As for [`walk`], along `row`.
#[inline(always)]
unsafe fn copy_row<const N: usize>(from: *const u8, row: Axis, unit: usize, to: *mut u8) {
    // A stride that the compiler knows lets it use vector instructions.
    // SAFETY: as for this function.
    unsafe {
        match N {
            0 => {
                for i in 0..row.len {
                    let from = from.offset(row.stride * i as isize);
                    std::ptr::copy_nonoverlapping(from, to.add(unit * i), unit);
                }
            }
            _ if row.stride == -(N as isize) => copy_units::<N>(from, row.len, -(N as isize), to),
            _ if row.stride == 2 * N as isize => copy_units::<N>(from, row.len, 2 * N as isize, to),
            _ if row.stride == 3 * N as isize => copy_units::<N>(from, row.len, 3 * N as isize, to),
            _ if row.stride == 4 * N as isize => copy_units::<N>(from, row.len, 4 * N as isize, to),
            _ => copy_units::<N>(from, row.len, row.stride, to),
        }
    }
}

/// # Safety
/// As for [`walk`], along `len` units of `N` bytes at `stride`.
#[inline(always)]
unsafe fn copy_units<const N: usize>(from: *const u8, len: usize, stride: isize, to: *mut u8) {
    for i in 0..len {
        // SAFETY: unit `i` is readable and has its place in the result. Arrays of bytes need no
        // alignment.
        unsafe {
            let unit = from.offset(stride * i as isize).cast::<[u8; N]>().read();
            to.cast::<[u8; N]>().add(i).write(unit);
        }
    }
}

fn reverse_groups(bytes: &mut [u8], width: usize) {
    wide(Reversal { bytes, width });
}

/// Turns around each group of `width` bytes.
struct Reversal<'b> {
    bytes: &'b mut [u8],
    width: usize,
}

impl Work for Reversal<'_> {
    type Done = ();
    #[inline(always)]
    fn work(self) {
        #[inline(always)]
        fn reverse<const N: usize>(bytes: &mut [u8]) {
            let (groups, _) = bytes.as_chunks_mut::<N>();
            for group in groups {
                group.reverse();
            }
        }
        let Self { bytes, width } = self;
        match width {
            2 => reverse::<2>(bytes),
            4 => reverse::<4>(bytes),
            8 => reverse::<8>(bytes),
            16 => reverse::<16>(bytes),
            _ => bytes.chunks_exact_mut(width).for_each(<[u8]>::reverse),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::layout::Dims;

    /// The elements one by one, in the order of the index: slow and plain.
    fn naive(bytes: &[u8], layout: &Layout, order: Order) -> Vec<u8> {
        let layout = if order == Order::F { layout.transposed() } else { layout.clone() };
        let mut out = Vec::new();
        for flat in 0..layout.len() {
            let (mut at, mut rest) = (layout.start() as isize, flat);
            for (&dim, stride) in layout.shape().iter().zip(layout.strides()).rev() {
                at += (rest % dim) as isize * stride;
                rest /= dim;
            }
            out.extend_from_slice(&bytes[at as usize..][..layout.itemsize()]);
        }
        out
    }

    fn check(bytes: &[u8], layout: &Layout) {
        for order in [Order::C, Order::F] {
            for threads in [1, 3] {
                let source = Source::slice(bytes);
                let packed = Sink::collect(layout.nbytes(), |sink| {
                    pack(&source, layout, order, 1, threads, sink);
                });
                assert!(packed == naive(bytes, layout, order), "{layout:?} {order:?}");
            }
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(if cfg!(miri) { 8 } else { 512 }))]

        #[test]
        fn any_strides_gather_what_indexing_finds(
            shape in proptest::collection::vec(0_usize..9, 0..5),
            permutation in proptest::array::uniform5(0_u8..255),
            signs in proptest::array::uniform5(-1_isize..3),
            itemsize in 1_usize..35,
            gap in 0_usize..3,
        ) {
            // Strides of a permuted, reversed, broadcast or padded array.
            let mut axes: Vec<usize> = (0..shape.len()).collect();
            axes.sort_by_key(|&axis| permutation[axis]);
            let mut strides: Dims<isize> = smallvec::smallvec![0; shape.len()];
            let (mut step, mut start) = ((itemsize + gap) as isize, 0);
            for axis in axes {
                strides[axis] = signs[axis].signum() * step;
                if strides[axis] < 0 {
                    start += (shape[axis].max(1) - 1) * step as usize;
                }
                step *= shape[axis].max(1) as isize + signs[axis].max(1) - 1;
            }
            let bytes: Vec<u8> = (0..step as usize + itemsize).map(|i| (i * 7 % 251) as u8).collect();
            let layout = Layout::strided(&shape, &strides, itemsize, start, bytes.len()).unwrap();
            check(&bytes, &layout);
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "large")]
    fn large_gathers_use_threads_and_agree() {
        let bytes: Vec<u8> =
            (0..9 << 20).map(|i: u32| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let n = bytes.len();
        for (shape, strides, itemsize, start) in [
            (vec![n / 8], vec![8], 8, 0),
            (vec![n / 8], vec![-8], 8, n - 8),
            (vec![1 << 9, n >> 12], vec![8, 8 << 9], 8, 0),
            (vec![3, n / 3], vec![1, 3], 1, 0),
            (vec![2, 1 << 18, 3], vec![n as isize / 2, 4, 1 << 20], 4, 0),
        ] {
            let layout = Layout::strided(&shape, &strides, itemsize, start, n).unwrap();
            check(&bytes, &layout);
        }
    }

    #[test]
    fn groups_of_bytes_change_places() {
        let bytes: Vec<u8> = (0..240).collect();
        for width in [1, 2, 4, 8, 12, 16] {
            let layout = Layout::contiguous(&[5, 48 / width], width, Order::C).unwrap();
            let swapped = Sink::collect(240, |sink| {
                pack(&Source::slice(&bytes), &layout, Order::C, width, 1, sink);
            });
            let expected: Vec<u8> =
                bytes.chunks(width).flat_map(|group| group.iter().rev().copied()).collect();
            assert_eq!(swapped, expected);
        }
    }
}
