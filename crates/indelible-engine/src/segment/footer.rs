//! The footer: what a segment is and where everything in it lies.
//!
//! Pages follow each other without a gap in the order of the columns, so that only their lengths are kept.

use super::{
    Epoch,
    extents::Extents,
    terms::TermTree,
    wire::{Decoded, Wire, put_bytes, put_signed, put_varint},
};
use crate::{
    column::{COLUMNS, Column, Kind},
    limits::{BLOCK_ROWS, EPOCHS_MAX, SEGMENT_ROWS_MAX, TERM_BYTES_MAX},
};

/// Begins a segment, before the format version.
pub(super) const MAGIC: [u8; 8] = *b"INDELSEG";
/// Ends a segment.
pub(super) const MAGIC_END: [u8; 8] = *b"INDELEND";
/// The version of the format that this code writes.
pub(super) const VERSION: u32 = 3;
/// The oldest version that it reads. Version 1 has another roll-up, which is not looked at; that of version 2 counts less.
pub(super) const VERSION_MIN: u32 = 1;
/// Bytes before the first page: magic, version, rows of a block.
pub(super) const HEADER_BYTES: usize = 16;
/// Bytes after the footer: its length, its CRC32C, the version, magic.
pub(super) const TRAILER_BYTES: usize = 20;

/// The blocks of a column follow.
const FORM_PAGES: u8 = 0;
/// Every row has the one value that follows.
const FORM_CONSTANT: u8 = 1;

/// Everything that an open segment keeps in memory.
#[derive(Debug)]
pub(super) struct Footer {
    pub(super) first_seq: u64,
    pub(super) rows: u32,
    /// Root of the Merkle subtree of the rows; zero until the tree is written here.
    pub(super) root: [u8; 32],
    pub(super) epochs: Vec<Epoch>,
    /// By number; `None` where no row has a value.
    pub(super) columns: Vec<Option<Layout>>,
    /// The pages of the roll-up taken together, and its directory; of length 0 when there is none.
    pub(super) rollup: Extents,
}

/// How one column lies in the file.
#[derive(Debug)]
pub(super) enum Layout {
    /// Every row has this one term.
    ConstantTerm(String),
    /// Every row has this integer.
    ConstantInt(i64),
    /// A page a block, then the terms.
    Terms { blocks: Extents, tree: TermTree },
    /// A page a block, and the smallest and largest value of each.
    Ints { blocks: Extents, ranges: Vec<(i64, i64)> },
    /// Pages, and the first row of each.
    Blobs { chunks: Extents, first_rows: Vec<u32> },
}

impl Footer {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend_from_slice(&self.first_seq.to_le_bytes());
        out.extend_from_slice(&self.rows.to_le_bytes());
        out.extend_from_slice(&self.root);
        put_varint(&mut out, self.epochs.len() as u64);
        for epoch in &self.epochs {
            put_varint(&mut out, epoch.first_seq);
        }
        put_varint(&mut out, self.columns.iter().flatten().count() as u64);
        for (column, layout) in Column::ALL.iter().zip(&self.columns) {
            if let Some(layout) = layout {
                out.push(*column as u8);
                layout.encode(&mut out);
            }
        }
        self.rollup.lens().for_each(|len| put_varint(&mut out, u64::from(len)));
        out
    }

    /// Reads a footer whose pages must fill the file from the header up to `pages_end`.
    pub(super) fn decode(bytes: &[u8], version: u32, pages_end: u64) -> Decoded<Self> {
        let mut wire = Wire(bytes);
        let (first_seq, rows, root) = (wire.u64()?, wire.u32()?, wire.array()?);
        if rows == 0 || rows > SEGMENT_ROWS_MAX || first_seq.checked_add(u64::from(rows)).is_none() {
            return Err("its number of rows is out of range");
        }
        let epochs = wire.count(EPOCHS_MAX)?;
        let epochs = (0..epochs).map(|_| Ok(Epoch { first_seq: wire.varint()? })).collect::<Decoded<_>>()?;
        let mut at = HEADER_BYTES as u64;
        let mut columns: Vec<Option<Layout>> = (0..COLUMNS).map(|_| None).collect();
        let mut last = None;
        for _ in 0..wire.count(COLUMNS)? {
            let column =
                Column::of_number(wire.u8()?).filter(|&column| last < Some(column)).ok_or("an unknown column")?;
            last = Some(column);
            if let Some(slot) = columns.get_mut(column as usize) {
                *slot = Some(Layout::decode(&mut wire, column, rows, &mut at)?);
            }
        }
        let rollup = Extents::decode(&mut wire, if version == 1 { 1 } else { 2 }, &mut at)?;
        wire.end()?;
        if at != pages_end {
            return Err("its pages do not fill the file");
        }
        Ok(Self { first_seq, rows, root, epochs, columns, rollup })
    }
}

impl Layout {
    fn encode(&self, out: &mut Vec<u8>) {
        let put_lens = |out: &mut Vec<u8>, extents: &Extents| {
            extents.lens().for_each(|len| put_varint(out, u64::from(len)));
        };
        match self {
            Self::ConstantTerm(term) => {
                out.push(FORM_CONSTANT);
                put_bytes(out, term.as_bytes());
            }
            Self::ConstantInt(value) => {
                out.push(FORM_CONSTANT);
                put_signed(out, *value);
            }
            Self::Terms { blocks, tree } => {
                out.push(FORM_PAGES);
                put_lens(out, blocks);
                tree.encode(out);
            }
            Self::Ints { blocks, ranges } => {
                out.push(FORM_PAGES);
                put_lens(out, blocks);
                for (len, (low, high)) in blocks.lens().zip(ranges) {
                    if len > 0 {
                        put_signed(out, *low);
                        put_varint(out, high.wrapping_sub(*low) as u64);
                    }
                }
            }
            Self::Blobs { chunks, first_rows } => {
                out.push(FORM_PAGES);
                put_varint(out, chunks.len() as u64);
                put_lens(out, chunks);
                let mut before = 0;
                for row in first_rows {
                    put_varint(out, u64::from(row - before));
                    before = *row;
                }
            }
        }
    }

    fn decode(wire: &mut Wire<'_>, column: Column, rows: u32, at: &mut u64) -> Decoded<Self> {
        let blocks = rows.div_ceil(BLOCK_ROWS) as usize;
        Ok(match (column.kind(), wire.u8()?) {
            (Kind::Terms, FORM_CONSTANT) => {
                let term = std::str::from_utf8(wire.bytes(TERM_BYTES_MAX)?).map_err(|_| "a term is not UTF-8")?;
                Self::ConstantTerm(term.to_owned())
            }
            (Kind::Ints, FORM_CONSTANT) => Self::ConstantInt(wire.signed()?),
            (Kind::Terms, FORM_PAGES) => {
                let blocks = Extents::decode(wire, blocks, at)?;
                Self::Terms { blocks, tree: TermTree::decode(wire, at)? }
            }
            (Kind::Ints, FORM_PAGES) => {
                let blocks = Extents::decode(wire, blocks, at)?;
                let range = |len: u32| {
                    // An empty range for a block without values.
                    if len == 0 { Ok((i64::MAX, i64::MIN)) } else { read_range(wire) }
                };
                let ranges = blocks.lens().map(range).collect::<Decoded<_>>()?;
                Self::Ints { blocks, ranges }
            }
            (Kind::Blob, FORM_PAGES) => {
                let count = wire.count(rows as usize)?;
                let chunks = Extents::decode(wire, count, at)?;
                let mut row = 0u32;
                let first_rows = wire.counts(count)?.into_iter().map(|step| {
                    row = row.checked_add(step).filter(|&row| row < rows).ok_or("a row is beyond the last")?;
                    Ok(row)
                });
                Self::Blobs { chunks, first_rows: first_rows.collect::<Decoded<_>>()? }
            }
            _ => return Err("an unknown form of column"),
        })
    }
}

fn read_range(wire: &mut Wire<'_>) -> Decoded<(i64, i64)> {
    let low = wire.signed()?;
    Ok((low, low.wrapping_add(wire.varint()? as i64)))
}
