//! Elements whose bits are none that their dtype has: booleans that are neither 0 nor 1, and characters
//! beyond Unicode. Copied they are as they are; what programs make of them is another matter.

use std::ops::Range;

use super::dtype::{ByteOrder, DType, Field, Kind};
use super::scalar::Scalar;
use super::source::Source;

/// Structures larger than this are not looked into: one of them has to be in memory.
const LARGEST: usize = 1 << 20;
/// The last code point there is.
const LAST_CHARACTER: u32 = 0x0010_FFFF;
/// What others may write is looked at in a copy, of which so much is there at once.
const BLOCK: usize = 256 << 10;

/// Counts improper elements among those that pass, side by side.
#[derive(Debug)]
pub(crate) struct Improper {
    what: What,
    /// What is looked at as one: a byte, a character, a structure.
    unit: usize,
    /// The start of a unit of which not all has passed.
    rest: Vec<u8>,
    booleans: u64,
    characters: u64,
}

/// What may be improper.
#[derive(Debug)]
enum What {
    Booleans,
    Characters {
        read: fn([u8; 4]) -> u32,
    },
    /// Parts of structures of so many bytes, each with its place and what it is.
    Structures(usize, Vec<(Range<usize>, What)>),
}

impl What {
    /// `None` where all bits mean something, and where there are none.
    fn of(dtype: &DType) -> Option<Self> {
        match dtype.kind() {
            _ if dtype.itemsize() == 0 => None,
            Kind::Scalar(Scalar::Bool) => Some(Self::Booleans),
            Kind::Str { .. } => Some(Self::Characters {
                read: match dtype.byte_order() {
                    ByteOrder::Big => u32::from_be_bytes,
                    ByteOrder::Little | ByteOrder::NotApplicable => u32::from_le_bytes,
                },
            }),
            Kind::Struct(structure) => {
                let part = |field: &Field| {
                    let end = field.offset + field.nbytes().filter(|&size| size > 0)?;
                    Some((field.offset..end, Self::of(&field.dtype)?))
                };
                let parts: Vec<_> = structure.fields().iter().filter_map(part).collect();
                (!parts.is_empty()).then_some(Self::Structures(structure.itemsize(), parts))
            }
            _ => None,
        }
    }

    /// How many booleans and characters of `bytes` are improper.
    fn count(&self, bytes: &[u8]) -> [u64; 2] {
        match self {
            Self::Booleans => [bytes.iter().filter(|&&byte| byte > 1).count() as u64, 0],
            Self::Characters { read } => {
                let (characters, _) = bytes.as_chunks::<4>();
                let beyond = characters.iter().filter(|&&four| read(four) > LAST_CHARACTER);
                [0, beyond.count() as u64]
            }
            Self::Structures(itemsize, parts) => {
                let mut counts = [0, 0];
                for element in bytes.chunks_exact(*itemsize) {
                    for (place, what) in parts {
                        let [booleans, characters] = what.count(&element[place.clone()]);
                        counts = [counts[0] + booleans, counts[1] + characters];
                    }
                }
                counts
            }
        }
    }
}

impl Improper {
    /// `None` where there is nothing to look for, as in objects, which are no bits of their own.
    pub(crate) fn new(dtype: &DType) -> Option<Self> {
        if dtype.has_objects() {
            return None;
        }
        let what = What::of(dtype)?;
        let unit = match &what {
            What::Booleans => 1,
            What::Characters { .. } => 4,
            What::Structures(itemsize, _) => *itemsize,
        };
        (unit <= LARGEST).then(|| Self { what, unit, rest: Vec::new(), booleans: 0, characters: 0 })
    }

    /// The next bytes of the elements.
    pub(crate) fn take(&mut self, mut bytes: &[u8]) {
        if !self.rest.is_empty() {
            let missing = bytes.len().min(self.unit - self.rest.len());
            let (now, later) = bytes.split_at(missing);
            self.rest.extend_from_slice(now);
            bytes = later;
            if self.rest.len() < self.unit {
                return;
            }
            let rest = std::mem::take(&mut self.rest);
            self.count(&rest);
        }
        let (now, later) = bytes.split_at(bytes.len() - bytes.len() % self.unit);
        self.count(now);
        self.rest.extend_from_slice(later);
    }

    /// All elements in a source.
    pub(crate) fn take_all(&mut self, source: &Source<'_>) {
        if let Some(bytes) = source.as_slice() {
            return self.take(bytes);
        }
        for at in (0..source.len()).step_by(BLOCK) {
            self.take(&source.to_vec(at, BLOCK.min(source.len() - at)));
        }
    }

    /// What there is to say about those that have passed.
    pub(crate) fn notes(&self) -> impl Iterator<Item = String> {
        let booleans = format!(
            "{} booleans are neither 0 nor 1: programs count with them as they are",
            self.booleans
        );
        let characters = format!(
            "{} characters are beyond U+10FFFF: the data is damaged, or in the other byte order than \
             its description says",
            self.characters
        );
        let notes = [(self.booleans, booleans), (self.characters, characters)];
        notes.into_iter().filter(|(count, _)| *count > 0).map(|(_, note)| note)
    }

    fn count(&mut self, bytes: &[u8]) {
        let [booleans, characters] = self.what.count(bytes);
        self.booleans += booleans;
        self.characters += characters;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::Struct;

    fn dtype(typestr: &str) -> DType {
        DType::from_typestr(typestr).unwrap()
    }

    /// Booleans and characters, whatever the pieces in which the bytes pass.
    fn counts(dtype: &DType, bytes: &[u8]) -> (u64, u64) {
        let in_pieces = |len: usize| {
            let mut improper = Improper::new(dtype).unwrap();
            bytes.chunks(len).for_each(|piece| improper.take(piece));
            (improper.booleans, improper.characters)
        };
        let all = in_pieces(bytes.len());
        assert!((1..bytes.len()).all(|len| in_pieces(len) == all));
        let mut improper = Improper::new(dtype).unwrap();
        improper.take_all(&Source::slice(bytes));
        assert_eq!((improper.booleans, improper.characters), all);
        all
    }

    #[test]
    fn booleans_and_characters_are_counted_wherever_they_are() {
        assert_eq!(counts(&dtype("|b1"), &[0, 1, 2, 255, 1]), (2, 0));
        let text = [0x41, 0x0010_FFFF, 0x0011_0000, 0xD800, u32::MAX, 0];
        let little: Vec<u8> = text.iter().flat_map(|c| c.to_le_bytes()).collect();
        let big: Vec<u8> = text.iter().flat_map(|c| c.to_be_bytes()).collect();
        assert_eq!(counts(&dtype("<U3"), &little), (0, 2));
        assert_eq!(counts(&dtype(">U2"), &big), (0, 2));
        for plain in ["<f8", "S3", "V7", "<M8[s]", "<U0"] {
            let plain = dtype(plain);
            let mut improper = Improper::new(&plain);
            improper.iter_mut().for_each(|improper| improper.take(&[0xFF; 24]));
            let found = improper.map_or(0, |improper| improper.booleans + improper.characters);
            assert!(found == 0 || plain.itemsize() == 0);
        }
    }

    #[test]
    fn structures_are_looked_into() {
        let field = |name: &str, dtype: &DType, shape: &[usize], offset: usize| Field {
            name: name.into(),
            title: None,
            dtype: dtype.clone(),
            shape: shape.into(),
            levels: Default::default(),
            offset,
        };
        let inner = vec![field("b", &dtype("|b1"), &[2], 1), field("n", &dtype("|u1"), &[], 3)];
        let inner = DType::native(Kind::Struct(Struct::new(inner, 4, false).unwrap().into()));
        let outer = vec![field("s", &inner, &[2], 0), field("t", &dtype("<U1"), &[], 8)];
        let outer = DType::native(Kind::Struct(Struct::new(outer, 12, false).unwrap().into()));
        let one = [9, 1, 2, 9, 9, 3, 0, 9, 0xFF, 0xFF, 0xFF, 0xFF];
        assert_eq!(counts(&outer, &[one, one].concat()), (4, 2));
        let plain = vec![field("n", &dtype("<f8"), &[], 0)];
        let plain = DType::native(Kind::Struct(Struct::new(plain, 8, false).unwrap().into()));
        assert!(Improper::new(&plain).is_none());
    }
}
