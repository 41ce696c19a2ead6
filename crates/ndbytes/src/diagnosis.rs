//! What bytes are that could not be read, put into the hint of the error.
//!
//! Only what has failed comes here, and it is looked at in bounded time.

use crate::array::{ByteOrder, DType, Kind, Source};
use crate::error::{DecodeError, DecodeErrorKind};
use crate::guess::{self, Guess, GuessOptions, guess};

/// Guesses less likely than this are not worth a hint.
const WORTH_TELLING: f64 = 0.1;
/// From here on the bytes speak against what was asked.
const CLEARLY: f64 = 0.6;

/// How to read what a guess says, in the words of whoever is told, where there is such a way.
pub type Way<'w> = dyn Fn(&Guess) -> Option<String> + 'w;

/// Adds to `error` what the bytes of `source` are, where that helps: the name of a format that is
/// none of arrays, the likeliest readings of bytes that say nothing, or the dtype that fits better
/// than the one that was `asked` for. How to read them is said in Python.
#[cold]
pub fn explain(error: DecodeError, source: &Source<'_>, asked: Option<&DType>) -> DecodeError {
    explain_to(error, source, asked, &|guess| guess.call.clone())
}

/// As [`explain`], for those who read bytes in another `way` than Python's.
#[cold]
pub fn explain_to(
    error: DecodeError,
    source: &Source<'_>,
    asked: Option<&DType>,
    way: &Way<'_>,
) -> DecodeError {
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
    let is_known = |named: &Guess| {
        let mut names = named.what.trim_start_matches("truncated ").split(", or ");
        names.any(|name| error.format_name() == Some(name))
    };
    if named.as_ref().is_some_and(is_known) {
        return error;
    }
    let guesses = || guess(source, &GuessOptions::new()).unwrap_or_default();
    let told = match (named.and_then(|named| foreign(&named, way)), error.kind(), asked) {
        (Some(told), ..) => Some(told),
        (None, DecodeErrorKind::Unrecognized, _) => bare(&guesses(), way),
        (None, DecodeErrorKind::Mismatch, Some(asked)) => {
            guesses().first().and_then(|first| better(first, asked, way))
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

/// What the bytes of `source` are, in a sentence, where they are known to be no bare elements. The
/// start of them is enough.
///
/// ```
/// use ndbytes::{Source, recognise};
/// let told = recognise(&Source::slice(b"<!doctype html><html></html>")).unwrap();
/// assert!(told.starts_with("this is an HTML page: a server sent a page"));
/// assert_eq!(recognise(&Source::slice(&[7; 100])), None);
/// ```
pub fn recognise(source: &Source<'_>) -> Option<String> {
    foreign(&guess::named(source)?, &|_| None)
}

/// What is known by name, where that is told for sure.
fn foreign(named: &Guess, way: &Way<'_>) -> Option<String> {
    if named.probability < CLEARLY {
        return None;
    }
    let advice = named.reasons.last().map_or("", String::as_str);
    let call = way(named).map_or(String::new(), |call| format!(": {call}"));
    Some(match named.what.as_str() {
        "nothing" => advice.to_owned(),
        what => format!("this is {}{what}: {advice}{call}", article(what)),
    })
}

/// Of what can be counted; formats are names.
fn article(what: &str) -> &'static str {
    match what.split(' ').next_back() {
        Some("page") => "an ",
        Some("array" | "frame" | "path" | "pointer") => "a ",
        _ => "",
    }
}

/// The likeliest readings, with the calls.
fn bare(guesses: &[Guess], way: &Way<'_>) -> Option<String> {
    let first = guesses.first()?;
    if first.is_noise() && first.probability > CLEARLY {
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
            let call = way(guess)?;
            Some(format!("{} ({:.0} %): {call}", guess.what, 100.0 * guess.probability))
        })
        .collect();
    (!told.is_empty())
        .then(|| format!("if they are bare elements, they may be {}", told.join(", or ")))
}

/// Whether the bytes look like another dtype than the one that was asked for.
fn better(first: &Guess, asked: &DType, way: &Way<'_>) -> Option<String> {
    let dtype = first.dtype.as_ref()?;
    if first.probability < CLEARLY || first.is_noise() {
        return None;
    }
    let call = way(first)?;
    if dtype == asked {
        let start = first.offset;
        return (start > 0).then(|| format!("the elements seem to start at byte {start}: {call}"));
    }
    let (told, meant) = (unsigned(dtype), unsigned(asked));
    if told == meant {
        // Most numbers are the same with a sign.
        return None;
    }
    let swapped = told.byte_order() != ByteOrder::NotApplicable
        && told.with_byte_order(meant.byte_order()) == meant;
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

/// The dtype, of whole numbers that without a sign.
fn unsigned(dtype: &DType) -> DType {
    match dtype.kind() {
        Kind::Scalar(scalar) => DType::new(Kind::Scalar(scalar.unsigned()), dtype.byte_order()),
        _ => dtype.clone(),
    }
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
    fn a_sign_makes_no_other_dtype() {
        let heights: Vec<u8> = (0..3000_u16).flat_map(|i| (i % 700).to_le_bytes()).collect();
        let told = hint(&heights, "<i2", &[Some(3001)]);
        assert!(!told.contains("they look"), "{told}");
        let told = hint(&heights, ">i2", &[Some(3001)]);
        assert!(told.contains("they look byte-swapped, like "), "{told}");
    }

    #[test]
    fn formats_are_named() {
        let npy = crate::array_to_bytes(&[1_u8, 2, 3][..]).unwrap();
        let told = hint(&npy, "<i8", &[Some(3)]);
        assert!(told.contains("this is npy"), "{told}");
        assert!(told.contains("ndbytes.bytes_to_array(data)"), "{told}");
    }

    #[test]
    fn an_npy_that_strayed_is_told() {
        let npy = crate::array_to_bytes(&[1_u8, 2, 200][..]).unwrap();
        let as_text = String::from_utf8_lossy(&npy).into_owned().into_bytes();
        let latin1: String = npy.iter().map(|&byte| char::from(byte)).collect();
        let printed = [b"b'\\x93", &npy[1..]].concat();
        for (bytes, said) in [
            (
                &npy[1..],
                "npy without its first byte: put it back: ndbytes.bytes_to_array(b\"\\x93\"",
            ),
            (&[b"\0\0\0\x83", &npy[..]].concat(), "npy from byte 4 on: what comes before it"),
            (&as_text, "npy that was decoded as text: what was no text is lost"),
            (latin1.as_bytes(), "data.decode().encode(\"latin1\")"),
            (&printed, "what Python prints for the bytes of an npy"),
            (b"/data/x.npy", "this is a path: what is in the file is wanted"),
        ] {
            let error = crate::bytes_to_array(bytes).unwrap_err();
            assert!(error.hint_text().unwrap().contains(said), "{error}");
        }
        // Whoever says what it is hears the same.
        let sent = [b"\0\0\0\x83", &npy[..]].concat();
        let error = crate::npy::read(&sent, &Default::default()).unwrap_err();
        let told = explain(error, &Source::slice(&sent), None);
        assert!(told.hint_text().unwrap().contains("npy from byte 4 on"), "{told}");
        // What is longer than a path is none, and what says more is no NUMPY.
        for bytes in [&b"NUMPX 12345.npy\n"[..], b"[\x01\x02NUMPY"] {
            let error = crate::bytes_to_array(bytes).unwrap_err();
            let hint = error.hint_text().unwrap_or_default();
            assert!(!hint.contains("npy") && !hint.contains("path"), "{error}");
        }
    }

    #[test]
    fn an_archive_is_not_told_for_what_is_in_it() {
        let arrays = [("x", (&[1_u8, 2, 3][..]).into())];
        let mut npz = crate::npz::write(&arrays, &Default::default()).unwrap();
        let told = hint(&npz, "<f8", &[Some(5)]);
        assert!(told.starts_with("this is zip, or npz: "), "{told}");
        let data = npz.windows(3).position(|bytes| bytes == [1, 2, 3]).unwrap();
        npz[data] ^= 1;
        let error = crate::bytes_to_array(&npz).unwrap_err();
        assert!(error.hint_text().unwrap().starts_with("the bytes are damaged"), "{error}");
    }

    #[test]
    fn readings_are_told_in_the_words_of_the_asker() {
        let (bytes, asked) = (waves(), DType::from_typestr("<f8").unwrap());
        let error = Description::new(asked.clone()).shape(&[Some(7)]).read(&bytes).unwrap_err();
        let way = |guess: &Guess| guess.dtype.as_ref().and_then(DType::typestr);
        let told = explain_to(error, &Source::slice(&bytes), Some(&asked), &way);
        let hint = told.hint_text().unwrap();
        assert!(
            hint.starts_with("they look like float32, 2 elements for each one: <f4; "),
            "{hint}"
        );
    }

    #[test]
    fn bytes_that_say_nothing_are_guessed_at() {
        let bytes = waves();
        let error = crate::bytes_to_array(&bytes).unwrap_err();
        let told = error.hint_text().unwrap();
        assert!(told.contains("ndbytes.frombuffer(data, \"<f4\""), "{told}");
        let error = crate::bytes_to_array(b"<!doctype html><html></html>").unwrap_err();
        assert!(error.to_string().contains("this is an HTML page"), "{error}");
        let error = crate::bytes_to_array(b"").unwrap_err();
        assert!(error.hint_text().unwrap().contains("see why it is empty"), "{error}");
    }
}
