//! Every npy fixture through a stream, whole and in pieces: what `npy::read` reads of the bytes, and
//! not a byte more.

mod support;

use std::io::{ErrorKind, Read as _};

use ndbytes::npy::{self, Incoming};
use ndbytes::{Array, DecodeError, Limits};
use support::{Fixture, fixtures};

fn all() -> Vec<Fixture> {
    ["golden", "hostile", "real"].iter().flat_map(|kind| fixtures(kind, "npy")).collect()
}

fn same(found: &Array<'_>, expected: &Array<'_>) -> bool {
    // Objects have no bits to compare.
    if expected.dtype().has_objects() {
        return found.dtype() == expected.dtype() && found.shape() == expected.shape();
    }
    ndbytes::identical(found, expected).expect("comparable")
}

/// The message at the start of `bytes`, given in pieces of at most `step` bytes, and its length.
fn fed(bytes: &[u8], step: usize) -> Result<(Array<'static>, usize), DecodeError> {
    let mut incoming = Incoming::new(Limits::default());
    let mut at = 0;
    while incoming.wanted() > 0 {
        let end = (at + incoming.wanted().min(step)).min(bytes.len());
        if end == at {
            return Err(incoming.cut_short());
        }
        incoming.feed(&bytes[at..end])?;
        at = end;
    }
    incoming.finish().map(|array| (array, at))
}

#[test]
fn streams_bring_what_the_bytes_hold() {
    let mut read = 0;
    for fixture in all() {
        let name = fixture.name();
        let expected = npy::read(&fixture.bytes, &Limits::default());
        for step in [7, 1 << 20] {
            match (&expected, fed(&fixture.bytes, step)) {
                (Ok(expected), Ok((found, end))) => {
                    assert!(same(&found, expected), "{name}");
                    let trailing = fixture.expected["trailing"].as_u64().unwrap_or(0) as usize;
                    assert!(end + trailing >= fixture.bytes.len(), "{name}: {end}");
                    read += 1;
                }
                (Err(_), Err(_)) => {}
                // Only the byte behind the header, which a stream is not asked for, tells that
                // newlines have changed.
                (Err(error), Ok(_)) if error.to_string().contains("newline") => {}
                (expected, found) => panic!("{name}: {expected:?}, but {found:?}"),
            }
        }
    }
    assert!(read > 1_000, "{read}");
}

#[test]
fn messages_back_to_back() {
    let fixtures = all();
    let readable: Vec<(&Fixture, Array<'_>)> = fixtures
        .iter()
        .filter(|fixture| fixture.expected["trailing"].as_u64().unwrap_or(0) == 0)
        .filter_map(|fixture| Some((fixture, npy::read(&fixture.bytes, &Limits::default()).ok()?)))
        .collect();
    let all: Vec<u8> = readable.iter().flat_map(|(fixture, _)| fixture.bytes.clone()).collect();
    // A stream that is told to stop after each byte, at first.
    let mut stream = (&all[..1000]).chain(&all[1000..]);
    for (fixture, expected) in &readable {
        let found = npy::read_from(&mut stream, &Limits::default());
        let found = found.unwrap_or_else(|error| panic!("{}: {error}", fixture.name()));
        assert!(same(&found.expect("one more"), expected), "{}", fixture.name());
    }
    assert!(npy::read_from(&mut stream, &Limits::default()).expect("the end").is_none());
    assert!(readable.len() > 500);
}

#[test]
fn cut_at_every_length() {
    for fixture in fixtures("golden", "npy").iter().filter(|fixture| fixture.bytes.len() < 2_000) {
        if npy::read(&fixture.bytes, &Limits::default()).is_err() {
            continue;
        }
        for len in 1..fixture.bytes.len() {
            let mut stream = &fixture.bytes[..len];
            match npy::read_from(&mut stream, &Limits::default()) {
                Ok(found) => assert!(found.is_some() && fixture.expected["trailing"].is_u64()),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{}", fixture.name());
                    let error = error.into_inner().expect("an error of ours");
                    let error = error.downcast::<DecodeError>().expect("an error of ours");
                    assert!(error.needed() > Some(len as u64), "{} {len}", fixture.name());
                }
            }
        }
    }
}
