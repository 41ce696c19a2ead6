//! npz: many arrays in one, each with its name. The format of `numpy.savez`.
//!
//! An npz file is a zip archive of npy files.
//!
//! In: `archive` finds the directory, and each member by it; `read` takes members as views or
//! inflates them (`inflate`), by several threads, and has `npy` read the arrays.
//!
//! Out: `content` cuts members into chunks, which several threads compress by an encoder made for
//! arrays (`deflate`); `write` puts the `records` around them. `update` changes an archive without
//! compressing anew what stays, `verify` holds every byte against what the archive says.

mod allowance;
mod archive;
mod codec;
mod content;
#[doc(hidden)]
pub mod deflate;
#[doc(hidden)]
pub mod inflate;
mod names;
mod peek;
mod read;
mod records;
mod storage;
mod update;
mod verify;
mod write;

pub use archive::{Directory, Member, Method};
pub use peek::{Peeked, PeekedArray, peek_cut};
pub use read::{Archive, Held, ReadOptions};
pub use update::Update;
pub use verify::Findings;
pub use write::{Compression, Prepared, WriteOptions, Writer, write};

pub(super) use peek::{peek, peek_start};

use crate::array::{Array, Source};
use crate::error::Result;

/// The first four bytes of every archive that holds something.
pub const MAGIC: &[u8; 4] = b"PK\x03\x04";
/// The first four bytes of an archive that is empty.
pub const MAGIC_EMPTY: &[u8; 4] = b"PK\x05\x06";

/// Whether an input is an archive: it starts as one does.
pub(super) fn sniff(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC) || bytes.starts_with(MAGIC_EMPTY)
}

/// Whether an input ends as archives without a comment do. Programs that unpack themselves start as
/// programs.
pub(crate) fn sniff_end(source: &Source<'_>) -> bool {
    source.len().checked_sub(records::END_SIZE).is_some_and(|at| {
        let end = source.to_vec(at, records::END_SIZE);
        end.starts_with(MAGIC_EMPTY) && end.ends_with(&[0, 0])
    })
}

/// Reads all arrays with their names, in the order of the archive. Those that are stored as they
/// are borrow their data.
///
/// # Errors
/// When the archive or one of its arrays is damaged, or reading would break the limits.
///
/// ```
/// use ndbytes::npz;
/// let bytes = npz::write(&[("x", (&[1_i16, 2, 3][..]).into())], &Default::default())?;
/// let arrays = npz::read(&bytes, npz::ReadOptions::new())?;
/// assert_eq!(arrays[0].0, "x");
/// assert_eq!(arrays[0].1.as_slice::<i16>()?, [1, 2, 3]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read<'a>(bytes: &'a [u8], options: ReadOptions) -> Result<Vec<(String, Array<'a>)>> {
    Archive::new(Source::slice(bytes), options)?.arrays()
}
