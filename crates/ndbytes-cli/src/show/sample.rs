//! Parts of large arrays that stand for the whole.

use ndbytes::{Array, DecodeError, Layout, Order, Slice};

use crate::screen::grouped;

/// Arrays of more bytes are sampled, and this is the size of a sample.
const MOST_BYTES: usize = 32 << 20;
const SAMPLE_BYTES: usize = 4 << 20;
/// Elements are taken in runs of so many bytes: a few pages of memory.
const RUN: usize = 16 << 10;

/// An array, or the part that stands for it.
pub(super) struct Sample<'a> {
    pub(super) array: Array<'a>,
    /// Which part it is, in words; `None` where it is all.
    pub(super) how: Option<String>,
}

impl<'a> Sample<'a> {
    /// All of an array.
    pub(super) fn all(array: &Array<'a>) -> Self {
        Self { array: array.clone(), how: None }
    }

    /// All of an array, or of a large one a part from everywhere in it.
    pub(super) fn of(array: &Array<'a>) -> Result<Self, DecodeError> {
        if Self::is_part(array) { Self::part(array, SAMPLE_BYTES) } else { Ok(Self::all(array)) }
    }

    /// Whether a sample would be less than all.
    pub(super) fn is_part(array: &Array<'_>) -> bool {
        array.nbytes() > MOST_BYTES && array.objects().is_none()
    }

    /// At most about so many bytes.
    fn part(array: &Array<'a>, most: usize) -> Result<Self, DecodeError> {
        let layout = array.layout();
        match layout.is_contiguous(Order::C) || layout.is_contiguous(Order::F) {
            true => Self::runs(array, most),
            false => Self::steps(array, most),
        }
    }

    /// Of elements that lie side by side: runs of them, evenly apart.
    fn runs(array: &Array<'a>, most: usize) -> Result<Self, DecodeError> {
        let (layout, itemsize) = (array.layout(), array.layout().itemsize());
        let run = (RUN.min(most) / itemsize).max(1);
        let runs = (most / (run * itemsize)).max(1);
        let apart = array.len() / runs;
        let strides = [(apart * itemsize) as isize, itemsize as isize];
        let available = array.source().len();
        let part = Layout::strided(&[runs, run], &strides, itemsize, layout.start(), available)?;
        let how = format!(
            "{} of {} elements, in {} runs evenly apart",
            grouped(part.len()),
            grouped(array.len()),
            grouped(runs)
        );
        let array = Array::new(array.dtype().clone(), part, array.source().clone())?;
        Ok(Self { array, how: Some(how) })
    }

    /// Every so manieth along the axes whose elements lie farthest apart.
    fn steps(array: &Array<'a>, most: usize) -> Result<Self, DecodeError> {
        let (shape, strides) = (array.shape(), array.layout().strides());
        let mut axes: Vec<usize> = (0..shape.len()).collect();
        axes.sort_by_key(|&axis| std::cmp::Reverse(strides[axis].unsigned_abs()));
        let mut slices = vec![Slice::ALL; shape.len()];
        let (mut nbytes, mut said) = (array.nbytes(), Vec::new());
        for axis in axes {
            let step = nbytes.div_ceil(most.max(1)).min(shape[axis]);
            if step > 1 {
                nbytes = nbytes / shape[axis] * shape[axis].div_ceil(step);
                slices[axis] = every(step);
                said.push(format!("every {} along axis {axis}", nth(step)));
            }
        }
        Ok(Self { array: array.slice(&slices)?, how: Some(said.join(", ")) })
    }
}

/// `::step`
pub(super) fn every(step: usize) -> Slice {
    Slice::Range { start: None, stop: None, step: step as i64 }
}

/// `2nd`, `13th`, `1,021st`
pub(super) fn nth(number: usize) -> String {
    let end = match (number % 100, number % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{}{end}", grouped(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_small_and_from_everywhere() {
        let numbers: Vec<u16> = (0..60_000).collect();
        let array = Array::from_slice(&numbers, &[200, 300]).unwrap();
        for most in [1, 2, 100, 1000, 50_000] {
            let sample = Sample::part(&array, most).unwrap();
            let found = sample.array.to_vec::<u16>().unwrap();
            assert!(2 * found.len() <= most.max(2) && 4 * found.len() >= most.min(4), "{most}");
            assert!(sample.how.is_some());
        }
        let sample = Sample::part(&array, 40_000).unwrap();
        assert_eq!(sample.array.shape(), [2, 8192]);
        let turned = array.slice(&[Slice::ALL, every(2)]).unwrap();
        let sample = Sample::part(&turned, 6000).unwrap();
        assert_eq!(sample.array.shape(), [20, 150]);
        assert_eq!(sample.how.unwrap(), "every 10th along axis 0");
        assert!(Sample::of(&array).unwrap().how.is_none());
    }

    #[test]
    fn ordinals() {
        let said = [2, 3, 11, 12, 13, 21, 111, 1022].map(nth);
        assert_eq!(said, ["2nd", "3rd", "11th", "12th", "13th", "21st", "111th", "1,022nd"]);
    }
}
