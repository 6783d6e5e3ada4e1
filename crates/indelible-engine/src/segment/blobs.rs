//! Wide values: some rows' worth at a time in a compressed page, so that one row costs one page.

use super::{
    WriteError,
    extents::Extents,
    footer::Layout,
    page::{PageFile, PageWriter},
    wire::{Decoded, Wire, put_varint},
};
use crate::{limits::PAGE_BYTES_MAX, source::ReadError};

/// Bytes of values from which on a page is full.
const FULL_BYTES: usize = 32 * 1024;

/// Gathers values into pages.
pub(super) struct BlobWriter {
    chunks: Extents,
    first_rows: Vec<u32>,
    rows: Vec<u32>,
    lens: Vec<u8>,
    bytes: Vec<u8>,
}

impl BlobWriter {
    pub(super) fn new(pages: &PageWriter<'_>) -> Self {
        Self {
            chunks: Extents::starting(pages.position()),
            first_rows: Vec::new(),
            rows: Vec::new(),
            lens: Vec::new(),
            bytes: Vec::new(),
        }
    }

    /// Adds the value of the next row that has one.
    pub(super) fn push(&mut self, row: u32, json: &[u8], pages: &mut PageWriter<'_>) -> Result<(), WriteError> {
        self.rows.push(row);
        put_varint(&mut self.lens, json.len() as u64);
        self.bytes.extend_from_slice(json);
        if self.bytes.len() >= FULL_BYTES { self.flush(pages) } else { Ok(()) }
    }

    fn flush(&mut self, pages: &mut PageWriter<'_>) -> Result<(), WriteError> {
        let Some(&first) = self.rows.first() else { return Ok(()) };
        let mut payload = Vec::with_capacity(self.bytes.len() + 4 * self.rows.len());
        put_varint(&mut payload, self.rows.len() as u64);
        let mut next = first;
        for &row in &self.rows {
            put_varint(&mut payload, u64::from(row - next));
            next = row + 1;
        }
        payload.extend_from_slice(&self.lens);
        payload.extend_from_slice(&self.bytes);
        self.chunks.push(pages.compressed_page(&payload)?);
        self.first_rows.push(first);
        self.rows.clear();
        self.lens.clear();
        self.bytes.clear();
        Ok(())
    }

    /// Writes what is left; nothing when no row had a value.
    pub(super) fn finish(mut self, pages: &mut PageWriter<'_>) -> Result<Option<Layout>, WriteError> {
        self.flush(pages)?;
        let Self { chunks, first_rows, .. } = self;
        Ok((!first_rows.is_empty()).then_some(Layout::Blobs { chunks, first_rows }))
    }
}

/// Visits the values of those of some rising rows that have any.
pub(super) fn visit(
    file: &PageFile,
    chunks: &Extents,
    first_rows: &[u32],
    mut rows: &[u32],
    visit: &mut dyn FnMut(u32, &[u8]),
) -> Result<(), ReadError> {
    while let Some(&row) = rows.first() {
        let above = first_rows.partition_point(|&first| first <= row);
        let next_first = first_rows.get(above).copied().unwrap_or(u32::MAX);
        let (here, rest) = rows.split_at(rows.partition_point(|&row| row < next_first).max(1));
        rows = rest;
        let Some(nth) = above.checked_sub(1) else { continue };
        let (offset, len) = chunks.get(nth);
        let payload = file.compressed_page(offset, len)?;
        let first = first_rows.get(nth).copied().unwrap_or(0);
        let mut wanted = |row, json: &[u8]| {
            if here.binary_search(&row).is_ok() {
                visit(row, json);
            }
        };
        visit_chunk(&payload, first, next_first, &mut wanted).map_err(|problem| file.damaged(offset, problem))?;
    }
    Ok(())
}

/// Visits every value, each of which must be that of one of so many rows.
pub(super) fn visit_all(
    file: &PageFile,
    chunks: &Extents,
    first_rows: &[u32],
    rows: u32,
    visit: &mut dyn FnMut(u32, &[u8]),
) -> Result<(), ReadError> {
    for (nth, &first) in first_rows.iter().enumerate() {
        let (offset, len) = chunks.get(nth);
        let payload = file.compressed_page(offset, len)?;
        let next_first = first_rows.get(nth + 1).copied().unwrap_or(rows);
        visit_chunk(&payload, first, next_first, visit).map_err(|problem| file.damaged(offset, problem))?;
    }
    Ok(())
}

fn visit_chunk(payload: &[u8], first: u32, next_first: u32, visit: &mut dyn FnMut(u32, &[u8])) -> Decoded<()> {
    let mut wire = Wire(payload);
    let count = wire.count(payload.len())?;
    let steps = wire.counts(count)?;
    let lens = wire.counts(count)?;
    let mut next = Some(first);
    for (step, len) in steps.into_iter().zip(lens) {
        let row = next.and_then(|next| next.checked_add(step)).filter(|&row| row < next_first);
        let row = row.ok_or("a row is out of order")?;
        let json = wire.take((len as usize).min(PAGE_BYTES_MAX))?;
        visit(row, json);
        next = row.checked_add(1);
    }
    wire.end()
}
