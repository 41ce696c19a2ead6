//! How often guesses are right.

use std::fmt;
use std::path::Path;

use ndbytes::guess::fitting;
use ndbytes::{Guess, GuessOptions, Source, guess};

use crate::cases::Case;

/// What was guessed of one case.
pub struct Answer {
    pub source: String,
    pub what: &'static str,
    pub variant: &'static str,
    pub truth: String,
    pub said: String,
    /// The first guess has the dtype, to the letter.
    pub exact: bool,
    /// The first guess reads the same values.
    pub first: bool,
    /// One of the first three does.
    pub in_three: bool,
    pub shape: bool,
    pub offset: bool,
    /// How sure it was of the dtype, and of all of it.
    pub sure_of_dtype: f64,
    pub sure: f64,
    pub several_dims: bool,
    pub is_picture: bool,
}

pub struct Score {
    pub answers: Vec<Answer>,
}

impl Score {
    pub fn of(cases: &[Case]) -> Self {
        // Two halves at once: tests are not optimised.
        let (one, other) = cases.split_at(cases.len() / 2);
        let answers = |cases: &[Case]| cases.iter().map(answer).collect::<Vec<_>>();
        let answers = std::thread::scope(|scope| {
            let one = scope.spawn(|| answers(one));
            let mut all = answers(other);
            all.extend(one.join().expect("guessing does not panic"));
            all
        });
        Self { answers }
    }

    /// One line for each case whose first guess is wrong.
    pub fn wrong(&self) -> String {
        let line = |answer: &Answer| {
            let what = if answer.first { "SHAPE" } else { "DTYPE" };
            let Answer { source, what: kind, variant, truth, said, .. } = answer;
            format!("  {what} {source} ({kind}, {variant}): {truth} <- {said}\n")
        };
        let wrong = self.answers.iter().filter(|a| !(a.first && a.shape && a.offset));
        wrong.map(line).collect()
    }

    pub fn share(&self, of: impl Fn(&Answer) -> bool, right: impl Fn(&Answer) -> bool) -> f64 {
        let among: Vec<&Answer> = self.answers.iter().filter(|answer| of(answer)).collect();
        among.iter().filter(|answer| right(answer)).count() as f64 / among.len().max(1) as f64
    }
}

pub fn is_picture(what: &str, shape: &[usize]) -> bool {
    shape.len() > 1 && matches!(what, "image" | "heights" | "mask")
}

fn answer(case: &Case) -> Answer {
    let guesses =
        guess(&Source::slice(&case.bytes), &GuessOptions::new()).expect("nothing is said");
    let right = |guess: &Guess| match case.is_noise() {
        true => guess.what.starts_with("random"),
        false => guess.dtype.as_ref().is_some_and(|dtype| case.same_values(dtype)),
    };
    let first = &guesses[0];
    let dtypes: Vec<String> = guesses
        .iter()
        .take(4)
        .map(|guess| {
            let dtype = guess.dtype.as_ref().and_then(ndbytes::DType::typestr);
            format!(
                "{} {:?}+{} {:.3}",
                dtype.unwrap_or(guess.what.clone()),
                &guess.shape[..],
                guess.offset,
                guess.probability
            )
        })
        .collect();
    Answer {
        source: case.source.clone(),
        what: case.what,
        variant: case.variant,
        truth: format!(
            "{} {:?}+{}",
            case.dtype.typestr().unwrap_or_default(),
            case.shape,
            case.offset
        ),
        said: dtypes.join("; "),
        exact: first.dtype.as_ref() == Some(&case.dtype),
        first: right(first),
        in_three: guesses.iter().take(3).any(right),
        shape: first.shape[..] == case.shape[..],
        offset: first.offset == case.offset,
        sure_of_dtype: guesses
            .iter()
            .filter(|guess| match (&guess.dtype, &first.dtype) {
                (Some(one), Some(other)) => one == other || (right(guess) && right(first)),
                _ => false,
            })
            .map(|guess| guess.probability)
            .sum(),
        sure: first.probability,
        several_dims: case.shape.len() > 1,
        is_picture: is_picture(case.what, &case.shape),
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = |_: &Answer| true;
        let percent = |share: f64| format!("{:.1} %", 100.0 * share);
        writeln!(f, "{} cases", self.answers.len())?;
        writeln!(f, "  dtype exact {}", percent(self.share(all, |a| a.exact)))?;
        writeln!(f, "  same values {}", percent(self.share(all, |a| a.first)))?;
        writeln!(f, "  in three    {}", percent(self.share(all, |a| a.in_three)))?;
        writeln!(f, "  shape       {}", percent(self.share(all, |a| a.shape)))?;
        writeln!(
            f,
            "  pictures    {} of {}",
            percent(self.share(|a| a.is_picture, |a| a.shape)),
            self.answers.iter().filter(|a| a.is_picture).count()
        )?;
        writeln!(f, "  offset      {}", percent(self.share(all, |a| a.offset)))?;
        for low in [0.0, 0.5, 0.7, 0.9, 0.97] {
            let high = [0.5, 0.7, 0.9, 0.97, 1.1]
                [[0.0, 0.5, 0.7, 0.9, 0.97].iter().position(|&x| x == low).unwrap()];
            let here = |a: &Answer| (low..high).contains(&a.sure_of_dtype);
            let count = self.answers.iter().filter(|a| here(a)).count();
            let there = |a: &Answer| (low..high).contains(&a.sure);
            let also = self.answers.iter().filter(|a| there(a)).count();
            writeln!(
                f,
                "  {low:.2}..{high:.2}: dtype right {} of {count}; all right {} of {also}",
                percent(self.share(here, |a| a.first)),
                percent(self.share(there, |a| a.first && a.shape && a.offset))
            )?;
        }
        Ok(())
    }
}

pub fn write_weights(reading: &[f64], shape: &[f64]) {
    let (readings, shapes) = fitting::NAMES;
    let lines = |names: &[&str], weights: &[f64]| -> String {
        names
            .iter()
            .zip(weights)
            .map(|(name, weight)| format!("    {weight:.4}, // {name}\n"))
            .collect()
    };
    let text = format!(
        "//! What each feature counts for. Fitted to the half of the cases that is tuned on; see\n\
         //! docs/guess.md. Written by `cargo xtask guess --fit`.\n\n\
         /// One for each feature of a reading, in their order.\n\
         pub(super) const READING: &[f64] = &[\n{}];\n\n\
         /// One for each feature of a shape, in their order.\n\
         pub(super) const SHAPE: &[f64] = &[\n{}];\n",
        lines(readings, reading),
        lines(shapes, shape)
    );
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/guess/weights.rs");
    std::fs::write(path, text).expect("the weights are written");
}
