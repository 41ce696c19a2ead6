//! Differences as people read them.

use std::fmt::Write as _;

use super::difference::{Difference, Leaf, Place, Tallies};
use crate::array::{Array, Dims, tuple, unravel};
use crate::error::Result;

/// Puts what was counted into words.
pub(super) fn finish(
    told: &mut Difference,
    a: &Array<'_>,
    b: &Array<'_>,
    leaves: &[Leaf],
    tallies: Tallies,
    backwards: bool,
) -> Result<()> {
    for (leaf, tally) in leaves.iter().zip(&tallies.leaves) {
        if tally.count == 0 {
            continue;
        }
        let (one, other) = leaf.of(a, b)?;
        let place = |flat: usize| place(&one, &other, flat, a.shape().len(), backwards);
        let mut part = Difference {
            size: one.len(),
            count: tally.count,
            first: tally.first.map(place).transpose()?,
            worst: tally.worst.map(|(_, flat)| place(flat)).transpose()?,
            max_abs: tally.max_abs,
            max_rel: tally.max_rel,
            max_ulp: tally.max_ulp,
            nan: tally.nan,
            zero_signs: tally.zero_signs,
            ..Difference::default()
        };
        part.why = in_words(&part);
        if leaf.path.is_empty() {
            let why = std::mem::take(&mut told.why);
            let size = told.size;
            *told = Difference { why: [why, part.why].concat(), size, ..part };
        } else {
            told.fields.push((leaf.name.clone(), part));
        }
    }
    if !told.fields.is_empty() {
        told.count = tallies.count;
        // A name may hold anything, also what would move a terminal's cursor.
        let names: Vec<String> =
            told.fields.iter().map(|(name, _)| name.escape_debug().to_string()).collect();
        let of = told.size;
        told.why.push(format!("{} of {of} elements differ, in {}", told.count, names.join(", ")));
        told.first = match tallies.first {
            Some(flat) => {
                let mut index = unravel(flat, a.shape());
                turn(&mut index, a.shape().len(), backwards);
                Some(Place { index, values: Default::default() })
            }
            None => None,
        };
    }
    if told.count > 0 && a.shape().len() >= 2 {
        told.picture = tallies.picture.by_rows(backwards && a.shape().len() == 2);
    }
    Ok(())
}

fn in_words(part: &Difference) -> Vec<String> {
    let mut why = Vec::new();
    let percent = 100.0 * part.count as f64 / part.size.max(1) as f64;
    why.push(format!("{} of {} elements differ ({percent:.3} %)", part.count, part.size));
    for (count, whose) in part.nan.iter().zip([
        "in the first array only",
        "in the second array only",
        "in both, with different bits",
    ]) {
        match count {
            0 => {}
            1 => why.push(format!("1 is NaN or NaT {whose}")),
            count => why.push(format!("{count} are NaN or NaT {whose}")),
        }
    }
    match part.zero_signs {
        0 => {}
        1 => why.push("1 differs in nothing but the sign of a zero".to_owned()),
        count => why.push(format!("{count} differ in nothing but the sign of a zero")),
    }
    why
}

/// Where an element is, and what is there.
fn place(
    a: &Array<'_>,
    b: &Array<'_>,
    flat: usize,
    outer: usize,
    backwards: bool,
) -> Result<Place> {
    let mut index = unravel(flat, a.shape());
    let values = [a.text(&index)?, b.text(&index)?];
    turn(&mut index, outer, backwards);
    Ok(Place { index, values })
}

/// Brings an index back to the order of the axes that the caller knows.
pub(super) fn turn(index: &mut Dims<usize>, outer: usize, backwards: bool) {
    if backwards {
        index[..outer].reverse();
    }
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.equal {
            return f.write_str("the same");
        }
        let mut lines = self.why.clone();
        lines.extend(self.places());
        for (name, part) in &self.fields {
            let mut line = format!("{}: {}", name.escape_debug(), part.why.join("; "));
            for place in part.places() {
                let _ = write!(line, "; {place}");
            }
            lines.push(line);
        }
        f.write_str(&lines.join("\n"))
    }
}

impl Difference {
    /// The first and the worst element, and the distances, in words.
    fn places(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let place = |what: &str, place: &Place| match place.values.iter().all(String::is_empty) {
            true => format!("{what} at {}", tuple(&place.index)),
            false => {
                let [one, other] = &place.values;
                format!("{what} at {}: {one} and {other}", tuple(&place.index))
            }
        };
        lines.extend(self.first.iter().map(|first| place("first", first)));
        lines.extend(
            self.worst
                .iter()
                .filter(|_| self.count > 1)
                .map(|worst| place("farthest apart", worst)),
        );
        if let Some(max_abs) = self.max_abs {
            let mut line = format!("at most {} apart", shortest(max_abs));
            if let Some(max_rel) = self.max_rel {
                let _ = write!(line, ", {} of the second value", shortest(max_rel));
            }
            if let Some(ulp) = self.max_ulp {
                let _ = write!(line, ", {ulp} ULP");
            }
            lines.push(line);
        }
        lines
    }
}

fn shortest(value: f64) -> String {
    match value != 0.0 && value.is_finite() && !(1e-4..1e9).contains(&value) {
        true => format!("{value:.4e}"),
        false => format!("{}", (value * 1e6).round() / 1e6),
    }
}
