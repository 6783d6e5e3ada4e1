//! A token as it is kept: everything but its secret.

use std::num::NonZeroU32;

use indelible_proof::{Event, EventError, Object, Target, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    abilities::Abilities,
    allow::{AllowedDomains, AllowedIps},
    error::TokenError,
    format::base58,
    standing::{Ends, Standing},
};

/// Somebody or something of the application's, by type and id: who owns a token, and what it is bound to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entity {
    /// What it is, e.g. `user`.
    pub r#type: String,
    /// Which one.
    pub id: String,
}

impl Entity {
    /// An entity of any type.
    pub fn new(r#type: impl Into<String>, id: impl Into<String>) -> Self {
        Self { r#type: r#type.into(), id: id.into() }
    }

    /// A person.
    pub fn user(id: impl Into<String>) -> Self {
        Self::new("user", id)
    }
}

/// A token as it is kept. Its JSON leaves out the hash and what is sealed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Token {
    /// `tok_` and 22 characters.
    pub id: String,
    /// Who may see it at all.
    pub tenant: String,
    /// The id of its type: `sk`, `pk`, `rk`, or one of the application's.
    #[serde(rename = "type")]
    pub kind: String,
    /// `test`, `live`, or one of the application's.
    pub environment: String,
    /// What its text begins with.
    pub prefix: String,
    /// What its text ends with, to tell one from the other. Empty for an imported one.
    pub last_four: String,
    /// SHA-256 of its text.
    #[serde(skip)]
    pub hash: [u8; 32],
    /// Its text, encrypted, when its type is revealable.
    #[serde(skip)]
    pub sealed: Option<Vec<u8>>,
    /// Whose it is.
    pub owner: Entity,
    /// What it was made for, for the application's use.
    pub context: Option<Entity>,
    /// What it is confined to: a check that names another boundary fails.
    pub boundary: Option<Entity>,
    /// For people.
    pub name: String,
    /// What it may do.
    pub abilities: Abilities,
    /// Free data.
    pub metadata: Object,
    /// Addresses and networks that it may be used from; from anywhere when there are none.
    pub allowed_ips: AllowedIps,
    /// Domains that it may be used from; from anywhere when there are none.
    pub allowed_domains: AllowedDomains,
    /// Uses a minute, where it has a limit of its own.
    pub rate_limit: Option<NonZeroU32>,
    /// `grp_` and 22 characters, common to those that were issued together.
    pub group: Option<String>,
    /// The token that it was derived from.
    pub parent: Option<String>,
    /// How many ancestors it has.
    pub depth: u32,
    /// When it was issued.
    pub created_at: Timestamp,
    /// From when on it is invalid by itself.
    pub expires_at: Option<Timestamp>,
    /// From when on it is invalid because somebody said so; in the future when the revocation is scheduled.
    pub revoked_at: Option<Timestamp>,
    /// Whether it was revoked when that was written down, and not for later: then no clock that is put back revives it.
    #[serde(skip)]
    pub is_revoked: bool,
    /// Why it was revoked.
    pub revocation_reason: Option<String>,
    /// When it was last used; up to some seconds late.
    pub last_used_at: Option<Timestamp>,
    /// The token that it took the place of.
    pub rotated_from: Option<String>,
    /// The token that took its place.
    pub rotated_to: Option<String>,
    /// Its id in the system that it was imported from, which is part of its text there: `id|secret`.
    pub imported_id: Option<String>,
    /// How often it was written.
    pub revision: u64,
}

impl Token {
    /// Whether it can be used at a moment, as far as it is for itself to say: an ancestor may say otherwise.
    pub fn standing(&self, now: Timestamp) -> Standing {
        self.ends().standing(now)
    }

    /// When it ends, by itself.
    pub(super) fn ends(&self) -> Ends {
        let revoked_at = if self.is_revoked { Some(Timestamp::MIN) } else { self.revoked_at };
        Ends { revoked_at, expires_at: self.expires_at }
    }

    /// Whether it will be revoked, and is not yet.
    pub fn is_revocation_scheduled(&self, now: Timestamp) -> bool {
        self.revoked_at.is_some_and(|at| at > now)
    }

    /// Whether its text can be shown again.
    pub const fn is_revealable(&self) -> bool {
        self.sealed.is_some()
    }

    /// Whether it can be stored.
    pub(super) fn check(&self) -> Result<(), TokenError> {
        let invalid = |field, problem: &str| Err(TokenError::Invalid { field, problem: problem.to_owned() });
        if self.name.is_empty() {
            return invalid("name", "is empty: give the token a name that tells people what it is for");
        }
        if self.expires_at.is_some_and(|at| at <= self.created_at) {
            return invalid("expires_at", "is over already: give a moment to come");
        }
        // What an event may hold, a token may: of the rest the event itself is the check.
        let mut parts = vec![("name", Target::new("token", "id").name(&self.name))];
        for (of_type, of_id, entity) in [
            ("owner.type", "owner.id", Some(&self.owner)),
            ("context.type", "context.id", self.context.as_ref()),
            ("boundary.type", "boundary.id", self.boundary.as_ref()),
        ] {
            let Some(Entity { r#type, id }) = entity else { continue };
            parts.extend([(of_type, Target::new(r#type, "id")), (of_id, Target::new("type", id))]);
        }
        for (field, part) in parts {
            let told = Event::new("token.created").target(part);
            told.validate().map_err(|EventError { problem, .. }| TokenError::Invalid { field, problem })?;
        }
        let free = Event { metadata: self.metadata.clone(), ..Event::new("token.created") };
        Ok(free.validate()?)
    }

    /// Takes it back from a moment on, unless it is taken back sooner: then that stays, with its reason.
    pub(super) fn revoke(&mut self, at: Timestamp, reason: Option<&str>, now: Timestamp) {
        if !self.is_revoked && self.revoked_at.is_none_or(|before| before > at) {
            self.revoked_at = Some(at);
            self.revocation_reason = reason.map(str::to_owned);
        }
        self.is_revoked |= at <= now;
    }

    /// Counts a change of it.
    pub(super) const fn revise(&mut self) {
        self.revision += 1;
    }

    /// Its beginning and end, for people.
    pub fn display(&self) -> String {
        format!("{}_{}_…{}", self.prefix, self.environment, self.last_four)
    }
}

/// An id that no other has: 128 random bits in 22 characters behind a prefix.
pub(super) fn random_id(prefix: &str) -> Result<String, getrandom::Error> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits)?;
    let digits = base58::<22>(&bits);
    Ok(prefix.chars().chain(digits.iter().copied().map(char::from)).collect())
}
