//! The sorted distinct terms of a column, and for each how many rows and which blocks have it.
//!
//! Terms lie in leaves of [`LEAF_TERMS`], front-coded and compressed; up to [`GROUP_LEAVES`] leaves and the
//! directory of them behind form a group. Only one separator a group is kept in memory, so that a lookup reads two
//! pages: the directory of one group and one leaf.

use std::ops::Range;

use super::{
    WriteError,
    bits::packed_len,
    extents::Extents,
    page::{PageFile, PageWriter},
    wire::{Decoded, Wire, put_bytes, put_varint},
};
use crate::{
    chunk::Dictionary,
    limits::{SEGMENT_ROWS_MAX, TERM_BYTES_MAX},
    source::{Posting, ReadError},
};

/// Terms of a leaf.
pub(super) const LEAF_TERMS: u32 = 128;
/// Leaves of a group.
pub(super) const GROUP_LEAVES: u32 = 128;
const GROUP_TERMS: u32 = LEAF_TERMS * GROUP_LEAVES;

/// Where the terms of a column lie.
#[derive(Debug)]
pub(super) struct TermTree {
    /// How many there are.
    pub(super) terms: u32,
    /// Two pages a group: its leaves taken together, its directory.
    extents: Extents,
    /// For each group a text above all terms before it and not above its own.
    separators: Vec<Box<[u8]>>,
}

/// Rows and blocks of each term of a column, gathered block by block.
#[derive(Debug)]
pub(super) struct Postings {
    /// Rows that have each term.
    pub(super) rows: Vec<u32>,
    /// Blocks that have each term.
    blocks: Vec<u32>,
    /// The block in which each term was seen last, plus one.
    seen: Vec<u32>,
    /// The distinct terms of each block, and where each block's end.
    pairs: Vec<u32>,
    ends: Vec<usize>,
}

impl Postings {
    pub(super) fn new(terms: usize) -> Self {
        Self { rows: vec![0; terms], blocks: vec![0; terms], seen: vec![0; terms], pairs: Vec::new(), ends: Vec::new() }
    }

    /// Takes in the codes of the next block, which may repeat within a row of several.
    pub(super) fn add_block<'a>(&mut self, rows: impl Iterator<Item = &'a [u32]>) {
        let block = self.ends.len() as u32 + 1;
        for codes in rows {
            for (nth, &code) in codes.iter().enumerate() {
                if codes.iter().take(nth).any(|&before| before == code) {
                    continue;
                }
                let code_at = code as usize;
                if let (Some(rows), Some(seen), Some(blocks)) =
                    (self.rows.get_mut(code_at), self.seen.get_mut(code_at), self.blocks.get_mut(code_at))
                {
                    *rows += 1;
                    if *seen != block {
                        *seen = block;
                        *blocks += 1;
                        self.pairs.push(code);
                    }
                }
            }
        }
        self.ends.push(self.pairs.len());
    }

    /// The blocks of every term, term after term.
    fn by_term(&self) -> Vec<u32> {
        let mut next: Vec<usize> = Vec::with_capacity(self.blocks.len());
        let mut sum = 0;
        for &count in &self.blocks {
            next.push(sum);
            sum += count as usize;
        }
        let mut out = vec![0; self.pairs.len()];
        let mut from = 0;
        for (block, &to) in (0u32..).zip(&self.ends) {
            for &code in self.pairs.get(from..to).unwrap_or_default() {
                if let Some(next) = next.get_mut(code as usize) {
                    if let Some(slot) = out.get_mut(*next) {
                        *slot = block;
                    }
                    *next += 1;
                }
            }
            from = to;
        }
        out
    }
}

/// Writes the terms of a dictionary in an order that sorts them.
pub(super) fn write(
    pages: &mut PageWriter<'_>,
    dictionary: &Dictionary,
    order: &[u32],
    postings: Option<&Postings>,
) -> Result<TermTree, WriteError> {
    let mut tree =
        TermTree { terms: order.len() as u32, extents: Extents::starting(pages.position()), separators: Vec::new() };
    let by_term = postings.map(Postings::by_term).unwrap_or_default();
    let mut blocks_left = by_term.as_slice();
    let mut before: &str = "";
    let mut first_code = 0;
    for group in order.chunks(GROUP_TERMS as usize) {
        let start = pages.position();
        let mut directory = Vec::new();
        for leaf in group.chunks(LEAF_TERMS as usize) {
            let terms: Vec<&str> = leaf.iter().map(|&id| dictionary.get(id)).collect();
            let separator = separator(before, terms.first().copied().unwrap_or_default());
            if first_code % GROUP_TERMS as usize == 0 {
                tree.separators.push(separator.into());
            }
            put_bytes(&mut directory, separator);
            put_varint(&mut directory, u64::from(pages.compressed_page(&encode_leaf(&terms)?)?));
            if let Some(postings) = postings {
                let payload = encode_postings(postings, first_code..first_code + terms.len(), &mut blocks_left);
                put_varint(&mut directory, u64::from(pages.compressed_page(&payload)?));
            }
            first_code += terms.len();
            before = terms.last().copied().unwrap_or_default();
        }
        tree.extents.push(pages.len_since(start, "group of terms")?);
        tree.extents.push(pages.page(&directory)?);
    }
    Ok(tree)
}

/// The shortest beginning of `first` that is above `before`.
fn separator<'a>(before: &str, first: &'a str) -> &'a [u8] {
    let shared = shared_len(before.as_bytes(), first.as_bytes());
    first.as_bytes().get(..shared + 1).unwrap_or(first.as_bytes())
}

fn shared_len(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

fn encode_leaf(terms: &[&str]) -> Result<Vec<u8>, WriteError> {
    let mut out = Vec::new();
    let mut lens = Vec::new();
    let mut rest = Vec::new();
    let mut before: &[u8] = &[];
    for term in terms {
        let term = term.as_bytes();
        if term.len() > TERM_BYTES_MAX {
            return Err(WriteError::TooLarge {
                what: "text",
                bytes: term.len() as u64,
                bytes_max: TERM_BYTES_MAX as u64,
            });
        }
        let shared = shared_len(before, term);
        let suffix = term.get(shared..).unwrap_or_default();
        put_varint(&mut out, shared as u64);
        put_varint(&mut lens, suffix.len() as u64);
        rest.extend_from_slice(suffix);
        before = term;
    }
    out.extend_from_slice(&lens);
    out.extend_from_slice(&rest);
    Ok(out)
}

/// The terms of a leaf, one behind the other, and where each ends.
struct Leaf {
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Leaf {
    fn decode(payload: &[u8], terms: usize) -> Decoded<Self> {
        let mut wire = Wire(payload);
        let shared = wire.counts(terms)?;
        let lens = wire.counts(terms)?;
        let mut leaf = Self { text: Vec::with_capacity(payload.len() * 2), ends: Vec::with_capacity(terms) };
        let mut start = 0;
        for (shared, len) in shared.into_iter().zip(lens) {
            let (shared, len) = (shared as usize, len as usize);
            let end = leaf.text.len();
            if shared > end - start || shared + len > TERM_BYTES_MAX {
                return Err("a term is out of range");
            }
            leaf.text.extend_from_within(start..start + shared);
            leaf.text.extend_from_slice(wire.take(len)?);
            start = end;
            leaf.ends.push(leaf.text.len());
        }
        wire.end()?;
        Ok(leaf)
    }

    fn get(&self, nth: usize) -> Decoded<&str> {
        let bytes = self.bytes(nth).ok_or("a term is missing")?;
        std::str::from_utf8(bytes).map_err(|_| "a term is not UTF-8")
    }

    fn bytes(&self, nth: usize) -> Option<&[u8]> {
        let from = nth.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.ends.get(nth).and_then(|&to| self.text.get(from..to))
    }

    /// The place of a term.
    fn find(&self, term: &str) -> Option<u32> {
        (0..).zip(0..self.ends.len()).find(|(_, nth)| self.bytes(*nth) == Some(term.as_bytes())).map(|(place, _)| place)
    }
}

/// Counts of rows; counts of blocks; then the blocks of each term: nothing where it is in all of them, a bit a block
/// where it is in more than one of eight, else the first and the steps from each to the next.
fn encode_postings(postings: &Postings, codes: Range<usize>, blocks_left: &mut &[u32]) -> Vec<u8> {
    let total = postings.ends.len();
    let counts = postings.blocks.get(codes.clone()).unwrap_or_default();
    let mut out = Vec::new();
    for &count in counts {
        put_varint(&mut out, u64::from(count));
    }
    for (rows, count) in postings.rows.get(codes).unwrap_or_default().iter().zip(counts) {
        put_varint(&mut out, u64::from(rows - count));
    }
    for &count in counts {
        let (blocks, rest) = blocks_left.split_at_checked(count as usize).unwrap_or_default();
        *blocks_left = rest;
        if blocks.len() == total {
        } else if blocks.len() > total / 8 {
            let mut bitmap = vec![0u8; packed_len(total, 1)];
            for &block in blocks {
                if let Some(byte) = bitmap.get_mut(block as usize / 8) {
                    *byte |= 1 << (block % 8);
                }
            }
            out.extend_from_slice(&bitmap);
        } else {
            let mut next = 0;
            for &block in blocks {
                put_varint(&mut out, u64::from(block - next));
                next = block + 1;
            }
        }
    }
    out
}

/// Rows and blocks of one leaf's terms.
struct LeafPostings {
    rows: Vec<u32>,
    blocks: Vec<Vec<u32>>,
}

impl LeafPostings {
    fn decode(payload: &[u8], terms: usize, total: u32) -> Decoded<Self> {
        let mut wire = Wire(payload);
        let counts = wire.counts(terms)?;
        let mut rows = wire.counts(terms)?;
        let mut blocks = Vec::with_capacity(terms);
        for (&count, rows) in counts.iter().zip(&mut rows) {
            *rows =
                rows.checked_add(count).filter(|&rows| rows <= SEGMENT_ROWS_MAX).ok_or("a count is over its limit")?;
            blocks.push(block_list(&mut wire, count, total)?);
        }
        wire.end()?;
        Ok(Self { rows, blocks })
    }
}

fn block_list(wire: &mut Wire<'_>, count: u32, total: u32) -> Decoded<Vec<u32>> {
    if count > total {
        return Err("a term is in more blocks than there are");
    }
    if count == total {
        return Ok((0..total).collect());
    }
    if count > total / 8 {
        let bitmap = wire.take(packed_len(total as usize, 1))?;
        let bit = |block: &u32| bitmap.get(*block as usize / 8).is_some_and(|byte| byte >> (block % 8) & 1 == 1);
        return Ok((0..total).filter(bit).collect());
    }
    let mut next = 0u32;
    (0..count)
        .map(|_| {
            let block = wire.count(total as usize)? as u32 + next;
            next = block + 1;
            if block < total { Ok(block) } else { Err("a block is beyond the last") }
        })
        .collect()
}

/// The directory of a group.
struct Group {
    payload: Vec<u8>,
    leaves: Vec<LeafAt>,
}

impl Group {
    fn separator(&self, leaf: &LeafAt) -> &[u8] {
        self.payload.get(leaf.separator.clone()).unwrap_or_default()
    }
}

/// Where one leaf lies.
struct LeafAt {
    /// Place in the directory.
    separator: Range<usize>,
    terms: (u64, u32),
    postings: (u64, u32),
}

impl TermTree {
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        put_varint(out, u64::from(self.terms));
        for (group, separator) in self.separators.iter().enumerate() {
            put_bytes(out, separator);
            put_varint(out, u64::from(self.extents.get(2 * group).1));
            put_varint(out, u64::from(self.extents.get(2 * group + 1).1));
        }
    }

    pub(super) fn decode(wire: &mut Wire<'_>, at: &mut u64) -> Decoded<Self> {
        let terms = wire.count(u32::MAX as usize)? as u32;
        let mut tree = Self { terms, extents: Extents::starting(*at), separators: Vec::new() };
        for _ in 0..terms.div_ceil(GROUP_TERMS) {
            tree.separators.push(wire.bytes(TERM_BYTES_MAX)?.into());
            tree.extents.push(wire.count(u32::MAX as usize)? as u32);
            tree.extents.push(wire.count(u32::MAX as usize)? as u32);
        }
        *at = tree.extents.end();
        Ok(tree)
    }

    fn leaf_terms(&self, leaf: u32) -> usize {
        self.terms.saturating_sub(leaf.saturating_mul(LEAF_TERMS)).min(LEAF_TERMS) as usize
    }

    /// The directory of a group.
    fn group(&self, file: &PageFile, group: u32, indexed: bool) -> Result<Group, ReadError> {
        let (mut at, leaves_len) = self.extents.get(2 * group as usize);
        let leaves_end = at + u64::from(leaves_len);
        let (offset, len) = self.extents.get(2 * group as usize + 1);
        let payload = file.page(offset, len)?;
        let count = self.terms.div_ceil(LEAF_TERMS).saturating_sub(group * GROUP_LEAVES).min(GROUP_LEAVES);
        let mut wire = Wire(&payload);
        let mut page = |wire: &mut Wire<'_>| {
            let len = wire.count((leaves_end - at) as usize)? as u32;
            at += u64::from(len);
            Decoded::Ok((at - u64::from(len), len))
        };
        let mut leaf = || {
            let len = wire.bytes(TERM_BYTES_MAX)?.len();
            let end = payload.len() - wire.0.len();
            let separator = end - len..end;
            let terms = page(&mut wire)?;
            let postings = if indexed { page(&mut wire)? } else { (0, 0) };
            Decoded::Ok(LeafAt { separator, terms, postings })
        };
        let leaves = (0..count).map(|_| leaf()).collect::<Decoded<Vec<_>>>();
        leaves
            .and_then(|leaves| wire.end().map(|()| leaves))
            .and_then(|leaves| if at == leaves_end { Ok(leaves) } else { Err("its leaves do not fill the group") })
            .map(|leaves| Group { payload, leaves })
            .map_err(|problem| file.damaged(offset, problem))
    }

    fn leaf(&self, file: &PageFile, at: &LeafAt, leaf: u32) -> Result<Leaf, ReadError> {
        let payload = file.compressed_page(at.terms.0, at.terms.1)?;
        Leaf::decode(&payload, self.leaf_terms(leaf)).map_err(|problem| file.damaged(at.terms.0, problem))
    }

    /// The code of a term.
    pub(super) fn find(&self, file: &PageFile, term: &str, indexed: bool) -> Result<Option<u32>, ReadError> {
        let above = self.separators.partition_point(|separator| **separator <= *term.as_bytes());
        let Some(group) = above.checked_sub(1) else { return Ok(None) };
        let found = self.group(file, group as u32, indexed)?;
        let above = found.leaves.partition_point(|leaf| found.separator(leaf) <= term.as_bytes());
        let Some((nth, at)) = above.checked_sub(1).and_then(|nth| Some((nth, found.leaves.get(nth)?))) else {
            return Ok(None);
        };
        let number = group as u32 * GROUP_LEAVES + nth as u32;
        let nth = self.leaf(file, at, number)?.find(term);
        Ok(nth.map(|nth| number * LEAF_TERMS + nth))
    }

    /// Visits the terms of some rising codes; of those beyond the last, none.
    pub(super) fn visit(
        &self,
        file: &PageFile,
        indexed: bool,
        codes: impl Iterator<Item = u32>,
        visit: &mut dyn FnMut(u32, &str),
    ) -> Result<(), ReadError> {
        let mut group: Option<(u32, Group)> = None;
        let mut leaf: Option<(u32, u64, Leaf)> = None;
        for code in codes.take_while(|&code| code < self.terms) {
            let number = code / LEAF_TERMS;
            if leaf.as_ref().is_none_or(|(held, ..)| *held != number) {
                let wanted = number / GROUP_LEAVES;
                let found = match group.take() {
                    Some((held, found)) if held == wanted => found,
                    _ => self.group(file, wanted, indexed)?,
                };
                if let Some(at) = found.leaves.get((number % GROUP_LEAVES) as usize) {
                    leaf = Some((number, at.terms.0, self.leaf(file, at, number)?));
                }
                group = Some((wanted, found));
            }
            if let Some((_, offset, leaf)) = &leaf {
                let term = leaf.get((code % LEAF_TERMS) as usize).map_err(|problem| file.damaged(*offset, problem))?;
                visit(code, term);
            }
        }
        Ok(())
    }

    /// The rows and blocks of the terms of a leaf of an indexed column.
    fn postings(&self, file: &PageFile, at: &LeafAt, leaf: u32, blocks: u32) -> Result<LeafPostings, ReadError> {
        let payload = file.compressed_page(at.postings.0, at.postings.1)?;
        LeafPostings::decode(&payload, self.leaf_terms(leaf), blocks)
            .map_err(|problem| file.damaged(at.postings.0, problem))
    }

    /// Where a code of an indexed column of `blocks` blocks is.
    pub(super) fn posting(&self, file: &PageFile, code: u32, blocks: u32) -> Result<Posting, ReadError> {
        if code >= self.terms {
            return Ok(Posting::default());
        }
        let number = code / LEAF_TERMS;
        let group = self.group(file, number / GROUP_LEAVES, true)?;
        let Some(at) = group.leaves.get((number % GROUP_LEAVES) as usize) else { return Ok(Posting::default()) };
        let mut postings = self.postings(file, at, number, blocks)?;
        let nth = (code % LEAF_TERMS) as usize;
        let rows = postings.rows.get(nth).copied().unwrap_or(0);
        Ok(Posting { rows, blocks: postings.blocks.get_mut(nth).map(std::mem::take).unwrap_or_default() })
    }

    /// Visits every code of an indexed column with the number of rows that have it.
    pub(super) fn visit_rows(
        &self,
        file: &PageFile,
        blocks: u32,
        visit: &mut dyn FnMut(u32, u32),
    ) -> Result<(), ReadError> {
        for group in 0..self.separators.len() as u32 {
            let leaves = self.group(file, group, true)?.leaves;
            for (number, at) in (group * GROUP_LEAVES..).zip(&leaves) {
                let postings = self.postings(file, at, number, blocks)?;
                (number * LEAF_TERMS..).zip(postings.rows).for_each(|(code, rows)| visit(code, rows));
            }
        }
        Ok(())
    }

    /// Reads all terms and directories, and compares what they say with the terms themselves and with the rows, of which
    /// `postings` were gathered where the column is indexed. `term` judges each code's term.
    pub(super) fn verify(
        &self,
        file: &PageFile,
        postings: Option<&Postings>,
        term: &dyn Fn(u32, &str) -> Decoded<()>,
    ) -> Result<(), ReadError> {
        let by_term = postings.map(Postings::by_term).unwrap_or_default();
        let mut blocks_left = by_term.as_slice();
        let mut before: Option<String> = None;
        for (group, separator) in (0..).zip(&self.separators) {
            let found = self.group(file, group, postings.is_some())?;
            let group_at = self.extents.get(2 * group as usize + 1).0;
            for (number, at) in (group * GROUP_LEAVES..).zip(&found.leaves) {
                let of_leaf = found.separator(at);
                let separators = if number % GROUP_LEAVES == 0 { [&**separator, of_leaf] } else { [of_leaf; 2] };
                let leaf = self.leaf(file, at, number)?;
                let first = leaf.get(0).map_err(|problem| file.damaged(at.terms.0, problem))?;
                let above = |separator: &[u8]| before.as_ref().is_none_or(|before| separator > before.as_bytes());
                if !separators.iter().all(|separator| *separator <= first.as_bytes() && above(separator)) {
                    return Err(file.damaged(group_at, "a separator does not lead to its terms"));
                }
                let codes = number * LEAF_TERMS..number * LEAF_TERMS + self.leaf_terms(number) as u32;
                check_terms(&leaf, codes.clone(), &mut before, term)
                    .map_err(|problem| file.damaged(at.terms.0, problem))?;
                if let Some(postings) = postings {
                    let made = encode_postings(postings, codes.start as usize..codes.end as usize, &mut blocks_left);
                    if file.compressed_page(at.postings.0, at.postings.1)? != made {
                        return Err(file.damaged(at.postings.0, "its index is not that of its rows"));
                    }
                }
            }
        }
        Ok(())
    }
}

/// Checks that terms rise, from the one before on.
fn check_terms(
    leaf: &Leaf,
    codes: Range<u32>,
    before: &mut Option<String>,
    term: &dyn Fn(u32, &str) -> Decoded<()>,
) -> Decoded<()> {
    for (nth, code) in codes.enumerate() {
        let text = leaf.get(nth)?;
        if before.as_deref().is_some_and(|before| text <= before) {
            return Err("its terms are not sorted");
        }
        term(code, text)?;
        let held = before.get_or_insert_default();
        held.clear();
        held.push_str(text);
    }
    Ok(())
}
