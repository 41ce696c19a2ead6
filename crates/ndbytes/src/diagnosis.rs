//! What bytes are that could not be read, put into the hint of the error.
//!
//! Only what has failed comes here, and it is looked at in bounded time.

use crate::array::{ByteOrder, DType, Source};
use crate::error::{DecodeError, DecodeErrorKind};
use crate::guess::{self, Guess, GuessOptions, guess};

/// Guesses less likely than this are not worth a hint.
const WORTH_TELLING: f64 = 0.1;
/// From here on the bytes speak against what was asked.
const CLEARLY: f64 = 0.6;

/// Adds to `error` what the bytes of `source` are, where that helps: the name of a format that is
/// none of arrays, the likeliest readings of bytes that say nothing, or the dtype that fits better
/// than the one that was `asked` for.
#[cold]
pub fn explain(error: DecodeError, source: &Source<'_>, asked: Option<&DType>) -> DecodeError {
    let tells = match error.kind() {
        DecodeErrorKind::Unrecognized | DecodeErrorKind::Malformed => true,
        // Without a word on the elements, what does not fit is not what the bytes are.
        DecodeErrorKind::Mismatch => asked.is_some(),
        _ => false,
    };
    if !tells {
        return error;
    }
    let named = guess::named(source);
    // What it was read as is no news.
    if named.as_ref().is_some_and(|named| error.format_name() == Some(&named.what)) {
        return error;
    }
    let guesses = || guess(source, &GuessOptions::new()).unwrap_or_default();
    let told = match (named.as_ref().and_then(foreign), error.kind(), asked) {
        (Some(told), ..) => Some(told),
        (None, DecodeErrorKind::Unrecognized, _) => bare(&guesses()),
        (None, DecodeErrorKind::Mismatch, Some(asked)) => {
            guesses().first().and_then(|first| better(first, asked))
        }
        _ => None,
    };
    let Some(told) = told else { return error };
    // The hint of bytes that say nothing says how to read bare elements, and so does what is told.
    match error.hint_text().filter(|_| *error.kind() != DecodeErrorKind::Unrecognized) {
        Some(old) => {
            let both = format!("{told}; {old}");
            error.hint(both)
        }
        None => error.hint(told),
    }
}

/// What is known by name and is no array of bare elements.
fn foreign(first: &Guess) -> Option<String> {
    if first.dtype.is_some() || first.probability < CLEARLY {
        return None;
    }
    let advice = first.reasons.last().map_or("", String::as_str);
    let call = first.call.as_ref().map_or(String::new(), |call| format!(": {call}"));
    Some(match first.what.as_str() {
        "nothing" => advice.to_owned(),
        what => format!("this is {what}: {advice}{call}"),
    })
}

/// The likeliest readings, with the calls.
fn bare(guesses: &[Guess]) -> Option<String> {
    let first = guesses.first()?;
    if first.what.starts_with("random") && first.probability > CLEARLY {
        return Some(
            "they look random: compressed, encrypted, or cut out of the middle of something; if they \
             are bare elements, say of what kind: frombuffer(data, dtype, shape)"
                .to_owned(),
        );
    }
    let told: Vec<String> = guesses
        .iter()
        .filter(|guess| guess.probability >= WORTH_TELLING)
        .take(2)
        .filter_map(|guess| {
            let call = guess.call.as_ref()?;
            Some(format!("{} ({:.0} %): {call}", guess.what, 100.0 * guess.probability))
        })
        .collect();
    (!told.is_empty())
        .then(|| format!("if they are bare elements, they may be {}", told.join(", or ")))
}

/// Whether the bytes look like another dtype than the one that was asked for.
fn better(first: &Guess, asked: &DType) -> Option<String> {
    let dtype = first.dtype.as_ref()?;
    if first.probability < CLEARLY || first.what.starts_with("random") {
        return None;
    }
    let call = first.call.as_deref().unwrap_or_default();
    if dtype == asked {
        let start = first.offset;
        return (start > 0).then(|| format!("the elements seem to start at byte {start}: {call}"));
    }
    let swapped = dtype.byte_order() != ByteOrder::NotApplicable
        && dtype.with_byte_order(asked.byte_order()) == *asked;
    if swapped {
        return Some(format!("they look byte-swapped, like {dtype}: {call}"));
    }
    let sizes = (dtype.itemsize(), asked.itemsize());
    let compared = match sizes {
        (ours, theirs) if ours == theirs => String::new(),
        (ours, theirs) if ours > theirs && ours % theirs.max(1) == 0 => {
            format!(", {} times as many bytes an element", ours / theirs.max(1))
        }
        (ours, theirs) if theirs % ours.max(1) == 0 => {
            format!(", {} elements for each one", theirs / ours.max(1))
        }
        _ => String::new(),
    };
    Some(format!("they look like {dtype}{compared}: {call}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::raw::Description;

    fn hint(bytes: &[u8], typestr: &str, shape: &[Option<usize>]) -> String {
        let dtype = DType::from_typestr(typestr).unwrap();
        let description = Description::new(dtype.clone()).shape(shape);
        let error = description.read(bytes).unwrap_err();
        explain(error, &Source::slice(bytes), Some(&dtype)).hint_text().unwrap().to_owned()
    }

    fn waves() -> Vec<u8> {
        (0..1002_u16).flat_map(|i| (f32::from(i) * 0.02 + 0.3).sin().to_le_bytes()).collect()
    }

    #[test]
    fn another_dtype_is_told() {
        let told = hint(&waves(), "<f8", &[Some(1002)]);
        assert!(told.contains("they look like float32, 2 elements for each one"), "{told}");
        let told = hint(&waves(), ">f4", &[Some(1000)]);
        assert!(told.contains("they look byte-swapped, like float32"), "{told}");
    }

    #[test]
    fn formats_are_named() {
        let npy = crate::array_to_bytes(&[1_u8, 2, 3][..]).unwrap();
        let told = hint(&npy, "<i8", &[Some(3)]);
        assert!(told.contains("this is npy"), "{told}");
        assert!(told.contains("ndbytes.bytes_to_array(data)"), "{told}");
    }

    #[test]
    fn bytes_that_say_nothing_are_guessed_at() {
        let bytes = waves();
        let error = crate::bytes_to_array(&bytes).unwrap_err();
        let told = error.hint_text().unwrap();
        assert!(told.contains("ndbytes.frombuffer(data, \"<f4\""), "{told}");
        let error = crate::bytes_to_array(b"<!doctype html><html></html>").unwrap_err();
        assert!(error.to_string().contains("this is HTML page"), "{error}");
        let error = crate::bytes_to_array(b"").unwrap_err();
        assert!(error.hint_text().unwrap().contains("see why it is empty"), "{error}");
    }
}
