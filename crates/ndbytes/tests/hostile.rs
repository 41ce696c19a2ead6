//! Bytes that are wrong in every way that someone thought of: refused with an error that says so,
//! or read exactly where they are only unusual.

mod support;

use ndbytes::{DecodeErrorKind, Order};
use serde_json::json;
use support::repr::repr_of;
use support::{Fixture, describe, fixtures};

#[test]
fn npy() {
    let wrong: Vec<String> = fixtures("hostile", "npy").iter().filter_map(check).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with how a fixture is read, if anything.
fn check(fixture: &Fixture) -> Option<String> {
    let why = fixture.text("why").expect("every hostile fixture says why it is");
    let result = ndbytes::bytes_to_array(&fixture.bytes);
    let right = match (fixture.text("result"), &result) {
        (Some("ok"), Ok(array)) => match array.objects() {
            Some(objects) => {
                let values = objects.elements().iter().map(|&id| repr_of(objects.arena(), id));
                json!(values.collect::<Vec<_>>()) == fixture.expected["values"]
            }
            None => {
                let order =
                    if fixture.expected["fortran_order"] == true { Order::F } else { Order::C };
                describe(array.dtype()) == fixture.expected["dtype"]
                    && json!(array.shape()) == fixture.expected["shape"]
                    && Some(array.to_bytes(order)) == fixture.data()
            }
        },
        (Some("incomplete"), Err(error)) => {
            error.needed().is_some_and(|needed| needed > fixture.bytes.len() as u64)
        }
        (Some("error"), Err(error)) => {
            // A pickle that stops is one that may go on.
            let objects = fixture.text("file").is_some_and(|file| file.starts_with("object_"));
            let named = match (fixture.expected.get("names"), error.kind()) {
                (Some(names), DecodeErrorKind::Unsafe { names: found }) => json!(found) == *names,
                (names, _) => names.is_none(),
            };
            named && (objects || error.needed().is_none())
        }
        _ => false,
    };
    (!right).then(|| format!("{} ({why}): {result:?}", fixture.name()))
}
