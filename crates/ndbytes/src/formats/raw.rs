//! raw: the bytes of the elements and nothing else. The reader has to say what they are.

use crate::array::{
    Array, ByteOrder, DType, Dims, Layout, Order, Scalar, Sink, Source, default_threads, tuple,
};
use crate::error::{DecodeError, EncodeError, Result};

/// What the caller says about bytes that do not describe themselves.
///
/// ```
/// use ndbytes::{Scalar, raw::Description};
/// let array = Description::new(Scalar::UInt8.into()).shape(&[Some(2), None]).read(b"abcdef")?;
/// assert_eq!(array.shape(), [2, 3]);
/// # Ok::<(), ndbytes::DecodeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Description {
    dtype: DType,
    shape: Option<Dims<Option<usize>>>,
    offset: usize,
    count: Option<usize>,
    order: Order,
}

impl Description {
    /// One-dimensional, from the first byte to the last.
    pub fn new(dtype: DType) -> Self {
        Self { dtype, shape: None, offset: 0, count: None, order: Order::C }
    }

    /// What one element is said to be.
    pub fn dtype(&self) -> &DType {
        &self.dtype
    }

    /// Elements along each axis; at most one may be `None`, which takes what is left.
    pub fn shape(mut self, shape: &[Option<usize>]) -> Self {
        self.shape = Some(Dims::from_slice(shape));
        self
    }

    /// Bytes before the first element (0 unless set).
    pub fn offset(mut self, offset: usize) -> Self {
        self.offset = offset;
        self
    }

    /// Exactly so many elements, whatever follows them. Unless set, every byte from the offset on
    /// has to be used.
    pub fn count(mut self, count: usize) -> Self {
        self.count = Some(count);
        self
    }

    /// The order in which the elements follow each other (C unless set).
    pub fn order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// The array in `bytes`, borrowed.
    ///
    /// # Errors
    /// When the description does not fit the bytes; the message says what would.
    pub fn read<'a>(&self, bytes: &'a [u8]) -> Result<Array<'a>> {
        self.array(Source::slice(bytes))
    }

    /// The array in `source`.
    ///
    /// # Errors
    /// As [`Description::read`].
    pub fn array<'a>(&self, source: Source<'a>) -> Result<Array<'a>> {
        let layout = self.layout(source.len()).map_err(|error| error.format("raw"))?;
        Array::new(self.dtype.clone(), layout, source)
    }

    fn layout(&self, nbytes: usize) -> Result<Layout> {
        if self.dtype.has_objects() {
            return Err(DecodeError::unsupported(
                "the raw bytes of objects are addresses in the memory of the program that wrote them",
            )
            .hint("the objects are lost; save them with a format that describes itself"));
        }
        let rest = nbytes.checked_sub(self.offset).ok_or_else(|| {
            DecodeError::mismatch(format!(
                "offset {} is beyond the {nbytes} bytes there are",
                self.offset
            ))
        })?;
        let itemsize = self.dtype.itemsize();
        let count = match self.count {
            Some(count) if count.checked_mul(itemsize).is_some_and(|needed| needed <= rest) => {
                count
            }
            Some(count) => return Err(self.too_few(count, rest)),
            None if itemsize > 0 && rest % itemsize == 0 => rest / itemsize,
            // Elements of no bytes can only be counted by a shape.
            None if itemsize == 0 && rest == 0 => self.known_count().unwrap_or(0),
            None => return Err(self.not_a_multiple(rest)),
        };
        let shape = match &self.shape {
            None => Dims::from_elem(count, 1),
            Some(shape) => {
                resolve(shape, count).ok_or_else(|| self.wrong_shape(shape, count, rest))?
            }
        };
        Layout::contiguous(&shape, itemsize, self.order)?.at(self.offset)
    }

    /// The number of elements of a shape without an open dimension.
    fn known_count(&self) -> Option<usize> {
        let shape = self.shape.as_ref()?;
        shape.iter().try_fold(1_usize, |count, &dim| count.checked_mul(dim?))
    }

    #[cold]
    fn too_few(&self, count: usize, rest: usize) -> DecodeError {
        let Self { dtype, offset, .. } = self;
        let needed = count as u128 * dtype.itemsize() as u128;
        DecodeError::mismatch(format!(
            "{count} elements of {dtype} take {needed} bytes, there are {rest} from offset {offset} on"
        ))
        .hint(match dtype.itemsize() {
            0 => "elements of no bytes need a shape".to_owned(),
            size => format!("{} whole elements are there", rest / size),
        })
    }

    #[cold]
    fn not_a_multiple(&self, rest: usize) -> DecodeError {
        let Self { dtype, offset, .. } = self;
        let itemsize = dtype.itemsize();
        if itemsize == 0 {
            let found = format!("{dtype} elements take no bytes, there are {rest}");
            return DecodeError::mismatch(found).hint("say how long they are, such as S10 or U10");
        }
        let error = DecodeError::mismatch(format!(
            "{rest} bytes are not a whole number of {dtype} elements, which take {itemsize} bytes each"
        ));
        let mut ways = Vec::new();
        if let Some(count) = self.known_count()
            && count > 0
            && rest.is_multiple_of(count)
            && let Some(names) = dtypes_of_size(rest / count)
        {
            ways.push(format!("this shape would fit {names}"));
        } else if let Some(names) = dtypes_dividing(rest) {
            ways.push(format!("{names} would fit"));
        }
        let extra = rest % itemsize;
        let counted = match rest / itemsize {
            0 => String::new(),
            count => format!(", count={count} to leave out the last {extra}"),
        };
        let skip = offset + extra;
        let bytes = if extra == 1 { "byte" } else { "bytes" };
        ways.push(format!("or offset={skip} to skip {extra} {bytes} at the start{counted}"));
        error.hint(ways.join("; "))
    }

    #[cold]
    fn wrong_shape(&self, shape: &[Option<usize>], count: usize, rest: usize) -> DecodeError {
        let Self { dtype, offset, .. } = self;
        let given = python_shape(shape);
        if shape.iter().filter(|dim| dim.is_none()).count() > 1 {
            return DecodeError::mismatch(format!("shape {given} has more than one -1"));
        }
        let known = shape.iter().flatten();
        let product = known.clone().try_fold(1_usize, |product, &dim| product.checked_mul(dim));
        if shape.contains(&None) {
            let product = product.map_or("too many".to_owned(), |product| product.to_string());
            return DecodeError::mismatch(format!(
                "{count} elements of {dtype} are not a multiple of the {product} that shape {given} \
                 takes for each step of its -1"
            ))
            .hint(format!("{rest} bytes from offset {offset} on are {count} elements"));
        }
        let needed = known.map(|&dim| dim as u128).product::<u128>();
        let error = DecodeError::mismatch(match self.count {
            Some(count) => format!("shape {given} holds {needed} elements, count is {count}"),
            None => format!(
                "shape {given} of {dtype} takes {} bytes, there are {rest} from offset {offset} on",
                needed.saturating_mul(dtype.itemsize() as u128)
            ),
        });
        let mut ways = Vec::new();
        if let Some(product) =
            product.filter(|&product| product > 0 && rest.is_multiple_of(product))
            && self.count.is_none()
            && let Some(names) = dtypes_of_size(rest / product)
        {
            ways.push(format!("this shape would fit {names}"));
        }
        let open = (0..shape.len()).find_map(|axis| {
            let mut open = Dims::from_slice(shape);
            open[axis] = None;
            resolve(&open, count).filter(|_| count > 0)
        });
        let fits = open.unwrap_or_else(|| Dims::from_elem(count, 1));
        let fits: Dims<Option<usize>> = fits.iter().map(|&dim| Some(dim)).collect();
        ways.push(format!("shape {} would fit {dtype}", python_shape(&fits)));
        error.hint(ways.join("; "))
    }
}

/// The shape with its open dimension filled in, if `count` elements fill it exactly.
fn resolve(shape: &[Option<usize>], count: usize) -> Option<Dims<usize>> {
    let product =
        shape.iter().flatten().try_fold(1_usize, |product, &dim| product.checked_mul(dim))?;
    let open = match shape.iter().filter(|dim| dim.is_none()).count() {
        0 if product == count => 0,
        // Nothing times anything is nothing: NumPy refuses to choose, and so does this.
        1 if product > 0 && count.is_multiple_of(product) => count / product,
        _ => return None,
    };
    Some(shape.iter().map(|dim| dim.unwrap_or(open)).collect())
}

fn python_shape(shape: &[Option<usize>]) -> String {
    let dims: Vec<String> =
        shape.iter().map(|dim| dim.map_or("-1".to_owned(), |dim| dim.to_string())).collect();
    tuple(&dims)
}

/// The common dtypes of this item size, for a hint.
fn dtypes_of_size(itemsize: usize) -> Option<String> {
    let names: Vec<&str> = Scalar::all()
        .filter(|scalar| !scalar.is_extension() && !scalar.is_long_double())
        .filter(|scalar| scalar.itemsize() == itemsize)
        .map(Scalar::name)
        .collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// The largest common dtypes whose size divides `nbytes`.
fn dtypes_dividing(nbytes: usize) -> Option<String> {
    let size = [8, 4, 2, 1].into_iter().find(|size| nbytes.is_multiple_of(*size))?;
    dtypes_of_size(size)
}

/// The elements' bytes side by side in `order`: `Array::to_bytes`, where objects have none.
pub fn write<'a>(array: impl Into<Array<'a>>, order: Order) -> Vec<u8> {
    array.into().to_bytes(order)
}

/// The elements' bytes side by side in `order`, with every number in the byte order `byte_order`.
///
/// # Errors
/// When elements are structures, whose fields have byte orders of their own.
pub fn write_as<'a>(
    array: impl Into<Array<'a>>,
    order: Order,
    byte_order: ByteOrder,
) -> Result<Vec<u8>, EncodeError> {
    let array = array.into();
    refuse_objects(&array)?;
    let swap = array.swap_to(byte_order)?;
    Ok(Sink::collect(array.nbytes(), |sink| {
        array.write_swapped(order, swap, default_threads(), sink);
    }))
}

/// Objects have no bytes of their own.
pub(super) fn refuse_objects(array: &Array<'_>) -> Result<(), EncodeError> {
    match array.dtype().has_objects() {
        false => Ok(()),
        true => Err(EncodeError::new(format!(
            "the objects of a {} array are no raw bytes",
            array.dtype()
        ))
        .hint("write them as npy or pickle")),
    }
}
