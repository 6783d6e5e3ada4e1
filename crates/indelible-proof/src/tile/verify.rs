//! Whether a set of tiles is one tree.

use super::{Tile, TileError, WIDTH, nodes};
use crate::tree::{CompactRange, Hash, root_of};

/// Reads every tile of a tree of `size` leaves and checks that each hashes to what the one above says of it, and all
/// of them to `root`. Needs the memory of two tiles; reads tiles above level 0 twice.
pub fn verify<E: From<TileError>>(
    size: u64,
    root: &Hash,
    mut read: impl FnMut(Tile) -> Result<Vec<Hash>, E>,
) -> Result<(), E> {
    let mut read = |tile: Tile| {
        let hashes = read(tile)?;
        let short = TileError::Length { tile, found: hashes.len() * 32 };
        if hashes.len() == usize::from(tile.width()) { Ok(hashes) } else { Err(E::from(short)) }
    };
    for above in Tile::all(size).filter(|tile| tile.level() > 0) {
        let stated = read(above)?;
        for (index, hash) in (above.index() * u64::from(WIDTH)..).zip(&stated) {
            let Some(tile) = Tile::at(above.level() - 1, index, size) else { continue };
            if root_of(&read(tile)?) != *hash {
                return Err(TileError::Above { tile, above }.into());
            }
        }
    }
    let computed = CompactRange::from_nodes(0, size, nodes(size, read))?.root();
    if computed == Some(*root) { Ok(()) } else { Err(TileError::Root { size, root: *root }.into()) }
}
