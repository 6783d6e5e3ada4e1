//! The paths of tiles and bundles.

use std::fmt;
use std::str::FromStr;

use super::{Bundle, HEIGHT, LEVEL_MAX, Tile, WIDTH};
use crate::base64::decode_decimal;

/// The path names no tile that a tree can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no tile has this path; tiles are tile/<level>/<index>[.p/<width>] with the index as in x001/x234/067")]
pub struct TilePathError;

/// The index in groups of three digits.
struct Index(u64);

impl fmt::Display for Index {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:03}", self.0);
        let (head, rest) = digits.split_at(digits.len() % 3);
        let mut groups = rest.as_bytes().chunks_exact(3).map(String::from_utf8_lossy).peekable();
        if !head.is_empty() {
            write!(out, "x{head:0>3}/")?;
        }
        while let Some(group) = groups.next() {
            if groups.peek().is_some() { write!(out, "x{group}/")? } else { out.write_str(&group)? }
        }
        Ok(())
    }
}

/// Index and width of what follows the level; every spelling that is not the one written is refused.
fn parse_place(place: &str) -> Option<(u64, u16)> {
    let (index, width) = match place.split_once(".p/") {
        Some((index, width)) => {
            (index, u16::try_from(decode_decimal(width)?).ok().filter(|it| (1..WIDTH).contains(it))?)
        }
        None => (place, WIDTH),
    };
    // 2^64 has 20 digits, seven groups.
    let short = index.len() <= 7 * 5;
    let digits: String = index.chars().filter(|c| short && c.is_ascii_digit()).collect();
    let number = digits.parse().ok()?;
    (Index(number).to_string() == index).then_some((number, width))
}

fn write_place(out: &mut fmt::Formatter<'_>, index: u64, width: u16) -> fmt::Result {
    write!(out, "{}", Index(index))?;
    if width == WIDTH { Ok(()) } else { write!(out, ".p/{width}") }
}

impl FromStr for Tile {
    type Err = TilePathError;

    fn from_str(path: &str) -> Result<Self, TilePathError> {
        let (level, place) = path.strip_prefix("tile/").and_then(|it| it.split_once('/')).ok_or(TilePathError)?;
        let level = decode_decimal(level).and_then(|level| u8::try_from(level).ok()).ok_or(TilePathError)?;
        let (index, width) = parse_place(place).ok_or(TilePathError)?;
        // The leaves below the tile have to be numbers below 2^64.
        let exists = level <= LEVEL_MAX && index <= u64::MAX.checked_shr(u32::from(HEIGHT * (level + 1))).unwrap_or(0);
        if exists { Ok(Self { level, index, width }) } else { Err(TilePathError) }
    }
}

impl FromStr for Bundle {
    type Err = TilePathError;

    fn from_str(path: &str) -> Result<Self, TilePathError> {
        let (index, width) = path.strip_prefix("tile/entries/").and_then(parse_place).ok_or(TilePathError)?;
        if index <= u64::MAX >> HEIGHT { Ok(Self { index, width }) } else { Err(TilePathError) }
    }
}

impl fmt::Display for Tile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "tile/{}/", self.level)?;
        write_place(out, self.index, self.width)
    }
}

impl fmt::Display for Bundle {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("tile/entries/")?;
        write_place(out, self.index, self.width)
    }
}
