//! Where everything is in a data directory. Names are the manifest: there is no other list of files.

use std::{fmt, path::PathBuf};

use indelible_proof::{Timestamp, tile::Tile};

use crate::fs::TEMPORARY;

const DAY_US: i64 = 24 * 3_600_000_000;

/// A UTC day, as days since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Day(i64);

impl Day {
    pub(super) fn of_micros(micros: i64) -> Self {
        Self(micros.div_euclid(DAY_US))
    }

    /// When it begins.
    pub(super) fn midnight(self) -> Timestamp {
        Timestamp::saturating_from_micros(self.0.saturating_mul(DAY_US))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let midnight = self.midnight().to_string();
        out.write_str(midnight.split('T').next().unwrap_or_default())
    }
}

/// The paths of a data directory.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) root: PathBuf,
}

impl Layout {
    pub(super) fn identity(&self) -> PathBuf {
        self.root.join("log.toml")
    }

    pub(super) fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }

    pub(super) fn keys(&self) -> PathBuf {
        self.root.join("keys")
    }

    pub(super) fn epochs(&self) -> PathBuf {
        self.keys().join("epochs")
    }

    pub(super) fn epoch(&self, first_seq: u64) -> PathBuf {
        self.epochs().join(format!("{first_seq:020}.key"))
    }

    pub(super) fn wal(&self) -> PathBuf {
        self.root.join("wal")
    }

    pub(super) fn wal_file(&self, first_seq: u64) -> PathBuf {
        self.wal().join(format!("{first_seq:020}.wal"))
    }

    /// A file that is there for a moment only, to find out whether there is room.
    pub(super) fn room(&self) -> PathBuf {
        self.wal().join(format!("room{TEMPORARY}"))
    }

    /// The key that signs checkpoints.
    pub(super) fn signing_key(&self) -> PathBuf {
        self.keys().join("signing.key")
    }

    /// How the key that signs came to be the one.
    pub(super) fn rotations(&self) -> PathBuf {
        self.keys().join("rotations")
    }

    pub(super) fn tree(&self) -> PathBuf {
        self.root.join("tree")
    }

    /// The newest checkpoint that was signed when a file was begun or the log was closed.
    pub(super) fn checkpoint(&self) -> PathBuf {
        self.tree().join("checkpoint")
    }

    /// What was removed by retention.
    pub(super) fn retention(&self) -> PathBuf {
        self.tree().join("retention")
    }

    pub(super) fn tile_level(&self, level: u8) -> PathBuf {
        self.tree().join(level.to_string())
    }

    pub(super) fn tile(&self, tile: Tile) -> PathBuf {
        self.tile_level(tile.level()).join(format!("{:020}", tile.index()))
    }

    pub(super) fn segments(&self) -> PathBuf {
        self.root.join("segments")
    }

    pub(super) fn day(&self, day: &str) -> PathBuf {
        self.segments().join(day)
    }

    pub(super) fn segment(&self, day: &str, first_seq: u64, last_seq: u64) -> PathBuf {
        self.day(day).join(format!("{first_seq:020}-{last_seq:020}.seg"))
    }
}

/// The first sequence number in the name of a WAL file or an epoch key.
pub(super) fn parse_first(name: &str, ending: &str) -> Option<u64> {
    number(name.strip_suffix(ending)?)
}

/// The first and last sequence numbers in the name of a segment.
pub(super) fn parse_segment(name: &str) -> Option<(u64, u64)> {
    let (first, last) = name.strip_suffix(".seg")?.split_once('-')?;
    let (first, last) = (number(first)?, number(last)?);
    (first <= last).then_some((first, last))
}

fn number(digits: &str) -> Option<u64> {
    (digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.parse().ok())?
}
