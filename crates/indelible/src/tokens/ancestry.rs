//! When a token ends: by itself, or with one that it was derived from.

use indelible_proof::Timestamp;

use super::{
    Tokens,
    model::{Standing, Token},
    state::StateError,
};

/// The first moments at which a token is revoked, and expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ends {
    revoked_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
}

impl Ends {
    /// Those of a token by itself.
    pub(super) fn of(token: &Token) -> Self {
        let revoked_at = if token.is_revoked { Some(Timestamp::MIN) } else { token.revoked_at };
        Self { revoked_at, expires_at: token.expires_at }
    }

    /// Whether what ends so can be used at a moment.
    pub(super) fn standing(self, now: Timestamp) -> Standing {
        let over = |end: Option<Timestamp>| end.is_some_and(|end| end <= now);
        if over(self.revoked_at) {
            Standing::Revoked
        } else if over(self.expires_at) {
            Standing::Expired
        } else {
            Standing::Active
        }
    }

    fn or(self, other: Self) -> Self {
        let first = |one: Option<Timestamp>, other: Option<Timestamp>| one.into_iter().chain(other).min();
        Self {
            revoked_at: first(self.revoked_at, other.revoked_at),
            expires_at: first(self.expires_at, other.expires_at),
        }
    }
}

impl Tokens {
    /// Whether a token can be used at a moment, its ancestors considered as is configured.
    pub(super) fn standing(&self, token: &Token, now: Timestamp) -> Result<Standing, StateError> {
        Ok(self.ends(token)?.standing(now))
    }

    /// When a token ends, its ancestors considered as is configured.
    pub(super) fn ends(&self, token: &Token) -> Result<Ends, StateError> {
        let mut ends = Ends::of(token);
        if self.service.settings.orphans_live {
            return Ok(ends);
        }
        let mut parent = token.parent.clone();
        for _ in 0..token.depth {
            let Some(id) = parent else { break };
            // Nothing deletes a parent before its children; who did it by hand revoked them.
            let gone = Ends { revoked_at: Some(Timestamp::MIN), expires_at: None };
            let found = self.service.state.get(&self.scope.tenant, &id)?;
            ends = ends.or(found.as_ref().map_or(gone, Ends::of));
            parent = found.and_then(|found| found.parent);
        }
        Ok(ends)
    }
}
