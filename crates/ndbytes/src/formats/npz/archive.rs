//! The container: its directory, which is believed only as a whole, and where each member lies.
//!
//! `rawzip` finds the directory and takes its records apart. What it leaves to its callers is done
//! here: the records have to be as many as the end says, fill the directory exactly, and each
//! member has to lie in a place of its own.

use std::io::ErrorKind;
use std::sync::Arc;

use rawzip::ZipLocator;

use super::names;
use super::records::{END_SIZE, LocalHeader, RECORD_SIZE, ZIP64_END_SIGNATURE};
use super::storage::Storage;
use super::{MAGIC, MAGIC_EMPTY};
use crate::array::Source;
use crate::error::{DecodeError, DecodeErrorKind, Result};
use crate::limits::Limits;

/// The end of the directory may be followed by a comment, and by nothing else.
const LONGEST_END: u64 = END_SIZE as u64 + u16::MAX as u64;
const FLAG_ENCRYPTED: u16 = 0x0001;
pub(super) const FLAG_DESCRIPTOR: u16 = 0x0008;
/// What all flags together say that hide what is in a member: encryption of data or of headers,
/// patches.
const FLAGS_OPAQUE: u16 = FLAG_ENCRYPTED | 0x0020 | 0x0040 | 0x2000;

/// The list of an archive's members, read and checked once.
#[derive(Debug)]
pub struct Directory {
    members: Vec<Member>,
    /// The length of the archive that this is the directory of.
    len: u64,
    /// Where the first record is.
    pub(super) start: u64,
    pub(super) comment: Vec<u8>,
}

/// What the directory says about one member.
#[derive(Clone, Debug)]
pub struct Member {
    name: String,
    /// The bytes of the name, where they are not its UTF-8.
    raw_name: Option<Box<[u8]>>,
    method: Method,
    flags: u16,
    crc: u32,
    compressed_size: u64,
    size: u64,
    pub(super) header_at: u64,
    /// Where the next member, or the directory, begins.
    pub(super) room_to: u64,
    /// Where its record is in the directory, and where that ends.
    pub(super) record: (u64, u64),
}

/// How the bytes of a member are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Method {
    /// As they are.
    Stored,
    /// Compressed as in gzip, which every reader knows.
    Deflate,
    /// Compressed by Zstandard.
    Zstd,
    /// In a way that is not read here: its number in zip's list.
    Other(u16),
}

impl Method {
    pub(super) fn number(self) -> u16 {
        match self {
            Self::Stored => 0,
            Self::Deflate => 8,
            Self::Zstd => 93,
            Self::Other(number) => number,
        }
    }

    pub(super) fn from_number(number: u16) -> Self {
        match number {
            0 => Self::Stored,
            8 => Self::Deflate,
            93 => Self::Zstd,
            other => Self::Other(other),
        }
    }

    /// In a word, such as `"deflate"`; `None` for what is stored as it is.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Stored => None,
            Self::Deflate => Some("deflate"),
            Self::Zstd => Some("zstd"),
            Self::Other(9) => Some("deflate64"),
            Self::Other(12) => Some("bzip2"),
            Self::Other(14) => Some("lzma"),
            Self::Other(95) => Some("xz"),
            Self::Other(99) => Some("aes"),
            Self::Other(_) => Some("unknown"),
        }
    }
}

impl Member {
    /// The name of the member, such as `"x.npy"`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name of the array in it, as NumPy tells it: `"x"`.
    pub fn array_name(&self) -> &str {
        names::array_name(&self.name)
    }

    /// Whether it stands for a folder.
    pub fn is_folder(&self) -> bool {
        self.name.ends_with('/')
    }

    /// How its bytes are kept.
    pub fn method(&self) -> Method {
        self.method
    }

    /// How many bytes it takes in the archive.
    pub fn compressed_size(&self) -> u64 {
        self.compressed_size
    }

    /// How many bytes it says that it has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The CRC-32 that its bytes should have.
    pub fn crc32(&self) -> u32 {
        self.crc
    }

    pub(super) fn raw_name(&self) -> &[u8] {
        self.raw_name.as_deref().unwrap_or(self.name.as_bytes())
    }

    pub(super) fn flags(&self) -> u16 {
        self.flags
    }

    pub(super) fn has_descriptor(&self) -> bool {
        self.flags & FLAG_DESCRIPTOR != 0
    }
}

impl Directory {
    /// The members, in the order of the directory.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Finds and reads the directory of an archive.
    pub(super) fn read(storage: &Storage<'_>, limits: &Limits) -> Result<Self> {
        let mut buffer = vec![0; rawzip::RECOMMENDED_BUFFER_SIZE];
        let archive = ZipLocator::new()
            .max_search_space(LONGEST_END)
            .locate_in_reader(storage, &mut buffer, storage.len())
            .map_err(|(_, error)| damaged(&error, storage))?;
        let count = archive.entries_hint();
        limits.check_entries(count)?;
        let at_end = archive.eocd_offset();
        if archive.end_offset() != storage.len() {
            let behind = storage.len().saturating_sub(archive.end_offset());
            return Err(DecodeError::malformed(format!("{behind} bytes follow the archive's end"))
                .at(archive.end_offset())
                .hint("cut them off, or send the archive again: it may be damaged"));
        }

        // Records are at least so long: a longer list has no place.
        let possible = storage.len() / RECORD_SIZE as u64;
        let mut members = Vec::with_capacity(count.min(possible) as usize);
        let start = archive.directory_offset();
        let mut end = start;
        buffer.resize(rawzip::MAX_CENTRAL_DIRECTORY_RECORD_SIZE, 0);
        let mut entries = archive.entries(&mut buffer);
        while (members.len() as u64) < count {
            let record = entries
                .next_entry()
                .map_err(|error| damaged(&error, storage))?
                .ok_or_else(|| wrong_count(count, members.len() as u64, start))?;
            let member = Member::read(&record)?;
            end = member.record.1;
            members.push(member);
        }
        check_end(storage, count, start, end, at_end)?;
        let comment = storage.part(
            at_end + END_SIZE as u64,
            storage.len() - at_end - END_SIZE as u64,
            "the comment",
        )?;
        let comment = comment.to_vec(0, comment.len());
        let mut directory = Self { members, len: storage.len(), start, comment };
        directory.find_room()?;
        directory.find_start(storage)?;
        Ok(directory)
    }

    /// Where the next member begins, no other may go on.
    fn find_room(&mut self) -> Result<()> {
        let mut order: Vec<usize> = (0..self.members.len()).collect();
        order.sort_unstable_by_key(|&index| self.members[index].header_at);
        let mut room_to = self.start;
        for &index in order.iter().rev() {
            let member = &mut self.members[index];
            if member.header_at >= room_to {
                let found = match room_to == self.start {
                    true => "a member lies behind the directory",
                    false => "two members lie in the same place",
                };
                return Err(DecodeError::malformed(found)
                    .at(member.header_at)
                    .in_entry(&member.name));
            }
            member.room_to = room_to;
            room_to = member.header_at;
        }
        Ok(())
    }

    /// An archive that was cut short may end in another one that is its member, and looks whole.
    fn find_start(&self, storage: &Storage<'_>) -> Result<()> {
        let first = self.members.iter().map(|member| member.header_at).min();
        let first = first.unwrap_or(self.start);
        let mut bytes = [0; MAGIC.len()];
        if first > 0 && storage.read(0, &mut bytes)? == MAGIC {
            return Err(DecodeError::malformed(
                "the archive starts with a member that is not listed",
            )
            .at(0)
            .hint("it may have been cut short, behind another archive inside of it"));
        }
        Ok(())
    }

    /// How many bytes come before the first member: a program that unpacks itself, for instance.
    pub(super) fn bytes_before(&self) -> u64 {
        self.members.iter().map(|member| member.header_at).min().unwrap_or(self.start)
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }
}

impl Member {
    fn read(record: &rawzip::ZipFileHeaderRecord<'_>) -> Result<Self> {
        let flags = record.flags().bits();
        let raw_name = record.file_path().as_bytes();
        let at = record.central_directory_offset();
        let extra = record.extra_fields();
        let len = RECORD_SIZE + raw_name.len() + extra.remaining_bytes().len();
        let len = len + record.comment().as_bytes().len();
        let name = names::decode(raw_name, flags, extra).map_err(|error| error.at(at))?;
        if name.contains('\0') {
            // Python's zipfile cuts names there.
            return Err(DecodeError::malformed(format!("a name with a NUL: {name:?}")).at(at));
        }
        Ok(Self {
            raw_name: (name.as_bytes() != raw_name).then(|| raw_name.into()),
            name,
            method: Method::from_number(record.compression_method().as_u16()),
            flags,
            crc: record.crc32(),
            compressed_size: record.compressed_size_hint(),
            size: record.uncompressed_size_hint(),
            header_at: record.local_header_offset(),
            room_to: 0,
            record: (at, at + len as u64),
        })
    }

    /// Where the member's data is: behind its own header, which has to agree with the directory.
    pub(super) fn data_at(&self, storage: &Storage<'_>) -> Result<u64> {
        let header = LocalHeader::read(storage, self.header_at, self.raw_name().len())?;
        self.check_header(&header)?;
        if (header.flags | self.flags) & FLAGS_OPAQUE != 0 {
            let found = match (header.flags | self.flags) & FLAG_ENCRYPTED {
                0 => "the member is in a form that is not read here",
                _ => "the member is encrypted",
            };
            return Err(DecodeError::unsupported(found).at(self.header_at));
        }
        Ok(header.data_at)
    }

    /// Whether the member's own header says what the directory does, and there is room for its data.
    pub(super) fn check_header(&self, header: &LocalHeader) -> Result<()> {
        let malformed = |found: String| {
            DecodeError::malformed(found).at(self.header_at).expected("what the directory says")
        };
        if header.name() != self.raw_name() {
            return Err(malformed(format!(
                "the member's own header calls it {:?}",
                String::from_utf8_lossy(header.name())
            )));
        }
        if header.method != self.method.number() {
            return Err(malformed(format!("its own header says method {}", header.method)));
        }
        if (header.flags ^ self.flags) & names::UTF8_FLAG != 0 {
            return Err(malformed("its own header has its name in another encoding".to_owned()));
        }
        if header.flags & FLAG_DESCRIPTOR == 0 {
            for (what, own, listed) in [
                ("the CRC-32", u64::from(header.crc), u64::from(self.crc)),
                ("a compressed size of", header.compressed_size, self.compressed_size),
                ("a size of", header.size, self.size),
            ] {
                if own != listed {
                    let found = format!("its own header says {what} {own}, the directory {listed}");
                    return Err(malformed(found));
                }
            }
        }
        let end = header.data_at.checked_add(self.compressed_size);
        if end.is_none_or(|end| end > self.room_to) {
            let found = format!("its {} bytes reach into what follows", self.compressed_size);
            return Err(malformed(found).expected("members that do not overlap"));
        }
        Ok(())
    }
}

/// The records have to end where the end begins, and the end has to say so.
fn check_end(storage: &Storage<'_>, count: u64, start: u64, end: u64, at_end: u64) -> Result<()> {
    let mut bytes = [0; END_SIZE];
    let bytes = storage.read(at_end, &mut bytes)?;
    let number = |bytes: &[u8], at: usize, len: usize| {
        let digits = bytes.get(at..at + len).unwrap_or_default();
        digits.iter().rev().fold(0_u64, |number, &digit| number << 8 | u64::from(digit))
    };
    let places = [(8, 2), (10, 2), (12, 4), (16, 4)];
    let mut said = places.map(|(at, len)| number(bytes, at, len));
    let mut counted_from = start.saturating_sub(said[3]);
    let disks = [number(bytes, 4, 2), number(bytes, 6, 2)];
    let mut zip64 = [0; 56];
    let zip64 = storage.read(end, &mut zip64)?;
    let mut gap = at_end.saturating_sub(end);
    if zip64.starts_with(&ZIP64_END_SIGNATURE) && gap >= 56 + 20 {
        for (narrow, (at, most)) in
            said.iter_mut().zip([(24, 0xFFFF), (32, 0xFFFF), (40, 0xFFFF_FFFF), (48, 0xFFFF_FFFF)])
        {
            let wide = number(zip64, at, 8);
            if *narrow != most && *narrow != wide {
                return Err(wrong_count(*narrow, wide, at_end));
            }
            *narrow = wide;
        }
        counted_from = 0;
        gap = gap.saturating_sub(number(zip64, 4, 8).saturating_add(12 + 20));
    }
    if said[1] != count || said[0] != count {
        return Err(wrong_count(said[1], count, at_end));
    }
    if disks.iter().any(|&disk| disk != 0 && disk != 0xFFFF) {
        return Err(DecodeError::unsupported("the archive is spread over several disks").at(at_end));
    }
    // Behind bytes that were put before the archive later, all places are counted from its start.
    if said[2] != end - start || said[3].saturating_add(counted_from) != start || gap != 0 {
        let found = format!(
            "the directory takes {} bytes from {start} on, its end says {} from {} and is {gap} further",
            end - start,
            said[2],
            said[3]
        );
        return Err(DecodeError::malformed(found).at(end));
    }
    Ok(())
}

#[cold]
fn wrong_count(said: u64, found: u64, at: u64) -> DecodeError {
    DecodeError::malformed(format!("the directory has {found} records, its end says {said}")).at(at)
}

/// What `rawzip` says, in the words of this library.
#[cold]
fn damaged(error: &rawzip::Error, storage: &Storage<'_>) -> DecodeError {
    match error.kind() {
        rawzip::ErrorKind::MissingEndOfCentralDirectory => no_end(storage),
        rawzip::ErrorKind::IO(io) if io.kind() != ErrorKind::UnexpectedEof => DecodeError::io(io),
        rawzip::ErrorKind::IO(_) | rawzip::ErrorKind::Eof => match error.eocd_offset() {
            Some(at) => cut_end(storage, at),
            None => DecodeError::malformed("the archive's directory ends inside of a record"),
        },
        kind => DecodeError::malformed(format!("the archive's directory is damaged: {kind}")),
    }
}

/// The end at `at` is there, though not all that belongs to it.
#[cold]
fn cut_end(storage: &Storage<'_>, at: u64) -> DecodeError {
    let mut bytes = [0; END_SIZE];
    let comment = match storage.read(at, &mut bytes) {
        Ok([.., low, high]) if storage.len() - at >= END_SIZE as u64 => {
            u64::from(u16::from_le_bytes([*low, *high]))
        }
        _ => 0,
    };
    let needed = at + END_SIZE as u64 + comment;
    match needed > storage.len() {
        true => DecodeError::incomplete("the archive's end", needed, storage.len()),
        false => DecodeError::malformed("the archive's end says what cannot be").at(at),
    }
}

/// Without its end an archive cannot be read; the end may only not be there yet.
#[cold]
fn no_end(storage: &Storage<'_>) -> DecodeError {
    let len = storage.len();
    let mut start = [0; MAGIC.len()];
    let start = storage.read(0, &mut start).unwrap_or_default();
    if !MAGIC.starts_with(start) && !MAGIC_EMPTY.starts_with(start) {
        return DecodeError::new(DecodeErrorKind::Unrecognized, "the bytes are no zip archive")
            .at(0)
            .expected("b'PK\\x03\\x04' at the start, and the end of a directory");
    }
    let mut tail = [0; END_SIZE - 1];
    let from = len.saturating_sub(tail.len() as u64);
    let tail = storage.read(from, &mut tail).unwrap_or_default();
    let begun = (0..tail.len()).find(|&at| {
        let rest = &tail[at..];
        rest.starts_with(&MAGIC_EMPTY[..rest.len().min(4)])
    });
    let needed = match begun {
        Some(at) => from + (at + END_SIZE) as u64,
        None => len + END_SIZE as u64,
    };
    DecodeError::incomplete("the archive, whose directory comes last", needed, len)
}

/// A part of an archive in memory of its own, where others may write it.
pub(super) fn settled<'a>(source: Source<'a>) -> Source<'a> {
    match source.as_slice() {
        Some(_) => source,
        None => source.to_owned(),
    }
}

/// The directory of an archive that was opened before.
pub(super) fn check_same(directory: &Arc<Directory>, storage: &Storage<'_>) -> Result<()> {
    match directory.len() == storage.len() {
        true => Ok(()),
        false => Err(DecodeError::mismatch("this is the directory of another archive")),
    }
}
