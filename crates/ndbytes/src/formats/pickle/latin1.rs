//! Bytes as the UTF-8 text whose latin-1 encoding they are, a block at a time: one byte becomes one
//! or two, or back.
//!
//! Where each goes depends on all before it. A processor that can shuffle the bytes of a register
//! moves eight at once, by a table; any other works on four lanes, so as not to wait for each.

// Unsafe is calling what only some processors can do.
#![allow(unsafe_code)]

/// Bytes in a block.
pub(super) const BLOCK: usize = 1024;
/// Room beyond a block, since eight bytes are written where fewer count.
pub(super) const SLACK: usize = 16;

type Wide = [u8; 2 * BLOCK + SLACK];
type Narrow = [u8; BLOCK + SLACK];

/// Writes the UTF-8 of a block of latin-1 to the start of `utf8`, and says how long it is.
pub(super) fn widen(bytes: &[u8; BLOCK], utf8: &mut Wide) -> usize {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("ssse3") && std::arch::is_x86_feature_detected!("popcnt")
    {
        // SAFETY: the processor has both features.
        return unsafe { shuffled::widen(bytes, utf8) };
    }
    lanes::widen(bytes, utf8)
}

/// Writes the latin-1 of a block of UTF-8 to the start of `bytes`, and says how long it is; `None`
/// when it is not UTF-8 of such characters. `before` is the byte before the block; that the last
/// byte of all begins no character is for the caller to see.
pub(super) fn narrow(utf8: &[u8; BLOCK], before: u8, bytes: &mut Narrow) -> Option<usize> {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("ssse3") && std::arch::is_x86_feature_detected!("popcnt")
    {
        // SAFETY: the processor has both features.
        return unsafe { shuffled::narrow(utf8, before, bytes) };
    }
    lanes::narrow(utf8, before, bytes)
}

/// The place of the first byte that is one of two.
#[inline]
pub(super) fn first_of(sixteen: &[u8; 16], one: u8, other: u8) -> Option<usize> {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every such processor has SSE2.
    return unsafe { shuffled::first_of(sixteen, one, other) };
    #[cfg(not(target_arch = "x86_64"))]
    lanes::first_of(sixteen, one, other)
}

#[cfg(target_arch = "x86_64")]
mod shuffled {
    use std::arch::x86_64::*;

    use super::{BLOCK, Narrow, Wide};

    /// Of eight pairs of bytes, the second of each counts only where the bit is set.
    static PAIRS: [[u8; 16]; 256] = {
        let mut table = [[0x80; 16]; 256];
        let mut bits = 0;
        while bits < 256 {
            let (mut from, mut to) = (0, 0);
            while from < 8 {
                table[bits][to] = 2 * from as u8;
                to += 1;
                if bits >> from & 1 == 1 {
                    table[bits][to] = 2 * from as u8 + 1;
                    to += 1;
                }
                from += 1;
            }
            bits += 1;
        }
        table
    };

    /// Of eight bytes, those count whose bit is not set.
    static KEPT: [[u8; 8]; 256] = {
        let mut table = [[0x80; 8]; 256];
        let mut bits = 0;
        while bits < 256 {
            let (mut from, mut to) = (0, 0);
            while from < 8 {
                if bits >> from & 1 == 0 {
                    table[bits][to] = from as u8;
                    to += 1;
                }
                from += 1;
            }
            bits += 1;
        }
        table
    };

    #[inline]
    #[target_feature(enable = "sse2")]
    pub(super) fn first_of(sixteen: &[u8; 16], one: u8, other: u8) -> Option<usize> {
        let all = bytemuck::cast(*sixteen);
        let is_one = _mm_cmpeq_epi8(all, _mm_set1_epi8(one as i8));
        let is_other = _mm_cmpeq_epi8(all, _mm_set1_epi8(other as i8));
        let found = _mm_movemask_epi8(_mm_or_si128(is_one, is_other));
        (found != 0).then(|| found.trailing_zeros() as usize)
    }

    #[target_feature(enable = "ssse3,popcnt")]
    pub(super) fn widen(bytes: &[u8; BLOCK], utf8: &mut Wide) -> usize {
        let mut len = 0;
        let (sixteens, _) = bytes.as_chunks::<16>();
        for &sixteen in sixteens {
            let all: __m128i = bytemuck::cast(sixteen);
            let bits = _mm_movemask_epi8(all) as usize;
            // 0xC2 or 0xC3 where the highest bit is set, else the byte.
            let high = _mm_cmplt_epi8(all, _mm_setzero_si128());
            let top = _mm_and_si128(_mm_srli_epi16::<6>(all), _mm_set1_epi8(0x03));
            let lead = _mm_or_si128(top, _mm_set1_epi8(0xC0_u8 as i8));
            let first = _mm_or_si128(_mm_and_si128(high, lead), _mm_andnot_si128(high, all));
            let low = _mm_and_si128(all, _mm_set1_epi8(0x3F));
            let second = _mm_or_si128(low, _mm_set1_epi8(0x80_u8 as i8));
            for (pairs, bits) in [
                (_mm_unpacklo_epi8(first, second), bits & 0xFF),
                (_mm_unpackhi_epi8(first, second), bits >> 8),
            ] {
                let packed = _mm_shuffle_epi8(pairs, bytemuck::cast(PAIRS[bits]));
                let packed: [u8; 16] = bytemuck::cast(packed);
                utf8[len..len + 16].copy_from_slice(&packed);
                len += 8 + bits.count_ones() as usize;
            }
        }
        len
    }

    #[target_feature(enable = "ssse3,popcnt")]
    pub(super) fn narrow(utf8: &[u8; BLOCK], before: u8, bytes: &mut Narrow) -> Option<usize> {
        let mut len = 0;
        let mut wrong = _mm_setzero_si128();
        let mut last = _mm_set1_epi8(before as i8);
        let (c0, c2) = (_mm_set1_epi8(0xC0_u8 as i8), _mm_set1_epi8(0xC2_u8 as i8));
        let (sixteens, _) = utf8.as_chunks::<16>();
        for &sixteen in sixteens {
            let all: __m128i = bytemuck::cast(sixteen);
            let before = _mm_alignr_epi8::<15>(all, last);
            last = all;
            // A byte of 0xC0 and more leads, and only 0xC2 and 0xC3 may; behind each, and nowhere
            // else, comes one of 0x80 to 0xBF.
            let leads = _mm_cmpeq_epi8(_mm_max_epu8(all, c0), all);
            let follows = _mm_cmpeq_epi8(_mm_max_epu8(before, c0), before);
            let continues = _mm_cmpeq_epi8(_mm_and_si128(all, c0), _mm_set1_epi8(0x80_u8 as i8));
            let right = _mm_cmpeq_epi8(_mm_and_si128(all, _mm_set1_epi8(0xFE_u8 as i8)), c2);
            wrong = _mm_or_si128(wrong, _mm_xor_si128(follows, continues));
            wrong = _mm_or_si128(wrong, _mm_andnot_si128(right, leads));
            // Behind 0xC3, 0x40 is added.
            let odd = _mm_and_si128(_mm_and_si128(before, follows), _mm_set1_epi8(1));
            let values = _mm_or_si128(all, _mm_slli_epi16::<6>(odd));
            let bits = _mm_movemask_epi8(leads) as usize;
            let values: [[u8; 8]; 2] = bytemuck::cast(values);
            for (values, bits) in values.into_iter().zip([bits & 0xFF, bits >> 8]) {
                let values = _mm_set1_epi64x(i64::from_le_bytes(values));
                let order = _mm_set1_epi64x(i64::from_le_bytes(KEPT[bits]));
                let [packed, _]: [[u8; 8]; 2] = bytemuck::cast(_mm_shuffle_epi8(values, order));
                bytes[len..len + 8].copy_from_slice(&packed);
                len += 8 - bits.count_ones() as usize;
            }
        }
        let fine = _mm_movemask_epi8(_mm_cmpeq_epi8(wrong, _mm_setzero_si128())) == 0xFFFF;
        fine.then_some(len)
    }
}

#[cfg_attr(target_arch = "x86_64", allow(dead_code, reason = "for older processors"))]
mod lanes {
    use super::{BLOCK, Narrow, Wide};

    const LANES: usize = 4;
    const LANE: usize = BLOCK / LANES;

    pub(super) fn first_of(sixteen: &[u8; 16], one: u8, other: u8) -> Option<usize> {
        sixteen.iter().position(|&byte| byte == one || byte == other)
    }

    pub(super) fn widen(bytes: &[u8; BLOCK], utf8: &mut Wide) -> usize {
        let mut lanes = [[0; 2 * LANE + 1]; LANES];
        let mut lens = [0; LANES];
        for index in 0..LANE {
            for (number, (lane, len)) in lanes.iter_mut().zip(&mut lens).enumerate() {
                // Both bytes are written, and then one or two count.
                let byte = bytes[number * LANE + index];
                let two = byte >> 7;
                lane[*len] = byte & !(two * 0xFF) | (0xC0 | byte >> 6) & (two * 0xFF);
                lane[*len + 1] = 0x80 | byte & 0x3F;
                *len += 1 + usize::from(two);
            }
        }
        collect(&lanes, lens, utf8)
    }

    pub(super) fn narrow(utf8: &[u8; BLOCK], before: u8, bytes: &mut Narrow) -> Option<usize> {
        let mut values = [0; BLOCK];
        let mut wrong = 0_u8;
        let befores = std::iter::once(&before).chain(utf8);
        for ((value, &byte), &before) in values.iter_mut().zip(utf8).zip(befores) {
            let follows = u8::from(before >= 0xC0);
            let continues = u8::from(byte & 0xC0 == 0x80);
            wrong |= (follows ^ continues) | u8::from(byte >= 0xC0 && byte & 0xFE != 0xC2);
            *value = byte | ((before & 1 & follows) << 6);
        }
        if wrong != 0 {
            return None;
        }
        let mut lanes = [[0; LANE + 1]; LANES];
        let mut lens = [0; LANES];
        for index in 0..LANE {
            for (number, (lane, len)) in lanes.iter_mut().zip(&mut lens).enumerate() {
                let place = number * LANE + index;
                lane[*len] = values[place];
                *len += usize::from(utf8[place] < 0xC0);
            }
        }
        Some(collect(&lanes, lens, bytes))
    }

    /// The lanes, one behind the other.
    fn collect<const N: usize>(
        lanes: &[[u8; N]; LANES],
        lens: [usize; LANES],
        out: &mut [u8],
    ) -> usize {
        let mut len = 0;
        for (lane, lane_len) in lanes.iter().zip(lens) {
            out[len..len + lane_len].copy_from_slice(&lane[..lane_len]);
            len += lane_len;
        }
        len
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Blocks of every density of characters of two bytes.
    fn blocks() -> impl Iterator<Item = [u8; BLOCK]> {
        (0..256_u32).map(|density| {
            let mut state = density.wrapping_mul(0x9E37_79B9) | 1;
            std::array::from_fn(|_| {
                state ^= state << 13;
                state ^= state >> 17;
                state ^= state << 5;
                let byte = (state >> 8) as u8;
                if u32::from(state as u8) < density { byte | 0x80 } else { byte & 0x7F }
            })
        })
    }

    #[test]
    fn both_ways_are_those_of_text() {
        for block in blocks() {
            let text: String = block.iter().map(|&byte| char::from(byte)).collect();
            let (mut one, mut other) = ([0; 2 * BLOCK + SLACK], [0; 2 * BLOCK + SLACK]);
            let len = widen(&block, &mut one);
            assert_eq!(&one[..len], text.as_bytes());
            let len = lanes::widen(&block, &mut other);
            assert_eq!(&other[..len], text.as_bytes());

            let mut before = 0;
            let mut bytes = Vec::new();
            let (whole, _) = text.as_bytes().as_chunks::<BLOCK>();
            for part in whole {
                let (mut one, mut other) = ([0; BLOCK + SLACK], [0; BLOCK + SLACK]);
                let len = narrow(part, before, &mut one).unwrap();
                assert_eq!(lanes::narrow(part, before, &mut other), Some(len));
                assert_eq!(one[..len], other[..len]);
                bytes.extend_from_slice(&one[..len]);
                before = part[BLOCK - 1];
            }
            assert!(block.starts_with(&bytes));
        }
    }

    #[test]
    fn the_first_of_two_is_found_by_both() {
        for block in blocks() {
            for sixteen in block.as_chunks::<16>().0 {
                for (one, other) in [(0, 0), (b'a', 0x80), (sixteen[9], 0xFF), (1, sixteen[15])] {
                    let found = first_of(sixteen, one, other);
                    assert_eq!(lanes::first_of(sixteen, one, other), found);
                }
            }
        }
    }

    #[test]
    fn every_wrong_pair_is_noticed_by_both() {
        for place in [0, 15, 16, 500, BLOCK - 2] {
            for (first, second) in (0..=255).flat_map(|a| (0..=255).map(move |b| (a, b))) {
                let mut block = [b'x'; BLOCK];
                (block[place], block[place + 1]) = (first, second);
                let fine = match (first, second) {
                    (0..0x80, 0..0x80) | (0xC2..0xC4, 0x80..0xC0) => true,
                    // The end of the block is not looked behind.
                    (0..0x80, 0xC2..0xC4) => place == BLOCK - 2,
                    _ => false,
                };
                let mut out = [0; BLOCK + SLACK];
                assert_eq!(narrow(&block, 0, &mut out).is_some(), fine, "{first} {second}");
                assert_eq!(lanes::narrow(&block, 0, &mut out).is_some(), fine);
            }
        }
        let mut out = [0; BLOCK + SLACK];
        assert!(narrow(&[b'x'; BLOCK], 0xC3, &mut out).is_none());
        assert!(lanes::narrow(&[b'x'; BLOCK], 0xC3, &mut out).is_none());
    }
}
