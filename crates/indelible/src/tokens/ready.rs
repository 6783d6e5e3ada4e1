//! A token that is ready to be checked: with all that a check needs and that is not in its row.

use std::{
    fmt,
    num::NonZeroU32,
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use indelible_proof::Timestamp;

use super::{Tokens, ancestry::Ends, kind::Kind, model::Token, state::StateError};
use crate::redaction;

/// A token that is ready to be checked.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) token: Token,
    pub(super) ends: Ends,
    /// Uses in a minute.
    pub(super) rate: Option<NonZeroU32>,
    pub(super) is_for_servers: bool,
    pub(super) fingerprint: String,
    read_at: Timestamp,
    /// When it was last used, as far as the database does not know; 0 when it does.
    used_us: AtomicI64,
}

impl Ready {
    /// Whether it still answers for the token, if only this process changes it.
    pub(super) fn is_fresh(&self, now: Timestamp, staleness: Duration) -> bool {
        let age = now.as_micros().abs_diff(self.read_at.as_micros());
        u128::from(age) < staleness.as_micros()
    }

    /// Notes a use; whether it is the first that the database does not know.
    pub(super) fn note_use(&self, now: Timestamp) -> bool {
        self.used_us.fetch_max(now.as_micros(), Ordering::Relaxed) == 0
    }

    /// The last use that the database does not know, for it to learn.
    pub(super) fn take_use(&self) -> Option<Timestamp> {
        let us = self.used_us.swap(0, Ordering::Relaxed);
        (us > 0).then(|| Timestamp::saturating_from_micros(us))
    }
}

/// A token that was accepted.
#[derive(Clone)]
pub struct Accepted(pub(super) Arc<Ready>);

impl Deref for Accepted {
    type Target = Token;

    fn deref(&self) -> &Token {
        &self.0.token
    }
}

impl fmt::Debug for Accepted {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.token.fmt(out)
    }
}

impl Tokens {
    /// The token with a text, from memory where that is as good as the database.
    pub(super) fn ready(&self, text: &str, hash: [u8; 32], now: Timestamp) -> Result<Option<Arc<Ready>>, StateError> {
        let (cached, generation) = self.service.cache.get(&hash);
        let staleness = self.service.settings.staleness;
        let is_good = |ready: &Arc<Ready>| ready.token.tenant == self.scope.tenant && ready.is_fresh(now, staleness);
        if let Some(ready) = cached.filter(is_good) {
            return Ok(Some(ready));
        }
        let Some(token) = self.service.state.by_hash(&self.scope.tenant, &hash)? else { return Ok(None) };
        let ready = Arc::new(self.prepare(token, text, now)?);
        self.service.cache.put(hash, &ready, generation);
        Ok(Some(ready))
    }

    fn prepare(&self, token: Token, text: &str, now: Timestamp) -> Result<Ready, StateError> {
        let settings = &self.service.settings;
        // The type may be gone from the configuration.
        let gone = Kind::new(&token.kind, &token.prefix);
        let kind = settings.kinds.get(&token.kind).unwrap_or(&gone);
        Ok(Ready {
            ends: self.ends(&token)?,
            rate: settings.rates.of(token.rate_limit, (&token.kind, kind), &token.environment),
            is_for_servers: kind.server_side_only && token.allowed_domains.is_empty(),
            fingerprint: redaction::hash(&settings.fingerprint_key, text),
            read_at: now,
            used_us: AtomicI64::new(0),
            token,
        })
    }
}
