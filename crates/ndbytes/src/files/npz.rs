//! npz files changed as a whole: what stays is copied by the file system, which may share it.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use super::target::{Existing, FileError, Target, WriteOptions};
use crate::array::Array;
use crate::formats::npz::{self, Archive, Update};

/// What is to change in an npz file: first members are removed, then renamed, then added.
#[derive(Clone, Debug, Default)]
pub struct NpzChanges<'c, 'a> {
    /// Names of members to remove.
    pub remove: &'c [String],
    /// Old and new names.
    pub rename: &'c [(String, String)],
    /// Arrays to add, each in the place of one of the same name if there is one.
    pub set: &'c [(String, Array<'a>)],
}

/// Changes the npz file at `path`. What stays in it is neither read nor compressed anew, and the file
/// is the old one or the new one at any moment, never something between.
///
/// # Errors
/// When the file cannot be read or written, is no npz or damaged, when there is no member of a name
/// (a source of kind [`InvalidData`](io::ErrorKind::InvalidData)), and when an array cannot be written
/// ([`InvalidInput`](io::ErrorKind::InvalidInput)). The file is then as it was.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("x.npz");
/// use ndbytes::files::{self, NpzChanges};
/// use ndbytes::{Array, npz};
/// # let arrays = [("x".to_owned(), Array::from_slice(&[1.5_f32, 2.5], &[2])?)];
/// # std::fs::write(&path, npz::write(&arrays, &Default::default())?)?;
/// let more = [("y".to_owned(), Array::from_slice(&[1, 2, 3], &[3])?)];
/// let changes = NpzChanges { set: &more, ..NpzChanges::default() };
/// files::change_npz(&path, &changes, &Default::default(), &Default::default())?;
/// let bytes = std::fs::read(&path)?;
/// assert_eq!(npz::read(&bytes, Default::default())?.len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn change_npz(
    path: &Path,
    changes: &NpzChanges<'_, '_>,
    npz: &npz::WriteOptions,
    options: &WriteOptions,
) -> Result<(), FileError> {
    let about = |error: io::Error| FileError::new(path, "", error);
    let broken = |error| about(io::Error::new(io::ErrorKind::InvalidData, error));
    let old = File::open(path).map_err(about)?;
    let shared = old.try_clone().map_err(about)?;
    let archive = Archive::from_file(shared, npz::ReadOptions::new()).map_err(broken)?;
    let mut update = Update::new(&archive, *npz);
    for name in changes.remove {
        update.remove(name).map_err(broken)?;
    }
    for (from, to) in changes.rename {
        update.rename(from, to).map_err(broken)?;
    }
    for (name, array) in changes.set {
        update.set(name, array);
    }
    let target = Target::at(path, Existing::Replace)?;
    target.write(options, |new| {
        // Between files this goes by `copy_file_range`, which shares blocks where it can.
        let copied = update.write_with(new, |new, range| {
            let mut from = &old;
            from.seek(SeekFrom::Start(range.start))?;
            let wanted = range.end - range.start;
            match io::copy(&mut from.take(wanted), new)? == wanted {
                true => Ok(()),
                false => Err(io::ErrorKind::UnexpectedEof.into()),
            }
        });
        copied.map(|_| ()).map_err(about)
    })
}
