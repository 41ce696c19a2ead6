//! What several releases of Python and NumPy pickled is read bit by bit as they had it.

mod support;

use std::path::Path;

use ndbytes::array::{ArrayValue, Class, Node, NodeId, Value};
use ndbytes::pickle::{self, ReadOptions};
use ndbytes::{Array, DType, Kind, Order, Source};
use serde_json::{Value as Json, json};
use support::repr::{at_path, hex, repr, repr_of, sha256};
use support::{describe, golden_streams};

#[test]
fn every_stream_is_read_as_it_was() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for stream in golden_streams() {
        let buffers = stream.buffers.iter().map(|(bytes, r)| (Source::slice(bytes), *r)).collect();
        let read = pickle::read(&stream.bytes, ReadOptions::new().buffers(buffers));
        let mut expected = stream.expected.clone();
        // Without a memo nothing is shared.
        if stream.name.contains("fast")
            && let Some(expected) = expected.as_object_mut()
        {
            expected.remove("same");
        }
        let found = match &read {
            Ok(value) => compare(value, &expected),
            Err(error) => Err(error.to_string()),
        };
        if let Err(why) = found {
            wrong.push(format!("{}: {why}", stream.name));
        }
        count += 1;
    }
    assert!(count > 10_000, "{count}");
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(40)].join("\n")
    );
}

/// What is known by heart is what the machine reads, of whole streams and of those that are cut or
/// have a byte that is another.
#[test]
fn what_is_known_by_heart_is_what_the_machine_reads() {
    let limits = ndbytes::Limits::default();
    let mut known = [0; 6];
    let check = |bytes: &[u8]| {
        let Some(found) = pickle::read_known(bytes, &limits) else { return false };
        let read = pickle::read(bytes, ReadOptions::new()).expect("the machine reads it, too");
        let array = read.array().expect("an array");
        assert!(ndbytes::identical(&found, &array).expect("numbers"));
        assert_eq!(found.layout().order(), array.layout().order());
        true
    };
    for stream in golden_streams() {
        if !check(&stream.bytes) {
            continue;
        }
        let protocol = usize::from(stream.bytes[1]);
        known[protocol] += 1;
        if known[protocol] > 6 || stream.bytes.len() > 1_000 {
            continue;
        }
        for place in 0..stream.bytes.len() {
            assert!(!check(&stream.bytes[..place]));
            for change in [1, 4, 0x80, 0xFF] {
                let mut bytes = stream.bytes.clone();
                bytes[place] ^= change;
                check(&bytes);
            }
        }
    }
    assert!(known[2..].iter().all(|&count| count > 40), "{known:?}");
}

/// What is not as it was, if anything.
fn compare(value: &Value<'_>, expected: &Json) -> Result<(), String> {
    let arena = value.arena();
    match (expected["kind"].as_str().expect("a kind"), value.root()) {
        ("array" | "masked", Node::Array(number)) => {
            let array = arena.array(number);
            compare_array(value, array, expected)?;
            if expected["kind"] == "masked" {
                compare_mask(value, array, expected)?;
            }
        }
        ("scalar", Node::Scalar(number)) => compare_array(value, arena.array(number), expected)?,
        ("dtype", Node::DType(number)) => {
            let dtype = arena.dtype(number);
            same("dtype", &describe(&dtype.dtype), &expected["dtype"])?;
            let shape = expected.get("shape").cloned().unwrap_or(json!([]));
            same("shape", &json!(&dtype.shape[..]), &shape)?;
            same("record", &json!(is_record(&dtype.dtype)), &json!(expected["record"] == true))?;
        }
        ("plain", _) => {
            let found = repr(value);
            match expected.get("repr_sha256") {
                Some(sum) => same("repr", &json!(sha256(found.as_bytes())), sum)?,
                None => same("repr", &json!(found), &expected["repr"])?,
            }
        }
        (kind, root) => return Err(format!("{root:?} is no {kind}")),
    }
    for pair in expected.get("same").and_then(Json::as_array).into_iter().flatten() {
        let [a, b] = [0, 1].map(|i| at_path(value, pair[i].as_str().expect("a path")));
        if a != b {
            return Err(format!("{pair} are not the same"));
        }
    }
    Ok(())
}

fn compare_array(value: &Value<'_>, found: &ArrayValue<'_>, expected: &Json) -> Result<(), String> {
    let array = &found.array;
    same("dtype", &describe(array.dtype()), &expected["dtype"])?;
    if expected.get("record").is_some() {
        same("record", &json!(is_record(array.dtype())), &json!(true))?;
    }
    if let Some(shape) = expected.get("shape") {
        same("shape", &json!(array.shape()), shape)?;
        // Where nothing is, there is no order; NumPy 1.11 says there is one.
        if !array.is_empty() {
            let order = json!(array.layout().order() == Order::F);
            same("order", &order, &expected["fortran_order"])?;
        }
    }
    let class = match expected["class"].as_str() {
        Some("matrix") => Class::Matrix,
        Some("recarray") => Class::RecArray,
        _ if expected["kind"] == "masked" => Class::Masked,
        _ => Class::NdArray,
    };
    if found.class != class {
        return Err(format!("{:?} is no {class:?}", found.class));
    }
    if let Some(element) = expected.get("value") {
        let elements = found.elements.ok_or("there are no objects")?;
        let found = repr_of(value.arena(), value.arena().items(elements)[0]);
        return same("value", &json!(found), element);
    }
    if let Some(values) = expected.get("values") {
        let elements = found.elements.ok_or("there are no objects")?;
        let found: Vec<String> =
            value.arena().items(elements).iter().map(|&id| repr_of(value.arena(), id)).collect();
        return same("values", &json!(found), values);
    }
    // The empty str scalar is stored as no bytes; NumPy's `tobytes` says it has four.
    if array.dtype().itemsize() == 0 && expected["data_hex"] == "00000000" {
        return Ok(());
    }
    compare_data(array, "data", expected)
}

fn compare_data(array: &Array<'_>, what: &str, expected: &Json) -> Result<(), String> {
    let data = array.to_bytes(array.layout().order());
    match expected.get(format!("{what}_sha256")) {
        Some(sum) => same(what, &json!(sha256(&data)), sum),
        None => same(what, &json!(hex(&data)), &expected[format!("{what}_hex")]),
    }
}

fn compare_mask(value: &Value<'_>, found: &ArrayValue<'_>, expected: &Json) -> Result<(), String> {
    compare_data(found.mask.as_ref().ok_or("there is no mask")?, "mask", expected)?;
    match (value.arena().node(found.fill_value), &expected["fill_value_hex"]) {
        (Node::None, Json::Null) => Ok(()),
        (Node::Array(number), fill) => {
            let array = value.arena().array(number);
            match array.elements {
                Some(items) => {
                    let element: NodeId = value.arena().items(items)[0];
                    same("fill", &json!(repr_of(value.arena(), element)), &expected["fill_value"])
                }
                None => same("fill", &json!(hex(&array.array.to_bytes(Order::C))), fill),
            }
        }
        (other, _) => Err(format!("the fill value is {other:?}")),
    }
}

fn is_record(dtype: &DType) -> bool {
    matches!(dtype.kind(), Kind::Struct(structure) if structure.is_record())
}

fn same(what: &str, found: &Json, expected: &Json) -> Result<(), String> {
    if found == expected {
        return Ok(());
    }
    let short = |json: &Json| json.to_string().chars().take(300).collect::<String>();
    Err(format!("{what}: {} is not {}", short(found), short(expected)))
}

#[test]
fn the_fixtures_are_there() {
    assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/golden/pickle").is_dir());
    assert_eq!(sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
