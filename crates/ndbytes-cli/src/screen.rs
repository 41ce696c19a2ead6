//! What people see: lines and aligned tables on stdout, in colour where that is wanted.
//!
//! File names, field names and messages come from strangers, and a terminal obeys what is printed
//! to it. So everything printed here is made printable first.

use std::fmt;
use std::io::{self, BufWriter, IsTerminal as _, StdoutLock, Write as _};

use clap::builder::styling::{AnsiColor, Style};
use ndbytes::array::printable;

const PLAIN: Style = Style::new();
pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(crate) const ODD: Style = AnsiColor::Yellow.on_default();

/// Stdout.
pub(crate) struct Screen {
    out: BufWriter<StdoutLock<'static>>,
    colored: bool,
}

/// A piece of text in one style.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    text: String,
    style: Style,
    right: bool,
}

impl<T: fmt::Display> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(PLAIN, text)
    }
}

impl Cell {
    pub(crate) fn new(style: Style, text: impl fmt::Display) -> Self {
        let text = printable(&text.to_string()).into_owned();
        Self { text, style, right: false }
    }

    /// The same text, at the right edge of its column.
    pub(crate) fn right(self) -> Self {
        Self { right: true, ..self }
    }

    fn width(&self) -> usize {
        self.text.chars().count()
    }
}

impl Screen {
    pub(crate) fn stdout() -> Self {
        let stdout = io::stdout().lock();
        let colored = wants_color(stdout.is_terminal());
        Self { out: BufWriter::new(stdout), colored }
    }

    /// Whether colours are wanted.
    pub(crate) fn is_colored(&self) -> bool {
        self.colored
    }

    /// Columns and lines of the terminal, where there is one.
    pub(crate) fn size(&self) -> Option<(usize, usize)> {
        let (lines, columns) = console::Term::stdout().size_checked()?;
        Some((columns.into(), lines.into()))
    }

    /// Points of one of its characters, across and down, where it says so.
    #[cfg(unix)]
    pub(crate) fn character(&self) -> Option<(usize, usize)> {
        const LIKELY: std::ops::RangeInclusive<usize> = 4..=64;
        let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
        let of_one = |points: u16, characters: u16| {
            points.checked_div(characters).map(usize::from).filter(|points| LIKELY.contains(points))
        };
        Some((of_one(size.ws_xpixel, size.ws_col)?, of_one(size.ws_ypixel, size.ws_row)?))
    }

    #[cfg(not(unix))]
    pub(crate) fn character(&self) -> Option<(usize, usize)> {
        None
    }

    /// A drawing, whose codes are for the terminal to obey: of our own making, with nothing from a
    /// file in it but colours.
    pub(crate) fn drawing(&mut self, drawing: &str) -> io::Result<()> {
        self.out.write_all(drawing.as_bytes())
    }

    pub(crate) fn line(&mut self, cells: &[Cell]) -> io::Result<()> {
        for cell in cells {
            self.cell(cell, 0)?;
        }
        writeln!(self.out)
    }

    /// Lines of cells, each column as wide as its widest cell, two spaces between columns.
    pub(crate) fn table(&mut self, indent: usize, rows: &[Vec<Cell>]) -> io::Result<()> {
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        // The last cell of a row may be as long as it likes, unless it is at the right edge.
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| {
                let cell = row.get(column)?;
                (cell.right || column + 1 < row.len()).then(|| cell.width())
            });
            cells.max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for row in rows {
            write!(self.out, "{:indent$}", "")?;
            let last = row.len().saturating_sub(1);
            for (column, (cell, &width)) in row.iter().zip(&widths).enumerate() {
                let room = if column == last && !cell.right { 0 } else { width };
                self.cell(cell, room)?;
                if column < last {
                    write!(self.out, "  ")?;
                }
            }
            writeln!(self.out)?;
        }
        Ok(())
    }

    fn cell(&mut self, cell: &Cell, width: usize) -> io::Result<()> {
        let space = width.saturating_sub(cell.width());
        let (before, after) = if cell.right { (space, 0) } else { (0, space) };
        let style = if self.colored { cell.style } else { PLAIN };
        let Cell { text, .. } = cell;
        write!(self.out, "{:before$}{style}{text}{style:#}{:after$}", "", "")
    }

    /// One object on one line.
    pub(crate) fn json(&mut self, value: &serde_json::Value) -> io::Result<()> {
        writeln!(self.out, "{value}")
    }

    /// Shows what was written so far, so that it comes before what stderr says next.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Whether what goes to stdout is coloured: on a terminal, unless `NO_COLOR` is set or the terminal
/// knows no colours; elsewhere, if `CLICOLOR_FORCE` is set.
fn wants_color(is_terminal: bool) -> bool {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    if set("NO_COLOR").is_some() {
        return false;
    }
    if set("CLICOLOR_FORCE").is_some_and(|value| value != "0") {
        return true;
    }
    is_terminal
        && set("TERM").is_none_or(|term| term != "dumb")
        && set("CLICOLOR").is_none_or(|value| value != "0")
        // The old console of Windows shows the codes instead of the colours.
        && (cfg!(not(windows)) || set("WT_SESSION").or_else(|| set("TERM")).is_some())
}

/// Writes text of our own, for other programs.
pub(crate) fn write(text: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text)?;
    stdout.flush()
}

/// A whole number with its thousands apart: `6,272`.
pub(crate) fn grouped(number: impl fmt::Display) -> String {
    let digits = number.to_string();
    let mut shown = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// A number of things: `1 byte`, `6,272 bytes`.
pub(crate) fn counted(number: impl fmt::Display, thing: &str) -> String {
    let number = grouped(number);
    let plural = if number == "1" { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_are_not_given_orders() {
        assert_eq!(Cell::from("a\u{9b}b").text, "a\\u{9b}b");
    }

    #[test]
    fn numbers_and_shapes_are_readable() {
        assert_eq!(
            ["1", "999", "1000", "1234567"].map(grouped),
            ["1", "999", "1,000", "1,234,567"]
        );
        assert_eq!([0, 1, 2000].map(|n| counted(n, "byte")), ["0 bytes", "1 byte", "2,000 bytes"]);
    }
}
