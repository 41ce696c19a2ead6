//! What several threads make of a deflate stream, in parts and pieces of any size, is what one makes
//! of it, or they refuse it: streams of zlib's kind, with blocks of any kind between them and behind
//! their end, and with bits that are others.
#![no_main]

use libfuzzer_sys::fuzz_target;
use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::deflate::core::{self, CompressorOxide, TDEFLFlush};
use ndbytes::npz::inflate::{Sizes, in_parts};

const ROOM: usize = 1 << 20;

/// Its kind, a number, how long, and bytes.
type Section = (u8, u8, u16, Vec<u8>);

fuzz_target!(|input: (u8, u16, u16, Vec<Section>, Vec<(u32, u8)>)| {
    let (parts, twice, piece, sections, flips) = input;
    let mut stream = Stream::default();
    let flags = core::create_comp_flags_from_zip_params(i32::from(parts >> 3) % 10, -15, 0);
    let mut codec = CompressorOxide::new(flags);
    for section in sections.iter().take(12) {
        stream.add(&mut codec, section);
    }
    let mut stream = stream.bytes;
    for (at, flip) in flips.into_iter().take(4) {
        if let Some(byte) =
            stream.len().checked_sub(1).and_then(|last| stream.get_mut(at as usize % (last + 1)))
        {
            *byte ^= flip;
        }
    }
    let (mut one, mut several) = (vec![0; ROOM], vec![0; ROOM]);
    let sizes = Sizes {
        parts: 2 + usize::from(parts % 8),
        twice: twice.into(),
        piece: 1 + usize::from(piece),
    };
    if let Some(count) = in_parts(&stream, &mut several, &sizes) {
        let wanted = libdeflater::Decompressor::new().deflate_decompress(&stream, &mut one);
        assert_eq!(wanted, Ok(count));
        assert!(one[..count] == several[..count]);
    }
});

/// Bits, the first one lowest.
#[derive(Default)]
struct Stream {
    bytes: Vec<u8>,
    count: usize,
}

impl Stream {
    fn put(&mut self, bits: u64, count: usize) {
        for at in 0..count {
            if self.count.is_multiple_of(8) {
                self.bytes.push(0);
            }
            *self.bytes.last_mut().unwrap() |= ((bits >> at & 1) as u8) << (self.count % 8);
            self.count += 1;
        }
    }

    fn put_bytes(&mut self, bytes: &[u8]) {
        match self.count % 8 {
            0 => {
                self.bytes.extend_from_slice(bytes);
                self.count += 8 * bytes.len();
            }
            _ => bytes.iter().for_each(|&byte| self.put(byte.into(), 8)),
        }
    }

    /// Any symbol of the fixed codes.
    fn put_fixed(&mut self, symbol: u16) {
        let (word, len) = match symbol {
            0..144 => (0x30 + symbol, 8),
            144..256 => (0x190 + symbol - 144, 9),
            256..280 => (symbol - 256, 7),
            _ => (0xC0 + symbol - 280, 8),
        };
        self.put(u64::from(word.reverse_bits() >> (16 - len)), len);
    }

    fn add(&mut self, codec: &mut CompressorOxide, (kind, number, len, bytes): &Section) {
        let last = u64::from(number & 1);
        match kind % 10 {
            // A stream goes on, ends, or is another one.
            0..=2 => self.compress(codec, &data(*number, *len, bytes), TDEFLFlush::Sync),
            3 => self.compress(codec, &data(*number, *len, bytes), TDEFLFlush::None),
            4 => self.compress(codec, &data(*number, *len, bytes), TDEFLFlush::Finish),
            5 => self.put_bytes(&compress_to_vec(&data(*number, *len, bytes), number % 10)),
            // A block whose bytes are as they are: a stream, for instance.
            6 => {
                let inside = compress_to_vec(&data(*number, *len, bytes), number % 10);
                let inside = &inside[..inside.len().min(0xFFFF)];
                self.put(last, 3);
                self.put(0, self.count.next_multiple_of(8) - self.count);
                self.put(inside.len() as u64, 16);
                self.put(!inside.len() as u64, 16);
                self.put_bytes(inside);
            }
            // Bytes and matches, with or without an end.
            7 => {
                self.put(last | 0b010, 3);
                let mut pairs = bytes.chunks_exact(2);
                for pair in &mut pairs {
                    match pair[0] {
                        240.. => {
                            self.put_fixed(257 + u16::from(pair[1] % 8));
                            self.put(u64::from(pair[1] >> 3), 5);
                            self.put(u64::from(pair[0]) << 5 ^ u64::from(pair[1]), 13);
                        }
                        _ => (0..*len % 512).for_each(|_| self.put_fixed(pair[1].into())),
                    }
                }
                if number & 2 > 0 {
                    self.put_fixed(256);
                }
            }
            8 => (0..*len % 4096).for_each(|_| self.put(0b010, 10)),
            _ => bytes.iter().for_each(|&byte| self.put(byte.into(), 1 + usize::from(number % 8))),
        }
    }

    fn compress(&mut self, codec: &mut CompressorOxide, data: &[u8], flush: TDEFLFlush) {
        let mut out = vec![0; data.len() * 2 + (1 << 17)];
        let (_, _, written) = core::compress(codec, data, &mut out, flush);
        self.put_bytes(&out[..written]);
    }
}

/// Numbers that walk, words, or anything.
fn data(number: u8, len: u16, bytes: &[u8]) -> Vec<u8> {
    let (mut state, mut walk) = (u64::from(number), 0_i32);
    let mut drawn = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as u32
    };
    let count = usize::from(len) + usize::from(len) / 2;
    match number % 4 {
        0 | 1 => (0..count / 2)
            .flat_map(|_| {
                walk += (drawn() % 601) as i32 - 300;
                (walk as i16).to_le_bytes()
            })
            .collect(),
        2 if !bytes.is_empty() => (0..count / 4)
            .flat_map(|_| bytes.iter().skip(drawn() as usize % bytes.len()).take(4).copied())
            .collect(),
        _ => (0..count).map(|_| (drawn() % (1 + u32::from(number))) as u8).collect(),
    }
}
