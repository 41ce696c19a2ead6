//! Between Python's memory and the core: the only place of this crate that touches pointers.
//!
//! * `descr`: NumPy's dtypes, in both directions
//! * `recent`: the structures of late, which are dear to take apart
//! * `headers`: the npy headers of late, and the arrays that they describe
//! * `ndarray`: NumPy's arrays, in both directions
//! * `blocks`: memory that small arrays share
//! * `buffer`: bytes-like objects in, `bytes` out
//! * `dlpack`: arrays of other libraries that NumPy does not take
//! * `stream`: file objects and sockets, by their methods
//! * `socket`: sockets that the system knows by a number
//! * `file`: files that the system knows by a number
//! * `fresh`: the memory of an array that arrives from either

pub(crate) mod blocks;
pub(crate) mod buffer;
pub(crate) mod descr;
mod dlpack;
pub(crate) mod file;
pub(crate) mod fresh;
pub(crate) mod headers;
pub(crate) mod ndarray;
mod recent;
mod socket;
pub(crate) mod stream;
