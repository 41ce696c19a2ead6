//! Files: a path that sees a whole file or none, and large reads by all cores.
//!
//! * `target`: where the bytes for a path go; a file is replaced only by a complete one
//! * `npz`: members added to a file, replaced, renamed and removed
//! * `behind`: a second thread writes while much of little is prepared
//! * `transfer`: room for a file before it is written, and reading it straight to where it stays

mod behind;
mod npz;
mod target;
mod transfer;

pub use behind::write_behind;
pub use npz::{NpzChanges, change_npz};
pub use target::{Existing, FileError, Target, WriteOptions};
pub use transfer::{Progress, read_at, unwatched};

use std::fs::File;
use std::io::{self, Write};
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
    write_watched(path, array, format, options, &mut unwatched)
}

/// As [`write()`], and tells `progress` how far it is, which may stop it.
///
/// Of all is said the length of the file if `options` have it, and else the number of the elements'
/// bytes, beyond which `done` is not said to be.
///
/// # Errors
/// Those of [`write()`], and those of `progress`. A file that was there is then as it was.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("x.npy");
/// use ndbytes::{Array, Format, files};
/// let values = vec![1.5_f32; 1_000_000];
/// let array = Array::from_slice(&values, &[values.len()])?;
/// let mut shares = Vec::new();
/// let mut watch = |done: u64, total: u64| {
///     shares.push(done as f64 / total as f64);
///     Ok(())
/// };
/// files::write_watched(&path, &array, Format::Npy, &Default::default(), &mut watch)?;
/// assert_eq!(shares.last(), Some(&1.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_watched(
    path: &Path,
    array: &Array<'_>,
    format: Format,
    options: &WriteOptions,
    progress: &mut dyn Progress,
) -> Result<(), FileError> {
    let target = Target::at(path, Existing::Replace)?;
    let total = options.length.unwrap_or(array.nbytes() as u64);
    target.write(options, |file| {
        let mut out = Watched { file, progress, done: 0, total };
        formats::write(array, format, &mut out).map_err(|error| FileError::new(path, "", error))
    })
}

/// What is written between two calls of the progress.
const PIECE: usize = 8 << 20;

/// A file whose writing is watched.
struct Watched<'w> {
    file: &'w mut File,
    progress: &'w mut dyn Progress,
    done: u64,
    total: u64,
}

impl Write for Watched<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(&bytes[..bytes.len().min(PIECE)])?;
        self.done += written as u64;
        self.progress.advanced(self.done.min(self.total), self.total)?;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_told_of_all_and_may_stop_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let values = vec![1_u32; 3 << 20];
        let array = Array::from_slice(&values, &[values.len()]).unwrap();
        for format in [Format::Npy, Format::Pickle, Format::Npz] {
            let (mut last, mut calls) = (0, 0);
            let mut watch = |done: u64, total: u64| {
                assert!(last <= done && done <= total);
                (last, calls) = (done, calls + 1);
                Ok(())
            };
            write_watched(&path, &array, format, &WriteOptions::new(), &mut watch).unwrap();
            assert_eq!(last, 12 << 20, "{format:?}");
            assert!(calls >= 2, "{format:?}");
        }
        let before = std::fs::read(&path).unwrap();
        let mut stop = |_: u64, _: u64| Err(io::Error::other("enough"));
        let stopped =
            write_watched(&path, &array, Format::Npy, &WriteOptions::new(), &mut stop).unwrap_err();
        assert!(stopped.to_string().ends_with("enough"));
        assert_eq!(std::fs::read(&path).unwrap(), before);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
