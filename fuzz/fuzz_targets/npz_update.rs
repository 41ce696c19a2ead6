//! Whatever archive is changed in whatever way, the result is an archive, and what stays in it is what it
//! was.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ndbytes::npz::{self, Archive, Compression, ReadOptions, Update, WriteOptions};
use ndbytes::{Array, Limits, Source};

fuzz_target!(|input: (Vec<(u8, u8, String)>, Vec<u8>)| {
    let (changes, bytes) = input;
    let options = ReadOptions::new().limits(Limits::default().max_bytes(16 << 20));
    let Ok(archive) = Archive::new(Source::slice(&bytes), options) else { return };
    let Ok(before) = archive.arrays() else { return };
    let numbers: Vec<u16> = (0..700).collect();
    let array = Array::from_slice(&numbers, &[7, 100]).expect("a shape that fits");
    let compression = [Compression::None, Compression::Deflate, Compression::Zstd][bytes.len() % 3];
    let mut update = Update::new(&archive, WriteOptions::new().compression(compression).threads(1));
    // What each array is called, or that it is gone.
    let mut names: Vec<Option<String>> =
        before.iter().map(|(name, _)| Some(name.clone())).collect();
    for (what, index, name) in &changes {
        let index = usize::from(*index) % names.len().max(1);
        let Some(Some(old)) = names.get(index).cloned() else { continue };
        // Arrays that are called so.
        if !archive.find(&before[index].0).is_ok_and(|member| member.name().ends_with(".npy")) {
            continue;
        }
        match what % 3 {
            0 if update.remove(&old).is_ok() => names[index] = None,
            1 if update.rename(&old, name).is_ok() => names[index] = Some(name.clone()),
            2 => {
                update.set(&old, &array);
                names[index] = None;
            }
            _ => {}
        }
    }
    let Ok(written) = update.write_to(Vec::new()) else { return };
    let after = npz::read(&written, ReadOptions::new().limits(Limits::none()));
    let after = after.expect("what was changed is an archive");
    for (name, (_, array)) in names.iter().zip(&before) {
        if let Some(name) = name {
            let (_, same) = after.iter().find(|(found, _)| found == name).expect("what stays");
            assert!(ndbytes::identical(array, same).unwrap_or(true));
        }
    }
});
