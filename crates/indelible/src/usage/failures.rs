//! Failed attempts.

use indelible_engine::{column::Column, query::Value, source::ReadError};
use serde::Serialize;

use super::{FAILURES, Ranked, Usage, Used};
use crate::asking::{Attempts, text};

/// Attempts that failed for the same cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// What happened, e.g. `token.expired`.
    pub action: String,
    /// Why, where that says more.
    pub reason: Option<String>,
    /// How many attempts.
    pub attempts: u64,
}

impl Usage<'_> {
    /// Failed attempts by cause, the most frequent first.
    pub fn failures(&self) -> Result<Vec<Cause>, ReadError> {
        let (attempts, _) = self.attempts(&[Column::Action, Column::Reason], None)?;
        let cause = |(key, attempts): Attempts| {
            Some(Cause { action: key.first().and_then(text)?, reason: key.get(1).and_then(text), attempts })
        };
        Ok(attempts.into_iter().filter_map(cause).collect())
    }

    /// How many attempts failed.
    pub fn failed_attempts(&self) -> Result<u64, ReadError> {
        Ok(self.attempts(&[], None)?.0.iter().map(|(_, attempts)| attempts).sum())
    }

    /// The addresses from which more than so many attempts failed, the most first: with `since` an hour ago and 10, those
    /// that somebody should look at.
    pub fn suspicious_ips(&self, more_than: u64) -> Result<Ranked<Used>, ReadError> {
        let (attempts, exact) = self.attempts(&[Column::ContextIp], Some(more_than))?;
        let rows = attempts.into_iter().filter(|(key, attempts)| *attempts > more_than && key != &[Value::Null]);
        let rows = rows.map(|(key, uses)| Used { value: key.first().and_then(text), uses }).collect();
        Ok(Ranked { rows, exact })
    }

    fn attempts(&self, by: &[Column], more_than: Option<u64>) -> Result<(Vec<Attempts>, bool), ReadError> {
        self.asking.attempts(self.filter(&FAILURES), by, more_than)
    }
}
