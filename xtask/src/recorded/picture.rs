//! A screen as SVG: text as text, blocks as rectangles, so that no font leaves gaps between them.

use std::fmt::Write as _;

use super::terminal::{Cell, Color, Style};

/// A character is so wide and so high, and this is around all of them.
const WIDTH: f64 = 8.0;
const HEIGHT: f64 = 17.0;
const MARGIN: f64 = 14.0;
const PAPER: Color = [0x0D, 0x11, 0x17];
const INK: Color = [0xE6, 0xED, 0xF3];
const FONT: &str = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace";

/// The picture of a screen.
pub(super) fn svg(lines: &[Vec<Cell>]) -> String {
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let (width, height) = (size(columns, WIDTH), size(lines.len(), HEIGHT));
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"{FONT}\" font-size=\"13\">\n\
         <rect width=\"{width}\" height=\"{height}\" rx=\"6\" fill=\"{}\"/>\n",
        hex(PAPER)
    );
    for (row, line) in lines.iter().enumerate() {
        let y = MARGIN + row as f64 * HEIGHT;
        for run in line.chunk_by(|a, b| part(a) == part(b) && is_text(a) == is_text(b)) {
            let start = offset(run, line);
            let x = MARGIN + start as f64 * WIDTH;
            let wide = run.len() as f64 * WIDTH;
            if let Some(paper) = run[0].style.paper {
                rect(&mut svg, (x, y), (wide, HEIGHT), paper, 1.0);
            }
            match block(run[0].shown) {
                Some(([left, top, right, bottom], opacity)) => {
                    // Those that fill the width of a character are one beside another.
                    let count = if left == 0.0 && right == 1.0 { 1 } else { run.len() };
                    let step = wide / count as f64;
                    for index in 0..count {
                        let x = x + index as f64 * step + left * step;
                        let place = (x, y + top * HEIGHT);
                        let size = ((right - left) * step, (bottom - top) * HEIGHT);
                        rect(&mut svg, place, size, ink(run[0].style), opacity);
                    }
                }
                None => text(&mut svg, run, x, y + 0.75 * HEIGHT),
            }
        }
    }
    svg.push_str("</svg>\n");
    svg
}

fn size(count: usize, each: f64) -> f64 {
    2.0 * MARGIN + count as f64 * each
}

/// What has to be alike for characters to be drawn as one: the style, and the block that they are.
fn part(cell: &Cell) -> (Style, Option<char>) {
    (cell.style, block(cell.shown).map(|_| cell.shown))
}

fn is_text(cell: &Cell) -> bool {
    block(cell.shown).is_none()
}

/// Where a run of a line starts.
fn offset(run: &[Cell], line: &[Cell]) -> usize {
    (run.as_ptr() as usize - line.as_ptr() as usize) / size_of::<Cell>()
}

/// What part of its place a block fills (left, top, right, bottom), and how densely.
fn block(shown: char) -> Option<([f64; 4], f64)> {
    Some(match shown {
        '▀' => ([0.0, 0.0, 1.0, 0.5], 1.0),
        '█' => ([0.0, 0.0, 1.0, 1.0], 1.0),
        '▌' => ([0.0, 0.0, 0.5, 1.0], 1.0),
        '▐' => ([0.5, 0.0, 1.0, 1.0], 1.0),
        '░' => ([0.0, 0.0, 1.0, 1.0], 0.25),
        '▒' => ([0.0, 0.0, 1.0, 1.0], 0.5),
        '▓' => ([0.0, 0.0, 1.0, 1.0], 0.75),
        // Those that fill a number of eighths from below.
        '▁'..='▇' => {
            let eighths = f64::from(u32::from(shown) - u32::from('▁') + 1);
            ([0.0, 1.0 - eighths / 8.0, 1.0, 1.0], 1.0)
        }
        _ => return None,
    })
}

fn ink(style: Style) -> Color {
    let ink = style.ink.unwrap_or(INK);
    match style.dim {
        false => ink,
        true => std::array::from_fn(|part| {
            (u16::from(ink[part]) * 3 / 5 + u16::from(PAPER[part]) * 2 / 5) as u8
        }),
    }
}

fn rect(
    svg: &mut String,
    (x, y): (f64, f64),
    (width, height): (f64, f64),
    fill: Color,
    opacity: f64,
) {
    let fill = hex(fill);
    let opacity = if opacity < 1.0 { format!(" opacity=\"{opacity}\"") } else { String::new() };
    // Writing to a string does not fail.
    let _ = writeln!(
        svg,
        "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{fill}\"{opacity} \
         shape-rendering=\"crispEdges\"/>"
    );
}

fn text(svg: &mut String, run: &[Cell], x: f64, y: f64) {
    let all: String = run.iter().map(|cell| cell.shown).collect();
    let shown = all.trim_end();
    let before = shown.chars().take_while(|c| *c == ' ').count();
    let shown = shown.trim_start();
    if shown.is_empty() {
        return;
    }
    // Each character in its column, whatever the font.
    let places: Vec<String> = (before..before + shown.chars().count())
        .map(|column| (x + column as f64 * WIDTH).to_string())
        .collect();
    let bold = if run[0].style.bold { " font-weight=\"bold\"" } else { "" };
    let fill = hex(ink(run[0].style));
    let escaped = shown.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let _ = writeln!(
        svg,
        "<text x=\"{}\" y=\"{y}\" fill=\"{fill}\"{bold} xml:space=\"preserve\">{escaped}</text>",
        places.join(" ")
    );
}

fn hex([red, green, blue]: Color) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_text_and_blocks_are_rectangles() {
        let red = Style { ink: Some([255, 0, 0]), ..Style::default() };
        let paper = Style { paper: Some([0, 0, 255]), ..red };
        let cell = |shown, style| Cell { shown, style };
        let line = vec![
            cell('a', Style::default()),
            cell('<', Style::default()),
            cell('▀', paper),
            cell('▀', paper),
            cell('b', red),
        ];
        let svg = svg(&[line]);
        assert!(svg.contains("<text x=\"14 22\"") && svg.contains(">a&lt;</text>"), "{svg}");
        let blue = "<rect x=\"30\" y=\"14\" width=\"16\" height=\"17\" fill=\"#0000ff\"";
        let half = "<rect x=\"30\" y=\"14\" width=\"16\" height=\"8.5\" fill=\"#ff0000\"";
        assert!(svg.contains(blue) && svg.contains(half), "{svg}");
        assert!(svg.contains("<text x=\"46\"") && svg.ends_with("</svg>\n"), "{svg}");
        assert_eq!(block('▄'), Some(([0.0, 0.5, 1.0, 1.0], 1.0)));
    }
}
