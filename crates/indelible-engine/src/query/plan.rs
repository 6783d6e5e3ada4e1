//! A filter made ready for one source: every test is turned into codes once, before any row is looked at.

use std::ops::Range;

use super::{
    matching::{Matcher, Needle},
    model::{Clause, Field, Filter, Match, Role, RoleMatch, Test},
};
use crate::{
    code_set::CodeSet,
    column::{Column, Kind},
    source::{ReadError, Source},
};

/// More codes than this are not looked up in the index: their blocks are most likely all.
const INDEXED_CODES_MAX: u32 = 64;

/// How to find a filter's rows in one source.
#[derive(Debug)]
pub(super) struct Plan<'q> {
    /// Rows by sequence number.
    pub(super) rows: Range<u32>,
    /// Bounds of `occurred_at` (half open) that not every row is known to keep.
    pub(super) time: Option<(i64, i64)>,
    /// Cheap ones first.
    pub(super) predicates: Vec<Predicate<'q>>,
    /// The only blocks worth a look, rising; `None` for all.
    pub(super) blocks: Option<Vec<u32>>,
}

/// A condition on rows.
#[derive(Debug)]
pub(super) struct Predicate<'q> {
    pub(super) negated: bool,
    pub(super) test: Resolved<'q>,
}

/// A test in the source's own codes.
#[derive(Debug)]
pub(super) enum Resolved<'q> {
    Codes(Column, CodeSet),
    Ints(Column, Matcher<'q>),
    Role(Vec<RoleCodes>),
    Json(Column, &'q [String], Matcher<'q>),
    Text(Vec<(Column, CodeSet)>, Needle),
}

/// Ids that somebody may have, together with the type at the same place of the list.
#[derive(Debug)]
pub(super) struct RoleCodes {
    pub(super) r#type: Option<(Column, u32)>,
    pub(super) id: Column,
    pub(super) ids: CodeSet,
}

impl<'q> Plan<'q> {
    /// Plans a filter; `None` when no row of the source can pass.
    pub(super) fn new(source: &dyn Source, filter: &'q Filter, end_seq: u64) -> Result<Option<Self>, ReadError> {
        let rows = rows_of(source, filter, end_seq);
        let Some(time) = time_of(source, filter) else { return Ok(None) };
        if rows.is_empty() {
            return Ok(None);
        }
        let mut plan = Self { rows, time, predicates: Vec::new(), blocks: None };
        if let Some(tenant) = &filter.tenant {
            let codes = source.find_term(Column::Tenant, tenant)?;
            let codes = CodeSet::new(&codes.into_iter().collect::<Vec<_>>());
            if !plan.add(source, Predicate { negated: false, test: Resolved::Codes(Column::Tenant, codes) })? {
                return Ok(None);
            }
        }
        let mut clauses: Vec<&Clause> = filter.clauses.iter().collect();
        clauses.sort_by_key(|clause| cost(&clause.test));
        for clause in clauses {
            let predicate = Predicate { negated: clause.negated, test: resolve(source, &clause.test)? };
            if !plan.add(source, predicate)? {
                return Ok(None);
            }
        }
        Ok(Some(plan))
    }

    /// Whether every row of the source passes.
    pub(super) fn takes_all(&self, source: &dyn Source) -> bool {
        self.predicates.is_empty() && self.time.is_none() && self.rows == (0..source.rows())
    }

    /// Leaves only some codes of the `nth` predicate, and the blocks that have them.
    pub(super) fn narrow(&mut self, source: &dyn Source, nth: usize, codes: CodeSet) -> Result<(), ReadError> {
        if let Some(Predicate { test: Resolved::Codes(_, slot), .. }) = self.predicates.get_mut(nth) {
            *slot = codes;
        }
        if let Some(predicate) = self.predicates.get(nth)
            && let Some(blocks) = predicate.test.blocks(source)?
        {
            self.keep_blocks(blocks);
        }
        Ok(())
    }

    /// Leaves only some blocks, which rise.
    pub(super) fn keep_blocks(&mut self, blocks: Vec<u32>) {
        match &mut self.blocks {
            Some(before) => before.retain(|block| blocks.binary_search(block).is_ok()),
            None => self.blocks = Some(blocks),
        }
    }

    /// Adds a predicate; false when nothing can pass it.
    fn add(&mut self, source: &dyn Source, predicate: Predicate<'q>) -> Result<bool, ReadError> {
        if predicate.test.is_hopeless(source) {
            // Nothing passes the test, so everything passes its opposite.
            return Ok(predicate.negated);
        }
        if let Resolved::Codes(column, codes) = &predicate.test
            && source.term_count(*column) == 1
            && codes.count() == 1
            && always_present(*column)
        {
            return Ok(!predicate.negated);
        }
        if !predicate.negated
            && let Some(blocks) = predicate.test.blocks(source)?
        {
            self.keep_blocks(blocks);
            if self.blocks.as_ref().is_some_and(Vec::is_empty) {
                return Ok(false);
            }
        }
        self.predicates.push(predicate);
        Ok(true)
    }
}

/// Whether complete events always have the column, so that a single term is every row's.
fn always_present(column: Column) -> bool {
    matches!(column, Column::Tenant | Column::Action | Column::Outcome | Column::Severity)
}

fn rows_of(source: &dyn Source, filter: &Filter, end_seq: u64) -> Range<u32> {
    let row = |seq: u64| u32::try_from(seq.saturating_sub(source.first_seq())).unwrap_or(u32::MAX).min(source.rows());
    row(filter.seq_from.unwrap_or(0))..row(filter.seq_to.unwrap_or(u64::MAX).min(end_seq))
}

/// The bounds of time that are left to test; the outer `None` when no row can keep them.
#[allow(clippy::option_option)]
fn time_of(source: &dyn Source, filter: &Filter) -> Option<Option<(i64, i64)>> {
    let since = filter.since.map_or(i64::MIN, |since| since.as_micros());
    let until = filter.until.map_or(i64::MAX, |until| until.as_micros());
    if filter.since.is_none() && filter.until.is_none() {
        return Some(None);
    }
    let (low, high) = source.int_range(Column::OccurredAt)?;
    if high < since || until <= low || until <= since {
        return None;
    }
    Some((low < since || until <= high).then_some((since, until)))
}

fn cost(test: &Test) -> u32 {
    match test {
        Test::Field(Field::Column(column), _) => match column.kind() {
            // What most rows may pass is looked at in few of them, if it comes last.
            Kind::Terms if always_present(*column) => 1,
            Kind::Terms => 0,
            Kind::Ints => 2,
            Kind::Blob => 4,
        },
        Test::Role(..) => 3,
        Test::Field(Field::Json(..), _) => 4,
        Test::Text(_) => 5,
    }
}

fn resolve<'q>(source: &dyn Source, test: &'q Test) -> Result<Resolved<'q>, ReadError> {
    Ok(match test {
        Test::Field(Field::Json(column, path), matches) => Resolved::Json(*column, path, Matcher::new(matches)),
        Test::Field(Field::Column(column), matches) => match column.kind() {
            Kind::Terms => Resolved::Codes(*column, codes_of(source, *column, matches)?),
            Kind::Ints => Resolved::Ints(*column, Matcher::new(matches)),
            Kind::Blob => Resolved::Json(*column, &[], Matcher::new(matches)),
        },
        Test::Role(role, matches) => Resolved::Role(resolve_roles(source, *role, matches)?),
        Test::Text(text) => {
            let needle = Needle::new(text);
            let mut columns = Vec::new();
            for &column in Column::ALL.iter().filter(|column| column.kind() == Kind::Terms) {
                let codes = codes_where(source, column, |term| needle.is_in(term))?;
                if codes.count() > 0 {
                    columns.push((column, codes));
                }
            }
            Resolved::Text(columns, needle)
        }
    })
}

fn resolve_roles(source: &dyn Source, role: Role, matches: &[RoleMatch]) -> Result<Vec<RoleCodes>, ReadError> {
    let mut all = Vec::new();
    for one in matches {
        let mut r#type = None;
        if let Some(wanted) = &one.r#type {
            match source.find_term(role.type_column(), wanted)? {
                Some(code) => r#type = Some((role.type_column(), code)),
                None => continue,
            }
        }
        for &id in role.id_columns() {
            let ids = codes_of(source, id, std::slice::from_ref(&one.id))?;
            if ids.count() > 0 {
                all.push(RoleCodes { r#type, id, ids });
            }
        }
    }
    Ok(all)
}

/// The codes of the terms that match. The empty term, which stands for "none" in lists, never does.
fn codes_of(source: &dyn Source, column: Column, matches: &[Match]) -> Result<CodeSet, ReadError> {
    let matcher = Matcher::new(matches);
    let Some(exact) = matcher.only_exact() else {
        return codes_where(source, column, |term| !term.is_empty() && matcher.accepts(term));
    };
    let mut codes = Vec::new();
    for text in exact.filter(|text| !text.is_empty()) {
        codes.extend(source.find_term(column, text)?);
    }
    Ok(CodeSet::new(&codes))
}

fn codes_where(source: &dyn Source, column: Column, test: impl Fn(&str) -> bool) -> Result<CodeSet, ReadError> {
    let mut codes = Vec::new();
    if source.term_count(column) > 0 {
        source.terms(column, &mut |code, term| {
            if test(term) {
                codes.push(code);
            }
        })?;
    }
    Ok(CodeSet::new(&codes))
}

impl Resolved<'_> {
    /// Whether the source's dictionary or ranges already show that no row passes.
    fn is_hopeless(&self, source: &dyn Source) -> bool {
        match self {
            Self::Codes(_, codes) => codes.count() == 0,
            Self::Role(roles) => roles.is_empty(),
            Self::Ints(column, matcher) => match source.int_range(*column) {
                None => true,
                Some((low, high)) => matcher
                    .only_between()
                    .is_some_and(|bounds| bounds.iter().all(|&(from, to)| to < low || high < from)),
            },
            Self::Json(..) | Self::Text(..) => false,
        }
    }

    /// The blocks that may hold rows that pass, where the index tells.
    fn blocks(&self, source: &dyn Source) -> Result<Option<Vec<u32>>, ReadError> {
        let wanted: Vec<(Column, &CodeSet)> = match self {
            Self::Codes(column, codes) => vec![(*column, codes)],
            Self::Role(roles) => roles.iter().map(|role| (role.id, &role.ids)).collect(),
            _ => return Ok(None),
        };
        let mut all = Vec::new();
        for (column, codes) in wanted {
            if !column.indexed() || codes.count() > INDEXED_CODES_MAX {
                return Ok(None);
            }
            for code in codes.iter() {
                match source.posting(column, code)? {
                    Some(posting) => all.extend(posting.blocks),
                    None => return Ok(None),
                }
            }
        }
        all.sort_unstable();
        all.dedup();
        Ok(Some(all))
    }
}
