//! What compressed bytes hold, by the first of them that come out.

use std::borrow::Cow;
use std::io::Read as _;

use zlib_rs::{Inflate, InflateFlush, Status};

use super::foreign::{self, CERTAIN, Foreign};
use super::text;
use crate::array::{DType, Source};

/// So many bytes are decompressed, and no more.
const LOOKED_AT: usize = 4 << 10;
/// Of so many bytes that come out without a fault none is there by chance.
const ENOUGH: usize = 64;
/// A block of zstd has to be there as a whole, which is at most so long, behind a header.
const BLOCK_OF_ZSTD: usize = (128 << 10) + 64;
/// Frames of zstd that need more memory than this (8 MiB) are not looked into.
const WINDOW_LOG: u32 = 23;

/// Says what is in these compressed bytes, where that can be told.
pub(super) fn describe(mut found: Foreign, source: &Source<'_>) -> Foreign {
    if found.what == "npy" {
        let start = source.to_vec(0, source.len().min(LOOKED_AT));
        if let Some(needed) = npy_len(&start).filter(|&needed| needed > source.len()) {
            found.what = "truncated npy".into();
            found.advice =
                format!("there are {} bytes of {needed}: read or receive the rest", source.len());
            found.call = None;
        }
        return found;
    }
    let Some(decompress) = found.call.clone() else { return found };
    let Some(inside) = Inside::of(&found.what, source) else { return found };
    // A few bytes may be there by chance; what can be decompressed is not.
    if inside.is_sound {
        found.probability = CERTAIN;
    }
    let Some((what, call)) = inside.in_words() else { return found };
    found.what = format!("{} around {what}", found.what).into();
    found.advice = "decompress it first".to_owned();
    found.call = Some(match call {
        Some(call) => with_data(&call, &decompress),
        None => decompress,
    });
    found.probability = CERTAIN;
    found
}

/// What comes out of compressed bytes.
struct Inside {
    /// The first of it: never empty.
    start: Vec<u8>,
    /// How long all of it is, where that is said.
    len: Option<usize>,
    /// Whether so much came out without a fault that the bytes are compressed and nothing else.
    is_sound: bool,
}

impl Inside {
    fn of(what: &str, source: &Source<'_>) -> Option<Self> {
        let start = |most: usize| source.to_vec(0, source.len().min(most));
        let mut inside = match what {
            "gzip" => Self::inflated(&start(LOOKED_AT), 31),
            "zlib" => Self::inflated(&start(LOOKED_AT), 15),
            "zstd" => Self::unpacked(&start(BLOCK_OF_ZSTD))?,
            _ => return None,
        };
        if what == "gzip" {
            // It says at its end how much it is, up to 4 GiB.
            inside.len = last_four(source);
        }
        (!inside.start.is_empty()).then_some(inside)
    }

    /// Of a zlib stream (`window` 15) or a gzip one (31).
    fn inflated(bytes: &[u8], window: u8) -> Self {
        let mut start = vec![0; LOOKED_AT];
        let mut codec = Inflate::new(true, window);
        // The input ends too early; what came out before that counts.
        let status = codec.decompress(bytes, &mut start, InflateFlush::SyncFlush);
        start.truncate(codec.total_out() as usize);
        let is_sound = match status {
            Ok(Status::StreamEnd) => true,
            Ok(_) => start.len() >= ENOUGH,
            Err(_) => false,
        };
        Self { start, len: None, is_sound }
    }

    fn unpacked(bytes: &[u8]) -> Option<Self> {
        let size = zstd::zstd_safe::get_frame_content_size(bytes).ok().flatten();
        let mut start = vec![0; LOOKED_AT];
        let mut codec = zstd::stream::read::Decoder::with_buffer(bytes).ok()?;
        codec.window_log_max(WINDOW_LOG).ok()?;
        let mut filled = 0;
        while filled < start.len() {
            match codec.read(&mut start[filled..]) {
                Ok(count) if count > 0 => filled += count,
                _ => break,
            }
        }
        start.truncate(filled);
        let len = size.and_then(|size| usize::try_from(size).ok());
        Some(Self { start, len, is_sound: filled >= ENOUGH })
    }

    /// What it is, and the call that reads it.
    fn in_words(&self) -> Option<(String, Option<String>)> {
        let start = &self.start[..];
        if let Some(npy) = npy_in_words(start) {
            return Some((format!("an {npy}"), Some("ndbytes.bytes_to_array(data)".to_owned())));
        }
        // Of unknown length nothing is known to fill it.
        let len = self.len.filter(|&len| len >= start.len()).unwrap_or(usize::MAX);
        let found = foreign::recognise(start, len)
            .or_else(|| text::recognise_text(start, len))
            .filter(|found| found.probability > 0.9)?;
        Some((found.what.into_owned(), found.call))
    }
}

fn last_four(source: &Source<'_>) -> Option<usize> {
    let last = source.to_vec(source.len().checked_sub(4)?, 4);
    usize::try_from(u32::from_le_bytes(last.try_into().ok()?)).ok()
}

/// What the header of an npy file says, in words: `npy of float32 (28, 28)`. Only the usual spelling
/// is understood: it is not read here, and whatever it says is read by nobody.
fn npy_in_words(start: &[u8]) -> Option<String> {
    let (header, _) = npy_header(start)?;
    let is_structure = value(&header, "'descr'").is_some_and(|descr| descr.starts_with('['));
    let dtype = dtype(&header).map(|dtype| dtype.to_string());
    let dtype = dtype.or_else(|| is_structure.then(|| "structures".to_owned()));
    let is_plain = |dims: &&str| {
        dims.len() < 200 && dims.bytes().all(|byte| byte.is_ascii_digit() || b", ".contains(&byte))
    };
    Some(match (dtype, dims(&header).filter(is_plain)) {
        (Some(dtype), Some(dims)) => format!("npy of {dtype} ({dims})"),
        _ => "npy".to_owned(),
    })
}

/// How many bytes an npy file of numbers has, if its header is all there and spelled as usual.
fn npy_len(start: &[u8]) -> Option<usize> {
    let (header, end) = npy_header(start).filter(|(_, end)| *end <= start.len())?;
    let itemsize = dtype(&header).filter(|dtype| !dtype.has_objects())?.itemsize();
    let dims = dims(&header)?.split(',').map(str::trim).filter(|dim| !dim.is_empty());
    let nbytes = dims
        .map(|dim| dim.parse::<usize>().ok())
        .try_fold(itemsize, |product, dim| product.checked_mul(dim?))?;
    nbytes.checked_add(end)
}

/// The header of an npy file, as far as it is there, and where it ends.
fn npy_header(start: &[u8]) -> Option<(Cow<'_, str>, usize)> {
    let version = *start.strip_prefix(b"\x93NUMPY")?.first()?;
    let (from, length) = match version {
        1 => (10, usize::from(u16::from_le_bytes(start.get(8..10)?.try_into().ok()?))),
        _ => (12, usize::try_from(u32::from_le_bytes(start.get(8..12)?.try_into().ok()?)).ok()?),
    };
    let end = length.checked_add(from)?;
    Some((String::from_utf8_lossy(start.get(from..end.min(start.len()))?), end))
}

/// What stands behind a key.
fn value<'h>(header: &'h str, key: &str) -> Option<&'h str> {
    Some(header.split_once(key)?.1.trim_start_matches([':', ' ']))
}

fn dtype(header: &str) -> Option<DType> {
    let typestr = value(header, "'descr'")?.strip_prefix('\'')?.split_once('\'')?.0;
    DType::from_typestr(typestr).ok()
}

fn dims(header: &str) -> Option<&str> {
    Some(value(header, "'shape'")?.strip_prefix('(')?.split_once(')')?.0)
}

/// A call with another expression for `data`.
fn with_data(call: &str, data: &str) -> String {
    let mut text = String::new();
    let mut rest = call;
    while let Some(at) = rest.find("data") {
        let is_word = |byte: Option<u8>| {
            byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        let before = rest[..at].bytes().last().or(text.bytes().last());
        let whole = !is_word(before) && !is_word(rest.as_bytes().get(at + 4).copied());
        text.push_str(&rest[..at]);
        text.push_str(if whole { data } else { "data" });
        rest = &rest[at + 4..];
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::super::named;
    use super::*;

    fn told(bytes: &[u8]) -> (String, String) {
        let guess = named(&Source::slice(bytes)).unwrap();
        (guess.what, guess.call.unwrap())
    }

    /// gzip around stored or deflated bytes.
    fn gzip(inside: &[u8]) -> Vec<u8> {
        let mut packed = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03".to_vec();
        packed.extend(miniz_oxide::deflate::compress_to_vec(inside, 6));
        packed.extend(crc32fast::hash(inside).to_le_bytes());
        packed.extend((inside.len() as u32).to_le_bytes());
        packed
    }

    fn npy() -> Vec<u8> {
        let values: Vec<f32> = (0..784).map(|i| (i as f32 * 0.1).sin()).collect();
        let array = crate::Array::from_slice(&values, &[28, 28]).unwrap();
        crate::array_to_bytes(&array).unwrap()
    }

    #[test]
    fn an_npy_is_told_through_each_wrapper() {
        let npy = npy();
        let zlib = miniz_oxide::deflate::compress_to_vec_zlib(&npy, 6);
        let zstd = zstd::bulk::compress(&npy, 3).unwrap();
        for (bytes, what, call) in [
            (gzip(&npy), "gzip", "gzip.decompress(data)"),
            (zlib, "zlib", "zlib.decompress(data)"),
            (zstd, "zstd", "compression.zstd.decompress(data)"),
        ] {
            let expected = (
                format!("{what} around an npy of float32 (28, 28)"),
                format!("ndbytes.bytes_to_array({call})"),
            );
            assert_eq!(told(&bytes), expected);
            // The start is enough, but of zstd it is a whole block.
            if what != "zstd" {
                assert_eq!(told(&bytes[..bytes.len() - 300]).0, expected.0);
            }
        }
    }

    #[test]
    fn whatever_fills_its_length_is_told_from_gzip() {
        let idx = [&[0, 0, 8, 3, 0, 0, 0, 20, 0, 0, 0, 28, 0, 0, 0, 28][..], &[9; 15680]].concat();
        let (what, call) = told(&gzip(&idx));
        assert_eq!(what, "gzip around IDX");
        assert_eq!(
            call,
            "ndbytes.frombuffer(gzip.decompress(data), \"|u1\", (20, 28, 28), offset=16)"
        );
    }

    #[test]
    fn what_says_nothing_or_is_damaged_stays_what_it_was() {
        let bare: Vec<u8> = (0..9000_u32).flat_map(|i| (i * i).to_le_bytes()).collect();
        assert_eq!(told(&gzip(&bare)), ("gzip".to_owned(), "gzip.decompress(data)".to_owned()));
        // That it can be decompressed is proof enough.
        let sure = |bytes: &[u8]| named(&Source::slice(bytes)).unwrap().probability;
        assert_eq!(sure(&gzip(&bare)), CERTAIN);
        assert_eq!(sure(&miniz_oxide::deflate::compress_to_vec_zlib(&bare, 6)), CERTAIN);
        assert!(sure(&gzip(&bare)[..30]) < CERTAIN);
        let mut damaged = gzip(&npy());
        damaged[12..40].fill(0xff);
        assert_eq!(told(&damaged).0, "gzip");
        for len in 4..60 {
            assert!(told(&gzip(&npy())[..len]).0.starts_with("gzip"), "{len}");
        }
        let mut frame = zstd::stream::Encoder::new(Vec::new(), 3).unwrap();
        frame.window_log(27).unwrap();
        frame.include_contentsize(false).unwrap();
        frame.write_all(&npy()).unwrap();
        assert_eq!(told(&frame.finish().unwrap()).0, "zstd");
    }

    #[test]
    fn an_npy_that_was_cut_short_is_told() {
        let npy = npy();
        let named = |bytes: &[u8]| named(&Source::slice(bytes)).unwrap();
        assert_eq!(named(&npy).what, "npy");
        for len in [npy.len() - 1, 2000, 128] {
            let told = named(&npy[..len]);
            assert_eq!((told.what.as_str(), told.call), ("truncated npy", None));
            let advice = format!("there are {len} bytes of 3264: read or receive the rest");
            assert_eq!(told.reasons.last(), Some(&advice));
        }
        // Where not even the header is there, nothing says how long it is.
        assert_eq!(named(&npy[..60]).what, "npy");
    }

    #[test]
    fn only_the_word_is_replaced() {
        let call = with_data("read_data(io.BytesIO(data), data=data_of(data))", "x(data)");
        assert_eq!(call, "read_data(io.BytesIO(x(data)), x(data)=data_of(x(data)))");
    }
}
