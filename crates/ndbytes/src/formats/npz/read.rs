//! From a member to its bytes, and to the array in them.

use std::fs::File;
use std::io::{Read, Seek};
use std::sync::Arc;

use super::allowance::Allowance;
use super::archive::{self, Directory, Member, Method};
use super::codec;
use super::names;
use super::storage::Storage;
use crate::array::{Array, Source, default_threads, map, quoted, shorten};
use crate::error::{DecodeError, Result};
use crate::formats::npy;
use crate::limits::Limits;

/// A second thread that inflates less than this does not pay.
const BYTES_PER_THREAD: u64 = 256 << 10;
/// Summing up is so much faster than inflating.
const VIEWED_FOR_BUILT: u64 = 32;

/// A block of zstd has to be there as a whole, which is at most so long.
const ENOUGH_TO_START: u64 = 192 << 10;

/// How to read an archive.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ReadOptions {
    /// What may be spent. What is inflated, or read from a stream, counts; views are free.
    pub limits: Limits,
    /// Whether each member that is read has to have the CRC-32 that the archive says.
    pub check_crc: bool,
    /// The most threads that work at once.
    pub threads: usize,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self { limits: Limits::default(), check_crc: true, threads: default_threads() }
    }
}

impl ReadOptions {
    /// The default limits, checksums checked, and a thread for each core.
    pub fn new() -> Self {
        Self::default()
    }

    /// What may be spent.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Whether checksums are checked. Without, a view of a member takes no longer for a larger one.
    pub fn check_crc(mut self, check: bool) -> Self {
        self.check_crc = check;
        self
    }

    /// The most threads that work at once.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads.max(1);
        self
    }
}

/// An npz file, opened: its members are listed, and read one by one as they are asked for.
///
/// ```
/// use ndbytes::npz::{self, Archive, ReadOptions};
/// use ndbytes::{Array, Source};
///
/// let numbers = [1.5_f32, 2.5, 3.5];
/// let bytes = npz::write(&[("x", Array::from_slice(&numbers, &[3])?)], &Default::default())?;
/// let archive = Archive::new(Source::slice(&bytes), ReadOptions::new())?;
/// assert_eq!(archive.members()[0].name(), "x.npy");
/// let x = archive.find("x").and_then(|member| archive.array(member))?;
/// assert_eq!(x.to_vec::<f32>()?, numbers);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Archive<'a> {
    pub(super) storage: Storage<'a>,
    pub(super) directory: Arc<Directory>,
    pub(super) options: ReadOptions,
}

/// What a member holds.
#[derive(Clone, Debug)]
pub enum Held<'a> {
    /// An array.
    Array(Array<'a>),
    /// Anything else.
    Bytes(Source<'a>),
}

impl<'a> Archive<'a> {
    /// Opens an archive in memory. Arrays that are stored as they are will borrow from it.
    ///
    /// # Errors
    /// When the directory is damaged or lists more members than the limits allow.
    pub fn new(source: Source<'a>, options: ReadOptions) -> Result<Self> {
        Self::open(Storage::Memory(source), options)
    }

    /// Opens an archive in a stream. Only what is asked for is read.
    ///
    /// # Errors
    /// As [`Archive::new`], and when the stream cannot be read.
    pub fn from_reader(reader: impl Read + Seek + Send + 'a, options: ReadOptions) -> Result<Self> {
        Storage::stream(reader)
            .and_then(|storage| Self::open(storage, options))
            .map_err(|error| error.format("npz"))
    }

    /// Opens an archive in a file, which large members are read from by all cores. Where the file
    /// stands neither matters nor stays.
    ///
    /// # Errors
    /// As [`Archive::from_reader`].
    pub fn from_file(file: File, options: ReadOptions) -> Result<Self> {
        Storage::file(file)
            .and_then(|storage| Self::open(storage, options))
            .map_err(|error| error.format("npz"))
    }

    fn open(storage: Storage<'a>, options: ReadOptions) -> Result<Self> {
        let directory = Directory::read(&storage, &options.limits);
        let directory = Arc::new(directory.map_err(|error| error.format("npz"))?);
        Ok(Self { storage, directory, options })
    }

    /// Opens an archive whose directory was read before, by [`Archive::new`] on the same bytes.
    ///
    /// # Errors
    /// When the directory is that of an archive of another length.
    pub fn with_directory(
        source: Source<'a>,
        directory: Arc<Directory>,
        options: ReadOptions,
    ) -> Result<Self> {
        let storage = Storage::Memory(source);
        archive::check_same(&directory, &storage)?;
        Ok(Self { storage, directory, options })
    }

    /// How many bytes the archive has.
    pub fn nbytes(&self) -> u64 {
        self.storage.len()
    }

    /// The directory, for [`Archive::with_directory`].
    pub fn directory(&self) -> &Arc<Directory> {
        &self.directory
    }

    /// All members, whatever they hold, in the order of the directory.
    pub fn members(&self) -> &[Member] {
        self.directory.members()
    }

    /// The member of this name, or the one that NumPy would write for the array of this name.
    ///
    /// # Errors
    /// When there is none, or there are several: which one is meant, nobody can tell.
    pub fn find(&self, name: &str) -> Result<&Member> {
        let mut wanted = name.to_owned();
        for _ in 0..2 {
            let mut found = self.members().iter().filter(|member| member.name() == wanted);
            if let Some(member) = found.next() {
                return match found.next() {
                    Some(_) => Err(twice(member)),
                    None => Ok(member),
                };
            }
            wanted += names::SUFFIX;
        }
        let known = quoted(self.members().iter().map(Member::array_name));
        let found = format!("the archive has no array {:?}", shorten(name));
        Err(DecodeError::mismatch(found).format("npz").hint(match known.is_empty() {
            true => "there are none".to_owned(),
            false => format!("there are {known}"),
        }))
    }

    /// The bytes of a member: a view where they are stored as they are, else inflated.
    ///
    /// # Errors
    /// When the member is damaged, in a form that is not read here, or larger than the limits allow.
    pub fn bytes(&self, member: &Member) -> Result<Source<'a>> {
        let threads = self.options.threads;
        let bytes = self.place(member).and_then(|place| self.bytes_at(member, place, threads));
        bytes.map_err(about(member))
    }

    /// The array in a member.
    ///
    /// # Errors
    /// As [`Archive::bytes`], and when it holds no array.
    pub fn array(&self, member: &Member) -> Result<Array<'a>> {
        self.array_by(member, self.options.threads)
    }

    fn array_by(&self, member: &Member, threads: usize) -> Result<Array<'a>> {
        let at = self.place(member).map_err(about(member))?;
        let bytes = self.bytes_at(member, at, threads).map_err(about(member))?;
        self.array_in(member, bytes, at)
    }

    fn array_in(&self, member: &Member, bytes: Source<'a>, at: u64) -> Result<Array<'a>> {
        npy::read_source(bytes, &self.options.limits).map_err(|error| {
            let error = match member.method() {
                Method::Stored => error.shifted(at),
                // Inflated bytes have no place in the input.
                _ => error.moved_to(at),
            };
            // More bytes of the archive would not make a member longer.
            about(member)(error.ends_inside())
        })
    }

    /// What a member holds: an array if it starts as npy does, whatever it is called, else bytes.
    /// This is how NumPy tells them apart.
    ///
    /// # Errors
    /// As [`Archive::array`].
    pub fn read(&self, member: &Member) -> Result<Held<'a>> {
        self.read_by(member, self.options.threads)
    }

    fn read_by(&self, member: &Member, threads: usize) -> Result<Held<'a>> {
        let at = self.place(member).map_err(about(member))?;
        let bytes = self.bytes_at(member, at, threads).map_err(about(member))?;
        let mut start = [0; npy::MAGIC.len()];
        let len = start.len().min(bytes.len());
        bytes.copy_over(0, &mut start[..len]);
        match start == *npy::MAGIC {
            true => self.array_in(member, bytes, at).map(Held::Array),
            false => Ok(Held::Bytes(bytes)),
        }
    }

    /// What several members hold, read by several threads.
    ///
    /// # Errors
    /// As [`Archive::array`], and when all of them together are more than the limits allow.
    pub fn read_all(&self, members: &[&Member]) -> Result<Vec<Held<'a>>> {
        self.all(members, |member, threads| self.read_by(member, threads))
    }

    /// All arrays with their names, read by several threads. Folders and members that do not start
    /// as npy does are left out, unless their name says that they should.
    ///
    /// # Errors
    /// As [`Archive::array`], and when two arrays have the same name.
    pub fn arrays(&self) -> Result<Vec<(String, Array<'a>)>> {
        let members = self.array_members()?;
        let arrays = self.arrays_of(&members)?;
        let names = members.iter().map(|member| member.array_name().to_owned());
        Ok(names.zip(arrays).collect())
    }

    /// The arrays in several members, read by several threads.
    ///
    /// # Errors
    /// As [`Archive::array`], and when all of them together are more than the limits allow.
    pub fn arrays_of(&self, members: &[&Member]) -> Result<Vec<Array<'a>>> {
        self.all(members, |member, threads| self.array_by(member, threads))
    }

    /// `read` is told how many threads may work on one member.
    fn all<T: Send>(
        &self,
        members: &[&Member],
        read: impl Fn(&Member, usize) -> Result<T> + Sync,
    ) -> Result<Vec<T>> {
        let built = members.iter().map(|member| self.built_for(member));
        let built = built.fold(0_u64, u64::saturating_add);
        let limits = &self.options.limits;
        limits.check_bytes(built, self.storage.len()).map_err(|error| error.format("npz"))?;
        let threads = self.threads_for(members, built);
        let each = self.options.threads / threads;
        if threads == 1 {
            return members.iter().map(|member| read(member, each)).collect();
        }
        // The largest first: none should be left for the end.
        let mut order: Vec<usize> = (0..members.len()).collect();
        order.sort_by_key(|&index| std::cmp::Reverse(members[index].size()));
        let mut done = map(threads, order, || (), |(), index| (index, read(members[index], each)));
        done.sort_by_key(|(index, _)| *index);
        done.into_iter().map(|(_, result)| result).collect()
    }

    /// The members that hold arrays: their names say so, or their first bytes do.
    ///
    /// # Errors
    /// When they cannot be read, and when two arrays have the same name.
    pub fn array_members(&self) -> Result<Vec<&Member>> {
        let mut members = Vec::new();
        let allowance = self.allowance(&self.options.limits);
        for member in self.members() {
            if self.holds_array(member, &allowance)? {
                members.push(member);
            }
        }
        let mut names: Vec<&Member> = members.clone();
        names.sort_by_key(|member| member.array_name());
        match names.windows(2).find(|pair| pair[0].array_name() == pair[1].array_name()) {
            Some(pair) => Err(twice(pair[1])),
            None => Ok(members),
        }
    }

    /// Whether the member is an array: its name says so, or its first bytes do.
    pub(super) fn holds_array(&self, member: &Member, allowance: &Allowance) -> Result<bool> {
        if member.is_folder() {
            return Ok(false);
        }
        if member.name().ends_with(names::SUFFIX) {
            return Ok(true);
        }
        if let Method::Other(_) = member.method() {
            return Ok(false);
        }
        Ok(self.start(member, npy::MAGIC.len(), allowance)? == npy::MAGIC)
    }

    /// The first `count` bytes of a member, or all if they are fewer. Nothing is checked by them.
    pub(super) fn start(
        &self,
        member: &Member,
        count: usize,
        allowance: &Allowance,
    ) -> Result<Vec<u8>> {
        let start = || {
            let at = self.place(member)?;
            let enough = enough_for(member.method(), count);
            let part = self.storage.part(at, enough.min(member.compressed_size()), "a member")?;
            match member.method() {
                Method::Stored => Ok(part.to_vec(0, part.len())),
                method => {
                    allowance.spend(member.size().min(count as u64))?;
                    let start = codec::decompress_start(method, &part.to_vec(0, part.len()), count);
                    start.or_else(|error| match method == Method::Zstd && self.may_build(member) {
                        // Its frame may ask for more memory than is lent to it for a start.
                        true => {
                            allowance.spend(member.size())?;
                            let bytes = self.bytes_unchecked(member, at, 1)?;
                            Ok(bytes.to_vec(0, count.min(bytes.len())))
                        }
                        false => Err(error),
                    })
                }
            }
        };
        start().map_err(about(member))
    }

    /// Where the data of a member starts.
    pub(super) fn place(&self, member: &Member) -> Result<u64> {
        let at = member.data_at(&self.storage)?;
        if member.method() == Method::Stored && member.size() != member.compressed_size() {
            let (size, stored) = (member.size(), member.compressed_size());
            let found = format!("a member of {size} bytes is stored as it is in {stored}");
            return Err(DecodeError::malformed(found).at(member.header_at));
        }
        Ok(at)
    }

    fn bytes_at(&self, member: &Member, at: u64, threads: usize) -> Result<Source<'a>> {
        let bytes = self.bytes_unchecked(member, at, threads)?;
        if self.options.check_crc {
            check_crc(member, &bytes, at)?;
        }
        Ok(bytes)
    }

    pub(super) fn bytes_unchecked(
        &self,
        member: &Member,
        at: u64,
        threads: usize,
    ) -> Result<Source<'a>> {
        let (method, size) = (member.method(), member.size());
        codec::check_size(method, member.compressed_size(), size).map_err(|error| error.at(at))?;
        if !self.is_view(member) {
            self.options.limits.check_bytes(size, self.storage.len())?;
        }
        let kept = self.storage.part(at, member.compressed_size(), "a member")?;
        if method == Method::Stored {
            return Ok(kept);
        }
        let kept = archive::settled(kept);
        let compressed = kept.as_slice().unwrap_or_default();
        let len = usize::try_from(size).map_err(|_| {
            DecodeError::unsupported(format!("{size} bytes are more than any memory here"))
        })?;
        // Of a size that is a lie, no more is fetched than what the limits allow.
        Source::zeroed_ahead(len, threads, |to| codec::decompress(method, compressed, to, threads))
            .map_err(|error| error.at(at))
    }

    /// What a look at all members may spend.
    pub(super) fn allowance(&self, limits: &Limits) -> Allowance {
        Allowance::new(limits, self.storage.len())
    }

    /// Whether all of the member may be in memory at once.
    pub(super) fn may_build(&self, member: &Member) -> bool {
        self.options.limits.check_bytes(member.size(), self.storage.len()).is_ok()
    }

    /// How many bytes are built to have all of the member.
    pub(super) fn built_for(&self, member: &Member) -> u64 {
        if self.is_view(member) { 0 } else { member.size() }
    }

    fn is_view(&self, member: &Member) -> bool {
        self.storage.is_memory() && member.method() == Method::Stored
    }

    fn threads_for(&self, members: &[&Member], built: u64) -> usize {
        // Views are only summed up, which is soon done.
        let viewed = members.iter().filter(|member| self.is_view(member) && self.options.check_crc);
        let viewed = viewed.fold(0_u64, |sum, member| sum.saturating_add(member.size()));
        let worth = built.saturating_add(viewed / VIEWED_FOR_BUILT) / BYTES_PER_THREAD;
        self.options.threads.min(worth.min(members.len() as u64) as usize).max(1)
    }
}

/// As many bytes of a member as its first `count` can need: a stream is not read further.
pub(super) fn enough_for(method: Method, count: usize) -> u64 {
    match method {
        Method::Stored => count as u64,
        _ => (count as u64).saturating_mul(2).saturating_add(ENOUGH_TO_START),
    }
}

fn check_crc(member: &Member, bytes: &Source<'_>, at: u64) -> Result<()> {
    check_sum(member, codec::crc_of(bytes), at)
}

/// Whether the CRC-32 that was found is the one that the archive says.
pub(super) fn check_sum(member: &Member, found: u32, at: u64) -> Result<()> {
    let said = member.crc32();
    if found == said {
        return Ok(());
    }
    Err(DecodeError::malformed(format!("the CRC-32 is {found:08x}, the archive says {said:08x}"))
        .at(at)
        .hint("the bytes are damaged: get them again from where they came"))
}

/// Says which member an error is about, and that it is one of an npz.
pub(super) fn about(member: &Member) -> impl Fn(DecodeError) -> DecodeError {
    move |error| error.format("npz").in_entry(member.name())
}

#[cold]
pub(super) fn twice(member: &Member) -> DecodeError {
    let found = format!("the archive holds {:?} more than once", member.array_name());
    DecodeError::malformed(found)
        .format("npz")
        .at(member.header_at)
        .in_entry(member.name())
        .hint("which one is meant, the archive does not say: pack it again without the other")
}
