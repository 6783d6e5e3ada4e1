//! When a token ends: by itself, or with one that it was derived from.

use indelible_proof::Timestamp;

use super::{
    Tokens,
    error::StateError,
    model::Token,
    standing::{Ends, Standing},
};

impl Tokens {
    /// Whether a token can be used at a moment, its ancestors considered as is configured.
    pub(super) fn standing(&self, token: &Token, now: Timestamp) -> Result<Standing, StateError> {
        Ok(self.ends(token)?.standing(now))
    }

    /// When a token ends, its ancestors considered as is configured.
    pub(super) fn ends(&self, token: &Token) -> Result<Ends, StateError> {
        let mut ends = token.ends();
        if self.service.settings.orphans_live {
            return Ok(ends);
        }
        let mut parent = token.parent.clone();
        for _ in 0..token.depth {
            let Some(id) = parent else { break };
            // Nothing deletes a parent before its children; who did it by hand revoked them.
            let gone = Ends { revoked_at: Some(Timestamp::MIN), expires_at: None };
            let found = self.service.state.get(&self.scope.tenant, &id)?;
            ends = ends.or(found.as_ref().map_or(gone, Token::ends));
            parent = found.and_then(|found| found.parent);
        }
        Ok(ends)
    }
}
