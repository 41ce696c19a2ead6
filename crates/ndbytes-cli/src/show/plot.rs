//! Lines and bars of characters. Nothing here writes.

use std::fmt::Write as _;

use super::statistics::short;
use crate::screen::grouped;

/// Lines that a plot is high.
const HEIGHT: usize = 8;

/// The lowest and the highest of the numbers that share a column; `None` where there are none.
pub(super) type Span = Option<(f64, f64)>;

/// How many columns of spans a plot of so many characters has.
pub(super) fn columns(width: usize, ascii: bool, range: (f64, f64)) -> usize {
    let room = width.saturating_sub(margin(range) + 1).max(1);
    if ascii { room } else { 2 * room }
}

fn margin((low, high): (f64, f64)) -> usize {
    short(low).len().max(short(high).len())
}

/// A line through spans, with its highest and lowest number before it.
pub(super) fn line(spans: &[Span], range: (f64, f64), ascii: bool) -> Vec<String> {
    let margin = margin(range);
    let dots = if ascii { HEIGHT } else { 4 * HEIGHT };
    let (low, high) = range;
    // Halves, since the whole may be infinite. What is everywhere the same is in the middle.
    let place = |number: f64| match low < high {
        true => {
            let share = (number / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0);
            ((1.0 - share) * (dots - 1) as f64).round() as usize
        }
        false => dots / 2,
    };
    let mut is_set = vec![vec![false; spans.len()]; dots];
    let mut before: Option<(usize, usize)> = None;
    for (column, span) in spans.iter().enumerate() {
        let here = span.map(|(least, most)| (place(most), place(least)));
        if let Some((top, bottom)) = here {
            // A line from one column to the next has no gaps.
            let (from, to) = match before {
                Some((_, last)) if last + 1 < top => (last + 1, bottom),
                Some((first, _)) if first > bottom + 1 => (top, first - 1),
                _ => (top, bottom),
            };
            is_set[from..=to].iter_mut().for_each(|row| row[column] = true);
        }
        before = here;
    }
    let rows = match ascii {
        true => is_set
            .iter()
            .map(|row| row.iter().map(|&dot| if dot { '*' } else { ' ' }).collect())
            .collect(),
        false => braille(&is_set),
    };
    let label = |row: usize| match row {
        0 => short(high),
        _ if row == HEIGHT - 1 => short(low),
        _ => String::new(),
    };
    let lines = rows.iter().enumerate().map(|(row, text): (usize, &String)| {
        format!("{:>margin$} {text}", label(row)).trim_end().to_owned()
    });
    lines.collect()
}

/// Two columns and four rows of dots in each character.
fn braille(is_set: &[Vec<bool>]) -> Vec<String> {
    // The numbers of the dots, as the code points have them.
    const BITS: [[u32; 2]; 4] = [[0, 3], [1, 4], [2, 5], [6, 7]];
    let character = |rows: &[Vec<bool>], column: usize| {
        let mut bits = 0;
        for (row, places) in rows.iter().zip(BITS) {
            for (side, place) in places.into_iter().enumerate() {
                bits |= u32::from(row.get(column + side).is_some_and(|&dot| dot)) << place;
            }
        }
        match bits {
            0 => ' ',
            bits => char::from_u32(0x2800 + bits).unwrap_or(' '),
        }
    };
    let width = is_set.first().map_or(0, Vec::len);
    let lines = is_set
        .chunks(4)
        .map(|rows| (0..width).step_by(2).map(|column| character(rows, column)).collect());
    lines.collect()
}

/// A bar a row, as long as its count, between what it counts and how many.
pub(super) fn bars(rows: &[(String, usize)], width: usize, ascii: bool) -> Vec<String> {
    let labels = rows.iter().map(|(label, _)| label.chars().count()).max().unwrap_or(0);
    let counts: Vec<String> = rows.iter().map(|(_, count)| grouped(count)).collect();
    let digits = counts.iter().map(String::len).max().unwrap_or(0);
    let room = width.saturating_sub(labels + digits + 4);
    let most = rows.iter().map(|(_, count)| *count).max().unwrap_or(0).max(1);
    let lines = rows.iter().zip(&counts).map(|((label, count), shown)| {
        // What is there is seen, however little it is.
        let eighths = (*count as u128 * (8 * room) as u128).div_ceil(most as u128) as usize;
        let mut bar = match ascii {
            true => "#".repeat(eighths.div_ceil(8)),
            false => "█".repeat(eighths / 8),
        };
        if !ascii && !eighths.is_multiple_of(8) {
            bar.extend(char::from_u32(0x2590 - (eighths % 8) as u32));
        }
        let space = labels - label.chars().count();
        let mut line = format!("{:space$}{label}  {shown:>digits$}", "");
        if room >= 4 && *count > 0 {
            let _ = write!(line, "  {bar}");
        }
        line
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(numbers: &[f64]) -> Vec<Span> {
        numbers.iter().map(|&n| n.is_finite().then_some((n, n))).collect()
    }

    #[test]
    fn a_line_in_characters() {
        let numbers: Vec<f64> = (0..8).map(f64::from).collect();
        let shown = line(&spans(&numbers), (0.0, 7.0), true);
        let expected =
            ["7        *", "        *", "       *", "      *", "     *", "    *", "   *", "0 *"];
        assert_eq!(shown, expected);
        let gap = line(&spans(&[0.0, f64::NAN, 7.0, 0.0]), (0.0, 7.0), true);
        assert_eq!(gap[0], "7   *");
        assert_eq!(gap[3], "     *");
        assert_eq!(gap[7], "0 *  *");
        let flat = line(&spans(&[2.0; 3]), (2.0, 2.0), true);
        assert_eq!(flat[4], "  ***");
        let wide = line(&spans(&[f64::MIN, f64::MAX]), (f64::MIN, f64::MAX), true);
        assert!(wide[0].ends_with(" *") && wide[7].ends_with(" *"), "{wide:?}");
    }

    #[test]
    fn a_line_in_dots() {
        let numbers: Vec<f64> = (0..32).map(f64::from).collect();
        let shown = line(&spans(&numbers), (0.0, 31.0), false);
        assert_eq!(shown[7], " 0 ⡠⠊");
        assert_eq!(shown[0], "31               ⡠⠊");
        assert_eq!(columns(80, false, (0.0, 31.0)), 154);
        assert_eq!(columns(80, true, (0.0, 31.0)), 77);
        assert_eq!(columns(2, true, (0.0, 31.0)), 1);
    }

    #[test]
    fn bars_are_as_long_as_their_counts() {
        let rows = [("a".to_owned(), 1000), ("bc".to_owned(), 250), ("d".to_owned(), 0)];
        let shown = bars(&rows, 19, true);
        assert_eq!(shown, [" a  1,000  ########", "bc    250  ##", " d      0"]);
        let shown = bars(&rows, 19, false);
        assert_eq!(shown[..2], [" a  1,000  ████████", "bc    250  ██"]);
        let shown = bars(&[("x".to_owned(), 16), ("y".to_owned(), 1)], 11, false);
        assert_eq!(shown, ["x  16  ████", "y   1  ▎"]);
        assert_eq!(bars(&rows, 8, true)[0], " a  1,000");
    }
}
