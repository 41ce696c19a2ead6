//! Any bytes: an error or an array, never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = ndbytes::inspect(bytes, bytes.len() as u64, &Default::default());
    let _ = ndbytes::inspect(bytes, None, &Default::default());
    let _ = ndbytes::inspect_stream(&mut &bytes[..], &Default::default());
    let _ = ndbytes::verify(&ndbytes::Source::slice(bytes), &Default::default(), &|_| {});
    let _ = ndbytes::bytes_to_array(bytes);
});
