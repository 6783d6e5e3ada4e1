//! Reading: the footer is kept in memory, everything else is read page by page when it is asked for.

use std::{path::Path, sync::OnceLock};

use super::{
    Epoch, blobs, block,
    footer::{Footer, HEADER_BYTES, Layout, MAGIC, MAGIC_END, TRAILER_BYTES, VERSION, VERSION_MIN},
    page::{CRC_BYTES, PageFile},
    rollup::{self, Directory, Table},
    wire::{Decoded, Wire},
    writer::int_range,
};
use crate::{
    code_set::CodeSet,
    column::Column,
    fs::Fs,
    limits::{BLOCK_ROWS, FOOTER_BYTES_MAX},
    rollup::{Counts, Facet, Rollup, Sketched, Span},
    source::{self, ABSENT, CodeBlock, Posting, ReadError, Source},
};

/// A segment, open for reading from any thread.
#[derive(Debug)]
pub struct Segment {
    pub(super) file: PageFile,
    pub(super) footer: Footer,
    pub(super) version: u32,
    directory: OnceLock<Option<Directory>>,
}

impl Segment {
    /// Opens a segment: reads and checks what surrounds its pages, and no page.
    pub fn open(fs: &dyn Fs, path: &Path) -> Result<Self, ReadError> {
        Self::of(PageFile::open(fs, path)?)
    }

    pub(super) fn of(file: PageFile) -> Result<Self, ReadError> {
        let header = file.raw(0, HEADER_BYTES)?;
        let version = check_header(&header).map_err(|problem| file.damaged(0, problem))?;
        let trailer_at = file.size.saturating_sub(TRAILER_BYTES as u64);
        let (len, crc) = read_trailer(&file.raw(trailer_at, TRAILER_BYTES)?, version)
            .map_err(|problem| file.damaged(trailer_at, problem))?;
        if !(VERSION_MIN..=VERSION).contains(&version) {
            return Err(ReadError::Version { path: file.path, version });
        }
        let footer_at = trailer_at
            .checked_sub(len as u64)
            .filter(|&at| at >= HEADER_BYTES as u64)
            .ok_or_else(|| file.damaged(trailer_at, "its footer is longer than the file"))?;
        let footer = file.raw(footer_at, len)?;
        file.check(footer_at, &footer, &crc)?;
        let footer = Footer::decode(&footer, version, footer_at).map_err(|problem| file.damaged(footer_at, problem))?;
        Ok(Self { file, footer, version, directory: OnceLock::new() })
    }

    /// From which event on which epoch key holds.
    pub fn epochs(&self) -> &[Epoch] {
        &self.footer.epochs
    }

    /// Length of the file.
    pub fn bytes(&self) -> u64 {
        self.file.size
    }

    /// The directory of the roll-up.
    pub(super) fn directory(&self) -> Result<Option<&Directory>, ReadError> {
        if let Some(directory) = self.directory.get() {
            return Ok(directory.as_ref());
        }
        let ((start, _), (offset, len)) = (self.footer.rollup.get(0), self.footer.rollup.get(1));
        let directory = if len == 0 {
            None
        } else {
            let payload = self.file.compressed_page(offset, len)?;
            let of = (self.version, self.rows());
            let directory = Directory::decode(&payload, of, (start, offset), |column| self.term_count(column));
            Some(directory.map_err(|problem| self.file.damaged(offset, problem))?)
        };
        Ok(self.directory.get_or_init(|| directory).as_ref())
    }

    /// A table of a digest, when there is one; `decode` gets its payload and the number of classes.
    fn table<T>(
        &self,
        table: Table,
        digest: u32,
        decode: impl FnOnce(&[u8], u32) -> Decoded<T>,
    ) -> Result<Option<T>, ReadError> {
        let Some(directory) = self.directory()? else { return Ok(None) };
        let (offset, len) = directory.page(table, digest);
        if len == 0 {
            return Ok(None);
        }
        let payload = self.file.compressed_page(offset, len)?;
        let decoded = decode(&payload, directory.rollup.classes.len() as u32);
        decoded.map(Some).map_err(|problem| self.file.damaged(offset, problem))
    }

    pub(super) fn layout(&self, column: Column) -> Option<&Layout> {
        self.footer.columns.get(column as usize)?.as_ref()
    }

    fn read_ints(&self, column: Column, block: u32, out: &mut Vec<i64>) -> Result<(), ReadError> {
        out.clear();
        let rows = self.block_rows(block) as usize;
        match self.layout(column) {
            Some(Layout::ConstantInt(value)) => out.resize(rows, *value),
            Some(Layout::Ints { blocks, .. }) => {
                let (offset, len) = blocks.get(block as usize);
                let page = self.file.page(offset, len)?;
                let mut recorded_at = Vec::new();
                if block::is_relative(&page) && column != Column::RecordedAt {
                    self.read_ints(Column::RecordedAt, block, &mut recorded_at)?;
                }
                block::ints(&page, rows, &recorded_at, out).map_err(|problem| self.file.damaged(offset, problem))?;
            }
            _ => out.resize(rows, ABSENT),
        }
        Ok(())
    }
}

/// The version.
fn check_header(header: &[u8]) -> Decoded<u32> {
    let mut wire = Wire(header);
    if wire.array()? != MAGIC {
        return Err("not a segment");
    }
    let version = wire.u32()?;
    if wire.u32()? == BLOCK_ROWS { Ok(version) } else { Err("its blocks have another number of rows") }
}

/// Length and checksum of the footer.
fn read_trailer(trailer: &[u8], version: u32) -> Decoded<(usize, [u8; CRC_BYTES])> {
    let mut wire = Wire(trailer);
    let (len, crc, of_trailer) = (wire.u32()? as usize, wire.array()?, wire.u32()?);
    if wire.array()? != MAGIC_END {
        return Err("its end is missing");
    }
    if of_trailer != version {
        return Err("its end is of another version");
    }
    if len > FOOTER_BYTES_MAX { Err("its footer is over its limit") } else { Ok((len, crc)) }
}

impl Source for Segment {
    fn first_seq(&self) -> u64 {
        self.footer.first_seq
    }

    fn rows(&self) -> u32 {
        self.footer.rows
    }

    fn int_range(&self, column: Column) -> Option<(i64, i64)> {
        int_range(&self.footer, column)
    }

    fn block_int_range(&self, column: Column, block: u32) -> Option<(i64, i64)> {
        match self.layout(column)? {
            Layout::ConstantInt(value) => Some((*value, *value)),
            Layout::Ints { ranges, .. } => ranges.get(block as usize).copied().filter(|(low, high)| low <= high),
            _ => None,
        }
    }

    fn term_count(&self, column: Column) -> u32 {
        match self.layout(column) {
            Some(Layout::ConstantTerm(_)) => 1,
            Some(Layout::Terms { tree, .. }) => tree.terms,
            _ => 0,
        }
    }

    fn find_term(&self, column: Column, term: &str) -> Result<Option<u32>, ReadError> {
        match self.layout(column) {
            Some(Layout::ConstantTerm(constant)) => Ok((constant == term).then_some(0)),
            Some(Layout::Terms { tree, .. }) => tree.find(&self.file, term, column.indexed()),
            _ => Ok(None),
        }
    }

    fn terms(&self, column: Column, visit: &mut dyn FnMut(u32, &str)) -> Result<(), ReadError> {
        match self.layout(column) {
            Some(Layout::ConstantTerm(constant)) => visit(0, constant),
            Some(Layout::Terms { tree, .. }) => tree.visit(&self.file, column.indexed(), 0..tree.terms, visit)?,
            _ => {}
        }
        Ok(())
    }

    fn terms_of(&self, column: Column, codes: &[u32], visit: &mut dyn FnMut(u32, &str)) -> Result<(), ReadError> {
        match self.layout(column) {
            Some(Layout::ConstantTerm(constant)) => {
                codes.iter().filter(|&&code| code == 0).for_each(|&code| visit(code, constant));
            }
            Some(Layout::Terms { tree, .. }) => {
                tree.visit(&self.file, column.indexed(), codes.iter().copied(), visit)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn posting(&self, column: Column, code: u32) -> Result<Option<Posting>, ReadError> {
        if !column.indexed() {
            return Ok(None);
        }
        Ok(Some(match self.layout(column) {
            Some(Layout::ConstantTerm(_)) if code == 0 => {
                Posting { rows: self.rows(), blocks: (0..self.blocks()).collect() }
            }
            Some(Layout::Terms { tree, .. }) => tree.posting(&self.file, code, self.blocks())?,
            _ => Posting::default(),
        }))
    }

    fn term_rows(&self, column: Column, visit: &mut dyn FnMut(u32, u32)) -> Result<bool, ReadError> {
        if !column.indexed() {
            return Ok(false);
        }
        match self.layout(column) {
            Some(Layout::ConstantTerm(_)) => visit(0, self.rows()),
            Some(Layout::Terms { tree, .. }) => tree.visit_rows(&self.file, self.blocks(), visit)?,
            _ => {}
        }
        Ok(true)
    }

    fn codes(&self, column: Column, block: u32, out: &mut CodeBlock) -> Result<(), ReadError> {
        out.clear();
        let rows = self.block_rows(block) as usize;
        match self.layout(column) {
            Some(Layout::ConstantTerm(_)) => out.codes.resize(rows, 0),
            Some(Layout::Terms { blocks, tree }) => {
                let (offset, len) = blocks.get(block as usize);
                let page = self.file.page(offset, len)?;
                let codes = block::Codes::new(&page, rows, tree.terms);
                codes.and_then(|codes| codes.all(out)).map_err(|problem| self.file.damaged(offset, problem))?;
            }
            _ => out.starts.resize(rows + 1, 0),
        }
        Ok(())
    }

    fn codes_of(&self, column: Column, block: u32, rows: &[u32], out: &mut CodeBlock) -> Result<(), ReadError> {
        out.clear();
        match self.layout(column) {
            Some(Layout::ConstantTerm(_)) => out.codes.resize(rows.len(), 0),
            Some(Layout::Terms { blocks, tree }) => {
                let (offset, len) = blocks.get(block as usize);
                let page = self.file.page(offset, len)?;
                let codes = block::Codes::new(&page, self.block_rows(block) as usize, tree.terms);
                codes.and_then(|codes| codes.of(rows, out)).map_err(|problem| self.file.damaged(offset, problem))?;
            }
            _ => out.starts.resize(rows.len() + 1, 0),
        }
        Ok(())
    }

    fn rows_with(
        &self,
        column: Column,
        block: u32,
        wanted: &CodeSet,
        visit: &mut dyn FnMut(u32),
    ) -> Result<(), ReadError> {
        match self.layout(column) {
            Some(Layout::ConstantTerm(_)) if wanted.contains(0) => (0..self.block_rows(block)).for_each(visit),
            Some(Layout::Terms { blocks, tree }) => {
                let (offset, len) = blocks.get(block as usize);
                let page = self.file.page(offset, len)?;
                let codes = block::Codes::new(&page, self.block_rows(block) as usize, tree.terms);
                codes
                    .and_then(|codes| codes.with(wanted, visit))
                    .map_err(|problem| self.file.damaged(offset, problem))?;
            }
            _ => {}
        }
        Ok(())
    }

    fn ints(&self, column: Column, block: u32, out: &mut Vec<i64>) -> Result<(), ReadError> {
        self.read_ints(column, block, out)
    }

    fn ints_of(&self, column: Column, block: u32, rows: &[u32], out: &mut Vec<i64>) -> Result<(), ReadError> {
        if let Some(Layout::Ints { blocks, .. }) = self.layout(column) {
            let (offset, len) = blocks.get(block as usize);
            let page = self.file.page(offset, len)?;
            let found = block::ints_of(&page, self.block_rows(block) as usize, rows, out);
            if found.map_err(|problem| self.file.damaged(offset, problem))? {
                return Ok(());
            }
        }
        self.read_ints(column, block, out)?;
        source::keep_rows(out, rows, ABSENT);
        Ok(())
    }

    fn blobs(&self, column: Column, rows: &[u32], visit: &mut dyn FnMut(u32, &[u8])) -> Result<(), ReadError> {
        match self.layout(column) {
            Some(Layout::Blobs { chunks, first_rows }) => blobs::visit(&self.file, chunks, first_rows, rows, visit),
            _ => Ok(()),
        }
    }

    fn rollup(&self) -> Result<Option<&Rollup>, ReadError> {
        Ok(self.directory()?.map(|directory| &directory.rollup))
    }

    fn spans(&self, digest: u32) -> Result<Vec<Span>, ReadError> {
        Ok(self.table(Table::Spans, digest, rollup::decode_spans)?.unwrap_or_default())
    }

    fn counts(&self, digest: u32, facet: Facet) -> Result<Option<Vec<Counts>>, ReadError> {
        if facet.is_implied(|column| self.term_count(column) == 0) {
            let of = |Span { class, count, .. }| Counts { class, counts: vec![([0, 0], count)], left_out_max: 0 };
            return Ok(Some(self.spans(digest)?.into_iter().map(of).collect()));
        }
        let ends = rollup::key_ends(facet, |column| self.term_count(column));
        self.table(Table::Counts(facet), digest, |page, classes| rollup::decode_counts(page, facet, classes, ends))
    }

    fn sketches(&self, digest: u32, facet: Facet) -> Result<Vec<Sketched>, ReadError> {
        Ok(self.table(Table::Sketches(facet), digest, rollup::decode_sketches)?.unwrap_or_default())
    }
}
