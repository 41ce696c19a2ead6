//! The structures around the members, as they are written, and the one that is read here: a
//! member's own header.
//!
//! Source: PKWARE's APPNOTE.TXT 6.3.10, sections 4.3 to 4.5.

use rawzip::extra_fields::ExtraFields;
use smallvec::{SmallVec, smallvec};

use super::archive::Method;
use super::names;
use super::storage::Storage;
use crate::cursor::Cursor;
use crate::error::{DecodeError, Result};

const LOCAL_SIGNATURE: [u8; 4] = *b"PK\x03\x04";
const RECORD_SIGNATURE: [u8; 4] = *b"PK\x01\x02";
const DESCRIPTOR_SIGNATURE: [u8; 4] = *b"PK\x07\x08";
const END_SIGNATURE: [u8; 4] = *b"PK\x05\x06";
pub(super) const ZIP64_END_SIGNATURE: [u8; 4] = *b"PK\x06\x06";
const ZIP64_LOCATOR_SIGNATURE: [u8; 4] = *b"PK\x06\x07";

const LOCAL_SIZE: usize = 30;
pub(super) const RECORD_SIZE: usize = 46;
pub(super) const END_SIZE: usize = 22;

/// Data of stored members starts at multiples of this, as that of npy does.
pub(super) const ALIGNMENT: u64 = 64;

const ZIP64_FIELD: u16 = 0x0001;
/// The field that Android's zipalign pads with: the alignment, and zeros.
const PADDING_FIELD: u16 = 0xD935;
/// Numbers from here on are in a zip64 field, and these stand in their place.
const MAX_32: u64 = u32::MAX as u64;
const MAX_16: u64 = u16::MAX as u64;

/// 1980-01-01, the first date there is: the same arrays are the same bytes on every day.
const DATE: u16 = 0x0021;
/// Made by version 2.0 on Unix, as a file that its owner reads and writes: what NumPy says.
const MADE_BY: u16 = 3 << 8 | 20;
const ATTRIBUTES: u32 = 0o600 << 16;

/// What the header of a member itself says.
#[derive(Debug)]
pub(super) struct LocalHeader {
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) crc: u32,
    pub(super) compressed_size: u64,
    pub(super) size: u64,
    /// Where the data starts.
    pub(super) data_at: u64,
    fixed: [u8; LOCAL_SIZE],
    /// The name, and then the extra fields.
    tail: SmallVec<[u8; 256]>,
    name_len: usize,
}

impl LocalHeader {
    /// Reads the header at `at`, whose name is probably `name_len` long.
    pub(super) fn read(storage: &Storage<'_>, at: u64, name_len: usize) -> Result<Self> {
        // Extra fields are rarely longer.
        let mut bytes: SmallVec<[u8; 512]> = smallvec![0; LOCAL_SIZE + name_len + 80];
        let read = storage.read(at, &mut bytes)?.len();
        bytes.truncate(read);
        let fixed: [u8; LOCAL_SIZE] =
            Cursor::new(&bytes).array("a member's header").map_err(|_| {
                DecodeError::incomplete(
                    "a member's header",
                    at.saturating_add(LOCAL_SIZE as u64),
                    storage.len(),
                )
            })?;
        if fixed[..4] != LOCAL_SIGNATURE {
            return Err(DecodeError::malformed("there is no member where the directory says")
                .at(at)
                .expected("b'PK\\x03\\x04'"));
        }
        let short = |place: usize| u16::from_le_bytes([fixed[place], fixed[place + 1]]);
        let long = |place: usize| u32::from(short(place)) | u32::from(short(place + 2)) << 16;
        let name_len = usize::from(short(26));
        let tail_len = name_len + usize::from(short(28));
        let mut tail: SmallVec<[u8; 256]> = SmallVec::from_slice(&bytes[LOCAL_SIZE..]);
        if tail.len() < tail_len {
            let len = tail_len as u64;
            let rest = storage.part(at + LOCAL_SIZE as u64, len, "a member's header")?;
            tail = SmallVec::from_vec(rest.to_vec(0, tail_len));
        }
        tail.truncate(tail_len);
        let mut header = Self {
            flags: short(6),
            method: short(8),
            crc: long(14),
            compressed_size: long(18).into(),
            size: long(22).into(),
            data_at: at + (LOCAL_SIZE + tail_len) as u64,
            fixed,
            tail,
            name_len,
        };
        header.widen();
        Ok(header)
    }

    /// Takes sizes that have no place in 32 bits from the field that they are in.
    fn widen(&mut self) {
        let field = self.extra().find(|(id, _)| id.as_u16() == ZIP64_FIELD);
        let Some((_, field)) = field else { return };
        let mut wide = field
            .chunks_exact(8)
            .map(|eight| eight.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte)));
        let mut sizes = [self.size, self.compressed_size];
        for size in sizes.iter_mut().filter(|size| **size == MAX_32) {
            *size = wide.next().unwrap_or(*size);
        }
        [self.size, self.compressed_size] = sizes;
    }

    pub(super) fn name(&self) -> &[u8] {
        &self.tail[..self.name_len]
    }

    pub(super) fn extra(&self) -> ExtraFields<'_> {
        ExtraFields::new(&self.tail[self.name_len..])
    }

    /// The header of the same member at another place and under another name, with data that starts
    /// at a multiple of [`ALIGNMENT`] if it is stored.
    pub(super) fn moved(&self, name: &[u8], flags: u16, at: u64) -> Vec<u8> {
        let mut bytes = self.fixed.to_vec();
        bytes[6..8].copy_from_slice(&flags.to_le_bytes());
        let extra = self.extra().filter(|(id, _)| !OF_THE_PLACE.contains(&id.as_u16()));
        let mut fields = Vec::new();
        extra.for_each(|(id, field)| push_field(&mut fields, id.as_u16(), field));
        if self.method == Method::Stored.number() {
            let end = at + (LOCAL_SIZE + name.len() + fields.len()) as u64;
            pad(&mut fields, end);
        }
        finish_header(bytes, name, &fields)
    }
}

/// What stands behind the data of a member whose header was written before it.
pub(super) struct Descriptor {
    pub(super) crc: u32,
    pub(super) compressed_size: u64,
    pub(super) size: u64,
}

impl Descriptor {
    pub(super) const LONGEST: usize = 24;

    /// How many of `bytes` say this: with a signature or without one, in 32 bits or in 64.
    pub(super) fn len_in(&self, bytes: &[u8]) -> Option<u64> {
        let sizes = [self.compressed_size, self.size];
        let crc = self.crc.to_le_bytes();
        let narrow: Vec<u8> = sizes.iter().flat_map(|&size| (size as u32).to_le_bytes()).collect();
        let wide: Vec<u8> = sizes.iter().flat_map(|&size| size.to_le_bytes()).collect();
        let unsigned = match bytes.strip_prefix(&DESCRIPTOR_SIGNATURE) {
            // A CRC-32 may be spelled as the signature is.
            Some(rest) if rest.starts_with(&crc) => rest,
            _ => bytes,
        };
        let rest = unsigned.strip_prefix(&crc)?;
        let len = match () {
            () if rest.starts_with(&wide) => wide.len(),
            () if rest.starts_with(&narrow) && sizes.iter().all(|&size| size <= MAX_32) => {
                narrow.len()
            }
            () => return None,
        };
        Some((bytes.len() - rest.len() + len) as u64)
    }
}

/// Extra fields that go when a member is moved or renamed: padding, and its name once more.
pub(super) const OF_THE_PLACE: [u16; 2] = [PADDING_FIELD, names::UNICODE_PATH];

/// What both headers of a member say.
#[derive(Clone, Debug)]
pub(super) struct Record<'n> {
    pub(super) name: &'n str,
    pub(super) method: Method,
    pub(super) crc: u32,
    pub(super) compressed_size: u64,
    pub(super) size: u64,
    /// Where the member is.
    pub(super) at: u64,
}

impl Record<'_> {
    /// Appends the header before the member's data.
    pub(super) fn push_local_header(&self, bytes: &mut Vec<u8>) {
        let (name, _) = names::encode(self.name);
        let start = bytes.len();
        bytes.extend_from_slice(&LOCAL_SIGNATURE);
        self.push_common(self.is_wide(), bytes);
        bytes.extend_from_slice(&(name.len() as u16).to_le_bytes());
        bytes.extend_from_slice(&[0; 2]);
        bytes.extend_from_slice(name);
        let fields = bytes.len();
        if self.is_wide() {
            push_field(
                bytes,
                ZIP64_FIELD,
                &[self.size, self.compressed_size].map(u64::to_le_bytes).concat(),
            );
        }
        if self.method == Method::Stored {
            pad(bytes, self.at + (bytes.len() - start) as u64);
        }
        let len = ((bytes.len() - fields) as u16).to_le_bytes();
        bytes[start + LOCAL_SIZE - 2..][..2].copy_from_slice(&len);
    }

    /// Appends the record in the directory.
    pub(super) fn push_directory_record(&self, bytes: &mut Vec<u8>) {
        let (name, _) = names::encode(self.name);
        let start = bytes.len();
        let place = Some(self.at).filter(|&at| at >= MAX_32);
        bytes.extend_from_slice(&RECORD_SIGNATURE);
        bytes.extend_from_slice(&MADE_BY.to_le_bytes());
        self.push_common(self.is_wide() || place.is_some(), bytes);
        bytes.extend_from_slice(&(name.len() as u16).to_le_bytes());
        // The length of the fields; comment, disk, kind of content.
        bytes.extend_from_slice(&[0; 8]);
        bytes.extend_from_slice(&ATTRIBUTES.to_le_bytes());
        bytes.extend_from_slice(&narrow(self.at).to_le_bytes());
        bytes.extend_from_slice(name);
        let fields = bytes.len();
        let wide = [self.size, self.compressed_size].into_iter().filter(|_| self.is_wide());
        push_zip64_field(bytes, wide.chain(place));
        let len = ((bytes.len() - fields) as u16).to_le_bytes();
        bytes[start + 30..][..2].copy_from_slice(&len);
    }

    /// From the version that is needed to the sizes: the same in both headers.
    fn push_common(&self, wide: bool, bytes: &mut Vec<u8>) {
        let version: u16 = match self.method {
            Method::Zstd => 63,
            _ if wide => 45,
            _ => 20,
        };
        let (_, flags) = names::encode(self.name);
        for number in [version, flags, self.method.number(), 0, DATE] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        // Both sizes are in the wide field, or neither is.
        let [compressed, size] = match self.is_wide() {
            true => [u32::MAX; 2],
            false => [narrow(self.compressed_size), narrow(self.size)],
        };
        for number in [self.crc, compressed, size] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
    }

    fn is_wide(&self) -> bool {
        self.size.max(self.compressed_size) >= MAX_32
    }
}

/// Puts a checksum into a member's own header and into its record.
pub(super) fn set_crc(header: &mut [u8], record: &mut [u8], crc: [u8; 4]) {
    header[14..18].copy_from_slice(&crc);
    record[16..20].copy_from_slice(&crc);
}

/// A record of another archive's directory for a member that now is at `at` and is called `name`;
/// all else stays as it was.
pub(super) fn moved_record(record: &[u8], name: &[u8], flags: u16, at: u64) -> Option<Vec<u8>> {
    let short = |place: usize| Some(u16::from_le_bytes(*record.get(place..)?.first_chunk()?));
    let long = |place: usize| Some(u32::from_le_bytes(*record.get(place..)?.first_chunk()?));
    let name_end = RECORD_SIZE + usize::from(short(28)?);
    let extra_end = name_end + usize::from(short(30)?);
    let (extra, comment) = (record.get(name_end..extra_end)?, record.get(extra_end..)?);

    // The sizes that were in the wide field stay there, in front of the place if that is wide now.
    let wide_sizes = [long(24)?, long(20)?].iter().filter(|&&size| size == u32::MAX).count();
    let sizes = ExtraFields::new(extra).find(|(id, _)| id.as_u16() == ZIP64_FIELD);
    let sizes = sizes.map_or(&[][..], |(_, field)| field);
    let sizes = sizes
        .chunks_exact(8)
        .take(wide_sizes)
        .map(|eight| eight.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte)));
    let mut fields = Vec::new();
    push_zip64_field(&mut fields, sizes.chain(Some(at).filter(|&at| at >= MAX_32)));
    let stays = |id: u16| id != ZIP64_FIELD && !OF_THE_PLACE.contains(&id);
    ExtraFields::new(extra)
        .filter(|(id, _)| stays(id.as_u16()))
        .for_each(|(id, field)| push_field(&mut fields, id.as_u16(), field));

    let mut bytes = record[..RECORD_SIZE].to_vec();
    if at >= MAX_32 {
        bytes[6] = bytes[6].max(45);
    }
    bytes[8..10].copy_from_slice(&flags.to_le_bytes());
    bytes[28..30].copy_from_slice(&u16::try_from(name.len()).ok()?.to_le_bytes());
    bytes[30..32].copy_from_slice(&u16::try_from(fields.len()).ok()?.to_le_bytes());
    bytes[34..36].copy_from_slice(&[0; 2]);
    bytes[42..46].copy_from_slice(&narrow(at).to_le_bytes());
    bytes.extend_from_slice(name);
    bytes.extend_from_slice(&fields);
    bytes.extend_from_slice(comment);
    Some(bytes)
}

/// What follows the `count` records of a directory, which start at `start` and take `size` bytes.
pub(super) fn end(count: u64, start: u64, size: u64, comment: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    if count >= MAX_16 || start >= MAX_32 || size >= MAX_32 {
        bytes.extend_from_slice(&ZIP64_END_SIGNATURE);
        // How much follows, in this record.
        bytes.extend_from_slice(&44_u64.to_le_bytes());
        bytes.extend_from_slice(&[45, 3, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        for number in [count, count, size, start] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.extend_from_slice(&ZIP64_LOCATOR_SIGNATURE);
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&(start + size).to_le_bytes());
        bytes.extend_from_slice(&1_u32.to_le_bytes());
    }
    bytes.extend_from_slice(&END_SIGNATURE);
    bytes.extend_from_slice(&[0; 4]);
    for _ in 0..2 {
        bytes.extend_from_slice(&(count.min(MAX_16) as u16).to_le_bytes());
    }
    bytes.extend_from_slice(&narrow(size).to_le_bytes());
    bytes.extend_from_slice(&narrow(start).to_le_bytes());
    bytes.extend_from_slice(&(comment.len() as u16).to_le_bytes());
    bytes.extend_from_slice(comment);
    bytes
}

/// The number, or what says that it is in a zip64 field.
fn narrow(number: u64) -> u32 {
    number.min(MAX_32) as u32
}

fn push_zip64_field(fields: &mut Vec<u8>, numbers: impl Iterator<Item = u64>) {
    let field: SmallVec<[u8; 24]> = numbers.flat_map(u64::to_le_bytes).collect();
    if !field.is_empty() {
        push_field(fields, ZIP64_FIELD, &field);
    }
}

fn push_field(fields: &mut Vec<u8>, id: u16, field: &[u8]) {
    fields.extend_from_slice(&id.to_le_bytes());
    fields.extend_from_slice(&(field.len() as u16).to_le_bytes());
    fields.extend_from_slice(field);
}

/// Adds a field of such a length that what follows the fields, which end at `end`, is aligned.
fn pad(fields: &mut Vec<u8>, end: u64) {
    if end.is_multiple_of(ALIGNMENT) {
        return;
    }
    let start = end + 6;
    let zeros = (start.next_multiple_of(ALIGNMENT) - start) as usize;
    fields.extend_from_slice(&PADDING_FIELD.to_le_bytes());
    fields.extend_from_slice(&(2 + zeros as u16).to_le_bytes());
    fields.extend_from_slice(&(ALIGNMENT as u16).to_le_bytes());
    fields.resize(fields.len() + zeros, 0);
}

fn finish_header(mut bytes: Vec<u8>, name: &[u8], fields: &[u8]) -> Vec<u8> {
    bytes.truncate(LOCAL_SIZE - 4);
    bytes.extend_from_slice(&(name.len() as u16).to_le_bytes());
    bytes.extend_from_slice(&(fields.len() as u16).to_le_bytes());
    bytes.extend_from_slice(name);
    bytes.extend_from_slice(fields);
    bytes
}

#[cfg(test)]
mod tests {
    use std::io::{self, Read, Seek, SeekFrom};

    use super::super::{Archive, ReadOptions, Update, WriteOptions};
    use super::*;

    /// A stream of zeros, but for some parts of it: as long as no memory is.
    #[derive(Default)]
    struct Sparse {
        parts: Vec<(u64, Vec<u8>)>,
        len: u64,
        at: u64,
    }

    impl Sparse {
        fn put(&mut self, at: u64, bytes: Vec<u8>) {
            self.len = self.len.max(at + bytes.len() as u64);
            self.parts.push((at, bytes));
        }
    }

    impl Read for Sparse {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            let left = self.len.saturating_sub(self.at);
            let count = to.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            to[..count].fill(0);
            for (start, part) in &self.parts {
                for (byte, place) in part.iter().zip(*start..) {
                    if let Some(index) = place.checked_sub(self.at)
                        && let Some(to) = to[..count].get_mut(index as usize)
                    {
                        *to = *byte;
                    }
                }
            }
            self.at += count as u64;
            Ok(count)
        }
    }

    impl Seek for Sparse {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.at = match to {
                SeekFrom::Start(at) => at,
                SeekFrom::Current(by) => self.at.wrapping_add_signed(by),
                SeekFrom::End(by) => self.len.wrapping_add_signed(by),
            };
            Ok(self.at)
        }
    }

    /// An archive with stored members of these sizes.
    fn archive(sizes: &[u64]) -> (Sparse, Vec<u8>) {
        let (mut stream, mut directory, mut at) = (Sparse::default(), Vec::new(), 0);
        for (number, &size) in sizes.iter().enumerate() {
            let name = format!("größe {number}.npy");
            let method = Method::Stored;
            let record = Record { name: &name, method, crc: 7, compressed_size: size, size, at };
            let mut header = Vec::new();
            record.push_local_header(&mut header);
            record.push_directory_record(&mut directory);
            assert!((at + header.len() as u64).is_multiple_of(ALIGNMENT));
            let end = at + header.len() as u64 + size;
            stream.put(at, header);
            at = end;
        }
        let end = end(sizes.len() as u64, at, directory.len() as u64, b"a comment");
        directory.extend_from_slice(&end);
        stream.put(at, directory.clone());
        (stream, directory)
    }

    fn has_wide_end(directory: &[u8]) -> bool {
        directory.windows(4).any(|four| four == ZIP64_END_SIGNATURE)
    }

    #[test]
    fn sizes_and_places_at_every_limit() {
        // Below, at and above each limit.
        let max = MAX_32;
        for sizes in [
            &[0_u64, 5][..],
            &[max - 1, 5],
            &[max, 5],
            &[max + 1, max - 1, 0],
            // The place of the second one is at the limit.
            &[max - 64 - 63, 1],
            &[max - 64, 1],
            &[max - 63, 1],
            &[1 << 40, 1 << 41, 3],
        ] {
            let (stream, directory) = archive(sizes);
            let start = stream.len - directory.len() as u64;
            assert_eq!(has_wide_end(&directory), start >= max, "{sizes:?}");
            let archive = Archive::from_reader(stream, ReadOptions::new()).unwrap();
            for (member, &size) in archive.members().iter().zip(sizes) {
                assert_eq!((member.size(), member.compressed_size()), (size, size));
                assert!(archive.place(member).unwrap().is_multiple_of(ALIGNMENT));
                let wide = size >= max;
                let header = LocalHeader::read(&archive.storage, member.header_at, 20).unwrap();
                let has_field = header.extra().any(|(id, _)| id.as_u16() == ZIP64_FIELD);
                assert_eq!(has_field, wide, "zip64 only where it is needed");
            }

            // Moved behind a longer name, everything is where it is said to be.
            let mut update = Update::new(&archive, WriteOptions::new());
            update.rename("größe 0", "a name that takes more room than the other").unwrap();
            let (mut moved, mut at) = (Sparse::default(), 0);
            let out = Counted { sparse: &mut moved, at: &mut at };
            let copy = |out: &mut Counted<'_>, range: std::ops::Range<u64>| {
                *out.at += range.end - range.start;
                Ok(())
            };
            update.write_with(out, copy).unwrap();
            let again = Archive::from_reader(moved, ReadOptions::new()).unwrap();
            assert_eq!(again.members().len(), sizes.len());
            assert!(again.find("a name that takes more room than the other").is_ok());
            for (member, &size) in again.members().iter().zip(sizes) {
                assert_eq!((member.size(), member.crc32()), (size, 7));
                assert!(again.place(member).unwrap().is_multiple_of(ALIGNMENT));
            }
        }
    }

    /// Writes into a sparse stream, over whose holes it jumps.
    struct Counted<'s> {
        sparse: &'s mut Sparse,
        at: &'s mut u64,
    }

    impl io::Write for Counted<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.sparse.put(*self.at, bytes.to_vec());
            *self.at += bytes.len() as u64;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
}
