//! What a terminal would show: characters, each with its colours.

/// A character on the screen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cell {
    pub(super) shown: char,
    pub(super) style: Style,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Style {
    pub(super) ink: Option<Color>,
    pub(super) paper: Option<Color>,
    pub(super) bold: bool,
    pub(super) dim: bool,
}

pub(super) type Color = [u8; 3];

/// The eight colours, and the same eight brighter.
const COLORS: [Color; 16] = [
    [0x48, 0x4F, 0x58],
    [0xFF, 0x7B, 0x72],
    [0x3F, 0xB9, 0x50],
    [0xD2, 0x99, 0x22],
    [0x58, 0xA6, 0xFF],
    [0xBC, 0x8C, 0xFF],
    [0x39, 0xC5, 0xCF],
    [0xB1, 0xBA, 0xC4],
    [0x6E, 0x76, 0x81],
    [0xFF, 0xA1, 0x98],
    [0x56, 0xD3, 0x64],
    [0xE3, 0xB3, 0x41],
    [0x79, 0xC0, 0xFF],
    [0xD2, 0xA8, 0xFF],
    [0x56, 0xD4, 0xDD],
    [0xF0, 0xF6, 0xFC],
];

/// The lines of a screen on which `command` was typed, and said `text`.
pub(super) fn lines(command: &str, text: &str) -> Vec<Vec<Cell>> {
    let mut lines = Vec::new();
    let prompt = Style { ink: Some(COLORS[2]), bold: true, ..Style::default() };
    let typed = Style { bold: true, ..Style::default() };
    let mut first = cells("$ ", prompt);
    first.extend(cells(command, typed));
    lines.push(first);
    let mut style = Style::default();
    for line in text.lines() {
        lines.push(shown(line, &mut style));
    }
    lines
}

fn cells(text: &str, style: Style) -> Vec<Cell> {
    text.chars().map(|shown| Cell { shown, style }).collect()
}

/// One line, whose orders to the terminal change the style. Orders other than of style are left out.
fn shown(line: &str, style: &mut Style) -> Vec<Cell> {
    let mut found = Vec::new();
    let mut rest = line;
    while let Some((before, order)) = rest.split_once("\u{1b}[") {
        found.extend(cells(before, *style));
        let end = order.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(order.len());
        if order[end..].starts_with('m') {
            restyle(&order[..end], style);
        }
        rest = order.get(end + 1..).unwrap_or_default();
    }
    found.extend(cells(rest, *style));
    found
}

/// `1;31`, `38;5;208`, `48;2;10;20;30`.
fn restyle(order: &str, style: &mut Style) {
    let mut codes = order.split([';', ':']).map(|code| code.parse::<u8>().unwrap_or(0));
    while let Some(code) = codes.next() {
        match code {
            0 => *style = Style::default(),
            1 => style.bold = true,
            2 => style.dim = true,
            22 => (style.bold, style.dim) = (false, false),
            30..=37 => style.ink = Some(COLORS[usize::from(code - 30)]),
            90..=97 => style.ink = Some(COLORS[usize::from(code - 90 + 8)]),
            40..=47 => style.paper = Some(COLORS[usize::from(code - 40)]),
            100..=107 => style.paper = Some(COLORS[usize::from(code - 100 + 8)]),
            38 => style.ink = wide(&mut codes),
            48 => style.paper = wide(&mut codes),
            39 => style.ink = None,
            49 => style.paper = None,
            _ => {}
        }
    }
}

/// A colour of 256, or of all there are.
fn wide(codes: &mut impl Iterator<Item = u8>) -> Option<Color> {
    match codes.next()? {
        2 => Some([codes.next()?, codes.next()?, codes.next()?]),
        _ => Some(match codes.next()? {
            code @ 0..=15 => COLORS[usize::from(code)],
            code @ 16..=231 => {
                let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
                let code = code - 16;
                [level(code / 36), level(code / 6 % 6), level(code % 6)]
            }
            code => [8 + 10 * (code - 232); 3],
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_change_the_style_of_what_follows() {
        let mut style = Style::default();
        let line = shown("a\u{1b}[1m\u{1b}[31mb\u{1b}[0mc\u{1b}[2K\u{1b}[38;5;196md", &mut style);
        let text: String = line.iter().map(|cell| cell.shown).collect();
        assert_eq!(text, "abcd");
        assert_eq!(line[0].style, Style::default());
        let red = Style { ink: Some(COLORS[1]), bold: true, ..Style::default() };
        assert_eq!((line[1].style, line[2].style), (red, Style::default()));
        assert_eq!(line[3].style.ink, Some([255, 0, 0]));
        restyle("48;2;1;2;3;39", &mut style);
        assert_eq!((style.paper, style.ink), (Some([1, 2, 3]), None));
        restyle("38;5;255", &mut style);
        assert_eq!(style.ink, Some([238; 3]));
    }
}
