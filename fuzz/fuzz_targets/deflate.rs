//! What is deflated, at any level, with any distances, in chunks of any length, is inflated by two
//! other implementations, and is what went in.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ndbytes::npz::deflate::{Encoder, Scratch};

fuzz_target!(|input: (u8, Vec<u16>, u16, u8, Vec<u8>)| {
    let (level, distances, chunk_len, copies, piece) = input;
    // Copies that differ a little: several segments, with matches that are near and far.
    let copies = (0..=copies % 64).flat_map(|n| piece.iter().map(move |&x| x ^ (x < n) as u8));
    let bytes: Vec<u8> = copies.collect();
    let encoder = Encoder::new(level % 10, distances.into_iter().map(usize::from));
    let chunk_len = usize::from(chunk_len).max(1 + bytes.len() / 16);
    let (mut scratch, mut stream) = (Scratch::default(), Vec::new());
    let mut chunks = bytes.chunks(chunk_len).peekable();
    loop {
        let chunk = chunks.next().unwrap_or_default();
        let last = chunks.peek().is_none();
        encoder.compress(chunk, last, &mut scratch, &mut stream);
        if last {
            break;
        }
    }
    let limit = bytes.len() + 1;
    let read = miniz_oxide::inflate::decompress_to_vec_with_limit(&stream, limit);
    assert!(read.is_ok_and(|read| read == bytes));
    let mut read = vec![0; limit];
    let count = libdeflater::Decompressor::new().deflate_decompress(&stream, &mut read);
    assert!(count == Ok(bytes.len()) && read[..bytes.len()] == bytes);
});
