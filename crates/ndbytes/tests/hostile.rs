//! Bytes that are wrong in every way that someone thought of: refused with an error that says so,
//! or read exactly where they are only unusual.

mod support;

use ndbytes::{DecodeErrorKind, Order};
use serde_json::json;
use support::{describe, fixtures};

#[test]
fn npy() {
    for fixture in fixtures("hostile", "npy") {
        let name = fixture.name();
        let why = fixture.text("why").expect("every hostile fixture says why it is");
        let result = ndbytes::bytes_to_array(&fixture.bytes);
        match (fixture.text("result"), result) {
            (Some("ok"), Ok(array)) => {
                assert_eq!(describe(array.dtype()), fixture.expected["dtype"], "{name}");
                assert_eq!(json!(array.shape()), fixture.expected["shape"], "{name}");
                let order =
                    if fixture.expected["fortran_order"] == true { Order::F } else { Order::C };
                assert_eq!(Some(array.to_bytes(order)), fixture.data(), "{name}");
            }
            (Some("incomplete"), Err(error)) => {
                let DecodeErrorKind::Incomplete { needed } = *error.kind() else {
                    panic!("{name} ({why}): {error:?}");
                };
                assert!(needed > fixture.bytes.len() as u64, "{name}: {error}");
            }
            (Some("error"), Err(error)) => {
                assert!(
                    !matches!(error.kind(), DecodeErrorKind::Incomplete { .. }),
                    "{name} ({why}): {error}"
                );
                assert!(!error.to_string().is_empty());
            }
            (expected, result) => panic!("{name} ({why}): expected {expected:?}, got {result:?}"),
        }
    }
}
