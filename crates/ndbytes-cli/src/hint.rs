//! What to try, in the words of the terminal: the library's hints are for programs, and name what
//! Python has.

use std::borrow::Cow;

/// What the library says, and what is said here instead.
const HINTS: &[(&str, &str)] = &[
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
        "drop it with x.astype(numpy.dtype(x.dtype.str)), or use pickle, which keeps it",
        KEPT_BY_PICKLE,
    ),
    (
        "make the dtype anew without it, and use x.astype(dtype), or use pickle, which keeps it",
        KEPT_BY_PICKLE,
    ),
    (
        "pack the fields first: numpy.lib.recfunctions.repack_fields(x)",
        "its fields have to be packed first; pickle keeps them as they are",
    ),
];
const LOOK: &str = "ndbytes inspect tells what is in it";
const MORE: &str =
    "so much is not built of bytes that nobody vouches for; if you do, --max-bytes any";
const KEPT_BY_PICKLE: &str = "pickle keeps it, such as OUT.pkl";

/// Arguments, and the options that take them here.
const OPTIONS: &[(&str, &str)] = &[(" offset=", " --offset "), (" count=", " --count ")];

/// What went wrong, and what to try in the words of the terminal, of a message that holds both.
pub(crate) fn apart(said: &str) -> (&str, Option<Cow<'_, str>>) {
    match said.split_once(". Hint: ") {
        Some((found, hint)) => (found, Some(in_terminal_words(hint))),
        None => (said, None),
    }
}

/// The hint in the words of the terminal.
pub(crate) fn in_terminal_words(hint: &str) -> Cow<'_, str> {
    if let Some((_, ours)) = HINTS.iter().find(|(theirs, _)| *theirs == hint) {
        return Cow::Borrowed(ours);
    }
    let limit = hint.split_once("raise Limits(").and_then(|(_, rest)| rest.split_once('='));
    if let Some(("max_bytes", _)) = limit {
        return Cow::Borrowed(MORE);
    }
    if let Some((option, _)) = limit {
        return Cow::Owned(format!(
            "so much is not spent on bytes that nobody vouches for; if you do, a program can raise \
             the limit {option}"
        ));
    }
    let mut said = Cow::Borrowed(hint);
    for (theirs, ours) in OPTIONS {
        if said.contains(theirs) {
            said = Cow::Owned(said.replace(theirs, ours));
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use ndbytes::{
        Array, ByteOrder, DType, Field, Kind, Layout, Limits, Order, Source, Struct, npy, pickle,
        raw,
    };

    use super::*;

    /// The pickle of `numpy.matrix([[1]], "u1")`.
    const MATRIX: &[u8] = b"\x80\x02cnumpy._core.multiarray\n_reconstruct\ncnumpy\nmatrix\nK\x00\
        \x85c_codecs\nencode\nq\x00X\x01\x00\x00\x00bX\x06\x00\x00\x00latin1q\x01\x86R\x87R(K\x01K\x01\
        K\x01\x86cnumpy\ndtype\nX\x02\x00\x00\x00u1\x89\x88\x87R(K\x03X\x01\x00\x00\x00|NNNJ\xff\xff\
        \xff\xffJ\xff\xff\xff\xffK\x00tb\x89h\x00X\x01\x00\x00\x00\x01h\x01\x86Rtb.";

    /// Two fields of a structure, of which the second starts at this byte.
    fn structure(second: usize) -> DType {
        let field = |name: &str, offset| Field {
            name: name.into(),
            title: None,
            dtype: DType::from_typestr("<f4").unwrap(),
            shape: Default::default(),
            levels: Default::default(),
            offset,
        };
        let fields = vec![field("a", 0), field("b", second)];
        DType::native(Kind::Struct(Struct::new(fields, 8, false).unwrap().into()))
    }

    fn array(dtype: DType) -> Array<'static> {
        let layout = Layout::contiguous(&[1], dtype.itemsize(), Order::C).unwrap();
        Array::new(dtype, layout, Source::slice(&[0; 16])).unwrap()
    }

    /// Has the library say all that is spelled otherwise here: what it says no more is found out.
    #[test]
    fn what_the_library_says_is_known_here() {
        let read = |bytes: &[u8]| {
            let error = pickle::read_array(bytes, pickle::ReadOptions::new()).unwrap_err();
            error.hint_text().unwrap_or_default().to_owned()
        };
        let refused =
            |error: ndbytes::EncodeError| error.hint_text().unwrap_or_default().to_owned();
        let (in_order, overlapping) = (structure(4), structure(2));
        let metadata = Some(pickle::read(b"}.", pickle::ReadOptions::new()).unwrap());
        let with_metadata = |dtype: &DType| dtype.clone().with_metadata(metadata.clone());
        let float8 = DType::from_typestr("float8_e4m3fn").unwrap();
        let said = [
            read(MATRIX),
            read(b"\x80\x02}q\x00X\x01\x00\x00\x00aq\x01K\x01s."),
            read(b"\x80\x05\x97."),
            refused(array(in_order.clone()).swap_to(ByteOrder::Big).unwrap_err()),
            refused(pickle::write(array(float8)).unwrap_err()),
            refused(
                npy::write(array(with_metadata(&DType::from_typestr("<f8").unwrap()))).unwrap_err(),
            ),
            refused(npy::write(array(with_metadata(&in_order))).unwrap_err()),
            refused(npy::write(array(overlapping)).unwrap_err()),
        ];
        let known: Vec<&str> = HINTS.iter().map(|(theirs, _)| *theirs).collect();
        assert_eq!(said, known[..]);

        let npy = ndbytes::array_to_bytes(&[1_u8, 2][..]).unwrap();
        let error = npy::read(&npy, &Limits::default().max_header(8)).unwrap_err();
        let told = in_terminal_words(error.hint_text().unwrap()).into_owned();
        assert!(told.ends_with("can raise the limit max_header"), "{told}");

        let description = raw::Description::new(DType::from_typestr("<f4").unwrap());
        let error = description.read(&[0; 7]).unwrap_err();
        let told = in_terminal_words(error.hint_text().unwrap()).into_owned();
        assert!(told.contains("or --offset 3 to skip 3 bytes") && told.contains(", --count 1 to"));
    }

    #[test]
    fn nothing_that_is_said_here_is_a_call() {
        for (theirs, ours) in HINTS {
            assert!(theirs.contains(['(', '=']), "{theirs}");
            assert!(!ours.contains(['(', '=', '`']), "{ours}");
            assert_eq!(in_terminal_words(theirs), *ours);
        }
        assert_eq!(in_terminal_words("0 to 5"), "0 to 5");
    }
}
