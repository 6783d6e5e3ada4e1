//! Writing: column by column, so that memory holds one column and never a segment.

use indelible_proof::Timestamp;

use super::{
    Epoch, SegmentInfo, WriteError,
    blobs::BlobWriter,
    block::{put_codes, put_ints},
    digests::{Digests, Remapped},
    extents::Extents,
    footer::{Footer, HEADER_BYTES, Layout, MAGIC, MAGIC_END, VERSION},
    page::PageWriter,
    terms::{self, Postings},
};
use crate::{
    chunk::Dictionary,
    column::{Column, Kind},
    fs::Append,
    limits::{BLOCK_ROWS, EPOCHS_MAX, SEGMENT_ROWS_MAX},
    source::{ABSENT, CodeBlock, Source},
};

/// Writes one segment from consecutive sources: from chunks of the tail to seal, from segments to merge.
///
/// `epochs` say from which event on which epoch key holds. The caller names the file, syncs and renames it.
pub fn write(sources: &[&dyn Source], epochs: &[Epoch], out: &mut dyn Append) -> Result<SegmentInfo, WriteError> {
    let (first_seq, rows) = span(sources)?;
    if epochs.len() > EPOCHS_MAX {
        let (bytes, bytes_max) = (epochs.len() as u64, EPOCHS_MAX as u64);
        return Err(WriteError::TooLarge { what: "list of epochs", bytes, bytes_max });
    }
    let mut writer = Writer { sources, pages: PageWriter::new(out)?, remapped: Remapped::default() };
    writer.pages.raw(&header())?;
    let mut columns = Vec::with_capacity(Column::ALL.len());
    for &column in Column::ALL {
        columns.push(match column.kind() {
            Kind::Terms => writer.terms(column)?,
            Kind::Ints => writer.ints(column)?,
            Kind::Blob => writer.blobs(column)?,
        });
    }
    let rollup = writer.rollup(rows)?;
    let footer = Footer { first_seq, rows, root: [0; 32], epochs: epochs.to_vec(), columns, rollup };
    let bytes = writer.finish(&footer)?;
    let range = |column| int_range(&footer, column).map(|(low, high)| (time(low), time(high)));
    Ok(SegmentInfo {
        first_seq,
        rows,
        recorded_at: range(Column::RecordedAt),
        occurred_at: range(Column::OccurredAt),
        bytes,
    })
}

fn time(us: i64) -> Timestamp {
    Timestamp::saturating_from_micros(us)
}

/// Smallest and largest value of an integer column.
pub(super) fn int_range(footer: &Footer, column: Column) -> Option<(i64, i64)> {
    match footer.columns.get(column as usize)?.as_ref()? {
        Layout::ConstantInt(value) => Some((*value, *value)),
        Layout::Ints { ranges, .. } => {
            let low = ranges.iter().map(|range| range.0).min()?;
            let high = ranges.iter().map(|range| range.1).max()?;
            Some((low, high))
        }
        _ => None,
    }
}

fn header() -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    let fields = MAGIC.into_iter().chain(VERSION.to_le_bytes()).chain(BLOCK_ROWS.to_le_bytes());
    header.iter_mut().zip(fields).for_each(|(slot, byte)| *slot = byte);
    header
}

/// First event and number of rows of sources that follow each other.
fn span(sources: &[&dyn Source]) -> Result<(u64, u32), WriteError> {
    let first_seq = sources.first().ok_or(WriteError::Empty)?.first_seq();
    let mut rows = 0u32;
    for source in sources {
        let expected = first_seq + u64::from(rows);
        if source.first_seq() != expected {
            return Err(WriteError::NotConsecutive { expected, found: source.first_seq() });
        }
        rows = rows.saturating_add(source.rows());
    }
    if rows == 0 {
        return Err(WriteError::Empty);
    }
    if rows > SEGMENT_ROWS_MAX {
        return Err(WriteError::TooManyRows { rows, rows_max: SEGMENT_ROWS_MAX });
    }
    Ok((first_seq, rows))
}

/// The distinct terms of a column over all sources.
struct Merged {
    dictionary: Dictionary,
    /// Ids of the dictionary, sorted by term.
    order: Vec<u32>,
    /// For each source, its codes' places in `order`: the codes of the segment.
    codes: Vec<Vec<u32>>,
}

struct Writer<'a> {
    sources: &'a [&'a dyn Source],
    pages: PageWriter<'a>,
    remapped: Remapped,
}

impl Writer<'_> {
    fn terms(&mut self, column: Column) -> Result<Option<Layout>, WriteError> {
        if self.sources.iter().all(|source| source.term_count(column) == 0) {
            return Ok(None);
        }
        let merged = merge(self.sources, column)?;
        let mut postings = column.indexed().then(|| Postings::new(merged.order.len()));
        let mut payloads: Vec<Vec<u8>> = Vec::new();
        let mut constant = merged.order.len() == 1;
        each_code_block(self.sources, column, &merged.codes, |block| {
            constant &= block.starts.is_empty();
            if let Some(postings) = &mut postings {
                let rows = if block.starts.is_empty() { block.codes.len() } else { block.starts.len() - 1 };
                postings.add_block((0..rows).map(|row| block.of(row)));
            }
            let mut payload = Vec::new();
            put_codes(block, &mut payload);
            payloads.push(payload);
        })?;
        let layout = if payloads.iter().all(Vec::is_empty) {
            None
        } else if constant {
            merged.order.first().map(|&id| Layout::ConstantTerm(merged.dictionary.get(id).to_owned()))
        } else {
            let blocks = self.write_blocks(&payloads)?;
            let tree = terms::write(&mut self.pages, &merged.dictionary, &merged.order, postings.as_ref())?;
            Some(Layout::Terms { blocks, tree })
        };
        self.remapped.keep(column, merged.codes, postings.as_ref());
        self.remapped.hash(column, |visit| {
            merged.order.iter().for_each(|&id| visit(merged.dictionary.get(id)));
            Ok::<_, WriteError>(())
        })?;
        Ok(layout)
    }

    fn rollup(&mut self, rows: u32) -> Result<Extents, WriteError> {
        let start = self.pages.position();
        let mut rollup = Extents::starting(start);
        let directory = match Digests::new(self.sources, (VERSION, rows), &self.remapped)? {
            Some(digests) => Some(digests.write(|page| page.map_or(Ok(0), |page| self.pages.compressed_page(&page)))?),
            None => None,
        };
        rollup.push(self.pages.len_since(start, "roll-up")?);
        rollup.push(directory.map_or(Ok(0), |directory| self.pages.compressed_page(&directory))?);
        Ok(rollup)
    }

    fn ints(&mut self, column: Column) -> Result<Option<Layout>, WriteError> {
        if self.sources.iter().all(|source| source.int_range(column).is_none()) {
            return Ok(None);
        }
        let mut payloads: Vec<Vec<u8>> = Vec::new();
        let mut ranges = Vec::new();
        let mut complete = true;
        let base = (column == Column::OccurredAt).then_some(Column::RecordedAt);
        each_int_block(self.sources, column, base, |values, recorded_at| {
            complete &= !values.contains(&ABSENT);
            let present = values.iter().copied().filter(|&value| value != ABSENT);
            ranges.push(present.fold((i64::MAX, i64::MIN), |(low, high), value| (low.min(value), high.max(value))));
            let mut payload = Vec::new();
            put_ints(values, recorded_at, &mut payload);
            payloads.push(payload);
        })?;
        let low = ranges.iter().map(|range| range.0).min();
        let constant = low.filter(|low| complete && ranges.iter().all(|range| range == &(*low, *low)));
        Ok(Some(match constant {
            Some(value) => Layout::ConstantInt(value),
            None => Layout::Ints { blocks: self.write_blocks(&payloads)?, ranges },
        }))
    }

    fn write_blocks(&mut self, payloads: &[Vec<u8>]) -> Result<Extents, WriteError> {
        let mut blocks = Extents::starting(self.pages.position());
        for payload in payloads {
            blocks.push(self.pages.page(payload)?);
        }
        Ok(blocks)
    }

    fn blobs(&mut self, column: Column) -> Result<Option<Layout>, WriteError> {
        let mut writer = BlobWriter::new(&self.pages);
        let mut first_row = 0;
        let mut outcome = Ok(());
        for source in self.sources {
            for block in 0..source.blocks() {
                let from = block * BLOCK_ROWS;
                let rows: Vec<u32> = (from..from + source.block_rows(block)).collect();
                source.blobs(column, &rows, &mut |row, json| {
                    if outcome.is_ok() {
                        outcome = writer.push(first_row + row, json, &mut self.pages);
                    }
                })?;
            }
            first_row += source.rows();
        }
        outcome?;
        writer.finish(&mut self.pages)
    }

    /// Writes footer and trailer, and gives the length of the file.
    fn finish(mut self, footer: &Footer) -> Result<u64, WriteError> {
        let footer = footer.encode();
        self.pages.raw(&footer)?;
        self.pages.raw(&(footer.len() as u32).to_le_bytes())?;
        self.pages.raw(&crc32c::crc32c(&footer).to_le_bytes())?;
        self.pages.raw(&VERSION.to_le_bytes())?;
        self.pages.raw(&MAGIC_END)?;
        self.pages.flush()?;
        Ok(self.pages.position())
    }
}

fn merge(sources: &[&dyn Source], column: Column) -> Result<Merged, WriteError> {
    let mut dictionary = Dictionary::default();
    let mut codes = Vec::with_capacity(sources.len());
    for source in sources {
        let mut ids = Vec::with_capacity(source.term_count(column) as usize);
        let mut full = false;
        source.terms(column, &mut |_, term| match dictionary.intern(term) {
            Some((id, _)) => ids.push(id),
            None => full = true,
        })?;
        if full {
            let (what, bytes_max) = ("dictionary of a column", u64::from(u32::MAX));
            return Err(WriteError::TooLarge { what, bytes: bytes_max + 1, bytes_max });
        }
        codes.push(ids);
    }
    // The first bytes decide most comparisons without a look at the text.
    let prefix =
        |id| dictionary.get(id).bytes().chain([0; 8]).take(8).fold(0u64, |word, byte| word << 8 | u64::from(byte));
    let mut sorted: Vec<(u64, u32)> = (0..dictionary.len()).map(|id| (prefix(id), id)).collect();
    sorted.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| dictionary.get(a.1).cmp(dictionary.get(b.1))));
    let order: Vec<u32> = sorted.into_iter().map(|(_, id)| id).collect();
    let mut rank = vec![0; order.len()];
    for (code, &id) in (0u32..).zip(&order) {
        if let Some(slot) = rank.get_mut(id as usize) {
            *slot = code;
        }
    }
    codes.iter_mut().flatten().for_each(|id| *id = rank.get(*id as usize).copied().unwrap_or(0));
    Ok(Merged { dictionary, order, codes })
}

/// Visits the blocks of the segment, with the codes of the segment.
fn each_code_block(
    sources: &[&dyn Source],
    column: Column,
    remaps: &[Vec<u32>],
    mut visit: impl FnMut(&CodeBlock),
) -> Result<(), WriteError> {
    let mut input = CodeBlock::default();
    let mut block = GrowingBlock::default();
    for (source, remap) in sources.iter().zip(remaps) {
        for nth in 0..source.blocks() {
            source.codes(column, nth, &mut input)?;
            for code in &mut input.codes {
                *code = remap.get(*code as usize).copied().ok_or(WriteError::UnknownCode { column: column.path() })?;
            }
            let rows = source.block_rows(nth) as usize;
            let mut row = 0;
            while row < rows {
                let taken = (BLOCK_ROWS as usize - block.rows).min(rows - row);
                block.add(&input, row..row + taken);
                row += taken;
                if block.rows == BLOCK_ROWS as usize {
                    visit(&block.codes);
                    block = GrowingBlock::default();
                }
            }
        }
    }
    if block.rows > 0 {
        visit(&block.codes);
    }
    Ok(())
}

/// A block that takes in rows until it is full.
#[derive(Default)]
struct GrowingBlock {
    codes: CodeBlock,
    rows: usize,
}

impl GrowingBlock {
    fn add(&mut self, input: &CodeBlock, rows: std::ops::Range<usize>) {
        let (out, count) = (&mut self.codes, rows.len());
        let dense = input.starts.is_empty();
        if !dense && out.starts.is_empty() {
            out.starts.extend(0..=self.rows as u32);
        }
        let end = out.codes.len() as u32;
        if dense {
            if !out.starts.is_empty() {
                out.starts.extend((1..=count as u32).map(|row| end + row));
            }
            out.codes.extend_from_slice(input.codes.get(rows).unwrap_or_default());
        } else {
            let starts = input.starts.get(rows.start..=rows.end).unwrap_or_default();
            let (from, to) = (starts.first().copied().unwrap_or(0), starts.last().copied().unwrap_or(0));
            out.starts.extend(starts.iter().skip(1).map(|start| end + (start - from)));
            out.codes.extend_from_slice(input.codes.get(from as usize..to as usize).unwrap_or_default());
        }
        self.rows += count;
    }
}

/// Visits the blocks of the segment, with the same rows of another column where asked for.
fn each_int_block(
    sources: &[&dyn Source],
    column: Column,
    base: Option<Column>,
    mut visit: impl FnMut(&[i64], Option<&[i64]>),
) -> Result<(), WriteError> {
    let (mut input, mut values, mut bases) = (Vec::new(), Vec::new(), Vec::new());
    let mut flush = |values: &mut Vec<i64>, bases: &mut Vec<i64>, rows_min: usize| {
        while values.len() >= rows_min && !values.is_empty() {
            let rows = values.len().min(BLOCK_ROWS as usize);
            visit(values.get(..rows).unwrap_or_default(), base.and_then(|_| bases.get(..rows)));
            values.drain(..rows);
            bases.drain(..rows.min(bases.len()));
        }
    };
    for source in sources {
        for block in 0..source.blocks() {
            source.ints(column, block, &mut input)?;
            values.extend_from_slice(&input);
            if let Some(base) = base {
                source.ints(base, block, &mut input)?;
                bases.extend_from_slice(&input);
            }
            flush(&mut values, &mut bases, BLOCK_ROWS as usize);
        }
    }
    flush(&mut values, &mut bases, 1);
    Ok(())
}
