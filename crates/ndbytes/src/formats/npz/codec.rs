//! The codecs of members, and the CRC-32 that every member carries.

use std::io::{self, Read};

use zlib_rs::{Inflate, InflateFlush, Status};

use super::archive::Method;
use super::inflate;
use crate::array::Source;
use crate::error::{DecodeError, Result};

/// No deflate stream gets larger than this many times its size: a match of 258 bytes takes at
/// least two bits.
const MOST_OF_DEFLATE: u64 = 1032;
/// Nor a zstd stream: a block of 128 KiB of one byte takes four.
const MOST_OF_ZSTD: u64 = (128 << 10) / 4;
/// Small enough to stay in the cache between a copy and its checksum.
pub(super) const BLOCK: usize = 256 << 10;
/// What a zstd stream may need of what came before, while not all of it is in memory. Larger windows
/// are never written by default, and are only needed behind the first bytes.
pub(super) const WINDOW_LOG: u32 = 27;
/// What every reader of zstd is asked to have, and most writers need.
pub(super) const NARROW_WINDOW_LOG: u32 = 23;
/// The frame header of a zstd stream takes no more.
pub(super) const ZSTD_HEADER: usize = 18;

/// Refuses a size that `compressed` bytes cannot have by any means, and what is not decompressed.
pub(super) fn check_size(method: Method, compressed: u64, size: u64) -> Result<()> {
    let most = match method {
        Method::Deflate => compressed.saturating_mul(MOST_OF_DEFLATE),
        Method::Zstd => compressed.saturating_mul(MOST_OF_ZSTD),
        Method::Stored => compressed,
        Method::Other(_) => return Err(unknown(method)),
    };
    if size > most {
        let found = format!("{compressed} bytes are said to stand for {size}");
        return Err(DecodeError::malformed(found).expected(format!("at most {most}")));
    }
    Ok(())
}

/// Fills `to` with what `compressed` stands for, which has to be exactly as much, by at most
/// `threads` threads.
pub(super) fn decompress(
    method: Method,
    compressed: &[u8],
    to: &mut [u8],
    threads: usize,
) -> Result<()> {
    match method {
        Method::Deflate => inflate::inflate(compressed, to, threads),
        Method::Zstd => {
            let size = to.len();
            let written = zstd::bulk::Decompressor::new()
                .and_then(|mut codec| codec.decompress_to_buffer(compressed, to))
                .map_err(|error| DecodeError::malformed(format!("the zstd data: {error}")))?;
            if written != size { Err(too_short(written, size)) } else { Ok(()) }
        }
        Method::Stored | Method::Other(_) => Err(unknown(method)),
    }
}

/// More bytes than deflate could make of as many compressed ones.
pub(super) fn beyond_deflate(compressed: u64, size: u64) -> u64 {
    size.saturating_sub(compressed.saturating_mul(MOST_OF_DEFLATE))
}

/// How much of what came before a zstd stream may need that starts so; `None` where it starts with no
/// frame.
pub(super) fn zstd_window(start: &[u8]) -> Option<u64> {
    let [0x28, 0xB5, 0x2F, 0xFD, said, rest @ ..] = start else { return None };
    if said & 0x20 == 0 {
        let descriptor = rest.first()?;
        let base = 1_u64 << (10 + (descriptor >> 3));
        return Some(base + base / 8 * u64::from(descriptor & 7));
    }
    // All of it may refer to all of it. Its size comes behind the number of a dictionary.
    let size = rest.get([0, 1, 2, 4][usize::from(said & 3)]..)?;
    let (len, more) = [(1, 0), (2, 256), (4, 0), (8, 0)][usize::from(said >> 6)];
    let digits = size.get(..len)?.iter().rev();
    Some(digits.fold(0_u64, |number, &digit| number << 8 | u64::from(digit)).saturating_add(more))
}

/// The first `count` bytes of what `compressed` stands for, or all if they are fewer.
pub(super) fn decompress_start(method: Method, compressed: &[u8], count: usize) -> Result<Vec<u8>> {
    let mut start = Vec::new();
    match method {
        Method::Deflate => {
            start.resize(count, 0);
            let mut codec = Inflate::new(false, 15);
            codec.decompress(compressed, &mut start, InflateFlush::NoFlush).map_err(|error| {
                DecodeError::malformed(format!("the deflate data: {}", error.as_str()))
            })?;
            start.truncate(codec.total_out() as usize);
        }
        Method::Zstd => {
            let read =
                zstd::stream::read::Decoder::with_buffer(compressed).and_then(|mut codec| {
                    codec.window_log_max(WINDOW_LOG)?;
                    codec.take(count as u64).read_to_end(&mut start)
                });
            match read {
                // What there was before it was cut is a start.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {}
                read => {
                    read.map_err(|error| {
                        DecodeError::malformed(format!("the zstd data: {error}"))
                    })?;
                }
            }
        }
        Method::Stored | Method::Other(_) => return Err(unknown(method)),
    }
    Ok(start)
}

/// Has `take` take what `compressed`, all of which belongs to it, stands for: in blocks, so that its
/// size is no matter. A zstd stream may need two to the power of `window_log` bytes of what came
/// before.
pub(super) fn decompress_blocks(
    method: Method,
    compressed: &mut impl Read,
    window_log: u32,
    mut take: impl FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    match method {
        Method::Stored => for_read(compressed, |error| DecodeError::io(&error), take),
        Method::Deflate => inflate_blocks(compressed, take),
        Method::Zstd => {
            let damaged = |error| DecodeError::malformed(format!("the zstd data: {error}"));
            let mut codec = zstd::stream::read::Decoder::new(compressed).map_err(damaged)?;
            codec.window_log_max(window_log).map_err(damaged)?;
            for_read(&mut codec, damaged, &mut take)
        }
        Method::Other(_) => Err(unknown(method)),
    }
}

fn for_read(
    from: &mut impl Read,
    failed: impl Fn(io::Error) -> DecodeError,
    mut take: impl FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    let mut block = vec![0; BLOCK];
    loop {
        match from.read(&mut block).map_err(&failed)? {
            0 => return Ok(()),
            read => take(&block[..read])?,
        }
    }
}

fn inflate_blocks(
    compressed: &mut impl Read,
    mut take: impl FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    let mut codec = Inflate::new(false, 15);
    let (mut input, mut output) = (vec![0; BLOCK / 4], vec![0; BLOCK]);
    let (mut from, mut to) = (0, 0);
    loop {
        if from == to {
            (from, to) = (0, compressed.read(&mut input).map_err(|error| DecodeError::io(&error))?);
        }
        let before = (codec.total_in(), codec.total_out());
        let status =
            codec.decompress(&input[from..to], &mut output, InflateFlush::NoFlush).map_err(
                |error| DecodeError::malformed(format!("the deflate data: {}", error.as_str())),
            )?;
        let [used, written] = [codec.total_in() - before.0, codec.total_out() - before.1];
        from += used as usize;
        take(&output[..written as usize])?;
        match status {
            Status::StreamEnd => break,
            // Neither has it used anything, nor is there anything more.
            _ if used == 0 && written == 0 => {
                return Err(DecodeError::malformed("the deflate data ends too early"));
            }
            _ => {}
        }
    }
    let rest = io::copy(compressed, &mut io::sink()).map_err(|error| DecodeError::io(&error))?;
    match rest + (to - from) as u64 {
        0 => Ok(()),
        left => {
            Err(DecodeError::malformed(format!("{left} bytes follow the end of the deflate data")))
        }
    }
}

#[cold]
pub(super) fn too_short(written: usize, size: usize) -> DecodeError {
    DecodeError::malformed(format!("the data stands for {written} bytes, it is said to be {size}"))
}

#[cold]
fn unknown(method: Method) -> DecodeError {
    let name = method.name().unwrap_or("none");
    let found = format!("the member is compressed by method {} ({name})", method.number());
    DecodeError::unsupported(found)
        .expected("stored, deflate (8) or zstd (93)")
        .hint("unpack the archive with the program that made it, and pack it again")
}

/// The CRC-32 of the bytes of `source` from `from` to `to`, by which those after `crc` go on.
pub(super) fn crc_of(source: &Source<'_>) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    for_blocks(source, |block| {
        hasher.update(block);
        Ok::<(), ()>(())
    })
    .unwrap_or_default();
    hasher.finalize()
}

/// Has `take` take all bytes, in blocks; those that others may write are copied first.
pub(super) fn for_blocks<E>(
    source: &Source<'_>,
    mut take: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    if let Some(bytes) = source.as_slice() {
        return take(bytes);
    }
    let mut block = vec![0; source.len().min(BLOCK)];
    let mut at = 0;
    while at < source.len() {
        let count = block.len().min(source.len() - at);
        source.copy_over(at, &mut block[..count]);
        take(&block[..count])?;
        at += count;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn the_window_of_a_zstd_stream_is_told_from_its_start() {
        for log in [10, 20, NARROW_WINDOW_LOG, WINDOW_LOG, 30] {
            let mut encoder = zstd::stream::Encoder::new(Vec::new(), 1).unwrap();
            encoder.window_log(log).unwrap();
            encoder.write_all(&[7; 5000]).unwrap();
            let frame = encoder.finish().unwrap();
            assert_eq!(zstd_window(&frame[..ZSTD_HEADER.min(frame.len())]), Some(1 << log));
            assert_eq!(zstd_window(&frame[..5]), None);
        }
        // As long as all of it, in one byte, two, and four.
        for len in [0, 1, 255, 256, 65_791, 65_792, 300_000] {
            let frame = zstd::bulk::compress(&vec![7; len], 1).unwrap();
            assert_eq!(zstd_window(&frame), Some(len as u64));
        }
        assert_eq!(zstd_window(b"\x50\x2A\x4D\x18\0\0\0\0"), None);
        assert_eq!(zstd_window(&[]), None);
    }
}
