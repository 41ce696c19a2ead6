//! What can be read as npy can be written, unless npy has no place for it, and comes back the same.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend_from_slice(&(text.len().min(65535) as u16).to_le_bytes());
    bytes.extend_from_slice(&text[..text.len().min(65535)]);
    bytes.resize(bytes.len() + 4096, 0x5A);
    let Ok(array) = ndbytes::bytes_to_array(&bytes) else { return };
    let Ok(written) = ndbytes::array_to_bytes(&array) else { return };
    let back = ndbytes::bytes_to_array(&written).expect("what was written is read");
    assert_eq!(array.dtype(), back.dtype());
    assert_eq!(array.shape(), back.shape());
    assert!(ndbytes::identical(&array, &back).unwrap_or(true));
});
