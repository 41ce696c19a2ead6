//! Archives that NumPy releases and other programs wrote are read exactly; those that are wrong are
//! refused. Cut anywhere, or with a byte changed, they are refused, or are the same arrays still.

mod support;

use ndbytes::npz::{self, Archive, ReadOptions};
use ndbytes::{Array, DecodeErrorKind, Order, Source};
use serde_json::json;
use support::repr::repr_of;
use support::{Fixture, describe, fixtures, unhex};

fn all() -> Vec<Fixture> {
    ["golden", "hostile", "real"].iter().flat_map(|kind| fixtures(kind, "npz")).collect()
}

/// What is wrong with arrays that were read, if anything.
fn wrong(arrays: &[(String, Array<'_>)], expected: &serde_json::Value) -> Option<String> {
    let rows = expected["arrays"].as_array().expect("expected.json lists arrays");
    let names: Vec<&str> = arrays.iter().map(|(name, _)| name.as_str()).collect();
    let wanted: Vec<&str> = rows.iter().map(|row| row["name"].as_str().expect("a name")).collect();
    if names != wanted {
        return Some(format!("names {names:?}, not {wanted:?}"));
    }
    for ((name, array), row) in arrays.iter().zip(rows) {
        let same = describe(array.dtype()) == row["dtype"]
            && json!(array.shape()) == row["shape"]
            && match array.objects() {
                Some(objects) => {
                    let values = objects.elements().iter();
                    let values = values.map(|&id| repr_of(objects.arena(), id));
                    json!(values.collect::<Vec<_>>()) == row["values"]
                }
                None => {
                    let order = if row["fortran_order"] == true { Order::F } else { Order::C };
                    let data = unhex(row["data_hex"].as_str().expect("data"));
                    json!(array.layout().order() == Order::F) == row["fortran_order"]
                        && array.to_bytes(order) == data
                }
            };
        if !same {
            return Some(format!("{name:?} is {array:?}"));
        }
    }
    None
}

#[test]
fn archives_are_what_their_makers_say() {
    let mut wrong_ones = Vec::new();
    for fixture in all() {
        let read = npz::read(&fixture.bytes, ReadOptions::new());
        let problem = match (fixture.text("result"), &read) {
            (Some("ok"), Ok(arrays)) => wrong(arrays, &fixture.expected),
            (Some("incomplete"), Err(error)) => match error.needed() {
                Some(needed) if needed > fixture.bytes.len() as u64 => None,
                _ => Some(error.to_string()),
            },
            (Some("error"), Err(error)) => match (fixture.expected.get("names"), error.kind()) {
                (Some(names), DecodeErrorKind::Unsafe { names: found })
                    if json!(found) == *names =>
                {
                    None
                }
                (None, DecodeErrorKind::Incomplete { .. } | DecodeErrorKind::Io { .. })
                | (Some(_), _) => Some(error.to_string()),
                _ => None,
            },
            _ => Some(format!("{read:?}")),
        };
        wrong_ones.extend(problem.map(|problem| format!("{}: {problem}", fixture.name())));

        // From a stream the same.
        let stream = std::io::Cursor::new(&fixture.bytes);
        let stream = Archive::from_reader(stream, ReadOptions::new()).and_then(|a| a.arrays());
        match (&read, stream) {
            (Ok(_), Ok(arrays)) => assert_eq!(wrong(&arrays, &fixture.expected), None),
            (Err(_), Err(_)) => {}
            (a, b) => panic!("{}: {a:?}, from a stream {b:?}", fixture.name()),
        }
    }
    assert!(wrong_ones.is_empty(), "{}", wrong_ones.join("\n"));
}

/// Every index of a small archive; of a large one, every index of its ends and some of the rest.
fn places(len: usize) -> impl Iterator<Item = usize> {
    let step = (len / 500).max(1);
    (0..len).filter(move |&place| place < 400 || place + 400 > len || place % step == 0)
}

#[test]
fn cut_at_every_length() {
    for fixture in all().into_iter().filter(|fixture| fixture.text("result") == Some("ok")) {
        for len in places(fixture.bytes.len()) {
            let cut = npz::read(&fixture.bytes[..len], ReadOptions::new());
            let error = cut.expect_err("the end of the directory is missing");
            if let Some(needed) = error.needed() {
                assert!(needed > len as u64, "{} at {len}", fixture.name());
            }
        }
    }
}

#[test]
fn every_byte_changed() {
    for fixture in all() {
        // Each look at it spends all that is allowed.
        if fixture.text("file") == Some("zstd_windows.npz") {
            continue;
        }
        let mut bytes = fixture.bytes.clone();
        for place in places(bytes.len()) {
            for change in [0x01, 0x28] {
                bytes[place] ^= change;
                let read = npz::read(&bytes, ReadOptions::new());
                // A member that neither its name nor its first bytes call an array is left out, and
                // a damaged name in UTF-8 is not believed beside one that is whole.
                let told =
                    ["array_without_suffix.npz", "name_unicode_path.npz", "extra_fields.npz"];
                if fixture.text("result") == Some("ok")
                    && !told.contains(&fixture.text("file").unwrap_or_default())
                    && let Ok(arrays) = &read
                {
                    let problem = wrong(arrays, &fixture.expected);
                    assert_eq!(problem, None, "{} at {place}", fixture.name());
                }
                let peeked = Archive::new(Source::slice(&bytes), ReadOptions::new());
                let _ = peeked.map(|archive| archive.peek(&Default::default()));
                bytes[place] ^= change;
            }
        }
    }
}
