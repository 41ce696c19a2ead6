//! Where blocks of a deflate stream start (RFC 1951): those that describe their codes are told from
//! anything else by that, seldom wrongly.

use super::super::deflate::ORDER;

/// Bits of the stream that are searched for a block: more than a block of zlib's 16,384 symbols takes.
const REACH: usize = 8 * (512 << 10);

/// The first even place from `from` on, in bits, where a block seems to start that is not the last one
/// and describes its codes.
pub(super) fn find(stream: &[u8], from: usize) -> Option<usize> {
    let until = (8 * stream.len()).min(from.saturating_add(REACH));
    (from.next_multiple_of(2)..until).step_by(2).find(|&at| starts(stream, at))
}

/// At least 56 bits from one place on; zeros behind the end.
#[inline(always)]
pub(super) fn peek(stream: &[u8], at: usize) -> u64 {
    let bytes = match stream.get(at / 8..).and_then(|rest| rest.first_chunk()) {
        Some(bytes) => u64::from_le_bytes(*bytes),
        None => {
            let mut bytes = [0; 8];
            let rest = stream.get(at / 8..).unwrap_or_default();
            bytes[..rest.len()].copy_from_slice(rest);
            u64::from_le_bytes(bytes)
        }
    };
    bytes >> (at % 8)
}

#[inline(always)]
fn starts(stream: &[u8], at: usize) -> bool {
    let header = peek(stream, at);
    // Not the last block, and codes of its own; at most 286 and 30 symbols.
    header & 7 == 4
        && header >> 3 & 31 < 30
        && header >> 8 & 31 < 30
        && describes_codes(stream, at, header).is_some()
}

/// `None` where what follows is no description of codes.
fn describes_codes(stream: &[u8], at: usize, header: u64) -> Option<()> {
    let [literals, distances, lengths] = [(3, 31, 257), (8, 31, 1), (13, 15, 4)]
        .map(|(shift, mask, least)| (header >> shift & mask) as usize + least);
    let mut at = at + 17;
    let (bits, mut of_lengths) = (peek(stream, at), [0_u8; 19]);
    // Up to 57 of them: the last one may need another look.
    for (place, &symbol) in ORDER[..lengths].iter().enumerate() {
        let bits = if place < 18 { bits >> (3 * place) } else { peek(stream, at + 54) };
        of_lengths[usize::from(symbol)] = (bits & 7) as u8;
    }
    at += 3 * lengths;
    is_complete(&of_lengths, 7).then_some(())?;
    let table = table(&of_lengths);
    let mut all = [0_u8; 286 + 30];
    let mut known = 0;
    while known < literals + distances {
        let bits = peek(stream, at);
        let (symbol, len) = table[(bits & 127) as usize];
        let more = bits >> len;
        let (value, count, beyond) = match symbol {
            16 => (*all.get(known.checked_sub(1)?)?, 3 + (more & 3), 2),
            17 => (0, 3 + (more & 7), 3),
            18 => (0, 11 + (more & 127), 7),
            length => (length, 1, 0),
        };
        all.get_mut(known..known + count as usize)?.fill(value);
        known += count as usize;
        at += usize::from(len) + beyond;
    }
    let (of_literals, rest) = all.split_at(literals);
    let of_distances = &rest[..distances];
    // One distance alone takes a word of one bit, none at all takes none.
    let few = of_distances.iter().map(|&length| usize::from(length)).sum::<usize>() <= 1;
    let holds = known == literals + distances
        && at <= 8 * stream.len()
        && of_literals[256] > 0
        && is_complete(of_literals, 15)
        && (few || is_complete(of_distances, 15));
    holds.then_some(())
}

/// Whether words of these lengths, at most `longest`, are all that there can be.
fn is_complete(lengths: &[u8], longest: u32) -> bool {
    let share = |&length: &u8| match length {
        0 => 0,
        _ => 1_u32 << (longest - u32::from(length).min(longest)),
    };
    lengths.iter().map(share).sum::<u32>() == 1 << longest
}

/// For each seven bits the symbol that they start with, and the length of its word. The code is
/// complete.
fn table(lengths: &[u8; 19]) -> [(u8, u8); 128] {
    let mut table = [(0, 0); 128];
    let mut word = 0_u32;
    for len in 1..=7_u32 {
        for (symbol, _) in
            lengths.iter().enumerate().filter(|(_, length)| u32::from(**length) == len)
        {
            // Words come with their first bit lowest.
            let first = word.reverse_bits() >> (32 - len);
            for above in 0..128_u32 >> len {
                table[(first | above << len) as usize & 127] = (symbol as u8, len as u8);
            }
            word += 1;
        }
        word <<= 1;
    }
    table
}
