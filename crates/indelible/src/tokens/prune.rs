//! Clearing away tokens that ended long ago. What the log says of them stays.

use std::time::Duration;

use indelible_proof::Timestamp;

use super::{Tokens, error::TokenError, events, find::Find, state::Change};
use crate::limits::FOUND_TOKENS_MAX;

impl Tokens {
    /// [`prune`](Self::prune) for every tenant that has tokens.
    pub fn prune_all(&self, ended_for: Duration) -> Result<u64, TokenError> {
        let tenants = self.service.state.tenants()?;
        tenants.into_iter().try_fold(0, |pruned, tenant| Ok(pruned + self.within(tenant).prune(ended_for)?))
    }

    /// Deletes the tokens that expired or were revoked longer ago than this, and gives their number. A token from which
    /// others were derived stays for as long as they do.
    ///
    /// The log gets `token.deleted` for each; nothing is taken from it.
    pub fn prune(&self, ended_for: Duration) -> Result<u64, TokenError> {
        let mut pruned = 0;
        loop {
            let deleted = self.change(|now| {
                let find = Find { ended_before: Some(earlier(now, ended_for)), childless: true, ..Find::default() };
                let deleted = self.service.state.list(&self.scope.tenant, &find.limit(FOUND_TOKENS_MAX))?;
                let event = |token| events::lifecycle(&self.scope, "token.deleted", token, now).meta("mode", "pruned");
                let events = deleted.iter().map(event).collect();
                let count = deleted.len() as u64;
                Ok((Change { deleted, events, ..Change::default() }, count))
            })?;
            if deleted == 0 {
                return Ok(pruned);
            }
            pruned += deleted;
        }
    }
}

/// A time before a moment.
fn earlier(moment: Timestamp, time: Duration) -> Timestamp {
    let us = i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
    Timestamp::saturating_from_micros(moment.as_micros().saturating_sub(us))
}
