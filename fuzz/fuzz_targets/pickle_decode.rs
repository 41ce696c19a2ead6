//! Any bytes are an error or a value, a value that is written reads back as it was, and what is known
//! by heart is what the machine reads.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ndbytes::pickle::{self, ReadOptions, WriteOptions};

fuzz_target!(|bytes: &[u8]| {
    let _ = pickle::peek(bytes, &Default::default());
    let known = pickle::read_known(bytes, &Default::default());
    let Ok(value) = pickle::read(bytes, ReadOptions::new()) else {
        assert!(known.is_none(), "what is known by heart is read by the machine");
        return;
    };
    if let Some(known) = known {
        let array = value.array().expect("an array");
        assert!(ndbytes::identical(&known, &array).expect("numbers"));
    }
    let Ok(written) = pickle::write_value(&value, WriteOptions::new(4)) else {
        return;
    };
    assert_eq!(pickle::read(&written, ReadOptions::new()).expect("own pickle"), value);
});
