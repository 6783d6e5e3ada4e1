//! What was never seen before.

use std::collections::BTreeSet;

use indelible_engine::{
    column::Column,
    limits::{AGGREGATE_ROWS_MAX, VALUES_MAX},
    query::{Clause, Filter},
    source::ReadError,
};
use indelible_proof::{Actor, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Listed, Questions, USE, Uses, of_oauth};
use crate::asking::{is, text};

/// What most of what is old was seen in, before a window.
const SHORTLY_US: i64 = 2 * 86_400_000_000;

/// What can be new.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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
        let mut new = self.asking.values(filter.clone(), column)?;
        if let Some(since) = filter.since {
            self.forget_old(column, &filter, since, &mut new)?;
        }
        if new.is_empty() {
            return Ok(Vec::new());
        }
        filter.clauses.extend(one_of(column, &new));
        let uses = self.asking.grouped(filter, &[column], &Uses::MEASURES, AGGREGATE_ROWS_MAX)?;
        let of_row = |row: &Vec<_>| {
            let (value, measures) = row.split_first()?;
            // An event of a new scope may have old ones too.
            let value = text(value).filter(|value| new.contains(value))?;
            Some(FirstUse { what, value, uses: Uses::of(measures) })
        };
        Ok(uses.rows.iter().filter_map(of_row).collect())
    }

    /// Leaves out what was there before the window. Most of what an actor has used was used shortly before, and only the rest is
    /// looked for in all that was.
    fn forget_old(
        &self,
        column: Column,
        window: &Filter,
        since: Timestamp,
        new: &mut BTreeSet<String>,
    ) -> Result<(), ReadError> {
        let until = window.until.map_or(i64::MAX, Timestamp::as_micros);
        let length = until.saturating_sub(since.as_micros()).clamp(0, SHORTLY_US);
        let shortly = Timestamp::saturating_from_micros(since.as_micros() - length);
        // What everybody has used is counted already, but not by whom.
        let spans = if self.actor == Actor::default() {
            vec![(None, since)]
        } else {
            vec![(Some(shortly), since), (None, shortly)]
        };
        for (from, until) in spans {
            let mut before = Filter { since: from, until: Some(until), ..window.clone() };
            if from.is_none() && until < since {
                before.clauses.extend(one_of(column, new));
            }
            for old in self.asking.values(before, column)? {
                new.remove(&old);
            }
        }
        Ok(())
    }
}

/// The condition that a column has one of some values, unless they are more than a condition can name.
fn one_of(column: Column, values: &BTreeSet<String>) -> Option<Clause> {
    (values.len() <= VALUES_MAX).then(|| is(column, values))
}
