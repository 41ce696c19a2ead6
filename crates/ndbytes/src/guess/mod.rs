//! What bytes that say nothing about themselves may be: every reading is weighed, and the likely
//! ones are told with their reasons.
//!
//! A few thousand elements are read in each way that is known. What is measured of each reading is
//! one row of numbers (`evidence`); the weights of these numbers were fitted to arrays of which it
//! is known what they are (`weights`). Where elements start (`header`) and into which rows they
//! fall (`shape`) is found for the readings that are left.

mod evidence;
mod floats;
mod foreign;
mod header;
mod integers;
mod lanes;
mod reading;
mod reasons;
mod sample;
mod shape;
mod strayed;
mod strings;
mod text;
mod times;
mod weights;
mod wrapped;

use crate::array::{ByteOrder, DType, Dims, Kind, Order, Scalar, Source};
use crate::error::{DecodeError, Result};
use evidence::Evidence;
use header::{Sign, Start};
use reading::Reading;
use sample::Sample;
use shape::{Candidate, Signal};

/// No more than this many guesses are told.
const MOST_GUESSES: usize = 8;
/// Shapes are looked for in no more readings than this.
const MOST_READINGS: usize = 5;
/// Shapes are looked for in the likeliest reading, and in others that are as likely as this.
const WORTH_A_SEARCH: f64 = 0.08;
/// From so many bytes on fewer are.
const LARGE: usize = 1 << 20;
/// Readings less likely than this are left alone.
const LEAST: f64 = 0.004;

/// What is known about the bytes.
///
/// ```
/// use ndbytes::{GuessOptions, Source, guess};
/// let bytes: Vec<u8> = (0..600).flat_map(|i| (i as f32 * 0.01).sin().to_le_bytes()).collect();
/// let guesses = guess(&Source::slice(&bytes), &GuessOptions::new())?;
/// assert_eq!(guesses[0].dtype, Some(ndbytes::DType::from_typestr("<f4")?));
/// # Ok::<(), ndbytes::DecodeError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct GuessOptions {
    shape: Option<Dims<Option<usize>>>,
    dtype: Option<DType>,
    offset: Option<usize>,
}

impl GuessOptions {
    /// Nothing is known.
    pub fn new() -> Self {
        Self::default()
    }

    /// Elements along each axis; at most one may be `None`, which takes what is left.
    pub fn shape(mut self, shape: &[Option<usize>]) -> Self {
        self.shape = Some(Dims::from_slice(shape));
        self
    }

    /// What one element is.
    pub fn dtype(mut self, dtype: DType) -> Self {
        self.dtype = Some(dtype);
        self
    }

    /// Bytes before the first element.
    pub fn offset(mut self, offset: usize) -> Self {
        self.offset = Some(offset);
        self
    }
}

/// One thing that the bytes may be.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Guess {
    /// In a few words: `"float32 array"`, `"gzip"`, `"random bytes"`.
    pub what: String,
    /// What one element is; `None` where the bytes are no bare elements.
    pub dtype: Option<DType>,
    /// Elements along each axis; empty where the bytes are no bare elements.
    pub shape: Dims<usize>,
    /// Bytes before the first element.
    pub offset: usize,
    /// The order in which the elements follow each other.
    pub order: Order,
    /// Bytes behind the last element: none unless it was said where the first one is.
    pub rest: usize,
    /// How likely it is that all of this is so, 0 to 1.
    pub probability: f64,
    /// What speaks for it, in words, the strongest first.
    pub reasons: Vec<String>,
    /// The Python that reads it, with `data` for the bytes; `None` where it takes more than a line.
    pub call: Option<String>,
}

impl Guess {
    /// Whether the bytes look like noise, and like no elements of any kind.
    pub(crate) fn is_noise(&self) -> bool {
        self.what == reasons::NOISE
    }
}

/// What the bytes may be, the likeliest first. Looks at a bounded part of them.
///
/// The first guess of a dtype stands where the probabilities of all shapes with it put it, so that
/// the likeliest dtype comes first, in its likeliest shape; further shapes stand where their own
/// probability puts them. The probabilities add up to at most one: what is less likely is left out.
///
/// # Errors
/// When what is said about the bytes cannot be: an offset beyond their end, two open dimensions,
/// or more elements than they hold.
pub fn guess(source: &Source<'_>, options: &GuessOptions) -> Result<Vec<Guess>> {
    let known = Known::check(source, options)?;
    let mut guesses = Vec::new();
    let mut rest = 1.0;
    let is_bare = options.offset.is_some_and(|offset| offset > 0);
    if let Some(named) = named(source).filter(|_| !is_bare) {
        rest -= named.probability;
        guesses.push((named.probability, named));
    }
    // Next to a name that is certain no reading would be told.
    if source.len() > known.start && rest >= LEAST {
        guesses.extend(arrays(source, &known, rest));
    }
    guesses.retain(|(_, guess)| guess.probability >= LEAST);
    guesses.sort_by(|a, b| b.0.total_cmp(&a.0));
    guesses.truncate(MOST_GUESSES);
    Ok(guesses.into_iter().map(|(_, guess)| guess).collect())
}

/// What is no array of bare elements and is known by name, if it is: a small part of [`guess`].
pub(crate) fn named(source: &Source<'_>) -> Option<Guess> {
    let mut head = [0; 4096];
    let len = source.len().min(head.len());
    source.copy_over(0, &mut head[..len]);
    let head = &head[..len];
    let known = foreign::recognise(head, source.len());
    let found = match known.or_else(|| text::recognise_text(head, source.len())) {
        // What says what it is may well have an npy in it.
        Some(known) if known.what != "text" => Some(known),
        other => strayed::recognise(head, source.len()).or(other),
    };
    found.map(|found| reasons::of_foreign(wrapped::describe(found, source)))
}

/// What the caller has said, checked.
struct Known<'o> {
    options: &'o GuessOptions,
    start: usize,
    /// The product of the dimensions that are said.
    product: Option<usize>,
    open: bool,
}

impl<'o> Known<'o> {
    fn check(source: &Source<'_>, options: &'o GuessOptions) -> Result<Self> {
        let start = options.offset.unwrap_or(0);
        if start > source.len() {
            let found = format!("offset {start} is beyond the {} bytes there are", source.len());
            return Err(DecodeError::mismatch(found));
        }
        let shape = options.shape.as_deref();
        let open = shape.map_or(0, |shape| shape.iter().filter(|dim| dim.is_none()).count());
        if open > 1 {
            return Err(DecodeError::mismatch("a shape has at most one open dimension"));
        }
        let product = match shape {
            None => None,
            Some(shape) => Some(
                shape
                    .iter()
                    .flatten()
                    .try_fold(1_usize, |product, &dim| product.checked_mul(dim))
                    .filter(|&product| product <= source.len() - start)
                    .ok_or_else(|| {
                        DecodeError::mismatch(format!(
                            "a shape of more elements than there are bytes, {}",
                            source.len() - start
                        ))
                    })?,
            ),
        };
        Ok(Self { options, start, product, open: open == 1 })
    }

    /// Whether a reading is of the dtype that is said, and fits the rest of it.
    fn allows(&self, reading: Reading, len: usize) -> bool {
        let said = self.options.dtype.as_ref();
        said.is_none_or(|dtype| *dtype == reading.dtype()) && self.fits(reading.itemsize(), len)
    }

    /// Whether elements of this size fit the shape and the place that are said.
    fn fits(&self, size: usize, len: usize) -> bool {
        if size == 0 || size > len {
            return false;
        }
        match (self.product, self.open) {
            (None, _) => true,
            (Some(0), _) => false,
            (Some(product), false) => product.checked_mul(size).is_some_and(|nbytes| {
                nbytes == len || (self.options.offset.is_none() && nbytes < len)
            }),
            (Some(product), true) => product.checked_mul(size).is_some_and(|step| step <= len),
        }
    }

    /// The shape that was said, for so many elements.
    fn filled(&self, len: usize) -> Option<Dims<usize>> {
        let (shape, product) = (self.options.shape.as_ref()?, self.product?);
        let fits =
            product > 0 && if self.open { len.is_multiple_of(product) } else { len == product };
        fits.then(|| shape.iter().map(|dim| dim.unwrap_or(len / product)).collect())
    }
}

/// Readings as bare elements, with `share` of all probability between them, and how likely what each
/// says is that none before it says: the first of a dtype stands for all that have it.
fn arrays(source: &Source<'_>, known: &Known<'_>, share: f64) -> Vec<(f64, Guess)> {
    let sample = Sample::new(source, known.start, known.options.offset.is_some());
    let mut readings = evidence::weigh(&sample);
    readings.retain(|evidence| known.allows(evidence.reading, sample.len()));
    let mut searched = Searched::default();
    if let (true, Some(dtype)) = (readings.is_empty(), &known.options.dtype) {
        return not_weighed(source, &sample, known, dtype, share);
    }
    let mut guesses = Vec::new();
    for (evidence, probability) in likely(&readings).into_iter().take(MOST_READINGS) {
        // What is large takes long.
        let least = if sample.len() > LARGE { 4.0 * WORTH_A_SEARCH } else { WORTH_A_SEARCH };
        searched.is_worth_it = guesses.is_empty() || probability >= least;
        let mut layouts = layouts(source, &sample, known, evidence.reading, &mut searched);
        layouts.sort_by(|a, b| b.probability.total_cmp(&a.probability));
        for (at, layout) in layouts.iter().enumerate() {
            let all = share * probability;
            let probability = all * layout.probability;
            let reasons = reasons::of_reading(evidence, &readings);
            let guess = reasons::of_array(evidence.reading, reasons, layout, probability);
            guesses.push((if at == 0 { all } else { probability }, guess));
        }
    }
    guesses
}

/// Where elements of a dtype may lie that is said and that no reading is of: structures, say, or times
/// of another unit than the likeliest.
fn not_weighed(
    source: &Source<'_>,
    sample: &Sample,
    known: &Known<'_>,
    dtype: &DType,
    share: f64,
) -> Vec<(f64, Guess)> {
    let size = dtype.itemsize();
    if dtype.has_objects() || !known.fits(size, sample.len()) {
        return Vec::new();
    }
    let reading = match dtype.kind() {
        Kind::Datetime64(_) | Kind::Timedelta64(_) => {
            Reading::Number { scalar: Scalar::Int64, big: dtype.byte_order() == ByteOrder::Big }
        }
        _ => Reading::Bytes { len: size },
    };
    let mut searched = Searched { is_worth_it: true, ..Searched::default() };
    let mut layouts = layouts(source, sample, known, reading, &mut searched);
    layouts.sort_by(|a, b| b.probability.total_cmp(&a.probability));
    let told = layouts.iter().map(|layout| {
        let probability = share * layout.probability;
        (probability, reasons::of_said(dtype, layout, probability))
    });
    told.collect()
}

/// Shapes that were looked for already: numbers with a sign and without are the same ones more often
/// than not.
#[derive(Default)]
struct Searched {
    known: Vec<(shape::Look, Vec<Candidate>)>,
    /// Whether the reading is likely enough for its shapes to be looked for.
    is_worth_it: bool,
}

impl Searched {
    fn candidates(&mut self, signal: &mut Signal<'_, '_>) -> Vec<Candidate> {
        let look = signal.look();
        if let Some((_, candidates)) = self.known.iter().find(|(known, _)| *known == look) {
            return candidates.clone();
        }
        if !self.is_worth_it {
            return vec![Candidate::said(Dims::from_elem(signal.len(), 1))];
        }
        let candidates = signal.candidates();
        self.known.push((look, candidates.clone()));
        candidates
    }
}

/// The readings that are not out of the question, the likeliest first. Of two that give the same
/// numbers, which is all that a sign makes of numbers that use none, the likelier stands for both.
fn likely(readings: &[Evidence]) -> Vec<(&Evidence, f64)> {
    let scores: Vec<f64> =
        readings.iter().map(|evidence| dot(&evidence.row, weights::READING)).collect();
    let mut all: Vec<(&Evidence, f64)> = readings.iter().zip(softmax(&scores)).collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut likely: Vec<(&Evidence, f64)> = Vec::new();
    for (evidence, probability) in all {
        match likely.iter_mut().find(|(other, _)| other.same_numbers(evidence)) {
            Some((_, sum)) => *sum += probability,
            None => likely.push((evidence, probability)),
        }
    }
    likely.sort_by(|a, b| b.1.total_cmp(&a.1));
    likely.retain(|(_, probability)| *probability >= LEAST);
    likely
}

/// Where elements may lie.
struct Layout {
    start: Start,
    shape: Candidate,
    order: Order,
    /// Bytes behind the last element.
    rest: usize,
    probability: f64,
}

/// Where the elements of a reading may start and which shapes they may have.
fn layouts(
    source: &Source<'_>,
    sample: &Sample,
    known: &Known<'_>,
    reading: Reading,
    searched: &mut Searched,
) -> Vec<Layout> {
    let places: Vec<Place> = starts(sample, known, reading)
        .into_iter()
        .map(|start| Place::new(source, known, reading, start, searched))
        .collect();
    let odds: Vec<f64> = places.iter().map(|place| place.odds).collect();
    let chosen = places.into_iter().zip(softmax(&odds));
    chosen
        .flat_map(|(place, part)| {
            let start = place.start;
            let there = source.len() - start.offset;
            let layout = move |(shape, order, share): (Candidate, Order, f64)| Layout {
                rest: there - shape.shape.iter().product::<usize>() * reading.itemsize(),
                start: start.clone(),
                shape,
                order,
                probability: part * share,
            };
            place.shapes.into_iter().map(layout)
        })
        .collect()
}

/// The likeliest places where the elements may start, by what the bytes before them are like.
fn starts(sample: &Sample, known: &Known<'_>, reading: Reading) -> Vec<Start> {
    if known.options.offset.is_some() || reading == Reading::Noise {
        return vec![Start::at(0, Sign::Said)];
    }
    let mut starts = header::starts(sample, reading);
    if let (Some(product), false) = (known.product, known.open) {
        // What is said leaves one place.
        let offset = sample.len() - product * reading.itemsize();
        starts.retain(|start| start.offset == offset);
        if starts.is_empty() {
            starts.push(Start::at(offset, Sign::Length));
        }
    }
    let best = starts.first().map_or(0.0, |start| start.odds);
    starts.retain(|start| start.odds > best - 6.0);
    starts.truncate(3);
    starts
}

/// A place where the elements may start, and the shapes that they have if they do.
struct Place {
    start: Start,
    odds: f64,
    shapes: Vec<(Candidate, Order, f64)>,
}

impl Place {
    fn new(
        source: &Source<'_>,
        known: &Known<'_>,
        reading: Reading,
        start: Start,
        searched: &mut Searched,
    ) -> Self {
        let start = Start { offset: known.start + start.offset, ..start };
        let mut signal = Signal::new(source, start.offset, reading);
        if known.options.shape.is_some() {
            let shapes = known.filled(signal.len()).map_or(Vec::new(), |shape| {
                let said = |(order, share)| (Candidate::said(shape.clone()), order, share);
                orders(&signal, &shape).into_iter().map(said).collect()
            });
            return Self { odds: start.odds, start, shapes };
        }
        if !matches!(reading, Reading::Number { .. }) {
            let flat = Candidate::said(Dims::from_elem(signal.len(), 1));
            return Self { odds: start.odds, start, shapes: vec![(flat, Order::C, 1.0)] };
        }
        if let Some(said) = &start.said {
            let shapes = vec![(Candidate::said(in_order(said, &signal)), Order::C, 0.95)];
            return Self { odds: start.odds, start, shapes };
        }
        let candidates = searched.candidates(&mut signal);
        let rows = candidates.iter().map(Candidate::row).chain([shape::another()]);
        let scores: Vec<f64> = rows.map(|row| dot(&row, weights::SHAPE)).collect();
        // Rows that are found where elements start there speak for the place, too.
        let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let odds = start.odds + (most - scores[0]).clamp(0.0, 4.0);
        let parts = softmax(&scores);
        let shapes = candidates.into_iter().zip(parts).map(|(shape, part)| (shape, Order::C, part));
        Self { start, odds, shapes: shapes.collect() }
    }
}

/// The dimensions that a header says, in the order of the array: widths come before heights as often
/// as behind; rows are as long as makes them smooth.
fn in_order(said: &Dims<usize>, signal: &Signal<'_, '_>) -> Dims<usize> {
    let mut turned = said.clone();
    match &mut turned[..] {
        [height, width, 3 | 4] => std::mem::swap(height, width),
        dims => dims.reverse(),
    }
    let row = |shape: &[usize]| match shape {
        [.., width, colours @ (3 | 4)] => width * colours,
        [.., width] => *width,
        [] => 1,
    };
    // A few columns are told less by nearness, and are more common than a few rows.
    let ratio = |shape: &[usize]| {
        let few = shape.last().is_some_and(|&last| last <= 4);
        signal.ratio_at(row(shape)) * if few { 0.95 } else { 1.0 }
    };
    if ratio(&turned) < ratio(said) { turned } else { said.clone() }
}

/// How likely each order is for a shape that was said: in which one neighbours are nearer.
fn orders(signal: &Signal<'_, '_>, shape: &[usize]) -> Vec<(Order, f64)> {
    let mut long = shape.iter().copied().filter(|&dim| dim > 1);
    match (long.next(), long.next_back()) {
        (Some(first), Some(last)) if first != last => {
            // In C order rows are as long as the last dimension, in F order as the first.
            let (c, f) = (signal.ratio_at(last), signal.ratio_at(first));
            // C order is much more common.
            let odds = 3.0 + 30.0 * ((f + 1e-3) / (c + 1e-3)).ln();
            let c = 1.0 / (1.0 + (-odds).exp());
            vec![(Order::C, c), (Order::F, 1.0 - c)]
        }
        _ => vec![(Order::C, 1.0)],
    }
}

fn dot(row: &[f64], weights: &[f64]) -> f64 {
    row.iter().zip(weights).map(|(value, weight)| value * weight).sum()
}

/// Scores as probabilities.
fn softmax(scores: &[f64]) -> Vec<f64> {
    let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let parts: Vec<f64> = scores.iter().map(|score| (score - most).exp()).collect();
    let sum: f64 = parts.iter().sum();
    parts.iter().map(|part| part / sum).collect()
}

/// For fitting the weights: the rows of numbers behind each reading and each shape.
#[doc(hidden)]
pub mod fitting {
    use super::*;

    /// The names of a reading's features, and of a shape's.
    pub const NAMES: (&[&str], &[&str]) = (evidence::NAMES, shape::NAMES);

    /// What each of them counts for.
    pub const WEIGHTS: (&[f64], &[f64]) = (weights::READING, weights::SHAPE);

    /// Every reading of bare elements, and what is measured of it.
    pub fn readings(source: &Source<'_>) -> Vec<(DType, bool, Vec<f64>)> {
        let sample = Sample::new(source, 0, false);
        let row = |evidence: Evidence| {
            let noise = evidence.reading == Reading::Noise;
            (evidence.reading.dtype(), noise, evidence.row.to_vec())
        };
        let fits = |size: usize| size > 0 && size <= sample.len();
        let all = evidence::weigh(&sample).into_iter();
        all.filter(|evidence| fits(evidence.reading.itemsize())).map(row).collect()
    }

    /// Every shape that is considered for numbers of this dtype, and what is measured of it; the last
    /// one, without dimensions, stands for all others.
    pub fn shapes(
        source: &Source<'_>,
        dtype: &DType,
        offset: usize,
    ) -> Vec<(Vec<usize>, Vec<f64>)> {
        let Some(reading) = Reading::numbers().find(|reading| reading.dtype() == *dtype) else {
            return Vec::new();
        };
        let candidates = Signal::new(source, offset, reading).candidates();
        let known = candidates.iter().map(|one| (one.shape.to_vec(), one.row().to_vec()));
        known.chain([(Vec::new(), shape::another().to_vec())]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(bytes: &[u8], options: &GuessOptions) -> Guess {
        guess(&Source::slice(bytes), options).unwrap().remove(0)
    }

    fn waves(count: usize) -> Vec<u8> {
        (0..count).flat_map(|i| ((i as f32 * 0.02).sin() * 7.0).to_le_bytes()).collect()
    }

    fn noise(count: usize) -> Vec<u8> {
        let mut state = 7_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        };
        (0..count).map(|_| next()).collect()
    }

    /// 40 rows of 60 elements, each smooth in both directions.
    fn picture() -> Vec<u8> {
        let value = |y: f64, x: f64| 120.0 + 90.0 * (y * 0.3).sin() * (x * 0.2 + y * 0.05).cos();
        (0..2400).map(|i| value((i / 60) as f64, (i % 60) as f64) as u8).collect()
    }

    #[test]
    fn floats_are_told_with_reasons_and_the_call() {
        let told = first(&waves(2000), &GuessOptions::new());
        assert_eq!(told.dtype, Some(DType::from_typestr("<f4").unwrap()));
        assert_eq!((told.offset, told.order), (0, Order::C));
        assert!(told.probability > 0.5 && told.probability <= 1.0);
        assert!(told.reasons.iter().any(|reason| reason.contains("values lie in")), "{told:?}");
        assert!(told.call.unwrap().starts_with("ndbytes.frombuffer(data, \"<f4\""));
    }

    #[test]
    fn probabilities_are_probabilities() {
        for bytes in [waves(300), noise(2000), picture(), vec![0; 64], vec![1], vec![255; 17]] {
            let guesses = guess(&Source::slice(&bytes), &GuessOptions::new()).unwrap();
            let sum: f64 = guesses.iter().map(|guess| guess.probability).sum();
            assert!(!guesses.is_empty() && sum <= 1.0 + 1e-9, "{sum}");
            for (at, guess) in guesses.iter().enumerate() {
                let mut later = guesses[at..].iter().filter(|later| later.what == guess.what);
                assert!(later.all(|later| later.probability <= guess.probability));
            }
        }
    }

    #[test]
    fn the_same_bytes_are_guessed_alike_each_time() {
        // Numbers of many exponents: sums over them are the same in one order only.
        let value = |bytes: &[u8]| (f32::from(bytes[0]) - 127.5) * f32::from(bytes[1]).powi(3);
        let bytes: Vec<u8> =
            noise(6000).chunks_exact(2).flat_map(|pair| value(pair).to_le_bytes()).collect();
        let told = || {
            let guesses = guess(&Source::slice(&bytes), &GuessOptions::new()).unwrap();
            guesses.iter().map(|guess| guess.probability.to_bits()).collect::<Vec<u64>>()
        };
        let one = told();
        assert!((0..20).all(|_| told() == one));
    }

    #[test]
    fn noise_is_called_random() {
        let told = first(&noise(20_000), &GuessOptions::new());
        assert!(told.what.starts_with("random"), "{told:?}");
    }

    #[test]
    fn nothing_is_nothing() {
        let told = first(&[], &GuessOptions::new());
        assert_eq!((told.what.as_str(), told.dtype), ("nothing", None));
    }

    #[test]
    fn what_is_named_for_sure_stands_alone_and_is_not_searched() {
        let large: Vec<f32> = (0..2_000_000).map(|i| (i as f32 * 0.01).sin()).collect();
        let npy = crate::array_to_bytes(&large[..]).unwrap();
        let told = |options: &GuessOptions| {
            let start = std::time::Instant::now();
            let told = guess(&Source::slice(&npy), options).unwrap();
            assert_eq!((told.len(), told[0].what.as_str()), (1, "npy"), "{told:?}");
            start.elapsed().as_secs_f64()
        };
        let options = GuessOptions::new().dtype(DType::from_typestr("<f4").unwrap());
        // To search it takes many times as long. Machines are busy: the quickest of a few.
        let least = (0..5).map(|_| told(&options)).fold(f64::INFINITY, f64::min);
        assert!(least < 2e-3, "{least} s");
        // Behind the place where elements are said to start there is no npy.
        let options = GuessOptions::new().offset(128);
        let told = first(&npy, &options);
        assert_eq!(told.dtype, Some(DType::from_typestr("<f4").unwrap()));
        // What is named for a few bytes that may be there by chance leaves room for readings.
        let deflated = [&[0x78, 0x9c][..], &noise(4000)].concat();
        let told = guess(&Source::slice(&deflated), &GuessOptions::new()).unwrap();
        assert!(told.len() > 1 && told[0].what == "zlib", "{told:?}");
    }

    #[test]
    fn what_is_said_is_so() {
        let bytes = picture();
        let shape = [Some(40), Some(60)];
        let told = first(&bytes, &GuessOptions::new().shape(&shape));
        assert_eq!((&told.shape[..], told.order), (&[40, 60][..], Order::C));
        assert_eq!(told.dtype, Some(DType::from_typestr("|u1").unwrap()));
        // The same bytes, with the axes the other way round.
        let told = first(&bytes, &GuessOptions::new().shape(&[Some(60), Some(40)]));
        assert_eq!((&told.shape[..], told.order), (&[60, 40][..], Order::F));
        assert!(told.call.unwrap().contains("order=\"F\""));

        let moved = [&[9; 12][..], &bytes].concat();
        let told = first(&moved, &GuessOptions::new().shape(&shape));
        assert_eq!(told.offset, 12);
        let dtype = DType::from_typestr("|u1").unwrap();
        let options = GuessOptions::new().offset(12).dtype(dtype.clone());
        for told in guess(&Source::slice(&moved), &options).unwrap() {
            assert_eq!((told.offset, told.dtype), (12, Some(dtype.clone())));
        }
        let open = first(&bytes, &GuessOptions::new().shape(&[None, Some(60)]));
        assert_eq!(open.shape[..], [40, 60]);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let refused = |options: GuessOptions| guess(&Source::slice(&[0; 8]), &options).is_err();
        assert!(refused(GuessOptions::new().offset(9)));
        assert!(refused(GuessOptions::new().shape(&[None, None])));
        assert!(refused(GuessOptions::new().shape(&[Some(usize::MAX), Some(2)])));
        assert!(refused(GuessOptions::new().shape(&[Some(9)])));
        let told = guess(&Source::slice(&[0; 8]), &GuessOptions::new().shape(&[Some(0)]));
        assert!(told.unwrap().is_empty());
    }

    #[test]
    fn a_dtype_that_is_said_is_taken_weighed_or_not() {
        let bytes = picture();
        for typestr in ["<m8[s]", "<M8[Y]", ">f16", "|V8", "|S16", "float8_e4m3fn"] {
            let dtype = DType::from_typestr(typestr).unwrap();
            let told = first(&bytes, &GuessOptions::new().dtype(dtype.clone()));
            let elements = bytes.len() / dtype.itemsize();
            assert_eq!((told.dtype.as_ref(), told.offset), (Some(&dtype), 0), "{typestr}");
            assert_eq!(told.shape.iter().product::<usize>(), elements, "{typestr}");
            let options = GuessOptions::new().dtype(dtype.clone()).shape(&[None, Some(5)]);
            let told = first(&bytes, &options);
            assert_eq!(told.shape[..], [elements / 5, 5], "{typestr}");
            let options = GuessOptions::new().dtype(dtype.clone()).offset(bytes.len() - 1);
            let told = guess(&Source::slice(&bytes), &options).unwrap();
            assert_eq!(told.is_empty(), dtype.itemsize() > 1);
        }
        let objects = GuessOptions::new().dtype(DType::from_typestr("|O").unwrap());
        assert!(guess(&Source::slice(&bytes), &objects).unwrap().is_empty());
    }

    #[test]
    fn every_length_has_its_guesses() {
        let bytes = [noise(40), waves(20), picture()].concat();
        for len in 0..260 {
            for start in [0, 40, 120] {
                let told = guess(&Source::slice(&bytes[start..start + len]), &GuessOptions::new());
                assert!(!told.unwrap().is_empty(), "{start}..+{len}");
            }
        }
    }

    #[test]
    fn any_size_takes_bounded_time() {
        // 3000 rows of 4000 elements, with the grain that cameras have.
        let value = |i: usize| {
            900.0 * (((i / 4000) as f32) * 0.02).sin() * (((i % 4000) as f32) * 0.03).cos()
        };
        let grain = |i: usize| (i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 59) as i16;
        let large: Vec<u8> =
            (0..12_000_000).flat_map(|i| (value(i) as i16 + grain(i)).to_le_bytes()).collect();
        let told = first(&large, &GuessOptions::new());
        assert_eq!(told.dtype, Some(DType::from_typestr("<i2").unwrap()));
        assert_eq!(told.shape[..], [3000, 4000]);
        // Lengths of many divisors; noise, and what goes on and on.
        let tone = |count: usize| -> Vec<u8> {
            let wave =
                |i: usize| (9000.0 * (i as f32 * 0.31).sin()) as i16 + (i * 7919 % 311) as i16;
            (0..count).flat_map(|i| wave(i).to_le_bytes()).collect()
        };
        let table = |count: usize| -> Vec<u8> {
            (0..count).flat_map(|i| ((i % 5040) as f64 * (i % 3) as f64).to_le_bytes()).collect()
        };
        let all =
            [large, tone(40_320), tone(7_207_200), table(720_720), noise(3_603_600), picture()];
        for bytes in all {
            let mut least = f64::INFINITY;
            // Machines are busy: the quickest of a few.
            for _ in 0..if cfg!(debug_assertions) { 1 } else { 5 } {
                let start = std::time::Instant::now();
                first(&bytes, &GuessOptions::new());
                least = least.min(start.elapsed().as_secs_f64());
            }
            println!("{} bytes: {:.1} ms", bytes.len(), 1e3 * least);
            // Tests are not optimised as a rule.
            let most = if cfg!(debug_assertions) { 8.0 } else { 0.1 };
            assert!(least < most, "{} bytes: {least} s", bytes.len());
        }
    }
}
