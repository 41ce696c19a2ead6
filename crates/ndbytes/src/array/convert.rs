//! Between the dynamic [`Array`] and typed Rust: slices, and arrays of the `ndarray` crate.

use super::dtype::{ByteOrder, DType, Kind};
use super::element::{CastError, Element};
use super::layout::Order;
use super::source::{Sink, Source};
use super::{Array, Layout, default_threads};
use crate::error::{DecodeError, Result};

impl<'a, 'b> From<&'a Array<'b>> for Array<'a>
where
    'b: 'a,
{
    fn from(array: &'a Array<'b>) -> Self {
        array.clone()
    }
}

impl<'a, T: Element> From<&'a [T]> for Array<'a> {
    /// A one-dimensional view; for another shape see [`Array::from_slice`].
    fn from(elements: &'a [T]) -> Self {
        view_of(Source::slice(T::bytes_of(elements)), T::SCALAR.into(), elements.len())
    }
}

impl<'a, T: Element> From<&'a Vec<T>> for Array<'a> {
    /// A one-dimensional view; for another shape see [`Array::from_slice`].
    fn from(elements: &'a Vec<T>) -> Self {
        elements.as_slice().into()
    }
}

impl<'a, T: Element, const N: usize> From<&'a [T; N]> for Array<'a> {
    /// A one-dimensional view; for another shape see [`Array::from_slice`].
    fn from(elements: &'a [T; N]) -> Self {
        elements.as_slice().into()
    }
}

fn view_of(source: Source<'_>, dtype: DType, len: usize) -> Array<'_> {
    let layout = Layout::contiguous(&[len], dtype.itemsize(), Order::C);
    let layout = layout.unwrap_or_else(|_| unreachable!("a slice fits into memory"));
    Array { dtype, layout, source, objects: None }
}

impl Array<'_> {
    /// Whether the elements are `T` in some byte order; the error says what they are instead.
    fn expect<T: Element>(&self) -> Result<()> {
        if *self.dtype.kind() == Kind::Scalar(T::SCALAR) {
            return Ok(());
        }
        Err(DecodeError::mismatch(format!(
            "the elements are {}, not {}",
            self.dtype,
            T::SCALAR.name()
        ))
        .hint("match on `array.dtype()`, or `reinterpret` the bytes"))
    }

    /// The elements as a slice, borrowed: C order, this machine's byte order, aligned.
    ///
    /// # Errors
    /// Says which of these does not hold; [`Array::to_vec`] always works for the right dtype.
    pub fn as_slice<T: Element>(&self) -> Result<&[T]> {
        self.elements(self.layout.is_contiguous(Order::C).then_some(()))
    }

    fn elements<T: Element>(&self, side_by_side: Option<()>) -> Result<&[T]> {
        self.expect::<T>()?;
        let refused = |why: &str| {
            DecodeError::mismatch(format!("the elements cannot be borrowed: {why}"))
                .hint("`to_vec` or `to_owned_array` copies them")
        };
        if !self.dtype.is_native() {
            let order = if self.dtype.byte_order() == ByteOrder::Big { "big" } else { "little" };
            return Err(refused(&format!("they are {order}-endian, this machine is not")));
        }
        side_by_side.ok_or_else(|| refused("they do not lie side by side"))?;
        let bytes =
            self.source.as_slice().ok_or_else(|| refused("others may write their memory"))?;
        // An empty view has no address that could be unaligned.
        let bytes = if self.is_empty() {
            T::bytes_of(&[])
        } else {
            &bytes[self.layout.start()..][..self.nbytes()]
        };
        T::cast(bytes).map_err(|why| match why {
            CastError::Unaligned => {
                refused(&format!("their address is not a multiple of {}", align_of::<T>()))
            }
            CastError::NotBool(_) => not_bool(why),
        })
    }

    /// A copy of the elements in C order; works for the right dtype in any byte order and layout.
    ///
    /// # Errors
    /// When the dtype is another one, or a `bool` is neither 0 nor 1.
    pub fn to_vec<T: Element>(&self) -> Result<Vec<T>> {
        self.expect::<T>()?;
        let swap = if self.dtype.is_native() { 1 } else { self.dtype.kind().swap_width() };
        let mut fill = |sink: &mut Sink<'_>| {
            super::pack::pack(&self.source, &self.layout, Order::C, swap, default_threads(), sink);
            assert!(sink.is_full(), "every element is written");
        };
        T::filled(self.len(), &mut fill).map_err(not_bool)
    }
}

fn not_bool(why: CastError) -> DecodeError {
    match why {
        CastError::NotBool(index) => DecodeError::malformed(format!(
            "element {index} is not a bool: its byte is neither 0 nor 1"
        ))
        .hint("reinterpret the array as uint8 to look at it"),
        CastError::Unaligned => unreachable!("buffers are aligned"),
    }
}

#[cfg(feature = "ndarray")]
mod with_ndarray {
    use ndarray::{ArrayBase, ArrayD, ArrayViewD, Data, Dimension, IxDyn, ShapeBuilder};

    use super::*;
    use crate::array::Dims;

    impl<'a, T: Element, S: Data<Elem = T>, D: Dimension> From<&'a ArrayBase<S, D>> for Array<'a> {
        /// A view of any number of dimensions, order and direction. An array whose elements lie
        /// apart in memory is copied.
        fn from(array: &'a ArrayBase<S, D>) -> Self {
            view_or_copy(array)
        }
    }

    /// The elements in place where they lie side by side but for repeats, else a copy.
    fn view_or_copy<T: Element, S: Data<Elem = T>, D: Dimension>(
        array: &ArrayBase<S, D>,
    ) -> Array<'_> {
        if let Some(elements) = array.as_slice_memory_order() {
            return strided(array, T::bytes_of(elements));
        }
        // Axes along which elements repeat are not part of the slice in memory.
        let mut once = array.view().into_dyn();
        for axis in 0..once.ndim() {
            if once.strides()[axis] == 0 {
                once.slice_axis_inplace(
                    ndarray::Axis(axis),
                    (0..once.len_of(ndarray::Axis(axis)).min(1)).into(),
                );
            }
        }
        if let Some(elements) = once.to_slice_memory_order() {
            return strided(array, T::bytes_of(elements));
        }
        let elements: Vec<T> = array.iter().copied().collect();
        let bytes = T::bytes_of(&elements);
        let source = Source::copied(bytes);
        let layout = Layout::contiguous(array.shape(), size_of::<T>(), Order::C);
        let layout = layout.unwrap_or_else(|_| unreachable!("the array fits into memory"));
        Array { dtype: T::SCALAR.into(), layout, source, objects: None }
    }

    /// The elements of `array`, which lie in `bytes`, from its lowest address on.
    fn strided<'a, T: Element, S: Data<Elem = T>, D: Dimension>(
        array: &ArrayBase<S, D>,
        bytes: &'a [u8],
    ) -> Array<'a> {
        let strides: Dims<isize> =
            array.strides().iter().map(|&stride| stride * size_of::<T>() as isize).collect();
        // Negative strides go back from the first element.
        let start: usize = array
            .shape()
            .iter()
            .zip(&strides)
            .filter(|&(_, &stride)| stride < 0)
            .map(|(&dim, &stride)| dim.saturating_sub(1) * stride.unsigned_abs())
            .sum();
        let start = if array.is_empty() { 0 } else { start };
        let layout = Layout::strided(array.shape(), &strides, size_of::<T>(), start, bytes.len());
        let layout = layout.unwrap_or_else(|_| unreachable!("the array lies in its memory"));
        Array { dtype: T::SCALAR.into(), layout, source: Source::slice(bytes), objects: None }
    }

    impl Array<'_> {
        /// A view for the `ndarray` crate, borrowed: side by side in C or Fortran order, in this
        /// machine's byte order, aligned. What was decoded is side by side; whether it is aligned
        /// depends on where its bytes lie.
        ///
        /// # Errors
        /// Says which of these does not hold; [`Array::to_owned_array`] always works for the right
        /// dtype.
        pub fn view<T: Element>(&self) -> Result<ArrayViewD<'_, T>> {
            let order = self.layout.order();
            let elements = self.elements(self.layout.is_contiguous(order).then_some(()))?;
            shaped(ArrayViewD::from_shape(shape_of(self, order), elements))
        }

        /// A copy for the `ndarray` crate, from any byte order and layout. Fortran order is kept.
        ///
        /// # Errors
        /// When the dtype is another one, or a `bool` is neither 0 nor 1.
        pub fn to_owned_array<T: Element>(&self) -> Result<ArrayD<T>> {
            let order = self.layout.order();
            let memory_order = match order {
                Order::C => self.clone(),
                Order::F => Array { layout: self.layout.transposed(), ..self.clone() },
            };
            shaped(ArrayD::from_shape_vec(shape_of(self, order), memory_order.to_vec()?))
        }
    }

    fn shape_of(array: &Array<'_>, order: Order) -> ndarray::StrideShape<IxDyn> {
        IxDyn(array.shape()).set_f(order == Order::F).into()
    }

    fn shaped<A>(result: Result<A, ndarray::ShapeError>) -> Result<A> {
        result.map_err(|error| {
            DecodeError::unsupported(format!("ndarray refuses the shape: {error}"))
        })
    }
}
