//! Any n-dimensional array to bytes, and any such bytes back to the array.
pub mod array;
mod cursor;
mod error;
mod limits;
pub use array::{
    Array, BaseUnit, ByteOrder, DType, Element, Field, Kind, Layout, Order, Scalar, Sink, Source,
    Struct, TimeUnit,
};
pub use error::{DecodeError, DecodeErrorKind, EncodeError, Result};
pub use limits::Limits;
