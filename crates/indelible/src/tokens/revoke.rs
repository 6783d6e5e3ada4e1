//! Taking tokens back.

use std::time::Duration;

use indelible_proof::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Tokens, change::later, error::TokenError, events, find::Find, model::Token, standing::Standing, state::Change,
};

/// Which tokens a revocation takes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevocationMode {
    /// The token alone.
    #[default]
    Single,
    /// All of its group.
    Cascade,
    /// Those of its group that are for servers only.
    Partial,
    /// The token and all that were derived from it.
    Descendants,
}

impl RevocationMode {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Cascade => "cascade",
            Self::Partial => "partial",
            Self::Descendants => "descendants",
        }
    }
}

/// A revocation: of which token, how far, when and why.
#[derive(Debug, Clone)]
#[must_use]
pub struct Revoke {
    id: String,
    mode: RevocationMode,
    when: When,
    reason: Option<String>,
}

#[derive(Debug, Clone, Copy)]
enum When {
    Now,
    At(Timestamp),
    After(Duration),
}

impl Revoke {
    /// Of one token, now, without a reason.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), mode: RevocationMode::Single, when: When::Now, reason: None }
    }

    /// Sets how far it reaches. The modes that take a group back take back the token alone when it has none.
    pub const fn mode(mut self, mode: RevocationMode) -> Self {
        self.mode = mode;
        self
    }

    /// Revokes at a moment to come; until then the tokens stay valid.
    pub const fn at(mut self, at: Timestamp) -> Self {
        self.when = When::At(at);
        self
    }

    /// Revokes after a time; until then the tokens stay valid.
    pub const fn after(mut self, time: Duration) -> Self {
        self.when = When::After(time);
        self
    }

    /// Says why, for the record.
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }
}

impl Tokens {
    /// Revokes tokens and gives those that were, as they are now.
    ///
    /// When it returns, no check succeeds with them any more, unless the revocation is for later. A revocation never
    /// moves to a later moment: what was revoked stays so since it was, what was to be revoked soon still is.
    ///
    /// The log gets one `token.revoked` for each token, with `mode`, `affected_count` and `revoked_at`.
    pub fn revoke(&self, revoke: &Revoke) -> Result<Vec<Token>, TokenError> {
        self.change(|now| {
            let token = self.existing(&revoke.id)?;
            let at = match revoke.when {
                When::Now => now,
                When::At(at) => at.max(now),
                When::After(time) => later(now, time),
            };
            let mode = match (revoke.mode, &token.group) {
                (RevocationMode::Cascade | RevocationMode::Partial, None) => RevocationMode::Single,
                (mode, _) => mode,
            };
            let mut revoked = self.reached(&token, mode, at)?;
            for token in &mut revoked {
                token.revise();
                token.revoke(at, revoke.reason.as_deref(), now);
            }
            let mut change = Change::default();
            for one in &revoked {
                let mut event = events::lifecycle(&self.scope, "token.revoked", one, now)
                    .meta("mode", mode_word(mode, at, now))
                    .meta("affected_count", revoked.len())
                    .meta("revoked_at", at.to_string());
                if one.id != token.id {
                    event = event.meta("revoked_with", token.id.as_str());
                }
                if let Some(reason) = &revoke.reason {
                    event = event.meta("reason", reason.as_str());
                }
                if let (RevocationMode::Cascade | RevocationMode::Partial, Some(group)) = (mode, &token.group) {
                    event = event.meta("group_id", group.as_str());
                }
                if mode == RevocationMode::Partial {
                    event = event.meta("server_side_types", self.server_side_kinds());
                }
                change.events.push(event);
            }
            change.tokens.clone_from(&revoked);
            Ok((change, revoked))
        })
    }

    /// The tokens that a revocation takes back: the token first, where it is one of them.
    fn reached(&self, token: &Token, mode: RevocationMode, at: Timestamp) -> Result<Vec<Token>, TokenError> {
        let others = match (mode, &token.group) {
            (RevocationMode::Descendants, _) => self.descendants_of(vec![token.id.clone()])?,
            (RevocationMode::Cascade | RevocationMode::Partial, Some(group)) => {
                self.all(Find::default().group(group))?
            }
            _ => Vec::new(),
        };
        let others = others.into_iter().filter(|other| other.id != token.id && other.standing(at) != Standing::Revoked);
        let all = std::iter::once(token.clone()).chain(others);
        let servers = |token: &Token| self.kinds().get(&token.kind).is_some_and(|kind| kind.server_side_only);
        Ok(all.filter(|token| mode != RevocationMode::Partial || servers(token)).collect())
    }

    fn server_side_kinds(&self) -> Vec<&str> {
        self.kinds().iter().filter(|(_, kind)| kind.server_side_only).map(|(id, _)| id).collect()
    }
}

/// As the log says it: a single revocation for later is `timed`.
fn mode_word(mode: RevocationMode, at: Timestamp, now: Timestamp) -> &'static str {
    if mode == RevocationMode::Single && at > now { "timed" } else { mode.as_str() }
}
