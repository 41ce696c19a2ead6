//! The formats, in one table: how each is told from its first bytes, described, read and written.

pub mod npy;
pub mod npz;
pub mod pickle;
pub mod raw;

pub(crate) use npy::MOST_OF_OBJECTS;

use std::collections::HashSet;
use std::io;

use crate::array::{Array, DType, Dims, Order, Source, quoted};
use crate::error::{DecodeError, DecodeErrorKind, EncodeError, Result};
use crate::limits::Limits;

/// A representation of arrays in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// The bytes of the elements and nothing else.
    Raw,
    /// NumPy's npy: one array, self-described.
    Npy,
    /// NumPy's npz: several arrays, each with its name.
    Npz,
    /// Python's pickle, of one array.
    Pickle,
}

/// One row of the table. The functions take the whole input.
struct Row {
    format: Format,
    name: &'static str,
    extensions: &'static [&'static str],
    /// What the first bytes of every input in this format are; empty where nothing tells.
    magic: &'static [u8],
    /// Whether an input starts as this format does, magic included.
    sniff: fn(&[u8]) -> bool,
    /// Reads the description only, from the start of the input; the data need not be there.
    peek: fn(&[u8], &Limits) -> Result<Summary>,
    /// Reads the one array of a format for one, or of an input that holds no more.
    read_array: for<'a> fn(Source<'a>, &Limits) -> Result<Array<'a>>,
    /// Reads all arrays.
    read: for<'a> fn(Source<'a>, &Limits) -> Result<Entries<'a>>,
    /// Writes one array to a stream.
    write: fn(&Array<'_>, &mut dyn io::Write) -> io::Result<()>,
}

/// In the order in which inputs are tried.
const ROWS: [Row; 4] = [
    Row {
        format: Format::Npy,
        name: "npy",
        extensions: &["npy"],
        magic: npy::MAGIC,
        sniff: |bytes| bytes.starts_with(npy::MAGIC),
        peek: |bytes, limits| npy::peek(bytes, limits).map(summary_of_npy),
        read_array: npy::read_source,
        read: |source, limits| npy::read_source(source, limits).map(Entries::one),
        write: |array, out| npy::Message::new(array).map_err(refused)?.write_to(out),
    },
    Row {
        format: Format::Npz,
        name: "npz",
        extensions: &["npz"],
        magic: npz::MAGIC,
        sniff: npz::sniff,
        peek: |bytes, limits| npz::peek(bytes, limits).map(summary_of_npz),
        read_array: |source, limits| {
            read_npz(source, limits)?.into_array().map_err(|error| error.format("npz"))
        },
        read: read_npz,
        write: |array, out| {
            let arrays = [(NPZ_NAME, array.clone())];
            let prepared = npz::Prepared::new(&arrays).map_err(refused)?;
            prepared.write_to(out, &npz::WriteOptions::new()).map(|_| ())
        },
    },
    Row {
        format: Format::Pickle,
        name: "pickle",
        extensions: &["pkl", "pickle"],
        magic: b"\x80",
        sniff: pickle::sniff,
        peek: |bytes, limits| pickle::peek(bytes, limits).map(summary_of_pickle),
        read_array: read_array_of_pickle,
        read: |source, limits| read_array_of_pickle(source, limits).map(Entries::one),
        write: |array, out| out.write_all(&pickle::write(array).map_err(refused)?),
    },
    Row {
        format: Format::Raw,
        name: "raw",
        extensions: &["raw", "bin", "dat"],
        magic: b"",
        sniff: |_| false,
        peek: |bytes, _| Err(no_description(bytes.len())),
        read_array: |source, _| Err(no_description(source.len())),
        read: |source, _| Err(no_description(source.len())),
        write: |array, out| {
            raw::refuse_objects(array).map_err(refused)?;
            array.write_to(Order::C, 1, out)
        },
    },
];

/// How NumPy calls the first array without a name.
const NPZ_NAME: &str = "arr_0";

impl Format {
    /// Every format there is.
    pub fn all() -> impl Iterator<Item = Self> {
        ROWS.iter().map(|row| row.format)
    }

    fn row(self) -> &'static Row {
        ROWS.iter()
            .find(|row| row.format == self)
            .unwrap_or_else(|| unreachable!("every format has a row"))
    }

    /// The name, such as `"npy"`.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The format of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        ROWS.iter().find(|row| row.name == name).map(|row| row.format)
    }

    /// The format of files with this extension, without the dot.
    pub fn from_extension(extension: &str) -> Option<Self> {
        let matches = |known: &&str| known.eq_ignore_ascii_case(extension);
        ROWS.iter().find(|row| row.extensions.iter().any(matches)).map(|row| row.format)
    }
}

/// How to read.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct ReadOptions {
    /// What may be spent.
    pub limits: Limits,
    /// The format, if it is known; told from the bytes otherwise.
    pub format: Option<Format>,
}

impl ReadOptions {
    /// The default limits, and the format told from the bytes.
    pub fn new() -> Self {
        Self::default()
    }

    /// What may be spent.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Reads as this format, whatever the bytes look like.
    pub fn format(mut self, format: Format) -> Self {
        self.format = Some(format);
        self
    }
}

/// The arrays of one input, with their names; the array of a format for one has no name.
#[derive(Debug)]
pub struct Entries<'a> {
    entries: Vec<(Option<String>, Array<'a>)>,
}

impl<'a> Entries<'a> {
    fn one(array: Array<'a>) -> Self {
        Self { entries: vec![(None, array)] }
    }

    /// The only array.
    ///
    /// # Errors
    /// When there are several, or none; the hint names them.
    pub fn into_array(mut self) -> Result<Array<'a>> {
        if let [_] = &self.entries[..]
            && let Some((_, array)) = self.entries.pop()
        {
            return Ok(array);
        }
        let names: Vec<&str> = self.entries.iter().flat_map(|(name, _)| name.as_deref()).collect();
        Err(match names.len() {
            0 => DecodeError::mismatch("there is no array in it")
                .hint("it may be a zip of something else: inspect(data) tells what is in it"),
            count => DecodeError::mismatch(format!("there are {count} arrays in it, not one"))
                .hint(format!("bytes_to_arrays(data) reads them all: {}", quoted(names))),
        })
    }

    /// The number of arrays.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Names and arrays, in the order of the input.
    pub fn iter(&self) -> impl Iterator<Item = (Option<&str>, &Array<'a>)> {
        self.entries.iter().map(|(name, array)| (name.as_deref(), array))
    }
}

impl<'a> IntoIterator for Entries<'a> {
    type Item = (Option<String>, Array<'a>);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

/// What an input says about itself, without its elements.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Summary {
    /// The format.
    pub format: Format,
    /// The format's version, such as `"1.0"`.
    pub version: Option<String>,
    /// The arrays in it.
    pub entries: Vec<Entry>,
    /// The names that a pickle asks for. None of them is ever imported.
    pub names: Vec<pickle::Name>,
    /// What is unusual, though it is valid.
    pub oddities: Vec<String>,
    /// How many bytes there are in all, where that is known.
    pub nbytes: Option<u64>,
    /// How many oddities, the last ones, are those of the input as a whole and not of a part of it.
    pub(crate) of_all: usize,
    /// Where the input should end, if what follows is not part of it.
    pub(crate) end: Option<u64>,
}

/// What an input says about one of its arrays.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Entry {
    /// The array's name, in formats that hold several; in a pickle, where it is: `["x"][0]`.
    pub name: Option<String>,
    /// What one element is.
    pub dtype: DType,
    /// Elements along each axis.
    pub shape: Dims<usize>,
    /// The order in which the elements follow each other.
    pub order: Order,
    /// The byte of the input where the data starts; `None` when it does not lie there as it is, as
    /// in a pickle that spells it as text.
    pub offset: Option<u64>,
    /// The bytes that the data takes; `None` when only reading would tell, as for objects.
    pub nbytes: Option<u64>,
    /// Of an array that is compressed, the byte of its npy, once that is inflated, where the data
    /// starts; `None` of others.
    pub offset_inside: Option<u64>,
    /// How it is compressed, such as `"deflate"`; `None` where it is not.
    pub compression: Option<&'static str>,
    /// The version of the npy that it is, such as `"1.0"`; `None` in a pickle.
    pub version: Option<String>,
    /// The names that the pickle of its objects asks for, as far as that was looked at: the first 64
    /// KiB of its npy. They are among those of the whole, too. Of an array that is compressed, their
    /// places are those in its npy.
    pub names: Vec<pickle::Name>,
    /// What is unusual about this array. It is among what is unusual about the whole, too.
    pub oddities: Vec<String>,
    /// The name of the member of an archive that it is.
    pub(crate) member: Option<String>,
}

/// Alignments beyond this one tell nothing more: it is that of cache lines, and of npy.
const MOST_ALIGNMENT: u64 = 64;

impl Entry {
    /// The largest power of two, at most 64, of which the place of the data is a multiple: in the
    /// input, or, where it is compressed, in its npy. `None` when it does not lie as it is.
    pub fn alignment(&self) -> Option<u64> {
        let offset = self.offset.or(self.offset_inside)?;
        // Byte 0 is aligned to everything.
        Some(MOST_ALIGNMENT.min(1 << offset.trailing_zeros().min(63)))
    }
}

impl Summary {
    /// What is said about the arrays of this name, and about the input as a whole; `None` where there
    /// is none.
    pub fn only(mut self, name: &str) -> Option<Self> {
        self.entries.retain(|entry| entry.name.as_deref() == Some(name));
        let own = |entry: &Entry| entry.oddities.clone();
        let of_all = self.oddities.len().saturating_sub(self.of_all);
        let of_all = self.oddities.split_off(of_all);
        self.oddities = self.entries.iter().flat_map(own).chain(of_all).collect();
        self.names = each_once(&self.entries);
        (!self.entries.is_empty()).then_some(self)
    }
}

fn summary_of_npy(peeked: npy::Peeked) -> Summary {
    let header = peeked.header;
    let nbytes = header.layout().ok().filter(|_| !header.dtype.has_objects());
    let nbytes = nbytes.map(|layout| layout.nbytes() as u64);
    Summary {
        format: Format::Npy,
        version: Some(version_of_npy(header.version)),
        entries: vec![Entry {
            name: None,
            dtype: header.dtype,
            shape: header.shape,
            order: header.order,
            offset: Some(header.data_offset as u64),
            offset_inside: None,
            nbytes,
            compression: None,
            version: Some(version_of_npy(header.version)),
            names: peeked.names.clone(),
            oddities: peeked.oddities.clone(),
            member: None,
        }],
        names: peeked.names,
        oddities: peeked.oddities,
        of_all: 0,
        nbytes: None,
        end: nbytes.map(|nbytes| nbytes.saturating_add(header.data_offset as u64)),
    }
}

/// The names that arrays ask for.
fn each_once(entries: &[Entry]) -> Vec<pickle::Name> {
    let mut seen = HashSet::new();
    let names = entries.iter().flat_map(|entry| &entry.names);
    names.filter(|name| seen.insert(&name.name)).cloned().collect()
}

fn version_of_npy((major, minor): (u8, u8)) -> String {
    format!("{major}.{minor}")
}

pub(crate) fn summary_of_npz(peeked: npz::Peeked) -> Summary {
    let entry = |array: npz::PeekedArray| {
        let header = array.npy.header;
        let nbytes = header.layout().ok().filter(|_| !header.dtype.has_objects());
        let before = header.data_offset as u64;
        let (mut names, mut offset, mut offset_inside) = (array.npy.names, None, None);
        match array.method == npz::Method::Stored {
            true => {
                offset = Some(array.member_at.saturating_add(before));
                names.iter_mut().for_each(|name| name.offset += array.member_at);
            }
            false => offset_inside = Some(before),
        }
        Entry {
            name: Some(array.name),
            dtype: header.dtype,
            shape: header.shape,
            order: header.order,
            offset,
            offset_inside,
            nbytes: nbytes.map(|layout| layout.nbytes() as u64),
            compression: array.method.name(),
            version: Some(version_of_npy(header.version)),
            names,
            oddities: array.npy.oddities,
            member: Some(array.member),
        }
    };
    let entries: Vec<Entry> = peeked.arrays.into_iter().map(entry).collect();
    Summary {
        format: Format::Npz,
        version: None,
        names: each_once(&entries),
        entries,
        of_all: peeked.oddities.len(),
        oddities: peeked.others.into_iter().chain(peeked.oddities).collect(),
        nbytes: None,
        end: None,
    }
}

fn read_npz<'a>(source: Source<'a>, limits: &Limits) -> Result<Entries<'a>> {
    let options = npz::ReadOptions::new().limits(*limits);
    let arrays = npz::Archive::new(source, options)?.arrays()?;
    Ok(Entries { entries: arrays.into_iter().map(|(name, array)| (Some(name), array)).collect() })
}

/// A pickle in memory that others may write is copied whole: every byte of it decides something.
fn read_array_of_pickle<'a>(source: Source<'a>, limits: &Limits) -> Result<Array<'a>> {
    let options = pickle::ReadOptions::new().limits(*limits);
    match source.lent() {
        Some(bytes) => pickle::read_array(bytes, options),
        None => {
            let copy = source.to_vec(0, source.len());
            pickle::read_array(&copy, options).map(|array| array.to_owned())
        }
    }
}

fn summary_of_pickle(peeked: pickle::Peeked) -> Summary {
    let entry = |array: pickle::PeekedArray| Entry {
        name: array.path,
        nbytes: array.offset.and_then(|_| {
            let count = array.shape.iter().try_fold(1_u64, |n, &dim| n.checked_mul(dim as u64))?;
            count.checked_mul(array.dtype.itemsize() as u64)
        }),
        dtype: array.dtype,
        shape: array.shape,
        order: array.order,
        offset: array.offset,
        offset_inside: None,
        compression: None,
        version: None,
        names: Vec::new(),
        oddities: Vec::new(),
        member: None,
    };
    let cut = (!peeked.is_whole)
        .then(|| format!("cut short: the pickle goes on behind byte {}", peeked.nbytes));
    let oddities = peeked.oddities().chain(cut).collect();
    Summary {
        format: Format::Pickle,
        version: Some(peeked.protocol.to_string()),
        entries: peeked.arrays.into_iter().map(entry).collect(),
        names: peeked.names,
        oddities,
        of_all: 0,
        nbytes: None,
        end: peeked.is_whole.then_some(peeked.nbytes),
    }
}

/// The format of `bytes`, told from how they start; `None` when nothing tells.
pub fn sniff(bytes: &[u8]) -> Option<Format> {
    ROWS.iter().find(|row| (row.sniff)(bytes)).map(|row| row.format)
}

/// Has `read` read as the format that was asked for, or as the one that the bytes start with.
/// Pickles of protocols 0 and 1 start with nothing of their own: they are what can be read as one.
#[inline]
fn with_format<T>(
    source: &Source<'_>,
    options: &ReadOptions,
    read: impl Fn(&'static Row) -> Result<T>,
) -> Result<T> {
    let (start, len) = source.start_of();
    match options.format.or_else(|| sniff(&start[..len])) {
        Some(format) => read(format.row()),
        None if pickle::may_be_old(&start[..len], source.last()) => {
            read(Format::Pickle.row()).map_err(|error| match error.kind() {
                // A pickle it is, though not of what was asked for.
                DecodeErrorKind::Unsafe { .. } | DecodeErrorKind::Mismatch => error,
                _ => unrecognized(&start[..len], source.len()),
            })
        }
        None if npz::sniff_end(source) => read(Format::Npz.row()),
        None => Err(unrecognized(&start[..len], source.len())),
    }
}

/// Reads what `bytes` say about themselves; only the start of the input needs to be there.
///
/// # Errors
/// When they say nothing, or nothing that holds. [`DecodeError::needed`] says how many bytes the
/// description takes when more are needed.
pub fn peek(bytes: &[u8], options: &ReadOptions) -> Result<Summary> {
    with_format(&Source::slice(bytes), options, |row| (row.peek)(bytes, &options.limits)).or_else(
        |error| match options.format {
            None => peek_old_pickle(bytes, &options.limits).ok_or(error),
            Some(_) => Err(error),
        },
    )
}

/// What the start of an input says about itself whose description is not at the start: as much of it
/// as is there. `None` where that is nothing.
#[cold]
pub(crate) fn peek_start(bytes: &[u8], options: &ReadOptions) -> Option<Summary> {
    let summary = match options.format.or_else(|| sniff(bytes))? {
        Format::Npz => summary_of_npz(npz::peek_start(bytes, &options.limits)),
        Format::Pickle => summary_of_pickle(pickle::peek_start(bytes, &options.limits)),
        Format::Npy | Format::Raw => return None,
    };
    (!summary.entries.is_empty() || !summary.names.is_empty()).then_some(summary)
}

/// Whether `bytes` may be the start of a pickle that has no magic number.
pub(crate) fn may_become_pickle(bytes: &[u8]) -> bool {
    match pickle::Extent::default().end(bytes) {
        Ok(end) => end == bytes.len(),
        Err(error) => error.needed().is_some(),
    }
}

/// A pickle of protocol 0 or 1 may start with anything. It is told by being one, up to its end, that
/// asks for something: whoever looks should know.
#[cold]
fn peek_old_pickle(bytes: &[u8], limits: &Limits) -> Option<Summary> {
    if sniff(bytes).is_some() || !bytes.ends_with(b".") {
        return None;
    }
    let peeked = pickle::peek(bytes, limits).ok()?;
    let is_whole = peeked.nbytes == bytes.len() as u64;
    (is_whole && !peeked.names.is_empty()).then(|| summary_of_pickle(peeked))
}

/// The format that `source` is in: as [`peek`] tells it, or the one that was asked for.
pub(crate) fn format_of(source: &Source<'_>, options: &ReadOptions) -> Result<Format> {
    let (start, len) = source.start_of();
    if let Some(format) = options.format.or_else(|| sniff(&start[..len])) {
        return Ok(format);
    }
    if npz::sniff_end(source) {
        return Ok(Format::Npz);
    }
    let old = source.as_slice().and_then(|bytes| peek_old_pickle(bytes, &options.limits));
    match old {
        Some(summary) => Ok(summary.format),
        None => Err(unrecognized(&start[..len], source.len())),
    }
}

/// Reads all arrays, borrowing what can be borrowed.
///
/// # Errors
/// When the bytes do not hold arrays, or reading them would break the limits.
pub fn read<'a>(bytes: &'a [u8], options: &ReadOptions) -> Result<Entries<'a>> {
    read_source(Source::slice(bytes), options)
}

/// As [`read`], from memory that others may write: what decides is copied before it is read.
///
/// # Errors
/// As [`read`].
pub fn read_source<'a>(source: Source<'a>, options: &ReadOptions) -> Result<Entries<'a>> {
    with_format(&source, options, |row| (row.read)(source.clone(), &options.limits))
}

/// Reads the one array in `source`.
///
/// # Errors
/// As [`read`], and when there are several arrays or none.
#[inline]
pub fn read_array<'a>(source: Source<'a>, options: &ReadOptions) -> Result<Array<'a>> {
    with_format(&source, options, |row| (row.read_array)(source.clone(), &options.limits))
}

/// Writes one array.
///
/// # Errors
/// Those of `out`; an [`EncodeError`] comes as one of kind
/// [`InvalidInput`](io::ErrorKind::InvalidInput).
pub fn write(array: &Array<'_>, format: Format, out: &mut dyn io::Write) -> io::Result<()> {
    (format.row().write)(array, out)
}

fn refused(error: EncodeError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, error)
}

#[cold]
fn unrecognized(bytes: &[u8], len: usize) -> DecodeError {
    let starts_like = |row: &&Row| bytes.len() < row.magic.len() && row.magic.starts_with(bytes);
    if let Some(row) = ROWS.iter().find(starts_like)
        && !bytes.is_empty()
    {
        let (needed, found) = (row.magic.len() as u64, bytes.len() as u64);
        return DecodeError::incomplete("the magic number", needed, found).format(row.name);
    }
    no_description(len)
}

/// These bytes do not say what they are.
#[cold]
pub(crate) fn no_description(len: usize) -> DecodeError {
    let known: Vec<&str> =
        ROWS.iter().filter(|row| !row.magic.is_empty()).map(|row| row.name).collect();
    let found = match len {
        0 => "there are no bytes".to_owned(),
        1 => "this one byte does not say what it is".to_owned(),
        len => format!("these {len} bytes do not say what they are"),
    };
    DecodeError::new(DecodeErrorKind::Unrecognized, found)
        .at(0)
        .expected(format!("the start of {}", known.join(" or ")))
        .hint(
            "if they are bare elements, say of what kind: frombuffer(data, dtype, shape), such as \
             frombuffer(data, \"float64\")",
        )
}
