//! Arrays to an archive, member by member: reproducible, and readable everywhere.

use std::collections::HashSet;
use std::io::{self, Write};

use super::archive::Method;
use super::codec::BLOCK;
use super::content::{Content, Packed, pack};
use super::names;
use super::records::{self, Record};
use crate::array::{Array, Source, default_threads};
use crate::error::EncodeError;

/// Small writes are put together up to so many bytes.
const GATHERED: usize = 256 << 10;
/// Members are compressed in groups of about so many bytes, of which the results are held.
const GROUP: u64 = 64 << 20;
/// Told how many bytes more are done.
pub(super) type Told<'p> = &'p (dyn Fn(u64) + Sync);

/// How members are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// As they are: aligned, and read without a copy.
    #[default]
    None,
    /// Readable by every NumPy and every zip tool.
    Deflate,
    /// Smaller and faster, but readable only here and by Python 3.14 and later.
    Zstd,
}

impl Compression {
    /// The one of this name, such as `"deflate"`.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "deflate" => Some(Self::Deflate),
            "zstd" => Some(Self::Zstd),
            _ => None,
        }
    }

    fn method(self) -> Method {
        match self {
            Self::None => Method::Stored,
            Self::Deflate => Method::Deflate,
            Self::Zstd => Method::Zstd,
        }
    }

    /// The levels there are, and the one that is used unless another is asked for.
    fn levels(self) -> (std::ops::RangeInclusive<i32>, i32) {
        match self {
            Self::None => (0..=0, 0),
            Self::Deflate => (0..=9, 6),
            Self::Zstd => (1..=19, 3),
        }
    }
}

/// How to write an archive.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct WriteOptions {
    /// How members are kept.
    pub compression: Compression,
    /// How hard to look for what can be shortened; the default of the compression if `None`.
    pub level: Option<i32>,
    /// The most threads that work at once; the bytes are the same with any number.
    pub threads: usize,
}

impl Default for WriteOptions {
    fn default() -> Self {
        Self { compression: Compression::None, level: None, threads: default_threads() }
    }
}

impl WriteOptions {
    /// Nothing compressed, and a thread for each core.
    pub fn new() -> Self {
        Self::default()
    }

    /// How members are kept.
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// 0 to 9 for deflate (6 unless said otherwise), 1 to 19 for zstd (3).
    pub fn level(mut self, level: i32) -> Self {
        self.level = Some(level);
        self
    }

    /// The most threads that work at once.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads.max(1);
        self
    }

    fn checked_level(&self) -> Result<i32, EncodeError> {
        let (levels, default) = self.compression.levels();
        let level = self.level.unwrap_or(default);
        match levels.contains(&level) {
            true => Ok(level),
            false => Err(EncodeError::new(format!(
                "the level is {level}, not one from {} to {}",
                levels.start(),
                levels.end()
            ))),
        }
    }
}

/// Writes arrays, each with its name, as npz.
///
/// # Errors
/// When npy cannot hold one of the arrays, or zip one of the names.
///
/// ```
/// use ndbytes::npz::{self, Compression, WriteOptions};
/// let options = WriteOptions::new().compression(Compression::Deflate);
/// let bytes = npz::write(&[("x", (&[1_i16, 2, 3][..]).into())], &options)?;
/// assert_eq!(&bytes[..4], b"PK\x03\x04");
/// # Ok::<(), ndbytes::EncodeError>(())
/// ```
pub fn write<N: AsRef<str>>(
    arrays: &[(N, Array<'_>)],
    options: &WriteOptions,
) -> Result<Vec<u8>, EncodeError> {
    let prepared = Prepared::new(arrays)?;
    let mut bytes = Vec::new();
    if options.compression == Compression::None {
        bytes.reserve_exact(prepared.stored_len() as usize);
    }
    prepared.write_to(bytes, options).map_err(|error| match error.downcast() {
        Ok(refused) => refused,
        Err(other) => EncodeError::new(other.to_string()),
    })
}

/// Arrays about to be written: each can be, and its length is known.
#[derive(Debug)]
pub struct Prepared<'a> {
    members: Vec<(String, Content<'a>)>,
}

impl<'a> Prepared<'a> {
    /// Prepares the headers.
    ///
    /// # Errors
    /// As [`write()`].
    pub fn new<N: AsRef<str>>(arrays: &[(N, Array<'a>)]) -> Result<Self, EncodeError> {
        let members = arrays.iter().map(|(name, array)| {
            Ok((names::member_name(name.as_ref()), Content::of_array(array)?))
        });
        Ok(Self { members: members.collect::<Result<_, EncodeError>>()? })
    }

    /// How long the archive is when nothing is compressed.
    pub fn stored_len(&self) -> u64 {
        let mut writer = Writer::new(io::sink(), WriteOptions::new());
        for (name, content) in &self.members {
            // Only the CRC-32 is missing, which takes no more room if it is known.
            writer.begin(name, Method::Stored, 0, content.len(), content.len());
            writer.pending.clear();
            writer.at += content.len();
        }
        writer.at + writer.directory().len() as u64
    }

    /// Writes the archive.
    ///
    /// # Errors
    /// Those of `out`; an [`EncodeError`] comes as one of kind
    /// [`InvalidInput`](io::ErrorKind::InvalidInput).
    pub fn write_to<W: Write>(&self, out: W, options: &WriteOptions) -> io::Result<W> {
        self.write_behind(0, out, options)
    }

    /// Writes the archive where `out` has `offset` bytes already.
    ///
    /// # Errors
    /// As [`Prepared::write_to`].
    pub fn write_behind<W: Write>(
        &self,
        offset: u64,
        out: W,
        options: &WriteOptions,
    ) -> io::Result<W> {
        let mut writer = Writer::new(out, *options).behind(offset);
        writer.add_contents(&self.members)?;
        writer.finish()
    }
}

/// Writes an archive member by member, to a stream that need not go back.
///
/// ```
/// use ndbytes::npz::{WriteOptions, Writer};
/// let mut writer = Writer::new(Vec::new(), WriteOptions::new());
/// writer.add("x", &(&[1_i16, 2, 3][..]).into())?;
/// writer.add_bytes("notes.txt", b"taken on a Monday")?;
/// let bytes = writer.finish()?;
/// # assert_eq!(&bytes[..4], b"PK\x03\x04");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    /// Where the next byte goes.
    at: u64,
    /// The directory so far, and how many records are in it.
    directory: Vec<u8>,
    count: u64,
    names: HashSet<String>,
    comment: Vec<u8>,
    /// What is written together with what comes next.
    pending: Vec<u8>,
    options: WriteOptions,
}

impl<W: Write> Writer<W> {
    /// An archive at the start of `out`.
    pub fn new(out: W, options: WriteOptions) -> Self {
        Self::resumed(out, options, 0, Default::default(), Vec::new())
    }

    /// An archive of which `at` bytes are written already: the members that the directory lists, so
    /// many and of these names.
    pub(super) fn resumed(
        out: W,
        options: WriteOptions,
        at: u64,
        (directory, count, names): (Vec<u8>, u64, HashSet<String>),
        comment: Vec<u8>,
    ) -> Self {
        let pending = Vec::new();
        Self { out, at, directory, count, names, comment, pending, options }
    }

    /// The archive starts `offset` bytes behind the start of what `out` writes to.
    pub fn behind(mut self, offset: u64) -> Self {
        self.at += offset;
        self
    }

    /// Adds an array. It must not change meanwhile.
    ///
    /// # Errors
    /// As [`Prepared::write_to`].
    pub fn add(&mut self, name: &str, array: &Array<'_>) -> io::Result<()> {
        self.add_all(&[(name, array.clone())])
    }

    /// Adds several arrays, on which several threads can work at once.
    ///
    /// # Errors
    /// As [`Prepared::write_to`].
    pub fn add_all<N: AsRef<str>>(&mut self, arrays: &[(N, Array<'_>)]) -> io::Result<()> {
        self.add_all_watched(arrays, &|_| {})
    }

    /// As [`Writer::add_all`]; `progress` is told how many bytes of the members were done since it was
    /// told last, by whichever thread did them.
    ///
    /// # Errors
    /// As [`Prepared::write_to`].
    pub fn add_all_watched<N: AsRef<str>>(
        &mut self,
        arrays: &[(N, Array<'_>)],
        progress: &(dyn Fn(u64) + Sync),
    ) -> io::Result<()> {
        let prepared = Prepared::new(arrays).map_err(refused)?;
        self.add_watched(&prepared.members, progress)
    }

    /// Adds a member that is no array, under its full name.
    ///
    /// # Errors
    /// As [`Prepared::write_to`].
    pub fn add_bytes(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let content = Content::new(Vec::new(), Source::slice(bytes));
        self.add_contents(&[(name.to_owned(), content)])
    }

    pub(super) fn add_contents(&mut self, members: &[(String, Content<'_>)]) -> io::Result<()> {
        self.add_watched(members, &|_| {})
    }

    fn add_watched(
        &mut self,
        members: &[(String, Content<'_>)],
        progress: Told<'_>,
    ) -> io::Result<()> {
        let level = self.options.checked_level().map_err(refused)?;
        for (name, _) in members {
            self.check_name(name).map_err(refused)?;
        }
        let mut rest = members;
        while let [(name, content), later @ ..] = rest {
            if self.options.compression == Compression::None && content.len() <= BLOCK as u64 {
                self.add_small(name, content)?;
                progress(content.len());
                rest = later;
                continue;
            }
            let mut sizes = rest.iter().map(|(_, content)| content.len());
            let mut size = sizes.next().unwrap_or(0);
            let more = sizes.take_while(|more| {
                size = size.saturating_add(*more);
                size <= GROUP
            });
            let (group, later) = rest.split_at(1 + more.count());
            self.add_group(group, level, progress)?;
            rest = later;
        }
        Ok(())
    }

    /// Adds a small member: its checksum is that of the copy which is written.
    fn add_small(&mut self, name: &str, content: &Content<'_>) -> io::Result<()> {
        let size = content.len();
        let record = self.directory.len();
        let header = self.pending.len();
        self.begin(name, Method::Stored, 0, size, size);
        let data = self.pending.len();
        content.append_to(&mut self.pending);
        let crc = crc32fast::hash(&self.pending[data..]).to_le_bytes();
        records::set_crc(&mut self.pending[header..], &mut self.directory[record..], crc);
        self.at += size;
        match self.pending.len() < GATHERED {
            true => Ok(()),
            false => self.flush(),
        }
    }

    fn add_group(
        &mut self,
        group: &[(String, Content<'_>)],
        level: i32,
        progress: Told<'_>,
    ) -> io::Result<()> {
        let contents: Vec<&Content<'_>> = group.iter().map(|(_, content)| content).collect();
        // What takes its time: to compress, or else to write.
        let (packing, writing): (Told<'_>, Told<'_>) = match self.options.compression {
            Compression::None => (&|_| {}, progress),
            _ => (progress, &|_| {}),
        };
        let packed = pack(&contents, &self.options, level, packing)?;
        for ((name, content), packed) in group.iter().zip(packed) {
            let Packed { crc, compressed } = packed;
            let size = content.len();
            let len: u64 = compressed.iter().flatten().map(|part| part.len() as u64).sum();
            match compressed {
                Some(parts) if len < size => {
                    let method = self.options.compression.method();
                    self.begin(name, method, crc, len, size);
                    parts.iter().try_for_each(|part| self.write(part))?;
                    self.at += len;
                }
                // What does not get shorter is better left as it is.
                _ => {
                    self.begin(name, Method::Stored, crc, size, size);
                    self.flush()?;
                    content.write_checked(crc, &mut self.out, writing)?;
                    self.at += size;
                }
            }
        }
        Ok(())
    }

    /// Ends the archive.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn finish(mut self) -> io::Result<W> {
        let directory = self.directory();
        self.write(&directory)?;
        self.flush()?;
        self.out.flush()?;
        Ok(self.out)
    }

    /// Writes bytes, together with others if they are few.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.pending.len() + bytes.len() <= GATHERED {
            self.pending.extend_from_slice(bytes);
            return Ok(());
        }
        self.flush()?;
        self.out.write_all(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.write_all(&self.pending)?;
        self.pending.clear();
        Ok(())
    }

    /// Lists a member and writes its header; its data comes next.
    fn begin(&mut self, name: &str, method: Method, crc: u32, len: u64, size: u64) {
        let record = Record { name, method, crc, compressed_size: len, size, at: self.at };
        record.push_directory_record(&mut self.directory);
        self.count += 1;
        let header = self.pending.len();
        record.push_local_header(&mut self.pending);
        self.at += (self.pending.len() - header) as u64;
    }

    /// The directory and its end.
    fn directory(&self) -> Vec<u8> {
        let end = records::end(self.count, self.at, self.directory.len() as u64, &self.comment);
        [&self.directory[..], &end].concat()
    }

    fn check_name(&mut self, name: &str) -> Result<(), EncodeError> {
        check_name(name)?;
        match self.names.insert(name.to_owned()) {
            true => Ok(()),
            false => Err(EncodeError::new(format!("two members are called {name:?}"))),
        }
    }
}

/// Refuses a name that readers would not see as it is.
pub(super) fn check_name(name: &str) -> Result<(), EncodeError> {
    if name.contains('\0') {
        // Python's zipfile cuts names there.
        return Err(EncodeError::new(format!("the name {name:?} holds a NUL")));
    }
    match u16::try_from(name.len()) {
        Ok(_) => Ok(()),
        Err(_) => Err(EncodeError::new(format!(
            "a name takes {} bytes, zip has place for 65535",
            name.len()
        ))),
    }
}

pub(super) fn refused(error: EncodeError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, error)
}
