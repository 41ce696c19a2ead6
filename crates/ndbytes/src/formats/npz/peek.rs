//! What an archive says about itself: the headers of its arrays, without their elements.

use std::cmp::Ordering;
use std::io::{Read, Seek};

use super::allowance::Allowance;
use super::archive::{FLAG_DESCRIPTOR, Member, Method};
use super::codec;
use super::names;
use super::read::{Archive, ReadOptions, enough_for};
use super::records::LocalHeader;
use super::storage::Storage;
use crate::array::Source;
use crate::error::{DecodeError, Result};
use crate::formats::npy;
use crate::limits::Limits;

/// Nearly every header is shorter.
const ENOUGH_FOR_MOST: usize = 512;

/// What an archive says about itself.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Peeked {
    /// Its arrays, in the order of the directory.
    pub arrays: Vec<PeekedArray>,
    /// What is damaged or no array, each with its name.
    pub others: Vec<String>,
    /// What is unusual about the archive as a whole.
    pub oddities: Vec<String>,
}

/// What an archive says about one of its arrays.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PeekedArray {
    /// The name of the array.
    pub name: String,
    /// The name of its member.
    pub member: String,
    /// What its npy says, and what is unusual about it and its place.
    pub npy: npy::Peeked,
    /// How it is kept.
    pub method: Method,
    /// The byte of the archive where its member's data starts.
    pub member_at: u64,
}

/// What the archive in `bytes`, which have to be all of it, says about itself.
pub(in crate::formats) fn peek(bytes: &[u8], limits: &Limits) -> Result<Peeked> {
    let options = ReadOptions::new().limits(*limits);
    Ok(Archive::new(Source::slice(bytes), options)?.peek(limits))
}

/// What the members of an archive say about themselves, each in its own header, where the directory,
/// which comes last, is not there.
pub(in crate::formats) fn peek_start(bytes: &[u8], limits: &Limits) -> Peeked {
    peek_members(&Storage::Memory(Source::slice(bytes)), limits)
}

/// As `peek_start`, of a stream that was cut, or whose end is not there yet.
///
/// # Errors
/// When the stream cannot be read.
pub fn peek_cut(reader: impl Read + Seek + Send, limits: &Limits) -> Result<Peeked> {
    Ok(peek_members(&Storage::stream(reader)?, limits))
}

fn peek_members(storage: &Storage<'_>, limits: &Limits) -> Peeked {
    let (mut arrays, mut others) = (Vec::new(), Vec::new());
    let allowance = Allowance::new(limits, storage.len());
    let mut at = 0;
    while let Ok(own) = LocalHeader::read(storage, at, 0) {
        let Ok(name) = names::decode(own.name(), own.flags, own.extra()) else { break };
        // Sizes that stand behind the data are not known before.
        let is_open = own.flags & FLAG_DESCRIPTOR != 0;
        let end = match is_open {
            true => storage.len(),
            false => own.data_at.saturating_add(own.compressed_size),
        };
        let start = |count| start_at(storage, &own, end, count, &allowance);
        match read_header(start, limits).and_then(|header| header) {
            Ok(header) => arrays.push(PeekedArray {
                name: names::array_name(&name).to_owned(),
                npy: with_objects(header, start, limits),
                member: name,
                method: Method::from_number(own.method),
                member_at: own.data_at,
            }),
            Err(error) if error.needed().is_some() && end >= storage.len() => break,
            Err(error) if name.ends_with(names::SUFFIX) => {
                others.push(format!("{name:?}: {error}"));
            }
            Err(_) => others.push(format!("{name:?}: no array, {} bytes", own.size)),
        }
        if is_open || limits.check_entries(arrays.len() as u64).is_err() {
            break;
        }
        at = end;
    }
    let cut = "cut short: the directory, which comes last, is not there; what is listed is what the \
               members say that are";
    Peeked { arrays, others, oddities: vec![cut.to_owned()] }
}

/// The first `count` bytes of a member, which ends at `end` or where the archive does.
fn start_at(
    storage: &Storage<'_>,
    own: &LocalHeader,
    end: u64,
    count: usize,
    allowance: &Allowance,
) -> Result<Vec<u8>> {
    let len = end.min(storage.len()).saturating_sub(own.data_at);
    let method = Method::from_number(own.method);
    let part = storage.part(own.data_at, enough_for(method, count).min(len), "a member")?;
    match method {
        Method::Stored => Ok(part.to_vec(0, part.len())),
        method => {
            allowance.spend(count as u64)?;
            codec::decompress_start(method, &part.to_vec(0, part.len()), count)
        }
    }
}

/// The npy header at the start of a member, or what is wrong with it; of the member `start` gives the
/// first bytes.
fn read_header(
    start: impl Fn(usize) -> Result<Vec<u8>>,
    limits: &Limits,
) -> Result<Result<npy::Header>> {
    let mut count = ENOUGH_FOR_MOST;
    loop {
        let start = start(count)?;
        let header = npy::Header::read(&start, limits);
        let needed = header.as_ref().err().and_then(DecodeError::needed);
        match needed.and_then(|needed| usize::try_from(needed).ok()) {
            Some(needed) if count < needed && start.len() == count => count = needed,
            _ => return Ok(header),
        }
    }
}

/// What an npy says besides its header. What `start` cannot give is told not to have been looked at.
fn with_objects(
    header: npy::Header,
    start: impl Fn(usize) -> Result<Vec<u8>>,
    limits: &Limits,
) -> npy::Peeked {
    let start = match header.dtype.has_objects() {
        true => start(npy::MOST_OF_OBJECTS).unwrap_or_default(),
        false => Vec::new(),
    };
    npy::Peeked::new(header, &start, limits)
}

/// Whether a member of `size` bytes is too small or too large for its array.
fn size_oddity(header: &npy::Header, size: u64) -> Option<String> {
    let layout = header.layout().ok().filter(|_| !header.dtype.has_objects())?;
    let end = (header.data_offset as u64).saturating_add(layout.nbytes() as u64);
    match size.cmp(&end) {
        Ordering::Less => Some(format!("cut short: it has {size} bytes, the array takes {end}")),
        Ordering::Greater => Some(format!("{} bytes follow the data", size - end)),
        Ordering::Equal => None,
    }
}

impl Archive<'_> {
    /// What the archive says about its arrays. What is damaged is among what is told, as is what
    /// would take more than `limits` allow for all members together.
    pub fn peek(&self, limits: &Limits) -> Peeked {
        let (mut arrays, mut others, mut oddities) = (Vec::new(), Vec::new(), Vec::new());
        let allowance = self.allowance(limits);
        let before = self.directory.bytes_before();
        if before > 0 {
            oddities.push(format!("{before} bytes come before the first member"));
        }
        // All headers come first: what objects ask for is told with what they leave of the allowance.
        let headers: Vec<_> =
            self.members().iter().map(|member| self.peek_at(member, limits, &allowance)).collect();
        for (member, header) in self.members().iter().zip(headers) {
            let mut odd: Vec<String> =
                names::oddity(member.name()).map(String::from).into_iter().collect();
            match header {
                Ok(Some((header, member_at))) => {
                    let size = size_oddity(&header, member.size());
                    let start = |count| self.start(member, count, &allowance);
                    let mut npy = with_objects(header, start, limits);
                    npy.oddities.splice(..0, odd);
                    npy.oddities.extend(size);
                    arrays.push(PeekedArray {
                        name: member.array_name().to_owned(),
                        member: member.name().to_owned(),
                        npy,
                        method: member.method(),
                        member_at,
                    });
                    continue;
                }
                Ok(None) if member.is_folder() => odd.push("a folder".to_owned()),
                Ok(None) => odd.push(format!("no array, {} bytes", member.size())),
                Err(error) => odd.push(error.to_string()),
            }
            others.extend(odd.iter().map(|odd| format!("{:?}: {odd}", member.name())));
        }
        let mut seen: Vec<&str> = self.members().iter().map(Member::name).collect();
        seen.sort_unstable();
        for pair in seen.windows(2).filter(|pair| pair[0] == pair[1]) {
            oddities.push(format!("{:?} is there more than once", pair[0]));
        }
        Peeked { arrays, others, oddities }
    }

    /// The header of a member and the place of its bytes, if it is an array.
    fn peek_at(
        &self,
        member: &Member,
        limits: &Limits,
        allowance: &Allowance,
    ) -> Result<Option<(npy::Header, u64)>> {
        if !self.holds_array(member, allowance)? {
            return Ok(None);
        }
        Ok(Some((self.header(member, limits, allowance)?, self.place(member)?)))
    }

    /// The npy headers of members, each an error when it cannot be read, or is none.
    pub fn headers(
        &self,
        members: &[&Member],
        limits: &Limits,
    ) -> impl Iterator<Item = Result<npy::Header>> {
        let allowance = self.allowance(limits);
        members.iter().map(move |member| self.header(member, limits, &allowance))
    }

    pub(super) fn header(
        &self,
        member: &Member,
        limits: &Limits,
        allowance: &Allowance,
    ) -> Result<npy::Header> {
        let header = read_header(|count| self.start(member, count, allowance), limits)?;
        let header = header.map_err(|error| match error.needed() {
            Some(_) => DecodeError::malformed("the member ends before its npy header does"),
            None => error,
        });
        header.map_err(|error| error.in_entry(member.name()))
    }
}
