//! Counting what a roll-up holds, from the columns of the sources: table by table, so that memory holds one column of keys.

use std::{collections::BTreeMap, ops::Range};

use hashbrown::{HashMap, HashSet};

use super::{
    rollup::{self, Table},
    terms::Postings,
};
use crate::{
    column::Column,
    histogram,
    limits::{BLOCK_ROWS, BUSY_ROWS_MIN, CLASSES_MAX, FACET_VALUES},
    rollup::{BUSY, CLASS, Class, Counts, Facet, HOUR_US, Key, Rollup, Sketched, Span},
    sketch::{Sketch, hash},
    source::{ABSENT, CodeBlock, ReadError, Source},
};

/// More classes than this are not looked at further: each column would have to be left out.
const CLASSES_SEEN_MAX: usize = 1 << 20;

/// What is needed of the columns written before.
#[derive(Debug, Default)]
pub(super) struct Remapped {
    /// For each source, the segment's codes of its codes.
    codes: BTreeMap<Column, Vec<Vec<u32>>>,
    /// The busy codes, rising.
    busy: Vec<(Column, u32)>,
    /// The hash of each code's term, where there may be sketches.
    hashes: BTreeMap<Column, Vec<u64>>,
}

impl Remapped {
    /// Keeps what is needed of a column.
    pub(super) fn keep(&mut self, column: Column, codes: Vec<Vec<u32>>, postings: Option<&Postings>) {
        let counted = |columns: &[Column]| columns.contains(&column);
        if counted(&CLASS) || counted(&BUSY) || Facet::ALL.iter().any(|facet| counted(facet.columns())) {
            self.codes.insert(column, codes);
        }
        if let Some(postings) = postings.filter(|_| BUSY.contains(&column)) {
            let rows = (0..).zip(&postings.rows);
            self.busy.extend(rows.filter(|&(_, &rows)| rows >= BUSY_ROWS_MIN).map(|(code, _)| (column, code)));
        }
    }

    /// Takes in a column's terms in the order of their codes.
    pub(super) fn hash<E>(
        &mut self,
        column: Column,
        visit_all: impl FnOnce(&mut dyn FnMut(&str)) -> Result<(), E>,
    ) -> Result<(), E> {
        if !Facet::ALL.iter().any(|facet| facet.is_sketched() && facet.columns() == [column]) {
            return Ok(());
        }
        let mut hashes = Vec::new();
        visit_all(&mut |term| hashes.push(hash(term)))?;
        self.hashes.insert(column, hashes);
        Ok(())
    }
}

/// What is counted, and how.
pub(super) struct Digests<'a> {
    sources: &'a [&'a dyn Source],
    remapped: &'a Remapped,
    rollup: Rollup,
    version: u32,
    /// Of each row.
    classes: Vec<u32>,
    /// The rows of each busy subject.
    subjects: Vec<Vec<u32>>,
}

impl<'a> Digests<'a> {
    /// Tells the classes apart; nothing when they are too many to help, or an event is not complete.
    pub(super) fn new(
        sources: &'a [&'a dyn Source],
        (version, rows): (u32, u32),
        remapped: &'a Remapped,
    ) -> Result<Option<Self>, ReadError> {
        let (busy, strata) = (remapped.busy.clone(), rollup::strata(version, rows));
        let rollup = Rollup { busy, strata, ..Rollup::default() };
        let (classes, subjects) = (Vec::with_capacity(rows as usize), Vec::new());
        let mut digests = Self { sources, remapped, rollup, version, classes, subjects };
        if !digests.classify()? {
            return Ok(None);
        }
        for column in BUSY {
            digests.find_rows(column)?;
        }
        Ok(Some(digests))
    }

    /// Makes every page in the order of the format, and then the directory's. `put` gives a page's length on disk.
    pub(super) fn write<E: From<ReadError>>(
        mut self,
        mut put: impl FnMut(Option<Vec<u8>>) -> Result<u32, E>,
    ) -> Result<Vec<u8>, E> {
        let mut lens = Vec::with_capacity(Table::all(self.version).count() * self.rollup.digests() as usize);
        self.spans(|spans| {
            lens.push(put(Some(rollup::encode_spans(&spans)))?);
            Ok::<(), E>(())
        })?;
        for &facet in rollup::facets(self.version) {
            let mut sketches = Vec::new();
            self.facet(facet, |counted| {
                let (counts, of_digest) =
                    counted.map_or((None, Vec::new()), |(counts, sketches)| (Some(counts), sketches));
                lens.push(put(counts.map(|counts| rollup::encode_counts(facet, &counts)))?);
                if facet.is_sketched() {
                    sketches.push((!of_digest.is_empty()).then(|| rollup::encode_sketches(&of_digest)));
                }
                Ok::<(), E>(())
            })?;
            for payload in sketches {
                lens.push(put(payload)?);
            }
        }
        Ok(rollup::encode_directory(&self.rollup, &lens))
    }

    /// Reads a column of every source, in the segment's codes.
    fn each_block(&self, column: Column, mut visit: impl FnMut(&CodeBlock, usize)) -> Result<(), ReadError> {
        let mut block = CodeBlock::default();
        for (nth, source) in self.sources.iter().enumerate() {
            let remap = self.remapped.codes.get(&column).and_then(|sources| sources.get(nth));
            let remap = remap.map(Vec::as_slice).unwrap_or_default();
            for number in 0..source.blocks() {
                source.codes(column, number, &mut block)?;
                block.codes.iter_mut().for_each(|code| *code = remap.get(*code as usize).copied().unwrap_or(0));
                visit(&block, source.block_rows(number) as usize);
            }
        }
        Ok(())
    }

    fn each_int(&self, column: Column, mut visit: impl FnMut(i64)) -> Result<(), ReadError> {
        let mut values = Vec::new();
        for source in self.sources {
            for number in 0..source.blocks() {
                source.ints(column, number, &mut values)?;
                values.iter().for_each(|&value| visit(value));
            }
        }
        Ok(())
    }

    /// Gives every row its class, leaving columns out until there are few enough; false when there are no classes.
    fn classify(&mut self) -> Result<bool, ReadError> {
        let mut timed = true;
        self.each_int(Column::OccurredAt, |us| timed &= us >= 0)?;
        if !timed {
            return Ok(false);
        }
        let mut classes: Vec<Class> = vec![Class::default()];
        self.classes.resize(self.classes.capacity(), 0);
        for (nth, column) in CLASS.into_iter().enumerate() {
            // What a row is so far, and its next key, make what it is from here on.
            let (mut numbers, mut next) = (HashMap::new(), Vec::new());
            let (mut row, mut single, mut present) = (0, true, true);
            let mut of_rows = std::mem::take(&mut self.classes);
            self.each_block(column, |block, rows| {
                single &= block.starts.is_sorted_by(|from, to| to.saturating_sub(*from) <= 1);
                for at in 0..rows {
                    let key = block.of(at).first().map_or(0, |code| code + 1);
                    present &= key > 0;
                    let Some(class) = of_rows.get_mut(row) else { return };
                    *class = *numbers.entry(u64::from(*class) << 32 | u64::from(key)).or_insert_with(|| {
                        let mut wider = classes.get(*class as usize).copied().unwrap_or_default();
                        wider[nth] = key;
                        next.push(wider);
                        next.len() as u32 - 1
                    });
                    row += 1;
                }
            })?;
            self.classes = of_rows;
            classes = next;
            if !single || nth < COMPLETE && !present || classes.len() > CLASSES_SEEN_MAX {
                return Ok(false);
            }
        }
        self.number(classes);
        Ok(true)
    }

    /// Leaves columns out, the most diverse first, until the classes are few; numbers them as they rise.
    fn number(&mut self, mut of_old: Vec<Class>) {
        let max = CLASSES_MAX.min(self.classes.len() / 16).max(16);
        let mut tells = [true; CLASS.len()];
        let distinct = loop {
            let mut distinct = of_old.clone();
            distinct.sort_unstable();
            distinct.dedup();
            if distinct.len() <= max {
                break distinct;
            }
            let keys = |nth: usize| {
                let mut keys: Vec<u32> = distinct.iter().map(|class| class[nth]).collect();
                keys.sort_unstable();
                keys.dedup();
                keys.len()
            };
            let widest = (0..CLASS.len()).max_by_key(|&nth| keys(nth)).unwrap_or_default();
            tells[widest] = false;
            of_old.iter_mut().for_each(|class| class[widest] = 0);
        };
        let number = |class: &Class| distinct.binary_search(class).unwrap_or_default() as u32;
        let numbers: Vec<u32> = of_old.iter().map(number).collect();
        self.classes.iter_mut().for_each(|class| *class = numbers.get(*class as usize).copied().unwrap_or_default());
        (self.rollup.tells, self.rollup.classes) = (tells, distinct);
    }

    /// Finds the rows of the busy codes of a column.
    fn find_rows(&mut self, column: Column) -> Result<(), ReadError> {
        let codes: Vec<u32> = self.remapped.busy.iter().filter(|busy| busy.0 == column).map(|busy| busy.1).collect();
        let mut subjects = vec![Vec::new(); codes.len()];
        let mut place = vec![u32::MAX; codes.last().map_or(0, |&last| last as usize + 1)];
        for (&code, nth) in codes.iter().zip(0..) {
            place.get_mut(code as usize).into_iter().for_each(|slot| *slot = nth);
        }
        let mut first_row = 0;
        self.each_block(column, |block, rows| {
            for row in 0..rows {
                for &code in block.of(row) {
                    let place = place.get(code as usize).and_then(|&nth| subjects.get_mut(nth as usize));
                    place.into_iter().for_each(|of_subject: &mut Vec<u32>| of_subject.push(first_row + row as u32));
                }
            }
            first_row += rows as u32;
        })?;
        self.subjects.extend(subjects);
        Ok(())
    }

    fn class(&self, row: u32) -> u32 {
        self.classes.get(row as usize).copied().unwrap_or_default()
    }

    /// Gives the classes of each digest.
    fn spans<E: From<ReadError>>(&mut self, mut give: impl FnMut(Vec<Span>) -> Result<(), E>) -> Result<(), E> {
        let mut times = Vec::with_capacity(self.classes.len());
        self.each_int(Column::OccurredAt, |us| times.push(us))?;
        let mut slots: Vec<Option<Span>> = vec![None; self.rollup.classes.len()];
        let mut seen = Vec::new();
        let mut of_rows = |rows: &mut dyn Iterator<Item = u32>| {
            for row in rows {
                let (class, at) = (self.class(row), times.get(row as usize).copied().unwrap_or_default());
                let Some(slot) = slots.get_mut(class as usize) else { continue };
                let span = slot.get_or_insert_with(|| {
                    seen.push(class);
                    Span { class, count: 0, occurred_at: (at, at) }
                });
                span.count += 1;
                span.occurred_at = (at.min(span.occurred_at.0), at.max(span.occurred_at.1));
            }
            seen.sort_unstable();
            seen.drain(..).filter_map(|class| slots.get_mut(class as usize)?.take()).collect()
        };
        give(of_rows(&mut (0..self.classes.len() as u32)))?;
        self.subjects.iter().try_for_each(|rows| give(of_rows(&mut rows.iter().copied())))?;
        self.strata().try_for_each(|mut rows| give(of_rows(&mut rows)))
    }

    /// The rows of each stratum.
    fn strata(&self) -> impl Iterator<Item = Range<u32>> {
        let rows = self.classes.len() as u32;
        self.rollup.strata.iter().map(move |blocks| blocks.start * BLOCK_ROWS..(blocks.end * BLOCK_ROWS).min(rows))
    }

    /// Gives the counts of each digest by a facet, and its sketches; nothing where they would be too large.
    fn facet<E: From<ReadError>>(
        &self,
        facet: Facet,
        mut give: impl FnMut(Option<(Vec<Counts>, Vec<Sketched>)>) -> Result<(), E>,
    ) -> Result<(), E> {
        if facet.is_implied(|column| self.is_absent(column)) {
            return (0..self.rollup.digests()).try_for_each(|_| give(None));
        }
        let (keys, mut counter) = (self.keys(facet)?, Counter::default());
        give(self.counted(facet, &keys, &mut counter, 0..self.classes.len() as u32))?;
        for rows in &self.subjects {
            give(self.counted(facet, &keys, &mut counter, rows.iter().copied()))?;
        }
        for rows in self.strata() {
            give(if facet.is_of_strata() { self.counted(facet, &keys, &mut counter, rows) } else { None })?;
        }
        Ok(())
    }

    /// Whether no row has a term of a column.
    fn is_absent(&self, column: Column) -> bool {
        self.remapped.codes.get(&column).is_none_or(|sources| sources.iter().all(Vec::is_empty))
    }

    fn counted(
        &self,
        facet: Facet,
        keys: &Keys,
        counter: &mut Counter,
        rows: impl ExactSizeIterator<Item = u32>,
    ) -> Option<(Vec<Counts>, Vec<Sketched>)> {
        let len = rows.len();
        rows.for_each(|row| counter.add(self.class(row), keys.of_rows.of(row as usize)));
        let hashes = facet.columns().first().and_then(|column| self.remapped.hashes.get(column));
        counter.take(facet, len, &keys.values, hashes.map(Vec::as_slice).unwrap_or_default())
    }

    fn keys(&self, facet: Facet) -> Result<Keys, ReadError> {
        let mut keys = Keys::default();
        let codes = &mut keys.of_rows.codes;
        match facet.columns() {
            [Column::OccurredAt] => self.each_int(Column::OccurredAt, |us| codes.push((us / HOUR_US) as u32))?,
            [Column::HttpStatus] => {
                self.each_int(Column::HttpStatus, |status| {
                    codes.push(if status == ABSENT { 0 } else { status.clamp(0, u16::MAX.into()) as u32 + 1 });
                })?;
            }
            [Column::HttpLatencyUs] => self.each_int(Column::HttpLatencyUs, |latency| {
                codes.push(if latency == ABSENT { 0 } else { histogram::bucket(latency) + 1 });
            })?,
            [column] => self.each_block(*column, |block, rows| keys.add(block, rows))?,
            [first, second, ..] => {
                self.each_block(*first, |block, rows| keys.add(block, rows))?;
                let mut others = Keys::default();
                self.each_block(*second, |block, rows| others.add(block, rows))?;
                keys.pair(others);
            }
            [] => {}
        }
        Ok(keys)
    }
}

/// The columns of [`CLASS`] that every event has.
const COMPLETE: usize = 4;

/// The keys of every row.
#[derive(Debug, Default)]
struct Keys {
    of_rows: CodeBlock,
    /// What each key stands for, where a facet has two columns.
    values: Vec<Key>,
}

impl Keys {
    /// Takes in the codes of some rows: those of a row each once, and the key of none where it has none.
    fn add(&mut self, block: &CodeBlock, rows: usize) {
        let CodeBlock { codes, starts } = &mut self.of_rows;
        let single = block.starts.is_sorted_by(|from, to| to.saturating_sub(*from) <= 1);
        if !single && starts.is_empty() {
            starts.extend(0..=codes.len() as u32);
        }
        for row in 0..rows {
            let (from, of_row) = (codes.len(), block.of(row));
            for (nth, code) in of_row.iter().enumerate() {
                if !of_row.iter().take(nth).any(|before| before == code) {
                    codes.push(code + 1);
                }
            }
            if codes.len() == from {
                codes.push(0);
            }
            if !starts.is_empty() {
                starts.push(codes.len() as u32);
            }
        }
    }

    /// Makes one key of two: of a row's only key here, and each of the others.
    fn pair(&mut self, others: Self) {
        let mut numbers = HashMap::new();
        let mut of_rows = others.of_rows;
        for (row, &key) in self.of_rows.codes.iter().enumerate() {
            let places = of_rows.range(row..row + 1);
            for other in of_rows.codes.get_mut(places).unwrap_or_default() {
                let pair = [key, *other];
                *other = *numbers.entry(pair).or_insert_with(|| {
                    self.values.push(pair);
                    self.values.len() as u32 - 1
                });
            }
        }
        self.of_rows = of_rows;
    }
}

/// Counts by class and key.
#[derive(Debug, Default)]
struct Counter {
    counts: HashMap<u64, u64>,
}

impl Counter {
    #[inline]
    fn add(&mut self, class: u32, keys: &[u32]) {
        for &key in keys {
            *self.counts.entry(u64::from(class) << 32 | u64::from(key)).or_default() += 1;
        }
    }

    /// What was counted of so many rows, without rare values; nothing when there is too much of it. Counts from zero again.
    fn take(
        &mut self,
        facet: Facet,
        rows: usize,
        values: &[Key],
        hashes: &[u64],
    ) -> Option<(Vec<Counts>, Vec<Sketched>)> {
        let value = |key: u32| values.get(key as usize).copied().unwrap_or([key, 0]);
        let all = self.counts.drain().map(|(at, count)| ((at >> 32) as u32, value(at as u32), count));
        let mut all: Vec<(u32, Key, u64)> = all.collect();
        all.sort_unstable();
        let counts_max = (rows / 4).max(16);
        let (mut each, least) = FACET_VALUES;
        let kept = loop {
            let kept = if facet.is_cut() { most_frequent(&all, each) } else { None };
            let is_kept = |of: &&(u32, Key, u64)| kept.as_ref().is_none_or(|kept| kept.contains(&of.1));
            if all.iter().filter(is_kept).count() <= counts_max {
                break kept;
            }
            if !facet.is_cut() || each == least {
                return None;
            }
            each /= 2;
        };
        let (mut classes, mut sketches) = (Vec::new(), Vec::new());
        for of_class in all.chunk_by(|a, b| a.0 == b.0) {
            let mut counts = Counts { class: of_class.first()?.0, ..Counts::default() };
            for &(_, key, count) in of_class {
                if kept.as_ref().is_none_or(|kept| kept.contains(&key)) {
                    counts.counts.push((key, count));
                } else {
                    counts.left_out_max = count.max(counts.left_out_max);
                }
            }
            if facet.is_sketched() && counts.left_out_max > 0 {
                sketches.push((counts.class, sketch(of_class, hashes)));
            }
            classes.push(counts);
        }
        Some((classes, sketches))
    }
}

/// Some values of each class that are its most frequent, of those that are equally frequent the first; nothing when that
/// is all values.
fn most_frequent(all: &[(u32, Key, u64)], each: usize) -> Option<HashSet<Key>> {
    let mut kept = HashSet::new();
    let mut is_all = true;
    for of_class in all.chunk_by(|a, b| a.0 == b.0) {
        let mut of_class: Vec<(u64, Key)> = of_class.iter().map(|&(_, key, count)| (u64::MAX - count, key)).collect();
        if of_class.len() > each {
            is_all = false;
            of_class.select_nth_unstable(each);
            of_class.truncate(each);
        }
        kept.extend(of_class.into_iter().map(|(_, key)| key));
    }
    (!is_all).then_some(kept)
}

fn sketch(of_class: &[(u32, Key, u64)], hashes: &[u64]) -> Sketch {
    let mut sketch = Sketch::default();
    for (_, key, _) in of_class {
        let hash = key[0].checked_sub(1).and_then(|code| hashes.get(code as usize));
        hash.into_iter().for_each(|&hash| sketch.add(hash));
    }
    sketch
}
