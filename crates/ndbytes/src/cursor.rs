//! A bounded reader of a byte slice: it knows where it is and never reads past the end.

use crate::error::{DecodeError, Result};

#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    /// A reader of what follows the first `position` bytes, of which there are as many.
    pub(crate) fn starting_at(bytes: &'a [u8], position: usize) -> Self {
        Self { bytes, position: position.min(bytes.len()) }
    }

    /// Bytes read so far: the offset of the next one from the start of the input.
    pub(crate) fn position(&self) -> usize {
        self.position
    }

    /// The next `count` bytes; `what` names them in the error when the input ends before.
    pub(crate) fn take(&mut self, count: usize, what: &str) -> Result<&'a [u8]> {
        let rest = &self.bytes[self.position..];
        let Some(taken) = rest.get(..count) else {
            let needed = (self.position as u64).saturating_add(count as u64);
            return Err(DecodeError::incomplete(what, needed, self.bytes.len() as u64));
        };
        self.position += count;
        Ok(taken)
    }

    /// The next `N` bytes as an array, for `from_le_bytes` and its kin.
    pub(crate) fn array<const N: usize>(&mut self, what: &str) -> Result<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N, what)?);
        Ok(array)
    }
}
