use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::tree::tests::{from, leaves, nodes_of};
use crate::tree::{ProofError, leaf, root_of};

#[derive(Debug, PartialEq, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Tile(#[from] TileError),
    #[error(transparent)]
    Proof(#[from] ProofError),
}

type Tiles = HashMap<Tile, Vec<Hash>>;

/// The tiles of a tree, each hash from the tree's nodes.
fn tiles_of(size: u64) -> (Tiles, Vec<Hash>, HashMap<Node, Hash>) {
    let leaves = leaves(size);
    let nodes = nodes_of(&leaves);
    let tiles = Tile::all(size).map(|tile| (tile, tile.hashed_nodes().map(|node| nodes[&node]).collect())).collect();
    (tiles, leaves, nodes)
}

fn read(tiles: &Tiles) -> impl Fn(Tile) -> Result<Vec<Hash>, Failure> {
    |tile| Ok(tiles[&tile].clone())
}

fn theirs(tile: &Tile) -> String {
    tlog_tiles::Tile::new(8, tile.level, tile.index, tile.width.into(), false).path().replacen("tile/8/", "tile/", 1)
}

#[test]
fn a_tree_has_the_tiles_of_the_published_examples() {
    let count = |size, level, full| Tile::all(size).filter(|it| it.level == level && it.is_full() == full).count();
    assert_eq!([count(70_000, 0, true), count(70_000, 1, true), count(70_000, 2, true)], [273, 1, 0]);
    let partial: Vec<_> = Tile::all(70_000).filter(|it| !it.is_full()).map(|it| it.to_string()).collect();
    assert_eq!(partial, ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]);
    let of_256: Vec<_> = Tile::all(256).map(|it| it.to_string()).collect();
    assert_eq!(of_256, ["tile/0/000", "tile/1/000.p/1"]);
    assert_eq!(Tile::all(0).count(), 0);
    assert_eq!(Tile { level: 0, index: 1_234_067, width: WIDTH }.to_string(), "tile/0/x001/x234/067");
}

#[test]
fn paths_have_one_spelling() {
    for path in ["tile/0/000", "tile/7/000.p/255", "tile/0/x001/x234/067.p/1", "tile/3/x123/456"] {
        assert_eq!(path.parse::<Tile>().unwrap().to_string(), path);
    }
    for path in [
        "",
        "tile",
        "tile/",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/1000",
        "tile/0/x000/001",
        "tile/0/x01/001",
        "tile/0/001/001",
        "tile/0/x001",
        "tile/00/000",
        "tile/8/000",
        "tile/64/000",
        "tile/+1/000",
        "tile/-1/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000.p/1/",
        "/tile/0/000",
        "tile/0/000/",
        "tile/0/00a",
        "tile/0/\u{661}\u{661}\u{661}",
        "tile/7/001",
        "tile/entries/000",
        "tile/0/x018/x446/x744/x073/x709/x551/616",
        "tile/0/x018/x446/x744/x073/x709/x551/615",
        "tile/0/000 ",
    ] {
        assert_eq!(path.parse::<Tile>(), Err(TilePathError), "{path}");
    }
    assert_eq!("tile/entries/x001/002.p/7".parse(), Ok(Bundle { index: 1002, width: 7 }));
    assert_eq!("tile/entries/0".parse::<Bundle>(), Err(TilePathError));
    assert_eq!("tile/0/000".parse::<Bundle>(), Err(TilePathError));
}

#[test]
fn every_node_is_found_in_its_tile() {
    let size = 1300;
    let (tiles, _, nodes) = tiles_of(size);
    for (node, hash) in nodes {
        let tile = Tile::holding(node, size).unwrap();
        assert_eq!(tile.node(&tiles[&tile], node), Some(hash), "{node:?} in {tile}");
    }
    assert_eq!(Tile::holding(Node { level: 0, index: size }, size), None);
    assert_eq!(Tile::holding(Node { level: 63, index: u64::MAX }, u64::MAX), None);
}

#[test]
fn proofs_are_made_from_tiles() {
    let size = 1300;
    let (tiles, leaves, by_name) = tiles_of(size);
    for index in (0..size).step_by(37) {
        let proof = tree::inclusion_proof(index, size, nodes(size, read(&tiles))).unwrap();
        assert_eq!(Ok(proof.clone()), tree::inclusion_proof(index, size, from(&by_name)));
        let root = root_of(&leaves);
        assert_eq!(tree::verify_inclusion(&leaves[index as usize], index, size, &proof, &root), Ok(()));
        let proof = tree::consistency_proof(index, size, nodes(size, read(&tiles))).unwrap();
        assert_eq!(Ok(proof), tree::consistency_proof(index, size, from(&by_name)));
    }
}

#[test]
fn a_set_of_tiles_is_one_tree_or_the_altered_tile_is_named() {
    for size in [0, 1, 255, 256, 257, 512, 700] {
        let (tiles, leaves, _) = tiles_of(size);
        let root = root_of(&leaves);
        assert_eq!(verify(size, &root, read(&tiles)), Ok(()), "{size}");
        for tile in Tile::all(size) {
            let mut altered = tiles.clone();
            altered.get_mut(&tile).unwrap()[0].0[31] ^= 1;
            let refusal = verify(size, &root, read(&altered)).unwrap_err();
            let message = refusal.to_string();
            assert!(
                message.contains(&tile.to_string()) || refusal == TileError::Root { size, root }.into(),
                "{message}"
            );
            let mut cut = tiles.clone();
            cut.get_mut(&tile).unwrap().pop();
            assert!(matches!(verify(size, &root, read(&cut)), Err(Failure::Tile(TileError::Length { .. }))));
        }
        assert!(verify(size, &leaf(b"other"), read(&tiles)).is_err());
    }
}

#[test]
fn a_full_tile_serves_for_a_partial_one() {
    let hashes = leaves(256);
    let bytes = Tile::encode(&hashes);
    let partial = Tile { level: 0, index: 0, width: 7 };
    assert_eq!(bytes.len(), 8192);
    assert_eq!(partial.decode(&bytes).unwrap(), hashes[..7]);
    assert_eq!(partial.decode(&bytes[..7 * 32]).unwrap(), hashes[..7]);
    for len in [0, 31, 32, 6 * 32, 7 * 32 - 1, 7 * 32 + 1, 8 * 32, 8191] {
        assert_eq!(partial.decode(&bytes[..len]), Err(TileError::Length { tile: partial, found: len }));
    }
}

#[test]
fn bundles_hold_exactly_their_entries() {
    let entries = [[1; 96], [2; 96], [3; 96]];
    let bytes = Bundle::encode(entries.iter().map(<[u8; 96]>::as_slice)).unwrap();
    let bundle = Bundle::at(1, 259).unwrap();
    assert_eq!((bundle.to_string().as_str(), bundle.leaves()), ("tile/entries/001.p/3", 256..259));
    assert_eq!(bytes.len(), 3 * 98);
    assert_eq!(bytes[..2], [0, 96]);
    assert_eq!(bundle.decode(&bytes).unwrap(), entries);
    for cut in 0..bytes.len() {
        assert_eq!(bundle.decode(&bytes[..cut]), Err(TileError::Entries { bundle }));
    }
    assert!(bundle.decode(&[bytes.as_slice(), &[0, 0]].concat()).is_err());
    assert_eq!(Bundle::encode([vec![0; 65_536].as_slice()]), None);
}

proptest! {
    #[test]
    fn another_implementation_has_the_same_new_tiles(old in 0..200_000_u64, more in 0..200_000_u64) {
        let ours: Vec<_> = Tile::new_since(old, old + more).map(|tile| tile.to_string()).collect();
        let theirs: Vec<_> = tlog_tiles::Tile::new_tiles(8, old, old + more)
            .iter().map(|tile| tile.path().replacen("tile/8/", "tile/", 1)).collect();
        prop_assert_eq!(ours, theirs);
    }

    #[test]
    fn another_implementation_writes_the_same_paths(level in 0..=7_u8, index in any::<u64>(), width in 1..=256_u16) {
        let tile = Tile { level, index: index.checked_shr(8 * (u32::from(level) + 1)).unwrap_or(0), width };
        prop_assert_eq!(theirs(&tile), tile.to_string());
        prop_assert_eq!(tile.to_string().parse(), Ok(tile));
    }

    #[test]
    fn any_path_is_of_a_tile_in_its_one_spelling_or_refused(path in "tile/[0-9]{1,2}/(x[0-9]{3}/){0,7}[0-9]{2,3}(\\.p/[0-9]{1,3})?|\\PC{0,30}") {
        if let Ok(tile) = path.parse::<Tile>() {
            prop_assert_eq!(tile.to_string(), path);
        }
    }

    #[test]
    fn no_tile_name_and_no_node_leads_out_of_bounds(level: u8, index: u64, size: u64, tile_level in 0..9_u8, tile_index: u64) {
        let node = Node { level: level % 64, index };
        let hashes = leaves(3);
        if let Some(tile) = Tile::holding(node, size) {
            tile.node(&hashes, node);
        }
        if let Some(tile) = Tile::at(tile_level, tile_index, size) {
            tile.node(&hashes, node);
            prop_assert_eq!(tile.hashed_nodes().count(), usize::from(tile.width()));
        }
    }

    #[test]
    fn any_bytes_are_a_bundle_or_refused(bytes in proptest::collection::vec(0..3_u8, 0..40), width in 1..5_u16) {
        if let Ok(entries) = (Bundle { index: 0, width }).decode(&bytes) {
            prop_assert_eq!(Bundle::encode(entries), Some(bytes));
        }
    }
}
