//! Golden pickles cut and changed: an error or a value, never a panic, and never much memory.

mod support;

use std::collections::HashSet;

use ndbytes::pickle::{self, ReadOptions};
use ndbytes::{DecodeErrorKind, Source};
use support::{Stream, fixtures, golden_streams};

/// One stream of each value and protocol, and of the larger ones none.
fn sample() -> Vec<Stream> {
    let mut seen = HashSet::new();
    let mut streams = golden_streams();
    streams.retain(|stream| {
        let words: Vec<&str> = stream.name.split(' ').collect();
        stream.bytes.len() < 2000 && seen.insert((words[1].to_owned(), words[2].to_owned()))
    });
    assert!(streams.len() > 1000);
    streams
}

fn options(stream: &Stream) -> ReadOptions<'_> {
    let buffers = stream.buffers.iter().map(|(bytes, r)| (Source::slice(bytes), *r)).collect();
    ReadOptions::new().buffers(buffers)
}

#[test]
fn cut_at_every_length() {
    for stream in sample() {
        for len in (0..stream.bytes.len()).step_by(1 + stream.bytes.len() / 200) {
            let error = pickle::read(&stream.bytes[..len], options(&stream));
            let error = error.err().unwrap_or_else(|| panic!("{} cut at {len}", stream.name));
            let DecodeErrorKind::Incomplete { needed } = *error.kind() else {
                panic!("{} cut at {len}: {error}", stream.name);
            };
            let whole = stream.bytes.len() as u64;
            assert!(needed > len as u64 && needed <= whole, "{} at {len}: {needed}", stream.name);
        }
    }
}

#[test]
fn bytes_changed() {
    for stream in sample() {
        let mut bytes = stream.bytes.clone();
        for place in (0..bytes.len()).step_by(1 + bytes.len() / 100) {
            for change in [0x01, 0x20, 0x80, 0xFF] {
                bytes[place] ^= change;
                let _ = pickle::read(&bytes, options(&stream));
                let _ = pickle::peek(&bytes, &Default::default());
                bytes[place] ^= change;
            }
        }
    }
}

#[test]
fn hostile_bytes_changed() {
    for fixture in fixtures("hostile", "pickle").iter().filter(|f| f.bytes.len() < 1000) {
        let mut bytes = fixture.bytes.clone();
        for place in (0..bytes.len()).step_by(1 + bytes.len() / 60) {
            for change in [0x01, 0x80] {
                bytes[place] ^= change;
                let _ = pickle::read(&bytes, ReadOptions::new());
                bytes[place] ^= change;
            }
        }
    }
}

#[test]
fn looking_tells_what_reading_finds() {
    for stream in golden_streams().iter().filter(|stream| stream.buffers.is_empty()) {
        let peeked = pickle::peek(&stream.bytes, &Default::default())
            .unwrap_or_else(|error| panic!("{}: {error}", stream.name));
        assert!(peeked.names.iter().all(|name| name.known), "{}", stream.name);
        assert_eq!(peeked.nbytes, stream.bytes.len() as u64, "{}", stream.name);
        if stream.expected["kind"] == "array" {
            let shape = &stream.expected["shape"];
            let entry = peeked.arrays.iter().find(|array| array.path.is_none());
            let entry = entry.unwrap_or_else(|| panic!("{}", stream.name));
            assert_eq!(serde_json::json!(&entry.shape[..]), *shape, "{}", stream.name);
            let summary = ndbytes::inspect(
                &stream.bytes,
                stream.bytes.len() as u64,
                &ndbytes::ReadOptions::new(),
            );
            assert!(summary.is_ok_and(|s| s.format.name() == "pickle"), "{}", stream.name);
            // A class that would be lost is refused, by name.
            let class = stream.expected["class"].as_str().unwrap_or("ndarray");
            match ndbytes::bytes_to_array(&stream.bytes) {
                Ok(_) => assert!(!matches!(class, "matrix" | "recarray"), "{}", stream.name),
                Err(error) => assert!(error.found().ends_with(class), "{}: {error}", stream.name),
            }
        }
    }
}

#[test]
fn what_is_no_array_is_refused_by_bytes_to_array() {
    let list = b"\x80\x02]q\x00(K\x01K\x02e.";
    let error = ndbytes::bytes_to_array(list).expect_err("a list");
    assert!(error.to_string().contains("pickle.loads"), "{error}");
    assert!(ndbytes::bytes_to_array(b"(lp0\nI1\na.").is_err());
}
