//! A chunk that tells as much about itself as a segment does: an index, ranges by block, and counts by hour.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    chunk::Chunk,
    column::Column,
    rollup::{Busy, Cell, HOUR_US, Rollup},
    source::{ABSENT, CodeBlock, Posting, ReadError, Source},
};

pub(super) struct Sealed {
    chunk: Chunk,
    rollup: Rollup,
}

impl Sealed {
    pub(super) fn new(chunk: Chunk) -> Self {
        let rollup = rollup_of(&chunk);
        Self { chunk, rollup }
    }
}

/// Counts by hour, row by row.
fn rollup_of(source: &dyn Source) -> Rollup {
    let mut cells: BTreeMap<Cell, u64> = BTreeMap::new();
    let mut busy: BTreeMap<(Column, u32), BTreeMap<(u32, u32), u64>> = BTreeMap::new();
    for block in 0..source.blocks() {
        let codes = |column: Column| {
            let mut codes = CodeBlock::default();
            source.codes(column, block, &mut codes).unwrap();
            codes
        };
        let mut times = Vec::new();
        source.ints(Column::OccurredAt, block, &mut times).unwrap();
        let [tenants, actions, outcomes, severities] =
            [Column::Tenant, Column::Action, Column::Outcome, Column::Severity].map(codes);
        let busy_columns = [Column::CredentialId, Column::ActorId].map(|column| (column, codes(column)));
        for (row, us) in times.into_iter().enumerate() {
            let one = |block: &CodeBlock| block.of(row)[0];
            let (hour, tenant) = ((us / HOUR_US) as u32, one(&tenants));
            let (action, outcome, severity) = (one(&actions), one(&outcomes), one(&severities));
            *cells.entry(Cell { hour, tenant, action, outcome, severity, count: 0 }).or_default() += 1;
            for (column, codes) in &busy_columns {
                if let Some(&code) = codes.of(row).first() {
                    *busy.entry((*column, code)).or_default().entry((hour, tenant)).or_default() += 1;
                }
            }
        }
    }
    let hours =
        |hours: BTreeMap<(u32, u32), u64>| hours.into_iter().map(|((hour, tenant), n)| (hour, tenant, n)).collect();
    Rollup {
        cells: cells.into_iter().map(|(cell, count)| Cell { count, ..cell }).collect(),
        // Not all, as in a segment: only the common ones are busy.
        busy: busy
            .into_iter()
            .filter(|(_, hours)| hours.values().sum::<u64>() > 2)
            .map(|((column, code), of)| Busy { column, code, hours: hours(of) })
            .collect(),
    }
}

impl Source for Sealed {
    fn first_seq(&self) -> u64 {
        self.chunk.first_seq()
    }

    fn rows(&self) -> u32 {
        self.chunk.rows()
    }

    fn int_range(&self, column: Column) -> Option<(i64, i64)> {
        self.chunk.int_range(column)
    }

    fn block_int_range(&self, column: Column, block: u32) -> Option<(i64, i64)> {
        let mut values = Vec::new();
        self.chunk.ints(column, block, &mut values).ok()?;
        values.retain(|&value| value != ABSENT);
        Some((values.iter().copied().min()?, values.iter().copied().max()?))
    }

    fn term_count(&self, column: Column) -> u32 {
        self.chunk.term_count(column)
    }

    fn find_term(&self, column: Column, term: &str) -> Result<Option<u32>, ReadError> {
        self.chunk.find_term(column, term)
    }

    fn terms(&self, column: Column, visit: &mut dyn FnMut(u32, &str)) -> Result<(), ReadError> {
        self.chunk.terms(column, visit)
    }

    fn terms_of(&self, column: Column, codes: &[u32], visit: &mut dyn FnMut(u32, &str)) -> Result<(), ReadError> {
        self.chunk.terms_of(column, codes, visit)
    }

    fn posting(&self, column: Column, code: u32) -> Result<Option<Posting>, ReadError> {
        if !column.indexed() {
            return Ok(None);
        }
        let mut posting = Posting::default();
        for block in 0..self.blocks() {
            let mut codes = CodeBlock::default();
            self.chunk.codes(column, block, &mut codes)?;
            let rows = (0..self.block_rows(block)).filter(|&row| codes.of(row as usize).contains(&code)).count();
            if rows > 0 {
                posting.blocks.push(block);
                posting.rows += rows as u32;
            }
        }
        Ok(Some(posting))
    }

    fn term_rows(&self, column: Column, visit: &mut dyn FnMut(u32, u32)) -> Result<bool, ReadError> {
        let mut rows = BTreeMap::new();
        for block in 0..self.blocks() {
            let mut codes = CodeBlock::default();
            self.chunk.codes(column, block, &mut codes)?;
            for row in 0..self.block_rows(block) {
                let of_row: BTreeSet<u32> = codes.of(row as usize).iter().copied().collect();
                of_row.into_iter().for_each(|code| *rows.entry(code).or_default() += 1);
            }
        }
        rows.into_iter().for_each(|(code, rows)| visit(code, rows));
        Ok(column.indexed())
    }

    fn codes(&self, column: Column, block: u32, out: &mut CodeBlock) -> Result<(), ReadError> {
        self.chunk.codes(column, block, out)
    }

    fn ints(&self, column: Column, block: u32, out: &mut Vec<i64>) -> Result<(), ReadError> {
        self.chunk.ints(column, block, out)
    }

    fn blobs(&self, column: Column, rows: &[u32], visit: &mut dyn FnMut(u32, &[u8])) -> Result<(), ReadError> {
        self.chunk.blobs(column, rows, visit)
    }

    fn rollup(&self) -> Result<Option<&Rollup>, ReadError> {
        Ok(Some(&self.rollup))
    }
}
