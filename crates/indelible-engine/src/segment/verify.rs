//! Verifying: all that a segment keeps beside its rows is made again from the rows, and compared.
//!
//! The log's tree is over the events, and so over the rows alone. Without this, whoever can write the file could leave
//! the events as they are and have questions answered otherwise: by a changed index, range or roll-up, or by a spelling
//! of a value that no question asks for.

use super::{
    Segment, blobs,
    digests::{Digests, Remapped},
    footer::Layout,
    terms::Postings,
};
use crate::{
    column::{Column, Kind},
    limits::BLOCK_ROWS,
    source::{ABSENT, CodeBlock, ReadError, Source},
};

impl Segment {
    /// Reads everything, checks every checksum, and makes every index, range and roll-up again from the rows. The error
    /// names the column and, where it is a block that is wrong, the events.
    pub fn verify(&self) -> Result<(), ReadError> {
        self.verify_footer()?;
        let mut remapped = Remapped::default();
        for &column in Column::ALL {
            let verified = match column.kind() {
                Kind::Terms => self.verify_terms(column, &mut remapped),
                Kind::Ints => self.verify_ints(column),
                Kind::Blob => self.verify_blobs(column),
            };
            verified.map_err(|error| within(column.path(), error))?;
        }
        self.verify_rollup(&remapped)
    }

    /// Version 1 has a roll-up that is never read.
    fn verify_rollup(&self, remapped: &Remapped) -> Result<(), ReadError> {
        if self.version == 1 {
            return Ok(());
        }
        let wrong = |offset| self.file.damaged(offset, "its roll-up is not that of its rows");
        let (directory_at, len) = self.footer.rollup.get(1);
        let sources = [self as &dyn Source];
        let digests = Digests::new(&sources, (self.version, self.rows()), remapped)?;
        let (digests, mut pages) = match (digests, self.directory()?) {
            (Some(digests), Some(directory)) => (digests, directory.pages()),
            (None, None) if self.footer.rollup.get(0).1 == 0 => return Ok(()),
            _ => return Err(wrong(directory_at)),
        };
        let payload = digests.write(|made| {
            let (offset, len) = pages.next().ok_or_else(|| wrong(directory_at))?;
            let found = if len == 0 { None } else { Some(self.file.compressed_page(offset, len)?) };
            if found == made { Ok(len) } else { Err(wrong(offset)) }
        })?;
        if self.file.compressed_page(directory_at, len)? == payload { Ok(()) } else { Err(wrong(directory_at)) }
    }

    fn verify_footer(&self) -> Result<(), ReadError> {
        let footer_at = self.footer.rollup.end();
        let epochs = self.epochs();
        let end_seq = self.first_seq() + u64::from(self.rows());
        let rising = epochs.is_sorted_by(|a, b| a.first_seq < b.first_seq);
        let first = epochs.first().is_none_or(|first| first.first_seq <= self.first_seq());
        let others = epochs.iter().skip(1).all(|epoch| self.first_seq() < epoch.first_seq && epoch.first_seq < end_seq);
        if !(rising && first && others) {
            return Err(self.file.damaged(footer_at, "its epochs are not those of its events"));
        }
        if self.footer.root != [0; 32] {
            return Err(self.file.damaged(footer_at, "its reserved bytes are not zero"));
        }
        Ok(())
    }

    fn verify_terms(&self, column: Column, remapped: &mut Remapped) -> Result<(), ReadError> {
        let count = self.term_count(column);
        let mut postings = column.indexed().then(|| Postings::new(count as usize));
        let mut used = vec![false; count as usize];
        let mut codes = CodeBlock::default();
        for block in 0..self.blocks() {
            self.codes(column, block, &mut codes).map_err(|error| within(&self.events_of(block), error))?;
            let single = codes.starts.is_sorted_by(|from, to| to.saturating_sub(*from) <= 1);
            if !single && !column.is_list() {
                let problem = format!("{}: a row has several values", self.events_of(block));
                return Err(self.file.damaged(self.block_at(column, block), &problem));
            }
            for &code in &codes.codes {
                used.get_mut(code as usize).into_iter().for_each(|used| *used = true);
            }
            if let Some(postings) = &mut postings {
                postings.add_block((0..self.block_rows(block) as usize).map(|row| codes.of(row)));
            }
        }
        let spelled = |code: u32, term: &str| {
            if !column.has_text(term) {
                return Err("a value is spelled in a way that nobody asks for");
            }
            if used.get(code as usize) == Some(&true) { Ok(()) } else { Err("a term is of no row") }
        };
        match self.layout(column) {
            Some(Layout::Terms { tree, .. }) => tree.verify(&self.file, postings.as_ref(), &spelled)?,
            Some(Layout::ConstantTerm(term)) => {
                spelled(0, term).map_err(|problem| self.file.damaged(self.footer.rollup.end(), problem))?;
            }
            _ => {}
        }
        remapped.keep(column, vec![(0..count).collect()], postings.as_ref());
        remapped.hash(column, |visit| self.terms(column, &mut |_, term| visit(term)))
    }

    fn verify_ints(&self, column: Column) -> Result<(), ReadError> {
        let mut values = Vec::new();
        for block in 0..self.blocks() {
            self.ints(column, block, &mut values).map_err(|error| within(&self.events_of(block), error))?;
            let present = values.iter().filter(|&&value| value != ABSENT);
            let found = present.fold((i64::MAX, i64::MIN), |(low, high), &value| (low.min(value), high.max(value)));
            let range = Some(found).filter(|(low, high)| low <= high);
            if self.block_int_range(column, block) != range {
                let problem = format!("{}: its smallest or largest value is another", self.events_of(block));
                return Err(self.file.damaged(self.block_at(column, block), &problem));
            }
        }
        Ok(())
    }

    fn verify_blobs(&self, column: Column) -> Result<(), ReadError> {
        let Some(Layout::Blobs { chunks, first_rows }) = self.layout(column) else { return Ok(()) };
        let mut wrong = None;
        blobs::visit_all(&self.file, chunks, first_rows, self.rows(), &mut |row, json| {
            if wrong.is_none() && !column.has_json(json) {
                wrong = Some(row);
            }
        })?;
        let Some(row) = wrong else { return Ok(()) };
        let chunk = first_rows.partition_point(|&first| first <= row).saturating_sub(1);
        let problem = format!("event {}: not JSON as it is written here", self.first_seq() + u64::from(row));
        Err(self.file.damaged(chunks.get(chunk).0, &problem))
    }

    /// Where the page of a block begins.
    fn block_at(&self, column: Column, block: u32) -> u64 {
        match self.layout(column) {
            Some(Layout::Terms { blocks, .. } | Layout::Ints { blocks, .. }) => blocks.get(block as usize).0,
            _ => self.footer.rollup.end(),
        }
    }

    fn events_of(&self, block: u32) -> String {
        let first = self.first_seq() + u64::from(block) * u64::from(BLOCK_ROWS);
        format!("events {first} to {}", (first + u64::from(self.block_rows(block))).saturating_sub(1))
    }
}

/// Says what the damage is in.
fn within(place: &str, error: ReadError) -> ReadError {
    match error {
        ReadError::Damaged { path, offset, problem } => {
            ReadError::Damaged { path, offset, problem: format!("{place}: {problem}") }
        }
        other => other,
    }
}
