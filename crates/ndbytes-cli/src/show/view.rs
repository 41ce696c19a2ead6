//! As what an array is best seen.

use ndbytes::{Array, DecodeError, Kind, Order, Scalar, Slice};

use super::picture::{Raster, Room};

/// As what an array is best seen.
pub(super) enum View<'a> {
    /// Rows and columns, and perhaps the parts of colours.
    Picture {
        plane: Array<'a>,
        /// Which part of the array that is, as a slice, if it is not all.
        part: Option<String>,
    },
    /// One number after the other.
    Line(Array<'a>),
    /// Its elements, as they are.
    Elements,
}

/// Enough of an image to see whether it is in colour.
const GLANCE: Room = Room { width: 64, height: 64, aspect: 1 };

impl<'a> View<'a> {
    pub(super) fn of(array: &Array<'a>) -> Result<Self, DecodeError> {
        // Axes of one element are none.
        let axes: Vec<usize> =
            (0..array.shape().len()).filter(|&axis| array.shape()[axis] != 1).collect();
        if array.is_empty() || !matches!(array.dtype().kind(), Kind::Scalar(_)) {
            return Ok(Self::Elements);
        }
        match axes[..] {
            [] => Ok(Self::Elements),
            [axis] => Ok(Self::Line(Slices::new(array, &[axis]).part(array)?)),
            [_, .., last] => {
                let is_color = axes.len() > 2
                    && last + 1 == array.shape().len()
                    && matches!(array.shape()[last], 3 | 4)
                    && may_be_color(array);
                if is_color {
                    let slices =
                        Slices::new(array, &plane(array, &axes[..axes.len() - 1], Some(last)));
                    let plane = slices.part(array)?;
                    if Raster::of(&plane, GLANCE)?.is_color() {
                        return Ok(Self::Picture { plane, part: slices.said() });
                    }
                }
                let slices = Slices::new(array, &plane(array, &axes, None));
                Ok(Self::Picture { plane: slices.part(array)?, part: slices.said() })
            }
        }
    }
}

fn may_be_color(array: &Array<'_>) -> bool {
    matches!(
        array.dtype().kind(),
        Kind::Scalar(
            Scalar::UInt8 | Scalar::Float16 | Scalar::BFloat16 | Scalar::Float32 | Scalar::Float64
        )
    )
}

/// The axes of a picture: those whose elements lie nearest to each other in memory.
fn plane(array: &Array<'_>, axes: &[usize], channels: Option<usize>) -> Vec<usize> {
    let two = match array.layout().order() {
        Order::C => &axes[axes.len() - 2..],
        Order::F => &axes[..2],
    };
    two.iter().copied().chain(channels).collect()
}

/// A part of an array: some axes whole, and the middle of the others.
struct Slices(Vec<Slice>);

impl Slices {
    fn new(array: &Array<'_>, kept: &[usize]) -> Self {
        let slice = |(axis, &length): (usize, &usize)| match kept.contains(&axis) {
            true => Slice::ALL,
            false => Slice::Index((length / 2) as i64),
        };
        Self(array.shape().iter().enumerate().map(slice).collect())
    }

    fn part<'a>(&self, array: &Array<'a>) -> Result<Array<'a>, DecodeError> {
        array.slice(&self.0)
    }

    /// `[7, :, :]`, where something is left out.
    fn said(&self) -> Option<String> {
        let said = |slice: &Slice| match slice {
            Slice::Index(index) => index.to_string(),
            _ => ":".to_owned(),
        };
        let any = self.0.iter().any(|slice| matches!(slice, Slice::Index(1..)));
        any.then(|| format!("[{}]", self.0.iter().map(said).collect::<Vec<_>>().join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndbytes::{DType, Layout, Source};

    fn seen(
        typestr: &str,
        shape: &[usize],
        order: Order,
        byte: u8,
    ) -> (Vec<usize>, Option<String>) {
        let dtype = DType::from_typestr(typestr).unwrap();
        let layout = Layout::contiguous(shape, dtype.itemsize(), order).unwrap();
        let bytes = vec![byte; layout.nbytes()];
        let array = Array::new(dtype, layout, Source::slice(&bytes)).unwrap();
        match View::of(&array).unwrap() {
            View::Picture { plane, part } => (plane.shape().to_vec(), part),
            View::Line(line) => (line.shape().to_vec(), None),
            View::Elements => (Vec::new(), Some("elements".to_owned())),
        }
    }

    #[test]
    fn each_shape_has_its_view() {
        let part = |text: &str| Some(text.to_owned());
        for (typestr, shape, order, byte, expected, said) in [
            ("f8", &[5][..], Order::C, 0, &[5][..], None),
            ("f8", &[5, 1, 1], Order::C, 0, &[5], None),
            ("f8", &[4, 5], Order::C, 0, &[4, 5], None),
            ("f8", &[1, 4, 5, 1], Order::C, 0, &[4, 5], None),
            ("f8", &[6, 4, 5], Order::C, 0, &[4, 5], part("[3, :, :]")),
            ("f8", &[6, 4, 5], Order::F, 0, &[6, 4], part("[:, :, 2]")),
            ("u1", &[4, 5, 3], Order::C, 9, &[4, 5, 3], None),
            ("u1", &[7, 4, 5, 4], Order::C, 9, &[4, 5, 4], part("[3, :, :, :]")),
            ("u2", &[4, 5, 3], Order::C, 9, &[5, 3], part("[2, :, :]")),
            ("f4", &[4, 5, 3], Order::C, 0, &[4, 5, 3], None),
            // 0x40404040 is about three.
            ("f4", &[4, 5, 3], Order::C, 0x40, &[5, 3], part("[2, :, :]")),
            ("u1", &[5, 3], Order::C, 9, &[5, 3], None),
            ("S2", &[4, 5], Order::C, 9, &[], part("elements")),
            ("M8[s]", &[4, 5], Order::C, 9, &[], part("elements")),
            ("f8", &[], Order::C, 0, &[], part("elements")),
            ("f8", &[0, 4], Order::C, 0, &[], part("elements")),
        ] {
            assert_eq!(seen(typestr, shape, order, byte), (expected.to_vec(), said), "{shape:?}");
        }
    }
}
