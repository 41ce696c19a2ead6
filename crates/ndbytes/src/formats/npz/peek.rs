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
    /// What is unusual or damaged, and what is no array.
    pub oddities: Vec<String>,
}

/// What an archive says about one of its arrays.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PeekedArray {
    /// The name of the array.
    pub name: String,
    /// What its npy header says.
    pub header: npy::Header,
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
    let (mut arrays, mut oddities) = (Vec::new(), Vec::new());
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
        match header_at(storage, &own, end, limits, &allowance) {
            Ok(header) => arrays.push(PeekedArray {
                name: names::array_name(&name).to_owned(),
                header,
                method: Method::from_number(own.method),
                member_at: own.data_at,
            }),
            Err(error) if error.needed().is_some() && end >= storage.len() => break,
            Err(error) if name.ends_with(names::SUFFIX) => {
                oddities.push(format!("{name:?}: {error}"));
            }
            Err(_) => oddities.push(format!("{name:?}: no array, {} bytes", own.size)),
        }
        if is_open || limits.check_entries(arrays.len() as u64).is_err() {
            break;
        }
        at = end;
    }
    oddities.push(
        "cut short: the directory, which comes last, is not there; what is listed is what the \
         members say that are"
            .to_owned(),
    );
    Peeked { arrays, oddities }
}

/// The npy header at the start of a member, which ends at `end` or where the archive does.
fn header_at(
    storage: &Storage<'_>,
    own: &LocalHeader,
    end: u64,
    limits: &Limits,
    allowance: &Allowance,
) -> Result<npy::Header> {
    let len = end.min(storage.len()).saturating_sub(own.data_at);
    let mut count = ENOUGH_FOR_MOST;
    loop {
        let method = Method::from_number(own.method);
        let part = storage.part(own.data_at, enough_for(method, count).min(len), "a member")?;
        let start = match method {
            Method::Stored => part.to_vec(0, part.len()),
            method => {
                allowance.spend(count as u64)?;
                codec::decompress_start(method, &part.to_vec(0, part.len()), count)?
            }
        };
        match npy::Header::read(&start, limits) {
            Err(error) => match error.needed().and_then(|needed| usize::try_from(needed).ok()) {
                Some(needed) if count < needed && start.len() == count => count = needed,
                _ => return Err(error),
            },
            header => return header,
        }
    }
}

impl PeekedArray {
    /// Whether a member of `size` bytes is too small or too large for the array.
    fn size_oddity(&self, size: u64) -> Option<String> {
        let layout = self.header.layout().ok().filter(|_| !self.header.dtype.has_objects())?;
        let end = (self.header.data_offset as u64).saturating_add(layout.nbytes() as u64);
        match size.cmp(&end) {
            Ordering::Less => {
                Some(format!("cut short: it has {size} bytes, the array takes {end}"))
            }
            Ordering::Greater => Some(format!("{} bytes follow the data", size - end)),
            Ordering::Equal => None,
        }
    }
}

impl Archive<'_> {
    /// What the archive says about its arrays. What is damaged is among the oddities, as is what
    /// would take more than `limits` allow for all members together.
    pub fn peek(&self, limits: &Limits) -> Peeked {
        let (mut arrays, mut oddities) = (Vec::new(), Vec::new());
        let allowance = self.allowance(limits);
        let before = self.directory.bytes_before();
        if before > 0 {
            oddities.push(format!("{before} bytes come before the first member"));
        }
        for member in self.members() {
            let mut odd = |what: &str| oddities.push(format!("{:?}: {what}", member.name()));
            if let Some(oddity) = names::oddity(member.name()) {
                odd(&oddity);
            }
            match self.peek_at(member, limits, &allowance) {
                Ok(Some(array)) => {
                    array.header.oddities.iter().for_each(|oddity| odd(oddity));
                    array.size_oddity(member.size()).iter().for_each(|oddity| odd(oddity));
                    arrays.push(array);
                }
                Ok(None) if member.is_folder() => odd("a folder"),
                Ok(None) => odd(&format!("no array, {} bytes", member.size())),
                Err(error) => odd(&error.to_string()),
            }
        }
        let mut seen: Vec<&str> = self.members().iter().map(Member::name).collect();
        seen.sort_unstable();
        for pair in seen.windows(2).filter(|pair| pair[0] == pair[1]) {
            oddities.push(format!("{:?} is there more than once", pair[0]));
        }
        Peeked { arrays, oddities }
    }

    fn peek_at(
        &self,
        member: &Member,
        limits: &Limits,
        allowance: &Allowance,
    ) -> Result<Option<PeekedArray>> {
        if !self.holds_array(member, allowance)? {
            return Ok(None);
        }
        Ok(Some(PeekedArray {
            name: member.array_name().to_owned(),
            header: self.header(member, limits, allowance)?,
            method: member.method(),
            member_at: self.place(member)?,
        }))
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
        let mut count = ENOUGH_FOR_MOST;
        loop {
            let start = self.start(member, count, allowance)?;
            match npy::Header::read(&start, limits) {
                Err(error) => {
                    match error.needed().and_then(|needed| usize::try_from(needed).ok()) {
                        Some(needed) if count < needed && start.len() == count => count = needed,
                        Some(_) => {
                            let found = "the member ends before its npy header does";
                            return Err(DecodeError::malformed(found).in_entry(member.name()));
                        }
                        None => return Err(error.in_entry(member.name())),
                    }
                }
                header => return header,
            }
        }
    }
}
