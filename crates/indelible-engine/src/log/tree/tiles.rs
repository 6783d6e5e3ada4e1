//! The tiles above level 0: full ones on disk, the rest in memory. Of level 0 only those in which retention has cut the log.

use std::{
    io,
    path::Path,
    sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use indelible_proof::{
    tile::{Tile, TileError, WIDTH},
    tree::{Hash, Node},
};

use super::{Layout, TreeError};
use crate::{
    fs::{Fs, is_temporary, read, write_new},
    source::ReadError,
};

const WIDTH_U64: u64 = WIDTH as u64;
const TILE_BYTES_MAX: u64 = 32 * WIDTH_U64;

/// The hashes of the levels 8, 16 and so on. The committer adds, the sealer writes down, whoever makes proofs reads.
#[derive(Debug, Default)]
pub(in crate::log) struct Tiles(RwLock<Vec<Level>>);

/// One level; the first in the list is tile level 1.
#[derive(Debug, Default)]
struct Level {
    /// Full tiles that are on disk for certain, and not here.
    stored: u64,
    /// The hashes behind them.
    hashes: Vec<Hash>,
}

impl Tiles {
    /// What disk holds of the tree of the first `size` events; `None` when it does not hold that much.
    pub(in crate::log) fn load(fs: &dyn Fs, layout: &Layout, size: u64) -> Result<Option<Self>, TreeError> {
        let mut levels = Vec::new();
        for level in 1..8 {
            let count = size >> (8 * level);
            let stored = count / WIDTH_U64;
            let names = fs.list(&layout.tile_level(level)).unwrap_or_default();
            let names = names.iter().filter(|name| !is_temporary(name)).count() as u64;
            let hashes = match Tile::at(level, stored, size) {
                Some(tile) => match read_tile(fs, layout, tile) {
                    Ok(hashes) => hashes,
                    Err(_) => return Ok(None),
                },
                None => Vec::new(),
            };
            if names < stored {
                return Ok(None);
            }
            levels.push(Level { stored, hashes });
            if count == 0 {
                break;
            }
        }
        Ok(Some(Self(RwLock::new(levels))))
    }

    /// Whether a completed node is in a tile above level 0.
    pub(in crate::log) fn hold(node: Node) -> bool {
        node.level.is_multiple_of(8)
    }

    /// Adds nodes that were completed and that tiles [`hold`](Self::hold).
    pub(in crate::log) fn add(&self, nodes: &[(Node, Hash)]) {
        let mut levels = self.write();
        for (node, hash) in nodes {
            let level = usize::from(node.level / 8).saturating_sub(1);
            if levels.len() <= level {
                levels.resize_with(level + 1, Level::default);
            }
            levels.get_mut(level).into_iter().for_each(|level| level.hashes.push(*hash));
        }
    }

    /// The hashes of a tile above level 0.
    pub(in crate::log) fn read(&self, fs: &dyn Fs, layout: &Layout, tile: Tile) -> Result<Vec<Hash>, TreeError> {
        if let Some(level) = self.levels().get(usize::from(tile.level()).saturating_sub(1))
            && let Some(behind) = tile.index().checked_sub(level.stored)
        {
            let from = usize::try_from(behind * WIDTH_U64).unwrap_or(usize::MAX);
            let hashes = level.hashes.get(from..).and_then(|rest| rest.get(..tile.width().into()));
            return Ok(hashes.ok_or(TileError::Length { tile, found: 0 })?.to_vec());
        }
        Ok(read_tile(fs, layout, tile)?)
    }

    /// Writes down what the first `size` events complete. Writing it again after a failure changes nothing.
    ///
    /// ```text
    /// open, write, fdatasync, rename, fsync(dir)    each tile that is new, or wider than before
    /// ```
    pub(in crate::log) fn store(&self, fs: &dyn Fs, layout: &Layout, size: u64) -> io::Result<()> {
        for level in 1..8 {
            let first = self.levels().get(usize::from(level) - 1).map_or(0, |level| level.stored);
            let tiles: Vec<Tile> = (first..).map_while(|index| Tile::at(level, index, size)).collect();
            if tiles.is_empty() {
                break;
            }
            fs.create_dir_all(&layout.tile_level(level))?;
            fs.sync_dir(&layout.tree())?;
            for tile in tiles {
                let hashes = self.read(fs, layout, tile).map_err(io::Error::other)?;
                write_new(fs, &layout.tile(tile), |file| file.append(&Tile::encode(&hashes)))?;
            }
            let full = (size >> (8 * level)) / WIDTH_U64;
            if let Some(level) = self.write().get_mut(usize::from(level) - 1) {
                let full_hashes = (full.saturating_sub(level.stored) * WIDTH_U64) as usize;
                level.hashes.drain(..full_hashes.min(level.hashes.len()));
                level.stored = full;
            }
        }
        Ok(())
    }

    fn levels(&self) -> RwLockReadGuard<'_, Vec<Level>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Vec<Level>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The first leaves of a tile of level 0, which are kept where the log was cut within it; none elsewhere.
pub(in crate::log) fn read_leaves(fs: &dyn Fs, layout: &Layout, tile: Tile) -> Result<Vec<Hash>, ReadError> {
    let path = layout.tile(tile);
    let bytes = match read(fs, &path, TILE_BYTES_MAX) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        read => read.map_err(|problem| unreadable(&path, &problem))?,
    };
    let (hashes, []) = bytes.as_chunks() else {
        let problem = "its end was cut off".to_owned();
        return Err(ReadError::Damaged { path: path.display().to_string(), offset: 0, problem });
    };
    Ok(hashes.iter().take(tile.width().into()).copied().map(Hash).collect())
}

/// Writes down the leaves of a tile of level 0, because those events will go.
///
/// ```text
/// mkdir(tree/0), fsync(tree)                    when it is new
/// open, write, fdatasync, rename, fsync(dir)
/// ```
pub(in crate::log) fn write_leaves(fs: &dyn Fs, layout: &Layout, tile: Tile, leaves: &[Hash]) -> io::Result<()> {
    fs.create_dir_all(&layout.tile_level(0))?;
    fs.sync_dir(&layout.tree())?;
    write_new(fs, &layout.tile(tile), |file| file.append(&Tile::encode(leaves)))
}

fn unreadable(path: &Path, problem: &io::Error) -> ReadError {
    ReadError::Io { path: path.display().to_string(), problem: problem.to_string() }
}

fn read_tile(fs: &dyn Fs, layout: &Layout, tile: Tile) -> Result<Vec<Hash>, ReadError> {
    let path = layout.tile(tile);
    let name = path.display().to_string();
    let bytes = read(fs, &path, TILE_BYTES_MAX).map_err(|problem| unreadable(&path, &problem))?;
    // Since it was written the tree may have lost its end with the power, and grown again as it was.
    let bytes = bytes.get(..32 * usize::from(tile.width())).unwrap_or(&bytes);
    tile.decode(bytes).map_err(|problem| ReadError::Damaged { path: name, offset: 0, problem: problem.to_string() })
}
