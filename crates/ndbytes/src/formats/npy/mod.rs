//! npy: one array, self-described. The format of `numpy.save`.

mod descr;
mod header;
mod literal;

pub use header::{Header, MAGIC};

use std::io;

use crate::array::{Array, Order, Sink, Source, default_threads};
use crate::error::{EncodeError, Result};
use crate::limits::Limits;

/// Nearly every header is shorter.
const ENOUGH_FOR_MOST: usize = 512;

/// Reads the array at the start of `bytes`, borrowing its data. Bytes behind it are left alone.
///
/// # Errors
/// When the bytes are not npy, end too early, or hold a pickle.
///
/// ```
/// let bytes = ndbytes::npy::write(&[1.5_f32, 2.5][..])?;
/// let array = ndbytes::npy::read(&bytes, &Default::default())?;
/// assert_eq!(array.as_slice::<f32>()?, [1.5, 2.5]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Array<'a>> {
    header::read_array(bytes, Source::slice(bytes), limits)
}

/// As [`read`], from memory that others may write: the header is copied before it is read.
///
/// # Errors
/// As [`read`].
#[inline(always)]
pub fn read_source<'a>(source: Source<'a>, limits: &Limits) -> Result<Array<'a>> {
    if let Some(bytes) = source.as_slice() {
        return header::read_array(bytes, source.clone(), limits);
    }
    let mut prefix = source.len().min(ENOUGH_FOR_MOST);
    loop {
        match Header::read(&source.to_vec(0, prefix), limits) {
            Ok(header) => return header.array(source),
            Err(error) => match error.needed().and_then(|needed| usize::try_from(needed).ok()) {
                Some(needed) if prefix < needed && needed <= source.len() => prefix = needed,
                // Counted from the bytes that there are, not from those that were copied.
                Some(needed) if prefix < source.len() => prefix = source.len().min(needed),
                _ => return Err(error),
            },
        }
    }
}

/// Writes an array as NumPy would, byte for byte. Fortran order is kept; any other order but C is
/// packed into C order.
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
}

impl<'m, 'a> Message<'m, 'a> {
    /// Prepares the header.
    ///
    /// # Errors
    /// When npy cannot hold the array's dtype.
    #[inline(always)]
    pub fn new(array: &'m Array<'a>) -> Result<Self, EncodeError> {
        let order = array.layout().order();
        let header = header::HeaderBytes::new(array.dtype(), array.shape(), order)?;
        Ok(Self { array, header, order })
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
        self.header.len() + self.array.nbytes()
    }

    /// Writes header and data, with at most `threads` threads.
    ///
    /// # Panics
    /// When the sink has room for fewer than [`Message::len`] bytes.
    #[inline(always)]
    pub fn write(&self, threads: usize, sink: &mut Sink<'_>) {
        sink.write(&self.header);
        self.array.write_data(self.order, threads, sink);
    }
    /// Writes header and data to a stream, without building them in memory first.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_to(&self, out: &mut dyn io::Write) -> io::Result<()> {
        out.write_all(&self.header)?;
        self.array.write_to(self.order, 1, out)
    }
}
