//! The memo: what a pickle has put aside to refer to again.

use std::collections::HashMap;

use smallvec::SmallVec;

use crate::array::NodeId;

/// What was put where. Indices far from all others do not cost the memory between.
#[derive(Default)]
pub(super) struct Memo {
    dense: SmallVec<[NodeId; 32]>,
    sparse: HashMap<u64, NodeId>,
    /// How many indices are taken: where MEMOIZE puts the next.
    count: usize,
}

impl Memo {
    /// No arena has as many nodes.
    fn vacant() -> NodeId {
        NodeId::from_index(u32::MAX)
    }

    /// Puts a node where nothing is yet: after all that was put.
    #[inline]
    pub(super) fn put_next(&mut self, id: NodeId) {
        self.put(self.count as u64, id);
    }

    #[inline]
    pub(super) fn put(&mut self, index: u64, id: NodeId) {
        if index == self.dense.len() as u64 && self.sparse.is_empty() {
            self.dense.push(id);
            self.count += 1;
        } else {
            self.put_anywhere(index, id);
        }
    }

    fn put_anywhere(&mut self, index: u64, id: NodeId) {
        self.count += usize::from(self.at(index).is_none());
        if index > 2 * self.dense.len() as u64 + 256 {
            self.sparse.insert(index, id);
            return;
        }
        let index = index as usize;
        if index >= self.dense.len() {
            self.dense.resize(index + 1, Self::vacant());
        }
        self.dense[index] = id;
    }

    #[inline]
    pub(super) fn at(&self, index: u64) -> Option<NodeId> {
        match self.dense.get(usize::try_from(index).ok()?) {
            Some(&id) if id != Self::vacant() => Some(id),
            _ if self.sparse.is_empty() => None,
            _ => self.sparse.get(&index).copied(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn far_and_near_indices() {
        let mut memo = Memo::default();
        let id = NodeId::from_index;
        memo.put(0, id(10));
        memo.put(4_000_000_000, id(11));
        memo.put(300, id(12));
        memo.put(u64::MAX, id(13));
        memo.put(300, id(14));
        memo.put_next(id(15));
        assert_eq!(memo.at(4_000_000_000), Some(id(11)));
        assert_eq!(memo.at(300), Some(id(14)));
        assert_eq!(memo.at(4), Some(id(15)));
        assert_eq!(memo.at(u64::MAX), Some(id(13)));
        assert_eq!(memo.at(1), None);
        assert!(memo.dense.len() < 1000);
    }

    #[test]
    fn what_was_put_far_is_near_once_there_are_many() {
        let mut memo = Memo::default();
        memo.put(1000, NodeId::from_index(1));
        for index in 0..999 {
            memo.put(index, NodeId::from_index(2));
        }
        assert_eq!(memo.at(1000), Some(NodeId::from_index(1)));
        memo.put(1000, NodeId::from_index(3));
        assert_eq!(memo.at(1000), Some(NodeId::from_index(3)));
        assert_eq!(memo.count, 1000);
    }
}
