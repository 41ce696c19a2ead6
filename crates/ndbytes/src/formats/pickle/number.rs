//! Numbers as text and as bytes, read and written.

/// The float that a decimal text says, as Python's `repr` writes it; `None` when it says none, or
/// one that is larger than any.
pub(super) fn decimal_float(text: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(text).ok()?;
    let value: f64 = text.parse().ok()?;
    let spelled = text.bytes().any(|byte| matches!(byte, b'i' | b'I'));
    (value.is_finite() || value.is_nan() || spelled).then_some(value)
}

/// The two's complement of a decimal number, least significant byte first, in the shortest form.
pub(super) fn int_bytes(digits: &[u8], negative: bool) -> Vec<u8> {
    let mut limbs: Vec<u32> = Vec::new();
    for group in digits.chunks(9) {
        let mut carry =
            group.iter().fold(0_u64, |value, &digit| value * 10 + u64::from(digit - b'0'));
        let factor = 10_u64.pow(group.len() as u32);
        for limb in &mut limbs {
            carry += u64::from(*limb) * factor;
            *limb = carry as u32;
            carry >>= 32;
        }
        if carry > 0 {
            limbs.push(carry as u32);
        }
    }
    let mut bytes: Vec<u8> = limbs.iter().flat_map(|limb| limb.to_le_bytes()).collect();
    bytes.push(0);
    if negative {
        let mut carry = true;
        for byte in &mut bytes {
            (*byte, carry) = (!*byte).overflowing_add(u8::from(carry));
        }
    }
    bytes.truncate(shortest(&bytes));
    bytes
}

/// How many bytes of a two's complement are needed: the rest only repeats the sign.
pub(super) fn shortest(bytes: &[u8]) -> usize {
    let mut bytes = bytes;
    while let [rest @ .., high] = bytes
        && rest.last().map_or(*high == 0, |low| *high == if *low < 0x80 { 0 } else { 0xFF })
    {
        bytes = rest;
    }
    bytes.len()
}

/// The number in decimal, as Python's `str` writes it.
pub(super) fn decimal_text(bytes: &[u8]) -> String {
    let negative = bytes.last().is_some_and(|&high| high >= 0x80);
    let mut carry = u16::from(negative);
    // The magnitude, in groups of nine digits, the lowest first.
    let magnitude: Vec<u8> = bytes
        .iter()
        .map(|&byte| {
            let sum = u16::from(if negative { !byte } else { byte }) + carry;
            carry = sum >> 8;
            sum as u8
        })
        .collect();
    let mut groups: Vec<u32> = vec![0];
    for &byte in magnitude.iter().rev() {
        let mut carry = u64::from(byte);
        for group in &mut groups {
            let value = u64::from(*group) * 256 + carry;
            *group = (value % 1_000_000_000) as u32;
            carry = value / 1_000_000_000;
        }
        if carry > 0 {
            groups.push(carry as u32);
        }
    }
    let mut text = String::from(if negative { "-" } else { "" });
    for (index, group) in groups.iter().rev().enumerate() {
        let digits = if index == 0 { group.to_string() } else { format!("{group:09}") };
        text.push_str(&digits);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_any_size() {
        for text in ["9223372036854775808", "170141183460469231731687303715884105728"] {
            for negative in [false, true] {
                let bytes = int_bytes(text.as_bytes(), negative);
                let back = decimal_text(&bytes);
                assert_eq!(back.trim_start_matches('-'), text);
                assert_eq!(back.starts_with('-'), negative);
            }
        }
        assert_eq!(int_bytes(b"128", false), [128, 0]);
        assert_eq!(int_bytes(b"128", true), [128]);
        assert_eq!(int_bytes(b"18446744073709551616", true), [0, 0, 0, 0, 0, 0, 0, 0, 0xFF]);
        assert_eq!(decimal_text(&[0, 0, 0, 0, 0, 0, 0, 0, 0xFF]), "-18446744073709551616");
        assert_eq!(
            [shortest(&[5, 0, 0]), shortest(&[0x80, 0xFF]), shortest(&[0x80, 0])],
            [1, 1, 2]
        );
    }

    #[test]
    fn floats_as_python_writes_them() {
        assert_eq!(decimal_float(b"0.1"), Some(0.1));
        assert_eq!(decimal_float(b"-inf"), Some(f64::NEG_INFINITY));
        assert!(decimal_float(b"nan").is_some_and(f64::is_nan));
        for text in [&b"1e999"[..], b"0x1p3", b"1_0", b"", b" 1"] {
            assert_eq!(decimal_float(text), None);
        }
    }
}
