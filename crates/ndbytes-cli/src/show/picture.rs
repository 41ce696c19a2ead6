//! Numbers in two dimensions as a picture. Nothing here knows a terminal or a file.

use ndbytes::{Array, DType, DecodeError, Kind, Scalar};

use super::sample::{every, nth};
use super::statistics::{each, short};

/// What is NaN, in any picture: no level of grey and no colour of the scale comes near it.
const NAN: [u8; 3] = [213, 94, 0];
/// Sides are not made shorter than this for the sake of the other one.
const NARROW: usize = 16;

/// Points of colour, row by row.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Picture {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) points: Vec<Point>,
    pub(super) kind: PictureKind,
}

/// One point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    pub(super) color: [u8; 3],
    pub(super) alpha: u8,
    /// How high the number is between the ends of the scale, or how light the colour; `None` is NaN.
    pub(super) level: Option<u8>,
}

/// Which colours there are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum PictureKind {
    Grey,
    Scale,
    Rgb,
    Rgba,
}

/// The colours of numbers, from low to high.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Colors {
    /// Grey for bytes and booleans, viridis for other numbers
    Auto,
    Grey,
    Viridis,
}

/// How much of an array is drawn, and how large.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    pub(super) width: usize,
    pub(super) height: usize,
    /// How much higher than wide one point is drawn.
    pub(super) aspect: usize,
}

/// How numbers become colours.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    pub(super) colors: Colors,
    /// Shares of the numbers, in percent, that are to be as dark and as light as can be.
    pub(super) percentiles: Option<(f64, f64)>,
    /// What stands for low, high and NaN, in words.
    pub(super) words: [&'static str; 3],
}

/// Where there are colours.
pub(super) const IN_COLOR: [&str; 3] = ["dark", "light", "orange"];

/// Numbers to be drawn: rows, columns, and numbers for each point.
pub(super) struct Raster {
    width: usize,
    height: usize,
    channels: usize,
    numbers: Vec<f64>,
    dtype: DType,
    /// Rows and columns are taken every so many.
    steps: (usize, usize),
}

impl Raster {
    /// The numbers of an array of rows, columns, and perhaps three or four channels: as many rows
    /// and columns as there is room for.
    pub(super) fn of(plane: &Array<'_>, room: Room) -> Result<Self, DecodeError> {
        let (rows, columns) = (plane.shape()[0], plane.shape()[1]);
        let steps = steps(rows, columns, room);
        let part = plane.slice(&[every(steps.0), every(steps.1)])?;
        let mut found = Vec::with_capacity(part.len());
        each(&part, |number| found.push(number))?;
        Ok(Self {
            height: part.shape()[0],
            width: part.shape()[1],
            channels: part.shape().get(2).copied().unwrap_or(1),
            numbers: found,
            dtype: plane.dtype().clone(),
            steps,
        })
    }

    /// Whether the numbers of each point can be the parts of a colour: bytes, or floats from 0 to 1.
    pub(super) fn is_color(&self) -> bool {
        self.is(Scalar::UInt8) || self.numbers.iter().all(|part| (0.0..=1.0).contains(part))
    }

    fn is(&self, scalar: Scalar) -> bool {
        *self.dtype.kind() == Kind::Scalar(scalar)
    }

    /// The picture, and what has to be said about it.
    pub(super) fn picture(&self, style: Style) -> (Picture, Vec<String>) {
        let mut said = self.sampling();
        let (kind, points) = match self.channels {
            1 => {
                let (kind, points, scale) = self.scaled(style);
                said.extend(scale);
                (kind, points)
            }
            channels => {
                let kind = if channels == 4 { PictureKind::Rgba } else { PictureKind::Rgb };
                (kind, self.colored())
            }
        };
        (Picture { width: self.width, height: self.height, points, kind }, said)
    }

    fn sampling(&self) -> Vec<String> {
        Vec::from_iter(match self.steps {
            (1, 1) => None,
            (rows, 1) => Some(format!("every {} row", nth(rows))),
            (1, columns) => Some(format!("every {} column", nth(columns))),
            (rows, columns) if rows == columns => {
                Some(format!("every {} row and column", nth(rows)))
            }
            (rows, columns) => Some(format!("every {} row and {} column", nth(rows), nth(columns))),
        })
    }

    fn colored(&self) -> Vec<Point> {
        let factor = if self.is(Scalar::UInt8) { 1.0 } else { 255.0 };
        let points = self.numbers.chunks_exact(self.channels);
        points
            .map(|parts| {
                let part = |index: usize| (parts[index] * factor).round() as u8;
                let color = [part(0), part(1), part(2)];
                let [red, green, blue] = color.map(u32::from);
                let level = (299 * red + 587 * green + 114 * blue + 500) / 1000;
                let alpha = if self.channels == 4 { part(3) } else { 255 };
                Point { color, alpha, level: Some(level as u8) }
            })
            .collect()
    }

    fn scaled(&self, style: Style) -> (PictureKind, Vec<Point>, Vec<String>) {
        let (low, high, mut said) = self.contrast(style);
        let grey = match style.colors {
            Colors::Auto => self.is(Scalar::UInt8) || self.is(Scalar::Bool),
            colors => colors == Colors::Grey,
        };
        let level = |number: f64| match number {
            number if number.is_nan() => None,
            f64::INFINITY => Some(255),
            f64::NEG_INFINITY => Some(0),
            // What has no contrast is neither dark nor light. Halves, since the whole may be infinite.
            _ if low >= high => Some(128),
            number => {
                let share = (number / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0);
                Some((share * 255.0).round() as u8)
            }
        };
        let scale: Vec<[u8; 3]> = (0..=255_u8)
            .map(|level| match grey {
                true => [level; 3],
                false => {
                    let color = colorous::VIRIDIS.eval_rational(level.into(), 256);
                    [color.r, color.g, color.b]
                }
            })
            .collect();
        let point = |&number: &f64| {
            let level = level(number);
            let color = level.map_or(NAN, |level| scale[usize::from(level)]);
            Point { color, alpha: 255, level }
        };
        let points: Vec<Point> = self.numbers.iter().map(point).collect();
        let any_nan = points.iter().any(|point| point.level.is_none());
        if any_nan {
            said.push(format!("{} is NaN", style.words[2]));
        }
        let kind = if grey && !any_nan { PictureKind::Grey } else { PictureKind::Scale };
        (kind, points, said)
    }

    /// The numbers that are as dark and as light as can be, and how they are said.
    fn contrast(&self, style: Style) -> (f64, f64, Vec<String>) {
        let ([dark, light, _], percentiles) = (style.words, style.percentiles);
        if self.is(Scalar::Bool) {
            return (0.0, 1.0, vec![format!("{light} is True")]);
        }
        let mut finite: Vec<f64> =
            self.numbers.iter().copied().filter(|number| number.is_finite()).collect();
        if finite.is_empty() {
            return (0.0, 0.0, Vec::new());
        }
        let place = |percent: f64, count: usize| {
            ((percent / 100.0 * (count - 1) as f64).round() as usize).min(count - 1)
        };
        let (low, high) = percentiles.unwrap_or((0.0, 100.0));
        let (low_at, high_at) = (place(low, finite.len()), place(high, finite.len()));
        let low = *finite.select_nth_unstable_by(low_at, f64::total_cmp).1;
        let high = *finite.select_nth_unstable_by(high_at, f64::total_cmp).1;
        if low == high {
            return (low, high, vec![format!("all are {}", short(low))]);
        }
        let how = match percentiles {
            Some((from, to)) => format!(", percentiles {} and {}", short(from), short(to)),
            None => String::new(),
        };
        (low, high, vec![format!("{dark} is {}, {light} is {}{how}", short(low), short(high))])
    }
}

/// Every how manieth row and column is drawn.
fn steps(rows: usize, columns: usize, room: Room) -> (usize, usize) {
    let height = room.height * room.aspect;
    let step = columns.div_ceil(room.width.max(1)).max(rows.div_ceil(height.max(1))).max(1);
    // Where one side is much longer, the other one is not lost.
    let side = |length: usize, step: usize, most: usize| match length.div_ceil(step) < NARROW {
        true => length.div_ceil(NARROW.min(most.max(1))).max(1),
        false => step,
    };
    (side(rows, step * room.aspect, room.height), side(columns, step, room.width))
}

impl Picture {
    /// The point at a place, the colour as it is seen on black.
    pub(super) fn at(&self, row: usize, column: usize) -> Option<Point> {
        let mut point = *self.points.get(row * self.width + column)?;
        if point.alpha < 255 {
            let faded = |part: u8| (u16::from(part) * u16::from(point.alpha) / 255) as u8;
            point.color = point.color.map(faded);
            point.level = point.level.map(faded);
        }
        Some(point)
    }

    /// The same, each point drawn `factor` times along both sides.
    pub(super) fn enlarged(&self, factor: usize) -> Self {
        let mut points = Vec::with_capacity(self.points.len() * factor * factor);
        for row in self.points.chunks(self.width.max(1)) {
            for _ in 0..factor {
                points.extend(row.iter().flat_map(|&point| std::iter::repeat_n(point, factor)));
            }
        }
        Self { width: self.width * factor, height: self.height * factor, points, kind: self.kind }
    }

    /// The bytes of a PNG file of this picture.
    pub(super) fn png(&self) -> Result<Vec<u8>, png::EncodingError> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.width as u32, self.height as u32);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_color(match self.kind {
            PictureKind::Grey => png::ColorType::Grayscale,
            PictureKind::Scale | PictureKind::Rgb => png::ColorType::Rgb,
            PictureKind::Rgba => png::ColorType::Rgba,
        });
        let mut data = Vec::with_capacity(self.points.len() * 4);
        for point in &self.points {
            match self.kind {
                PictureKind::Grey => data.push(point.color[0]),
                PictureKind::Scale | PictureKind::Rgb => data.extend(point.color),
                PictureKind::Rgba => {
                    data.extend(point.color);
                    data.push(point.alpha);
                }
            }
        }
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&data)?;
        writer.finish()?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: Room = Room { width: 80, height: 48, aspect: 1 };
    const STYLE: Style = Style { colors: Colors::Auto, percentiles: None, words: IN_COLOR };

    fn picture(array: &Array<'_>, room: Room, style: Style) -> (Picture, Vec<String>) {
        Raster::of(array, room).unwrap().picture(style)
    }

    fn levels(picture: &Picture) -> Vec<Option<u8>> {
        picture.points.iter().map(|point| point.level).collect()
    }

    #[test]
    fn numbers_are_stretched_and_nan_stands_out() {
        let numbers = [-1.0, 0.0, 1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
        let array = Array::from_slice(&numbers, &[2, 3]).unwrap();
        let (drawn, said) = picture(&array, ROOM, STYLE);
        assert_eq!(levels(&drawn), [Some(0), Some(128), Some(255), None, Some(255), Some(0)]);
        assert_eq!(drawn.points[3].color, NAN);
        // The ends of matplotlib's viridis.
        assert_eq!(drawn.points[0].color, [68, 1, 84]);
        assert_eq!(drawn.points[2].color, [253, 231, 37]);
        assert_eq!(said, ["dark is -1, light is 1", "orange is NaN"]);
        let far = [f64::MIN, 0.0, f64::MAX];
        let (drawn, _) = picture(&Array::from_slice(&far, &[1, 3]).unwrap(), ROOM, STYLE);
        assert_eq!(levels(&drawn), [Some(0), Some(128), Some(255)]);
        let (drawn, said) =
            picture(&Array::from_slice(&[f32::NAN; 2], &[1, 2]).unwrap(), ROOM, STYLE);
        assert_eq!((levels(&drawn), said), (vec![None, None], vec!["orange is NaN".to_owned()]));
        let (drawn, _) = picture(&Array::from_slice(&[7_i32; 2], &[1, 2]).unwrap(), ROOM, STYLE);
        assert_eq!(levels(&drawn), [Some(128), Some(128)]);
    }

    #[test]
    fn percentiles_leave_outliers_out() {
        let mut numbers: Vec<i16> = (0..100).collect();
        numbers[99] = 30_000;
        let array = Array::from_slice(&numbers, &[10, 10]).unwrap();
        let style = Style { colors: Colors::Grey, percentiles: Some((1.0, 98.0)), words: IN_COLOR };
        let (drawn, said) = picture(&array, ROOM, style);
        assert_eq!(said, ["dark is 1, light is 97, percentiles 1 and 98"]);
        assert_eq!((drawn.points[0].color[0], drawn.points[99].color[0]), (0, 255));
        assert_eq!(drawn.kind, PictureKind::Grey);
    }

    #[test]
    fn colors_are_left_as_they_are() {
        let bytes = [10_u8, 20, 30, 255, 0, 0];
        let array = Array::from_slice(&bytes, &[1, 2, 3]).unwrap();
        let (drawn, said) = picture(&array, ROOM, STYLE);
        assert_eq!((drawn.points[0].color, drawn.points[1].color), ([10, 20, 30], [255, 0, 0]));
        assert_eq!((drawn.kind, said.len()), (PictureKind::Rgb, 0));
        let floats = [0.0_f32, 0.5, 1.0, 0.5];
        let raster = Raster::of(&Array::from_slice(&floats, &[1, 1, 4]).unwrap(), ROOM).unwrap();
        assert!(raster.is_color());
        let (drawn, _) = raster.picture(STYLE);
        assert_eq!((drawn.points[0].color, drawn.points[0].alpha), ([0, 128, 255], 128));
        assert_eq!(drawn.at(0, 0).unwrap().color, [0, 64, 128]);
        let raster = Raster::of(&Array::from_slice(&[0.0, 0.5, 1.5], &[1, 1, 3]).unwrap(), ROOM);
        assert!(!raster.unwrap().is_color());
    }

    #[test]
    fn what_is_too_large_is_drawn_every_few() {
        for (shape, room, expected) in [
            ((28, 28), (80, 48, 1), (1, 1)),
            ((28, 28), (80, 24, 2), (2, 1)),
            ((427, 640), (80, 48, 1), (9, 9)),
            ((427, 640), (80, 24, 2), (18, 9)),
            ((10_000, 10), (80, 48, 1), (209, 1)),
            ((3, 100_000), (80, 48, 1), (1, 1250)),
            ((1, 1), (80, 48, 1), (1, 1)),
            ((100, 100), (8, 8, 1), (13, 13)),
        ] {
            let room = Room { width: room.0, height: room.1, aspect: room.2 };
            assert_eq!(steps(shape.0, shape.1, room), expected, "{shape:?}");
        }
        let numbers: Vec<u8> = (0..200).collect();
        let array = Array::from_slice(&numbers, &[2, 100]).unwrap();
        let (drawn, said) = picture(&array, Room { width: 20, height: 20, aspect: 1 }, STYLE);
        assert_eq!((drawn.width, drawn.height), (20, 2));
        assert_eq!(said[0], "every 5th column");
    }

    #[test]
    fn png_comes_back() {
        let bytes: Vec<u8> = (0..12).collect();
        for channels in [1, 3, 4] {
            let shape = [12 / channels / (12 / channels), 12 / channels, channels];
            let shape = if channels == 1 { &shape[..2] } else { &shape[..] };
            let style = Style { colors: Colors::Grey, percentiles: None, words: IN_COLOR };
            let (drawn, _) = picture(&Array::from_slice(&bytes, shape).unwrap(), ROOM, style);
            let png = drawn.png().unwrap();
            let mut reader = png::Decoder::new(std::io::Cursor::new(&png)).read_info().unwrap();
            let mut data = vec![0; reader.output_buffer_size().unwrap()];
            reader.next_frame(&mut data).unwrap();
            let expected: Vec<u8> = match channels {
                1 => bytes
                    .iter()
                    .map(|&byte| (f64::from(byte) / 11.0 * 255.0).round() as u8)
                    .collect(),
                _ => bytes.clone(),
            };
            assert_eq!(data, expected);
        }
        let (drawn, _) = picture(&Array::from_slice(&bytes, &[3, 4]).unwrap(), ROOM, STYLE);
        let large = drawn.enlarged(3);
        assert_eq!((large.width, large.height, large.points.len()), (12, 9, 108));
        assert_eq!(large.points[3 * 12 + 2], drawn.points[4]);
    }
}
