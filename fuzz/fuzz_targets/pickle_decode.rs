//! Any bytes are an error or a value, and a value that is written reads back as it was.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ndbytes::pickle::{self, ReadOptions, WriteOptions};

fuzz_target!(|bytes: &[u8]| {
    let _ = pickle::peek(bytes, &Default::default());
    let Ok(value) = pickle::read(bytes, ReadOptions::new()) else {
        return;
    };
    let Ok(written) = pickle::write_value(&value, WriteOptions::new(4)) else {
        return;
    };
    assert_eq!(pickle::read(&written, ReadOptions::new()).expect("own pickle"), value);
});
