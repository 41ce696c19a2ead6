//! Any n-dimensional array to bytes, and back.
