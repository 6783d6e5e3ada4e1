//! A chunk that tells as much about itself as a segment does: an index, ranges by block, and counts by hour.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    chunk::Chunk,
    column::{Column, Kind},
    histogram,
    limits::BLOCK_ROWS,
    rollup::{BUSY, CLASS, Class, Counts, Facet, HOUR_US, Key, Rollup, Sketched, Span},
    sketch::{Sketch, hash},
    source::{ABSENT, CodeBlock, Posting, ReadError, Source},
};

/// So few that random logs have some left out.
const VALUES_MAX: usize = 2;

pub(super) struct Sealed {
    chunk: Chunk,
    rollup: Rollup,
    /// Of each digest.
    spans: Vec<Vec<Span>>,
    counts: BTreeMap<(u32, Facet), Vec<Counts>>,
    sketches: BTreeMap<(u32, Facet), Vec<Sketched>>,
}

impl Sealed {
    pub(super) fn new(chunk: Chunk) -> Self {
        let rollup = Rollup::default();
        let (spans, counts, sketches) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        let mut sealed = Self { chunk, rollup, spans, counts, sketches };
        sealed.count();
        sealed
    }

    /// Counts everything, row by row.
    fn count(&mut self) {
        let rows: Vec<usize> = (0..self.chunk.rows() as usize).collect();
        let keys: BTreeMap<Column, Vec<Vec<u32>>> =
            Column::ALL.iter().map(|&column| (column, self.keys(column))).collect();
        let class = |row: usize| CLASS.map(|column| keys[&column][row][0]);
        let classes: Vec<Class> = rows.iter().map(|&row| class(row)).collect::<BTreeSet<_>>().into_iter().collect();
        // Not all are busy, as in a segment: only the common ones.
        let of = |column: Column, key: u32| -> Vec<usize> {
            rows.iter().copied().filter(|&row| keys[&column][row] == [key]).collect()
        };
        let mut subjects = vec![rows.clone()];
        let block = |row: usize| row / BLOCK_ROWS as usize;
        for column in BUSY {
            for code in 0..self.chunk.term_count(column) {
                let rows = of(column, code + 1);
                if rows.len() > 2 {
                    self.rollup.busy.push((column, code));
                    subjects.push(rows);
                }
            }
        }
        let first_of_strata = subjects.len() as u32;
        for stratum in 0..self.blocks() {
            self.rollup.strata.push(stratum..stratum + 1);
            subjects.push(rows.iter().copied().filter(|&row| block(row) == stratum as usize).collect());
        }
        let mut times = Vec::new();
        for block in 0..self.blocks() {
            let mut of_block = Vec::new();
            self.chunk.ints(Column::OccurredAt, block, &mut of_block).unwrap();
            times.extend(of_block);
        }
        for (digest, rows) in (0..).zip(&subjects) {
            let mut spans = Vec::new();
            for (number, of_class) in (0..).zip(&classes) {
                let rows: Vec<usize> = rows.iter().copied().filter(|&row| class(row) == *of_class).collect();
                let at = rows.iter().map(|&row| times[row]);
                let Some(occurred_at) = at.clone().min().zip(at.max()) else { continue };
                spans.push(Span { class: number, count: rows.len() as u64, occurred_at });
                for facet in Facet::ALL.into_iter().filter(|facet| digest < first_of_strata || facet.is_of_strata()) {
                    let mut counts: BTreeMap<Key, u64> = BTreeMap::new();
                    for row in &rows {
                        match facet.columns() {
                            [one] => keys[one][*row].iter().for_each(|&key| *counts.entry([key, 0]).or_default() += 1),
                            [one, two] => {
                                let [one] = keys[one][*row][..] else { continue };
                                keys[two][*row].iter().for_each(|&two| *counts.entry([one, two]).or_default() += 1);
                            }
                            _ => {}
                        }
                    }
                    self.add(digest, facet, number, counts);
                }
            }
            self.spans.push(spans);
        }
        (self.rollup.tells, self.rollup.classes) = ([true; CLASS.len()], classes);
    }

    fn add(&mut self, digest: u32, facet: Facet, class: u32, counts: BTreeMap<Key, u64>) {
        let mut counts: Vec<(Key, u64)> = counts.into_iter().collect();
        let mut left_out_max = 0;
        if facet.is_cut() && counts.len() > VALUES_MAX {
            if facet.is_sketched() {
                let mut sketch = Sketch::default();
                self.chunk
                    .terms(facet.columns()[0], &mut |code, term| {
                        if counts.iter().any(|(key, _)| key[0] == code + 1) {
                            sketch.add(hash(term));
                        }
                    })
                    .unwrap();
                self.sketches.entry((digest, facet)).or_default().push((class, sketch));
            }
            counts.sort_by_key(|&(key, count)| (u64::MAX - count, key));
            left_out_max = counts[VALUES_MAX].1;
            counts.truncate(VALUES_MAX);
            counts.sort_unstable();
        }
        self.counts.entry((digest, facet)).or_default().push(Counts { class, counts, left_out_max });
    }

    /// The keys of each row.
    fn keys(&self, column: Column) -> Vec<Vec<u32>> {
        let mut all = Vec::new();
        for block in 0..self.blocks() {
            let rows = self.block_rows(block) as usize;
            if column.kind() == Kind::Ints {
                let mut values = Vec::new();
                self.chunk.ints(column, block, &mut values).unwrap();
                let key = |value: i64| match column {
                    _ if value == ABSENT => 0,
                    Column::OccurredAt => (value / HOUR_US) as u32,
                    Column::HttpLatencyUs => 1 + histogram::bucket(value),
                    _ => 1 + value as u32,
                };
                all.extend(values.into_iter().map(|value| vec![key(value)]));
            } else {
                let mut codes = CodeBlock::default();
                if column.kind() == Kind::Terms {
                    self.chunk.codes(column, block, &mut codes).unwrap();
                }
                for row in 0..rows {
                    let keys: BTreeSet<u32> = codes.of(row).iter().map(|code| code + 1).collect();
                    all.push(if keys.is_empty() { vec![0] } else { keys.into_iter().collect() });
                }
            }
        }
        all
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

    fn spans(&self, digest: u32) -> Result<Vec<Span>, ReadError> {
        Ok(self.spans[digest as usize].clone())
    }

    fn counts(&self, digest: u32, facet: Facet) -> Result<Option<Vec<Counts>>, ReadError> {
        let is_there = digest < self.rollup.first_of_strata() || facet.is_of_strata();
        Ok(is_there.then(|| self.counts.get(&(digest, facet)).cloned().unwrap_or_default()))
    }

    fn sketches(&self, digest: u32, facet: Facet) -> Result<Vec<Sketched>, ReadError> {
        Ok(self.sketches.get(&(digest, facet)).cloned().unwrap_or_default())
    }
}
