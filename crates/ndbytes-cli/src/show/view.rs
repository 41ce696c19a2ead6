//! As what an array is best seen.

use ndbytes::{Array, DecodeError, Kind, Order, Scalar, Slice};

use super::picture::{Raster, Room};

/// As what an array is best seen.
pub(super) enum View<'a> {
    /// Rows and columns, and perhaps the parts of colours.
    Picture {
        plane: Box<Array<'a>>,
        /// Which part of the array that is, as a slice, if it is not all.
        part: Option<String>,
    },
    /// One number after the other, whatever axes of one element there are besides.
    Line,
    /// Its elements, as they are.
    Elements,
}

/// Enough of an image to see whether it is in colour.
const GLANCE: Room = Room { width: 64, height: 64, aspect: 1 };

impl<'a> View<'a> {
    pub(super) fn of(array: &Array<'a>) -> Result<Self, DecodeError> {
        if array.is_empty() || !matches!(array.dtype().kind(), Kind::Scalar(_)) {
            return Ok(Self::Elements);
        }
        if let Some(slices) = color_image(array) {
            let plane = Box::new(slices.part(array)?);
            if Raster::of(&plane, GLANCE)?.is_color() {
                return Ok(Self::Picture { plane, part: slices.said() });
            }
        }
        match long_axes(array)[..] {
            [] => Ok(Self::Elements),
            [_] => Ok(Self::Line),
            ref axes => {
                let slices = Slices::new(array, nearest(array, axes));
                Ok(Self::Picture { plane: Box::new(slices.part(array)?), part: slices.said() })
            }
        }
    }
}

/// Axes of one element are none.
fn long_axes(array: &Array<'_>) -> Vec<usize> {
    (0..array.shape().len()).filter(|&axis| array.shape()[axis] != 1).collect()
}

/// The part that is an image in colour, if its numbers are those of colours: the last axis has three
/// or four, as image libraries have it.
fn color_image(array: &Array<'_>) -> Option<Slices> {
    let (&(3 | 4), outer @ [_, _, ..]) = array.shape().split_last()? else { return None };
    let last = outer.len();
    let mut axes = long_axes(array);
    axes.retain(|&axis| axis != last);
    // Bytes are often images, so that one row of them is one, too.
    if axes.len() < 2 && *array.dtype().kind() == Kind::Scalar(Scalar::UInt8) {
        axes = (0..last).collect();
    }
    let is_image = axes.len() >= 2 && may_be_color(array);
    is_image.then(|| {
        let plane = nearest(array, &axes);
        Slices::new(array, &[plane[0], plane[1], last])
    })
}

fn may_be_color(array: &Array<'_>) -> bool {
    matches!(
        array.dtype().kind(),
        Kind::Scalar(
            Scalar::UInt8 | Scalar::Float16 | Scalar::BFloat16 | Scalar::Float32 | Scalar::Float64
        )
    )
}

/// The two axes of a picture: those whose elements lie nearest to each other in memory.
fn nearest<'s>(array: &Array<'_>, axes: &'s [usize]) -> &'s [usize] {
    match array.layout().order() {
        Order::C => &axes[axes.len() - 2..],
        Order::F => &axes[..2],
    }
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
            View::Line => (vec![array.len()], Some("line".to_owned())),
            View::Elements => (Vec::new(), Some("elements".to_owned())),
        }
    }

    #[test]
    fn each_shape_has_its_view() {
        let part = |text: &str| Some(text.to_owned());
        for (typestr, shape, order, byte, expected, said) in [
            ("f8", &[5][..], Order::C, 0, &[5][..], part("line")),
            ("f8", &[5, 1, 1], Order::C, 0, &[5], part("line")),
            ("f8", &[4, 5], Order::C, 0, &[4, 5], None),
            ("f8", &[1, 4, 5, 1], Order::C, 0, &[4, 5], None),
            ("f8", &[6, 4, 5], Order::C, 0, &[4, 5], part("[3, :, :]")),
            ("f8", &[6, 4, 5], Order::F, 0, &[6, 4], part("[:, :, 2]")),
            ("u1", &[4, 5, 3], Order::C, 9, &[4, 5, 3], None),
            ("u1", &[7, 4, 5, 4], Order::C, 9, &[4, 5, 4], part("[3, :, :, :]")),
            ("u1", &[1, 5, 3], Order::C, 9, &[1, 5, 3], None),
            ("u1", &[1, 1, 5, 3], Order::F, 9, &[1, 1, 3], part("[:, :, 2, :]")),
            ("f4", &[1, 5, 3], Order::C, 0, &[5, 3], None),
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
