//! What failed, by error code and client.

use indelible_engine::{column::Column, query::Value, source::ReadError};
use serde::Serialize;

use super::{Listed, Questions, of_oauth};
use crate::{
    asking::{Attempts, is, text},
    usage::FAILURES,
};

/// Attempts of a client that failed, or were denied, with the same code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// The client's id; nothing where nobody knows it.
    pub client: Option<String>,
    /// The error code, e.g. `invalid_grant`.
    pub reason: Option<String>,
    /// What was tried, e.g. `oauth.token.failed`.
    pub action: String,
    /// How often.
    pub attempts: u64,
}

impl Questions<'_> {
    /// What failed at the authorization server, and what tokens failed with at resource servers: by error code and client,
    /// the most frequent first. The repeats of a flood, which are one event, count as so many.
    pub fn failures(&self, limit: u32) -> Result<Listed<Refused>, ReadError> {
        let filter = self.filter([of_oauth(&FAILURES), is(Column::Outcome, ["failure", "denied"])]);
        let by = [Column::ClientId, Column::Reason, Column::Action];
        let (attempts, _) = self.asking.attempts(filter, &by, None)?;
        let refused = |(key, attempts): Attempts| {
            let [client, reason, action] = <[Value; 3]>::try_from(key).ok()?;
            Some(Refused { client: text(&client), reason: text(&reason), action: text(&action)?, attempts })
        };
        Ok(Listed::first(attempts.into_iter().filter_map(refused).collect(), limit))
    }
}
