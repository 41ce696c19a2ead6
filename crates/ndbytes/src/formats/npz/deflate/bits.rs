//! Bits into bytes, the lowest first.

/// The bits of one block on their way into bytes that were made beforehand, so that nothing grows
/// while they are written.
#[derive(Debug)]
pub(super) struct Bits<'a> {
    room: &'a mut [u8],
    at: usize,
    bits: u64,
    count: u32,
}

/// The bits that do not fill a byte yet: at most seven.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rest {
    bits: u64,
    count: u32,
}

impl Rest {
    /// Has `write` append at most `nbits` bits to `out`.
    #[inline]
    pub(super) fn append(
        &mut self,
        out: &mut Vec<u8>,
        nbits: u64,
        write: impl FnOnce(&mut Bits<'_>),
    ) {
        let start = out.len();
        // A flush stores eight bytes, however few of them are full.
        out.resize(start + (nbits / 8) as usize + 16, 0);
        let room = &mut out[start..];
        let mut bits = Bits { room, at: 0, bits: self.bits, count: self.count };
        write(&mut bits);
        bits.flush();
        let written = bits.at;
        *self = Self { bits: bits.bits, count: bits.count };
        out.truncate(start + written);
    }

    /// Fills the last byte with zeros.
    pub(super) fn align(&mut self, out: &mut Vec<u8>) {
        if self.count > 0 {
            out.push(self.bits as u8);
            *self = Self::default();
        }
    }

    /// How many bits there are.
    pub(super) fn count(&self) -> u32 {
        self.count
    }
}

impl Bits<'_> {
    /// Appends the low `count` bits of `value`, the others of which are zeros. From one flush to
    /// the next there may be 56 of them.
    #[inline(always)]
    pub(super) fn put(&mut self, value: u64, count: u32) {
        debug_assert!(self.count + count < 64 && value >> count == 0);
        self.bits |= value << self.count;
        self.count += count;
    }

    /// Moves whole bytes out.
    #[inline(always)]
    pub(super) fn flush(&mut self) {
        self.room[self.at..][..8].copy_from_slice(&self.bits.to_le_bytes());
        self.at += (self.count / 8) as usize;
        self.bits >>= self.count & !7;
        self.count &= 7;
    }
}
