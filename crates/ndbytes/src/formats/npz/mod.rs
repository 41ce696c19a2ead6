//! npz: several arrays in one zip file.

#[doc(hidden)]
pub mod deflate;
