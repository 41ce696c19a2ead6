//! Where two arrays differ, and by how much.
//!
//! Arrays are gone through block by block, and blocks of the same bytes are done with at once. Of
//! the others every element is looked at; what is kept of them does not grow.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::number::{self, Kernel, Pairs};
use super::picture::{self, Picture};
use super::tally::Tally;
use super::words::finish;
use crate::array::{
    Array, DType, Dims, Field, Kind, Layout, Order, default_threads, share, threads_for, tuple,
};
use crate::error::{DecodeError, Result};

/// Blocks of this size stay in the cache between being packed and being compared.
const BLOCK: usize = 64 << 10;

/// When two elements count as the same.
///
/// Elements of the same bits always are. Unless something else is said, no others are: zeros of
/// different signs differ, and so do NaNs of different bits.
#[derive(Clone, Copy, Debug, Default)]
pub struct DiffOptions {
    pub(super) atol: f64,
    pub(super) rtol: f64,
    pub(super) ulp: u64,
    pub(super) equal_nan: bool,
    values: bool,
}

impl DiffOptions {
    /// Only the same bits are the same.
    pub fn new() -> Self {
        Self::default()
    }

    /// Numbers may be this far apart (0 unless set).
    pub fn atol(mut self, atol: f64) -> Self {
        self.atol = atol;
        self.values = true;
        self
    }

    /// Numbers may be apart by this share of the second one (0 unless set).
    pub fn rtol(mut self, rtol: f64) -> Self {
        self.rtol = rtol;
        self.values = true;
        self
    }

    /// So many floats of their format may lie between two floats, the farther one included.
    pub fn ulp(mut self, ulp: u64) -> Self {
        self.ulp = ulp;
        self.values = true;
        self
    }

    /// Whether NaNs of any bits are the same, and NaTs.
    pub fn equal_nan(mut self, equal: bool) -> Self {
        self.equal_nan = equal;
        self
    }

    /// Whether values are compared and not bits: zeros of both signs are the same, and other dtypes
    /// and byte orders make no difference.
    pub fn values(mut self, values: bool) -> Self {
        self.values = values;
        self
    }

    pub(super) fn by_value(&self) -> bool {
        self.values
    }
}

/// How two arrays differ.
///
/// Displays as a few lines for people.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Difference {
    /// Whether they do not: shape, dtype and every element are the same.
    pub equal: bool,
    /// Elements of each, where the shapes are the same; 0 where elements were not compared.
    pub size: usize,
    /// Elements that differ.
    pub count: usize,
    /// The first element that differs, in C order, or in Fortran order where both arrays lie so.
    pub first: Option<Place>,
    /// The element whose values are farthest apart.
    pub worst: Option<Place>,
    /// How far apart values are at most, in their own unit.
    pub max_abs: Option<f64>,
    /// The same, as a share of the second value.
    pub max_rel: Option<f64>,
    /// How many floats of their format lie between two at most, the farther one included.
    pub max_ulp: Option<u64>,
    /// Elements that are NaN, or NaT, in the first array only; in the second only; in both, with
    /// different bits.
    pub nan: [usize; 3],
    /// Elements that differ in nothing but the sign of a zero.
    pub zero_signs: usize,
    /// Of structures: each field that differs, `outer.inner`, and how.
    pub fields: Vec<(String, Difference)>,
    /// What differs, in words.
    pub why: Vec<String>,
    /// Of arrays of two dimensions or more: how many elements differ in each part of the last two,
    /// by rows; empty when nothing differs.
    pub picture: Vec<Vec<usize>>,
}

/// One element, and what the two arrays have there.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// Where it is.
    pub index: Dims<usize>,
    /// What the two arrays have there, in words.
    pub values: [String; 2],
}

/// Tells how two arrays differ.
///
/// Numbers of different dtypes are compared by value; their dtypes are a difference unless
/// [`DiffOptions::values`] says otherwise.
///
/// # Errors
/// When elements are Python objects: only they know what they are.
///
/// ```
/// use ndbytes::{Array, DiffOptions, diff};
/// let a = Array::from_slice(&[1.0, 2.0, 3.0], &[3])?;
/// let b = Array::from_slice(&[1.0, 2.5, f64::NAN], &[3])?;
/// let difference = diff(&a, &b, &DiffOptions::new())?;
/// assert_eq!((difference.count, difference.max_abs), (2, Some(0.5)));
/// assert_eq!(difference.first.unwrap().index[..], [1]);
/// # Ok::<(), ndbytes::DecodeError>(())
/// ```
pub fn diff(a: &Array<'_>, b: &Array<'_>, options: &DiffOptions) -> Result<Difference> {
    if a.dtype().has_objects() || b.dtype().has_objects() {
        return Err(DecodeError::unsupported(
            "the elements are Python objects, of which only they know how they differ",
        ));
    }
    let mut difference = Difference::default();
    describe_dtypes(a, b, options, &mut difference);
    if a.shape() != b.shape() {
        let shapes = [a, b].map(|array| tuple(array.shape()));
        difference.why.push(format!("the shapes are {} and {}", shapes[0], shapes[1]));
        return Ok(difference);
    }
    let leaves = match leaves(a.dtype(), b.dtype(), options) {
        Ok(leaves) => leaves,
        Err(why) => {
            difference.why.push(why);
            return Ok(difference);
        }
    };
    let backwards = a.layout().order() == Order::F && b.layout().order() == Order::F;
    let (a, b) = if backwards { (a.transposed(), b.transposed()) } else { (a.clone(), b.clone()) };
    let tally = compare(&a, &b, &leaves, options)?;
    difference.size = a.len();
    finish(&mut difference, &a, &b, &leaves, tally, backwards)?;
    difference.equal = difference.why.is_empty();
    Ok(difference)
}

fn describe_dtypes(a: &Array<'_>, b: &Array<'_>, options: &DiffOptions, told: &mut Difference) {
    let (one, other) = (a.dtype(), b.dtype());
    if one == other || options.by_value() {
        return;
    }
    told.why.push(match one.with_byte_order(other.byte_order()) == *other {
        true if one.byte_order() != other.byte_order() => {
            format!("the byte orders differ: {one} and {other}")
        }
        _ if one.to_string() == other.to_string() => {
            format!("the dtypes differ in titles, offsets or metadata: {one}")
        }
        _ => format!("the dtypes are {one} and {other}"),
    });
}

/// A part of each element that is compared by itself.
pub(super) struct Leaf {
    pub(super) name: String,
    /// The fields that lead to it, in both arrays.
    pub(super) path: Vec<(Field, Field)>,
    kernel: Kernel,
}

/// The parts of elements of both dtypes, or why they are not compared.
fn leaves(a: &DType, b: &DType, options: &DiffOptions) -> Result<Vec<Leaf>, String> {
    let mut found = Vec::new();
    collect("", &[], a, b, options, &mut found)?;
    Ok(found)
}

fn collect(
    name: &str,
    path: &[(Field, Field)],
    a: &DType,
    b: &DType,
    options: &DiffOptions,
    found: &mut Vec<Leaf>,
) -> Result<(), String> {
    let (Kind::Struct(_), Kind::Struct(_)) = (a.kind(), b.kind()) else {
        let kernel = number::kernel(a, b, options).ok_or_else(|| {
            format!("{a} and {b} have no values in common that could be compared")
        })?;
        found.push(Leaf { name: name.to_owned(), path: path.to_vec(), kernel });
        return Ok(());
    };
    let names = |dtype: &DType| -> Vec<Box<str>> {
        dtype.fields().iter().map(|field| field.name.clone()).collect()
    };
    if names(a) != names(b) {
        return Err(format!("the fields are {:?} and {:?}", names(a), names(b)));
    }
    for (one, other) in a.fields().iter().zip(b.fields()) {
        let dot = if name.is_empty() { "" } else { "." };
        let name = format!("{name}{dot}{}", one.name);
        if one.shape != other.shape {
            let shapes = (tuple(&one.shape), tuple(&other.shape));
            return Err(format!(
                "the shapes of the field {name:?} are {} and {}",
                shapes.0, shapes.1
            ));
        }
        let path = [path, &[(one.clone(), other.clone())]].concat();
        collect(&name, &path, &one.dtype, &other.dtype, options, found)?;
    }
    Ok(())
}

impl Leaf {
    /// This part of the elements of both arrays. Subarrays add dimensions.
    pub(super) fn of<'a>(&self, a: &Array<'a>, b: &Array<'a>) -> Result<(Array<'a>, Array<'a>)> {
        let mut pair = (a.clone(), b.clone());
        for (one, other) in &self.path {
            pair = (pair.0.field_view(one)?, pair.1.field_view(other)?);
        }
        Ok(pair)
    }
}

/// All that is counted.
pub(super) struct Tallies {
    pub(super) leaves: Vec<Tally>,
    /// Elements in which any leaf differs, and the first of them.
    pub(super) count: usize,
    pub(super) first: Option<usize>,
    pub(super) picture: Picture,
}

impl Tallies {
    fn new(leaves: usize, shape: &[usize]) -> Self {
        let leaves = vec![Tally::default(); leaves];
        Self { leaves, count: 0, first: None, picture: Picture::of(shape) }
    }

    fn merge(&mut self, other: &Self) {
        self.leaves.iter_mut().zip(&other.leaves).for_each(|(sum, more)| sum.merge(more));
        self.count += other.count;
        self.first = [self.first, other.first].into_iter().flatten().min();
        self.picture.merge(&other.picture);
    }
}

fn compare(
    a: &Array<'_>,
    b: &Array<'_>,
    leaves: &[Leaf],
    options: &DiffOptions,
) -> Result<Tallies> {
    let total = Mutex::new(Tallies::new(leaves.len(), a.shape()));
    let failure = Mutex::new(None);
    let size = BLOCK / b.layout().itemsize().max(a.layout().itemsize()).max(1);
    let blocks_a = a.layout().blocks(size.max(1) * a.layout().itemsize().max(1));
    let blocks_b = b.layout().blocks(size.max(1) * b.layout().itemsize().max(1));
    let next = AtomicUsize::new(0);
    share(threads_for(a.nbytes(), default_threads()), || {
        let mut own = Tallies::new(leaves.len(), a.shape());
        let mut work = Work::default();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= blocks_a.len() {
                break;
            }
            let pair = (blocks_a.block(index), blocks_b.block(index));
            let first = blocks_a.first(index);
            if let Err(error) = work.block(a, b, pair, first, leaves, options, &mut own) {
                failure.lock().unwrap_or_else(|poison| poison.into_inner()).get_or_insert(error);
                break;
            }
        }
        total.lock().unwrap_or_else(|poison| poison.into_inner()).merge(&own);
    });
    match failure.into_inner().unwrap_or_else(|poison| poison.into_inner()) {
        Some(error) => Err(error),
        None => Ok(total.into_inner().unwrap_or_else(|poison| poison.into_inner())),
    }
}

/// Memory that is used again from block to block.
#[derive(Default)]
struct Work {
    a: Vec<u8>,
    b: Vec<u8>,
    differs: Vec<bool>,
    leaf: Vec<bool>,
}

impl Work {
    #[allow(clippy::too_many_arguments, reason = "all of it is one block")]
    fn block(
        &mut self,
        a: &Array<'_>,
        b: &Array<'_>,
        (block_a, block_b): (Layout, Layout),
        first: usize,
        leaves: &[Leaf],
        options: &DiffOptions,
        own: &mut Tallies,
    ) -> Result<()> {
        let count = block_a.len();
        let block_a = Array::new(a.dtype().clone(), block_a, a.source().clone())?;
        let block_b = Array::new(b.dtype().clone(), block_b, b.source().clone())?;
        self.differs.clear();
        self.differs.resize(count, false);
        for (leaf, tally) in leaves.iter().zip(&mut own.leaves) {
            let (one, other) = leaf.of(&block_a, &block_b)?;
            let bytes_a = one.native_bytes(one.layout(), &mut self.a);
            let bytes_b = other.native_bytes(other.layout(), &mut self.b);
            if leaf.kernel.same_bits(bytes_a, bytes_b) {
                continue;
            }
            let parts = one.len() / count.max(1);
            if leaves.len() == 1 && parts == 1 {
                let pair = Pairs { a: bytes_a, b: bytes_b, first, differs: &mut self.differs };
                leaf.kernel.count(pair, options, tally);
                continue;
            }
            self.leaf.clear();
            self.leaf.resize(one.len(), false);
            let (first, differs) = (first * parts, &mut self.leaf[..]);
            leaf.kernel.count(Pairs { a: bytes_a, b: bytes_b, first, differs }, options, tally);
            let leaf = self.leaf.chunks_exact(parts.max(1));
            self.differs
                .iter_mut()
                .zip(leaf)
                .for_each(|(differs, leaf)| *differs |= leaf.contains(&true));
        }
        let marked = picture::marked(&self.differs);
        if marked > 0 {
            own.count += marked;
            if own.first.is_none() {
                own.first = self.differs.iter().position(|&differs| differs).map(|at| first + at);
            }
            own.picture.add(first, &self.differs);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::words::turn;
    use super::*;
    use crate::array::unravel;
    use crate::array::{ByteOrder, Element, Scalar, Source};

    fn array<'a, T: Element>(elements: &'a [T], shape: &[usize]) -> Array<'a> {
        Array::from_slice(elements, shape).unwrap()
    }

    fn differ(a: &Array<'_>, b: &Array<'_>) -> Difference {
        diff(a, b, &DiffOptions::new()).unwrap()
    }

    #[test]
    fn the_same_is_the_same() {
        let a = [1.0, f64::NAN, -0.0, f64::INFINITY];
        let told = differ(&array(&a, &[2, 2]), &array(&a, &[2, 2]));
        assert!(told.equal && told.count == 0 && told.why.is_empty() && told.picture.is_empty());
        assert_eq!((told.size, told.to_string().as_str()), (4, "the same"));
        let none: [f32; 0] = [];
        assert!(differ(&array(&none, &[0, 3]), &array(&none, &[0, 3])).equal);
    }

    #[test]
    fn nan_and_zeros_are_spelled_out() {
        let other_nan = f64::from_bits(f64::NAN.to_bits() ^ 1);
        let a = [1.0, f64::NAN, 2.0, f64::NAN, 0.0, f64::INFINITY];
        let b = [1.0, 1.0, f64::NAN, other_nan, -0.0, 1.0];
        let (a, b) = (array(&a, &[6]), array(&b, &[6]));
        let told = differ(&a, &b);
        assert_eq!((told.count, told.nan, told.zero_signs), (5, [1, 1, 1], 1));
        assert_eq!(told.max_abs, Some(f64::INFINITY));
        assert_eq!(told.worst.unwrap().index[..], [5]);
        assert_eq!(told.first.unwrap().values, ["NaN", "1.0"]);

        let by_value = diff(&a, &b, &DiffOptions::new().values(true).equal_nan(true)).unwrap();
        assert_eq!((by_value.count, by_value.nan), (3, [1, 1, 0]));
    }

    #[test]
    fn distances_of_floats_and_integers() {
        let told = differ(&array(&[1.0_f32, 8.0], &[2]), &array(&[1.5_f32, 10.0], &[2]));
        assert_eq!((told.max_abs, told.max_rel), (Some(2.0), Some(0.5 / 1.5)));
        assert_eq!(told.worst.unwrap().index[..], [1]);
        let next = f32::from_bits(1.0_f32.to_bits() + 3);
        assert_eq!(differ(&array(&[1.0_f32], &[1]), &array(&[next], &[1])).max_ulp, Some(3));
        let tiny = f64::from_bits(1);
        assert_eq!(differ(&array(&[tiny], &[1]), &array(&[-tiny], &[1])).max_ulp, Some(2));
        let told = differ(&array(&[i64::MIN], &[1]), &array(&[i64::MAX], &[1]));
        assert_eq!((told.max_abs, told.max_ulp), (Some(u64::MAX as f64), None));
        let told = differ(&array(&[5_u8], &[]), &array(&[250_u8], &[]));
        assert_eq!((told.max_abs, told.first.unwrap().index.len()), (Some(245.0), 0));
    }

    #[test]
    fn tolerances() {
        let (a, b) = ([100.0_f64, 1.0, 0.0], [100.1, 1.1, 0.05]);
        let (a, b) = (array(&a, &[3]), array(&b, &[3]));
        let count = |options| diff(&a, &b, &options).unwrap().count;
        assert_eq!(count(DiffOptions::new()), 3);
        assert_eq!(count(DiffOptions::new().rtol(0.002)), 2);
        assert_eq!(count(DiffOptions::new().atol(0.06)), 2);
        assert_eq!(count(DiffOptions::new().atol(0.06).rtol(0.1)), 0);
        let (a, b) = ([1.0_f32], [f32::from_bits(1.0_f32.to_bits() + 2)]);
        let (a, b) = (array(&a, &[1]), array(&b, &[1]));
        assert!(!diff(&a, &b, &DiffOptions::new().ulp(1)).unwrap().equal);
        assert!(diff(&a, &b, &DiffOptions::new().ulp(2)).unwrap().equal);
        // No tolerance makes an infinity near anything.
        let (a, b) = ([f64::INFINITY], [1.0]);
        let (a, b) = (array(&a, &[1]), array(&b, &[1]));
        assert!(!diff(&a, &b, &DiffOptions::new().rtol(1e300).atol(1e300)).unwrap().equal);
    }

    #[test]
    fn dtypes_and_shapes() {
        let numbers = [1_i32, 2, 3, 4];
        let a = array(&numbers, &[4]);
        let told = differ(&a, &array(&numbers, &[2, 2]));
        assert_eq!((told.equal, told.size), (false, 0));
        assert!(told.why[0].contains("(4,) and (2, 2)"), "{told}");

        let floats = [1.0_f64, 2.0, 3.5, 4.0];
        let b = array(&floats, &[4]);
        let told = differ(&a, &b);
        assert_eq!((told.count, told.first.clone().unwrap().index[0]), (1, 2));
        assert!(told.why[0].contains("int32 and float64"), "{told}");
        let bits = [1_u64, 2, 3, u64::MAX];
        let told = diff(&a, &array(&bits, &[4]), &DiffOptions::new().values(true)).unwrap();
        assert_eq!(told.max_abs, Some((u64::MAX - 4) as f64));

        let swapped: Vec<u8> =
            numbers.iter().flat_map(|number| number.swap_bytes().to_ne_bytes()).collect();
        let order =
            if ByteOrder::NATIVE == ByteOrder::Little { ByteOrder::Big } else { ByteOrder::Little };
        let dtype = DType::new(Kind::Scalar(Scalar::Int32), order);
        let layout = Layout::contiguous(&[4], 4, Order::C).unwrap();
        let other = Array::new(dtype, layout, Source::slice(&swapped)).unwrap();
        let told = differ(&a, &other);
        assert_eq!((told.equal, told.count), (false, 0));
        assert!(told.why[0].contains("byte orders"), "{told}");
        assert!(diff(&a, &other, &DiffOptions::new().values(true)).unwrap().equal);

        let text = Array::new(
            DType::native(Kind::Bytes { len: 4 }),
            Layout::contiguous(&[4], 4, Order::C).unwrap(),
            Source::slice(&swapped),
        );
        let told = differ(&a, &text.unwrap());
        assert_eq!((told.equal, told.size), (false, 0));
    }

    /// Elements at any strides, large enough for several blocks and threads, against a plain loop.
    #[test]
    fn places_and_counts_are_those_of_a_plain_loop() {
        let count = 3 * 70 * 9000;
        let a: Vec<i16> = (0..count).map(|i| (i % 911) as i16).collect();
        let mut b = a.clone();
        for at in [77, 40_000, 40_001, 630_000, 1_889_999] {
            b[at] += (at % 13) as i16 + 1;
        }
        let worst = |flat: &usize| (i32::from(a[*flat]) - i32::from(b[*flat])).abs();
        let different: Vec<usize> = (0..count).filter(|&at| a[at] != b[at]).collect();
        for order in [Order::C, Order::F] {
            let of = |data: &'static [i16]| {
                let layout = Layout::contiguous(&[3, 70, 9000], 2, order).unwrap();
                Array::new(Scalar::Int16.into(), layout, Source::slice(i16::bytes_of(data)))
                    .unwrap()
            };
            let (x, y) = (of(a.clone().leak()), of(b.clone().leak()));
            let told = differ(&x, &y);
            assert_eq!(told.count, 5);
            let index = |flat: usize| -> Dims<usize> {
                let mut index = unravel(
                    flat,
                    &match order {
                        Order::C => [3, 70, 9000],
                        Order::F => [9000, 70, 3],
                    },
                );
                turn(&mut index, 3, order == Order::F);
                index
            };
            assert_eq!(told.first.unwrap().index, index(77));
            // Of equals the first.
            let most = *different.iter().rev().max_by_key(|flat| worst(flat)).unwrap();
            assert_eq!(told.max_abs, Some(f64::from(worst(&most))));
            assert_eq!(told.worst.unwrap().index, index(most));
            assert_eq!(told.picture.iter().flatten().sum::<usize>(), 5);
        }
    }

    #[test]
    fn structures_are_told_by_field() {
        let field = |name: &str, dtype: &str, shape: &[usize], offset| Field {
            name: name.into(),
            title: None,
            dtype: DType::from_typestr(dtype).unwrap(),
            shape: shape.into(),
            levels: Default::default(),
            offset,
        };
        let fields = vec![field("id", "<i4", &[], 0), field("at", "<f4", &[2], 4)];
        let dtype = crate::array::Struct::new(fields, 12, false).unwrap();
        let dtype = DType::native(Kind::Struct(std::sync::Arc::new(dtype)));
        let bytes: Vec<u8> = (0..36).map(|byte| byte as u8).collect();
        let mut other = bytes.clone();
        other[12] ^= 1;
        other[20] ^= 1;
        other[32] ^= 1;
        let of = |bytes| {
            let layout = Layout::contiguous(&[3], 12, Order::C).unwrap();
            Array::new(dtype.clone(), layout, Source::slice(bytes)).unwrap()
        };
        let told = differ(&of(&bytes), &of(&other));
        assert_eq!(told.count, 2);
        assert_eq!(told.first.unwrap().index[..], [1]);
        let names: Vec<&str> = told.fields.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["id", "at"]);
        assert_eq!((told.fields[0].1.count, told.fields[1].1.count), (1, 2));
        assert_eq!(told.fields[1].1.first.as_ref().unwrap().index[..], [1, 1]);
        assert!(told.why[0].contains("2 of 3 elements differ, in id, at"), "{:?}", told.why);
    }
}
