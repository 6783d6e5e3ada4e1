//! Consistency proofs: RFC 6962 section 2.1.2, RFC 9162 section 2.1.4.

use super::subtree::{self, split};
use super::{EMPTY_ROOT, Hash, Node, ProofError, parent};

/// The way down from the newer tree to the last subtree that both trees share: for each split, whether the edge of
/// the older tree lies left of it; and the leaves of the shared subtree.
struct Descent {
    steps: Vec<(bool, std::ops::Range<u64>)>,
    shared: std::ops::Range<u64>,
}

impl Descent {
    fn new(old: u64, new: u64) -> Self {
        let (mut start, mut end) = (0, new);
        let mut steps = Vec::with_capacity(64);
        while end > old {
            let middle = start + split(end - start);
            if old <= middle {
                steps.push((true, middle..end));
                end = middle;
            } else {
                steps.push((false, start..middle));
                start = middle;
            }
        }
        Self { steps, shared: start..end }
    }

    /// Whether the shared subtree is the older tree itself, whose root the verifier knows.
    fn shares_the_older_tree(&self) -> bool {
        self.shared.start == 0
    }
}

/// The hashes that show that the tree of `new` leaves extends the one of `old` leaves. Empty when `old` is 0 or `new`.
///
/// `node` is asked for complete nodes of the newer tree only, at most 64 a hash.
pub fn consistency_proof<E: From<ProofError>>(
    old: u64,
    new: u64,
    mut node: impl FnMut(Node) -> Result<Hash, E>,
) -> Result<Vec<Hash>, E> {
    if old > new {
        return Err(ProofError::Shrunk { old, new }.into());
    }
    if old == 0 || old == new {
        return Ok(Vec::new());
    }
    let descent = Descent::new(old, new);
    let mut proof = Vec::with_capacity(descent.steps.len() + 1);
    if !descent.shares_the_older_tree() {
        proof.push(subtree::root(descent.shared, &mut node)?);
    }
    for (_, other) in descent.steps.into_iter().rev() {
        proof.push(subtree::root(other, &mut node)?);
    }
    Ok(proof)
}

/// Whether the proof shows that the newer tree extends the older one.
pub fn verify_consistency(
    (old, old_root): (u64, &Hash),
    (new, new_root): (u64, &Hash),
    proof: &[Hash],
) -> Result<(), ProofError> {
    if old > new {
        return Err(ProofError::Shrunk { old, new });
    }
    if old == 0 || old == new {
        return without_proof((old, old_root), (new, new_root), proof);
    }
    let descent = Descent::new(old, new);
    let expected = descent.steps.len() + usize::from(!descent.shares_the_older_tree());
    if proof.len() != expected {
        return Err(ProofError::Length { found: proof.len(), expected });
    }
    let (shared, rest) = match proof.split_first() {
        Some((first, rest)) if !descent.shares_the_older_tree() => (*first, rest),
        _ => (*old_root, proof),
    };
    let (mut older, mut newer) = (shared, shared);
    for ((old_is_left, _), hash) in descent.steps.iter().rev().zip(rest) {
        if *old_is_left {
            newer = parent(&newer, hash);
        } else {
            older = parent(hash, &older);
            newer = parent(hash, &newer);
        }
    }
    if older != *old_root {
        return Err(ProofError::OldRoot { root: *old_root });
    }
    if newer == *new_root { Ok(()) } else { Err(ProofError::Root { root: *new_root }) }
}

/// Trees that need no proof: every tree extends the empty one and itself.
fn without_proof(
    (old, old_root): (u64, &Hash),
    (new, new_root): (u64, &Hash),
    proof: &[Hash],
) -> Result<(), ProofError> {
    if !proof.is_empty() {
        return Err(ProofError::Length { found: proof.len(), expected: 0 });
    }
    if old == 0 && *old_root != EMPTY_ROOT {
        return Err(ProofError::OldRoot { root: *old_root });
    }
    if new == 0 && *new_root != EMPTY_ROOT || old == new && old_root != new_root {
        return Err(ProofError::Root { root: *new_root });
    }
    Ok(())
}
