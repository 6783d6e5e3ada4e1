//! Events as columns in memory, growing at the end: what the tail and the memory store are made of.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};
use indelible_proof::Event;

use crate::{
    column::{COLUMNS, Column, RowSink, write_row},
    limits::BLOCK_ROWS,
    source::{ABSENT, CodeBlock, Posting, ReadError, Source},
};

/// Consecutive events in memory. Codes are in the order of first appearance.
#[derive(Debug)]
pub struct Chunk {
    first_seq: u64,
    rows: u32,
    terms: Vec<Terms>,
    ints: Vec<Ints>,
    blobs: Vec<Blobs>,
    bytes: usize,
}

/// Distinct texts, end to end, found by hash.
#[derive(Debug, Default)]
pub(crate) struct Dictionary {
    text: String,
    ends: Vec<u32>,
    codes: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

/// Values with the row that each belongs to; rows never fall.
#[derive(Debug, Default)]
struct Terms {
    dictionary: Dictionary,
    rows: Vec<u32>,
    codes: Vec<u32>,
}

#[derive(Debug, Default)]
struct Ints {
    rows: Vec<u32>,
    values: Vec<i64>,
    range: Option<(i64, i64)>,
}

#[derive(Debug, Default)]
struct Blobs {
    rows: Vec<u32>,
    ends: Vec<usize>,
    bytes: Vec<u8>,
}

impl Chunk {
    /// An empty chunk whose first event will be `first_seq`.
    pub fn new(first_seq: u64) -> Self {
        let mut chunk = Self { first_seq, rows: 0, terms: Vec::new(), ints: Vec::new(), blobs: Vec::new(), bytes: 0 };
        chunk.terms.resize_with(COLUMNS, Terms::default);
        chunk.ints.resize_with(COLUMNS, Ints::default);
        chunk.blobs.resize_with(COLUMNS, Blobs::default);
        chunk
    }

    /// Adds the next event.
    pub fn push(&mut self, event: &Event) {
        write_row(event, self);
        self.rows += 1;
    }

    /// Roughly how much memory it takes, in bytes.
    pub fn memory_bytes(&self) -> usize {
        self.bytes
    }

    fn terms(&self, column: Column) -> Option<&Terms> {
        self.terms.get(column as usize)
    }
}

impl RowSink for Chunk {
    fn term(&mut self, column: Column, text: &str) {
        // A chunk is cut long before its texts take 4 GiB.
        if let Some(terms) = self.terms.get_mut(column as usize)
            && let Some((code, new)) = terms.dictionary.intern(text)
        {
            terms.rows.push(self.rows);
            terms.codes.push(code);
            self.bytes += 8 + if new { text.len() + 16 } else { 0 };
        }
    }

    fn int(&mut self, column: Column, value: i64) {
        if let Some(ints) = self.ints.get_mut(column as usize) {
            ints.rows.push(self.rows);
            ints.values.push(value);
            let (low, high) = ints.range.unwrap_or((value, value));
            ints.range = Some((low.min(value), high.max(value)));
            self.bytes += 12;
        }
    }

    fn blob(&mut self, column: Column, json: &[u8]) {
        if let Some(blobs) = self.blobs.get_mut(column as usize) {
            blobs.rows.push(self.rows);
            blobs.bytes.extend_from_slice(json);
            blobs.ends.push(blobs.bytes.len());
            self.bytes += 12 + json.len();
        }
    }
}

impl Dictionary {
    /// How many texts there are.
    pub(crate) fn len(&self) -> u32 {
        self.ends.len() as u32
    }

    /// The text of a code.
    pub(crate) fn get(&self, code: u32) -> &str {
        let code = code as usize;
        let from = code.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |&end| end as usize);
        let to = self.ends.get(code).map_or(from, |&end| end as usize);
        self.text.get(from..to).unwrap_or_default()
    }

    fn find(&self, text: &str) -> Option<u32> {
        self.codes.find(self.hasher.hash_one(text), |&code| self.get(code) == text).copied()
    }

    /// The code of a text, and whether it is new; `None` when all texts together would take 4 GiB.
    pub(crate) fn intern(&mut self, text: &str) -> Option<(u32, bool)> {
        if let Some(code) = self.find(text) {
            return Some((code, false));
        }
        let end = u32::try_from(self.text.len() + text.len()).ok()?;
        let code = self.len();
        self.text.push_str(text);
        self.ends.push(end);
        let Self { text: all, ends, codes, hasher } = self;
        let of = |code: u32| {
            let from =
                (code as usize).checked_sub(1).and_then(|before| ends.get(before)).map_or(0, |&end| end as usize);
            let to = ends.get(code as usize).map_or(from, |&end| end as usize);
            all.get(from..to).unwrap_or_default()
        };
        codes.insert_unique(hasher.hash_one(text), code, |&code| hasher.hash_one(of(code)));
        Some((code, true))
    }
}

/// The part of a row-tagged list that belongs to a block.
fn of_block(rows: &[u32], block: u32) -> std::ops::Range<usize> {
    let first = block.saturating_mul(BLOCK_ROWS);
    let from = rows.partition_point(|&row| row < first);
    let to = rows.partition_point(|&row| row < first.saturating_add(BLOCK_ROWS));
    from..to
}

impl Source for Chunk {
    fn first_seq(&self) -> u64 {
        self.first_seq
    }

    fn rows(&self) -> u32 {
        self.rows
    }

    fn int_range(&self, column: Column) -> Option<(i64, i64)> {
        self.ints.get(column as usize)?.range
    }

    fn block_int_range(&self, column: Column, _block: u32) -> Option<(i64, i64)> {
        self.int_range(column)
    }

    fn term_count(&self, column: Column) -> u32 {
        self.terms(column).map_or(0, |terms| terms.dictionary.len())
    }

    fn find_term(&self, column: Column, term: &str) -> Result<Option<u32>, ReadError> {
        Ok(self.terms(column).and_then(|terms| terms.dictionary.find(term)))
    }

    fn terms(&self, column: Column, visit: &mut dyn FnMut(u32, &str)) -> Result<(), ReadError> {
        if let Some(terms) = self.terms(column) {
            (0..terms.dictionary.len()).for_each(|code| visit(code, terms.dictionary.get(code)));
        }
        Ok(())
    }

    fn terms_of(&self, column: Column, codes: &[u32], visit: &mut dyn FnMut(u32, &str)) -> Result<(), ReadError> {
        if let Some(terms) = self.terms(column) {
            codes.iter().for_each(|&code| visit(code, terms.dictionary.get(code)));
        }
        Ok(())
    }

    fn posting(&self, _column: Column, _code: u32) -> Result<Option<Posting>, ReadError> {
        Ok(None)
    }

    fn codes(&self, column: Column, block: u32, out: &mut CodeBlock) -> Result<(), ReadError> {
        out.clear();
        let Some(terms) = self.terms(column) else { return Ok(()) };
        let range = of_block(&terms.rows, block);
        let (rows, codes) = (terms.rows.get(range.clone()), terms.codes.get(range));
        let (rows, codes) = (rows.unwrap_or_default(), codes.unwrap_or_default());
        out.codes.extend_from_slice(codes);
        let first = block.saturating_mul(BLOCK_ROWS);
        let in_block = self.block_rows(block);
        let one_each = rows.len() == in_block as usize && rows.iter().zip(first..).all(|(&row, at)| row == at);
        if !one_each {
            let mut at = 0;
            for row in first..=first.saturating_add(in_block) {
                at += rows.get(at..).unwrap_or_default().iter().take_while(|&&r| r < row).count();
                out.starts.push(at as u32);
            }
        }
        Ok(())
    }

    fn ints(&self, column: Column, block: u32, out: &mut Vec<i64>) -> Result<(), ReadError> {
        out.clear();
        out.resize(self.block_rows(block) as usize, ABSENT);
        let Some(ints) = self.ints.get(column as usize) else { return Ok(()) };
        for at in of_block(&ints.rows, block) {
            if let (Some(&row), Some(&value)) = (ints.rows.get(at), ints.values.get(at))
                && let Some(slot) = out.get_mut((row % BLOCK_ROWS) as usize)
            {
                *slot = value;
            }
        }
        Ok(())
    }

    fn blobs(&self, column: Column, rows: &[u32], visit: &mut dyn FnMut(u32, &[u8])) -> Result<(), ReadError> {
        let Some(blobs) = self.blobs.get(column as usize) else { return Ok(()) };
        for &row in rows {
            if let Ok(at) = blobs.rows.binary_search(&row) {
                let from = at.checked_sub(1).and_then(|before| blobs.ends.get(before)).copied().unwrap_or(0);
                let to = blobs.ends.get(at).copied().unwrap_or(from);
                visit(row, blobs.bytes.get(from..to).unwrap_or_default());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
