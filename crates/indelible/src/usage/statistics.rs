//! The figures of a dashboard in one object.

use std::collections::BTreeMap;

use indelible_engine::{
    column::Column,
    query::{Field, Measure},
    source::ReadError,
};
use serde::Serialize;

use super::{Unique, Usage};
use crate::asking::number;

/// How many tokens there are: what the log does not know, because tokens that were never used, or issued before it, are
/// tokens too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TokenTotals {
    /// All tokens.
    pub total: u64,
    /// Those that can be used.
    pub active: u64,
    /// All by environment.
    pub by_environment: BTreeMap<String, u64>,
    /// All by type.
    pub by_type: BTreeMap<String, u64>,
}

/// The figures of a dashboard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Statistics {
    /// All tokens of the scope.
    pub total_tokens: u64,
    /// Those that can be used.
    pub active_tokens: u64,
    /// Uses.
    pub total_requests: u64,
    /// Addresses of uses.
    pub unique_ips: u64,
    /// Attempts that failed.
    pub failed_attempts: u64,
    /// Tokens of each environment; `test` and `live` are always there.
    pub by_environment: BTreeMap<String, u64>,
    /// Tokens of each type; `sk`, `pk` and `rk` are always there.
    pub by_type: BTreeMap<String, u64>,
    /// False when `unique_ips` is a sketch's.
    #[serde(skip_serializing_if = "is_true")]
    pub exact: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_true(exact: &bool) -> bool {
    *exact
}

impl Usage<'_> {
    /// The figures of a dashboard, with how many tokens the scope has.
    pub fn statistics(&self, tokens: TokenTotals) -> Result<Statistics, ReadError> {
        let with = |mut counts: BTreeMap<String, u64>, names: &[&str]| {
            names.iter().for_each(|&name| _ = counts.entry(name.to_owned()).or_default());
            counts
        };
        let uses = self.uses(&[], &[Measure::Distinct(Field::Column(Column::ContextIp)), Measure::Count], 1)?;
        let unique = Unique::of(&uses);
        Ok(Statistics {
            total_tokens: tokens.total,
            active_tokens: tokens.active,
            total_requests: uses.rows.first().and_then(|row| row.get(1)).map_or(0, number),
            unique_ips: unique.count,
            failed_attempts: self.failed_attempts()?,
            by_environment: with(tokens.by_environment, &["live", "test"]),
            by_type: with(tokens.by_type, &["pk", "rk", "sk"]),
            exact: unique.exact,
        })
    }
}
