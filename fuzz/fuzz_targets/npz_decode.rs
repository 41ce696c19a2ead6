//! Any bytes are an error or arrays, in memory as from a stream; what is read can be written, and comes
//! back the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ndbytes::npz::{self, Archive, ReadOptions, WriteOptions};
use ndbytes::{DecodeErrorKind, Limits, Source};

fuzz_target!(|bytes: &[u8]| {
    let options = ReadOptions::new().limits(Limits::default().max_bytes(64 << 20));
    if let Ok(archive) = Archive::new(Source::slice(bytes), options) {
        archive.peek(&Limits::default());
    }
    let read = npz::read(bytes, options);
    if let Err(error) = &read
        && !matches!(error.kind(), DecodeErrorKind::Limit { .. })
    {
        let found = ndbytes::verify(&Source::slice(bytes), &Default::default(), &|_| {});
        // Other bytes may be fine as something else.
        let npz = found.format == Some(ndbytes::Format::Npz);
        assert!(!(npz && found.is_fine()), "what cannot be read is not fine");
    }
    let stream = Archive::from_reader(std::io::Cursor::new(bytes), options);
    let stream = stream.and_then(|archive| archive.arrays());
    let Ok(read) = read else {
        assert!(stream.is_err(), "memory and stream say the same");
        return;
    };
    // What is read from a stream is not free.
    assert_eq!(stream.map_or(read.len(), |arrays| arrays.len()), read.len());
    let Ok(written) = npz::write(&read, &WriteOptions::new()) else { return };
    let again = npz::read(&written, ReadOptions::new().limits(Limits::none())).expect("own npz");
    for ((name, array), (same_name, same)) in read.iter().zip(&again) {
        assert_eq!(name, same_name);
        assert!(ndbytes::identical(array, same).unwrap_or(true));
    }
});
