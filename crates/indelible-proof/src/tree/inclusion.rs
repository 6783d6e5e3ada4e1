//! Inclusion proofs: RFC 6962 section 2.1.1, RFC 9162 section 2.1.3.

use super::subtree::{self, split};
use super::{Hash, Node, ProofError, parent};

/// The hashes that lead from a leaf to the root of the tree of `size` leaves, from the leaf's sibling upwards.
///
/// `node` is asked for complete nodes of that tree only, at most 64 a hash.
pub fn inclusion_proof<E: From<ProofError>>(
    index: u64,
    size: u64,
    mut node: impl FnMut(Node) -> Result<Hash, E>,
) -> Result<Vec<Hash>, E> {
    if index >= size {
        return Err(ProofError::NoSuchLeaf { index, size }.into());
    }
    let (mut start, mut end) = (0, size);
    let mut proof = Vec::new();
    while end - start > 1 {
        let middle = start + split(end - start);
        let other = if index < middle {
            let right = middle..end;
            end = middle;
            right
        } else {
            let left = start..middle;
            start = middle;
            left
        };
        proof.push(subtree::root(other, &mut node)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Whether the proof leads from the leaf at `index` to the root of the tree of `size` leaves.
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::NoSuchLeaf { index, size });
    }
    let mut sides = Vec::with_capacity(64);
    let (mut start, mut end) = (0, size);
    while end - start > 1 {
        let middle = start + split(end - start);
        let on_the_left = index < middle;
        *(if on_the_left { &mut end } else { &mut start }) = middle;
        sides.push(on_the_left);
    }
    if proof.len() != sides.len() {
        return Err(ProofError::Length { found: proof.len(), expected: sides.len() });
    }
    let computed = proof.iter().zip(sides.iter().rev()).fold(*leaf, |hash, (sibling, on_the_left)| {
        if *on_the_left { parent(&hash, sibling) } else { parent(sibling, &hash) }
    });
    if computed == *root { Ok(()) } else { Err(ProofError::Root { root: *root }) }
}
