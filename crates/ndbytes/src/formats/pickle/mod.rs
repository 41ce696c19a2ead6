//! pickle: Python's own format, read without running it.
//!
//! A pickle is a program for a small machine that may import and call anything. Here it is a
//! description: the machine in [`machine`] knows the opcodes and builds an inert graph, and a
//! table of exact names says what the few calls mean that pickles of arrays and plain data have.
//! No name is ever imported or called; one outside of the table refuses the pickle.

mod finish;
mod machine;
mod memo;
mod names;
mod number;
mod numpy;
mod opcode;
mod parts;
mod plain;
mod text;

pub use machine::Encoding;
pub use names::Name;

use crate::array::{Array, Node, NodeId, Source, Value};
use crate::error::{DecodeError, Result};
use crate::limits::Limits;
use machine::Machine;
use numpy::Numpy;

/// The highest protocol there is.
pub const HIGHEST_PROTOCOL: u8 = 5;

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

    fn machine(self, bytes: &'a [u8]) -> Machine<'a, Numpy<'a>> {
        let budget = self.limits.bytes_for(bytes.len() as u64);
        let max_nodes = usize::try_from(budget / size_of::<Node>() as u64).unwrap_or(usize::MAX);
        let numpy = Numpy::new(budget, self.limits.depth(), self.encoding);
        // Node numbers have 32 bits, of which the highest stands for none.
        let max_nodes = max_nodes.min(u32::MAX as usize / 2);
        Machine::new(bytes, numpy, self.encoding, max_nodes).buffers(self.buffers)
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
/// As [`read`], and when the pickle holds anything else than one array without a mask.
pub fn read_array<'a>(bytes: &'a [u8], options: ReadOptions<'a>) -> Result<Array<'a>> {
    let mut machine = options.machine(bytes);
    read_array_with(&mut machine).map_err(|error| error.format("pickle"))
}

fn read_array_with<'a>(machine: &mut Machine<'a, Numpy<'a>>) -> Result<Array<'a>> {
    let root = machine.run()?;
    if is_plain_array(machine, root)
        && let Node::Array(number) = machine.arena.node(root)
    {
        return Ok(machine.arena.take_array(number).array);
    }
    let end = machine.position() as u64;
    let settled = finish::settle(&mut machine.arena, &mut machine.table, root);
    settled.map_err(|error| error.at(end))?;
    array_of(std::mem::take(&mut machine.arena).into_value(root))
}

fn array_of(value: Value<'_>) -> Result<Array<'_>> {
    let Node::Array(number) = value.root() else {
        return Err(DecodeError::mismatch(format!(
            "the pickle holds {}, not an array",
            parts::type_name(value.root())
        ))
        .hint("read any value with pickle.loads(data)"));
    };
    if value.arena().array(number).mask.is_some() {
        return Err(DecodeError::mismatch("the pickle holds a masked array")
            .hint("read it with pickle.loads(data)"));
    }
    Ok(value.array_of(number))
}
