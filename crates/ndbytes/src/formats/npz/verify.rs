//! Every byte of an archive held against what the archive says, in little memory.

use std::io::{self, Read};

use rawzip::ReaderAt;

use super::allowance::Allowance;
use super::archive::{FLAG_DESCRIPTOR, Member, Method};
use super::codec;
use super::names;
use super::read::{Archive, about, check_sum, twice};
use super::records::{Descriptor, LocalHeader};
use super::storage::Storage;
use crate::array::{Improper, map};
use crate::error::{DecodeError, Result};
use crate::formats::npy;

/// What is wrong with an archive, and what is unusual.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Findings {
    /// The headers of its arrays, in the order of the directory.
    pub headers: Vec<npy::Header>,
    /// What cannot be read, what two readers would read differently, and bytes that belong to
    /// nothing.
    pub faults: Vec<DecodeError>,
    /// What is unusual, though it does no harm.
    pub notes: Vec<String>,
}

impl Archive<'_> {
    /// Reads every byte of a member against its size and its checksum. However large it is, it takes
    /// little memory.
    ///
    /// # Errors
    /// As [`Archive::bytes`], and when compressed data ends before the member does.
    pub fn verify(&self, member: &Member) -> Result<()> {
        self.sum_up(member, &self.allowance(&self.options.limits), &|_| {}, &mut |_| {})
            .map_err(about(member))
    }

    /// Checks all there is to check: each member's own header, place, size, checksum and npy header,
    /// the objects of arrays of objects, that no name is there twice, and that every byte belongs to
    /// something. Of large members little is in memory at once; objects are read whole. What is
    /// built is charged together for all members, as is what zstd stands for beyond what deflate
    /// could: of a small archive it may be more than anyone has time for. Deflate stands for at most
    /// 1032 times its length, all of which is read, however small the archive: whoever has no time
    /// for that sets [`Limits::max_bytes`](crate::Limits::max_bytes), which then all that is inflated is charged against.
    ///
    /// `progress` is told how many bytes of the archive were read since it was told last.
    pub fn verify_all(&self, progress: &(dyn Fn(u64) + Sync)) -> Findings {
        let members = self.members();
        let allowance = self.allowance(&self.options.limits);
        let threads = self.options.threads.min(members.len());
        let mut done = map(
            threads,
            members,
            || (),
            |(), member| (member, self.check(member, &allowance, progress)),
        );
        // No two members lie in the same place.
        done.sort_by_key(|(member, _)| member.header_at);
        let mut all = Findings::default();
        let before = self.directory.bytes_before();
        if before > 0 {
            all.faults.push(
                DecodeError::malformed(format!("{before} bytes come before the first member"))
                    .format("npz")
                    .at(0)
                    .hint("NumPy takes it for something else; zip tools read it"),
            );
        }
        for (member, found) in done {
            all.headers.extend(found.headers);
            all.faults.extend(found.faults.into_iter().map(about(member)));
            let note = |note: String| format!("{:?}: {note}", member.name());
            all.notes.extend(found.notes.into_iter().map(note));
        }
        let mut by_name: Vec<&Member> = members.iter().collect();
        by_name.sort_by_key(|member| (member.array_name(), member.header_at));
        let same = by_name.windows(2).filter(|pair| pair[0].array_name() == pair[1].array_name());
        all.faults.extend(same.map(|pair| twice(pair[1])));
        all
    }

    fn check(
        &self,
        member: &Member,
        allowance: &Allowance,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Findings {
        let mut found = Findings::default();
        found.notes.extend(names::oddity(member.name()).map(String::from));
        if let Err(error) = self.check_place(member) {
            found.faults.push(error);
            progress(member.compressed_size().min(member.room_to.saturating_sub(member.header_at)));
            return found;
        }
        match self.check_array(member, allowance, progress, &mut found) {
            Ok(true) => {}
            Ok(false) if member.is_folder() => found.notes.push("a folder".to_owned()),
            Ok(false) => found.notes.push(format!("no array, {} bytes", member.size())),
            Err(error) => found.faults.push(error),
        }
        found
    }

    /// Whether the member is an array; its bytes are right in any case.
    fn check_array(
        &self,
        member: &Member,
        allowance: &Allowance,
        progress: &(dyn Fn(u64) + Sync),
        found: &mut Findings,
    ) -> Result<bool> {
        let limits = &self.options.limits;
        let header = match self.holds_array(member, allowance) {
            Ok(true) => self.header(member, limits, allowance).map(Some),
            Ok(false) => Ok(None),
            Err(error) => Err(error),
        };
        let dtype = header.as_ref().ok().and_then(|header| Some(&header.as_ref()?.dtype));
        let mut improper = dtype.and_then(Improper::new);
        let mut before = header.iter().flatten().map(|header| header.data_offset).sum::<usize>();
        // What is wrong with the bytes explains what is wrong with the header in them.
        self.sum_up(member, allowance, progress, &mut |block| {
            let skipped = before.min(block.len());
            before -= skipped;
            improper.iter_mut().for_each(|improper| improper.take(&block[skipped..]));
        })?;
        found.notes.extend(improper.iter().flat_map(Improper::notes));
        let Some(header) = header? else { return Ok(false) };
        found.notes.extend(header.oddities.iter().map(|&oddity| oddity.to_owned()));
        let at = self.place(member)?;
        let end = match header.dtype.has_objects() {
            true => {
                allowance.spend(self.built_for(member))?;
                let bytes = self.bytes_unchecked(member, at, 1)?;
                npy::extent(&bytes, limits).map_err(|error| error.ends_inside())?.1 as u64
            }
            false => {
                let size = member.size();
                if member.method() != Method::Stored && !self.may_build(member) {
                    let note =
                        format!("{size} bytes, more than is read unless max_bytes allows it");
                    found.notes.push(note);
                }
                header.layout()?.reach() as u64
            }
        };
        let end = end.max(header.data_offset as u64);
        if end > member.size() {
            return Err(header.cut_short(member.size()).ends_inside());
        }
        found.headers.push(header);
        match member.size() - end {
            0 => Ok(true),
            behind => {
                Err(DecodeError::malformed(format!("{behind} bytes follow the array's data")))
            }
        }
    }

    /// Reads all bytes of a member, has `take` take them, and forgets them.
    fn sum_up(
        &self,
        member: &Member,
        allowance: &Allowance,
        progress: &(dyn Fn(u64) + Sync),
        take: &mut dyn FnMut(&[u8]),
    ) -> Result<()> {
        let at = self.place(member)?;
        let (method, size) = (member.method(), member.size());
        codec::check_size(method, member.compressed_size(), size).map_err(|error| error.at(at))?;
        let mut part = Part::new(&self.storage, at, member.compressed_size(), progress);
        let (mut window_log, mut held) = (codec::NARROW_WINDOW_LOG, None);
        if method != Method::Stored {
            allowance.pass(member.compressed_size(), size)?;
        }
        if method == Method::Zstd
            && self.window(member, at)?.is_some_and(|window| window > 1 << window_log)
        {
            window_log = codec::WINDOW_LOG;
            held = Some(allowance.wide_window());
        }
        let (mut sum, mut len) = (crc32fast::Hasher::new(), 0_u64);
        let read = codec::decompress_blocks(method, &mut part, window_log, |block| {
            len += block.len() as u64;
            sum.update(block);
            take(block);
            match len > size {
                true => Err(DecodeError::malformed(format!(
                    "the data goes on behind the {size} bytes that it is said to stand for"
                ))),
                false => Ok(()),
            }
        });
        drop(held);
        progress(part.left());
        match (part.failed.take(), read) {
            (Some(error), _) => return Err(DecodeError::io(&error).at(at)),
            // A zstd frame may ask for more memory than is lent to it before its size is known.
            (None, Err(_)) if method == Method::Zstd && self.may_build(member) => {
                allowance.spend(size)?;
                let bytes = self.bytes_unchecked(member, at, 1)?;
                check_sum(member, codec::crc_of(&bytes), at)?;
                take(bytes.as_slice().and_then(|bytes| bytes.get(len as usize..)).unwrap_or(&[]));
                return Ok(());
            }
            (None, read) => read.map_err(|error| error.at(at))?,
        }
        if len != size {
            let found = format!("the data stands for {len} bytes, it is said to be {size}");
            return Err(DecodeError::malformed(found).at(at));
        }
        check_sum(member, sum.finalize(), at)
    }

    /// How much of what came before the zstd data of a member may need, as its start says.
    fn window(&self, member: &Member, at: u64) -> Result<Option<u64>> {
        let mut start = [0; codec::ZSTD_HEADER];
        let len = member.compressed_size().min(start.len() as u64) as usize;
        Ok(codec::zstd_window(self.storage.read(at, &mut start[..len])?))
    }

    /// The bytes from the end of a member's data on to the next member, or to the directory, are its
    /// sizes once more, or nothing.
    fn check_place(&self, member: &Member) -> Result<()> {
        let end = self.place(member)?.saturating_add(member.compressed_size());
        let header = LocalHeader::read(&self.storage, member.header_at, member.raw_name().len())?;
        let room = member.room_to.saturating_sub(end);
        let taken = match (header.flags | member.flags()) & FLAG_DESCRIPTOR {
            0 => 0,
            _ => {
                let mut bytes = [0; Descriptor::LONGEST];
                let said = Descriptor {
                    crc: member.crc32(),
                    compressed_size: member.compressed_size(),
                    size: member.size(),
                };
                said.len_in(self.storage.read(end, &mut bytes)?).ok_or_else(|| {
                    DecodeError::malformed("behind its data are not the sizes that were announced")
                        .at(end)
                        .expected("the CRC-32 and the sizes that the directory says")
                })?
            }
        };
        match room.checked_sub(taken) {
            Some(0) => Ok(()),
            Some(gap) => {
                let found = format!("{gap} bytes behind the member belong to nothing");
                Err(DecodeError::malformed(found).at(end + taken))
            }
            None => {
                let found = "the sizes behind its data reach into what follows";
                Err(DecodeError::malformed(found).at(end))
            }
        }
    }
}

/// The bytes of one member, as a stream.
struct Part<'s, 'a> {
    storage: &'s Storage<'a>,
    at: u64,
    end: u64,
    progress: &'s (dyn Fn(u64) + Sync),
    /// Why the archive could not be read, where a codec would say only that it could not.
    failed: Option<io::Error>,
}

impl<'s, 'a> Part<'s, 'a> {
    fn new(
        storage: &'s Storage<'a>,
        at: u64,
        len: u64,
        progress: &'s (dyn Fn(u64) + Sync),
    ) -> Self {
        Self { storage, at, end: at.saturating_add(len), progress, failed: None }
    }

    fn left(&self) -> u64 {
        self.end - self.at
    }
}

impl Read for Part<'_, '_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let most = bytes.len().min(usize::try_from(self.left()).unwrap_or(usize::MAX));
        let read = match self.storage.read_at(&mut bytes[..most], self.at) {
            Ok(0) if most > 0 => Err(io::ErrorKind::UnexpectedEof.into()),
            read => read,
        };
        match read {
            Ok(read) => {
                self.at += read as u64;
                (self.progress)(read as u64);
                Ok(read)
            }
            Err(error) => {
                let again = io::Error::new(error.kind(), error.to_string());
                self.failed = Some(error);
                Err(again)
            }
        }
    }
}
