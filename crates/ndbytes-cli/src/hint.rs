//! What to try, in the words of the terminal: the library's hints are for programs, and name what
//! Python has.

use std::borrow::Cow;

/// What the library says, and what is said here instead.
const WORDS: &[(&str, &str)] = &[
    ("read it with pickle.loads(data)", LOOK),
    ("read any value with pickle.loads(data)", LOOK),
    (
        "give as many of them as `buffer_callback` received: buffers=[...]",
        "they were sent apart from it, and are not in this file",
    ),
    ("convert it first: x.astype(x.dtype.newbyteorder(...))", "write it in one byte order first"),
    (
        "convert it first, such as x.astype(\"float32\"), or view it as uint8 or uint16",
        "write it as float32 first, or as the uint8 or uint16 that its bits are",
    ),
    (
        "drop it with x.astype(numpy.dtype(x.dtype.str)), or use a format that keeps it",
        "use a format that keeps it, such as pickle",
    ),
    (
        "pack the fields first: numpy.lib.recfunctions.repack_fields(x)",
        "its fields have to be packed first",
    ),
];
const LOOK: &str = "ndbytes inspect tells what is in it";

/// The hint in the words of the terminal.
pub(crate) fn in_terminal_words(hint: &str) -> Cow<'_, str> {
    if let Some((_, ours)) = WORDS.iter().find(|(theirs, _)| *theirs == hint) {
        return Cow::Borrowed(ours);
    }
    let limit = hint.split_once("raise Limits(").and_then(|(_, rest)| rest.split_once('='));
    match limit {
        Some((option, _)) => Cow::Owned(format!(
            "so much is not spent on bytes that nobody vouches for; if you do, a program can raise \
             the limit {option}"
        )),
        None => Cow::Borrowed(hint),
    }
}

#[cfg(test)]
mod tests {
    use ndbytes::{Limits, npy, pickle};

    use super::*;

    fn told(hint: Option<&str>) -> String {
        in_terminal_words(hint.expect("a hint")).into_owned()
    }

    /// The pickle of `{"a": 1}`, as protocol 2 spells it.
    const MAPPING: &[u8] = b"\x80\x02}q\x00X\x01\x00\x00\x00aq\x01K\x01s.";

    #[test]
    fn what_the_library_says_is_known_here() {
        let error = pickle::read_array(MAPPING, pickle::ReadOptions::new()).unwrap_err();
        assert_eq!(error.hint_text(), Some(WORDS[1].0));
        assert_eq!(told(error.hint_text()), LOOK);
        let npy = ndbytes::array_to_bytes(&[1_u8, 2][..]).unwrap();
        let error = npy::read(&npy, &Limits::default().max_header(8)).unwrap_err();
        assert!(error.hint_text().unwrap().contains("Limits("), "{error}");
        assert!(told(error.hint_text()).ends_with("can raise the limit max_header"));
    }

    #[test]
    fn nothing_that_is_said_here_is_a_call() {
        for (theirs, ours) in WORDS {
            assert!(theirs.contains(['(', '=']), "{theirs}");
            assert!(!ours.contains(['(', '=', '`']), "{ours}");
            assert_eq!(in_terminal_words(theirs), *ours);
        }
        assert_eq!(in_terminal_words("0 to 5"), "0 to 5");
    }
}
