//! Any n-dimensional array to bytes, and any such bytes back to the array: exact, safe, at the
//! speed of memory.
//!
//! ```
//! use ndarray::array;
//!
//! let a = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
//! let bytes = ndbytes::array_to_bytes(&a)?;           // npy, as NumPy writes it
//! let back = ndbytes::bytes_to_array(&bytes)?;        // borrowed from `bytes`
//! assert_eq!(back.shape(), [2, 3]);
//! assert_eq!(back.to_owned_array::<f64>()?, a.into_dyn());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The path of data
//!
//! In: bytes, [`sniff`]ed for their format, [`peek`]ed at for their description, checked into a
//! [`Layout`], become an [`Array`] that borrows them, seen through [`Array::view`] or copied by
//! [`Array::to_owned_array`].
//!
//! Out: an [`Array`] over whatever memory there is, its header, one allocation, filled once.
//!
//! # What no input does
//!
//! No input makes this library panic, run code, read out of bounds, or allocate more than
//! [`Limits`] allow. What cannot be read exactly is refused with a [`DecodeError`], which says what
//! was found, where, and what to try.
#![deny(unsafe_code)]
#![warn(missing_docs)]

pub mod array;
mod compare;
mod cursor;
mod diagnosis;
mod error;
pub mod files;
mod formats;
pub mod guess;
mod inspect;
mod limits;
mod verify;
mod wide;

pub use array::{
    Array, BaseUnit, ByteOrder, DType, Element, Field, Kind, Layout, Numbers, Order, Scalar, Sink,
    Slice, Source, Struct, TimeUnit,
};
pub use compare::{DiffOptions, Difference, Place, diff, equal, identical};
pub use diagnosis::{Way, explain, explain_to, recognise};
pub use error::{DecodeError, DecodeErrorKind, EncodeError, Result};
pub use formats::{
    Entries, Entry, Format, ReadOptions, Summary, npy, npz, peek, pickle, raw, read, read_array,
    read_source, sniff, write,
};
pub use guess::{Guess, GuessOptions, guess};
pub use inspect::{inspect, inspect_archive, inspect_file, inspect_reader, inspect_stream};
pub use limits::Limits;
pub use verify::{Verified, verify, verify_archive, verify_stream};

/// Writes an array as self-describing bytes: npy, byte for byte as NumPy writes it.
///
/// Takes references to `ndarray` arrays and views of any dimension, slices, and [`Array`]s; see
/// [`Array::from_slice`] for a slice with a shape.
///
/// # Errors
/// When npy cannot hold the array's dtype.
///
/// ```
/// let bytes = ndbytes::array_to_bytes(&[1_i16, 2, 3][..])?;
/// assert_eq!(&bytes[..6], b"\x93NUMPY");
/// # Ok::<(), ndbytes::EncodeError>(())
/// ```
pub fn array_to_bytes<'a>(array: impl Into<Array<'a>>) -> Result<Vec<u8>, EncodeError> {
    npy::write(array)
}

/// Reads the one array in `bytes`, whose format is told from how they start. The array borrows its
/// data from `bytes`.
///
/// # Errors
/// When the bytes do not say what they are (the hint then holds guesses), are damaged or cut short, or
/// hold several arrays.
///
/// ```
/// let bytes = ndbytes::array_to_bytes(&[1_i16, 2, 3][..])?;
/// let array = ndbytes::bytes_to_array(&bytes)?;
/// assert_eq!(array.to_vec::<i16>()?, [1, 2, 3]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn bytes_to_array(bytes: &[u8]) -> Result<Array<'_>> {
    let source = Source::slice(bytes);
    read_array(source.clone(), &ReadOptions::new()).map_err(|error| explain(error, &source, None))
}
