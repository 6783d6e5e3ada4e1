//! Consecutive events as columns, wherever they are: the one shape that queries, sealing and merging read.

use std::ops::Range;

use indelible_proof::Event;

use crate::{
    code_set::CodeSet,
    column::{Column, Kind, Row},
    limits::BLOCK_ROWS,
    rollup::{Counts, Facet, Rollup, Sketched, Span},
};

/// What an integer column gives for a row that has none. Real values are never negative.
pub const ABSENT: i64 = i64::MIN;

/// The codes of one block of a [`Kind::Terms`] column.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct CodeBlock {
    /// All codes of the block, row after row.
    pub codes: Vec<u32>,
    /// Where each row's codes begin in `codes`, and their end: one more than there are rows.
    /// Empty when every row has exactly one code.
    pub starts: Vec<u32>,
}

impl CodeBlock {
    /// The codes of a row of the block; none for a row beyond it.
    pub fn of(&self, row: usize) -> &[u32] {
        self.within(row..row + 1)
    }

    /// The codes of rows that follow each other.
    pub(crate) fn within(&self, rows: Range<usize>) -> &[u32] {
        self.codes.get(self.range(rows)).unwrap_or_default()
    }

    /// Where the codes of rows that follow each other are.
    pub(crate) fn range(&self, rows: Range<usize>) -> Range<usize> {
        match (self.starts.get(rows.start), self.starts.get(rows.end)) {
            (Some(&from), Some(&to)) => from as usize..to as usize,
            _ if self.starts.is_empty() => rows,
            _ => 0..0,
        }
    }

    /// Leaves only the codes of some rising rows.
    fn keep_rows(&mut self, rows: &[u32]) {
        if self.starts.is_empty() {
            return keep_rows(&mut self.codes, rows, u32::MAX);
        }
        let mut kept = Self::default();
        for &row in rows {
            kept.starts.push(kept.codes.len() as u32);
            kept.codes.extend_from_slice(self.of(row as usize));
        }
        kept.starts.push(kept.codes.len() as u32);
        *self = kept;
    }

    /// Empties it for the next block.
    pub fn clear(&mut self) {
        self.codes.clear();
        self.starts.clear();
    }
}

/// Where a term is.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Posting {
    /// How many rows have it.
    pub rows: u32,
    /// The blocks of those rows, rising.
    pub blocks: Vec<u32>,
}

/// Leaves only the values of some rising rows; of those beyond the last value, `none`.
pub(crate) fn keep_rows<T: Copy>(values: &mut Vec<T>, rows: &[u32], none: T) {
    if rows.len() != values.len() {
        for (nth, &row) in rows.iter().enumerate() {
            let value = values.get(row as usize).copied().unwrap_or(none);
            if let Some(slot) = values.get_mut(nth) {
                *slot = value;
            }
        }
        values.resize(rows.len(), none);
    }
}

/// Why a source could not be read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ReadError {
    /// Bytes on disk that do not check out.
    #[error("{path}: damaged at byte {offset}: {problem}; restore this file from a copy, then run `indelible verify`")]
    Damaged {
        /// File.
        path: String,
        /// Where in it.
        offset: u64,
        /// What is wrong.
        problem: String,
    },
    /// A format that this version does not know.
    #[error("{path}: format version {version}, which this program does not read: use the one that wrote it")]
    Version {
        /// File.
        path: String,
        /// The version that it says.
        version: u32,
    },
    /// The operating system refused.
    #[error("{path}: cannot read: {problem}")]
    Io {
        /// File.
        path: String,
        /// The system's words.
        problem: String,
    },
    /// The caller went away.
    #[error("cancelled")]
    Cancelled,
    /// The answer would take more memory than a query may have.
    #[error("more than {limit} {what}: narrow the filter or group by fewer fields")]
    TooBroad {
        /// What there are too many of.
        what: &'static str,
        /// How many are allowed.
        limit: usize,
    },
}

/// Consecutive events as columns.
///
/// Rows count from 0; row `r` is event `first_seq() + r`. Blocks count from 0 and have [`BLOCK_ROWS`] rows, the
/// last one perhaps fewer. Codes count from 0 and say nothing about the order of terms, except in a segment,
/// whose terms are sorted.
pub trait Source {
    /// The first event's index in the log.
    fn first_seq(&self) -> u64;

    /// How many events there are.
    fn rows(&self) -> u32;

    /// Smallest and largest value of an integer column; `None` when no row has one.
    fn int_range(&self, column: Column) -> Option<(i64, i64)>;

    /// The same for one block; may be wider than the truth.
    fn block_int_range(&self, column: Column, block: u32) -> Option<(i64, i64)>;

    /// How many distinct terms a column has; 0 when no row has one.
    fn term_count(&self, column: Column) -> u32;

    /// The code of a term.
    fn find_term(&self, column: Column, term: &str) -> Result<Option<u32>, ReadError>;

    /// Visits every term of a column in the order of codes.
    fn terms(&self, column: Column, visit: &mut dyn FnMut(u32, &str)) -> Result<(), ReadError>;

    /// Visits the terms of some codes, which rise.
    fn terms_of(&self, column: Column, codes: &[u32], visit: &mut dyn FnMut(u32, &str)) -> Result<(), ReadError>;

    /// Where a code is; `None` when there is no index to tell.
    fn posting(&self, column: Column, code: u32) -> Result<Option<Posting>, ReadError>;

    /// Visits every code with the number of rows that have its term; false when there is no index to tell.
    fn term_rows(&self, column: Column, visit: &mut dyn FnMut(u32, u32)) -> Result<bool, ReadError> {
        let _ = (column, visit);
        Ok(false)
    }

    /// Reads the codes of a block.
    fn codes(&self, column: Column, block: u32, out: &mut CodeBlock) -> Result<(), ReadError>;

    /// Reads the codes of some rising rows of a block, which count from the block's first one: the n-th row given is
    /// row n of what is read.
    fn codes_of(&self, column: Column, block: u32, rows: &[u32], out: &mut CodeBlock) -> Result<(), ReadError> {
        self.codes(column, block, out)?;
        out.keep_rows(rows);
        Ok(())
    }

    /// Visits the rows of a block that have one of some codes, rising, perhaps more than once; they count from the block's
    /// first.
    fn rows_with(
        &self,
        column: Column,
        block: u32,
        wanted: &CodeSet,
        visit: &mut dyn FnMut(u32),
    ) -> Result<(), ReadError> {
        let mut codes = CodeBlock::default();
        self.codes(column, block, &mut codes)?;
        let has = |row: &u32| codes.of(*row as usize).iter().any(|&code| wanted.contains(code));
        (0..self.block_rows(block)).filter(has).for_each(visit);
        Ok(())
    }

    /// Reads the integers of a block, one a row, [`ABSENT`] where there is none.
    fn ints(&self, column: Column, block: u32, out: &mut Vec<i64>) -> Result<(), ReadError>;

    /// Reads the integers of some rising rows of a block, which count from the block's first one.
    fn ints_of(&self, column: Column, block: u32, rows: &[u32], out: &mut Vec<i64>) -> Result<(), ReadError> {
        self.ints(column, block, out)?;
        keep_rows(out, rows, ABSENT);
        Ok(())
    }

    /// Visits the JSON of those of some rising rows that have any.
    fn blobs(&self, column: Column, rows: &[u32], visit: &mut dyn FnMut(u32, &[u8])) -> Result<(), ReadError>;

    /// What was counted at sealing; `None` where nothing was.
    fn rollup(&self) -> Result<Option<&Rollup>, ReadError> {
        Ok(None)
    }

    /// The classes of a digest of the roll-up, rising.
    fn spans(&self, digest: u32) -> Result<Vec<Span>, ReadError> {
        let _ = digest;
        Ok(Vec::new())
    }

    /// The classes of a digest by a facet, rising; `None` where that would have been too large.
    fn counts(&self, digest: u32, facet: Facet) -> Result<Option<Vec<Counts>>, ReadError> {
        let _ = (digest, facet);
        Ok(None)
    }

    /// The sketches of those classes of a digest that have values of a facet left out, rising.
    fn sketches(&self, digest: u32, facet: Facet) -> Result<Vec<Sketched>, ReadError> {
        let _ = (digest, facet);
        Ok(Vec::new())
    }

    /// How many blocks there are.
    fn blocks(&self) -> u32 {
        self.rows().div_ceil(BLOCK_ROWS)
    }

    /// How many rows a block has.
    fn block_rows(&self, block: u32) -> u32 {
        self.rows().saturating_sub(block.saturating_mul(BLOCK_ROWS)).min(BLOCK_ROWS)
    }
}

/// The events of some rising rows, whole. Reads each column block once.
pub fn events(source: &dyn Source, rows: &[u32]) -> Result<Vec<Event>, ReadError> {
    let mut events: Vec<Row> = rows.iter().map(|_| Row::default()).collect();
    for &column in Column::ALL {
        match column.kind() {
            Kind::Terms if source.term_count(column) > 0 => fill_terms(source, column, rows, &mut events)?,
            Kind::Ints if source.int_range(column).is_some() => fill_ints(source, column, rows, &mut events)?,
            Kind::Blob => fill_blobs(source, column, rows, &mut events)?,
            _ => {}
        }
    }
    Ok(events.into_iter().map(Row::into_event).collect())
}

/// Blocks with their rows, counted from the block's first one.
fn by_block(rows: &[u32]) -> impl Iterator<Item = (u32, Vec<u32>)> {
    rows.chunk_by(|a, b| a / BLOCK_ROWS == b / BLOCK_ROWS).filter_map(|rows| {
        let block = rows.first()? / BLOCK_ROWS;
        Some((block, rows.iter().map(|row| row % BLOCK_ROWS).collect()))
    })
}

fn fill_terms(source: &dyn Source, column: Column, rows: &[u32], events: &mut [Row]) -> Result<(), ReadError> {
    let mut block_codes = CodeBlock::default();
    let mut wanted: Vec<(u32, usize, usize)> = Vec::new();
    let mut at = 0;
    for (block, rows) in by_block(rows) {
        source.codes_of(column, block, &rows, &mut block_codes)?;
        for nth in 0..rows.len() {
            let codes = block_codes.of(nth);
            wanted.extend(codes.iter().enumerate().map(|(nth, &code)| (code, at, nth)));
            at += 1;
        }
    }
    // In the order of (row, nth) per event the lists keep their order; terms are fetched once per distinct code.
    let mut codes: Vec<u32> = wanted.iter().map(|&(code, ..)| code).collect();
    codes.sort_unstable();
    codes.dedup();
    let mut texts = Vec::with_capacity(codes.len());
    source.terms_of(column, &codes, &mut |_, text| texts.push(text.to_owned()))?;
    let mut sound = texts.len() == codes.len();
    for (code, at, nth) in wanted {
        let text = codes.binary_search(&code).ok().and_then(|found| texts.get(found));
        sound &= match (events.get_mut(at), text) {
            (Some(event), Some(text)) => event.term(column, text.clone(), nth),
            _ => false,
        };
    }
    if sound { Ok(()) } else { Err(unfit(column)) }
}

fn fill_ints(source: &dyn Source, column: Column, rows: &[u32], events: &mut [Row]) -> Result<(), ReadError> {
    let mut values = Vec::new();
    let mut events = events.iter_mut();
    for (block, rows) in by_block(rows) {
        source.ints_of(column, block, &rows, &mut values)?;
        for (&value, event) in values.iter().zip(&mut events) {
            if value != ABSENT && !event.int(column, value) {
                return Err(unfit(column));
            }
        }
    }
    Ok(())
}

fn fill_blobs(source: &dyn Source, column: Column, rows: &[u32], events: &mut [Row]) -> Result<(), ReadError> {
    let mut sound = true;
    source.blobs(column, rows, &mut |row, json| {
        let event = rows.binary_search(&row).ok().and_then(|at| events.get_mut(at));
        sound &= event.is_some_and(|event| event.blob(column, json));
    })?;
    if sound { Ok(()) } else { Err(unfit(column)) }
}

/// The error that a column holds what no event has.
pub(crate) fn unfit(column: Column) -> ReadError {
    ReadError::Damaged {
        path: column.path().to_owned(),
        offset: 0,
        problem: "a value that the field cannot hold".to_owned(),
    }
}
