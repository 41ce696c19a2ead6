//! pickle: Python's own format, read without running it.
//!
//! A pickle is a program for a small machine that may import and call anything. Here it is a
//! description: a machine knows the opcodes and builds an inert graph, and a
//! table of exact names says what the few calls mean that pickles of arrays and plain data have.
//! No name is ever imported or called; one outside of the table refuses the pickle.

mod emit;
mod extent;
mod finish;
mod known;
mod latin1;
mod machine;
mod memo;
mod message;
mod names;
mod number;
mod numpy;
mod opcode;
mod parts;
mod peek;
mod plain;
mod text;
mod write;
mod write_dtype;

pub use extent::Extent;
pub use machine::Encoding;
pub use message::{Message, ValueMessage};
pub use names::Name;
pub(super) use peek::peek_start;
pub use peek::{Peeked, PeekedArray, may_be_old, peek, sniff};

use crate::array::{Array, Class, Node, NodeId, Sink, Source, Value, default_threads};
use crate::error::{DecodeError, EncodeError, Result};
use crate::limits::Limits;
use machine::Machine;
use numpy::Numpy;
use write::Writer;

/// The highest protocol there is.
pub const HIGHEST_PROTOCOL: u8 = 5;
/// The protocol that is written unless another is asked for: every Python since 3.4 reads it.
pub const DEFAULT_PROTOCOL: u8 = 4;

/// How to read a pickle.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ReadOptions<'a> {
    /// What may be spent.
    pub limits: Limits,
    /// What a Python 2 `str` becomes; data of arrays, names of fields and codes of dtypes are
    /// read as latin-1 whatever this says.
    pub encoding: Encoding,
    /// The buffers that were kept out of band, each with whether it is read-only.
    pub buffers: Vec<(Source<'a>, bool)>,
}

impl<'a> ReadOptions<'a> {
    /// The default limits, latin-1, and no buffers.
    pub fn new() -> Self {
        Self::default()
    }

    /// What may be spent.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// What a Python 2 `str` becomes.
    pub fn encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// The buffers that were kept out of band.
    pub fn buffers(mut self, buffers: Vec<(Source<'a>, bool)>) -> Self {
        self.buffers = buffers;
        self
    }

    #[inline]
    fn machine(self, bytes: &'a [u8]) -> Machine<'a, Numpy<'a>> {
        let budget = self.limits.bytes_for(bytes.len() as u64);
        let max_nodes = usize::try_from(budget / size_of::<Node>() as u64).unwrap_or(usize::MAX);
        let numpy = Numpy::new(&self.limits, bytes.len(), self.encoding);
        // Node numbers have 32 bits, of which the highest stands for none.
        let max_nodes = max_nodes.min(u32::MAX as usize / 2);
        Machine::new(bytes, numpy, self.encoding, max_nodes, self.buffers)
    }
}

/// Reads the value that `bytes` hold, borrowing text and data. What follows STOP is left alone.
///
/// # Errors
/// When the bytes are no pickle, or ask for anything but arrays and plain data: the kind is then
/// [`Unsafe`](crate::DecodeErrorKind::Unsafe), with the names that they ask for.
pub fn read<'a>(bytes: &'a [u8], options: ReadOptions<'a>) -> Result<Value<'a>> {
    let mut machine = options.machine(bytes);
    read_with(&mut machine).map_err(|error| error.format("pickle"))
}

/// The array that `bytes` begin with, if that is one of numbers which Python's own pickler wrote
/// with protocol 2 to 5: far sooner than [`read`], which reads the same. `None` says nothing.
///
/// What has to be decoded counts against `limits`.
#[inline]
pub fn read_known<'a>(bytes: &'a [u8], limits: &Limits) -> Option<Array<'a>> {
    known::read(bytes, limits)
}

fn read_with<'a>(machine: &mut Machine<'a, Numpy<'a>>) -> Result<Value<'a>> {
    let root = machine.run()?;
    if !is_plain_array(machine, root) {
        let end = machine.position() as u64;
        let settled = finish::settle(&mut machine.arena, &mut machine.table, root);
        settled.map_err(|error| error.at(end))?;
    }
    let arena = std::mem::take(&mut machine.arena);
    Ok(arena.into_value(root))
}

/// Whether the result is an array without objects, all of which is known.
fn is_plain_array(machine: &Machine<'_, Numpy<'_>>, root: NodeId) -> bool {
    match machine.arena.node(root) {
        Node::Array(number) => {
            let array = machine.arena.array(number);
            array.elements.is_none() && array.mask.is_none()
        }
        _ => false,
    }
}

/// Reads the array that `bytes` hold, borrowing its data. What follows STOP is left alone.
///
/// # Errors
/// As [`read`], and when the pickle holds anything else than one plain array: a mask or another
/// class would be lost.
pub fn read_array<'a>(bytes: &'a [u8], options: ReadOptions<'a>) -> Result<Array<'a>> {
    if let Some(array) = read_known(bytes, &options.limits) {
        return Ok(array);
    }
    let mut machine = options.machine(bytes);
    let (array, class) = read_array_with(&mut machine).map_err(|error| error.format("pickle"))?;
    match class {
        Class::NdArray => Ok(array),
        class => Err(DecodeError::mismatch(format!("the pickle holds a {}", class.name()))
            .format("pickle")
            .hint("read it with pickle.loads(data)")),
    }
}

/// As [`read_array`], without regard to the class: for npy, which has none.
pub(crate) fn read_elements<'a>(bytes: &'a [u8], options: ReadOptions<'a>) -> Result<Array<'a>> {
    let mut machine = options.machine(bytes);
    match read_array_with(&mut machine).map_err(|error| error.format("pickle"))? {
        (_, Class::Masked) => Err(DecodeError::mismatch("the pickle holds a masked array")),
        (array, _) => Ok(array),
    }
}

fn read_array_with<'a>(machine: &mut Machine<'a, Numpy<'a>>) -> Result<(Array<'a>, Class)> {
    let root = machine.run()?;
    if is_plain_array(machine, root)
        && let Node::Array(number) = machine.arena.node(root)
    {
        let value = machine.arena.take_array(number);
        return Ok((value.array, value.class));
    }
    let end = machine.position() as u64;
    let settled = finish::settle(&mut machine.arena, &mut machine.table, root);
    settled.map_err(|error| error.at(end))?;
    let value = std::mem::take(&mut machine.arena).into_value(root);
    match value.root() {
        Node::Array(number) => Ok((value.array_of(number), value.arena().array(number).class)),
        other => Err(DecodeError::mismatch(format!(
            "the pickle holds {}, not an array",
            parts::type_name(other)
        ))
        .hint("read any value with pickle.loads(data)")),
    }
}

/// Where the data of an array goes when it is written with protocol 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Into the pickle.
    InBand,
    /// The caller keeps it, and gives it back to whoever reads: in the order of
    /// [`Layout::order`](crate::Layout::order), which is that in which it lies.
    Beside {
        /// Whether it is to be read-only where it is read.
        readonly: bool,
    },
}

/// Asked for each array whose data could be kept beside the pickle.
pub type OutOfBand<'o> = &'o mut dyn FnMut(&Array<'_>) -> Keep;

/// How to write a pickle.
#[non_exhaustive]
pub struct WriteOptions<'o> {
    /// 0 to 5.
    pub protocol: u8,
    /// Whether NumPy 2's own name is used for the one function that NumPy 2 knows by its old name
    /// only under protest: that of out-of-band data. NumPy 1 does not know the new one.
    pub numpy2: bool,
    /// Whether protocols 0 to 2 use the names of Python 2, as Python's own picklers do.
    pub fix_imports: bool,
    /// With protocol 5: who is asked where data goes.
    pub out_of_band: Option<OutOfBand<'o>>,
}

impl std::fmt::Debug for WriteOptions<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WriteOptions")
            .field("protocol", &self.protocol)
            .field("numpy2", &self.numpy2)
            .finish_non_exhaustive()
    }
}

impl Default for WriteOptions<'_> {
    fn default() -> Self {
        Self::new(DEFAULT_PROTOCOL)
    }
}

impl<'o> WriteOptions<'o> {
    /// All data in band; names that every NumPy knows.
    pub fn new(protocol: u8) -> Self {
        Self { protocol, numpy2: false, fix_imports: true, out_of_band: None }
    }

    /// Asks `keep` where the data of arrays goes.
    pub fn out_of_band(mut self, keep: OutOfBand<'o>) -> Self {
        self.out_of_band = Some(keep);
        self
    }

    /// Uses the name of NumPy 2 alone where there is one that raises no warning.
    pub fn numpy2(mut self, numpy2: bool) -> Self {
        self.numpy2 = numpy2;
        self
    }

    /// Uses the names of Python 2 with protocols 0 to 2, or those of Python 3.
    pub fn fix_imports(mut self, fix_imports: bool) -> Self {
        self.fix_imports = fix_imports;
        self
    }

    fn check(&self) -> Result<(), EncodeError> {
        match self.protocol {
            0..=HIGHEST_PROTOCOL => Ok(()),
            other => {
                Err(EncodeError::new(format!("there is no pickle protocol {other}")).hint("0 to 5"))
            }
        }
    }
}

/// Writes an array with [`DEFAULT_PROTOCOL`]; every NumPy reads it. Fortran order is kept; any other
/// order but C is packed into C order.
///
/// # Errors
/// When the dtype is one that only `ml_dtypes` knows, or elements are objects that are not values.
///
/// ```
/// let bytes = ndbytes::pickle::write(&[1.5_f32, 2.5][..])?;
/// let array = ndbytes::pickle::read_array(&bytes, Default::default())?;
/// assert_eq!(array.to_vec::<f32>()?, [1.5, 2.5]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write<'a>(array: impl Into<Array<'a>>) -> Result<Vec<u8>, EncodeError> {
    write_array(&array.into(), WriteOptions::default())
}

/// Writes an array as `options` say.
///
/// # Errors
/// As [`write()`].
pub fn write_array(array: &Array<'_>, options: WriteOptions<'_>) -> Result<Vec<u8>, EncodeError> {
    options.check()?;
    match array.objects() {
        Some(objects) => {
            let writer = Writer::new(objects.arena(), options);
            Ok(message::collect(&writer.objects(array, objects.elements())?))
        }
        None if options.out_of_band.is_some() || options.numpy2 => {
            let mut arena = crate::array::Arena::default();
            let number = arena.new_array(array.clone().into());
            let root = arena.push(Node::Array(number));
            Ok(message::collect(&Writer::new(&arena, options).value(root)?))
        }
        None => {
            let message = Message::new(array, options.protocol)?;
            Ok(Sink::collect(message.len(), |sink| message.write(default_threads(), sink)))
        }
    }
}

/// Writes any value as `options` say: what is shared stays shared, and what contains itself does.
///
/// # Errors
/// As [`write()`].
pub fn write_value(value: &Value<'_>, options: WriteOptions<'_>) -> Result<Vec<u8>, EncodeError> {
    let message = ValueMessage::new(value, options)?;
    Ok(Sink::collect(message.len(), |sink| message.write(default_threads(), sink)))
}
