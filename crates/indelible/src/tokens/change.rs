//! How every change is made: read, plan, commit whole, and then tell the log.

use std::time::Duration;

use indelible_proof::Timestamp;

use super::{
    Tokens,
    error::TokenError,
    find::Find,
    model::Token,
    state::{Change, StateError},
};
use crate::limits::{CHANGED_TOKENS_MAX, CONFLICTS_MAX};

impl Tokens {
    /// Plans a change from what the database holds and commits it, again and again until nobody came in between.
    ///
    /// When it returns, no check sees what was before, and the log has the events or will get them from the outbox.
    pub(super) fn change<T>(
        &self,
        plan: impl Fn(Timestamp) -> Result<(Change, T), TokenError>,
    ) -> Result<T, TokenError> {
        for _ in 0..CONFLICTS_MAX {
            let (change, answer) = plan(self.service.now())?;
            if change.tokens.len() + change.deleted.len() > CHANGED_TOKENS_MAX {
                return Err(TokenError::TooMany { tokens_max: CHANGED_TOKENS_MAX });
            }
            for event in &change.events {
                event.validate()?;
            }
            let committed = self.service.state.commit(&change);
            if matches!(committed, Err(StateError::Conflict)) {
                continue;
            }
            // Also when it failed: whether the change is there is unknown then.
            self.forget(&change);
            committed?;
            self.service.tell();
            return Ok(answer);
        }
        Err(TokenError::Contended)
    }

    /// The token with an id; the tenant's, so that there is no other way to one.
    pub(super) fn existing(&self, id: &str) -> Result<Token, TokenError> {
        let found = self.service.state.get(&self.scope.tenant, id)?;
        found.ok_or_else(|| TokenError::NotFound { id: id.chars().take(64).collect() })
    }

    /// All tokens that are looked for, as they were at one moment.
    pub(super) fn all(&self, find: Find) -> Result<Vec<Token>, TokenError> {
        let found = self.service.state.list(&self.scope.tenant, &find.whole())?;
        if found.len() > CHANGED_TOKENS_MAX {
            return Err(TokenError::TooMany { tokens_max: CHANGED_TOKENS_MAX });
        }
        Ok(found)
    }

    /// All tokens that were derived from some, and from those. A token that is derived meanwhile changes its parent,
    /// so that a commit that rests on this fails.
    pub(super) fn descendants_of(&self, mut ids: Vec<String>) -> Result<Vec<Token>, TokenError> {
        let mut found = Vec::new();
        while let Some(id) = ids.pop() {
            let children = self.all(Find::default().parent(id))?;
            if found.len() + children.len() > CHANGED_TOKENS_MAX {
                return Err(TokenError::TooMany { tokens_max: CHANGED_TOKENS_MAX });
            }
            ids.extend(children.iter().map(|child| child.id.clone()));
            found.extend(children);
        }
        Ok(found)
    }

    /// Lets no check rest on what was before a change, neither of its tokens nor of those derived from them.
    fn forget(&self, change: &Change) {
        let old = || change.deleted.iter().chain(&change.tokens).filter(|token| token.revision > 1);
        let ids = old().map(|token| token.id.clone()).collect();
        match self.descendants_of(ids) {
            Ok(descendants) => self.service.cache.forget(old().chain(&descendants)),
            Err(_) => self.service.cache.forget_all(),
        }
    }
}

/// A time after a moment.
pub(super) fn later(moment: Timestamp, time: Duration) -> Timestamp {
    let us = i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
    Timestamp::saturating_from_micros(moment.as_micros().saturating_add(us))
}
