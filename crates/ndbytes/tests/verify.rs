//! Checks find everything that readers refuse, and nothing in what library releases wrote; and they
//! find the bytes that belong to nothing, which readers leave alone.

mod support;

use std::io::Cursor;
use std::sync::atomic::{AtomicU64, Ordering};

use ndbytes::npz::{self, Archive};
use ndbytes::{
    DType, DecodeErrorKind, Format, Limits, Order, ReadOptions, Source, Verified, npy, pickle,
};
use support::{Fixture, fixtures, golden_streams};

/// Read by every reader, though some of their bytes belong to nothing.
const LEFT_OVER: [&str; 3] = ["before.npz", "before_undeclared.npz", "gap.npz"];
/// Large though small: what it stands for is checked without being built.
const LARGE: &str = "bomb_zeros.npz";

fn check(bytes: &[u8], format: Format) -> Verified {
    let read = AtomicU64::new(0);
    let progress = |nbytes| {
        read.fetch_add(nbytes, Ordering::Relaxed);
    };
    let options = ReadOptions::new().format(format);
    let found = ndbytes::verify(&Source::slice(bytes), &options, &progress);
    assert!(read.into_inner() <= bytes.len() as u64, "no more is read than there is");
    found
}

fn all(format: &str) -> Vec<Fixture> {
    ["golden", "hostile", "real"].iter().flat_map(|kind| fixtures(kind, format)).collect()
}

#[test]
fn what_passes_is_charged_where_it_is_said_how_much_may() {
    let bombs = fixtures("hostile", "npz");
    let bomb = bombs.iter().find(|fixture| fixture.text("file") == Some(LARGE)).unwrap();
    let check = |limits: Limits| {
        let options = ReadOptions::new().limits(limits);
        ndbytes::verify(&Source::slice(&bomb.bytes), &options, &|_| {})
    };
    assert!(check(Limits::default()).is_fine());
    let found = check(Limits::default().max_bytes(1 << 20));
    assert_eq!(found.faults[0].kind(), &DecodeErrorKind::Limit { option: "max_bytes" });
    assert!(check(Limits::none()).is_fine());
}

/// Whether there are no `faults`, as there should be.
fn is_as_it_should_be(file: &str, found: &Verified, fine: bool, seen: &mut [usize; 2]) -> bool {
    seen[usize::from(fine)] += 1;
    if found.is_fine() != fine {
        eprintln!("{file}: {:?}", found.faults);
    }
    found.is_fine() == fine
}

#[test]
fn what_readers_refuse_is_wrong_and_nothing_else_is() {
    let (mut seen, mut right) = ([0, 0], true);
    for (format, name) in [(Format::Npy, "npy"), (Format::Npz, "npz")] {
        for fixture in all(name) {
            let file = fixture.text("file").expect("a file name");
            let found = check(&fixture.bytes, format);
            let trailing = fixture.expected["trailing"].as_u64().unwrap_or(0) > 0
                && !["trailing_second_array.npy", "two_arrays.npy"].contains(&file);
            let fine = match fixture.text("result") {
                _ if file == LARGE => true,
                Some("ok") | None => !trailing && !LEFT_OVER.contains(&file),
                _ => false,
            };
            right &= is_as_it_should_be(&fixture.name(), &found, fine, &mut seen);
            if fine && format == Format::Npz {
                let archive = Archive::from_reader(Cursor::new(&fixture.bytes), Default::default());
                let from_file = ndbytes::verify_archive(&archive.unwrap(), &|_| {});
                assert_eq!(from_file.notes, found.notes, "{file}");
                assert!(from_file.is_fine() && from_file.arrays == found.arrays);
            }
        }
    }
    assert!(right && seen[0] > 300 && seen[1] > 300, "{seen:?}");
}

#[test]
fn pickles_that_are_refused_or_followed_by_something_are_wrong() {
    let (mut seen, mut right) = ([0, 0], true);
    let golden = golden_streams().into_iter().filter(|stream| stream.buffers.is_empty());
    let hostile = fixtures("hostile", "pickle").into_iter();
    let all = golden
        .map(|stream| (stream.name, stream.bytes))
        .chain(hostile.map(|fixture| (fixture.name(), fixture.bytes)));
    for (name, bytes) in all {
        let (mut rest, mut fine) = (&bytes[..], !bytes.is_empty());
        while fine && !rest.is_empty() {
            let end = pickle::Extent::default().end(rest).ok();
            fine = end.is_some() && pickle::read(rest, pickle::ReadOptions::new()).is_ok();
            rest = &rest[end.unwrap_or(0)..];
        }
        let found = check(&bytes, Format::Pickle);
        right &= is_as_it_should_be(&name, &found, fine, &mut seen);
    }
    assert!(right && seen[0] > 300 && seen[1] > 5000, "{seen:?}");
}

#[test]
fn a_changed_byte_is_found_or_changes_nothing() {
    for name in ["plain.npz", "deflated.npz", "zstd.npz", "descriptor_signed.npz", "comment.npz"] {
        let fixture = all("npz").into_iter().find(|fixture| fixture.text("file") == Some(name));
        let whole = fixture.expect("the fixture is there").bytes;
        let read = |bytes: &[u8]| -> Vec<(String, Vec<i16>)> {
            let arrays = npz::read(bytes, npz::ReadOptions::new()).expect("verified");
            let arrays = arrays.iter().map(|(name, array)| (name.clone(), array.to_vec().unwrap()));
            arrays.collect()
        };
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x55;
            assert!(!check(&whole[..at], Format::Npz).is_fine(), "{name} cut at {at}");
            if check(&bytes, Format::Npz).is_fine() {
                assert_eq!(read(&bytes), read(&whole), "{name} at {at}");
            }
        }
    }
}

#[test]
fn what_is_fine_can_be_read_whatever_was_changed() {
    let mut fine = 0;
    for format in [Format::Npy, Format::Npz, Format::Pickle] {
        let fixtures = fixtures("hostile", format.name());
        for fixture in fixtures.iter().filter(|fixture| fixture.bytes.len() < 4096) {
            for (at, change) in
                (0..fixture.bytes.len()).step_by(3).zip([0x01, 0x80, 0xFF].iter().cycle())
            {
                let mut bytes = fixture.bytes.clone();
                bytes[at] ^= change;
                let found = check(&bytes, format);
                // As much as there is of it.
                let _ = ndbytes::inspect(&bytes[..at], None, &ReadOptions::new().format(format));
                if !found.is_fine() || found.notes.iter().any(|note| note.contains("max_bytes")) {
                    continue;
                }
                fine += 1;
                let problem = match format {
                    Format::Npz => npz::read(&bytes, npz::ReadOptions::new()).err(),
                    Format::Npy => ndbytes::bytes_to_array(&bytes).err(),
                    _ => pickle::read(&bytes, pickle::ReadOptions::new()).err(),
                };
                assert!(problem.is_none(), "{} at {at}: {problem:?}", fixture.name());
            }
        }
    }
    assert!(fine > 500, "{fine}");
}

/// An archive of one member, whose data is `kept`.
fn archive(name: &str, method: u16, crc: u32, kept: &[u8], size: usize, behind: &[u8]) -> Vec<u8> {
    let flags: u16 = if behind.is_empty() { 0 } else { 8 };
    let mut said = Vec::new();
    said.extend([20, 0]);
    said.extend(flags.to_le_bytes());
    said.extend(method.to_le_bytes());
    said.extend([0, 0, 0x21, 0]);
    said.extend(crc.to_le_bytes());
    said.extend((kept.len() as u32).to_le_bytes());
    said.extend((size as u32).to_le_bytes());
    said.extend((name.len() as u32).to_le_bytes());
    let mut bytes = [b"PK\x03\x04", &said[..], name.as_bytes(), kept, behind].concat();
    let start = bytes.len() as u32;
    bytes.extend([b"PK\x01\x02\x14\0", &said[..], &[0; 14], name.as_bytes()].concat());
    let len = bytes.len() as u32 - start;
    bytes.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    bytes.extend([len.to_le_bytes(), start.to_le_bytes()].concat());
    bytes.extend([0, 0]);
    bytes
}

fn first_fault(bytes: &[u8]) -> Option<String> {
    let found = check(bytes, Format::Npz);
    found.faults.first().map(ToString::to_string)
}

#[test]
fn bytes_inside_of_an_archive_that_belong_to_nothing_are_found() {
    let npy = npy::write(&[1_u8, 2, 3][..]).unwrap();
    let len = npy.len();
    let crc = crc32fast::hash(&npy);
    let le = |number: usize| (number as u32).to_le_bytes();
    assert_eq!(first_fault(&archive("x.npy", 0, crc, &npy, len, &[])), None);

    // A block of deflate that is stored, and more.
    let [low, high] = (len as u16).to_le_bytes();
    let deflated = [&[1, low, high, !low, !high], &npy[..]].concat();
    assert_eq!(first_fault(&archive("x.npy", 8, crc, &deflated, len, &[])), None);
    let more = [&deflated[..], b"??"].concat();
    let fault = first_fault(&archive("x.npy", 8, crc, &more, len, &[])).unwrap();
    assert!(fault.contains("2 bytes follow the end of the deflate data"), "{fault}");
    let fault = first_fault(&archive("x.npy", 8, crc, &deflated[..len], len, &[])).unwrap();
    assert!(fault.contains("ends too early"), "{fault}");

    // Behind the array, in the member.
    let more = [&npy[..], b"??"].concat();
    let whole = archive("x.npy", 0, crc32fast::hash(&more), &more, more.len(), &[]);
    assert!(first_fault(&whole).unwrap().contains("2 bytes follow the array's data"));

    // What stands behind the data.
    let sizes = [crc.to_le_bytes(), le(len), le(len)].concat();
    let signed = [b"PK\x07\x08", &sizes[..]].concat();
    for right in [&sizes, &signed] {
        assert_eq!(first_fault(&archive("x.npy", 0, crc, &npy, len, right)), None);
        let more = [&right[..], b"!"].concat();
        let fault = first_fault(&archive("x.npy", 0, crc, &npy, len, &more)).unwrap();
        assert!(fault.contains("1 bytes behind the member"), "{fault}");
        let wrong = [&right[..right.len() - 1], &[9]].concat();
        let fault = first_fault(&archive("x.npy", 0, crc, &npy, len, &wrong)).unwrap();
        assert!(fault.contains("not the sizes that were announced"), "{fault}");
        assert!(fault.contains("in entry \"x.npy\""), "{fault}");
    }

    // What is no array has to have its checksum, too.
    let text = b"about these arrays";
    let good = archive("README", 0, crc32fast::hash(text), text, text.len(), &[]);
    let found = check(&good, Format::Npz);
    assert_eq!((found.is_fine(), found.arrays), (true, 0));
    assert_eq!(found.notes, ["\"README\": no array, 18 bytes"]);
    let bad = archive("README", 0, 1, text, text.len(), &[]);
    assert!(first_fault(&bad).unwrap().contains("the CRC-32 is"));
}

#[test]
fn zstd_with_a_window_beyond_what_is_lent_is_read_when_it_is_small() {
    let npy = npy::write(&[7_u8; 100_000][..]).unwrap();
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
    encoder.window_log(28).unwrap();
    encoder.include_contentsize(false).unwrap();
    std::io::Write::write_all(&mut encoder, &npy).unwrap();
    let kept = encoder.finish().unwrap();
    let whole = archive("x.npy", 93, crc32fast::hash(&npy), &kept, npy.len(), &[]);
    assert_eq!(first_fault(&whole), None);
    let more = archive("x.npy", 93, crc32fast::hash(&npy), &kept, npy.len() - 1, &[]);
    assert!(first_fault(&more).is_some());
}

#[test]
fn what_members_build_for_a_look_is_charged_together() {
    let all = fixtures("hostile", "npz");
    let file = |fixture: &&Fixture| fixture.text("file") == Some("zstd_windows.npz");
    let bytes = &all.iter().find(file).expect("a fixture").bytes;
    let allowed = ndbytes::Limits::default().bytes_for(bytes.len() as u64);
    let few = allowed as usize / (30 << 20);

    let summary = ndbytes::inspect(bytes, None, &ReadOptions::new()).unwrap();
    assert!((1..=few).contains(&summary.entries.len()), "{} are built", summary.entries.len());
    assert_eq!(summary.entries.len() + summary.oddities.len(), 300);
    assert!(summary.oddities[0].contains("raise Limits(max_bytes=...)"), "{:?}", summary.oddities);

    let found = check(bytes, Format::Npz);
    assert!((1..=few).contains(&found.arrays), "{} are built", found.arrays);
    assert_eq!(found.arrays + found.faults.len(), 300);
    for fault in &found.faults {
        assert_eq!(fault.kind().name(), "limit", "{fault}");
    }

    // With no limit, all are what they say.
    let limits = ndbytes::Limits::none();
    let options = ReadOptions::new().limits(limits);
    let summary = ndbytes::inspect(bytes, None, &options).unwrap();
    assert_eq!((summary.entries.len(), summary.oddities.len()), (300, 0));
}

#[test]
fn what_follows_is_another_array_or_wrong() {
    let one = npy::write(&[1_u8, 2, 3][..]).unwrap();
    let fault = |bytes: &[u8]| {
        let found = check(bytes, Format::Npy);
        found.faults.first().map(|error| (error.to_string(), error.offset()))
    };
    let two = [&one[..], &one].concat();
    let found = check(&two, Format::Npy);
    assert_eq!((found.is_fine(), found.arrays), (true, 2));
    assert_eq!(found.notes, ["2 arrays, one after another"]);
    let (said, at) = fault(&two[..two.len() - 1]).unwrap();
    assert!(said.contains("the one that starts at byte 131"), "{said}");
    assert_eq!(at, Some(two.len() as u64 - 1));
    let (said, at) = fault(&[&one[..], b"\x93NUMP"].concat()).unwrap();
    assert!(said.contains("5 bytes follow the array"), "{said}");
    assert_eq!(at, Some(one.len() as u64));
    let mut bad = two.clone();
    bad[one.len() + 6] = 9;
    assert_eq!(fault(&bad).unwrap().1, Some(one.len() as u64 + 6));

    let one = b"\x80\x04N.";
    let evil = b"\x80\x02cos\nsystem\ncposix\nsystem\n\x86.";
    let found = check(&[&one[..], one].concat(), Format::Pickle);
    assert_eq!(
        (found.is_fine(), &found.notes[..]),
        (true, &["2 pickles, one after another".to_owned()][..])
    );
    let found = check(&[&one[..], evil].concat(), Format::Pickle);
    assert_eq!(found.faults[0].kind().name(), "unsafe");
    assert!(found.faults[0].to_string().contains("posix.system"), "{}", found.faults[0]);
    assert!(found.faults[0].offset().unwrap() >= one.len() as u64);
    let found = check(&[&one[..], b"junk"].concat(), Format::Pickle);
    assert_eq!(found.faults[0].found(), "4 bytes follow STOP");
}

#[test]
fn elements_that_are_none_of_their_dtype_are_told() {
    let mut booleans = npy::write(&[true, false, true][..]).unwrap();
    *booleans.last_mut().unwrap() = 2;
    let dtype = DType::from_typestr("<U2").unwrap();
    let mut text = npy::write_header(&dtype, &[1], Order::C, None).unwrap();
    text.extend([0x41, 0, 0, 0, 0, 0, 0x11, 0]);
    for (bytes, note) in
        [(&booleans, "1 booleans are neither 0 nor 1"), (&text, "1 characters are beyond U+10FFFF")]
    {
        let crc = crc32fast::hash(bytes);
        let packed = archive("x.npy", 0, crc, bytes, bytes.len(), &[]);
        for found in [check(bytes, Format::Npy), check(&packed, Format::Npz)] {
            assert!(found.is_fine() && found.notes.len() == 1, "{:?}", found.faults);
            assert!(found.notes[0].contains(note), "{:?}", found.notes);
        }
    }
}

#[test]
fn pickles_without_a_magic_number_are_told_when_they_ask_for_something() {
    let found = |bytes: &[u8]| ndbytes::verify(&Source::slice(bytes), &ReadOptions::new(), &|_| {});
    let evil = found(b"(lp0\ncos\nsystem\na.");
    assert_eq!(evil.format, Some(Format::Pickle));
    assert_eq!(evil.faults[0].kind().name(), "unsafe");
    for bytes in [&b"N."[..], b"", b"about this file.", b"(lp0\ncos\nsystem\na.and more."] {
        let found = found(bytes);
        assert_eq!((found.format, found.faults.len()), (None, 1), "{bytes:?}");
        assert!(found.faults[0].to_string().contains("bytes"), "{bytes:?}");
    }
}

/// Brings a few bytes at a time.
struct Slow<'a>(&'a [u8]);

impl std::io::Read for Slow<'_> {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        let count = to.len().min(self.0.len()).min(37);
        to[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

#[test]
fn streams_are_found_to_be_what_their_bytes_are() {
    let options = ReadOptions::new();
    let mut seen = [0, 0];
    let mut alike = |bytes: &[u8], name: &str| {
        let whole = ndbytes::verify(&Source::slice(bytes), &options, &|_| {});
        let read = AtomicU64::new(0);
        let progress = |nbytes| {
            read.fetch_add(nbytes, Ordering::Relaxed);
        };
        let passed = ndbytes::verify_stream(&mut Slow(bytes), &options, &progress);
        assert_eq!(read.into_inner(), bytes.len() as u64, "{name}");
        seen[usize::from(whole.is_fine())] += 1;
        let parts = |found: &Verified| {
            let Verified { format, nbytes, arrays, faults, notes, .. } = found.clone();
            (format, nbytes, arrays, faults, notes)
        };
        assert_eq!(parts(&passed), parts(&whole), "{name}");
    };
    let mut several = Vec::new();
    for fixture in all("npy") {
        let (bytes, name) = (&fixture.bytes, fixture.name());
        alike(bytes, &name);
        let len = bytes.len();
        for end in [0, 3, 9, 40, len / 2, len.saturating_sub(1)] {
            alike(&bytes[..end.min(len)], &format!("{name} up to {end}"));
        }
        if fixture.text("result").is_none_or(|result| result == "ok") && len < 4096 {
            several.extend_from_slice(bytes);
        }
        alike(&[bytes, &b"more"[..]].concat(), &format!("{name} and more"));
    }
    alike(&several, "several");
    several.truncate(several.len() - 5);
    alike(&several, "several, cut short");
    alike(b"", "nothing");
    let mut pickled = Vec::new();
    ndbytes::write(&(&[1_u8, 2][..]).into(), Format::Pickle, &mut pickled).unwrap();
    alike(&pickled, "pickle");
    let archive = npz::write(&[("x", (&[1_u8, 2][..]).into())], &Default::default()).unwrap();
    alike(&archive, "npz");
    assert!(seen[0] > 100 && seen[1] > 50, "{seen:?}");
}
