//! Why a row is not won, in a line each: what is said on the page beside it.
//!
//! A case without a line here is printed as "no reason is known yet".

/// The key of a case, as in the tables of benches/, and the reason.
pub(crate) const NOTES: &[(&str, &str)] = &[
    (
        "encode/28x28",
        "the header's 128 bytes, and a function with options that is called instead of a method \
         without arguments",
    ),
    ("decode/28x28", "making the array object, and the call of a function"),
    ("decode/200MB", "as at 28x28: nothing here depends on the size"),
    (
        "encode/200MB",
        "pyarrow's result is a buffer that is not a `bytes`, and it does not fill it with threads",
    ),
    (
        "exchange/100MB-tcp",
        "room for each array is asked for and given back, which the bare socket's one buffer spares",
    ),
    (
        "npz-compress/all-npy",
        "small arrays: each is looked at, and has codes made for it, before it is written",
    ),
    (
        "npz-compress-file/photo_china_u8_427x640x3",
        "into memory it is met: what is more is to make a file and to name it",
    ),
    (
        "exchange/100MB-unix",
        "now before the bare socket, now behind it: what two processes on two cores let each other do",
    ),
    (
        "files-save/1GB",
        "NumPy asks for room and writes at once, too, which takes as long as the limit: the system's \
         copy, of which file systems let only one thread at a time into a file",
    ),
    ("files-load/1GB", "the system's copy into fresh memory, for both"),
    ("files-load/1MB", "the system's copy, for both"),
    ("files-save/28x28", "the system's calls, for both"),
    ("files-save/28x28-over", "the system's: an old file goes, and a new one gets its name"),
    ("files-save/1MB", "the system's copy, for both"),
    ("files-save/1MB-over", "the system's: an old file goes, and a new one gets its name"),
    (
        "exchange/10-unix",
        "three calls of the system for each message, since nothing may be read ahead of a bare socket",
    ),
    (
        "pickle-loads/8MB-5",
        "both copy once; Python's gives the memory of the bytearray to the array",
    ),
    (
        "pickle-loads/objects",
        "values are read twice: once to know that they are harmless, once to be made",
    ),
    ("pickle-dumps/objects", "values are read twice: once to know them all, once to be written"),
];

pub(crate) const UNKNOWN: &str = "no reason is known yet";

pub(crate) fn reason(key: &str) -> &'static str {
    NOTES.iter().find(|(case, _)| *case == key).map_or(UNKNOWN, |&(_, reason)| reason)
}
