//! Python's values to the core's inert values, and back.
//!
//! * `read`: an inert value of a Python value
//! * `make`: a Python value of an inert one
//! * `known`: the classes that both may meet, by name

mod known;
mod make;
mod read;

pub(crate) use known::{pickle_buffer, raw};
pub(crate) use make::{Elements, array, owned, value};
pub(crate) use read::{Object, array_of_objects, objects, read, with_npy_message};
