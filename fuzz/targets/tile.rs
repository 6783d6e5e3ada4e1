//! Any bytes as the path of a tile or of a bundle, a newline and its content: an error, or the one spelling that is
//! written.
#![no_main]

use indelible_proof::tile::{Bundle, Tile};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some(end) = input.iter().position(|byte| *byte == b'\n') else { return };
    let (Ok(path), bytes) = (str::from_utf8(&input[..end]), &input[end + 1..]) else { return };
    if let Ok(tile) = path.parse::<Tile>() {
        assert_eq!(tile.to_string(), path);
        if let Ok(hashes) = tile.decode(bytes) {
            assert_eq!(hashes.len(), usize::from(tile.width()));
            assert!(bytes.starts_with(&Tile::encode(&hashes)));
            for node in tile.hashed_nodes().take(3) {
                assert!(tile.node(&hashes, node).is_some());
            }
        }
    }
    if let Ok(bundle) = path.parse::<Bundle>() {
        assert_eq!(bundle.to_string(), path);
        assert_eq!(bundle.leaves().start, bundle.index() << 8);
        if let Ok(entries) = bundle.decode(bytes) {
            assert_eq!(entries.len(), usize::from(bundle.width()));
            assert_eq!(Bundle::encode(entries).as_deref(), Some(bytes));
        }
    }
});
