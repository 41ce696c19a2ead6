//! What bytes say about themselves, of every format: whole, cut, from a stream and from a file, and
//! with no more read than that takes.

mod support;

use std::io::{self, Cursor, Read, Seek, SeekFrom};

use ndbytes::npz::{self, Compression, WriteOptions};
use ndbytes::{Array, DecodeErrorKind, ReadOptions, Summary, pickle};
use support::{fixtures, golden_streams};

fn options() -> ReadOptions {
    ReadOptions::new()
}

fn inspect(bytes: &[u8]) -> Summary {
    ndbytes::inspect(bytes, bytes.len() as u64, &options()).unwrap()
}

/// All that a summary says.
fn told(summary: &Summary) -> String {
    format!("{summary:?}")
}

/// Counts what is read.
struct Counted<R> {
    from: R,
    read: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(bytes)?;
        self.read += read as u64;
        Ok(read)
    }
}

impl<R: Seek> Seek for Counted<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.from.seek(to)
    }
}

#[test]
fn every_fixture_is_told_alike_from_memory_from_a_stream_and_from_a_file() {
    for format in ["npy", "npz"] {
        for fixture in ["golden", "hostile", "real"].iter().flat_map(|kind| fixtures(kind, format))
        {
            let bytes = &fixture.bytes;
            let whole = ndbytes::inspect(bytes, bytes.len() as u64, &options());
            let stream = ndbytes::inspect_stream(&mut &bytes[..], &options());
            let file = ndbytes::inspect_reader(Cursor::new(bytes), &options());
            match whole {
                Ok(whole) => {
                    assert_eq!(told(&file.unwrap()), told(&whole), "{}", fixture.name());
                    let mut stream = stream.unwrap();
                    if bytes.len() < 64 << 10 {
                        assert_eq!(stream.nbytes, whole.nbytes);
                    }
                    stream.nbytes = whole.nbytes;
                    stream.oddities.clone_from(&whole.oddities);
                    assert_eq!(told(&stream), told(&whole), "{}", fixture.name());
                }
                Err(error) => {
                    assert_eq!(stream.unwrap_err().kind(), error.kind(), "{}", fixture.name());
                    assert_eq!(file.unwrap_err().kind(), error.kind(), "{}", fixture.name());
                }
            }
        }
    }
}

#[test]
fn of_the_start_of_an_archive_the_members_are_told_that_are_there() {
    let numbers: Vec<i32> = (0..5000).map(|i| i * 7919 % 1000).collect();
    let array = |rows: usize| Array::from_slice(&numbers[..rows * 10], &[rows, 10]).unwrap();
    let arrays = [("x", array(500)), ("y", array(30)), ("z", array(1))];
    for compression in [Compression::None, Compression::Deflate, Compression::Zstd] {
        let options = WriteOptions::new().compression(compression);
        let bytes = npz::write(&arrays, &options).unwrap();
        let whole = inspect(&bytes);
        assert_eq!(whole.entries.len(), 3);
        let mut most = 0;
        for len in (0..bytes.len()).step_by(7) {
            // As much as a stream has brought, and a file that was cut.
            let start = ndbytes::inspect(&bytes[..len], None, &self::options());
            let file = ndbytes::inspect_reader(Cursor::new(&bytes[..len]), &self::options());
            let Ok(start) = start else {
                assert!(file.is_err() && most == 0, "{len}");
                continue;
            };
            let count = start.entries.len();
            assert!(count >= most, "{len}");
            most = count;
            for (entry, same) in start.entries.iter().zip(&whole.entries) {
                assert_eq!(format!("{entry:?}"), format!("{same:?}"), "{len}");
            }
            assert!(start.oddities.last().unwrap().starts_with("cut short: the directory"));
            let file = file.unwrap();
            assert_eq!((file.entries.len(), file.nbytes), (count, Some(len as u64)));
        }
        assert_eq!(most, 3);
        let start = ndbytes::inspect(&bytes[..bytes.len() - 1], None, &self::options()).unwrap();
        assert_eq!(start.entries[0].shape[..], [500, 10]);
        assert_eq!(start.entries[0].compression, whole.entries[0].compression);
    }
}

#[test]
fn the_arrays_of_a_pickle_are_charged_and_counted() {
    // Two bytes for the function, two for its arguments, and one to call it.
    let mut bytes = b"\x80\x04cnumpy.core.numeric\n_frombuffer\nq\0(C\x01\x07cnumpy\ndtype\n\
        X\x02\0\0\0i1K\0K\x01\x87R(K\x03X\x01\0\0\0|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb\
        K\x01\x85X\x01\0\0\0Ctq\x0100]("
        .to_vec();
    let count = 100_000;
    bytes.extend((0..count).flat_map(|_| *b"h\0h\x01R"));
    bytes.extend(b"e.");
    let with = |limits| {
        let summary = ndbytes::inspect(&bytes, None, &options().limits(limits));
        summary.map(|summary| summary.entries.len())
    };
    let limits = ndbytes::Limits::default();
    assert_eq!(with(limits).unwrap(), count);
    assert_eq!(with(limits.max_entries(count as u64)).unwrap(), count);
    let error = with(limits.max_entries(count as u64 - 1)).unwrap_err();
    assert_eq!(*error.kind(), DecodeErrorKind::Limit { option: "max_entries" });
    // Each takes some hundred bytes, of whoever looks and of whoever reads.
    let error = with(limits.max_bytes(20 << 20)).unwrap_err();
    assert_eq!(*error.kind(), DecodeErrorKind::Limit { option: "max_bytes" });
    let few = pickle::ReadOptions::new().limits(limits.max_bytes(10 << 20));
    let error = pickle::read(&bytes, few).map(drop).unwrap_err();
    assert_eq!(*error.kind(), DecodeErrorKind::Limit { option: "max_bytes" });
}

#[test]
fn of_the_start_of_a_pickle_the_names_are_told_that_are_there() {
    let array = Array::from_slice(&[1.5_f64, 2.5, 3.5], &[3]).unwrap();
    for protocol in 2..=5 {
        let options = pickle::WriteOptions::new(protocol);
        let bytes = pickle::write_array(&array, options).unwrap();
        let whole = inspect(&bytes);
        assert_eq!(whole.version.as_deref(), Some(&*protocol.to_string()));
        assert_eq!((whole.entries.len(), whole.oddities.len()), (1, 0));
        let mut names = 0;
        for len in 0..bytes.len() {
            let Ok(start) = ndbytes::inspect(&bytes[..len], None, &self::options()) else {
                assert_eq!(names, 0);
                continue;
            };
            assert!(start.names.len() >= names);
            names = start.names.len();
            let cut = format!("cut short: the pickle goes on behind byte {len}");
            assert_eq!(start.oddities, [cut]);
        }
        assert_eq!(names, whole.names.len(), "protocol {protocol}");
    }
}

#[test]
fn what_follows_a_pickle_and_what_python_2_wrote_is_odd() {
    let bytes = [b"\x80\x02]q\0.", &b"more"[..]].concat();
    assert_eq!(inspect(&bytes).oddities, ["4 bytes follow the pickle"]);
    let mut told = [0, 0];
    for stream in golden_streams() {
        let old = stream.name.contains("py27");
        if stream.bytes.starts_with(b"\x80")
            && let Ok(summary) = ndbytes::inspect(&stream.bytes, None, &options())
        {
            let odd = summary.oddities.iter().any(|odd| odd.contains("Python 2"));
            assert!(old || !odd, "{}", stream.name);
            told[usize::from(odd)] += 1;
        }
    }
    assert!(told[0] > 1000 && told[1] > 100, "{told:?}");
}

#[test]
fn pickles_without_a_magic_number_tell_what_they_ask_for() {
    for bytes in [&b"(lp0\ncos\nsystem\na."[..], b"c__builtin__\neval\n(S'1'\ntR."] {
        let summary = inspect(bytes);
        assert_eq!(summary.version.as_deref(), Some("0"));
        assert!(!summary.names[0].known);
        let stream = ndbytes::inspect_stream(&mut &bytes[..], &options()).unwrap();
        assert_eq!(told(&stream), told(&summary));
        let file = ndbytes::inspect_reader(Cursor::new(bytes), &options()).unwrap();
        assert_eq!(told(&file), told(&summary));
    }
    for bytes in [&b"N."[..], b"about this file.", b"(lp0\ncos\nsystem\na.\n", b"."] {
        assert!(ndbytes::inspect(bytes, bytes.len() as u64, &options()).is_err());
    }
}

#[test]
fn no_more_is_read_than_the_description_takes() {
    let header = ndbytes::npy::write_header(
        &ndbytes::DType::from_typestr("<f8").unwrap(),
        &[1 << 20, 1 << 16],
        ndbytes::Order::F,
        None,
    );
    let start = Cursor::new(header.unwrap());
    // A stream that does not end.
    let mut stream = Counted { from: start.chain(io::repeat(0)), read: 0 };
    let summary = ndbytes::inspect_stream(&mut stream, &options()).unwrap();
    assert_eq!((summary.nbytes, stream.read), (None, 64 << 10));
    assert_eq!(summary.entries[0].nbytes, Some(8 << 36));
    assert!(summary.oddities.is_empty());

    let noise: Vec<u32> = (0..300_000_u32).map(|i| i.wrapping_mul(2_654_435_761)).collect();
    let array = Array::from_slice(&noise, &[noise.len()]).unwrap();
    for (bytes, most) in [
        (ndbytes::npy::write(array.clone()).unwrap(), 4096),
        (npz::write(&[("x", array)], &WriteOptions::new()).unwrap(), 400 << 10),
    ] {
        let mut file = Counted { from: Cursor::new(&bytes), read: 0 };
        let summary = ndbytes::inspect_reader(&mut file, &options()).unwrap();
        assert_eq!(summary.nbytes, Some(bytes.len() as u64));
        assert!(file.read <= most, "{} bytes read", file.read);
    }
}

#[test]
fn files_are_told_wherever_they_stand() {
    let folder = tempfile::tempdir().unwrap();
    let numbers: Vec<f32> = (0..5000_u16).map(f32::from).collect();
    let array = Array::from_slice(&numbers, &[50, 100]).unwrap();
    let archive = npz::write(&[("x", array.clone())], &WriteOptions::new()).unwrap();
    for (index, bytes) in [
        &ndbytes::npy::write(array).unwrap()[..],
        &archive,
        // A file that was cut, and one with a program in front.
        &archive[..archive.len() - 30],
        &[b"#!/bin/sh\n", &archive[..]].concat(),
    ]
    .into_iter()
    .enumerate()
    {
        let path = folder.path().join(index.to_string());
        std::fs::write(&path, bytes).unwrap();
        let mut file = std::fs::File::open(&path).unwrap();
        io::Read::read_exact(&mut file, &mut [0; 100]).unwrap();
        let file = ndbytes::inspect_file(file, &options()).unwrap();
        let reader = ndbytes::inspect_reader(Cursor::new(bytes), &options()).unwrap();
        assert_eq!(told(&file), told(&reader));
        assert_eq!(file.entries[0].shape[..], [50, 100]);
    }
}

#[test]
fn alignments_are_told_up_to_that_of_cache_lines() {
    let mut entry = inspect(&ndbytes::array_to_bytes(&[1_u8][..]).unwrap()).entries.remove(0);
    for (offset, alignment) in [(0, 64), (1, 1), (2, 2), (24, 8), (128, 64), (1 << 63, 64)] {
        entry.offset = Some(offset);
        assert_eq!(entry.alignment(), Some(alignment), "{offset}");
    }
    entry.offset = None;
    assert_eq!(entry.alignment(), None);
}

/// An npy of one object, whose pickle asks for `name` behind `before` bytes of text.
fn npy_of_objects(name: &str, before: usize) -> Vec<u8> {
    let dtype = ndbytes::DType::from_typestr("|O").unwrap();
    let mut bytes = ndbytes::npy::write_header(&dtype, &[1], ndbytes::Order::C, None).unwrap();
    bytes.extend(b"\x80\x03X");
    bytes.extend(u32::try_from(before).unwrap().to_le_bytes());
    bytes.resize(bytes.len() + before, b'x');
    bytes.extend(format!("0c{}\n.", name.replacen('.', "\n", 1)).as_bytes());
    bytes
}

const NOT_TO_ITS_END: &str =
    "what the pickle of its objects asks for is not told to its end: verify reads all of it";
const OBJECTS: &str = "the data is a pickle of Python objects";

#[test]
fn an_array_of_an_archive_is_told_as_it_is_alone() {
    let python2 = b"\x93NUMPY\x01\x00\x3c\x00{u'descr': '<i4', 'fortran_order': False, \
        'shape': (3L,), } \n\x01\0\0\0\x02\0\0\0\x03\0\0\0";
    let long_double = {
        let dtype = ndbytes::DType::from_typestr("<f16").unwrap();
        let header = ndbytes::npy::write_header(&dtype, &[2, 3], ndbytes::Order::F, None);
        [header.unwrap(), vec![0; 96]].concat()
    };
    // Of version 2, and with more behind its data.
    let plain = ndbytes::npy::write(&[1_u8, 2, 3][..]).unwrap();
    let version_2 = [&b"\x93NUMPY\x02\x00\x74\x00\0\0"[..], &plain[10..126], b"\x01\x02\x03more"];
    let members = [
        ("python2", python2.to_vec()),
        ("long_double", long_double),
        ("version_2", version_2.concat()),
        ("asks", npy_of_objects("os.system", 0)),
        ("asks_late", npy_of_objects("os.system", 70_000)),
        ("known", ndbytes::npy::write(&[1_u8, 2, 3][..]).unwrap()),
    ];
    let whole: Vec<Summary> = members.iter().map(|(_, bytes)| inspect(bytes)).collect();
    assert_eq!(whole[2].version.as_deref(), Some("2.0"));
    assert_eq!(whole[2].oddities.last().unwrap(), "4 bytes follow the data");
    assert!(whole[0].oddities.iter().any(|odd| odd.contains("Python 2 spells them, 3L")));
    let asks = &whole[3];
    assert_eq!((&asks.names[0].name[..], asks.names[0].known), ("os.system", false));
    assert_eq!(asks.oddities, ["asks for \"os.system\", which is refused", OBJECTS]);
    let at = usize::try_from(asks.names[0].offset).unwrap();
    assert!(members[3].1[at..].starts_with(b"cos\nsystem"));
    assert!(whole[4].names.is_empty());
    assert_eq!(whole[4].oddities, [NOT_TO_ITS_END, OBJECTS]);

    for compression in [Compression::None, Compression::Deflate, Compression::Zstd] {
        let options = WriteOptions::new().compression(compression);
        let mut writer = npz::Writer::new(Vec::new(), options);
        for (name, member) in &members {
            writer.add_bytes(&format!("{name}.npy"), member).unwrap();
        }
        let bytes = writer.finish().unwrap();
        let summary = inspect(&bytes);
        assert_eq!(summary.entries.len(), members.len());
        for ((name, member), alone) in members.iter().zip(&whole) {
            let only = summary.clone().only(name).unwrap();
            let ([entry], [same]) = (&only.entries[..], &alone.entries[..]) else { panic!() };
            assert_eq!((&entry.version, &entry.nbytes), (&alone.version, &same.nbytes));
            let sorted = |odd: &[String]| {
                let mut odd = odd.to_vec();
                odd.sort();
                odd
            };
            assert_eq!(sorted(&entry.oddities), sorted(&alone.oddities), "{name}");
            assert_eq!(only.oddities, entry.oddities);
            for oddity in &entry.oddities {
                assert!(summary.oddities.contains(&format!("\"{name}.npy\": {oddity}")));
            }
            let start = same.offset.unwrap();
            let names = |names: &[pickle::Name], at: u64| -> Vec<(String, bool, u64)> {
                names.iter().map(|name| (name.name.clone(), name.known, name.offset - at)).collect()
            };
            let at = match (entry.offset, entry.offset_inside) {
                (Some(offset), None) => {
                    let at = usize::try_from(offset - start).unwrap();
                    assert!(bytes[at..].starts_with(member));
                    assert_eq!(entry.compression, None);
                    offset - start
                }
                (None, Some(inside)) => {
                    assert_eq!((inside, entry.alignment()), (start, same.alignment()));
                    0
                }
                both => panic!("{both:?}"),
            };
            assert_eq!(names(&entry.names, at), names(&alone.names, 0));
            assert_eq!(only.names, entry.names);
        }
        assert_eq!(summary.names, summary.entries[3].names);
        assert!(summary.only("no").is_none());
    }
}

#[test]
fn what_objects_ask_for_is_told_of_files_and_streams_too() {
    for (before, is_told) in [(0, true), (10_000, true), (70_000, false)] {
        let bytes = npy_of_objects("os.system", before);
        let whole = inspect(&bytes);
        assert_eq!(!whole.names.is_empty(), is_told);
        let mut file = Counted { from: Cursor::new(&bytes), read: 0 };
        let read = ndbytes::inspect_reader(&mut file, &options()).unwrap();
        assert_eq!(told(&read), told(&whole), "{before}");
        assert!(file.read <= 64 << 10);
        let stream = ndbytes::inspect_stream(&mut &bytes[..], &options()).unwrap();
        assert_eq!(stream.names, whole.names);
    }
    // As far as it is there.
    let bytes = npy_of_objects("os.system", 0);
    let cut = ndbytes::inspect(&bytes[..bytes.len() - 1], None, &options()).unwrap();
    assert_eq!(cut.names[0].name, "os.system");
    assert_eq!(cut.oddities, ["asks for \"os.system\", which is refused", NOT_TO_ITS_END, OBJECTS]);
    let damaged = [&bytes[..128], b"\x80\x03\xff"].concat();
    assert_eq!(inspect(&damaged).oddities, [NOT_TO_ITS_END, OBJECTS]);
    // What is known is not odd.
    let nothing = [&bytes[..128], b"\x80\x03]N\x61."].concat();
    assert_eq!(inspect(&nothing).oddities, [OBJECTS]);
}
