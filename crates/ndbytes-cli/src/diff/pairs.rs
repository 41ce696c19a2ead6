//! What is compared with what, and how much of it is in memory at a time.

use std::collections::BTreeMap;
use std::path::Path;

use ndbytes::npz::{Archive, Member};
use ndbytes::{Array, DiffOptions, Difference};

use crate::description::NamedArray;
use crate::progress::Progress;
use crate::trouble::Trouble;

/// So many bytes of the arrays of an archive are inflated together: enough to keep every thread busy.
const TOGETHER: u64 = 64 << 20;

/// The arrays of one file.
pub(super) struct Side<'a> {
    path: &'a Path,
    names: Vec<Option<String>>,
    held: Held<'a>,
}

enum Held<'a> {
    Arrays(Vec<Array<'a>>),
    /// The members that are arrays, which are read when they are compared.
    Archive(Archive<'a>, Vec<Member>),
}

impl<'a> Side<'a> {
    pub(super) fn of_arrays(path: &'a Path, arrays: Vec<NamedArray<'a>>) -> Self {
        let (names, arrays) = arrays.into_iter().unzip();
        Self { path, names, held: Held::Arrays(arrays) }
    }

    pub(super) fn of_archive(path: &'a Path, archive: Archive<'a>) -> Result<Self, Trouble> {
        let members: Vec<Member> = archive.array_members()?.into_iter().cloned().collect();
        let names = members.iter().map(|member| Some(member.array_name().to_owned())).collect();
        Ok(Self { path, names, held: Held::Archive(archive, members) })
    }

    /// How many bytes reading one of them may take.
    fn size(&self, which: usize) -> u64 {
        match &self.held {
            Held::Arrays(_) => 0,
            Held::Archive(_, members) => members[which].size(),
        }
    }

    fn read(&self, which: impl Iterator<Item = usize>) -> Result<Vec<Array<'a>>, Trouble> {
        match &self.held {
            Held::Arrays(arrays) => Ok(which.map(|which| arrays[which].clone()).collect()),
            Held::Archive(archive, members) => {
                let members: Vec<&Member> = which.map(|which| &members[which]).collect();
                let arrays = archive.arrays_of(&members);
                arrays.map_err(|error| Trouble::from(error).about(self.path))
            }
        }
    }
}

/// Arrays of the same name, or one array and another.
pub(super) struct Pairs<'a> {
    sides: [Side<'a>; 2],
    /// Their name, and which they are on either side.
    pairs: Vec<(Option<String>, [usize; 2])>,
    pub(super) only_in: [Vec<String>; 2],
}

impl<'a> Pairs<'a> {
    pub(super) fn new(a: Side<'a>, b: Side<'a>) -> Self {
        let (mut pairs, mut only_in) = (Vec::new(), [Vec::new(), Vec::new()]);
        let called = |name: &Option<String>| match name {
            Some(name) => name.clone(),
            None => "(without a name)".to_owned(),
        };
        if let ([_], [_]) = (&a.names[..], &b.names[..]) {
            // What one array is called, if anything, does not matter where there are no others.
            pairs.push((None, [0, 0]));
        } else {
            let mut others: BTreeMap<String, usize> = b.names.iter().map(called).zip(0..).collect();
            for (which, name) in a.names.iter().map(called).enumerate() {
                match others.remove(&name) {
                    Some(other) => pairs.push((Some(name), [which, other])),
                    None => only_in[0].push(name),
                }
            }
            only_in[1].extend(others.into_keys());
        }
        Self { sides: [a, b], pairs, only_in }
    }

    /// Whether each array has another one to be compared with.
    pub(super) fn is_complete(&self) -> bool {
        self.only_in.iter().all(Vec::is_empty)
    }

    /// How each pair differs. Of archives no more is in memory than a few pairs, or a large one.
    pub(super) fn differences(
        &self,
        options: &DiffOptions,
    ) -> Result<Vec<(Option<&str>, Difference)>, Trouble> {
        let all = self.pairs.iter().map(|pair| self.size(pair));
        let progress = Progress::new("comparing", all.fold(0, u64::saturating_add));
        let mut found = Vec::with_capacity(self.pairs.len());
        let mut rest = &self.pairs[..];
        while !rest.is_empty() {
            let (now, later) = rest.split_at(self.together(rest));
            let [a, b] = [0, 1].map(|side| self.sides[side].read(now.iter().map(|p| p.1[side])));
            for ((pair, one), other) in now.iter().zip(a?).zip(b?) {
                let name = pair.0.as_deref();
                let difference = ndbytes::diff(&one, &other, options);
                let about = |trouble: Trouble| match name {
                    Some(name) => trouble.about(Path::new(name)),
                    None => trouble,
                };
                found.push((name, difference.map_err(|error| about(error.into()))?));
                progress.advance(self.size(pair));
            }
            rest = later;
        }
        progress.done();
        Ok(found)
    }

    fn size(&self, (_, which): &(Option<String>, [usize; 2])) -> u64 {
        self.sides[0].size(which[0]).saturating_add(self.sides[1].size(which[1]))
    }

    /// How many of the pairs to come are read together, at least one.
    fn together(&self, pairs: &[(Option<String>, [usize; 2])]) -> usize {
        let mut sum = 0_u64;
        let fits = |pair: &&_| {
            sum = sum.saturating_add(self.size(pair));
            sum <= TOGETHER
        };
        pairs.iter().take_while(fits).count().max(1)
    }
}
