//! Files: a path that sees a whole file or none, and large reads by all cores.
//!
//! * `target`: where the bytes for a path go; a file is replaced only by a complete one
//! * `npz`: members added to a file, replaced, renamed and removed
//! * `transfer`: room for a file before it is written, and reading it straight to where it stays

mod npz;
mod target;
mod transfer;

pub use npz::{NpzChanges, change_npz};
pub use target::{Existing, FileError, Target, WriteOptions};
pub use transfer::{Progress, read_at, unwatched};

use std::io;
use std::path::Path;

use crate::array::Array;
use crate::formats::{self, Format};

/// Writes `array` to the file at `path`, which is replaced when all of it is written.
///
/// # Errors
/// When the format cannot hold the array (a source of kind
/// [`InvalidInput`](io::ErrorKind::InvalidInput)) or the file cannot be written. A file that was
/// there is then as it was.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("x.npy");
/// use ndbytes::{Array, Format, files};
/// let array = Array::from_slice(&[1.5_f32, 2.5], &[2])?;
/// files::write(&path, &array, Format::Npy, &files::WriteOptions::new())?;
/// assert_eq!(std::fs::read(&path)?, ndbytes::npy::write(array)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write(
    path: &Path,
    array: &Array<'_>,
    format: Format,
    options: &WriteOptions,
) -> Result<(), FileError> {
    let target = Target::at(path, Existing::Replace)?;
    let written = |error: io::Error| FileError::new(path, "", error);
    target.write(options, |file| formats::write(array, format, file).map_err(written))
}
