//! Members added to an archive, replaced, renamed and removed, without compressing anew what stays.
//!
//! The result is another archive: the members that stay are copied as they are, and only those
//! behind the first change are moved. A file is changed by writing the result beside it, which
//! [`files`](crate::files) does.

use std::collections::HashSet;
use std::io::{self, Write};
use std::ops::Range;

use super::archive::Member;
use super::content::Content;
use super::names;
use super::read::Archive;
use super::records::{self, LocalHeader};
use super::write::{WriteOptions, Writer, check_name, refused};
use crate::array::Array;
use crate::error::{DecodeError, Result};

/// What goes from the old archive to the new one at a time.
const BLOCK: u64 = 1 << 20;

/// Changes to an archive, which is only read.
///
/// ```
/// use ndbytes::npz::{self, Archive, ReadOptions, Update, WriteOptions};
/// use ndbytes::{Array, Source};
///
/// let old = npz::write(&[("x", Array::from_slice(&[1, 2], &[2])?)], &Default::default())?;
/// let archive = Archive::new(Source::slice(&old), ReadOptions::new())?;
/// let y = Array::from_slice(&[1.5], &[1])?;
/// let mut update = Update::new(&archive, WriteOptions::new());
/// update.rename("x", "numbers")?;
/// update.set("y", &y);
/// let new = update.write_to(Vec::new())?;
///
/// let names: Vec<String> =
///     npz::read(&new, ReadOptions::new())?.into_iter().map(|(name, _)| name).collect();
/// assert_eq!(names, ["numbers", "y"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Update<'u, 'a> {
    archive: &'u Archive<'a>,
    options: WriteOptions,
    /// What becomes of each member of the archive, in its order.
    kept: Vec<Fate>,
    added: Vec<(String, &'u Array<'u>)>,
}

#[derive(Clone, Debug, PartialEq)]
enum Fate {
    Stays,
    Renamed(String),
    Goes,
}

impl<'u, 'a> Update<'u, 'a> {
    /// No changes yet. New arrays will be written as `options` say.
    pub fn new(archive: &'u Archive<'a>, options: WriteOptions) -> Self {
        let kept = vec![Fate::Stays; archive.members().len()];
        Self { archive, options, kept, added: Vec::new() }
    }

    /// Adds an array, in the place of one of the same name if there is one. It comes last.
    pub fn set(&mut self, name: &str, array: &'u Array<'u>) {
        for index in 0..self.kept.len() {
            if self.name(index).is_some_and(|old| names::array_name(old) == name) {
                self.kept[index] = Fate::Goes;
            }
        }
        let name = names::member_name(name);
        self.added.retain(|(added, _)| *added != name);
        self.added.push((name, array));
    }

    /// Removes a member: the array of this name, or what has exactly this name.
    ///
    /// # Errors
    /// When there is none, or several.
    pub fn remove(&mut self, name: &str) -> Result<()> {
        let index = self.index(name)?;
        self.kept[index] = Fate::Goes;
        Ok(())
    }

    /// Renames a member, which stays where it is in the order.
    ///
    /// # Errors
    /// When there is none of that name or several, or when the new name is taken.
    pub fn rename(&mut self, old: &str, new: &str) -> Result<()> {
        let index = self.index(old)?;
        let is_array = self.name(index).is_some_and(|name| name.ends_with(names::SUFFIX));
        let new = if is_array { names::member_name(new) } else { new.to_owned() };
        let others = (0..self.kept.len()).filter(|&other| other != index);
        let mut others = others.flat_map(|other| self.name(other));
        let is_taken = |name: &str| names::array_name(name) == names::array_name(&new);
        if others.any(is_taken) || self.added.iter().any(|(name, _)| is_taken(name)) {
            let found = format!("there is a member called {new:?} already");
            return Err(DecodeError::mismatch(found).format("npz").in_entry(old));
        }
        if new.ends_with('/') != self.name(index).is_some_and(|name| name.ends_with('/')) {
            let found = format!("{new:?} is the name of a folder, or {old:?} is");
            return Err(DecodeError::mismatch(found).format("npz").in_entry(old));
        }
        check_name(&new).map_err(|error| DecodeError::mismatch(error.to_string()).format("npz"))?;
        self.kept[index] = Fate::Renamed(new);
        Ok(())
    }

    /// The name that a member will have, if it stays.
    fn name(&self, index: usize) -> Option<&str> {
        match &self.kept[index] {
            Fate::Stays => Some(self.archive.members()[index].name()),
            Fate::Renamed(name) => Some(name),
            Fate::Goes => None,
        }
    }

    fn index(&self, name: &str) -> Result<usize> {
        let mut wanted = name.to_owned();
        for _ in 0..2 {
            let mut found = (0..self.kept.len()).filter(|&i| self.name(i) == Some(&wanted));
            match (found.next(), found.next()) {
                (Some(index), None) => return Ok(index),
                (Some(_), Some(_)) => {
                    let found = format!("the archive holds {wanted:?} more than once");
                    return Err(DecodeError::mismatch(found).format("npz").in_entry(name));
                }
                _ => wanted += names::SUFFIX,
            }
        }
        Err(DecodeError::mismatch(format!("the archive has no member {name:?}")).format("npz"))
    }

    /// Writes the changed archive.
    ///
    /// # Errors
    /// Those of `out`, and when the archive is damaged or one of the new arrays cannot be written.
    pub fn write_to<W: Write>(&self, out: W) -> io::Result<W> {
        self.write_with(out, |out, range| {
            let mut at = range.start;
            while at < range.end {
                let len = (range.end - at).min(BLOCK);
                let part = self.archive.storage.part(at, len, "the archive").map_err(broken)?;
                match part.as_slice() {
                    Some(bytes) => out.write_all(bytes)?,
                    None => out.write_all(&part.to_vec(0, part.len()))?,
                }
                at += len;
            }
            Ok(())
        })
    }

    /// As [`Update::write_to`], where `copy` is asked for ranges of the old archive, which it has to
    /// write to `out`: a file system may know how to share them.
    ///
    /// # Errors
    /// As [`Update::write_to`], and those of `copy`.
    pub fn write_with<W: Write>(
        &self,
        mut out: W,
        mut copy: impl FnMut(&mut W, Range<u64>) -> io::Result<()>,
    ) -> io::Result<W> {
        let members = self.archive.members();
        let mut by_place: Vec<usize> = (0..members.len()).collect();
        by_place.sort_by_key(|&index| members[index].header_at);

        // What comes before the first change stays where it is, in one piece.
        let unchanged = by_place.iter().take_while(|&&index| self.kept[index] == Fate::Stays);
        let unchanged = unchanged.count();
        let mut at = match unchanged.checked_sub(1) {
            Some(last) => members[by_place[last]].room_to,
            None => self.archive.directory.bytes_before(),
        };
        copy(&mut out, 0..at)?;
        let mut places: Vec<Option<u64>> = vec![None; members.len()];
        for &index in &by_place[..unchanged] {
            places[index] = Some(members[index].header_at);
        }
        for &index in &by_place[unchanged..] {
            let Some(name) = self.name(index) else { continue };
            places[index] = Some(at);
            let (header, data) = self.moved(&members[index], name, at).map_err(broken)?;
            out.write_all(&header)?;
            copy(&mut out, data.clone())?;
            at += header.len() as u64 + (data.end - data.start);
        }

        let mut directory = Vec::new();
        let mut taken = HashSet::new();
        for (index, place) in places.iter().enumerate() {
            if let Some(place) = place {
                directory.extend_from_slice(&self.record(index, *place).map_err(broken)?);
                taken.insert(self.name(index).unwrap_or_default().to_owned());
            }
        }
        let count = places.iter().flatten().count() as u64;
        let comment = self.archive.directory.comment.clone();
        let mut writer = Writer::resumed(out, self.options, at, (directory, count, taken), comment);
        let contents = self.added.iter().map(|(name, array)| {
            Content::of_array(array).map(|content| (name.clone(), content)).map_err(refused)
        });
        writer.add_contents(&contents.collect::<io::Result<Vec<_>>>()?)?;
        writer.finish()
    }

    /// The header of a member that will be at `at`, and where the rest of it is now.
    fn moved(&self, member: &Member, name: &str, at: u64) -> Result<(Vec<u8>, Range<u64>)> {
        let storage = &self.archive.storage;
        let header = LocalHeader::read(storage, member.header_at, member.raw_name().len())?;
        member
            .check_header(&header)
            .map_err(|error| error.format("npz").in_entry(member.name()))?;
        let (name, flags) = renamed(member, name, header.flags);
        // A data descriptor may be written in several ways; all that follows is kept.
        let end = match member.has_descriptor() {
            true => member.room_to,
            false => header.data_at + member.compressed_size(),
        };
        Ok((header.moved(name, flags, at), header.data_at..end))
    }

    /// The record of a member that will be at `at`.
    fn record(&self, index: usize, at: u64) -> Result<Vec<u8>> {
        let member = &self.archive.members()[index];
        let (start, end) = member.record;
        let old = self.archive.storage.part(start, end - start, "the directory")?;
        let old = old.to_vec(0, old.len());
        let (name, flags) = renamed(member, self.name(index).unwrap_or_default(), member.flags());
        records::moved_record(&old, name, flags, at)
            .ok_or_else(|| DecodeError::malformed("the directory has changed").at(start))
    }
}

/// The bytes of the name that a member will have, and its flags with what they say about the name.
fn renamed<'n>(member: &'n Member, name: &'n str, flags: u16) -> (&'n [u8], u16) {
    if name == member.name() {
        return (member.raw_name(), flags);
    }
    let (name, utf8) = names::encode(name);
    (name, flags & !names::UTF8_FLAG | utf8)
}

fn broken(error: DecodeError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
