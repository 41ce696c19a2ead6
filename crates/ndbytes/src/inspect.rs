//! Looking at bytes without trusting them: what they say about themselves, and what is odd.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use crate::array::{Kind, Scalar, Source};
use crate::error::{DecodeError, Result};
use crate::formats::{self, Format, MOST_OF_OBJECTS, ReadOptions, Summary, npz};
use crate::limits::Limits;

/// Descriptions at the start of a stream are nearly all shorter, and of objects no more is looked at.
const ENOUGH_FOR_MOST: u64 = MOST_OF_OBJECTS as u64;
/// What is told by its end is told by no more of it.
const MOST_OF_AN_END: u64 = 64;
/// More of a stream is not kept, whatever may come at its end.
const MOST_OF_A_STREAM: u64 = 256 << 20;

/// What `bytes` say about themselves; the elements are not looked at.
///
/// `nbytes` is the length of the whole input, of which `bytes` may be the start, or `None` where
/// that is not known. `oddities` then also tells of an input that is too short or too long for its
/// description. Of objects in npy and npz the names are told that their pickle asks for in the first 64
/// KiB of the npy; [`verify`](crate::verify()) reads all of it. An npz archive lists what is in it at its
/// end; of the start of one, the members are told that are there, and of the start of a pickle what it
/// has asked for by then.
///
/// # Errors
/// When the bytes do not say what they are.
///
/// ```
/// let bytes = ndbytes::array_to_bytes(&[1_u8, 2, 3][..])?;
/// let summary = ndbytes::inspect(&bytes, bytes.len() as u64, &Default::default())?;
/// assert_eq!(summary.entries[0].shape[..], [3]);
/// assert!(summary.oddities.is_empty());
/// let summary = ndbytes::inspect(&bytes[..128], None, &Default::default())?;
/// assert_eq!((summary.entries[0].nbytes, summary.nbytes), (Some(3), None));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn inspect(
    bytes: &[u8],
    nbytes: impl Into<Option<u64>>,
    options: &ReadOptions,
) -> Result<Summary> {
    let summary = formats::peek(bytes, options).or_else(|error| match error.needed() {
        Some(_) => formats::peek_start(bytes, options).ok_or(error),
        None => Err(error),
    })?;
    Ok(annotated(summary, nbytes.into()))
}

/// What a stream says about itself. Of npy the header is read and little more, of other formats up
/// to 256 MiB, which are kept in memory: what they say may come at their end.
///
/// # Errors
/// As [`inspect`], and when the stream cannot be read.
///
/// ```
/// let bytes = ndbytes::array_to_bytes(&[1_u8, 2, 3][..])?;
/// let summary = ndbytes::inspect_stream(&mut &bytes[..], &Default::default())?;
/// assert_eq!(summary.nbytes, Some(131));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn inspect_stream(stream: &mut impl Read, options: &ReadOptions) -> Result<Summary> {
    let (mut bytes, mut wanted, mut ended) = (Vec::new(), ENOUGH_FOR_MOST, false);
    loop {
        let missing = wanted.saturating_sub(bytes.len() as u64);
        let read = stream.by_ref().take(missing).read_to_end(&mut bytes);
        ended |= (read.map_err(|error| DecodeError::io(&error))? as u64) < missing;
        if ended || wanted >= MOST_OF_A_STREAM {
            break;
        }
        let needed = match formats::peek(&bytes, options) {
            Ok(_) => break,
            Err(error) => match error.needed() {
                Some(needed) => needed,
                None if formats::may_become_pickle(&bytes) => 0,
                None => break,
            },
        };
        // Never only a little further: each time all is looked at anew.
        wanted = needed.max(wanted.saturating_mul(2)).min(MOST_OF_A_STREAM);
    }
    let nbytes = ended.then_some(bytes.len() as u64);
    inspect(&bytes, nbytes, options)
}

/// What a file says about itself. Of npy only the header is read, of npz the directory and the header
/// of each array; pickles are read whole. Where the file stands does not matter.
///
/// # Errors
/// As [`inspect_stream`].
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("x.npy");
/// std::fs::write(&path, ndbytes::array_to_bytes(&[1_u8, 2, 3][..])?)?;
/// let summary = ndbytes::inspect_file(std::fs::File::open(&path)?, &Default::default())?;
/// assert_eq!(summary.entries[0].shape[..], [3]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn inspect_file(file: File, options: &ReadOptions) -> Result<Summary> {
    inspect_anywhere(file, options, |file, options| {
        let file = file.try_clone().map_err(|error| DecodeError::io(&error))?;
        npz::Archive::from_file(file, options)
    })
}

/// What a stream that can be read from any place says about itself, as [`inspect_file`] does.
///
/// # Errors
/// As [`inspect_stream`].
///
/// ```
/// let bytes = ndbytes::array_to_bytes(&[1_u8, 2, 3][..])?;
/// let summary = ndbytes::inspect_reader(std::io::Cursor::new(bytes), &Default::default())?;
/// assert_eq!(summary.entries[0].shape[..], [3]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn inspect_reader(reader: impl Read + Seek + Send, options: &ReadOptions) -> Result<Summary> {
    inspect_anywhere(reader, options, |reader, options| npz::Archive::from_reader(reader, options))
}

/// Opens the archive that is in a file.
type Open<F> = for<'f> fn(&'f mut F, npz::ReadOptions) -> Result<npz::Archive<'f>>;

fn inspect_anywhere<F: Read + Seek + Send>(
    mut file: F,
    options: &ReadOptions,
    open: Open<F>,
) -> Result<Summary> {
    let io = |error: io::Error| DecodeError::io(&error);
    let in_archives = npz::ReadOptions::new().limits(options.limits);
    let length = file.seek(SeekFrom::End(0)).map_err(io)?;
    let (mut bytes, mut wanted) = (Vec::new(), ENOUGH_FOR_MOST / 16);
    loop {
        file.seek(SeekFrom::Start(bytes.len() as u64)).map_err(io)?;
        let missing = wanted.saturating_sub(bytes.len() as u64);
        let read = file.by_ref().take(missing).read_to_end(&mut bytes).map_err(io)?;
        let is_all = (read as u64) < missing;
        let nbytes = length.max(bytes.len() as u64);
        let format = options.format.or_else(|| formats::sniff(&bytes));
        if format == Some(Format::Npz) && !is_all {
            let whole = open(&mut file, in_archives)
                .map(|archive| inspect_archive(&archive, &options.limits));
            return match whole {
                Err(error) if error.needed().is_some() => {
                    inspect_cut_archive(file, nbytes, options)?.ok_or(error)
                }
                whole => whole,
            };
        }
        match inspect(&bytes, nbytes, options) {
            _ if format != Some(Format::Npy) && !is_all => {
                // Programs that unpack themselves say what they are at their end.
                if format.is_none()
                    && let Ok(archive) = open(&mut file, in_archives)
                {
                    return Ok(inspect_archive(&archive, &options.limits));
                }
                if format.is_none() && !says_at_its_end(&mut file).map_err(io)? {
                    let len = usize::try_from(nbytes).unwrap_or(usize::MAX);
                    return Err(formats::no_description(len));
                }
                wanted = u64::MAX;
            }
            Ok(summary) if !is_all && wanted < ENOUGH_FOR_MOST && asks_behind(&summary) => {
                wanted = ENOUGH_FOR_MOST;
            }
            Err(error) if error.needed().is_some() && !is_all => {
                wanted = error.needed().unwrap_or(0).max(wanted.saturating_mul(2));
            }
            summary => return summary,
        }
    }
}

/// Whether what the elements ask for is said behind the header.
fn asks_behind(summary: &Summary) -> bool {
    summary.entries.iter().any(|entry| entry.dtype.has_objects())
}

/// Whether the end of a file may say what it is: an archive's, or the STOP of a pickle that has no magic.
/// All else is not worth reading.
fn says_at_its_end(file: &mut (impl Read + Seek)) -> io::Result<bool> {
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(length.saturating_sub(MOST_OF_AN_END)))?;
    let mut end = Vec::new();
    file.by_ref().take(MOST_OF_AN_END).read_to_end(&mut end)?;
    Ok(end.ends_with(b".") || npz::sniff_end(&Source::slice(&end)))
}

/// What the members of an archive say of which the end, with the directory, is not there; `None` where
/// there are none.
fn inspect_cut_archive(
    file: impl Read + Seek + Send,
    nbytes: u64,
    options: &ReadOptions,
) -> Result<Option<Summary>> {
    let peeked = npz::peek_cut(file, &options.limits)?;
    let is_there = !peeked.arrays.is_empty();
    Ok(is_there.then(|| annotated(formats::summary_of_npz(peeked), Some(nbytes))))
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
    let summary = formats::summary_of_npz(archive.peek(limits));
    annotated(summary, Some(archive.nbytes()))
}

/// With what is odd about the arrays themselves, and about the length of the whole.
fn annotated(mut summary: Summary, nbytes: Option<u64>) -> Summary {
    let mut notes = Vec::new();
    if let (Some(end), Some(nbytes)) = (summary.end, nbytes) {
        match nbytes.checked_sub(end) {
            None => notes
                .push(format!("cut short: the data ends at byte {end}, there are {nbytes} bytes")),
            Some(0) => {}
            Some(more) if summary.format == Format::Pickle => {
                notes.push(format!("{more} bytes follow the pickle"));
            }
            Some(more) => notes.push(format!("{more} bytes follow the data")),
        }
    }
    for entry in &mut summary.entries {
        entry.oddities.extend(dtype_notes(entry.dtype.kind()).map(str::to_owned));
    }
    summary.oddities = match &mut summary.entries[..] {
        // All that is said is said of the one array.
        [entry] if summary.format == Format::Npy => {
            entry.oddities.extend(notes);
            entry.oddities.clone()
        }
        entries => {
            let of_entries = entries.iter().flat_map(|entry| {
                let prefix = entry.member.as_ref().or(entry.name.as_ref());
                let prefix = prefix.map_or(String::new(), |name| format!("{name:?}: "));
                entry.oddities.iter().map(move |oddity| format!("{prefix}{oddity}"))
            });
            of_entries.chain(summary.oddities).chain(notes).collect()
        }
    };
    summary.nbytes = nbytes;
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
