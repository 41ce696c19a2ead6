//! Where a pickle ends, from its opcodes alone: for streams, which must not be read beyond.

use super::opcode as op;
use crate::cursor::Cursor;
use crate::error::{DecodeError, Result};

/// A pickle of which more and more arrives, and how much of it has been looked at.
///
/// ```
/// # use ndbytes::pickle::Extent;
/// let mut extent = Extent::default();
/// let needed = extent.end(b"\x80\x04").unwrap_err().needed();
/// assert_eq!(needed, Some(3));
/// assert_eq!(extent.end(b"\x80\x04N.and more")?, 4);
/// # Ok::<(), ndbytes::DecodeError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Extent {
    /// Where the next opcode starts.
    at: usize,
}

impl Extent {
    /// The number of bytes that the pickle takes, STOP included; `bytes` are all that have arrived,
    /// from its first on.
    ///
    /// # Errors
    /// When there are more to come: [`DecodeError::needed`] says up to where nothing but this
    /// pickle reaches, so that this many may be waited for. When there is an opcode that no
    /// protocol has.
    pub fn end(&mut self, bytes: &[u8]) -> Result<usize> {
        loop {
            let mut cursor = Cursor::starting_at(bytes, self.at);
            let code = operation(&mut cursor).map_err(|error| error.format("pickle"))?;
            self.at = cursor.position();
            if code == op::STOP {
                return Ok(self.at);
            }
        }
    }
}

/// Whether the pickle in `bytes` has a `str` of Python 2 that is not ASCII.
pub(super) fn has_python2_bytes(bytes: &[u8]) -> bool {
    let mut cursor = Cursor::new(bytes);
    loop {
        let start = cursor.position();
        let Ok(code) = operation(&mut cursor) else { return false };
        let said = &bytes[start..cursor.position()];
        let found = match code {
            op::STOP => return false,
            // The length comes before the text.
            op::SHORT_BINSTRING => !said[2..].is_ascii(),
            op::BINSTRING => !said[5..].is_ascii(),
            op::STRING => said.windows(3).any(|w| matches!(w, [b'\\', b'x', b'8'..=b'f'])),
            _ => false,
        };
        if found {
            return true;
        }
    }
}

/// One opcode with its argument.
fn operation(cursor: &mut Cursor<'_>) -> Result<u8> {
    let start = cursor.position() as u64;
    let [code] = cursor.array("an opcode")?;
    let lines = match code {
        op::FLOAT | op::INT | op::LONG | op::PERSID | op::STRING | op::UNICODE => 1,
        op::GET | op::PUT => 1,
        op::GLOBAL | op::INST => 2,
        _ => 0,
    };
    for _ in 0..lines {
        while cursor.array("a line")? != *b"\n" {}
    }
    let len = match code {
        op::BININT1 | op::BINGET | op::BINPUT | op::PROTO | op::EXT1 => 1,
        op::BININT2 | op::EXT2 => 2,
        op::BININT | op::LONG_BINGET | op::LONG_BINPUT | op::EXT4 => 4,
        op::BINFLOAT => 8,
        op::SHORT_BINSTRING | op::SHORT_BINUNICODE | op::SHORT_BINBYTES | op::LONG1 => {
            u8::from_le_bytes(cursor.array("a length")?).into()
        }
        op::BINSTRING | op::BINUNICODE | op::BINBYTES | op::LONG4 => {
            u32::from_le_bytes(cursor.array("a length")?).into()
        }
        op::BINUNICODE8 | op::BINBYTES8 | op::BYTEARRAY8 => {
            u64::from_le_bytes(cursor.array("a length")?)
        }
        // Its content are opcodes, but all of it is of this pickle.
        op::FRAME => {
            let len = u64::from_le_bytes(cursor.array("a length")?);
            let len = usize::try_from(len).unwrap_or(usize::MAX);
            cursor.clone().take(len, "a frame")?;
            0
        }
        _ if lines == 0 && op::find(code).is_none() => {
            return Err(DecodeError::malformed(format!("there is no opcode {code:#04x}")).at(start));
        }
        _ => 0,
    };
    cursor.take(usize::try_from(len).unwrap_or(usize::MAX), op::name(code))?;
    Ok(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pickles_that_arrive_byte_by_byte_end_where_they_end() {
        let mut arena = crate::array::Arena::default();
        let text = arena.new_bytes(&[b'x'; 300]);
        let parts = [crate::array::Node::Str(text), crate::array::Node::Float(0.5)];
        let parts = parts.map(|node| arena.push(node));
        let items = arena.new_items(&parts);
        let root = arena.push(crate::array::Node::List(items));
        let value = arena.into_value(root);
        for protocol in 0..=5 {
            let options = super::super::WriteOptions::new(protocol);
            let mut bytes = super::super::write_value(&value, options).unwrap();
            let len = bytes.len();
            bytes.extend_from_slice(b"N.");
            let (mut extent, mut arrived) = (Extent::default(), 0);
            let end = loop {
                match extent.end(&bytes[..arrived]) {
                    Ok(end) => break end,
                    // All that is asked for belongs to the pickle.
                    Err(error) => arrived = error.needed().unwrap() as usize,
                }
                assert!(arrived <= len);
            };
            assert_eq!((end, arrived), (len, len));
        }
    }

    #[test]
    fn what_is_no_opcode_is_no_pickle() {
        assert!(Extent::default().end(b"\x80\x04\xff").unwrap_err().needed().is_none());
        let long = [&[op::BINBYTES8][..], &[0xFF; 8]].concat();
        assert_eq!(Extent::default().end(&long).unwrap_err().needed(), Some(u64::MAX));
    }
}
