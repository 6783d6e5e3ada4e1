//! The values of one column as they are written.

use std::{io::Write as _, ops::Range};

use indelible_proof::{Changes, Object, Timestamp, is_jcs_object, jcs, jcs_text};
use serde::de::DeserializeOwned;

use crate::{
    column::{Column, Kind},
    limits::{BLOCK_ROWS, CANONICAL_BYTES_MAX},
    source::{ABSENT, CodeBlock, ReadError, Source, unfit},
};

/// The values of a column: the terms of many rows, and which values the rows of one block have.
#[derive(Debug)]
pub(super) struct Values {
    column: Column,
    /// What each value is behind: a comma, and a name unless it is in a list of texts.
    begin: String,
    /// What is written, each value behind its length in 4 bytes. At 0 is the value that is written as nothing.
    text: Vec<u8>,
    terms: Terms,
    /// Which of the values are each row's.
    codes: CodeBlock,
    /// The values of all rows: where they are in `text`, and how long.
    spans: Vec<(u32, u32)>,
}

/// Why rows were not read.
pub(super) enum Refusal {
    /// A column takes the memory that there is.
    Full(Column),
    Unreadable(ReadError),
}

impl From<ReadError> for Refusal {
    fn from(error: ReadError) -> Self {
        Self::Unreadable(error)
    }
}

const LEN_BYTES: usize = 4;

impl Values {
    /// Reads the terms of some rows; nothing when no row has a value. `bytes` counts what all columns take.
    pub(super) fn of(
        source: &dyn Source,
        column: Column,
        rows: &Range<u32>,
        bytes: &mut usize,
    ) -> Result<Option<Self>, Refusal> {
        if column.kind() == Kind::Terms && source.term_count(column) == 0 && column != Column::Action {
            return Ok(None);
        }
        let path = column.path();
        let begin = match path.rsplit_once('.').map_or(path, |(_, name)| name) {
            _ if column.is_list() && !column.is_of_elements() => ",".to_owned(),
            name => format!(",\"{name}\":"),
        };
        let (text, terms) = (vec![0; LEN_BYTES], Terms::default());
        let mut values = Self { column, begin, text, terms, codes: CodeBlock::default(), spans: Vec::new() };
        let found = match column.kind() {
            Kind::Terms => values.read_terms(source, rows, bytes)?,
            Kind::Ints => source.int_range(column).is_some(),
            Kind::Blob => true,
        };
        Ok(found.then_some(values))
    }

    /// The `nth` value of a row of the block as it is written; nothing where there is none.
    pub(super) fn get(&self, row: usize, nth: usize) -> &[u8] {
        let range = self.codes.range(row..row + 1);
        let span = self.spans.get(range).and_then(|spans| spans.get(nth));
        span.and_then(|&(from, len)| self.text.get(from as usize..(from + len) as usize)).unwrap_or_default()
    }

    /// How many values a row of the block has.
    pub(super) fn count(&self, row: usize) -> usize {
        self.codes.range(row..row + 1).len()
    }

    /// Adds a value and gives its place.
    fn add(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Option<u32> {
        let place = self.text.len();
        self.text.extend_from_slice(&[0; LEN_BYTES]);
        self.text.extend_from_slice(self.begin.as_bytes());
        write(&mut self.text);
        let len = u32::try_from(self.text.len() - place - LEN_BYTES).ok()?;
        self.text.get_mut(place..place + LEN_BYTES)?.copy_from_slice(&len.to_le_bytes());
        u32::try_from(place).ok()
    }

    fn read_terms(&mut self, source: &dyn Source, rows: &Range<u32>, bytes: &mut usize) -> Result<bool, Refusal> {
        let column = self.column;
        let count = source.term_count(column);
        let mut terms = Terms::below(count);
        // Where there are few, looking which ones the rows have takes longer than reading all.
        if count > rows.len() as u32 / 8 {
            for rows in by_block(rows) {
                let (block, within) = in_block(&rows);
                source.codes(column, block, &mut self.codes)?;
                self.codes.within(within).iter().for_each(|&code| terms.insert(code));
            }
        } else {
            (0..count).for_each(|code| terms.insert(code));
        }
        let (codes, mut sound) = (terms.codes(), true);
        source.terms_of(column, &codes, &mut |_, text| {
            sound &= column.has_text(text);
            if *bytes + self.text.len() > CANONICAL_BYTES_MAX {
                return;
            }
            let nothing = column.is_of_elements() && text.is_empty();
            let place = if nothing { Some(0) } else { self.add(|out| jcs_text(text, out)) };
            terms.places.extend(place);
        })?;
        *bytes += self.text.len();
        if *bytes > CANONICAL_BYTES_MAX {
            return Err(Refusal::Full(column));
        }
        if !sound || terms.places.len() != codes.len() {
            return Err(unfit(column).into());
        }
        self.terms = terms;
        Ok(!codes.is_empty() || column == Column::Action)
    }

    /// Loads which values some rows of a block have.
    pub(super) fn load(&mut self, source: &dyn Source, rows: &Range<u32>, bytes: &mut usize) -> Result<(), Refusal> {
        self.spans.clear();
        if self.column.kind() == Kind::Terms {
            return Ok(self.load_codes(source, rows)?);
        }
        self.text.truncate(LEN_BYTES);
        self.codes.clear();
        match self.column.kind() {
            Kind::Ints => self.load_ints(source, rows)?,
            _ => self.load_blobs(source, rows, *bytes)?,
        }
        *bytes += self.text.len();
        if *bytes > CANONICAL_BYTES_MAX { Err(Refusal::Full(self.column)) } else { Ok(()) }
    }

    fn load_codes(&mut self, source: &dyn Source, rows: &Range<u32>) -> Result<(), ReadError> {
        let ((block, within), column) = (in_block(rows), self.column);
        source.codes(column, block, &mut self.codes)?;
        let starts = self.codes.starts.get(within.start..=within.end).unwrap_or_default();
        let single = column.is_list() || starts.is_sorted_by(|from, to| to.saturating_sub(*from) <= 1);
        // Every event has an action.
        let complete = column != Column::Action || self.codes.range(within.clone()).len() == within.len();
        // All lengths are looked up at once, so that what is far away in memory comes near at once. The terms of other rows
        // of the block may be unknown; nobody asks for them.
        let spans = self.codes.codes.iter().map(|&code| span(&self.text, self.terms.place(code)));
        self.spans.extend(spans);
        let known = column.is_of_elements()
            || self.spans.get(self.codes.range(within)).is_some_and(|spans| spans.iter().all(|&(_, len)| len > 0));
        if single && complete && known { Ok(()) } else { Err(unfit(column)) }
    }

    fn load_ints(&mut self, source: &dyn Source, rows: &Range<u32>) -> Result<(), ReadError> {
        let ((block, within), column) = (in_block(rows), self.column);
        let (mut ints, mut before) = (Vec::new(), None);
        source.ints(column, block, &mut ints)?;
        self.codes.starts.resize(within.start + 1, 0);
        for &value in ints.get(within).unwrap_or_default() {
            if value != ABSENT {
                let same = before.filter(|&(before, _)| before == value).map(|(_, place)| place);
                let place = same.or_else(|| self.add(|out| write_int(column, value, out)));
                let place = place.filter(|_| column.has_int(value)).ok_or_else(|| unfit(column))?;
                self.spans.push(span(&self.text, place));
                before = Some((value, place));
            }
            self.codes.starts.push(self.spans.len() as u32);
        }
        Ok(())
    }

    fn load_blobs(&mut self, source: &dyn Source, rows: &Range<u32>, bytes: usize) -> Result<(), ReadError> {
        let (column, mut sound) = (self.column, true);
        source.blobs(column, &rows.clone().collect::<Vec<_>>(), &mut |row, json| {
            if sound && bytes + self.text.len() <= CANONICAL_BYTES_MAX {
                self.codes.starts.resize((row % BLOCK_ROWS) as usize + 1, self.spans.len() as u32);
                sound = rows.contains(&row) && self.add_objects(json).is_some();
            }
        })?;
        self.codes.starts.resize(in_block(rows).1.end + 1, self.spans.len() as u32);
        if sound { Ok(()) } else { Err(unfit(column)) }
    }

    /// Adds the free data of a row: one object, or one for each target.
    fn add_objects(&mut self, json: &[u8]) -> Option<()> {
        fn read<T: DeserializeOwned>(json: &[u8]) -> Option<T> {
            serde_json::from_slice(json).ok()
        }
        let objects = match self.column {
            Column::TargetsAttrs => read::<Vec<Object>>(json)?,
            Column::Changes => {
                let Changes { before, after } = read(json)?;
                let states = [("after", after), ("before", before)].into_iter().filter(|(_, state)| !state.is_empty());
                vec![states.map(|(name, state)| (name.to_owned(), state.into())).collect()]
            }
            _ if is_jcs_object(json) && json != b"{}" => {
                let place = self.add(|out| out.extend_from_slice(json))?;
                self.spans.push(span(&self.text, place));
                return Some(());
            }
            _ => vec![read(json)?],
        };
        for object in objects {
            let nothing = object.is_empty();
            let place = if nothing { 0 } else { self.add(|out| out.extend_from_slice(&jcs(&object.into())))? };
            self.spans.push(span(&self.text, place));
        }
        Some(())
    }
}

/// Where the value at a place is, and how long.
fn span(text: &[u8], place: u32) -> (u32, u32) {
    let len = text.get(place as usize..).and_then(|text| text.first_chunk());
    (place + LEN_BYTES as u32, len.map_or(0, |len| u32::from_le_bytes(*len)))
}

/// The block that some rows lie in, and the rows counted from its first.
fn in_block(rows: &Range<u32>) -> (u32, Range<usize>) {
    let block = rows.start / BLOCK_ROWS;
    let first = block * BLOCK_ROWS;
    (block, (rows.start - first) as usize..(rows.end - first) as usize)
}

/// Rows, block by block.
fn by_block(rows: &Range<u32>) -> impl Iterator<Item = Range<u32>> {
    let Range { start, end } = *rows;
    let blocks = start / BLOCK_ROWS..end.div_ceil(BLOCK_ROWS);
    blocks.map(move |block| start.max(block * BLOCK_ROWS)..end.min((block + 1).saturating_mul(BLOCK_ROWS)))
}

fn write_int(column: Column, value: i64, out: &mut Vec<u8>) {
    if column.is_time() {
        out.push(b'"');
        out.extend_from_slice(&Timestamp::saturating_from_micros(value).text());
        out.push(b'"');
    } else {
        // Writing to memory does not fail.
        let _ = write!(out, "{value}");
    }
}

/// The codes that some rows have, in the order of codes, each with a place.
#[derive(Debug, Default)]
struct Terms {
    /// 64 codes each: a bit for those that there are, and how many there are below.
    words: Vec<(u64, u32)>,
    places: Vec<u32>,
}

impl Terms {
    /// None of so many.
    fn below(count: u32) -> Self {
        Self { words: vec![(0, 0); count.div_ceil(64) as usize], places: Vec::new() }
    }

    /// Adds a code.
    fn insert(&mut self, code: u32) {
        self.words.get_mut(code as usize / 64).into_iter().for_each(|(bits, _)| *bits |= 1 << (code % 64));
    }

    /// All codes, rising. From here on they have places.
    fn codes(&mut self) -> Vec<u32> {
        let mut codes = Vec::new();
        for (first, (bits, below)) in (0..).step_by(64).zip(&mut self.words) {
            *below = codes.len() as u32;
            let mut left = *bits;
            while left != 0 {
                codes.push(first + left.trailing_zeros());
                left &= left - 1;
            }
        }
        codes
    }

    fn place(&self, code: u32) -> u32 {
        let nth = |(bits, below): &(u64, u32)| below + (bits & ((1 << (code % 64)) - 1)).count_ones();
        let nth = self.words.get(code as usize / 64).map(nth);
        nth.and_then(|nth| self.places.get(nth as usize)).copied().unwrap_or(0)
    }
}
