//! Finding the rows of a plan, block by block.

use std::ops::ControlFlow;

use super::{
    json,
    mask::Mask,
    matching::Matcher,
    model::Order,
    parse,
    part::Cancel,
    plan::{Plan, Predicate, Resolved, RoleCodes},
};
use crate::{
    code_set::CodeSet,
    column::{Column, Kind},
    limits::BLOCK_ROWS,
    source::{ABSENT, CodeBlock, ReadError, Source},
};

/// Up to so many rows of a block are looked at one by one.
const SPARSE_ROWS_MAX: u32 = 256;

/// Buffers that are used again for every block.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub(super) codes: CodeBlock,
    types: CodeBlock,
    pub(super) ints: Vec<i64>,
}

/// Takes a block and its rows, and says whether to go on.
pub(super) type Visit<'a> = dyn FnMut(u32, &Mask) -> Result<ControlFlow<()>, ReadError> + 'a;

/// Visits the blocks that have rows of a plan, in an order, until the visitor breaks.
pub(super) fn scan(
    source: &dyn Source,
    plan: &Plan<'_>,
    order: Order,
    cancel: &Cancel,
    visit: &mut Visit<'_>,
) -> Result<(), ReadError> {
    let mut scratch = Scratch::default();
    let first = plan.rows.start / BLOCK_ROWS;
    let end = plan.rows.end.div_ceil(BLOCK_ROWS);
    let all: Vec<u32> = match &plan.blocks {
        Some(blocks) => blocks.iter().copied().filter(|block| (first..end).contains(block)).collect(),
        None => (first..end).collect(),
    };
    let mut blocks = all.into_iter();
    while let Some(block) = match order {
        Order::NewestFirst => blocks.next_back(),
        Order::OldestFirst => blocks.next(),
    } {
        cancel.check()?;
        let mask = rows_of_block(source, plan, block, &mut scratch)?;
        if !mask.is_empty() && visit(block, &mask)?.is_break() {
            break;
        }
    }
    Ok(())
}

fn rows_of_block(source: &dyn Source, plan: &Plan<'_>, block: u32, scratch: &mut Scratch) -> Result<Mask, ReadError> {
    let first = block * BLOCK_ROWS;
    let row = |row: u32| row.saturating_sub(first).min(source.block_rows(block));
    let mut mask = Mask::of_range(row(plan.rows.start)..row(plan.rows.end));
    if let Some((since, until)) = plan.time {
        match source.block_int_range(Column::OccurredAt, block) {
            Some((low, high)) if since <= low && high < until => {}
            Some((low, high)) if high < since || until <= low => return Ok(Mask::NONE),
            _ => {
                source.ints(Column::OccurredAt, block, &mut scratch.ints)?;
                mask.keep(&Mask::of_values(&scratch.ints, |at| since <= at && at < until));
            }
        }
    }
    for predicate in &plan.predicates {
        if mask.is_empty() {
            break;
        }
        apply(source, predicate, block, &mut mask, scratch)?;
    }
    Ok(mask)
}

fn apply(
    source: &dyn Source,
    predicate: &Predicate<'_>,
    block: u32,
    mask: &mut Mask,
    scratch: &mut Scratch,
) -> Result<(), ReadError> {
    let hits = match &predicate.test {
        Resolved::Codes(column, codes) if mask.count() <= SPARSE_ROWS_MAX => {
            let rows: Vec<u32> = mask.rows().collect();
            source.codes_of(*column, block, &rows, &mut scratch.codes)?;
            let mut hits = Mask::NONE;
            let is_hit = |nth: usize| scratch.codes.of(nth).iter().any(|&code| codes.contains(code));
            rows.iter().enumerate().filter(|(nth, _)| is_hit(*nth)).for_each(|(_, &row)| hits.insert(row));
            hits
        }
        Resolved::Codes(column, codes) => with_codes(source, *column, block, codes)?,
        Resolved::Ints(column, matcher) => {
            source.ints(*column, block, &mut scratch.ints)?;
            with_ints(&scratch.ints, *column, matcher)
        }
        Resolved::Role(roles) => with_roles(source, roles, block, mask, scratch)?,
        Resolved::Json(column, path, matcher) => with_blobs(source, *column, block, mask, &mut |json| {
            json::any(json, path, &mut |text| matcher.accepts(text))
        })?,
        Resolved::Text(columns, needle) => {
            let mut hits = Mask::NONE;
            for (column, codes) in columns {
                hits.add(&with_codes(source, *column, block, codes)?);
            }
            for &column in Column::ALL.iter().filter(|column| column.kind() == Kind::Blob) {
                let mut left = mask.clone();
                left.remove(&hits);
                hits.add(&with_blobs(source, column, block, &left, &mut |json| needle.is_in_json(json))?);
            }
            hits
        }
    };
    if predicate.negated {
        mask.remove(&hits);
    } else {
        mask.keep(&hits);
    }
    Ok(())
}

fn with_codes(source: &dyn Source, column: Column, block: u32, codes: &CodeSet) -> Result<Mask, ReadError> {
    let mut hits = Mask::NONE;
    source.rows_with(column, block, codes, &mut |row| hits.insert(row))?;
    Ok(hits)
}

fn with_ints(values: &[i64], column: Column, matcher: &Matcher<'_>) -> Mask {
    if matcher.any_value() {
        return Mask::of_values(values, |value| value != ABSENT);
    }
    if let Some(bounds) = matcher.only_between() {
        return Mask::of_values(values, |value| {
            value != ABSENT && bounds.iter().any(|&(low, high)| low <= value && value <= high)
        });
    }
    Mask::of_values(values, |value| value != ABSENT && matcher.accepts(&parse::int_text(column, value)))
}

fn with_roles(
    source: &dyn Source,
    roles: &[RoleCodes],
    block: u32,
    mask: &Mask,
    scratch: &mut Scratch,
) -> Result<Mask, ReadError> {
    let mut hits = Mask::NONE;
    for role in roles {
        let mut found = with_codes(source, role.id, block, &role.ids)?;
        found.keep(mask);
        if let Some((column, code)) = role.r#type
            && !found.is_empty()
        {
            let rows: Vec<u32> = found.rows().collect();
            source.codes_of(role.id, block, &rows, &mut scratch.codes)?;
            source.codes_of(column, block, &rows, &mut scratch.types)?;
            // The lists of one row are equally long: the same place is the same element.
            let together = |nth: usize| {
                let (ids, types) = (scratch.codes.of(nth), scratch.types.of(nth));
                ids.iter().zip(types).any(|(&id, &r#type)| r#type == code && role.ids.contains(id))
            };
            found = Mask::NONE;
            rows.iter().enumerate().filter(|(nth, _)| together(*nth)).for_each(|(_, &row)| found.insert(row));
        }
        hits.add(&found);
    }
    Ok(hits)
}

fn with_blobs(
    source: &dyn Source,
    column: Column,
    block: u32,
    mask: &Mask,
    test: &mut dyn FnMut(&[u8]) -> bool,
) -> Result<Mask, ReadError> {
    let first = block * BLOCK_ROWS;
    let rows: Vec<u32> = mask.rows().map(|row| first + row).collect();
    let mut hits = Mask::NONE;
    source.blobs(column, &rows, &mut |row, json| {
        if test(json) {
            hits.insert(row - first);
        }
    })?;
    Ok(hits)
}
