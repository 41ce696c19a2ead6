//! The bytes of an array, and the one reader of memory that someone else may write.
//!
//! Most NumPy arrays live in memory that Python code may change at any time. Such memory is never
//! a `&[u8]` here, which would promise the compiler that it stays as it is: it is a pointer with a
//! checked reach, and it is only copied from.
#![allow(unsafe_code)]

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::sync::Arc;

/// Bytes that an array borrows or shares.
#[derive(Clone)]
pub struct Source<'a> {
    start: NonNull<u8>,
    len: usize,
    kind: Keeper,
    borrowed: PhantomData<&'a [u8]>,
}

#[derive(Clone)]
enum Keeper {
    /// A slice: nobody writes while it is borrowed.
    Slice,
    /// Memory that others may write.
    Foreign,
    /// Memory of our own, freed with the last array that uses it. The pointer leads into it.
    Owned(#[allow(dead_code)] Arc<Buffer>),
    /// The same, as aligned as the allocator makes it.
    Vec(#[allow(dead_code)] Arc<Vec<u8>>),
}

// SAFETY: a source is only ever read. A slice and an owned buffer may be read from any thread; for
// foreign memory that is a condition of `Source::foreign`.
unsafe impl Send for Source<'_> {}
// SAFETY: as above.
unsafe impl Sync for Source<'_> {}

impl<'a> Source<'a> {
    /// The bytes of a slice.
    #[inline]
    pub fn slice(bytes: &'a [u8]) -> Self {
        Self {
            start: NonNull::from(bytes).cast(),
            len: bytes.len(),
            kind: Keeper::Slice,
            borrowed: PhantomData,
        }
    }

    /// Memory that others may write while it is used here, such as a NumPy array's.
    ///
    /// # Safety
    /// The `len` bytes from `start` on must stay readable, from any thread, for `'a`.
    #[inline]
    pub unsafe fn foreign(start: NonNull<u8>, len: usize) -> Self {
        Self { start, len, kind: Keeper::Foreign, borrowed: PhantomData }
    }

    /// Memory of our own.
    pub(crate) fn owned(buffer: Buffer) -> Source<'static> {
        let buffer = Arc::new(buffer);
        let start = NonNull::from(buffer.as_slice()).cast();
        Source { start, len: buffer.len, kind: Keeper::Owned(buffer), borrowed: PhantomData }
    }

    /// A vector, which is not copied.
    pub(crate) fn vec(bytes: Vec<u8>) -> Source<'static> {
        let bytes = Arc::new(bytes);
        let start = NonNull::from(&bytes[..]).cast();
        Source { start, len: bytes.len(), kind: Keeper::Vec(bytes), borrowed: PhantomData }
    }

    /// A copy of these bytes in memory of our own.
    pub(crate) fn copied(bytes: &[u8]) -> Source<'static> {
        Self::filled(bytes.len(), |sink| sink.write(bytes))
    }

    /// Memory of our own, of `len` bytes that `fill` writes.
    ///
    /// # Panics
    /// When `fill` leaves some of it unwritten.
    pub(crate) fn filled(len: usize, fill: impl FnOnce(&mut Sink<'_>)) -> Source<'static> {
        Source::owned(Buffer::filled(len, fill))
    }

    /// Memory of our own, of `len` bytes that are zero until `fill` writes them. The system hands the
    /// memory over as it is written, so what is never written costs nothing.
    pub(crate) fn zeroed<E>(
        len: usize,
        fill: impl FnOnce(&mut [u8]) -> Result<(), E>,
    ) -> Result<Source<'static>, E> {
        Buffer::zeroed(len, fill).map(Source::owned)
    }

    /// As [`Source::zeroed`], for long work by one thread: with more than one of `threads`, another
    /// fetches the memory from the system meanwhile.
    pub(crate) fn zeroed_ahead<E>(
        len: usize,
        threads: usize,
        fill: impl FnOnce(&mut [u8]) -> Result<(), E>,
    ) -> Result<Source<'static>, E> {
        Source::zeroed(len, |bytes| match threads {
            0 | 1 => fill(bytes),
            _ => super::fresh::with_memory_ahead(bytes, fill),
        })
    }

    /// Copies all bytes into fresh memory.
    ///
    /// # Panics
    /// When there is too little room.
    pub fn write_to(&self, sink: &mut Sink<'_>) {
        // SAFETY: `copy_to` initialises all that it is given.
        unsafe { sink.write_with(self.len, |to| self.copy_to(0, to)) };
    }

    /// A copy in memory of our own.
    pub(crate) fn to_owned(&self) -> Source<'static> {
        let copy = Source::zeroed(self.len, |bytes| {
            self.copy_over(0, bytes);
            Ok::<(), std::convert::Infallible>(())
        });
        copy.unwrap_or_else(|never| match never {})
    }

    /// `len` of these bytes, from `offset` on, shared or borrowed as all of them are.
    ///
    /// # Panics
    /// When there are fewer.
    pub(crate) fn part(&self, offset: usize, len: usize) -> Self {
        let end = offset.checked_add(len);
        assert!(end.is_some_and(|end| end <= self.len), "a part stays inside of its source");
        // SAFETY: `offset <= self.len`, and the `self.len` bytes from `start` on are one object.
        let start = unsafe { self.start.add(offset) };
        Self { start, len, kind: self.kind.clone(), borrowed: PhantomData }
    }

    /// How many bytes there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The bytes, unless others may write them.
    pub fn as_slice(&self) -> Option<&[u8]> {
        match self.kind {
            Keeper::Foreign => None,
            Keeper::Slice | Keeper::Owned(_) | Keeper::Vec(_) => {
                // SAFETY: `start` and `len` are those of a slice that is borrowed for `'a` or of a
                // buffer or a vector that `self` keeps alive, and neither is written while `self` is
                // borrowed.
                Some(unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) })
            }
        }
    }

    /// The slice that this source is, for as long as it was lent.
    #[inline]
    pub(crate) fn lent(&self) -> Option<&'a [u8]> {
        match self.kind {
            Keeper::Slice => {
                // SAFETY: `start` and `len` are those of a slice that is borrowed for `'a`.
                Some(unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) })
            }
            _ => None,
        }
    }

    /// The memory itself, if it is our own and nothing else refers to it: whoever has it may do as
    /// they like, once this source is no longer read.
    pub fn sole_owner(&self) -> Option<Source<'static>> {
        let kind = match &self.kind {
            Keeper::Owned(buffer) if Arc::strong_count(buffer) == 1 => {
                Keeper::Owned(buffer.clone())
            }
            Keeper::Vec(bytes) if Arc::strong_count(bytes) == 1 => Keeper::Vec(bytes.clone()),
            _ => return None,
        };
        Some(Source { start: self.start, len: self.len, kind, borrowed: PhantomData })
    }

    /// The last byte, if there is one.
    pub(crate) fn last(&self) -> Option<u8> {
        let mut last = [0];
        let place = self.len.checked_sub(1)?;
        self.copy_over(place, &mut last);
        Some(last[0])
    }

    /// The address of the first byte.
    #[inline]
    pub fn start(&self) -> *const u8 {
        self.start.as_ptr()
    }

    /// Copies the bytes from `offset` on into `to`.
    ///
    /// # Panics
    /// When there are fewer than `to.len()` bytes from `offset` on.
    #[inline]
    pub fn copy_to(&self, offset: usize, to: &mut [MaybeUninit<u8>]) {
        let end = offset.checked_add(to.len());
        assert!(end.is_some_and(|end| end <= self.len), "a copy stays inside of its source");
        // SAFETY: `offset + to.len() <= self.len`, and `self.len` bytes are readable from `start`.
        // `to` is exclusively borrowed, so it does not overlap a slice or an owned buffer; foreign
        // memory is not Rust's to lend out as `to`.
        unsafe {
            let from = self.start.as_ptr().add(offset);
            std::ptr::copy_nonoverlapping(from, to.as_mut_ptr().cast(), to.len());
        }
    }

    /// Copies the bytes from `offset` on over those of `to`.
    ///
    /// # Panics
    /// When there are fewer than `to.len()` bytes from `offset` on.
    #[inline]
    pub(crate) fn copy_over(&self, offset: usize, to: &mut [u8]) {
        // SAFETY: initialised bytes are possibly uninitialised bytes too, and `copy_to` leaves
        // none uninitialised.
        self.copy_to(offset, unsafe { &mut *(std::ptr::from_mut(to) as *mut [MaybeUninit<u8>]) });
    }

    /// The first sixteen bytes, or as many as there are: enough to tell the format.
    #[inline]
    pub(crate) fn start_of(&self) -> ([u8; 16], usize) {
        let (mut start, len) = ([0; 16], self.len.min(16));
        self.copy_over(0, &mut start[..len]);
        (start, len)
    }

    /// A copy of `len` bytes from `offset` on.
    ///
    /// # Panics
    /// When there are fewer.
    pub fn to_vec(&self, offset: usize, len: usize) -> Vec<u8> {
        let mut copy = Vec::with_capacity(len);
        self.copy_to(offset, &mut copy.spare_capacity_mut()[..len]);
        // SAFETY: `copy_to` has initialised the first `len` bytes, which are within capacity.
        unsafe { copy.set_len(len) };
        copy
    }
}

impl fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keeper = match self.kind {
            Keeper::Slice => "borrowed",
            Keeper::Foreign => "foreign",
            Keeper::Owned(_) | Keeper::Vec(_) => "owned",
        };
        write!(f, "Source({} bytes, {keeper})", self.len)
    }
}

/// Memory of our own, aligned for every element type and for cache lines.
pub(crate) struct Buffer {
    /// Room for `len` bytes and for as many before them as align them.
    memory: Vec<u8>,
    before: usize,
    len: usize,
}

const ALIGNMENT: usize = 64;

impl Buffer {
    /// A buffer of `len` bytes that `fill` writes.
    ///
    /// # Panics
    /// When `fill` leaves some of it unwritten.
    pub(crate) fn filled(len: usize, fill: impl FnOnce(&mut Sink<'_>)) -> Self {
        let mut memory = Vec::with_capacity(Self::room(len));
        let before = Self::before(memory.as_ptr());
        let bytes = &mut memory.spare_capacity_mut()[before..][..len];
        super::advise_huge_pages(bytes);
        let mut sink = Sink::new(bytes);
        fill(&mut sink);
        assert!(sink.is_full(), "a buffer is filled to its end");
        Self { memory, before, len }
    }

    /// A buffer of `len` bytes that are zero until `fill` writes them.
    fn zeroed<E>(len: usize, fill: impl FnOnce(&mut [u8]) -> Result<(), E>) -> Result<Self, E> {
        // This asks for zeroed memory, rather than writing zeros.
        let mut memory = vec![0; Self::room(len)];
        let before = Self::before(memory.as_ptr());
        let bytes = &mut memory[before..][..len];
        super::advise_huge_pages(Sink::over(bytes).bytes);
        fill(bytes)?;
        Ok(Self { memory, before, len })
    }

    fn room(len: usize) -> usize {
        len.saturating_add(ALIGNMENT - 1)
    }

    fn before(memory: *const u8) -> usize {
        (memory as usize).wrapping_neg() % ALIGNMENT
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        // SAFETY: `before < ALIGNMENT`, so `before + len` is within the capacity that `room` asked
        // for; `filled` and `zeroed` have seen these bytes written, and nothing writes after them.
        unsafe { std::slice::from_raw_parts(self.memory.as_ptr().add(self.before), self.len) }
    }
}

/// Fresh memory that is written once, from its start to its end.
#[derive(Debug)]
pub struct Sink<'a> {
    bytes: &'a mut [MaybeUninit<u8>],
    filled: usize,
}

impl<'a> Sink<'a> {
    /// Nothing is written yet.
    #[inline]
    pub fn new(bytes: &'a mut [MaybeUninit<u8>]) -> Self {
        Self { bytes, filled: 0 }
    }

    /// Memory that already holds something, of which nothing is to stay.
    pub(crate) fn over(bytes: &'a mut [u8]) -> Self {
        // SAFETY: initialised bytes are possibly uninitialised bytes too, and a sink leaves none
        // uninitialised: it only ever copies into them.
        Self::new(unsafe { &mut *(std::ptr::from_mut(bytes) as *mut [MaybeUninit<u8>]) })
    }

    /// A vector of `len` bytes that `fill` writes.
    ///
    /// # Panics
    /// When `fill` leaves some of it unwritten.
    pub(crate) fn collect(len: usize, fill: impl FnOnce(&mut Sink<'_>)) -> Vec<u8> {
        let mut bytes = Vec::new();
        Self::collect_into(&mut bytes, len, fill);
        bytes
    }

    /// As [`Sink::collect`], in place of what is in `bytes`.
    pub(crate) fn collect_into(bytes: &mut Vec<u8>, len: usize, fill: impl FnOnce(&mut Sink<'_>)) {
        bytes.clear();
        bytes.reserve_exact(len);
        Self::append_to(bytes, len, fill);
    }

    /// As [`Sink::collect`], behind what is in `bytes`.
    pub(crate) fn append_to(bytes: &mut Vec<u8>, len: usize, fill: impl FnOnce(&mut Sink<'_>)) {
        bytes.reserve(len);
        let mut sink = Sink::new(&mut bytes.spare_capacity_mut()[..len]);
        fill(&mut sink);
        assert!(sink.is_full(), "a vector is filled to its end");
        // SAFETY: the sink has seen the `len` bytes behind the vector's own written, and they are
        // within capacity.
        unsafe { bytes.set_len(bytes.len() + len) };
    }

    /// Whether every byte is written.
    #[inline]
    pub fn is_full(&self) -> bool {
        self.filled == self.bytes.len()
    }

    /// Writes `bytes`.
    ///
    /// # Panics
    /// When there is no room for them.
    #[inline]
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        // SAFETY: `copy_to` initialises all of `to`.
        unsafe { self.write_with(bytes.len(), |to| Source::slice(bytes).copy_to(0, to)) };
    }

    /// Has the next bytes written in parts, of so many bytes each, by at most `threads` threads:
    /// `fill` is told which one.
    ///
    /// # Panics
    /// When there is no room for them, and when `fill` leaves some of a part unwritten.
    pub(crate) fn write_parts(
        &mut self,
        lens: &[usize],
        threads: usize,
        fill: impl Fn(usize, &mut Sink<'_>) + Sync,
    ) {
        let total = lens.iter().sum();
        let write = |mut rest: &mut [MaybeUninit<u8>]| {
            let parts = lens.iter().map(|&len| {
                let (part, after) = std::mem::take(&mut rest).split_at_mut(len);
                rest = after;
                part
            });
            super::each(threads, parts.enumerate(), |(which, part)| {
                let mut sink = Sink::new(part);
                fill(which, &mut sink);
                assert!(sink.is_full(), "a part is filled to its end");
            });
        };
        // SAFETY: the lengths of the parts add up to `total`, and every part has been seen filled.
        unsafe { self.write_with(total, write) };
    }

    /// Has the next `len` bytes written by `fill`.
    ///
    /// # Safety
    /// `fill` must initialise every byte that it is given.
    ///
    /// # Panics
    /// When there is no room for them.
    #[inline]
    pub(super) unsafe fn write_with(
        &mut self,
        len: usize,
        fill: impl FnOnce(&mut [MaybeUninit<u8>]),
    ) {
        fill(&mut self.bytes[self.filled..][..len]);
        self.filled += len;
    }
}

/// Writes as much as there is room for.
impl io::Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(self.bytes.len() - self.filled);
        Sink::write(self, &bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_aligned_and_hold_what_was_written() {
        for len in [0, 1, 63, 64, 65, 1000] {
            let bytes: Vec<u8> = (0..len).map(|i| i as u8).collect();
            let buffer = Buffer::filled(len, |sink| sink.write(&bytes));
            assert_eq!(buffer.as_slice(), bytes);
            assert_eq!(buffer.as_slice().as_ptr() as usize % 64, 0);
            let source = Source::owned(buffer);
            assert_eq!(source.as_slice(), Some(&bytes[..]));
            assert_eq!(source.to_vec(len / 2, len - len / 2), bytes[len / 2..]);
        }
    }

    #[test]
    fn zeroed_buffers_are_aligned_and_hold_what_was_written() {
        for len in [0, 1, 63, 64, 65, 1000, 5 << 20] {
            let source = Source::zeroed(len, |bytes| -> Result<(), ()> {
                assert!(bytes.iter().all(|&byte| byte == 0));
                bytes[len / 2..].fill(7);
                Ok(())
            });
            let source = source.unwrap();
            let bytes = source.as_slice().unwrap();
            assert_eq!(bytes.as_ptr() as usize % 64, 0);
            assert!(bytes[..len / 2].iter().all(|&byte| byte == 0));
            assert!(bytes[len / 2..].iter().all(|&byte| byte == 7));
        }
        assert_eq!(Source::zeroed(10, |_| Err("no")).unwrap_err(), "no");
    }

    #[test]
    fn parts_share_what_they_are_parts_of() {
        let source = Source::copied(&[1, 2, 3, 4, 5]);
        let part = source.part(1, 3);
        assert!(source.sole_owner().is_none());
        drop(source);
        assert_eq!(part.as_slice(), Some(&[2, 3, 4][..]));
        assert_eq!(part.part(3, 0).len(), 0);
    }

    #[test]
    #[should_panic(expected = "inside of its source")]
    fn a_part_is_no_more_than_the_whole() {
        Source::slice(&[1, 2, 3]).part(1, 3);
    }

    #[test]
    fn vectors_stay_where_they_are() {
        for len in [0, 1, 1000] {
            let bytes: Vec<u8> = (0..len).map(|i| i as u8).collect();
            let start = bytes.as_ptr();
            let source = Source::vec(bytes.clone());
            assert_eq!(source.as_slice(), Some(&bytes[..]));
            let moved = Source::vec(bytes);
            assert_eq!(moved.start(), start);
            assert!(moved.clone().sole_owner().is_none());
            let whole = moved.sole_owner().unwrap();
            drop(moved);
            assert_eq!(whole.len(), len);
            assert_eq!(whole.as_slice().map(<[u8]>::len), Some(len));
        }
    }

    #[test]
    #[should_panic(expected = "filled to its end")]
    fn an_unfinished_buffer_is_noticed() {
        Buffer::filled(3, |sink| sink.write(&[1, 2]));
    }

    #[test]
    fn foreign_memory_is_copied_never_lent() {
        let mut memory = [1_u8, 2, 3];
        let start = NonNull::from(&mut memory).cast();
        // SAFETY: `memory` outlives `source`.
        let source = unsafe { Source::foreign(start, 3) };
        assert_eq!(source.as_slice(), None);
        assert_eq!(source.to_vec(1, 2), [2, 3]);
    }
}
