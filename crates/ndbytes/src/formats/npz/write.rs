//! Arrays to an archive: reproducible, readable everywhere, compressed by all cores.
//!
//! A member is its npy header and its elements, cut into chunks whose size depends on nothing else.
//! Each chunk is compressed by whichever thread is free, into a part of a deflate stream that ends
//! on a byte; together the parts are one stream. So the bytes are the same with any number of
//! threads.

use std::collections::HashSet;
use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::archive::Method;
use super::codec::{self, BLOCK};
use super::deflate::{Encoder, Scratch};
use super::names;
use super::records::{self, Record};
use crate::array::{Array, Dims, Order, Sink, Source, default_threads, share};
use crate::error::EncodeError;
use crate::formats::npy::Message;

/// Small writes are put together up to so many bytes.
const GATHERED: usize = 256 << 10;
/// Members are compressed in groups of about so many bytes, of which the results are held.
const GROUP: u64 = 64 << 20;
/// A second thread that compresses less than this does not pay.
const BYTES_PER_THREAD: u64 = 100 << 10;
/// A second thread that only sums up less than this does not pay.
const SUM_PER_THREAD: u64 = 8 << 20;
/// zstd's own threads work on members from here on. That changes the result, so it does not depend
/// on how many there are.
const ZSTD_THREADS_FROM: u64 = 16 << 20;

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
    /// As [`write`].
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
        let prepared = Prepared::new(arrays).map_err(refused)?;
        self.add_contents(&prepared.members)
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
        let level = self.options.checked_level().map_err(refused)?;
        for (name, _) in members {
            self.check_name(name).map_err(refused)?;
        }
        let mut rest = members;
        while let [(name, content), later @ ..] = rest {
            if self.options.compression == Compression::None && content.len() <= BLOCK as u64 {
                self.add_small(name, content)?;
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
            self.add_group(group, level)?;
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

    fn add_group(&mut self, group: &[(String, Content<'_>)], level: i32) -> io::Result<()> {
        let packed = pack(group, &self.options, level)?;
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
                    content.write_checked(crc, &mut self.out)?;
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

/// The bytes of a member.
#[derive(Debug)]
pub(super) struct Content<'a> {
    head: Vec<u8>,
    body: Source<'a>,
    /// Where bytes are likely to repeat: the size of an element, and those of rows of them.
    distances: Dims<usize>,
}

impl<'a> Content<'a> {
    fn new(head: Vec<u8>, body: Source<'a>) -> Self {
        Self { head, body, distances: Dims::new() }
    }

    pub(super) fn of_array(array: &Array<'a>) -> Result<Self, EncodeError> {
        let message = Message::new(array)?;
        if array.dtype().has_objects() {
            let all = Sink::collect(message.len(), |sink| message.write(1, sink));
            return Ok(Self::new(all, Source::slice(&[])));
        }
        let (layout, order) = (array.layout(), message.order());
        let body = match layout.is_contiguous(order) {
            true => array.source().part(layout.start(), array.nbytes()),
            false => packed(array, order),
        };
        let mut content = Self::new(message.header().to_vec(), body);
        content.distances = distances(array, order);
        Ok(content)
    }

    pub(super) fn len(&self) -> u64 {
        (self.head.len() + self.body.len()) as u64
    }

    /// Appends all of it.
    fn append_to(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.head);
        Sink::append_to(bytes, self.body.len(), |sink| self.body.write_to(sink));
    }

    /// How many chunks of `size` bytes there are, of which the last one may be shorter.
    fn chunks(&self, size: usize) -> usize {
        (self.head.len() + self.body.len()).div_ceil(size).max(1)
    }

    /// One of the chunks, for which `scratch` may be needed.
    fn chunk<'s>(&'s self, index: usize, size: usize, scratch: &'s mut Vec<u8>) -> &'s [u8] {
        let from = index * size;
        let to = (from + size).min(self.head.len() + self.body.len());
        let in_body = |at: usize| at.saturating_sub(self.head.len());
        let body = in_body(from)..in_body(to);
        if let Some(bytes) = self.body.as_slice()
            && from >= self.head.len()
        {
            return &bytes[body];
        }
        scratch.clear();
        scratch.extend_from_slice(self.head.get(from..to.min(self.head.len())).unwrap_or_default());
        let head = scratch.len();
        scratch.resize(to - from, 0);
        self.body.copy_over(body.start, &mut scratch[head..]);
        scratch
    }

    /// Writes all of it, unless it has changed since its CRC-32 was `crc`.
    fn write_checked(&self, crc: u32, out: &mut dyn Write) -> io::Result<()> {
        let mut hasher = crc32fast::Hasher::new();
        let mut write = |bytes: &[u8]| {
            hasher.update(bytes);
            out.write_all(bytes)
        };
        write(&self.head)?;
        if let Some(bytes) = self.body.as_slice() {
            return out.write_all(bytes);
        }
        codec::for_blocks(&self.body, &mut write)?;
        match hasher.finalize() == crc {
            true => Ok(()),
            false => Err(io::Error::other("the array was changed while it was written")),
        }
    }
}

/// The size of an element, and how far apart the elements are that follow each other along the other
/// axes, the densest first.
fn distances(array: &Array<'_>, order: Order) -> Dims<usize> {
    let mut distance = array.layout().itemsize();
    let mut distances = Dims::from_elem(distance, 1);
    let mut further = |&dim: &usize| {
        distance = distance.saturating_mul(dim);
        distances.push(distance);
    };
    match order {
        Order::C => array.shape().iter().rev().for_each(&mut further),
        Order::F => array.shape().iter().for_each(&mut further),
    }
    distances
}

fn packed<'a>(array: &Array<'_>, order: Order) -> Source<'a> {
    Source::filled(array.nbytes(), |sink| array.write_data(order, default_threads(), sink))
}

/// A member as it will be written.
struct Packed {
    crc: u32,
    /// The parts of its stream, unless it is stored.
    compressed: Option<Vec<Vec<u8>>>,
}

/// Compresses the members of a group, and sums them up, by several threads.
fn pack(
    group: &[(String, Content<'_>)],
    options: &WriteOptions,
    level: i32,
) -> io::Result<Vec<Packed>> {
    let contents = || group.iter().map(|(_, content)| content);
    if options.compression == Compression::Zstd {
        return pack_zstd(group, options, level);
    }
    let deflates = options.compression == Compression::Deflate;
    let plans: Vec<(Encoder, usize)> = contents()
        .map(|content| {
            let encoder = Encoder::new(level as u8, content.distances.iter().copied());
            let len = encoder.chunk_len(content.len() as usize);
            (encoder, if deflates { len } else { BLOCK })
        })
        .collect();
    let jobs: Vec<(usize, usize)> = contents()
        .zip(&plans)
        .enumerate()
        .flat_map(|(member, (content, (_, size)))| {
            (0..content.chunks(*size)).map(move |chunk| (member, chunk))
        })
        .collect();
    let total: u64 = contents().map(Content::len).sum();
    let each = if deflates { BYTES_PER_THREAD } else { SUM_PER_THREAD };
    let threads = options.threads.min((total / each) as usize).clamp(1, jobs.len().max(1));

    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(jobs.len()));
    share(threads, || {
        let mut scratch = Vec::new();
        let mut codec = deflates.then(Scratch::default);
        while let Some(&(member, index)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (content, (encoder, size)) = (&group[member].1, &plans[member]);
            let chunk = content.chunk(index, *size, &mut scratch);
            let mut hasher = crc32fast::Hasher::new();
            hasher.update(chunk);
            let mut part = Vec::new();
            if let Some(codec) = &mut codec {
                let last = index + 1 == content.chunks(*size);
                encoder.compress(chunk, last, codec, &mut part);
            }
            let chunk_done = ((member, index), hasher, part);
            done.lock().unwrap_or_else(PoisonError::into_inner).push(chunk_done);
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(place, ..)| *place);

    let mut members: Vec<(crc32fast::Hasher, Vec<Vec<u8>>)> = Vec::new();
    for ((member, _), hasher, part) in done {
        match members.get_mut(member) {
            Some((sum, parts)) => {
                sum.combine(&hasher);
                parts.push(part);
            }
            None => members.push((hasher, vec![part])),
        }
    }
    let packed = |(sum, parts): (crc32fast::Hasher, Vec<Vec<u8>>)| Packed {
        crc: sum.finalize(),
        compressed: deflates.then_some(parts),
    };
    Ok(members.into_iter().map(packed).collect())
}

/// As [`pack`], each member as one frame of zstd, since not every reader knows of several.
fn pack_zstd(
    group: &[(String, Content<'_>)],
    options: &WriteOptions,
    level: i32,
) -> io::Result<Vec<Packed>> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(group.len()));
    let total: u64 = group.iter().map(|(_, content)| content.len()).sum();
    let large = group.iter().any(|(_, content)| content.len() >= ZSTD_THREADS_FROM);
    // Where zstd has threads of its own, more would be in their way.
    let threads = match large {
        true => 1,
        false => options.threads.min((total / BYTES_PER_THREAD) as usize).max(1),
    };
    share(threads, || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some((_, content)) = group.get(index) else { break };
            let packed = zstd_frame(content, options.threads, level);
            done.lock().unwrap_or_else(PoisonError::into_inner).push((index, packed));
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, packed)| packed).collect()
}

fn zstd_frame(content: &Content<'_>, threads: usize, level: i32) -> io::Result<Packed> {
    let mut encoder = zstd::stream::Encoder::new(Vec::new(), level)?;
    encoder.set_pledged_src_size(Some(content.len()))?;
    if content.len() >= ZSTD_THREADS_FROM {
        encoder.multithread(threads as u32)?;
    }
    let (mut scratch, mut hasher) = (Vec::new(), crc32fast::Hasher::new());
    for index in 0..content.chunks(BLOCK) {
        let chunk = content.chunk(index, BLOCK, &mut scratch);
        hasher.update(chunk);
        encoder.write_all(chunk)?;
    }
    Ok(Packed { crc: hasher.finalize(), compressed: Some(vec![encoder.finish()?]) })
}

pub(super) fn refused(error: EncodeError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, error)
}
