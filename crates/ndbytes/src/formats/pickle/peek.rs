//! What a pickle says about itself, without building what it holds.

use std::collections::{HashMap, HashSet, VecDeque};

use super::names::Name;
use super::numpy::{Met, Numpy};
use super::{Encoding, Machine, extent, opcode};
use crate::array::{Arena, DType, Dims, Items, Node, NodeId, Order};
use crate::error::{DecodeError, DecodeErrorKind, Result};
use crate::limits::Limits;

/// Paths longer than this are not told.
const LONGEST_PATH: usize = 200;

/// The oddity of a pickle of Python 2.
const PYTHON_2: &str = "has a str of Python 2 that is not ASCII, such as the data of an array: Python \
                        3's own pickle reads it only with encoding='latin1'";

/// What a pickle says about itself.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Peeked {
    /// The protocol it declares; 0 where it declares none, as protocols 0 and 1 do not.
    pub protocol: u8,
    /// The bytes up to STOP, or up to where it was cut.
    pub nbytes: u64,
    /// Whether it was followed up to STOP.
    pub is_whole: bool,
    /// Whether it has a `str` as only Python 2 writes it: one that is not ASCII.
    pub python2: bool,
    /// The arrays in it.
    pub arrays: Vec<PeekedArray>,
    /// The names that it asks for, whether they are known here or not.
    pub names: Vec<Name>,
}

/// What a pickle says about one of its arrays.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PeekedArray {
    /// Where it is, such as `[0]['x']`; nothing where it is all there is, or where nothing tells.
    pub path: Option<String>,
    /// What one element is.
    pub dtype: DType,
    /// Elements along each axis.
    pub shape: Dims<usize>,
    /// The order in which the elements follow each other.
    pub order: Order,
    /// Where in the pickle its data starts, if it lies there as it is.
    pub offset: Option<u64>,
}

impl Peeked {
    /// What is refused of it, and what only Python 2 writes.
    pub(in crate::formats) fn oddities(&self) -> impl Iterator<Item = String> {
        let unknown = self.names.iter().filter(|name| !name.known);
        let refused = unknown.map(|name| format!("asks for {:?}, which is refused", name.name));
        refused.chain(self.python2.then(|| PYTHON_2.to_owned()))
    }
}

/// Whether `bytes` start as a pickle of protocol 2 to 5 does.
pub fn sniff(bytes: &[u8]) -> bool {
    match bytes {
        [opcode::PROTO, protocol @ 2..=5, next, ..] => {
            opcode::find(*next).is_some_and(|row| row.protocol <= *protocol)
        }
        _ => false,
    }
}

/// Whether `bytes` could be a pickle of an array of protocol 0 or 1, which have no magic: they
/// start with a name, and end with STOP.
pub fn may_be_old(start: &[u8], last: Option<u8>) -> bool {
    start.starts_with(b"cnumpy") && last == Some(opcode::STOP)
}

/// Lists the arrays in a pickle and the names that it asks for.
///
/// # Errors
/// When the bytes are no pickle. Names that are not known are no error here.
pub fn peek(bytes: &[u8], limits: &Limits) -> Result<Peeked> {
    let (peeked, error) = look(bytes, limits);
    match error {
        None => Ok(peeked),
        Some(error) if matches!(error.kind(), DecodeErrorKind::Unsafe { .. }) => Ok(peeked),
        Some(error) => Err(error.format("pickle")),
    }
}

/// As [`peek`], of as much of a pickle as there is.
pub(in crate::formats) fn peek_start(bytes: &[u8], limits: &Limits) -> Peeked {
    look(bytes, limits).0
}

fn look(bytes: &[u8], limits: &Limits) -> (Peeked, Option<DecodeError>) {
    let budget = limits.bytes_for(bytes.len() as u64);
    let numpy = Numpy::new(limits, bytes.len(), Encoding::Latin1).looking();
    let max_nodes = usize::try_from(budget / size_of::<Node>() as u64).unwrap_or(usize::MAX);
    let max_nodes = max_nodes.min(u32::MAX as usize / 2);
    let mut machine =
        Machine::new(bytes, numpy, Encoding::Latin1, max_nodes, Vec::new()).list_all();
    let (root, error) = match machine.run() {
        Ok(root) => (Some(root), None),
        Err(error) => (None, Some(error)),
    };
    let paths = root.map_or(HashMap::new(), |root| paths(&machine.arena, root));
    let path_of = |met: &Met| paths.get(&met.number).cloned().filter(|path| !path.is_empty());
    let arrays = machine.table.met.iter().map(|met| PeekedArray {
        path: path_of(met),
        dtype: met.dtype.clone(),
        shape: met.shape.clone(),
        order: met.order,
        offset: met.offset.map(|offset| offset as u64),
    });
    // That a name is refused is told in place of what is wrong behind it.
    let is_whole = bytes.get(machine.start) == Some(&opcode::STOP);
    let nbytes = if is_whole { machine.position() } else { bytes.len() };
    let peeked = Peeked {
        protocol: machine.protocol,
        nbytes: nbytes as u64,
        is_whole,
        python2: extent::has_python2_bytes(&bytes[..nbytes]),
        arrays: arrays.collect(),
        names: machine.names.into_list(),
    };
    (peeked, error)
}

/// The numbers of the arrays that are part of `root`, and where each is met first.
fn paths(arena: &Arena<'_>, root: NodeId) -> HashMap<u32, String> {
    let mut walk = Walk { arena, seen: HashSet::new(), pending: VecDeque::new() };
    walk.meet(root, String::new);
    let mut found = HashMap::new();
    while let Some((id, path)) = walk.pending.pop_front() {
        match arena.node(id) {
            Node::Array(number) => {
                walk.items(arena.array(number).elements.unwrap_or_default(), &path);
                found.entry(number).or_insert(path);
            }
            Node::List(items) | Node::Tuple(items) => walk.items(items, &path),
            Node::Dict(items) | Node::OrderedDict(items) => walk.pairs(items, &path),
            _ => {}
        }
    }
    found
}

struct Walk<'w, 'a> {
    arena: &'w Arena<'a>,
    seen: HashSet<NodeId>,
    pending: VecDeque<(NodeId, String)>,
}

impl Walk<'_, '_> {
    /// A part: only what may hold arrays is kept, once, and no long path.
    fn meet(&mut self, id: NodeId, path: impl FnOnce() -> String) {
        let may_hold = matches!(
            self.arena.node(id),
            Node::Array(_) | Node::List(_) | Node::Tuple(_) | Node::Dict(_) | Node::OrderedDict(_)
        );
        if may_hold && self.seen.insert(id) {
            let path = path();
            if path.len() <= LONGEST_PATH {
                self.pending.push_back((id, path));
            }
        }
    }

    fn items(&mut self, items: Items, path: &str) {
        for (index, &id) in self.arena.items(items).iter().enumerate() {
            self.meet(id, || format!("{path}[{index}]"));
        }
    }

    fn pairs(&mut self, items: Items, path: &str) {
        for pair in self.arena.items(items).chunks_exact(2) {
            match self.arena.node(pair[0]) {
                // What is long by itself is not spelled out: it may be the key of many.
                Node::Str(blob) if blob.len() <= LONGEST_PATH => {
                    let key = String::from_utf8_lossy(self.arena.bytes(blob));
                    self.meet(pair[1], || format!("{path}[{key:?}]"));
                }
                Node::Int(key) => self.meet(pair[1], || format!("{path}[{key}]")),
                _ => {}
            }
        }
    }
}
