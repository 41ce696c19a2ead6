//! Looking at bytes without trusting them: what they say about themselves, and what is odd.

use crate::array::{Kind, Scalar};
use crate::error::Result;
use crate::formats::{self, Format, ReadOptions, Summary, npz};
use crate::limits::Limits;

/// What `bytes` say about themselves; the elements are not looked at.
///
/// `nbytes` is the length of the whole input, of which `bytes` may be the start. `oddities` then
/// also tells of an input that is too short or too long for its description.
///
/// # Errors
/// When the bytes do not say what they are.
///
/// ```
/// let bytes = ndbytes::array_to_bytes(&[1_u8, 2, 3][..])?;
/// let summary = ndbytes::inspect(&bytes, bytes.len() as u64, &Default::default())?;
/// assert_eq!(summary.entries[0].shape[..], [3]);
/// assert!(summary.oddities.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn inspect(bytes: &[u8], nbytes: u64, options: &ReadOptions) -> Result<Summary> {
    Ok(annotated(formats::peek(bytes, options)?, nbytes))
}

/// What an npz archive says about itself, wherever its bytes are; see [`inspect`].
///
/// ```
/// # let bytes = ndbytes::npz::write(&[("x", (&[1_u8, 2][..]).into())], &Default::default())?;
/// # let file = std::io::Cursor::new(bytes);
/// let archive = ndbytes::npz::Archive::from_reader(file, Default::default())?;
/// let summary = ndbytes::inspect_archive(&archive, &Default::default());
/// assert_eq!(summary.entries[0].name.as_deref(), Some("x"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn inspect_archive(archive: &npz::Archive<'_>, limits: &Limits) -> Summary {
    let summary = formats::summary_of_npz(&archive.peek(limits));
    annotated(summary, archive.nbytes())
}

/// With what is odd about the arrays themselves.
fn annotated(mut summary: Summary, nbytes: u64) -> Summary {
    let mut notes = Vec::new();
    for entry in &summary.entries {
        // In a pickle more follows the data, and STOP has told that all is there; in an npz the
        // directory has.
        let last = !matches!(summary.format, Format::Pickle | Format::Npz);
        let end = entry.offset.zip(entry.nbytes).map(|(offset, size)| offset.saturating_add(size));
        if let Some(end) = end.filter(|_| last) {
            match nbytes {
                _ if nbytes < end => notes.push(format!(
                    "cut short: the data ends at byte {end}, there are {nbytes} bytes"
                )),
                _ if nbytes > end => {
                    notes.push(format!("{} bytes follow the data", nbytes - end));
                }
                _ => {}
            }
        }
        notes.extend(dtype_notes(entry.dtype.kind()).map(str::to_owned));
    }
    summary.oddities.extend(notes);
    summary
}

pub(crate) fn dtype_notes(kind: &Kind) -> Option<&'static str> {
    match kind {
        Kind::Scalar(scalar) if scalar.is_long_double() => {
            Some("long doubles mean something else on other platforms: only their bits are kept")
        }
        Kind::Scalar(Scalar::BFloat16) => Some("bfloat16 needs the ml_dtypes package in Python"),
        Kind::Scalar(scalar) if scalar.is_extension() => {
            Some("the dtype needs the ml_dtypes package in Python")
        }
        Kind::Object => Some("the data is a pickle of Python objects"),
        Kind::Struct(structure) => {
            structure.fields().iter().find_map(|field| dtype_notes(field.dtype.kind()))
        }
        _ => None,
    }
}
