//! Types of tokens: what one is given when it is issued, and where it may be used.

use std::{collections::BTreeMap, num::NonZeroU32};

use indelible_proof::Timestamp;
use serde::{Deserialize, Serialize};

use super::{abilities::Abilities, format::is_word};
use crate::limits;

const MINUTE_US: i64 = 60_000_000;

/// A type of token. What it says holds for each token of the type that was not issued with something else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// For people, e.g. `Secret`.
    pub name: String,
    /// What its tokens begin with, e.g. `sk`: no other type's may.
    pub prefix: String,
    /// Default: nothing.
    #[serde(default)]
    pub abilities: Abilities,
    /// Minutes after which a token expires. Default: never.
    #[serde(default, alias = "expiration", skip_serializing_if = "Option::is_none")]
    pub expiration_min: Option<NonZeroU32>,
    /// Uses of one token in a minute. Default: as many as its environment allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<NonZeroU32>,
    /// Environments that its tokens can be issued for. Default: `test` and `live`.
    #[serde(default = "test_and_live")]
    pub environments: Vec<String>,
    /// Refused when a browser presents it, and taken back by a partial revocation. Default: no.
    #[serde(default)]
    pub server_side_only: bool,
    /// Whether the text of its tokens is kept, encrypted, to be shown again. Default: no.
    #[serde(default)]
    pub revealable: bool,
}

impl Kind {
    /// A type that gives its tokens nothing, in the environments `test` and `live`.
    pub fn new(name: impl Into<String>, prefix: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            prefix: prefix.into(),
            abilities: Abilities::default(),
            expiration_min: None,
            rate_limit: None,
            environments: test_and_live(),
            server_side_only: false,
            revealable: false,
        }
    }

    /// When a token expires that is issued now.
    pub fn expires_at(&self, now: Timestamp) -> Option<Timestamp> {
        let us = i64::from(self.expiration_min?.get()) * MINUTE_US;
        Some(Timestamp::saturating_from_micros(now.as_micros() + us))
    }

    /// Whether tokens can be issued for an environment.
    pub fn is_for(&self, environment: &str) -> bool {
        self.environments.iter().any(|own| own == environment)
    }

    fn check(&self, id: &str) -> Result<(), KindError> {
        let words = self.environments.iter().map(String::as_str).chain([id, &self.prefix]);
        if let Some(word) = words.into_iter().find(|word| !is_word(word)) {
            return Err(KindError::Word { id: id.to_owned(), word: word.to_owned() });
        }
        if self.name.is_empty() || self.name.len() > indelible_proof::limits::NAME_BYTES_MAX {
            return Err(KindError::Name(id.to_owned()));
        }
        if self.environments.len() > limits::ENVIRONMENTS_MAX {
            return Err(KindError::TooManyEnvironments(id.to_owned()));
        }
        Ok(())
    }
}

fn test_and_live() -> Vec<String> {
    ["test", "live"].map(str::to_owned).to_vec()
}

/// The types of tokens that there are, by id.
///
/// Default, as Bearer for Laravel has them: `sk` may do everything, from servers; `pk` may `read`, 1000 times a minute
/// for 30 days, from anywhere; `rk` may do what it is issued with, 100 times a minute for 365 days, from servers. A
/// configuration adds to these, or redefines them.
///
/// ```
/// use indelible::tokens::{Kind, Kinds};
///
/// let kinds = Kinds::default().with("integration", Kind::new("Integration", "int"))?;
/// assert_eq!(kinds.by_prefix("int").map(|(id, _)| id), Some("integration"));
/// assert!(kinds.get("sk").is_some());
/// # Ok::<(), indelible::tokens::KindError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, Kind>")]
pub struct Kinds(BTreeMap<String, Kind>);

/// Why a type of token is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KindError {
    /// An id, a prefix or an environment that no token can have.
    #[error(
        "token type {id}: \"{word}\" cannot be part of a token: begin with a letter, and write at most 32 letters, digits and hyphens"
    )]
    Word {
        /// Of the type.
        id: String,
        /// What is wrong.
        word: String,
    },
    /// No name, or a long one.
    #[error("token type {0}: give it a name of at most 1024 bytes")]
    Name(String),
    /// Two types whose tokens could not be told apart.
    #[error("token type {id}: its prefix {prefix} is that of {other}; give each type its own")]
    PrefixTaken {
        /// Of the type.
        id: String,
        /// What both have.
        prefix: String,
        /// The id of the type that has it.
        other: String,
    },
    /// More environments than a type can have.
    #[error("token type {0}: it has more than 256 environments")]
    TooManyEnvironments(String),
    /// More types than there can be.
    #[error("there are more than 256 types of tokens")]
    TooMany,
}

impl Default for Kinds {
    fn default() -> Self {
        const DAY_MIN: u32 = 24 * 60;
        let ability = |name: &str| Abilities::new([name]).unwrap_or_default();
        let secret = Kind { abilities: ability("*"), server_side_only: true, ..Kind::new("Secret", "sk") };
        let publishable = Kind {
            abilities: ability("read"),
            expiration_min: NonZeroU32::new(30 * DAY_MIN),
            rate_limit: NonZeroU32::new(1000),
            ..Kind::new("Publishable", "pk")
        };
        let restricted = Kind {
            expiration_min: NonZeroU32::new(365 * DAY_MIN),
            rate_limit: NonZeroU32::new(100),
            server_side_only: true,
            ..Kind::new("Restricted", "rk")
        };
        Self([secret, publishable, restricted].map(|kind| (kind.prefix.clone(), kind)).into())
    }
}

impl Kinds {
    /// With one more type, or another one under an id that is there.
    pub fn with(mut self, id: impl Into<String>, kind: Kind) -> Result<Self, KindError> {
        self.0.insert(id.into(), kind);
        self.checked()
    }

    fn checked(self) -> Result<Self, KindError> {
        if self.0.len() > limits::KINDS_MAX {
            return Err(KindError::TooMany);
        }
        let mut prefixes = BTreeMap::new();
        for (id, kind) in self.iter() {
            kind.check(id)?;
            if let Some(other) = prefixes.insert(&kind.prefix, id) {
                let (id, other) = (id.to_owned(), other.to_owned());
                return Err(KindError::PrefixTaken { id, prefix: kind.prefix.clone(), other });
            }
        }
        Ok(self)
    }

    /// The type of an id.
    pub fn get(&self, id: &str) -> Option<&Kind> {
        self.0.get(id)
    }

    /// The type whose tokens begin like this, and its id.
    pub fn by_prefix(&self, prefix: &str) -> Option<(&str, &Kind)> {
        self.iter().find(|(_, kind)| kind.prefix == prefix)
    }

    /// All of them, by id.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Kind)> {
        self.0.iter().map(|(id, kind)| (id.as_str(), kind))
    }
}

impl TryFrom<BTreeMap<String, Kind>> for Kinds {
    type Error = KindError;

    fn try_from(configured: BTreeMap<String, Kind>) -> Result<Self, KindError> {
        let mut kinds = Self::default();
        kinds.0.extend(configured);
        kinds.checked()
    }
}

#[cfg(test)]
mod tests;
