//! Every fixture cut at every length and with every byte changed: an error or an array, never a
//! panic, and never more than the bytes can hold.

mod support;

use ndbytes::npy::Header;
use ndbytes::{DecodeErrorKind, Limits, bytes_to_array};
use support::{Fixture, fixtures};

fn all() -> Vec<Fixture> {
    ["golden", "hostile", "real"].iter().flat_map(|kind| fixtures(kind, "npy")).collect()
}

/// Every index of a small file; of a large one, every index of its start and some of the rest.
fn places(len: usize) -> impl Iterator<Item = usize> {
    let step = (len / 500).max(1);
    (0..len).filter(move |&place| place < 400 || place % step == 0)
}

#[test]
fn cut_at_every_length() {
    for fixture in all() {
        let whole = bytes_to_array(&fixture.bytes);
        for len in places(fixture.bytes.len()) {
            let cut = bytes_to_array(&fixture.bytes[..len]);
            match (&whole, cut) {
                (_, Err(error)) => {
                    if let DecodeErrorKind::Incomplete { needed } = *error.kind() {
                        assert!(needed > len as u64, "{} cut at {len}: {error}", fixture.name());
                        if whole.is_ok() {
                            assert!(needed <= fixture.bytes.len() as u64, "{}", fixture.name());
                        }
                    } else {
                        // Only what is wrong as a whole is wrong in another way when cut.
                        assert!(
                            whole.is_err() || len == 0,
                            "{} cut at {len}: {error}",
                            fixture.name()
                        );
                    }
                }
                // The bytes behind the data were cut.
                (Ok(whole), Ok(array)) => {
                    assert!(ndbytes::identical(whole, &array).expect("comparable"));
                    let trailing = fixture.expected["trailing"].as_u64().unwrap_or(0) as usize;
                    assert!(len + trailing >= fixture.bytes.len(), "{} at {len}", fixture.name());
                }
                (Err(error), Ok(_)) => {
                    // Only the byte behind the header tells that newlines have changed.
                    let told = error.to_string().contains("newline");
                    assert!(told, "{} cut at {len} is read: {error}", fixture.name());
                }
            }
        }
    }
}

#[test]
fn every_byte_changed() {
    for fixture in all() {
        let mut bytes = fixture.bytes.clone();
        // Changed elements are other elements; what matters is all before them.
        let end = Header::read(&bytes, &Limits::default())
            .map_or(bytes.len(), |header| bytes.len().min(header.data_offset + 8));
        for place in places(end) {
            for change in [0x01, 0x20, 0x80] {
                bytes[place] ^= change;
                if let Ok(array) = bytes_to_array(&bytes) {
                    assert!(array.nbytes() <= bytes.len(), "{} at {place}", fixture.name());
                }
                bytes[place] ^= change;
            }
        }
    }
}

#[test]
fn a_million_brackets_are_refused_quickly() {
    for (open, close) in [("(", ")"), ("[", "]"), ("{", "}"), ("[('a',", ")]"), ("'", "'")] {
        let text = format!(
            "{{'descr': {}{}, 'fortran_order': False, 'shape': (), }}\n",
            open.repeat(1_000_000),
            close.repeat(1_000_000)
        );
        let mut bytes = b"\x93NUMPY\x02\x00".to_vec();
        bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
        bytes.extend_from_slice(text.as_bytes());
        let start = std::time::Instant::now();
        assert!(bytes_to_array(&bytes).is_err());
        assert!(start.elapsed().as_secs() < 2, "{open}");
    }
}

#[test]
fn a_header_of_many_fields_is_read_in_linear_time() {
    let header = |fields: usize| {
        let list: Vec<String> = (0..fields).map(|i| format!("('field{i}', '<f8')")).collect();
        let text = format!(
            "{{'descr': [{}], 'fortran_order': False, 'shape': (0,), }}\n",
            list.join(", ")
        );
        let mut bytes = b"\x93NUMPY\x02\x00".to_vec();
        bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
        bytes.extend_from_slice(text.as_bytes());
        bytes
    };
    let bytes = header(200_000);
    let start = std::time::Instant::now();
    assert!(bytes_to_array(&bytes).is_ok());
    // Comparing every pair of names would take longer by far than this allows.
    assert!(start.elapsed().as_secs() < 10);
}
