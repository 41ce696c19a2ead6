//! Inert Python-like values: what dtype metadata and object arrays hold.
//!
//! A [`Value`] is a node of an [`Arena`], and nodes refer to each other by number. So a value may
//! share parts and contain itself, as Python's may, and is compared and dropped without recursion
//! however deep it nests. Nothing here can run: a value is data.

use std::collections::HashSet;
use std::sync::Arc;

/// The number of a node in its arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NodeId(u32);

/// One Python-like value; its parts are other nodes of the same arena.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Node {
    /// `None`
    None,
    /// `True` or `False`
    Bool(bool),
    /// An `int` that fits 64 bits.
    Int(i64),
    /// Any other `int`, in two's complement, least significant byte first.
    BigInt(Box<[u8]>),
    /// A `float`.
    Float(f64),
    /// A `str` as UTF-8; a lone surrogate is encoded like any other code point of three bytes.
    Str(Box<[u8]>),
    /// A `bytes`.
    Bytes(Box<[u8]>),
    /// A `tuple`.
    Tuple(Vec<NodeId>),
    /// A `list`.
    List(Vec<NodeId>),
    /// A `dict`, in the order of insertion.
    Dict(Vec<(NodeId, NodeId)>),
}

/// The nodes of one or more values.
#[derive(Clone, Debug, Default)]
pub struct Arena {
    nodes: Vec<Node>,
}

impl Arena {
    /// Adds a node and returns its number.
    ///
    /// # Panics
    /// At 2^32 nodes, of which no memory this is used with can hold as many.
    pub fn push(&mut self, node: Node) -> NodeId {
        let id = u32::try_from(self.nodes.len()).expect("fewer than 2^32 nodes");
        self.nodes.push(node);
        NodeId(id)
    }

    /// The node of this number.
    ///
    /// # Panics
    /// When the number belongs to another arena that is larger.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    /// Ends building: the value whose outermost node is `root`.
    pub fn into_value(self, root: NodeId) -> Value {
        Value { arena: Arc::new(self), root }
    }
}

/// A Python-like value and everything that it is made of.
///
/// Equality is structural and exact: `1`, `1.0` and `True` differ, floats are equal bit by bit,
/// and dicts also in their order.
#[derive(Clone, Debug)]
pub struct Value {
    arena: Arc<Arena>,
    root: NodeId,
}

impl Value {
    /// The outermost node.
    pub fn root(&self) -> &Node {
        self.arena.node(self.root)
    }

    /// The arena that the parts of [`Value::root`] are in.
    pub fn arena(&self) -> &Arena {
        &self.arena
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        // Pairs already assumed equal: a cycle that comes back to one adds nothing.
        let mut seen = HashSet::new();
        let mut pending = vec![(self.root, other.root)];
        while let Some(pair) = pending.pop() {
            if !seen.insert(pair) {
                continue;
            }
            let same = match (self.arena.node(pair.0), other.arena.node(pair.1)) {
                (Node::None, Node::None) => true,
                (Node::Bool(a), Node::Bool(b)) => a == b,
                (Node::Int(a), Node::Int(b)) => a == b,
                (Node::Float(a), Node::Float(b)) => a.to_bits() == b.to_bits(),
                (Node::BigInt(a), Node::BigInt(b))
                | (Node::Str(a), Node::Str(b))
                | (Node::Bytes(a), Node::Bytes(b)) => a == b,
                (Node::Tuple(a), Node::Tuple(b)) | (Node::List(a), Node::List(b)) => {
                    pending.extend(a.iter().copied().zip(b.iter().copied()));
                    a.len() == b.len()
                }
                (Node::Dict(a), Node::Dict(b)) => {
                    for (a, b) in a.iter().zip(b) {
                        pending.extend([(a.0, b.0), (a.1, b.1)]);
                    }
                    a.len() == b.len()
                }
                _ => false,
            };
            if !same {
                return false;
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(depth: usize, innermost: Node) -> Value {
        let mut arena = Arena::default();
        let mut id = arena.push(innermost);
        for _ in 0..depth {
            id = arena.push(Node::Tuple(vec![id]));
        }
        arena.into_value(id)
    }

    #[test]
    fn deep_values_compare_and_drop_without_recursion() {
        assert_eq!(nested(1_000_000, Node::None), nested(1_000_000, Node::None));
        assert_ne!(nested(1_000_000, Node::Int(1)), nested(1_000_000, Node::Bool(true)));
    }

    #[test]
    fn floats_are_equal_bit_by_bit() {
        assert_eq!(nested(0, Node::Float(f64::NAN)), nested(0, Node::Float(f64::NAN)));
        assert_ne!(nested(0, Node::Float(0.0)), nested(0, Node::Float(-0.0)));
    }
}
