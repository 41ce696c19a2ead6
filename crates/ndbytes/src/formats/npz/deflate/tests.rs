//! What is written is read by two other implementations, and is what went in.

use proptest::prelude::*;

use super::block::{FARTHEST, LONGEST};
use super::strided::{SEGMENT, Stride};
use super::*;

/// Both readers get exactly these bytes.
#[track_caller]
fn assert_inflates(stream: &[u8], bytes: &[u8]) {
    let limit = bytes.len() + 1;
    let read = miniz_oxide::inflate::decompress_to_vec_with_limit(stream, limit);
    assert!(read.is_ok_and(|read| read == bytes), "miniz_oxide reads something else");
    let mut read = vec![0xA5; limit];
    let count = libdeflater::Decompressor::new().deflate_decompress(stream, &mut read);
    assert_eq!(count, Ok(bytes.len()), "libdeflate reads another length");
    assert!(read[..bytes.len()] == *bytes, "libdeflate reads something else");
}

fn stream(encoder: &Encoder, bytes: &[u8], chunk_len: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut scratch = Scratch::default();
    let count = bytes.len().div_ceil(chunk_len).max(1);
    for at in 0..count {
        let chunk = &bytes[at * chunk_len..bytes.len().min((at + 1) * chunk_len)];
        let before = out.len();
        encoder.compress(chunk, at + 1 == count, &mut scratch, &mut out);
        let most = chunk.len() + 5 * chunk.len().div_ceil(SEGMENT) + 6;
        assert!(out.len() - before <= most, "{} bytes grew to {}", chunk.len(), out.len() - before);
    }
    out
}

/// Numbers without order, the same in every run.
fn noise(mut seed: u64) -> impl Iterator<Item = u8> {
    std::iter::repeat_with(move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 56) as u8
    })
}

/// Bytes of many kinds, of this length.
fn shapes(len: usize) -> Vec<(&'static str, Vec<u8>)> {
    let integers = (0..).flat_map(|x: u64| (x * x % 1000).to_le_bytes());
    let steps = (0..).flat_map(|x: u64| (1_700_000_000_000 + 60 * x).to_le_bytes());
    let floats = noise(7).flat_map(|x| (f32::from(x) * 0.37 + 100.0).to_le_bytes());
    let words = ["alpha", "beta", "gamma", "delta", "epsilon"].map(|word| format!("{word:8}"));
    let words = noise(8).flat_map(move |x| words[usize::from(x % 5)].clone().into_bytes());
    let skewed = noise(9).map(|x| x.leading_zeros() as u8);
    let sparse = noise(10).zip(noise(11)).map(|(a, b)| if a < 8 { b } else { 0 });
    let halves = noise(12).take(len / 2).chain(std::iter::repeat_n(3, len - len / 2));
    let bytes: [(&str, Box<dyn Iterator<Item = u8>>); 10] = [
        ("zeros", Box::new(std::iter::repeat(0))),
        ("noise", Box::new(noise(1))),
        ("every byte", Box::new((0..=255).cycle())),
        ("integers", Box::new(integers)),
        ("steps", Box::new(steps)),
        ("floats", Box::new(floats)),
        ("words", Box::new(words)),
        ("skewed", Box::new(skewed)),
        ("sparse", Box::new(sparse)),
        ("halves", Box::new(halves)),
    ];
    bytes.into_iter().map(|(name, bytes)| (name, bytes.take(len).collect())).collect()
}

#[test]
fn every_shape_at_every_level() {
    for len in [0, 1, 2, 3, 8, 9, 16, 300, 5000, 70_000] {
        for (name, bytes) in shapes(len) {
            for level in 0..=9 {
                for distances in [&[][..], &[8, 1000], &[0, 3, 40_000, 32_768, 3, usize::MAX]] {
                    let encoder = Encoder::new(level, distances.iter().copied());
                    let chunk_len = encoder.chunk_len(len);
                    let what = format!("{name}, {len} bytes, level {level}, {distances:?}");
                    println!("{what}");
                    assert_inflates(&stream(&encoder, &bytes, chunk_len), &bytes);
                }
            }
        }
    }
}

#[test]
fn every_plan_at_the_bounds_of_segments() {
    let mut scratch = Scratch::default();
    let strides = |distances: &[u16]| {
        distances.iter().map(|&distance| Stride { distance, shortest: 3 }).collect::<Vec<_>>()
    };
    for len in [SEGMENT - 1, SEGMENT, SEGMENT + 1, 3 * SEGMENT + 63, 5 * SEGMENT + 64] {
        for (name, bytes) in shapes(len) {
            for distances in [&[][..], &[1], &[4, 8], &[28, 32_768], &[63, 64], &[65, 16_385]] {
                for plan in plan::all(&strides(distances)) {
                    println!("{name}, {len} bytes, {plan:?}");
                    let mut out = Vec::new();
                    compress(&plan, Prices::NONE, &bytes, true, &mut scratch, &mut out);
                    assert_inflates(&out, &bytes);
                }
            }
        }
    }
}

#[test]
fn repetitions_at_every_distance() {
    for distance in (1..300).chain([4095, 4096, 4097, FARTHEST - 1, FARTHEST, FARTHEST + 1]) {
        let period: Vec<u8> = noise(distance as u64).take(distance).collect();
        let bytes: Vec<u8> = period.iter().copied().cycle().take(2 * distance + 700).collect();
        let encoder = Encoder::new(6, [distance]);
        let stream = stream(&encoder, &bytes, bytes.len());
        assert_inflates(&stream, &bytes);
        if distance <= FARTHEST {
            let most = distance + 300 + (distance + 700) / LONGEST * 4;
            assert!(stream.len() <= most, "distance {distance}: {} bytes", stream.len());
        }
    }
}

#[test]
fn what_was_compressed_before_leaves_no_trace() {
    let mut scratch = Scratch::default();
    for level in 1..=9 {
        let encoder = Encoder::new(level, [4, 8]);
        for (name, bytes) in shapes(100_000) {
            let (mut used, mut new) = (Vec::new(), Vec::new());
            encoder.compress(&bytes, true, &mut scratch, &mut used);
            encoder.compress(&bytes, true, &mut Scratch::default(), &mut new);
            assert!(used == new, "{name}, level {level}");
        }
    }
}

#[test]
fn chunks_are_even_and_cover_everything() {
    for level in 0..=9 {
        let encoder = Encoder::new(level, []);
        for len in [0, 1, 63, 1 << 17, (1 << 17) + 1, 300_000, 1 << 20, (1 << 20) + 1, 1 << 33] {
            let chunk = encoder.chunk_len(len);
            assert!((1..=1 << 20).contains(&chunk), "{len} bytes in chunks of {chunk}");
            let count = len.div_ceil(chunk);
            assert!(
                count < 2 || (count.is_multiple_of(2) && chunk.is_multiple_of(64)),
                "{len}: {count} of {chunk}"
            );
        }
    }
}

#[test]
fn higher_levels_are_not_larger_where_there_is_something_to_find() {
    for (name, bytes) in shapes(200_000).into_iter().filter(|(name, _)| *name != "noise") {
        let size = |level| {
            let encoder = Encoder::new(level, [8]);
            stream(&encoder, &bytes, encoder.chunk_len(bytes.len())).len() as f64
        };
        let (one, six, nine) = (size(1), size(6), size(9));
        assert!(six <= one * 1.01 && nine <= six * 1.01, "{name}: {one}, {six}, {nine}");
    }
}

/// Pieces of noise, of runs, and of what was there before, at every length and distance.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = (0..4_u8, any::<u64>(), 1..700_usize, 1..40_000_usize);
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| {
        let mut bytes: Vec<u8> = Vec::new();
        for (kind, seed, len, distance) in pieces {
            match kind {
                0 => bytes.extend(noise(seed).take(len)),
                1 => bytes.extend(std::iter::repeat_n(seed as u8, len)),
                2 => bytes.extend(noise(seed).take(len).map(|x| x % 4)),
                _ if bytes.is_empty() => {}
                _ => {
                    let start = bytes.len() - distance.min(bytes.len());
                    for at in start..start + len {
                        bytes.push(bytes[at]);
                    }
                }
            }
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn anything_in_any_chunks(
        bytes in pieces(),
        level in 0..=9_u8,
        distances in proptest::collection::vec(0..40_000_usize, 0..12),
        chunk_len in 1..50_000_usize,
    ) {
        let encoder = Encoder::new(level, distances);
        // One byte to a chunk is allowed, but slow.
        let chunk_len = chunk_len.max(bytes.len() / 20).max(1);
        assert_inflates(&stream(&encoder, &bytes, chunk_len), &bytes);
    }
}
