//! What an npy says about itself: its header, and of objects what their pickle asks for.

use super::super::pickle::{self, Name};
use super::Header;
use crate::error::Result;
use crate::limits::Limits;

/// No more of an npy is looked at, header included, for what its objects ask for: they may be large.
pub(crate) const MOST_OF_OBJECTS: usize = 64 << 10;

/// What an npy says about itself.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Peeked {
    /// Its header.
    pub header: Header,
    /// The names that the pickle of its objects asks for, as far as it was looked at, with the byte of
    /// the npy where each is first asked for.
    pub names: Vec<Name>,
    /// What is unusual about the header and about that pickle.
    pub oddities: Vec<String>,
}

/// What the npy says about itself of which `bytes` are the start.
pub(in crate::formats) fn peek(bytes: &[u8], limits: &Limits) -> Result<Peeked> {
    Ok(Peeked::new(Header::read(bytes, limits)?, bytes, limits))
}

impl Peeked {
    /// What `bytes`, the start of an npy with this header, say.
    pub(in crate::formats) fn new(header: Header, bytes: &[u8], limits: &Limits) -> Self {
        let oddities = header.oddities.iter().map(|&oddity| oddity.to_owned()).collect();
        let mut peeked = Self { header, names: Vec::new(), oddities };
        if peeked.header.dtype.has_objects() {
            peeked.look_at_objects(bytes, limits);
        }
        peeked
    }

    fn look_at_objects(&mut self, bytes: &[u8], limits: &Limits) {
        let start = self.header.data_offset;
        let seen = bytes.get(start..bytes.len().min(MOST_OF_OBJECTS)).unwrap_or_default();
        let mut objects = pickle::peek_start(seen, limits);
        self.oddities.extend(objects.oddities());
        if !objects.is_whole {
            self.oddities.push(
                "what the pickle of its objects asks for is not told to its end: verify reads all of it"
                    .to_owned(),
            );
        }
        objects.names.iter_mut().for_each(|name| name.offset += start as u64);
        self.names = objects.names;
    }
}
