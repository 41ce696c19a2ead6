//! Archives written, read, changed and damaged.

mod support;

use std::io::{Cursor, Write as _};

use ndbytes::npz::{self, Archive, Compression, Method, ReadOptions, Update, WriteOptions, Writer};
use ndbytes::{Array, DType, DecodeErrorKind, Format, Layout, Limits, Order, Source};

const COMPRESSIONS: [Compression; 3] = [Compression::None, Compression::Deflate, Compression::Zstd];

fn options(compression: Compression) -> WriteOptions {
    WriteOptions::new().compression(compression)
}

/// Numbers that compress, but not to nothing.
fn numbers(count: usize) -> Vec<u32> {
    (0..count as u32).map(|i| (i / 3).wrapping_mul(2_654_435_761) >> 20).collect()
}

/// Bytes that do not.
fn noise(count: usize) -> Vec<u64> {
    let mut state = 88_172_645_463_325_252_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    (0..count).map(|_| next()).collect()
}

fn assert_same(a: &Array<'_>, b: &Array<'_>) {
    assert_eq!(a.dtype(), b.dtype());
    assert_eq!(a.layout().order(), b.layout().order());
    assert!(ndbytes::identical(a, b).expect("comparable"));
}

#[test]
fn arrays_come_back_from_memory_and_from_streams() {
    let (large, noise) = (numbers(1 << 20), noise(100_000));
    let small = [1.5_f32, f32::NAN, -0.0, 4.0, 5.0, 6.0];
    let fortran = Layout::contiguous(&[2, 3], 4, Order::F).unwrap();
    let bytes: Vec<u8> = small.iter().flat_map(|x| x.to_be_bytes()).collect();
    let big = DType::from_typestr(">f4").unwrap();
    let arrays = [
        ("large", Array::from_slice(&large, &[1024, 1024]).unwrap()),
        ("noise", Array::from_slice(&noise, &[100_000]).unwrap()),
        ("small/größe ✓", Array::from_slice(&small, &[3, 2]).unwrap()),
        ("big-endian F", Array::new(big, fortran, Source::slice(&bytes)).unwrap()),
        ("empty", Array::from_slice::<u8>(&[], &[0, 7]).unwrap()),
        ("", Array::from_slice(&[7_u8], &[]).unwrap()),
    ];
    for compression in COMPRESSIONS {
        let written: Vec<Vec<u8>> = [1, 2, 7]
            .map(|threads| npz::write(&arrays, &options(compression).threads(threads)).unwrap())
            .to_vec();
        assert!(written.iter().all(|other| *other == written[0]), "{compression:?}");
        let bytes = &written[0];
        if compression == Compression::None {
            let prepared = npz::Prepared::new(&arrays).unwrap();
            assert_eq!(prepared.stored_len(), bytes.len() as u64);
        }
        let memory = npz::read(bytes, ReadOptions::new()).unwrap();
        let stream = Archive::from_reader(Cursor::new(bytes), ReadOptions::new()).unwrap();
        let stream = stream.arrays().unwrap();
        assert_eq!(memory.len(), arrays.len());
        for ((name, array), (memory, stream)) in arrays.iter().zip(memory.iter().zip(&stream)) {
            assert_eq!((*name, *name), (&*memory.0, &*stream.0));
            assert_same(array, &memory.1);
            assert_same(array, &stream.1);
        }
    }
}

#[test]
fn stored_arrays_are_aligned_views() {
    let data = numbers(1000);
    for name in ["x", "a longer name", "größe"] {
        let arrays = [(name, Array::from_slice(&data, &[1000]).unwrap()); 1];
        let bytes = npz::write(&arrays, &WriteOptions::new()).unwrap();
        let read = npz::read(&bytes, ReadOptions::new()).unwrap();
        let start = read[0].1.source().start() as usize + read[0].1.layout().start();
        let at = start - bytes.as_ptr() as usize;
        assert!(at < bytes.len());
        assert_eq!(at % 64, 0);
    }
    // Behind something else, too.
    let array = Array::from_slice(&data, &[1000]).unwrap();
    let mut writer = Writer::new(vec![7; 1001], WriteOptions::new()).behind(1001);
    writer.add("x", &array).unwrap();
    let bytes = writer.finish().unwrap();
    let archive = Archive::new(Source::slice(&bytes), ReadOptions::new()).unwrap();
    let peeked = archive.peek(&Limits::default());
    assert_eq!((peeked.arrays[0].member_at) % 64, 0);
    assert!(peeked.oddities[0].contains("1001 bytes come before"));
    assert_same(&archive.array(&archive.members()[0]).unwrap(), &array);
    assert_eq!(ndbytes::bytes_to_array(&bytes).unwrap().to_vec::<u32>().unwrap(), data);
}

#[test]
fn what_does_not_get_shorter_is_stored() {
    let noise = noise(100_000);
    let array = [("x", Array::from_slice(&noise, &[100_000]).unwrap())];
    for compression in COMPRESSIONS {
        let bytes = npz::write(&array, &options(compression)).unwrap();
        assert!(bytes.len() < 800_000 + 400);
        let archive = Archive::new(Source::slice(&bytes), ReadOptions::new()).unwrap();
        assert_eq!(archive.members()[0].method(), Method::Stored);
    }
}

#[test]
fn one_array_is_read_as_one_and_several_are_named() {
    let x = Array::from_slice(&[1, 2, 3], &[3]).unwrap();
    let mut one = Vec::new();
    ndbytes::write(&x, Format::Npz, &mut one).unwrap();
    assert_eq!(ndbytes::sniff(&one), Some(Format::Npz));
    assert_same(&ndbytes::bytes_to_array(&one).unwrap(), &x);

    let two = npz::write(&[("a", x.clone()), ("b", x.clone())], &WriteOptions::new()).unwrap();
    let error = ndbytes::bytes_to_array(&two).unwrap_err();
    assert!(error.to_string().contains(r#"reads them all: "a", "b""#), "{error}");
    let many: Vec<_> = (0..1000).map(|index| (format!("{index:0>1000}"), x.clone())).collect();
    let many = npz::write(&many, &WriteOptions::new()).unwrap();
    let error = ndbytes::bytes_to_array(&many).unwrap_err().to_string();
    assert!(error.len() < 1000 && error.contains("... 990 more"), "{error}");
    let none = npz::write::<&str>(&[], &WriteOptions::new()).unwrap();
    assert_eq!(none.len(), 22);
    assert!(npz::read(&none, ReadOptions::new()).unwrap().is_empty());
    assert!(ndbytes::bytes_to_array(&none).is_err());
}

#[test]
fn names_that_others_would_not_read_are_refused() {
    let x = Array::from_slice(&[1_u8], &[1]).unwrap();
    for names in [vec!["a", "a"], vec!["a\0b"], vec![&*"n".repeat(65_532)]] {
        let arrays: Vec<_> = names.into_iter().map(|name| (name, x.clone())).collect();
        assert!(npz::write(&arrays, &WriteOptions::new()).is_err());
    }
    let longest = [("n".repeat(65_531), x)];
    let bytes = npz::write(&longest, &WriteOptions::new()).unwrap();
    assert_eq!(npz::read(&bytes, ReadOptions::new()).unwrap()[0].0, longest[0].0);
}

#[test]
fn levels_are_checked() {
    let x = [("x", Array::from_slice(&[1_u8], &[1]).unwrap())];
    for (compression, good, bad) in
        [(Compression::Deflate, [0, 1, 9], [-1, 10]), (Compression::Zstd, [1, 3, 19], [0, 23])]
    {
        let write = |level| npz::write(&x, &options(compression).level(level));
        assert!(good.iter().all(|&level| write(level).is_ok()));
        assert!(bad.iter().all(|&level| write(level).is_err()));
    }
}

#[test]
fn members_that_are_no_arrays_are_left_alone() {
    let x = Array::from_slice(&[1, 2], &[2]).unwrap();
    for compression in COMPRESSIONS {
        let mut writer = Writer::new(Vec::new(), options(compression));
        writer.add_bytes("read me.txt", "notes ".repeat(100).as_bytes()).unwrap();
        writer.add_bytes("folder/", b"").unwrap();
        writer.add("x", &x).unwrap();
        writer.add_bytes("not called so", &ndbytes::npy::write(x.clone()).unwrap()).unwrap();
        let bytes = writer.finish().unwrap();
        let archive = Archive::new(Source::slice(&bytes), ReadOptions::new()).unwrap();
        let names: Vec<String> = archive.arrays().unwrap().into_iter().map(|(n, _)| n).collect();
        assert_eq!(names, ["x", "not called so"]);
        let text = archive.bytes(archive.find("read me.txt").unwrap()).unwrap();
        assert_eq!(text.to_vec(0, text.len()), "notes ".repeat(100).as_bytes());
        let said = archive.peek(&Limits::default()).others.join("\n");
        assert!(said.contains("read me.txt") && said.contains("a folder"), "{said}");
    }
}

#[test]
fn checksums_are_checked_unless_asked_not_to() {
    let data = numbers(10_000);
    let arrays = [("x", Array::from_slice(&data, &[10_000]).unwrap())];
    for compression in COMPRESSIONS {
        let mut bytes = npz::write(&arrays, &options(compression)).unwrap();
        let at = bytes.len() / 2;
        bytes[at] ^= 1;
        let error = npz::read(&bytes, ReadOptions::new()).unwrap_err();
        assert_eq!(*error.kind(), DecodeErrorKind::Malformed);
        assert_eq!(error.entry(), Some("x.npy"));
        if compression == Compression::None {
            let options = ReadOptions::new().check_crc(false);
            let archive = Archive::new(Source::slice(&bytes), options).unwrap();
            let member = &archive.members()[0];
            assert!(archive.array(member).is_ok());
            assert!(archive.verify(member).unwrap_err().to_string().contains("CRC-32"));
        }
    }
}

#[test]
fn what_is_inflated_is_limited() {
    let zeros = vec![0_u8; 300 << 20];
    let arrays = [("x", Array::from_slice(&zeros, &[zeros.len()]).unwrap())];
    for compression in [Compression::Deflate, Compression::Zstd] {
        let bytes = npz::write(&arrays, &options(compression)).unwrap();
        assert!(bytes.len() < 1 << 20);
        let error = ndbytes::bytes_to_array(&bytes).unwrap_err();
        assert_eq!(*error.kind(), DecodeErrorKind::Limit { option: "max_bytes" });
        let limits = Limits::default().max_bytes(400 << 20);
        let read = npz::read(&bytes, ReadOptions::new().limits(limits)).unwrap();
        assert!(read[0].1.as_slice::<u8>().unwrap() == zeros);
    }
    // All members together.
    let part = Array::from_slice(&zeros[..100 << 20], &[100 << 20]).unwrap();
    let parts: Vec<_> = (0..4).map(|i| (i.to_string(), part.clone())).collect();
    let bytes = npz::write(&parts, &options(Compression::Deflate)).unwrap();
    let error = npz::read(&bytes, ReadOptions::new()).unwrap_err();
    assert_eq!(*error.kind(), DecodeErrorKind::Limit { option: "max_bytes" });
    let few = ReadOptions::new().limits(Limits::default().max_entries(3));
    let error = npz::read(&bytes, few).unwrap_err();
    assert_eq!(*error.kind(), DecodeErrorKind::Limit { option: "max_entries" });
}

#[test]
fn archives_are_changed_without_touching_what_stays() {
    let (a, b) = (numbers(50_000), noise(1000));
    let a = Array::from_slice(&a, &[50_000]).unwrap();
    let b = Array::from_slice(&b, &[1000]).unwrap();
    for (old, new) in [
        (Compression::None, Compression::Deflate),
        (Compression::Deflate, Compression::None),
        (Compression::Zstd, Compression::Zstd),
    ] {
        let arrays = [("a", a.clone()), ("b", b.clone()), ("größe", a.clone()), ("c", b.clone())];
        let bytes = npz::write(&arrays, &options(old)).unwrap();
        for reader in [false, true] {
            let archive = match reader {
                false => Archive::new(Source::slice(&bytes), ReadOptions::new()),
                true => Archive::from_reader(Cursor::new(&bytes), ReadOptions::new()),
            };
            let archive = archive.unwrap();

            // What is added leaves all else where it is.
            let mut update = Update::new(&archive, options(new));
            update.set("d", &a);
            let added = update.write_to(Vec::new()).unwrap();
            let directory = bytes.len() - 22 - (46 * 4 + "a.npyb.npygröße.npyc.npy".len());
            assert!(added[..directory] == bytes[..directory]);
            check(&added, &[("a", &a), ("b", &b), ("größe", &a), ("c", &b), ("d", &a)]);

            let mut update = Update::new(&archive, options(new));
            update.remove("b").unwrap();
            update.rename("größe", "a much longer name for it ✓").unwrap();
            update.set("c", &a);
            let changed = update.write_to(Vec::new()).unwrap();
            check(&changed, &[("a", &a), ("a much longer name for it ✓", &a), ("c", &a)]);

            let mut update = Update::new(&archive, options(new));
            assert!(update.remove("x").is_err());
            assert!(update.rename("a", "b").is_err());
            update.remove("b").unwrap();
            update.rename("a", "b").unwrap();
            for name in ["größe", "c.npy"] {
                update.remove(name).unwrap();
            }
            check(&update.write_to(Vec::new()).unwrap(), &[("b", &a)]);
            update.remove("b").unwrap();
            assert_eq!(update.write_to(Vec::new()).unwrap().len(), 22);
        }
    }
}

fn check(bytes: &[u8], expected: &[(&str, &Array<'_>)]) {
    let read = npz::read(bytes, ReadOptions::new()).unwrap();
    assert_eq!(read.len(), expected.len());
    for ((name, array), (wanted, same)) in read.iter().zip(expected) {
        assert_eq!(name, wanted);
        assert_same(array, same);
        if array.source().as_slice().is_some_and(|s| bytes.as_ptr_range().contains(&s.as_ptr())) {
            let at = array.source().start() as usize - bytes.as_ptr() as usize;
            assert_eq!(at % 64, 0);
        }
    }
}

#[test]
fn a_comment_and_what_comes_before_stay() {
    let a = Array::from_slice(&[1, 2, 3], &[3]).unwrap();
    let mut writer = Writer::new(b"#!/bin/sh\n".to_vec(), WriteOptions::new()).behind(10);
    writer.add("a", &a).unwrap();
    let mut bytes = writer.finish().unwrap();
    let end = bytes.len();
    bytes[end - 2] = 5;
    bytes.write_all(b"a day").unwrap();
    let archive = Archive::new(Source::slice(&bytes), ReadOptions::new()).unwrap();
    let mut update = Update::new(&archive, WriteOptions::new());
    update.rename("a", "b").unwrap();
    let changed = update.write_to(Vec::new()).unwrap();
    assert!(changed.starts_with(b"#!/bin/sh\n") && changed.ends_with(b"a day"));
    check(&changed, &[("b", &a)]);
}

#[test]
fn progress_is_told_of_every_byte_on_the_way() {
    let numbers: Vec<f32> = (0..40_000_000 / 4).map(|i| (i % 1000) as f32).collect();
    let large = Array::from_slice(&numbers, &[numbers.len()]).unwrap();
    let small = Array::from_slice(&numbers[..3], &[3]).unwrap();
    let arrays = [("small", small.clone()), ("large", large), ("last", small)];
    for compression in COMPRESSIONS {
        let options = options(compression);
        let told = std::sync::Mutex::new(Vec::new());
        let mut writer = npz::Writer::new(Vec::new(), options);
        writer.add_all_watched(&arrays, &|nbytes| told.lock().unwrap().push(nbytes)).unwrap();
        let written = writer.finish().unwrap();
        assert!(written == npz::write(&arrays, &options).unwrap());
        let told = told.into_inner().unwrap();
        // The headers are part of it.
        assert_eq!(told.iter().sum::<u64>(), 40_000_000 + 2 * 12 + 3 * 128, "{compression:?}");
        assert!(told.iter().all(|&nbytes| nbytes < 35_000_000), "{compression:?}");
    }
}

#[test]
fn more_members_than_sixteen_bits_count_take_zip64() {
    let x = Array::from_slice(&[1_u8], &[1]).unwrap();
    for count in [65_534, 65_535, 65_536, 70_000] {
        let arrays: Vec<_> = (0..count).map(|i| (i.to_string(), x.clone())).collect();
        let bytes = npz::write(&arrays, &WriteOptions::new()).unwrap();
        let has_zip64 = bytes[bytes.len() - 42..].starts_with(b"PK\x06\x07");
        assert_eq!(has_zip64, count >= 65_535);
        let read = npz::read(&bytes, ReadOptions::new()).unwrap();
        assert_eq!(read.len(), count);
        assert_eq!(read[count - 1].0, (count - 1).to_string());
    }
}
