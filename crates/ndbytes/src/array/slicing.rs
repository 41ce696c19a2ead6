//! Parts of arrays, as NumPy writes them: `0, ::2, ..., -1`.

use super::layout::{Dims, Layout, Order, tuple};
use super::{Array, notation};
use crate::error::{DecodeError, Result};

/// What is taken along one axis: NumPy's basic indexing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slice {
    /// One index, counted from the end where it is negative; the axis is gone.
    Index(i64),
    /// `start:stop:step`, each as in Python.
    Range {
        /// The first index, or the end that the step comes from.
        start: Option<i64>,
        /// The index before which it ends, or the end that the step leads to.
        stop: Option<i64>,
        /// From one index to the next; never 0.
        step: i64,
    },
    /// All of as many axes as are not spoken of: `...`
    Rest,
}

impl Slice {
    /// All of an axis: `:`
    pub const ALL: Self = Self::Range { start: None, stop: None, step: 1 };

    /// Reads what NumPy has between brackets.
    ///
    /// # Errors
    /// When it is something else than indices, ranges and one `...`, apart by commas.
    ///
    /// ```
    /// use ndbytes::Slice;
    /// let all = Slice::parse("3, ..., ::2")?;
    /// assert_eq!(all[..2], [Slice::Index(3), Slice::Rest]);
    /// assert_eq!(all[2], Slice::Range { start: None, stop: None, step: 2 });
    /// # Ok::<(), ndbytes::DecodeError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Vec<Self>> {
        let inside = text.trim();
        let inside = inside.strip_suffix(',').unwrap_or(inside);
        let slices: Vec<Self> = inside.split(',').map(parse_one).collect::<Result<_>>()?;
        match slices.iter().filter(|&&slice| slice == Self::Rest).count() {
            0 | 1 => Ok(slices),
            _ => Err(DecodeError::mismatch("more than one `...`")),
        }
    }
}

fn parse_one(text: &str) -> Result<Slice> {
    let text = text.trim();
    let shown = notation::shorten(text);
    let number = |text: &str| match text.trim().parse::<i64>() {
        Ok(number) => Ok(number),
        Err(_) => Err(DecodeError::mismatch(format!("{shown:?} is no slice"))
            .expected("indices, ranges and `...`, as in [3, ..., ::2]")),
    };
    let bound = |text: Option<&str>| match text.map_or("", str::trim) {
        "" => Ok(None),
        text => number(text).map(Some),
    };
    if text == "..." {
        return Ok(Slice::Rest);
    }
    if !text.contains(':') {
        return number(text).map(Slice::Index);
    }
    let mut bounds = text.splitn(3, ':');
    let (start, stop) = (bound(bounds.next())?, bound(bounds.next())?);
    match bound(bounds.next())?.unwrap_or(1) {
        0 => Err(DecodeError::mismatch(format!("the step of {shown:?} is 0"))),
        step => Ok(Slice::Range { start, stop, step }),
    }
}

impl<'a> Array<'a> {
    /// A part of the array, as NumPy's `array[...]`: the same bytes, nothing is copied. Axes that
    /// are not spoken of are taken whole.
    ///
    /// # Errors
    /// When an index is outside of its axis, or more axes are spoken of than there are.
    ///
    /// ```
    /// use ndbytes::{Array, Slice};
    /// let numbers = [1_i32, 2, 3, 4, 5, 6];
    /// let array = Array::from_slice(&numbers, &[2, 3])?;
    /// let part = array.slice(&Slice::parse("-1, ::-2")?)?;
    /// assert_eq!(part.to_vec::<i32>()?, [6, 4]);
    /// # Ok::<(), ndbytes::DecodeError>(())
    /// ```
    pub fn slice(&self, slices: &[Slice]) -> Result<Array<'a>> {
        let axes = self.shape().len();
        let spoken_of = slices.iter().filter(|&&slice| slice != Slice::Rest).count();
        if spoken_of > axes {
            return Err(DecodeError::mismatch(format!(
                "{spoken_of} axes are sliced, the array has {axes}: its shape is {}",
                tuple(self.shape())
            )));
        }
        let mut along = vec![Slice::ALL; axes];
        let rest = slices.iter().position(|&slice| slice == Slice::Rest).unwrap_or(slices.len());
        along[..rest].copy_from_slice(&slices[..rest]);
        let behind = slices.get(rest + 1..).unwrap_or_default();
        along[axes - behind.len()..].copy_from_slice(behind);

        let mut part = Part::default();
        for (axis, (&slice, &len)) in along.iter().zip(self.shape()).enumerate() {
            part.take(slice, axis, len)?;
        }
        match self.objects() {
            Some(objects) => {
                let whole = flat_strides(self.shape());
                let picked = part.indices(&whole).map(|at| objects.elements()[at]).collect();
                let array = Self::without_bytes(self.dtype().clone(), &part.shape, Order::C)?;
                Ok(array.with_objects(objects.picked(picked)))
            }
            None => self.at(&part),
        }
    }

    fn at(&self, part: &Part) -> Result<Array<'a>> {
        let strides = self.layout().strides();
        // Elements that exist lie in bounds, so that nothing here overflows; those that do not are
        // at the start.
        let (mut start, empty) = (self.layout().start() as isize, part.shape.contains(&0));
        for (&first, &stride) in part.firsts.iter().zip(&strides) {
            start += if empty { 0 } else { first as isize * stride };
        }
        let kept: Dims<isize> = part
            .kept
            .iter()
            .zip(&part.shape)
            .map(|(&(axis, step), &len)| match len {
                0 | 1 => self.layout().itemsize() as isize,
                _ => strides[axis] * step as isize,
            })
            .collect();
        let itemsize = self.layout().itemsize();
        let available = self.source().len();
        let layout = Layout::strided(&part.shape, &kept, itemsize, start as usize, available)?;
        Self::new(self.dtype().clone(), layout, self.source().clone())
    }
}

/// What is taken of all axes.
#[derive(Default)]
struct Part {
    /// The first index along each axis.
    firsts: Dims<usize>,
    /// The axes that stay, and their steps.
    kept: Dims<(usize, i64)>,
    shape: Dims<usize>,
}

impl Part {
    fn take(&mut self, slice: Slice, axis: usize, len: usize) -> Result<()> {
        // No axis is longer than any memory.
        let length = len as i64;
        let (start, stop, step) = match slice {
            Slice::Index(index) => {
                let first = if index < 0 { index.saturating_add(length) } else { index };
                if !(0..length).contains(&first) {
                    let error = DecodeError::mismatch(format!(
                        "index {index} is outside of axis {axis}, which has {len} elements"
                    ));
                    return Err(match len {
                        0 => error,
                        _ => error.expected(format!("{} to {}", -length, length - 1)),
                    });
                }
                self.firsts.push(first as usize);
                return Ok(());
            }
            Slice::Range { step: 0, .. } => {
                return Err(DecodeError::mismatch(format!("the step along axis {axis} is 0")));
            }
            Slice::Range { start, stop, step } => (start, stop, step),
            Slice::Rest => (None, None, 1),
        };
        let (low, high) = if step > 0 { (0, length) } else { (-1, length - 1) };
        let bound = |bound: Option<i64>, otherwise: i64| match bound {
            None => otherwise,
            Some(index) if index < 0 => index.saturating_add(length).clamp(low, high),
            Some(index) => index.clamp(low, high),
        };
        let (start, stop) = match step > 0 {
            true => (bound(start, low), bound(stop, high)),
            false => (bound(start, high), bound(stop, low)),
        };
        let distance = if step > 0 { stop - start } else { start - stop };
        let count = (distance.max(0) as u64).div_ceil(step.unsigned_abs()) as usize;
        self.firsts.push(if count == 0 { 0 } else { start as usize });
        self.kept.push((axis, step));
        self.shape.push(count);
        Ok(())
    }

    /// The flat indices, in C order, of the elements in an array of these strides.
    fn indices<'p>(&'p self, strides: &'p [usize]) -> impl Iterator<Item = usize> + 'p {
        let first: usize = self.firsts.iter().zip(strides).map(|(at, stride)| at * stride).sum();
        (0..self.shape.iter().product()).map(move |flat: usize| {
            let (mut rest, mut place) = (flat, first as i64);
            for (&(axis, step), &len) in self.kept.iter().zip(&self.shape).rev() {
                place += (rest % len) as i64 * step * strides[axis] as i64;
                rest /= len;
            }
            place as usize
        })
    }
}

/// Elements from one to the next along each axis, in C order.
fn flat_strides(shape: &[usize]) -> Dims<usize> {
    let mut strides: Dims<usize> = smallvec::smallvec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis];
    }
    strides
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(numbers: &[i32], shape: &[usize], slice: &str) -> (Vec<usize>, Vec<i32>) {
        let array = Array::from_slice(numbers, shape).unwrap();
        let part = array.slice(&Slice::parse(slice).unwrap()).unwrap();
        (part.shape().to_vec(), part.to_vec().unwrap())
    }

    /// What NumPy 2.4 gives for `np.arange(24).reshape(2, 3, 4)`.
    #[test]
    fn slices_are_numpys() {
        let numbers: Vec<i32> = (0..24).collect();
        for (slice, shape, values) in [
            ("1, 2, 3", &[][..], &[23][..]),
            ("-2, 0", &[4], &[0, 1, 2, 3]),
            ("..., 1", &[2, 3], &[1, 5, 9, 13, 17, 21]),
            ("0, ..., -1", &[3], &[3, 7, 11]),
            ("1,", &[3, 4], &[12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23]),
            ("0, ::2, 1::2", &[2, 2], &[1, 3, 9, 11]),
            ("0, ::-1, 0", &[3], &[8, 4, 0]),
            ("1, 1, -2:-100:-1", &[3], &[18, 17, 16]),
            ("0, 0, 3:1", &[0], &[]),
            ("0, 0, 9:", &[0], &[]),
            ("0, 0, 2:100:9223372036854775807", &[1], &[2]),
            ("0, 0, ::-9223372036854775808", &[1], &[3]),
            ("0, 0, 0, ...", &[], &[0]),
            (" 0 , 1 : 2 , : ", &[1, 4], &[4, 5, 6, 7]),
        ] {
            assert_eq!(part(&numbers, &[2, 3, 4], slice), (shape.to_vec(), values.to_vec()));
        }
        assert_eq!(part(&[], &[0, 3], "::-1, 1").0, [0]);
        assert_eq!(part(&[7], &[], "...").1, [7]);
    }

    /// Every start, stop and step against a plain loop over Python's rule.
    #[test]
    fn ranges_are_pythons() {
        let numbers: Vec<i32> = (0..5).collect();
        let bounds: Vec<Option<i64>> = (-7..=7).map(Some).chain([None]).collect();
        for step in [-6, -5, -2, -1, 1, 2, 4, 5, 6] {
            for (start, stop) in bounds.iter().flat_map(|&a| bounds.iter().map(move |&b| (a, b))) {
                let array = Array::from_slice(&numbers, &[5]).unwrap();
                let part = array.slice(&[Slice::Range { start, stop, step }]).unwrap();
                let at = |bound: i64| if bound < 0 { bound + 5 } else { bound };
                let mut expected = Vec::new();
                let mut index = match start {
                    None => {
                        if step > 0 {
                            0
                        } else {
                            4
                        }
                    }
                    Some(start) if step > 0 => at(start).max(0),
                    Some(start) => at(start).min(4),
                };
                let stop = stop.map_or(if step > 0 { 5 } else { -1 }, |stop| {
                    if step > 0 { at(stop) } else { at(stop).max(-1) }
                });
                while (0..5).contains(&index) && (stop - index) * step > 0 {
                    expected.push(index as i32);
                    index += step;
                }
                assert_eq!(part.to_vec::<i32>().unwrap(), expected, "{start:?} {stop} {step}");
            }
        }
    }

    #[test]
    fn what_is_not_there_is_named() {
        let array = Array::from_slice(&[1_u8, 2, 3, 4, 5, 6], &[2, 3]).unwrap();
        let error = |slice: &str| {
            let slices = Slice::parse(slice);
            slices.and_then(|slices| array.slice(&slices)).unwrap_err().to_string()
        };
        assert!(error("0, 3").contains("index 3 is outside of axis 1, which has 3 elements"));
        assert!(error("0, 3").contains("-3 to 2"), "{}", error("0, 3"));
        assert!(error("-3").contains("axis 0"));
        assert!(error("0, 0, 0").contains("3 axes are sliced, the array has 2"));
        assert!(error("..., 0, ...").contains("more than one"));
        assert!(error("::0").contains("is 0"));
        for nonsense in ["", "x", "1.5", "1:2:3:4", "None", "0,,1", "[0]", "--1"] {
            assert!(error(nonsense).contains("no slice"), "{nonsense}");
        }
    }
}
