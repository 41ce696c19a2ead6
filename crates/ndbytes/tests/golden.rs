//! What NumPy releases and other programs wrote is read exactly, and written again byte for byte.

mod support;

use ndbytes::{Order, npy};
use serde_json::json;
use support::repr::repr_of;
use support::{Fixture, describe, fixtures};

fn golden() -> Vec<Fixture> {
    let mut all = fixtures("golden", "npy");
    all.extend(fixtures("real", "npy"));
    all.retain(|fixture| fixture.text("result") != Some("error"));
    all
}

fn holds_objects(fixture: &Fixture) -> bool {
    let dtype = fixture.expected["dtype"].to_string();
    // In npy, StringDType is an array of objects.
    dtype.contains(r#""kind":"O""#) || dtype.contains(r#""kind":"T""#)
}

#[test]
fn descriptions_are_those_of_the_writer() {
    for fixture in golden() {
        let name = fixture.name();
        let header = npy::Header::read(&fixture.bytes, &Default::default())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let expected = &fixture.expected;
        if expected["dtype"]["kind"] != "T" {
            assert_eq!(describe(&header.dtype), expected["dtype"], "{name}");
        }
        assert_eq!(json!(&header.shape[..]), expected["shape"], "{name}");
        assert_eq!(json!(header.order == Order::F), expected["fortran_order"], "{name}");
        if let Some(version) = expected.get("version") {
            assert_eq!(json!([header.version.0, header.version.1]), *version, "{name}");
        }
    }
}

#[test]
fn what_no_numpy_reads_is_refused() {
    let mut refused = fixtures("golden", "npy");
    refused.retain(|fixture| fixture.text("result") == Some("error"));
    for fixture in refused {
        assert!(ndbytes::bytes_to_array(&fixture.bytes).is_err(), "{}", fixture.name());
    }
}

#[test]
fn elements_are_those_of_the_writer() {
    let (mut compared, mut objects_read) = (0, 0);
    for fixture in golden() {
        let name = fixture.name();
        let result = ndbytes::bytes_to_array(&fixture.bytes);
        let array = result.unwrap_or_else(|error| panic!("{name}: {error}"));
        if holds_objects(&fixture) {
            let objects = array.objects().expect("objects");
            let values: Vec<String> =
                objects.elements().iter().map(|&id| repr_of(objects.arena(), id)).collect();
            assert_eq!(json!(values), fixture.expected["values"], "{name}");
            assert_eq!(describe(array.dtype()), fixture.expected["dtype"], "{name}");
            objects_read += 1;
            continue;
        }
        if let Some(data) = fixture.data() {
            let order = if fixture.expected["fortran_order"] == true { Order::F } else { Order::C };
            assert!(array.to_bytes(order) == data, "{name}");
            compared += 1;
        }
        let summary =
            ndbytes::inspect(&fixture.bytes, fixture.bytes.len() as u64, &Default::default())
                .expect("what can be read can be inspected");
        let trailing = fixture.expected["trailing"].as_u64().unwrap_or(0);
        let noted = summary.oddities.iter().any(|note| note.contains("follow the data"));
        assert_eq!(noted, trailing > 0, "{name}: {:?}", summary.oddities);
    }
    assert!(compared > 1000 && objects_read > 50, "{compared}, {objects_read}");
}

#[test]
fn modern_numpy_writes_the_same_bytes() {
    let mut same = 0;
    for fixture in golden() {
        let name = fixture.name();
        let modern = ["numpy1.24", "numpy1.26", "numpy2."].iter().any(|v| name.contains(v));
        // A version above the lowest that fits was asked for there, or NumPy wrote it in place.
        let ordinary = ![
            "version_",
            "header_2_0",
            "header_3_0",
            "two_arrays",
            "memmap_v",
            "memmap_1d_f",
            "ml_dtypes",
        ]
        .iter()
        .any(|v| name.contains(v));
        if modern && ordinary && !holds_objects(&fixture) {
            let array = ndbytes::bytes_to_array(&fixture.bytes).expect("golden");
            let written = ndbytes::array_to_bytes(&array).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert!(
                written == fixture.bytes,
                "{name}: {}",
                String::from_utf8_lossy(&written[..200.min(written.len())])
            );
            same += 1;
        }
    }
    assert!(same > 500, "{same}");
}

#[test]
fn every_array_comes_back_from_what_is_written() {
    for fixture in golden().iter().filter(|fixture| !holds_objects(fixture)) {
        let array = ndbytes::bytes_to_array(&fixture.bytes).expect("golden");
        let written = ndbytes::array_to_bytes(&array).expect("what was read can be written");
        let back = ndbytes::bytes_to_array(&written).expect("what was written can be read");
        assert!(ndbytes::identical(&array, &back).expect("comparable"), "{}", fixture.name());
        assert_eq!(array.layout().order(), back.layout().order(), "{}", fixture.name());
        assert!(ndbytes::identical(&array, &array.to_owned()).expect("comparable"));
    }
}
