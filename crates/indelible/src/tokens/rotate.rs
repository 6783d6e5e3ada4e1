//! Giving a token a new text.

use std::time::Duration;

use indelible_proof::Timestamp;

use super::{
    Tokens,
    change::later,
    error::TokenError,
    events,
    find::Find,
    issue::{Expiry, Issued},
    model::Token,
    standing::Standing,
    state::Change,
};

/// What becomes of the old token when a new one takes its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RotationMode {
    /// It is revoked at once.
    #[default]
    Immediate,
    /// It is valid for this long.
    Grace(Duration),
    /// It stays valid, until somebody revokes it.
    Dual,
}

impl RotationMode {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Immediate => "immediate",
            Self::Grace(_) => "grace",
            Self::Dual => "dual",
        }
    }
}

/// A rotation: of which token, and how.
#[derive(Debug, Clone)]
#[must_use]
pub struct Rotate {
    id: String,
    mode: RotationMode,
    expiry: Expiry,
    revive: bool,
}

impl Rotate {
    /// Of one token; the old text is invalid at once, and the new one expires when the old one would have.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), mode: RotationMode::Immediate, expiry: Expiry::Inherited, revive: false }
    }

    /// Sets what becomes of the old token.
    pub const fn mode(mut self, mode: RotationMode) -> Self {
        self.mode = mode;
        self
    }

    /// Lets the new token expire at another moment than the old one.
    pub const fn expires_at(mut self, at: Timestamp) -> Self {
        self.expiry = Expiry::At(at);
        self
    }

    /// Lets the new token expire after a time.
    pub const fn expires_in(mut self, time: Duration) -> Self {
        self.expiry = Expiry::After(time);
        self
    }

    /// Rotates a token that is revoked or expired too. Otherwise that is refused: a rotation that comes just after a
    /// revocation would bring back what was taken. An expired one needs a new expiry as well.
    pub const fn revive(mut self) -> Self {
        self.revive = true;
        self
    }
}

impl Tokens {
    /// Gives a token a new text: a new token with all that the old one has, its group, its parent and those derived
    /// from it, but for its id, its text, its age and its use.
    ///
    /// The log gets `token.rotated` for the old token and `token.created` for the new one.
    pub fn rotate(&self, rotate: &Rotate) -> Result<Issued, TokenError> {
        self.change(|now| {
            let mut old = self.existing(&rotate.id)?;
            let standing = self.standing(&old, now)?;
            if standing != Standing::Active && !rotate.revive {
                return Err(TokenError::NotActive { id: old.id, standing });
            }
            // A revocation that is over ends the old one alone.
            let to_come = old.revoked_at.filter(|_| old.standing(now) != Standing::Revoked);
            let issued = self.mint(Token {
                created_at: now,
                expires_at: rotate.expiry.resolve(now, old.expires_at),
                revoked_at: to_come,
                revocation_reason: to_come.and(old.revocation_reason.clone()),
                is_revoked: false,
                last_used_at: None,
                rotated_from: Some(old.id.clone()),
                rotated_to: None,
                imported_id: None,
                revision: 1,
                ..old.clone()
            })?;
            let new = &issued.token;
            // What ended with a token does not come back with it.
            let mut heirs =
                if standing == Standing::Active { self.all(Find::default().parent(&old.id))? } else { Vec::new() };
            for heir in &mut heirs {
                heir.parent = Some(new.id.clone());
                heir.revise();
            }
            old.rotated_to = Some(new.id.clone());
            end(&mut old, rotate.mode, now);
            let events = vec![self.rotated(&old, new, rotate.mode, now), self.created(new)];
            let tokens = [vec![new.clone(), old], heirs].concat();
            Ok((Change { tokens, events, ..Change::default() }, issued))
        })
    }

    fn rotated(&self, old: &Token, new: &Token, mode: RotationMode, now: Timestamp) -> indelible_proof::Event {
        let event = events::lifecycle(&self.scope, "token.rotated", old, now)
            .meta("mode", mode.as_str())
            .meta("new_token_id", new.id.as_str());
        match (mode, old.revoked_at) {
            (RotationMode::Grace(time), Some(end)) => {
                event.meta("grace_period_s", time.as_secs()).meta("grace_period_expires_at", end.to_string())
            }
            _ => event,
        }
    }
}

/// Ends an old token as the mode says, and never later than it would have ended.
fn end(old: &mut Token, mode: RotationMode, now: Timestamp) {
    old.revise();
    let at = match mode {
        RotationMode::Immediate => now,
        RotationMode::Grace(time) => later(now, time),
        RotationMode::Dual => return,
    };
    old.revoke(at, Some("rotated"), now);
}
