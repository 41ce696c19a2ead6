//! How members are called: as bytes of the archive, and as arrays.

use std::borrow::Cow;

use crate::error::{DecodeError, Result};

/// What NumPy adds to the name of an array.
pub(super) const SUFFIX: &str = ".npy";
/// The flag of names, and comments, in UTF-8.
pub(super) const UTF8_FLAG: u16 = 0x0800;
/// Info-ZIP's extra field of a name in UTF-8, behind the CRC-32 of the name that it stands for.
pub(super) const UNICODE_PATH: u16 = 0x7075;

/// The name that the bytes `raw` of a directory record stand for.
pub(super) fn decode(
    raw: &[u8],
    flags: u16,
    extra: rawzip::extra_fields::ExtraFields<'_>,
) -> Result<String> {
    if flags & UTF8_FLAG != 0 {
        return String::from_utf8(raw.to_vec()).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            DecodeError::malformed(format!("byte {at} of a member's name is not UTF-8"))
        });
    }
    if raw.is_ascii() {
        return Ok(raw.iter().map(|&byte| char::from(byte)).collect());
    }
    for (id, field) in extra {
        if id.as_u16() == UNICODE_PATH
            && let [1, a, b, c, d, name @ ..] = field
            && u32::from_le_bytes([*a, *b, *c, *d]) == crc32fast::hash(raw)
            && let Ok(name) = std::str::from_utf8(name)
        {
            return Ok(name.to_owned());
        }
    }
    Ok(raw.iter().map(|&byte| cp437(byte)).collect())
}

/// The bytes of a name, and the flags that say how they are to be read.
pub(super) fn encode(name: &str) -> (&[u8], u16) {
    (name.as_bytes(), if name.is_ascii() { 0 } else { UTF8_FLAG })
}

/// The name of the array in the member `name`, as NumPy tells it.
pub(super) fn array_name(member: &str) -> &str {
    member.strip_suffix(SUFFIX).unwrap_or(member)
}

/// The name of the member that holds the array `name`, as NumPy writes it.
pub(super) fn member_name(array: &str) -> String {
    format!("{array}{SUFFIX}")
}

/// What would be odd if members were files: nothing here makes any.
pub(super) fn oddity(name: &str) -> Option<Cow<'static, str>> {
    let parts = || name.split(['/', '\\']);
    if name.starts_with(['/', '\\']) || parts().next().is_some_and(|part| part.ends_with(':')) {
        return Some("its name is an absolute path: to be unpacked with care".into());
    }
    if parts().any(|part| part == "..") {
        return Some("its name leads out of its folder: to be unpacked with care".into());
    }
    name.chars().any(char::is_control).then_some("its name has control characters".into())
}

/// Code page 437, in which names without a flag are.
fn cp437(byte: u8) -> char {
    const UPPER: [char; 128] = [
        'Ç', 'ü', 'é', 'â', 'ä', 'à', 'å', 'ç', 'ê', 'ë', 'è', 'ï', 'î', 'ì', 'Ä', 'Å', //
        'É', 'æ', 'Æ', 'ô', 'ö', 'ò', 'û', 'ù', 'ÿ', 'Ö', 'Ü', '¢', '£', '¥', '₧', 'ƒ', //
        'á', 'í', 'ó', 'ú', 'ñ', 'Ñ', 'ª', 'º', '¿', '⌐', '¬', '½', '¼', '¡', '«', '»', //
        '░', '▒', '▓', '│', '┤', '╡', '╢', '╖', '╕', '╣', '║', '╗', '╝', '╜', '╛', '┐', //
        '└', '┴', '┬', '├', '─', '┼', '╞', '╟', '╚', '╔', '╩', '╦', '╠', '═', '╬', '╧', //
        '╨', '╤', '╥', '╙', '╘', '╒', '╓', '╫', '╪', '┘', '┌', '█', '▄', '▌', '▐', '▀', //
        'α', 'ß', 'Γ', 'π', 'Σ', 'σ', 'µ', 'τ', 'Φ', 'Θ', 'Ω', 'δ', '∞', 'φ', 'ε', '∩', //
        '≡', '±', '≥', '≤', '⌠', '⌡', '÷', '≈', '°', '∙', '·', '√', 'ⁿ', '²', '■', '\u{a0}',
    ];
    match byte {
        0..=127 => char::from(byte),
        _ => UPPER[usize::from(byte - 128)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rawzip::extra_fields::ExtraFields;

    #[test]
    fn names_are_read_in_the_way_their_flags_say() {
        let none = || ExtraFields::new(&[]);
        assert_eq!(decode(b"x.npy", 0, none()).unwrap(), "x.npy");
        assert_eq!(decode("größe".as_bytes(), UTF8_FLAG, none()).unwrap(), "größe");
        assert_eq!(decode(b"gr\x94\xe1e", 0, none()).unwrap(), "größe");
        assert!(decode(b"\xff", UTF8_FLAG, none()).is_err());
        // The name in UTF-8, if it is that of the name which is here.
        let mut field = vec![0x75, 0x70, 11, 0, 1];
        field.extend(crc32fast::hash(b"gr\xf6").to_le_bytes());
        field.extend("größ".as_bytes());
        assert_eq!(decode(b"gr\xf6", 0, ExtraFields::new(&field)).unwrap(), "größ");
        assert_eq!(decode(b"gr\xf7", 0, ExtraFields::new(&field)).unwrap(), "gr≈");
    }

    #[test]
    fn names_that_would_be_bad_files_are_odd() {
        for good in ["x.npy", "a/b.npy", "..x/y.npy", "C", "größe"] {
            assert_eq!(oddity(good), None, "{good}");
        }
        for bad in ["/x", "\\x", "../x", "a/../../x", "a\\..\\x", "C:\\x", "a\nb"] {
            assert!(oddity(bad).is_some(), "{bad}");
        }
    }
}
