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

use indelible_proof::{Actor, Credential, Timestamp};

use super::{Tokens, cache::Generation, error::StateError, kind::Kind, model::Token, standing::Ends};
#[cfg(feature = "tower")]
use crate::identity::Identity;
use crate::{redaction, usage::owner_as_actor};

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

    /// Whoever uses it acts for its owner.
    pub(super) fn actor(&self) -> Actor {
        owner_as_actor(&self.token.owner.r#type, &self.token.owner.id)
    }

    pub(super) fn credential(&self) -> Credential {
        Credential {
            kind: Some("api_key".to_owned()),
            id: Some(self.token.id.clone()),
            r#type: Some(self.token.kind.clone()),
            environment: Some(self.token.environment.clone()),
            prefix: Some(self.token.prefix.clone()),
            fingerprint: Some(self.fingerprint.clone()),
            scopes: self.token.abilities.to_vec(),
            expires_at: self.token.expires_at,
        }
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

#[cfg(feature = "tower")]
impl Accepted {
    /// Whose token it is, for [`capture`](crate::capture) and [`endpoints`](crate::endpoints).
    pub fn identity(&self) -> Identity {
        Identity::new(self.0.actor()).credential(self.0.credential()).tenant(&self.tenant)
    }
}

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
        let (cached, generation) = self.cached(&hash, now);
        if cached.is_some() {
            return Ok(cached);
        }
        let Some(token) = self.service.state.by_hash(&self.scope.tenant, &hash)? else { return Ok(None) };
        let ready = Arc::new(self.prepare(token, text, now)?);
        self.service.cache.put(hash, &ready, generation);
        Ok(Some(ready))
    }

    /// The token with a hash, if memory is as good as the database; and since when what is read now may be kept.
    pub(super) fn cached(&self, hash: &[u8; 32], now: Timestamp) -> (Option<Arc<Ready>>, Generation) {
        let (cached, generation) = self.service.cache.get(hash);
        let staleness = self.service.settings.staleness;
        let is_good = |ready: &Arc<Ready>| ready.token.tenant == self.scope.tenant && ready.is_fresh(now, staleness);
        (cached.filter(is_good), generation)
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
