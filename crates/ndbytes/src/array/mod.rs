//! The array model: what one element is (dtype), where the elements lie (layout), and their bytes
//! (source), whatever format or program they come from.

mod convert;
mod dtype;
mod element;
mod fresh;
mod improper;
mod layout;
mod notation;
mod number;
mod objects;
mod pack;
mod scalar;
mod slicing;
mod source;
mod text;
mod threads;
mod value;

pub use dtype::{
    BaseUnit, ByteOrder, DType, Field, Kind, MAX_ITEMSIZE, MAX_NESTING, Struct, TimeUnit,
    VariableStr,
};
pub use element::Element;
pub use fresh::advise_huge_pages;
pub use layout::{Dims, Layout, MAX_DIMS, Order, tuple, unravel};
pub use number::Numbers;
pub use objects::Objects;
pub use scalar::Scalar;
pub use slicing::Slice;
pub use source::{Sink, Source};
pub use text::{printable, quoted};
pub use threads::default_threads;
pub use value::{Arena, ArrayValue, Blob, Class, DTypeValue, Items, Node, NodeId, Unread, Value};

pub(crate) use improper::Improper;
pub(crate) use notation::{shorten, unit_from_code};
pub(crate) use number::{Load, X87, converter};
pub(crate) use threads::{each, map, share, threads_for, try_map};

use std::io;

use crate::error::{DecodeError, EncodeError, Result};
use source::Buffer;

/// For many arrays, a second thread pays from fewer bytes on than for one: what is new about each is
/// done by one thread meanwhile.
const BYTES_PER_WRITER: usize = 2 << 20;
/// Enough for every thread of a gather, little beside a large array.
const STREAM_BLOCK: usize = 32 << 20;

/// Writes several arrays, each into memory of its own: as [`Array::write_data`] in the order of each,
/// with at most `threads` threads for all of them.
///
/// # Panics
/// When one of the sinks has too little room.
pub fn write_all(writes: Vec<(&Array<'_>, Sink<'_>)>, threads: usize) {
    let write = |(array, mut sink): (&Array<'_>, Sink<'_>), threads| {
        array.write_data(array.layout.order(), threads, &mut sink);
    };
    let is_large = |array: &Array<'_>| threads_for(array.nbytes(), threads) > 1;
    let (large, small): (Vec<_>, Vec<_>) =
        writes.into_iter().partition(|(array, _)| is_large(array));
    large.into_iter().for_each(|one| write(one, threads));
    let total = small.iter().map(|(array, _)| array.nbytes()).sum::<usize>();
    let threads = threads.min(total / BYTES_PER_WRITER).max(1);
    if threads == 1 {
        return small.into_iter().for_each(|one| write(one, 1));
    }
    // Several parts for each thread, so that one that is held up does not hold up the others.
    let (enough, mut size) = (total / (threads * 4), 0);
    let mut parts = vec![Vec::new()];
    for one in small {
        if size >= enough {
            size = 0;
            parts.push(Vec::new());
        }
        size += one.0.nbytes();
        if let Some(part) = parts.last_mut() {
            part.push(one);
        }
    }
    each(threads, parts, |part| part.into_iter().for_each(|one| write(one, 1)));
}

/// An n-dimensional array whose dtype is known at run time, over bytes that it borrows or owns.
///
/// Decoding gives arrays that borrow the bytes they were decoded from; nothing is copied until
/// asked for.
///
/// ```
/// use ndbytes::{Array, Order};
/// let numbers = [1_i32, 2, 3, 4, 5, 6];
/// let array = Array::from_slice(&numbers, &[2, 3])?;
/// assert_eq!(array.shape(), [2, 3]);
/// assert_eq!(array.dtype().to_string(), "int32");
/// assert_eq!(array.to_bytes(Order::F)[..8], [1, 0, 0, 0, 4, 0, 0, 0]);
/// # Ok::<(), ndbytes::DecodeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Array<'a> {
    dtype: DType,
    layout: Layout,
    source: Source<'a>,
    objects: Option<Objects<'a>>,
}

impl<'a> Array<'a> {
    /// An array of `dtype` elements at `layout` in `source`.
    ///
    /// # Errors
    /// When the layout is for elements of another size, or reaches beyond the source.
    #[inline(always)]
    pub fn new(dtype: DType, layout: Layout, source: Source<'a>) -> Result<Self> {
        if layout.itemsize() != dtype.itemsize() {
            return Err(DecodeError::mismatch(format!(
                "a layout of {} bytes an element for {dtype}, which takes {}",
                layout.itemsize(),
                dtype.itemsize()
            )));
        }
        if layout.reach() > source.len() {
            return Err(DecodeError::incomplete(
                "the array",
                layout.reach() as u64,
                source.len() as u64,
            ));
        }
        Ok(Self { dtype, layout, source, objects: None })
    }

    /// A view of `elements` in C order with the given shape.
    ///
    /// # Errors
    /// When the shape does not hold exactly these elements.
    pub fn from_slice<T: Element>(elements: &'a [T], shape: &[usize]) -> Result<Self> {
        let layout = Layout::contiguous(shape, size_of::<T>(), Order::C)?;
        if layout.len() != elements.len() {
            return Err(DecodeError::mismatch(format!(
                "shape {} holds {} elements, the slice has {}",
                tuple(shape),
                layout.len(),
                elements.len()
            )));
        }
        Self::new(T::SCALAR.into(), layout, Source::slice(T::bytes_of(elements)))
    }

    /// What one element is.
    #[inline]
    pub fn dtype(&self) -> &DType {
        &self.dtype
    }

    /// Where the elements lie.
    #[inline]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The bytes that the elements lie in.
    #[inline]
    pub fn source(&self) -> &Source<'a> {
        &self.source
    }

    /// Elements along each axis.
    #[inline]
    pub fn shape(&self) -> &[usize] {
        self.layout.shape()
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        self.layout.len()
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.layout.is_empty()
    }

    /// Bytes of all elements side by side.
    #[inline]
    pub fn nbytes(&self) -> usize {
        self.layout.nbytes()
    }

    /// The elements' bytes side by side in C or Fortran order, in the array's own byte order:
    /// NumPy's `tobytes`. Elements that are objects have no bytes: those of NumPy's memory give their
    /// references, those that were read give nothing.
    pub fn to_bytes(&self, order: Order) -> Vec<u8> {
        Sink::collect(self.nbytes(), |sink| self.write_data(order, default_threads(), sink))
    }

    /// Writes what [`Array::to_bytes`] returns, with at most `threads` threads.
    ///
    /// # Panics
    /// When the sink has too little room.
    #[inline(always)]
    pub fn write_data(&self, order: Order, threads: usize, sink: &mut Sink<'_>) {
        pack::pack(&self.source, &self.layout, order, 1, threads, sink);
    }

    /// The bytes to reverse in groups so that every number has the byte order `byte_order`: 1 where
    /// none are.
    ///
    /// # Errors
    /// When elements are structures, whose fields have byte orders of their own and may overlap.
    pub fn swap_to(&self, byte_order: ByteOrder) -> Result<usize, EncodeError> {
        match self.dtype.kind() {
            Kind::Struct(_) => Err(EncodeError::new(
                "the byte order of a structured array is that of each of its fields",
            )
            .hint("convert it first: x.astype(x.dtype.newbyteorder(...))")),
            _ if self.dtype.byte_order() == byte_order => Ok(1),
            kind => Ok(kind.swap_width()),
        }
    }

    /// As [`Array::write_data`], with every group of `swap` bytes reversed.
    ///
    /// # Panics
    /// When the sink has too little room.
    #[inline]
    pub fn write_swapped(&self, order: Order, swap: usize, threads: usize, sink: &mut Sink<'_>) {
        pack::pack(&self.source, &self.layout, order, swap, threads, sink);
    }

    /// Writes what [`Array::write_swapped`] does to a stream. Elements that lie as they are wanted go
    /// there without a copy, others in blocks of a few MiB, so that little is held at a time.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_to(&self, order: Order, swap: usize, out: &mut dyn io::Write) -> io::Result<()> {
        if swap <= 1
            && self.layout.is_contiguous(order)
            && let Some(bytes) = self.source.as_slice()
        {
            return out.write_all(&bytes[self.layout.start()..][..self.nbytes()]);
        }
        let layout = match order {
            Order::C => self.layout.clone(),
            Order::F => self.layout.transposed(),
        };
        let blocks = layout.blocks(STREAM_BLOCK);
        let mut packed = Vec::new();
        for block in (0..blocks.len()).map(|index| blocks.block(index)) {
            Sink::collect_into(&mut packed, block.nbytes(), |sink| {
                pack::pack(&self.source, &block, Order::C, swap, default_threads(), sink);
            });
            out.write_all(&packed)?;
        }
        Ok(())
    }

    /// The same array in memory of its own, aligned to 64 bytes, in its own order.
    pub fn to_owned(&self) -> Array<'static> {
        let order = self.layout.order();
        let buffer =
            Buffer::filled(self.nbytes(), |sink| self.write_data(order, default_threads(), sink));
        let layout = Layout::contiguous(self.shape(), self.layout.itemsize(), order);
        Array {
            dtype: self.dtype.clone(),
            layout: layout.unwrap_or_else(|_| unreachable!("a layout of these sizes exists")),
            source: Source::owned(buffer),
            objects: self.objects.as_ref().map(Objects::to_owned),
        }
    }

    /// The field `name` of a structured array, without copying. A subarray field adds its
    /// dimensions at the end.
    ///
    /// # Errors
    /// When there is no such field.
    pub fn field(&self, name: &str) -> Result<Array<'a>> {
        let field = self.dtype.fields().iter().find(|field| &*field.name == name);
        let field = field.ok_or_else(|| {
            DecodeError::mismatch(format!("{} has no field {name:?}", self.dtype))
        })?;
        self.field_view(field)
    }

    pub(crate) fn field_view(&self, field: &Field) -> Result<Array<'a>> {
        let inner = Layout::contiguous(&field.shape, field.dtype.itemsize(), Order::C)?;
        let shape: Dims<usize> = self.shape().iter().chain(inner.shape()).copied().collect();
        let strides: Dims<isize> =
            self.layout.strides().into_iter().chain(inner.strides()).collect();
        let start = if self.is_empty() { 0 } else { self.layout.start() + field.offset };
        let layout =
            Layout::strided(&shape, &strides, field.dtype.itemsize(), start, self.source.len())?;
        Self::new(field.dtype.clone(), layout, self.source.clone())
    }

    /// The same bytes as elements of another dtype of the same size, such as int64 for
    /// datetime64: NumPy's `view(dtype)`.
    ///
    /// # Errors
    /// When the sizes differ, or one of the dtypes holds objects.
    pub fn reinterpret(&self, dtype: DType) -> Result<Array<'a>> {
        if self.dtype.has_objects() || dtype.has_objects() {
            return Err(DecodeError::mismatch("references to objects are nothing but that"));
        }
        Self::new(dtype, self.layout.clone(), self.source.clone())
    }

    /// The same elements with the axes in reverse order.
    pub(crate) fn transposed(&self) -> Self {
        Self { layout: self.layout.transposed(), ..self.clone() }
    }

    /// Whether the elements lie side by side in C order and this machine's byte order.
    pub(crate) fn is_native_c(&self) -> bool {
        self.layout.is_contiguous(Order::C) && self.dtype.is_native()
    }

    /// Packs the elements of `layout`, a part of this array's, into `scratch`: side by side in C
    /// order and this machine's byte order. Borrows them where they already lie so.
    pub(crate) fn native_bytes<'s>(
        &'s self,
        layout: &Layout,
        scratch: &'s mut Vec<u8>,
    ) -> &'s [u8] {
        let swap = if self.dtype.is_native() { 1 } else { self.dtype.kind().swap_width() };
        if swap == 1
            && layout.is_contiguous(Order::C)
            && let Some(bytes) = self.source.as_slice()
        {
            return &bytes[layout.start()..][..layout.nbytes()];
        }
        Sink::collect_into(scratch, layout.nbytes(), |sink| {
            pack::pack(&self.source, layout, Order::C, swap, 1, sink);
        });
        scratch
    }
}
