//! What was never seen before.

use std::collections::BTreeSet;

use indelible_engine::{
    column::Column,
    limits::{AGGREGATE_ROWS_MAX, VALUES_MAX},
    query::{Aggregate, Filter, Measure, Table},
    source::ReadError,
};
use serde::Serialize;

use super::{Listed, Questions, USE, Uses, of_oauth};
use crate::asking::{is, of_column, text};

/// What can be new.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// A client, by id.
    Client,
    /// A scope that somebody asked for or needed.
    Scope,
    /// A country.
    Country,
}

impl What {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Client, Self::Scope, Self::Country];

    fn column(self) -> Column {
        match self {
            Self::Client => Column::ClientId,
            Self::Scope => Column::OauthScopesRequested,
            Self::Country => Column::ContextGeoCountry,
        }
    }
}

/// A value that the window has and all time before it has not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FirstUse {
    /// What it is.
    pub what: What,
    /// Its value.
    pub value: String,
    /// How often it was used in the window, and when.
    #[serde(flatten)]
    pub uses: Uses,
}

impl Questions<'_> {
    /// What was used for the first time in the window, by an event of OAuth or a use of a token: the newest first. With a client or
    /// an actor: what is new for them.
    pub fn first_uses(&self, of: &[What], limit: u32) -> Result<Listed<FirstUse>, ReadError> {
        let mut all = Vec::new();
        for &what in of {
            all.extend(self.first_uses_of(what)?);
        }
        all.sort_by(|a: &FirstUse, b| {
            b.uses.first_at.cmp(&a.uses.first_at).then_with(|| (a.what, &a.value).cmp(&(b.what, &b.value)))
        });
        Ok(Listed::first(all, limit))
    }

    fn first_uses_of(&self, what: What) -> Result<Vec<FirstUse>, ReadError> {
        let column = what.column();
        let mut filter = self.filter([of_oauth(&[USE])]);
        let mut new = values(&self.by(column, filter.clone(), vec![Measure::Count])?);
        if filter.since.is_some() {
            let before = Filter { since: None, until: filter.since, ..filter.clone() };
            for old in values(&self.by(column, before, vec![Measure::Count])?) {
                new.remove(&old);
            }
        }
        if new.is_empty() {
            return Ok(Vec::new());
        }
        // More cannot be named in one condition.
        if new.len() <= VALUES_MAX {
            filter.clauses.push(is(column, &new));
        }
        let uses = self.by(column, filter, vec![Measure::Count, Measure::First, Measure::Last])?;
        let of_row = |row: &Vec<_>| {
            let (value, measures) = row.split_first()?;
            // An event of a new scope may have old ones too.
            let value = text(value).filter(|value| new.contains(value))?;
            Some(FirstUse { what, value, uses: Uses::of(measures) })
        };
        Ok(uses.rows.iter().filter_map(of_row).collect())
    }

    fn by(&self, column: Column, filter: Filter, measures: Vec<Measure>) -> Result<Table, ReadError> {
        let group_by = vec![of_column(column)];
        self.asking.aggregate(&Aggregate { group_by, measures, limit: AGGREGATE_ROWS_MAX, ..Aggregate::count(filter) })
    }
}

fn values(table: &Table) -> BTreeSet<String> {
    table.rows.iter().filter_map(|row| row.first().and_then(text)).collect()
}
