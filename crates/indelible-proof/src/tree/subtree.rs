//! How a stretch of leaves falls apart into complete nodes.

use std::ops::Range;

use super::{EMPTY_ROOT, Hash, Node, parent};

/// Leaves left of the split of `size` leaves: the largest power of two below it. `size` is at least 2.
pub(super) fn split(size: u64) -> u64 {
    1 << (63 - (size - 1).leading_zeros())
}

/// The complete nodes of a stretch from left to right, each as large as it can be.
///
/// Used as RFC 6962 splits a tree (the start is a multiple of the largest node) the levels fall from left to right;
/// in general they rise first.
pub(super) fn complete_nodes(leaves: Range<u64>) -> impl Iterator<Item = Node> {
    let Range { mut start, end } = leaves;
    std::iter::from_fn(move || {
        let rest = end.checked_sub(start).filter(|rest| *rest > 0)?;
        // A tree has fewer than 2^64 leaves, so that no level is above 63.
        let level = start.trailing_zeros().min(63 - rest.leading_zeros());
        let index = start >> level;
        start += 1 << level;
        Some(Node { level: u8::try_from(level).unwrap_or(63), index })
    })
}

/// Root of the subtree over a stretch of leaves that RFC 6962 splits off, from its complete nodes.
pub(super) fn root<E>(leaves: Range<u64>, mut node: impl FnMut(Node) -> Result<Hash, E>) -> Result<Hash, E> {
    let hashes = complete_nodes(leaves).map(&mut node).collect::<Result<Vec<_>, E>>()?;
    Ok(fold(&hashes))
}

/// Root over complete nodes whose levels fall from left to right.
pub(super) fn fold(nodes: &[Hash]) -> Hash {
    nodes.iter().rev().copied().reduce(|right, left| parent(&left, &right)).unwrap_or(EMPTY_ROOT)
}
