use std::collections::HashMap;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;

use super::*;

/// RFC 6962 section 2.1 to the letter.
pub(crate) fn naive_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash(Sha256::digest([]).into()),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(naive_split(leaves.len()));
            let (left, right) = (naive_root(left), naive_root(right));
            Hash(Sha256::new().chain_update([1]).chain_update(left.0).chain_update(right.0).finalize().into())
        }
    }
}

fn naive_split(len: usize) -> usize {
    let mut k = 1;
    while 2 * k < len {
        k *= 2;
    }
    k
}

/// PATH of RFC 6962 section 2.1.1.
fn naive_path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() <= 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(naive_split(leaves.len()));
    let (mut path, other) = if index < left.len() {
        (naive_path(index, left), naive_root(right))
    } else {
        (naive_path(index - left.len(), right), naive_root(left))
    };
    path.push(other);
    path
}

/// SUBPROOF of RFC 6962 section 2.1.2.
fn naive_subproof(old: usize, leaves: &[Hash], known: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if known { Vec::new() } else { vec![naive_root(leaves)] };
    }
    let (left, right) = leaves.split_at(naive_split(leaves.len()));
    let (mut proof, other) = if old <= left.len() {
        (naive_subproof(old, left, known), naive_root(right))
    } else {
        (naive_subproof(old - left.len(), right, false), naive_root(left))
    };
    proof.push(other);
    proof
}

pub(crate) fn leaves(count: u64) -> Vec<Hash> {
    (0..count).map(|n| leaf(&n.to_be_bytes())).collect()
}

/// Every complete node over the leaves.
pub(crate) fn nodes_of(leaves: &[Hash]) -> HashMap<Node, Hash> {
    let mut nodes: HashMap<_, _> = (0..).zip(leaves).map(|(index, hash)| (Node { level: 0, index }, *hash)).collect();
    CompactRange::new().extend(leaves, |node, hash| {
        assert!(nodes.insert(node, hash).is_none(), "{node:?} was completed twice");
    });
    nodes
}

pub(crate) fn from(nodes: &HashMap<Node, Hash>) -> impl Fn(Node) -> Result<Hash, ProofError> {
    |node| Ok(nodes[&node])
}

fn hash(hex: &str) -> Hash {
    Hash(std::array::from_fn(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()))
}

fn flips(hashes: &[Hash]) -> impl Iterator<Item = Vec<Hash>> {
    (0..hashes.len() * 32).map(|at| {
        let mut flipped = hashes.to_vec();
        flipped[at / 32].0[at % 32] ^= 1 << (at % 8);
        flipped
    })
}

#[test]
fn the_roots_of_certificate_transparency_are_ours() {
    let entries: [&[u8]; 8] = [
        b"",
        b"\0",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let leaves = entries.map(leaf);
    assert_eq!(root_of(&[]), EMPTY_ROOT);
    for (size, root) in (1..).zip(roots) {
        assert_eq!(root_of(&leaves[..size]), hash(root), "{size} leaves");
    }
}

#[test]
fn the_leaf_of_an_event_is_the_leaf_of_its_entry() {
    let entry = crate::Entry([7; 96]);
    assert_eq!(Hash::from(entry.leaf_hash()), leaf(&entry.0));
}

#[test]
fn every_root_of_a_growing_tree_is_the_naive_one() {
    let leaves = leaves(260);
    let mut log = CompactRange::new();
    for size in 0..=leaves.len() {
        assert_eq!(log.root(), Some(naive_root(&leaves[..size])), "{size} leaves");
        assert_eq!(root_of(&leaves[..size]), naive_root(&leaves[..size]));
        leaves.get(size).iter().for_each(|leaf| log.append(leaf, |_, _| ()));
    }
}

#[test]
fn every_completed_node_is_the_root_of_its_leaves() {
    let leaves = leaves(300);
    let nodes = nodes_of(&leaves);
    let complete: usize = (0..9).map(|level| leaves.len() >> level).sum();
    assert_eq!(nodes.len(), complete);
    for (node, hash) in nodes {
        let covered = (node.index << node.level) as usize..((node.index + 1) << node.level) as usize;
        assert_eq!(hash, naive_root(&leaves[covered]), "{node:?}");
    }
}

#[test]
fn every_inclusion_proof_is_the_naive_one_and_holds_for_its_place_only() {
    let leaves = leaves(300);
    let nodes = nodes_of(&leaves);
    for size in (1..=40_u64).chain([63, 64, 65, 127, 128, 129, 300]) {
        let tree = &leaves[..size as usize];
        let root = naive_root(tree);
        for index in 0..size {
            let proof = inclusion_proof(index, size, from(&nodes)).unwrap();
            assert_eq!(proof, naive_path(index as usize, tree), "{index} of {size}");
            let leaf = &tree[index as usize];
            assert_eq!(verify_inclusion(leaf, index, size, &proof, &root), Ok(()));
            for other in (index.saturating_sub(20)..size.min(index + 20)).filter(|other| *other != index) {
                assert!(verify_inclusion(leaf, other, size, &proof, &root).is_err(), "{index} as {other} of {size}");
            }
        }
        let outside = Err(ProofError::NoSuchLeaf { index: size, size });
        assert_eq!(inclusion_proof(size, size, from(&nodes)), outside);
    }
}

#[test]
fn every_consistency_proof_is_the_naive_one_and_holds_for_its_trees_only() {
    let leaves = leaves(70);
    let nodes = nodes_of(&leaves);
    let roots: Vec<Hash> = (0..=leaves.len()).map(|size| naive_root(&leaves[..size])).collect();
    let other = leaf(b"other");
    for new in 0..=leaves.len() {
        for old in 0..=new {
            let proof = consistency_proof(old as u64, new as u64, from(&nodes)).unwrap();
            let naive = if old == 0 { Vec::new() } else { naive_subproof(old, &leaves[..new], true) };
            assert_eq!(proof, naive, "{old} to {new}");
            let verify = |old_root, new_root, proof: &[Hash]| {
                verify_consistency((old as u64, old_root), (new as u64, new_root), proof)
            };
            assert_eq!(verify(&roots[old], &roots[new], &proof), Ok(()));
            assert!(verify(&other, &roots[new], &proof).is_err());
            assert!((old == 0 && new > 0) || verify(&roots[old], &other, &proof).is_err());
            let longer: Vec<Hash> = proof.iter().copied().chain([other]).collect();
            assert!(verify(&roots[old], &roots[new], &longer).is_err());
            assert!(proof.is_empty() || verify(&roots[old], &roots[new], &proof[1..]).is_err());
        }
    }
    assert_eq!(
        consistency_proof(2, 1, from(&nodes)),
        Err(ProofError::Shrunk { old: 2, new: 1 }),
        "a log cannot shrink"
    );
}

#[test]
fn a_proof_with_any_byte_flipped_is_refused() {
    let leaves = leaves(77);
    let nodes = nodes_of(&leaves);
    let (old_root, root) = (naive_root(&leaves[..43]), naive_root(&leaves));
    let inclusion = inclusion_proof(42, 77, from(&nodes)).unwrap();
    for flipped in flips(&inclusion) {
        assert_eq!(verify_inclusion(&leaves[42], 42, 77, &flipped, &root), Err(ProofError::Root { root }));
    }
    let consistency = consistency_proof(43, 77, from(&nodes)).unwrap();
    for flipped in flips(&consistency) {
        assert!(verify_consistency((43, &old_root), (77, &root), &flipped).is_err());
    }
}

#[test]
fn a_rewritten_history_is_named_as_such() {
    let mut leaves = leaves(20);
    let old_root = naive_root(&leaves[..9]);
    leaves[4] = leaf(b"rewritten");
    let proof = consistency_proof(9, 20, from(&nodes_of(&leaves))).unwrap();
    let refusal = verify_consistency((9, &old_root), (20, &naive_root(&leaves)), &proof);
    assert_eq!(refusal, Err(ProofError::OldRoot { root: old_root }));
}

#[test]
fn proofs_of_the_largest_trees_are_checked_without_overflow() {
    let hash = leaf(b"");
    for size in [u64::MAX, 1 << 63, (1 << 63) + 1] {
        for index in [0, 1, size / 2, size - 1] {
            for len in [0, 1, 63, 64, 65] {
                assert!(verify_inclusion(&hash, index, size, &vec![hash; len], &EMPTY_ROOT).is_err());
                assert!(verify_consistency((index, &hash), (size, &EMPTY_ROOT), &vec![hash; len]).is_err());
            }
        }
    }
}

#[test]
fn a_part_of_a_log_has_no_root() {
    assert_eq!(CompactRange::starting_at(8).root(), None);
}

#[test]
fn ranges_that_do_not_touch_are_not_joined() {
    let refusal = CompactRange::new().join(&CompactRange::starting_at(8), |_, _| ());
    assert_eq!(refusal, Err(RangeError::Apart { end: 0, start: 8 }));
}

proptest! {
    #[test]
    fn a_log_computed_in_parts_is_the_log(cuts in proptest::collection::btree_set(0..400_u64, 0..8), size in 0..400_u64) {
        let leaves = leaves(size);
        let mut nodes = HashMap::new();
        let mut log = CompactRange::new();
        for (start, end) in [0].iter().chain(&cuts).zip(cuts.iter().chain(&[size])) {
            let (start, end) = ((*start).min(size), (*end).min(size));
            let mut part = CompactRange::starting_at(start);
            part.extend(&leaves[start as usize..end as usize], |node, hash| assert!(nodes.insert(node, hash).is_none()));
            prop_assert_eq!(CompactRange::from_bytes(&part.to_bytes()).unwrap(), part.clone());
            log.join(&part, |node, hash| assert!(nodes.insert(node, hash).is_none())).unwrap();
        }
        let mut whole = CompactRange::new();
        let mut expected = HashMap::new();
        whole.extend(&leaves, |node, hash| { expected.insert(node, hash); });
        prop_assert_eq!(&log, &whole);
        prop_assert_eq!(nodes, expected);
        prop_assert_eq!(log.root(), Some(naive_root(&leaves)));
    }

    #[test]
    fn a_range_is_had_again_from_stored_nodes(start in 0..200_u64, len in 0..200_u64) {
        let leaves = leaves(start + len);
        let nodes = nodes_of(&leaves);
        let mut range = CompactRange::starting_at(start);
        range.extend(&leaves[start as usize..], |_, _| ());
        prop_assert_eq!(CompactRange::from_nodes(start, start + len, from(&nodes)).unwrap(), range.clone());
        prop_assert!(range.nodes().all(|(node, hash)| nodes[&node] == hash));
    }

    #[test]
    fn any_bytes_are_taken_up_as_a_range_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(range) = CompactRange::from_bytes(&bytes) {
            prop_assert_eq!(range.to_bytes(), bytes);
        }
    }

    #[test]
    fn another_implementation_agrees(size in 1..150_u64, a in any::<u64>(), b in any::<u64>()) {
        let mut theirs = MemoryBackedTree::<Sha256, Vec<u8>>::new();
        (0..size).for_each(|n| theirs.push(n.to_be_bytes().to_vec()));
        let leaves = leaves(size);
        let nodes = nodes_of(&leaves);
        let root = theirs.root();
        prop_assert_eq!(root.as_bytes().as_slice(), &naive_root(&leaves).0);

        let index = a % size;
        let ours: Vec<u8> = inclusion_proof(index, size, from(&nodes)).unwrap().iter().flat_map(|hash| hash.0).collect();
        let proof = theirs.prove_inclusion(index as usize);
        prop_assert_eq!(proof.as_bytes(), ours.as_slice());

        let old = 1 + b % size;
        if old < size {
            let ours: Vec<u8> = consistency_proof(old, size, from(&nodes)).unwrap().iter().flat_map(|hash| hash.0).collect();
            let proof = theirs.prove_consistency((size - old) as usize);
            prop_assert_eq!(proof.as_bytes(), ours.as_slice());
        }
    }
}
