//! What an archive says about itself: the headers of its arrays, without their elements.

use super::archive::{Member, Method};
use super::names;
use super::read::{Archive, ReadOptions};
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

impl Archive<'_> {
    /// What the archive says about its arrays. What is damaged is among the oddities.
    pub fn peek(&self, limits: &Limits) -> Peeked {
        let (mut arrays, mut oddities) = (Vec::new(), Vec::new());
        let before = self.directory.bytes_before();
        if before > 0 {
            oddities.push(format!("{before} bytes come before the first member"));
        }
        for member in self.members() {
            let mut odd = |what: &str| oddities.push(format!("{:?}: {what}", member.name()));
            if let Some(oddity) = names::oddity(member.name()) {
                odd(&oddity);
            }
            match self.peek_at(member, limits) {
                Ok(Some(array)) => {
                    array.header.oddities.iter().for_each(|oddity| odd(oddity));
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

    fn peek_at(&self, member: &Member, limits: &Limits) -> Result<Option<PeekedArray>> {
        if !self.holds_array(member)? {
            return Ok(None);
        }
        Ok(Some(PeekedArray {
            name: member.array_name().to_owned(),
            header: self.header(member, limits)?,
            method: member.method(),
            member_at: self.place(member)?,
        }))
    }

    /// The npy header of a member.
    ///
    /// # Errors
    /// When it cannot be read, or is none.
    pub fn header(&self, member: &Member, limits: &Limits) -> Result<npy::Header> {
        let mut count = ENOUGH_FOR_MOST;
        loop {
            let start = self.start(member, count)?;
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
