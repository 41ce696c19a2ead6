//! What bytes that say nothing about themselves may be.

use ndbytes::{DType, DecodeError, Guess as CoreGuess, GuessOptions, Order};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::arguments::dimensions;
use crate::bridge::buffer::{Input, RELEASE_FROM};
use crate::bridge::descr;
use crate::errors;

/// What bytes may be that say nothing about themselves: every reading is weighed, on a sample, in
/// less than a tenth of a second whatever their number.
///
/// Parameters
/// ----------
/// data : bytes-like
///     All of the bytes.
/// shape : int or sequence of int, optional
///     The shape, if it is known; one dimension may be -1.
/// dtype : dtype_like, optional
///     What one element is, if it is known.
/// offset : int, optional
///     The bytes before the first element, if that is known.
///
/// Returns
/// -------
/// list of Guess
///     The likeliest dtype first, in its likeliest shape; what is very unlikely is left out, so
///     that the list may be empty when something is said that does not fit.
///
/// Raises
/// ------
/// DecodeError
///     When what is said cannot be: a shape of more elements than there are bytes, say.
///
/// Examples
/// --------
/// >>> data = np.linspace(0.5, 7.5, 1200, dtype="<f4").tobytes()
/// >>> best = ndbytes.guess(data)[0]
/// >>> best.dtype, best.offset
/// (dtype('float32'), 0)
/// >>> ndbytes.guess(data, shape=(30, 40))[0].call
/// 'ndbytes.frombuffer(data, "<f4", (30, 40))'
/// >>> ndbytes.guess(bytes.fromhex("1f8b0800000000000003"))[0].what
/// 'gzip'
#[pyfunction]
#[pyo3(signature = (data, /, *, shape=None, dtype=None, offset=None))]
pub(crate) fn guess(
    py: Python<'_>,
    data: &Bound<'_, PyAny>,
    shape: Option<&Bound<'_, PyAny>>,
    dtype: Option<&Bound<'_, PyAny>>,
    offset: Option<isize>,
) -> PyResult<Vec<Guess>> {
    let input = Input::new(data, None)?;
    let mut options = GuessOptions::new();
    if let Some(shape) = shape {
        options = options.shape(&dimensions(shape)?);
    }
    let mut said = None;
    if let Some(dtype) = dtype {
        let (descr, model, _) = descr::convert(dtype)?;
        said = Some((descr, model.clone()));
        options = options.dtype(model);
    }
    if let Some(offset) = offset {
        let offset = usize::try_from(offset)
            .map_err(|_| PyValueError::new_err(format!("offset is {offset}, it is at least 0")))?;
        options = options.offset(offset);
    }
    let source = input.source();
    let look = || ndbytes::guess(&source, &options);
    let guesses = match input.len() < RELEASE_FROM {
        true => look(),
        false => py.detach(look),
    };
    let guesses = guesses.map_err(|error| errors::decode(py, error))?;
    guesses.into_iter().map(|guess| Guess::new(py, guess, said.as_ref())).collect()
}

/// The exception for bytes that could not be read, with what they are in its hint.
#[cold]
pub(crate) fn explained(
    py: Python<'_>,
    error: DecodeError,
    input: &Input<'_>,
    asked: Option<&DType>,
) -> PyErr {
    errors::decode(py, ndbytes::explain(error, &input.source(), asked))
}

/// One thing that bytes may be; see `guess`.
///
/// Attributes
/// ----------
/// what : str
///     In a few words, such as ``"float32 array"``, ``"gzip"`` or
///     ``"random, compressed or encrypted bytes"``.
/// dtype : numpy.dtype or None
///     None where the bytes are no bare elements, or of a dtype of ml_dtypes that is not installed.
/// shape : tuple of int
///     Empty where the bytes are no bare elements.
/// offset : int
///     Bytes before the first element.
/// order : {"C", "F"}
/// probability : float
///     How likely it is that all of this is so, 0 to 1.
/// reasons : list of str
///     What speaks for it, the strongest first.
/// call : str or None
///     The Python that reads it, with ``data`` for the bytes.
#[pyclass(frozen, module = "ndbytes")]
pub(crate) struct Guess {
    #[pyo3(get)]
    what: String,
    #[pyo3(get)]
    dtype: Option<Py<PyAny>>,
    #[pyo3(get)]
    shape: Py<PyTuple>,
    #[pyo3(get)]
    offset: usize,
    #[pyo3(get)]
    order: &'static str,
    #[pyo3(get)]
    probability: f64,
    #[pyo3(get)]
    reasons: Vec<String>,
    #[pyo3(get)]
    call: Option<String>,
}

impl Guess {
    fn new(
        py: Python<'_>,
        guess: CoreGuess,
        said: Option<&(Bound<'_, PyAny>, DType)>,
    ) -> PyResult<Self> {
        let dtype = guess.dtype.as_ref().and_then(|dtype| match said {
            Some((descr, model)) if model == dtype => Some(descr.clone()),
            // Only ml_dtypes knows bfloat16.
            _ => descr::make(py, dtype).ok(),
        });
        Ok(Self {
            what: guess.what,
            dtype: dtype.map(Bound::unbind),
            shape: PyTuple::new(py, &guess.shape[..])?.unbind(),
            offset: guess.offset,
            order: if guess.order == Order::F { "F" } else { "C" },
            probability: guess.probability,
            reasons: guess.reasons,
            call: guess.call,
        })
    }
}

#[pymethods]
impl Guess {
    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let shape = match self.dtype {
            Some(_) => format!(" {}", self.shape.bind(py).repr()?),
            None => String::new(),
        };
        let mut lines = vec![format!("{:.0} % {}{shape}", 100.0 * self.probability, self.what)];
        lines.extend(self.reasons.iter().map(|reason| format!("  {reason}")));
        lines.extend(self.call.iter().map(|call| format!("  {call}")));
        Ok(format!("<{}>", lines.join("\n")))
    }
}
