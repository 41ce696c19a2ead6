//! Elements as people write them.

use half::{bf16, f16};

use super::number::{Number as _, Pair, is_whole, loaded};
use crate::array::{Array, Kind, Scalar};

/// The element of `array` at `index`, for people.
pub(super) fn shown(array: &Array<'_>, index: &[usize]) -> String {
    let layout = array.layout();
    let offset: isize =
        index.iter().zip(layout.strides()).map(|(&at, stride)| at as isize * stride).sum();
    let place = layout.start().wrapping_add_signed(offset);
    let size = layout.itemsize();
    if place.checked_add(size).is_none_or(|end| end > array.source().len()) {
        return String::new();
    }
    let mut bytes = array.source().to_vec(place, size);
    let dtype = array.dtype();
    if !dtype.is_native() {
        bytes.chunks_exact_mut(dtype.kind().swap_width().max(1)).for_each(<[u8]>::reverse);
    }
    match dtype.kind() {
        Kind::Scalar(scalar) => shown_number(*scalar, &bytes),
        Kind::Datetime64(unit) | Kind::Timedelta64(unit) => match i64::load(&bytes) {
            i64::MIN => "NaT".to_owned(),
            count => format!("{count} {unit}"),
        },
        Kind::Str { .. } => {
            let codes = bytes.chunks_exact(4).map(u32::load);
            let text: String =
                codes.map(|code| char::from_u32(code).unwrap_or('\u{fffd}')).collect();
            format!("{:?}", shortened(text.trim_end_matches('\0')))
        }
        Kind::Bytes { .. } => {
            let text = bytes.escape_ascii().to_string();
            format!("b\"{}\"", shortened(text.trim_end_matches("\\x00")))
        }
        _ => hexed(&bytes),
    }
}

fn shown_number(scalar: Scalar, bytes: &[u8]) -> String {
    let pair = |re: f64, im: f64| {
        format!("({re:?}{}{im:?}j)", if im.is_sign_negative() { "" } else { "+" })
    };
    match scalar {
        Scalar::Bool => if bytes[0] == 0 { "False" } else { "True" }.to_owned(),
        Scalar::Float16 => format!("{:?}", f16::load(bytes).to_f32()),
        Scalar::BFloat16 => format!("{:?}", bf16::load(bytes).to_f32()),
        Scalar::Float32 => format!("{:?}", f32::load(bytes)),
        Scalar::Float64 => format!("{:?}", f64::load(bytes)),
        Scalar::Complex64 => {
            let Pair(re, im) = Pair::<f32>::load(bytes);
            pair(re.into(), im.into())
        }
        Scalar::Complex128 => {
            let Pair(re, im) = Pair::<f64>::load(bytes);
            pair(re, im)
        }
        scalar if is_whole(scalar) => loaded(scalar, bytes).1.to_string(),
        _ => hexed(bytes),
    }
}

fn shortened(text: &str) -> String {
    crate::array::shorten(text)
}

fn hexed(bytes: &[u8]) -> String {
    let shown: String = bytes.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("0x{shown}{}", if bytes.len() > 16 { "..." } else { "" })
}
