//! Pictures in the ways that terminals can show them, as text. Nothing here writes.

use std::fmt::Write as _;

use base64::Engine as _;

use super::picture::{IN_COLOR, Picture, PictureKind, Point, Room};

/// How a picture is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Graphics {
    /// The protocol of kitty, for PNG files.
    Kitty,
    /// That of the DEC VT340.
    Sixel,
    /// Two points one above the other in each character: of all colours, or of the 256 that most
    /// terminals have.
    Blocks { all_colors: bool },
    /// Characters as dark as points are light.
    Ascii,
}

/// From low to high.
const RAMP: &[u8] = b" .:-=+*#%@";
const NAN: char = '?';
/// About how many points a character has, across and down, on a screen that shows points and does not
/// say so.
pub(super) const CHARACTER: (usize, usize) = (8, 16);
/// Pictures of few points are enlarged to about this width.
const READABLE: usize = 320;

impl Graphics {
    /// What the terminal says of itself in its environment; it is never asked, since not every one
    /// answers.
    pub(super) fn of_terminal(colored: bool, variable: impl Fn(&str) -> Option<String>) -> Self {
        if !colored {
            return Self::Ascii;
        }
        let [term, program, colors] =
            ["TERM", "TERM_PROGRAM", "COLORTERM"].map(|name| variable(name).unwrap_or_default());
        let all_colors = matches!(&*colors, "truecolor" | "24bit") || term.contains("direct");
        // Between a program and its terminal, these keep only characters.
        if variable("TMUX").is_some() || term.starts_with("screen") || term.starts_with("tmux") {
            return Self::Blocks { all_colors };
        }
        if variable("KITTY_WINDOW_ID").is_some()
            || term == "xterm-kitty"
            || term == "xterm-ghostty"
            || program == "ghostty"
        {
            return Self::Kitty;
        }
        if term.contains("sixel")
            || ["foot", "mlterm", "contour", "yaft"].iter().any(|name| term.starts_with(name))
            // WezTerm knows kitty's way, too, but not all of it.
            || matches!(&*program, "iTerm.app" | "mintty" | "WezTerm")
        {
            return Self::Sixel;
        }
        Self::Blocks { all_colors }
    }

    /// How many points there is room for, in so many columns and lines of characters.
    pub(super) fn room(
        self,
        (columns, lines): (usize, usize),
        character: (usize, usize),
        shape: (usize, usize),
    ) -> Room {
        match self {
            Self::Blocks { .. } => Room { width: columns, height: 2 * lines, aspect: 1 },
            Self::Kitty | Self::Sixel => {
                Room { width: columns * character.0, height: lines * character.1, aspect: 1 }
            }
            // A character is about twice as high as wide: two of them are a square.
            Self::Ascii if shape.0 <= lines && 2 * shape.1 <= columns => {
                Room { width: columns / 2, height: lines, aspect: 1 }
            }
            Self::Ascii => Room { width: columns, height: lines, aspect: 2 },
        }
    }

    /// The lines that show a picture, the last one ended. `room` is what it was made for.
    pub(super) fn draw(self, picture: &Picture, room: Room) -> Result<String, png::EncodingError> {
        let enlarged = || {
            let factor = (READABLE.min(room.width) / picture.width.max(1))
                .min(room.height / picture.height.max(1));
            picture.enlarged(factor.max(1))
        };
        Ok(match self {
            Self::Kitty => kitty(&enlarged().png()?),
            Self::Sixel => sixel(&enlarged()),
            Self::Blocks { all_colors } => blocks(picture, all_colors),
            Self::Ascii => ascii(picture, if room.aspect == 1 { 2 } else { 1 }),
        })
    }

    /// What stands for low, high and NaN, in words.
    pub(super) fn words(self) -> [&'static str; 3] {
        if self == Self::Ascii { ["blank", "@", "?"] } else { IN_COLOR }
    }
}

fn ascii(picture: &Picture, times: usize) -> String {
    let mut text = String::new();
    for row in 0..picture.height {
        for column in 0..picture.width {
            let level = picture.at(row, column).and_then(|point| point.level);
            let character =
                level.map_or(NAN, |level| char::from(RAMP[usize::from(level) * RAMP.len() / 256]));
            text.extend(std::iter::repeat_n(character, times));
        }
        text.truncate(text.trim_end_matches(' ').len());
        text.push('\n');
    }
    text
}

fn blocks(picture: &Picture, all_colors: bool) -> String {
    let code = |ground: u8, point: Point| match (point.color, all_colors) {
        ([red, green, blue], true) => format!("{ground};2;{red};{green};{blue}"),
        (color, false) => format!("{ground};5;{}", nearest(color)),
    };
    let mut text = String::new();
    for row in (0..picture.height).step_by(2) {
        let mut current = String::new();
        for column in 0..picture.width {
            let Some(upper) = picture.at(row, column) else { continue };
            let lower = (row + 1 < picture.height).then(|| picture.at(row + 1, column)).flatten();
            let mut wanted = code(38, upper);
            if let Some(lower) = lower {
                let _ = write!(wanted, ";{}", code(48, lower));
            }
            if wanted != current {
                let _ = write!(text, "\x1b[{wanted}m");
                current = wanted;
            }
            text.push('▀');
        }
        text.push_str("\x1b[0m\n");
    }
    text
}

/// The nearest of the colours 16 to 255 that xterm has: a cube and a row of greys.
fn nearest(color: [u8; 3]) -> u8 {
    const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let far = |one: [u8; 3]| -> u32 {
        one.iter().zip(color).map(|(&a, b)| u32::from(a.abs_diff(b)).pow(2)).sum()
    };
    let part = |value: u8| (0..6).min_by_key(|&at| CUBE[at as usize].abs_diff(value)).unwrap_or(0);
    let [red, green, blue] = color.map(part);
    let in_cube = [red, green, blue].map(|at| CUBE[usize::from(at)]);
    let mean = color.iter().map(|&part| u16::from(part)).sum::<u16>() / 3;
    let grey = (mean.saturating_sub(3) / 10).min(23) as u8;
    match far([8 + 10 * grey; 3]) < far(in_cube) {
        true => 232 + grey,
        false => 16 + 36 * red + 6 * green + blue,
    }
}

/// A PNG file in pieces that terminals take. It is shown as large as it is: told how many columns to
/// fill, not all of them keep its shape.
fn kitty(png: &[u8]) -> String {
    const PIECE: usize = 4096;
    let encoded = base64::engine::general_purpose::STANDARD.encode(png);
    let pieces = encoded.as_bytes().chunks(PIECE);
    let last = pieces.len().saturating_sub(1);
    let mut text = String::with_capacity(encoded.len() + 64);
    for (index, piece) in pieces.enumerate() {
        let head = if index == 0 { "a=T,f=100," } else { "" };
        let more = u8::from(index < last);
        let _ = write!(text, "\x1b_G{head}q=2,m={more};{}\x1b\\", String::from_utf8_lossy(piece));
    }
    text.push('\n');
    text
}

/// Levels of a scale, and of each part of a colour, that a sixel picture has.
const LEVELS: u16 = 64;
const PARTS: u16 = 6;

/// Six rows at a time, one colour after the other.
fn sixel(picture: &Picture) -> String {
    let is_scale = matches!(picture.kind, PictureKind::Grey | PictureKind::Scale);
    let number = |point: Point, row: usize, column: usize| -> u16 {
        match (is_scale, point.level) {
            (true, Some(level)) => u16::from(level) * LEVELS / 256,
            (true, None) => LEVELS,
            (false, _) => point.color.iter().fold(0, |number, &part| {
                number * PARTS + (u16::from(part) * (PARTS - 1) + dither(row, column)) / 255
            }),
        }
    };
    let mut text = format!("\x1bPq\"1;1;{};{}", picture.width, picture.height);
    let count = if is_scale { LEVELS + 1 } else { PARTS.pow(3) };
    let mut colors: Vec<Option<[u8; 3]>> = vec![None; usize::from(count)];
    let mut numbers = Vec::with_capacity(picture.points.len());
    for (row, column) in (0..picture.height).flat_map(|r| (0..picture.width).map(move |c| (r, c))) {
        let Some(point) = picture.at(row, column) else { continue };
        let number = number(point, row, column);
        let parts = [number / PARTS / PARTS, number / PARTS % PARTS, number % PARTS];
        let even = parts.map(|part| (part * 255 / (PARTS - 1)).min(255) as u8);
        colors[usize::from(number)].get_or_insert(if is_scale { point.color } else { even });
        numbers.push(number);
    }
    for (number, color) in colors.iter().enumerate() {
        if let Some(color) = color {
            let [red, green, blue] = color.map(|part| (u16::from(part) * 100 + 127) / 255);
            let _ = write!(text, "#{number};2;{red};{green};{blue}");
        }
    }
    let width = picture.width.max(1);
    for band in numbers.chunks(6 * width) {
        let mut used = vec![false; usize::from(count)];
        band.iter().for_each(|&number| used[usize::from(number)] = true);
        for number in (0..count).filter(|&number| used[usize::from(number)]) {
            let _ = write!(text, "#{number}");
            let bits = |column: usize| {
                let rows = band.iter().skip(column).step_by(width).enumerate();
                rows.fold(0, |bits, (row, &here)| bits | u8::from(here == number) << row)
            };
            let mut run = (bits(0), 0);
            for column in 0..width {
                let here = bits(column);
                if here != run.0 {
                    push_run(&mut text, run);
                    run = (here, 0);
                }
                run.1 += 1;
            }
            if run.0 != 0 {
                push_run(&mut text, run);
            }
            // Back to the left edge.
            text.push('$');
        }
        text.push('-');
    }
    text.push_str("\x1b\\\n");
    text
}

/// What is rounded up at a point: between two of few parts, as many points show the upper one as the
/// colour is near it, spread evenly. A colour that is among the few stays.
fn dither(row: usize, column: usize) -> u16 {
    const ORDER: [[u16; 4]; 4] = [[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]];
    ORDER[row % 4][column % 4] * 16 + 7
}

fn push_run(text: &mut String, (bits, count): (u8, usize)) {
    let character = char::from(b'?' + bits);
    match count {
        0..=3 => text.extend(std::iter::repeat_n(character, count)),
        _ => {
            let _ = write!(text, "!{count}{character}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey(width: usize, levels: &[Option<u8>]) -> Picture {
        let point = |&level: &Option<u8>| Point {
            color: level.map_or([213, 94, 0], |level| [level; 3]),
            alpha: 255,
            level,
        };
        Picture {
            width,
            height: levels.len() / width,
            points: levels.iter().map(point).collect(),
            kind: PictureKind::Scale,
        }
    }

    #[test]
    fn characters() {
        let picture = grey(3, &[Some(0), Some(128), Some(255), None, Some(255), Some(0)]);
        assert_eq!(ascii(&picture, 1), " +@\n?@\n");
        assert_eq!(ascii(&picture, 2), "  ++@@\n??@@\n");
    }

    #[test]
    fn half_blocks() {
        let picture = grey(2, &[Some(0), Some(0), Some(255), Some(255), Some(9), None]);
        let two = "\x1b[38;2;0;0;0;48;2;255;255;255m▀▀\x1b[0m\n";
        let one = "\x1b[38;2;9;9;9m▀\x1b[38;2;213;94;0m▀\x1b[0m\n";
        assert_eq!(blocks(&picture, true), format!("{two}{one}"));
        let few = blocks(&picture, false);
        assert!(few.starts_with("\x1b[38;5;16;48;5;231m▀▀"), "{few:?}");
    }

    #[test]
    fn the_nearest_of_few_colors() {
        for (color, number) in [
            ([0, 0, 0], 16),
            ([255, 255, 255], 231),
            ([255, 0, 0], 196),
            ([128, 128, 128], 244),
            ([8, 8, 8], 232),
            ([95, 135, 175], 67),
        ] {
            assert_eq!(nearest(color), number, "{color:?}");
        }
    }

    #[test]
    fn kitty_takes_a_png_in_pieces() {
        let text = kitty(&[7; 4000]);
        assert!(text.starts_with("\x1b_Ga=T,f=100,q=2,m=1;BwcH"), "{}", &text[..40]);
        assert!(text.ends_with("\x1b\\\n"));
        assert_eq!(text.matches("\x1b_G").count(), 2);
        let data: String = text
            .trim_end()
            .split("\x1b\\")
            .filter_map(|piece| piece.split_once(';'))
            .map(|(_, data)| data)
            .collect();
        let png = base64::engine::general_purpose::STANDARD.decode(data).unwrap();
        assert_eq!(png, [7; 4000]);
    }

    /// Draws what a terminal would, from what it is told.
    fn drawn(text: &str) -> Vec<Vec<Option<u16>>> {
        let inside = text.strip_prefix("\x1bPq\"1;1;").unwrap().strip_suffix("\x1b\\\n").unwrap();
        let (size, rest) = inside.split_at(inside.find('#').unwrap());
        let (width, height) = size.split_once(';').unwrap();
        let mut points = vec![vec![None; width.parse().unwrap()]; height.parse().unwrap()];
        let (mut color, mut row, mut column, mut times) = (0, 0, 0, 1);
        let mut rest = rest.chars().peekable();
        while let Some(c) = rest.next() {
            let mut digits = String::new();
            while matches!(c, '#' | '!')
                && rest.peek().is_some_and(|c| c.is_ascii_digit() || *c == ';')
            {
                digits.extend(rest.next());
            }
            match c {
                '#' => color = digits.split(';').next().unwrap().parse().unwrap(),
                '!' => times = digits.parse().unwrap(),
                '$' => column = 0,
                '-' => (row, column) = (row + 6, 0),
                '?'..='~' => {
                    let bits = c as u8 - b'?';
                    for bit in (0..6).filter(|bit| bits >> bit & 1 == 1) {
                        points[row + bit][column..column + times].fill(Some(color));
                    }
                    (column, times) = (column + times, 1);
                }
                other => panic!("{other:?} in a sixel picture"),
            }
        }
        points
    }

    #[test]
    fn sixels_are_the_points_they_came_from() {
        let levels: Vec<Option<u8>> = (0..13 * 9)
            .map(|i| if i % 11 == 0 { None } else { Some((i * 37 % 256) as u8) })
            .collect();
        let picture = grey(9, &levels);
        let points = drawn(&sixel(&picture));
        assert_eq!((points.len(), points[0].len()), (13, 9));
        for (at, level) in levels.iter().enumerate() {
            let expected = level.map_or(LEVELS, |level| u16::from(level) / 4);
            assert_eq!(points[at / 9][at % 9], Some(expected), "{at}");
        }
        let mut colored = grey(2, &[Some(0), Some(255)]);
        colored.kind = PictureKind::Rgb;
        colored.points[0].color = [255, 0, 51];
        let text = sixel(&colored);
        assert!(
            text.contains("#181;2;100;0;20") && text.contains("#215;2;100;100;100"),
            "{text:?}"
        );
        assert_eq!(drawn(&text), [[Some(181), Some(215)]]);
    }

    #[test]
    fn colors_between_those_of_sixels_are_mixed_of_them() {
        let mut picture = grey(16, &[Some(0); 16 * 16]);
        picture.kind = PictureKind::Rgb;
        picture.points.iter_mut().for_each(|point| point.color = [51 * 2 + 17, 255, 0]);
        let points = drawn(&sixel(&picture));
        let counts = [2, 3].map(|red| {
            let number = Some((red * PARTS + 5) * PARTS);
            points.iter().flatten().filter(|&&point| point == number).count()
        });
        // A third of the way, as nearly as sixteenths can say.
        assert_eq!(counts, [11 * 16, 5 * 16]);
    }

    #[test]
    fn small_pictures_are_enlarged_as_far_as_there_is_room() {
        let tall = grey(2, &[Some(0); 2 * 200]);
        let room = Graphics::Kitty.room((80, 40), (10, 20), (200, 2));
        assert_eq!((room.width, room.height), (800, 800));
        let text = Graphics::Sixel.draw(&tall, room).unwrap();
        assert!(text.starts_with("\x1bPq\"1;1;8;800#"), "{}", &text[..20]);
        let encoded = Graphics::Kitty.draw(&tall, room).unwrap();
        let (_, encoded) = encoded.split_once(";").unwrap();
        let start = base64::engine::general_purpose::STANDARD.decode(&encoded[..32]).unwrap();
        assert_eq!(start[16..24], [0, 0, 0, 8, 0, 0, 3, 32]);
    }

    #[test]
    fn terminals_are_told_by_their_environment() {
        let told = |variables: &[(&str, &str)]| {
            Graphics::of_terminal(true, |name| {
                let found = variables.iter().find(|(variable, _)| *variable == name);
                found.map(|(_, value)| (*value).to_owned())
            })
        };
        let (many, few) =
            (Graphics::Blocks { all_colors: true }, Graphics::Blocks { all_colors: false });
        assert_eq!(told(&[("TERM", "xterm-256color")]), few);
        assert_eq!(told(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]), many);
        assert_eq!(told(&[("TERM", "xterm-kitty")]), Graphics::Kitty);
        assert_eq!(told(&[("TERM", "xterm-256color"), ("KITTY_WINDOW_ID", "1")]), Graphics::Kitty);
        assert_eq!(told(&[("TERM_PROGRAM", "ghostty")]), Graphics::Kitty);
        assert_eq!(told(&[("TERM", "foot")]), Graphics::Sixel);
        assert_eq!(told(&[("TERM_PROGRAM", "WezTerm")]), Graphics::Sixel);
        assert_eq!(told(&[("TERM", "tmux-256color"), ("KITTY_WINDOW_ID", "1")]), few);
        assert_eq!(told(&[("TERM", "xterm-kitty"), ("TMUX", "x")]), few);
        assert_eq!(
            Graphics::of_terminal(false, |_| Some("xterm-kitty".to_owned())),
            Graphics::Ascii
        );
    }
}
