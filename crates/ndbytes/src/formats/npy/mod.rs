//! npy: one array, self-described. The format of `numpy.save`.

mod descr;
mod header;
mod incoming;
mod literal;
mod peek;
mod recent;

pub use header::{Header, LONGS, MAGIC};
pub use incoming::{Incoming, read_from};
pub use peek::Peeked;

pub(crate) use peek::MOST_OF_OBJECTS;
pub(super) use peek::peek;

use std::io;

use super::pickle;
use crate::array::{Array, DType, Kind, Order, Sink, Source, default_threads, tuple};
use crate::error::{DecodeError, EncodeError, Result};
use crate::limits::Limits;

/// Nearly every header is shorter.
const ENOUGH_FOR_MOST: usize = 512;

/// Reads the array at the start of `bytes`, borrowing its data. Bytes behind it are left alone.
///
/// The elements of an array of objects are a pickle, which is read as [`pickle`](crate::pickle)
/// reads: as a description, never as a program.
///
/// # Errors
/// When the bytes are not npy, end too early, or hold objects other than arrays and plain data.
///
/// ```
/// let bytes = ndbytes::npy::write(&[1.5_f32, 2.5][..])?;
/// let array = ndbytes::npy::read(&bytes, &Default::default())?;
/// assert_eq!(array.as_slice::<f32>()?, [1.5, 2.5]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Array<'a>> {
    let source = Source::slice(bytes);
    if let Some(array) = header::read_canonical_array(bytes, &source, limits) {
        return array;
    }
    let header = Header::read(bytes, limits)?;
    match header.dtype.has_objects() {
        true => read_objects(bytes, &header, limits),
        false => header.array(source),
    }
}

/// As [`read`], from memory that others may write: the header is copied before it is read, and
/// objects with all that belongs to them.
///
/// # Errors
/// As [`read`].
#[inline(always)]
pub fn read_source<'a>(source: Source<'a>, limits: &Limits) -> Result<Array<'a>> {
    match source.lent() {
        Some(bytes) => read(bytes, limits),
        None => read_copied(source, limits),
    }
}

/// Reads the header at the start of `source`, and the objects behind it, if there are any, and says
/// where the array ends. The elements of an array without objects are not looked at.
///
/// # Errors
/// As [`read`].
///
/// ```
/// use ndbytes::{Source, npy};
/// let bytes = [npy::write(&[1.5_f32, 2.5][..])?, b"more".to_vec()].concat();
/// let (header, end) = npy::extent(&Source::slice(&bytes), &Default::default())?;
/// assert_eq!((header.shape[..].to_vec(), end), (vec![2], bytes.len() - 4));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn extent(source: &Source<'_>, limits: &Limits) -> Result<(Header, usize)> {
    let header = copied_header(source, limits)?;
    let start = header.data_offset;
    if !header.dtype.has_objects() {
        let layout = header.layout()?;
        if layout.reach() > source.len() {
            return Err(header.cut_short(source.len() as u64));
        }
        return Ok((header, start + layout.nbytes()));
    }
    let copied = match source.as_slice() {
        Some(_) => None,
        None => Some(source.to_vec(0, source.len())),
    };
    let bytes = source.as_slice().or(copied.as_deref()).unwrap_or_default();
    read_objects(bytes, &header, limits)?;
    let len = pickle::Extent::default().end(&bytes[start..]);
    let len = len.map_err(|error| error.shifted(start as u64).ends_inside())?;
    Ok((header, start + len))
}

/// The header, copied before it is read.
fn copied_header(source: &Source<'_>, limits: &Limits) -> Result<Header> {
    let mut prefix = source.len().min(ENOUGH_FOR_MOST);
    loop {
        match Header::read(&source.to_vec(0, prefix), limits) {
            Ok(header) => return Ok(header),
            Err(error) => match error.needed().and_then(|needed| usize::try_from(needed).ok()) {
                Some(needed) if prefix < needed && needed <= source.len() => prefix = needed,
                // Counted from the bytes that there are, not from those that were copied.
                Some(needed) if prefix < source.len() => prefix = source.len().min(needed),
                _ => return Err(error),
            },
        }
    }
}

fn read_copied<'a>(source: Source<'a>, limits: &Limits) -> Result<Array<'a>> {
    let header = copied_header(&source, limits)?;
    if header.dtype.has_objects() {
        let copy = source.to_vec(0, source.len());
        return read_objects(&copy, &header, limits).map(|array| array.to_owned());
    }
    header.array(source)
}

/// The array of objects that `header` describes, read from the pickle behind it.
///
/// # Errors
/// When the pickle holds another array, or none, or asks for anything but plain data.
pub fn read_objects<'a>(bytes: &'a [u8], header: &Header, limits: &Limits) -> Result<Array<'a>> {
    read_objects_with(bytes, header, pickle::ReadOptions::new().limits(*limits))
}

/// As [`read_objects`], with all that there is to say about how pickles are read.
///
/// # Errors
/// As [`read_objects`].
pub fn read_objects_with<'a>(
    bytes: &'a [u8],
    header: &Header,
    options: pickle::ReadOptions<'a>,
) -> Result<Array<'a>> {
    let start = header.data_offset;
    let rest = bytes.get(start..).unwrap_or_default();
    let array = pickle::read_elements(rest, options).map_err(|error| match error.needed() {
        Some(needed) => {
            let needed = needed.saturating_add(start as u64);
            DecodeError::incomplete("the pickle of objects", needed, bytes.len() as u64)
                .format("npy")
        }
        None => error.shifted(start as u64),
    })?;
    let same_kind = match (header.dtype.kind(), array.dtype().kind()) {
        // NumPy describes StringDType as objects, too.
        (Kind::Object, Kind::Object | Kind::VariableStr(_)) => true,
        (Kind::Struct(_), Kind::Struct(_)) => array.dtype().has_objects(),
        _ => false,
    };
    if !same_kind || array.shape() != &header.shape[..] {
        return Err(DecodeError::malformed(format!(
            "the header says {} of shape {}, the pickle holds {} of shape {}",
            header.dtype,
            tuple(&header.shape),
            array.dtype(),
            tuple(array.shape())
        ))
        .at(start as u64)
        .format("npy"));
    }
    Ok(array)
}

/// Writes an array as NumPy would, byte for byte. Fortran order is kept; any other order but C is
/// packed into C order.
///
/// The elements of an [`Array::objects`] are written as a pickle.
///
/// # Errors
/// When npy cannot hold the array's dtype.
pub fn write<'a>(array: impl Into<Array<'a>>) -> Result<Vec<u8>, EncodeError> {
    let array = array.into();
    let message = Message::new(&array)?;
    Ok(Sink::collect(message.len(), |sink| message.write(default_threads(), sink)))
}

/// An array about to be written: its header is ready, so its length is known.
#[derive(Debug)]
pub struct Message<'m, 'a> {
    array: &'m Array<'a>,
    header: header::HeaderBytes,
    order: Order,
    /// The pickle of the elements, where they are objects.
    pickle: Option<Vec<u8>>,
}

/// The header of an array, up to where its data starts, of the lowest version that can hold it or
/// of the one that is asked for: 1, 2 or 3.
///
/// # Errors
/// When npy, or that version of it, cannot hold the dtype.
///
/// ```
/// use ndbytes::{Kind, DType, Order, Scalar, npy};
/// let dtype = DType::native(Kind::Scalar(Scalar::Float32));
/// let header = npy::write_header(&dtype, &[1 << 40, 3], Order::C, None)?;
/// assert_eq!(header.len(), 128);
/// # Ok::<(), ndbytes::EncodeError>(())
/// ```
pub fn write_header(
    dtype: &DType,
    shape: &[usize],
    order: Order,
    version: Option<u8>,
) -> Result<Vec<u8>, EncodeError> {
    if let Some(version) = version
        && !(1..=3).contains(&version)
    {
        return Err(EncodeError::new(format!("npy version {version}.0 is not known")));
    }
    header::refuse_what_npy_cannot_hold(dtype)?;
    header::of_version(dtype, shape, order, version)
}

/// The protocol of the pickles in npy, as NumPy 2 writes them: every Python since 3.4 reads it.
const PICKLE_PROTOCOL: u8 = 4;

impl<'m, 'a> Message<'m, 'a> {
    /// Prepares the header.
    ///
    /// # Errors
    /// When npy cannot hold the array's dtype.
    #[inline(always)]
    pub fn new(array: &'m Array<'a>) -> Result<Self, EncodeError> {
        let order = array.layout().order();
        let header = header::HeaderBytes::new(array.dtype(), array.shape(), order)?;
        let pickle = match array.dtype().has_objects() {
            true => Some(pickle::write_array(array, pickle::WriteOptions::new(PICKLE_PROTOCOL))?),
            false => None,
        };
        Ok(Self { array, header, order, pickle })
    }

    /// The header, up to the first byte of the data.
    pub fn header(&self) -> &[u8] {
        &self.header
    }

    /// The order in which the elements are written.
    pub fn order(&self) -> Order {
        self.order
    }

    /// The number of bytes of header and data.
    #[inline]
    #[allow(clippy::len_without_is_empty, reason = "a message always has a header")]
    pub fn len(&self) -> usize {
        let data = self.pickle.as_ref().map_or(self.array.nbytes(), Vec::len);
        self.header.len() + data
    }

    /// Writes header and data, with at most `threads` threads.
    ///
    /// # Panics
    /// When the sink has room for fewer than [`Message::len`] bytes.
    #[inline(always)]
    pub fn write(&self, threads: usize, sink: &mut Sink<'_>) {
        sink.write(&self.header);
        match &self.pickle {
            Some(pickle) => sink.write(pickle),
            None => self.array.write_data(self.order, threads, sink),
        }
    }

    /// Writes header and data to a stream, without building them in memory first.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_to(&self, out: &mut dyn io::Write) -> io::Result<()> {
        out.write_all(&self.header)?;
        match &self.pickle {
            Some(pickle) => out.write_all(pickle),
            None => self.array.write_to(self.order, 1, out),
        }
    }
}
