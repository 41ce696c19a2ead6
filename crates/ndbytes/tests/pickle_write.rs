//! What is written is read back as it was, with every protocol; that old and new releases of NumPy
//! read it too is what the Python tests see to.

mod support;

use ndbytes::array::{Node, Value};
use ndbytes::pickle::{self, Keep, ReadOptions, WriteOptions};
use ndbytes::{Array, Order, Source};
use support::repr::{at_path, repr};
use support::{Fixture, fixtures, golden_streams};

fn read(bytes: &[u8]) -> Value<'_> {
    pickle::read(bytes, ReadOptions::new()).expect("what was written can be read")
}

#[test]
fn every_golden_value_comes_back_with_every_protocol() {
    let mut names = std::collections::HashSet::new();
    for stream in golden_streams() {
        let producer = stream.name.split(' ').take(2).collect::<Vec<_>>().join(" ");
        if !stream.buffers.is_empty() || !names.insert(producer) {
            continue;
        }
        let value = read(&stream.bytes);
        for protocol in 0..=5 {
            let name = format!("{} as {protocol}", stream.name);
            let written = pickle::write_value(&value, WriteOptions::new(protocol))
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            let back = read(&written);
            // Text has no place for the sign and payload of NaN.
            let nan = || protocol == 0 && repr(&value).contains("nan");
            assert!(back == value || nan() && repr(&back) == repr(&value), "{name}");
            let highest = highest_protocol(&written);
            assert!(highest <= protocol, "{name} needs {highest}");
            for pair in stream.expected["same"].as_array().into_iter().flatten() {
                let [a, b] = [0, 1].map(|i| at_path(&back, pair[i].as_str().expect("a path")));
                assert!(a == b || stream.name.contains("fast"), "{name}: {pair}");
            }
            if let Node::Array(number) = value.root()
                && value.arena().array(number).mask.is_none()
            {
                let array = value.array_of(number);
                let written = pickle::write_array(&array, WriteOptions::new(protocol))
                    .unwrap_or_else(|error| panic!("{name}: {error}"));
                let back = pickle::read_array(&written, ReadOptions::new())
                    .unwrap_or_else(|error| panic!("{name}: {error}"));
                assert!(same_arrays(&array, &back), "{name}");
            }
        }
    }
    assert!(names.len() > 1000);
}

fn same_arrays(a: &Array<'_>, b: &Array<'_>) -> bool {
    a.dtype() == b.dtype()
        && a.shape() == b.shape()
        && a.layout().order() == b.layout().order()
        && a.to_bytes(Order::C) == b.to_bytes(Order::C)
        && a.objects() == b.objects()
}

/// The highest protocol among those that the opcodes belong to, about: by the bytes that no older
/// opcode has, outside of arguments that may hold any byte.
fn highest_protocol(pickle: &[u8]) -> u8 {
    if pickle.first() == Some(&0x80) { pickle[1] } else { 1.min(u8::from(!is_text(pickle))) }
}

/// Whether there is nothing in a pickle that only protocol 1 has.
fn is_text(pickle: &[u8]) -> bool {
    !pickle.contains(&b'\x00') || pickle.windows(2).all(|pair| pair != b"q\x00")
}

#[test]
fn a_message_is_as_long_as_it_says() {
    let numbers: Vec<u16> = (0..10_000_u16).map(|i| i.wrapping_mul(37)).collect();
    let array = Array::from_slice(&numbers, &[100, 100]).expect("a shape");
    for protocol in 0..=5 {
        let message = pickle::Message::new(&array, protocol).expect("numbers");
        let written = pickle::write_array(&array, WriteOptions::new(protocol)).expect("numbers");
        assert_eq!(message.len(), written.len());
        assert_eq!(message.data_offset().is_some(), protocol >= 3);
        let back = pickle::read_array(&written, ReadOptions::new()).expect("an array");
        assert_eq!(back.to_vec::<u16>().expect("u16"), numbers);
    }
    assert!(pickle::Message::new(&array, 6).is_err());
}

#[test]
fn data_can_stay_beside_the_pickle() {
    let numbers = [1.5_f64, 2.5, 3.5, 4.5, 5.5, 6.5];
    let array = Array::from_slice(&numbers, &[2, 3]).expect("a shape");
    for readonly in [false, true] {
        let mut kept = Vec::new();
        let mut keep = |array: &Array<'_>| {
            kept.push(array.to_bytes(array.layout().order()));
            Keep::Beside { readonly }
        };
        let options = WriteOptions::new(5).out_of_band(&mut keep);
        let written = pickle::write_array(&array, options).expect("numbers");
        assert!(written.len() < 200 && kept.len() == 1);
        let buffers = vec![(Source::slice(&kept[0]), readonly)];
        let back = pickle::read_array(&written, ReadOptions::new().buffers(buffers));
        assert_eq!(back.expect("an array").to_vec::<f64>().expect("f64"), numbers);
        assert!(pickle::read_array(&written, ReadOptions::new()).is_err());
    }
}

#[test]
fn npy_keeps_objects() {
    let objects = |fixture: &Fixture| {
        let dtype = fixture.expected["dtype"].to_string();
        dtype.contains(r#""kind":"O""#) || dtype.contains(r#""kind":"T""#)
    };
    let mut count = 0;
    for fixture in fixtures("golden", "npy").iter().filter(|fixture| objects(fixture)) {
        if fixture.text("result") == Some("error") {
            continue;
        }
        let array = ndbytes::bytes_to_array(&fixture.bytes).expect("golden");
        let written = ndbytes::array_to_bytes(&array).expect("what was read can be written");
        let back = ndbytes::bytes_to_array(&written).expect("what was written can be read");
        assert!(same_arrays(&array, &back), "{}", fixture.name());
        assert!(ndbytes::identical(&array, &array.to_owned()).expect("comparable"));
        count += 1;
    }
    assert!(count > 50);
}
