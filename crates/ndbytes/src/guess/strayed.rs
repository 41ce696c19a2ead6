//! An npy to which something has happened on its way, or its name in place of it.

use super::foreign::{CERTAIN, Foreign};

/// The magic number of npy, but for its first byte, which is no ASCII: what takes bytes for text
/// changes that one first.
const NUMPY: &[u8] = b"NUMPY";
/// An npy that does not start before this is none that something was put in front of.
const NEAR_THE_START: usize = 64;
/// Longer paths are none that anybody meant.
const LONGEST_PATH: usize = 1024;

/// What became of an npy, of `len` bytes that begin so.
pub(super) fn recognise(start: &[u8], len: usize) -> Option<Foreign> {
    let near = &start[..start.len().min(NEAR_THE_START + NUMPY.len())];
    match near.windows(NUMPY.len()).position(|part| part == NUMPY) {
        Some(at) => changed(&near[..at]),
        None => path(start, len),
    }
}

/// Told by what is before the letters.
fn changed(before: &[u8]) -> Option<Foreign> {
    let (what, advice, call) = match before {
        [] => (
            "npy without its first byte".to_owned(),
            "put it back",
            Some("ndbytes.bytes_to_array(b\"\\x93\" + data)".to_owned()),
        ),
        [.., 0xC2, 0x93] => (
            "npy that was taken for text of Latin-1 and encoded as UTF-8".to_owned(),
            "undo that",
            Some("ndbytes.bytes_to_array(data.decode().encode(\"latin1\"))".to_owned()),
        ),
        [.., 0xEF, 0xBF, 0xBD] => (
            "npy that was decoded as text".to_owned(),
            "what was no text is lost: send it again as bytes",
            None,
        ),
        [b'b', b'\'' | b'"', .., b'x', b'9', b'3'] => (
            "what Python prints for the bytes of an npy".to_owned(),
            "read that first",
            Some("ndbytes.bytes_to_array(ast.literal_eval(data.decode()))".to_owned()),
        ),
        [stray @ .., 0x93] if !stray.is_empty() => (
            format!("npy from byte {} on", stray.len()),
            "what comes before it is none of it",
            Some(format!("ndbytes.bytes_to_array(data[{}:])", stray.len())),
        ),
        _ => return None,
    };
    let sign = format!("there is NUMPY at byte {}, as in every npy at byte 1", before.len());
    Some(Foreign { what: what.into(), sign, advice: advice.to_owned(), call, probability: CERTAIN })
}

/// One line of text that ends as names of files of arrays do.
fn path(start: &[u8], len: usize) -> Option<Foreign> {
    let text = std::str::from_utf8(start).ok().filter(|_| len <= LONGEST_PATH)?;
    let ends = [".npy", ".npz", ".pkl", ".pickle"];
    let end = ends.into_iter().find(|end| text.ends_with(end))?;
    (!text.contains(char::is_control)).then(|| Foreign {
        what: "path".into(),
        sign: format!("it is one line of text that ends in {end}"),
        advice: "what is in the file is wanted, and not its path".to_owned(),
        call: Some("ndbytes.load(os.fsdecode(data))".to_owned()),
        probability: CERTAIN,
    })
}
