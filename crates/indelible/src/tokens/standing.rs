//! Whether a token can be used, and when it no longer can.

use indelible_proof::Timestamp;
use serde::{Deserialize, Serialize};

/// Whether a token can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It can.
    Active,
    /// Its time is over.
    Expired,
    /// Somebody took it back.
    Revoked,
}

impl Standing {
    /// The word in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

/// The first moments at which a token is revoked, and expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ends {
    pub(super) revoked_at: Option<Timestamp>,
    pub(super) expires_at: Option<Timestamp>,
}

impl Ends {
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

    /// The first ends of both.
    pub(super) fn or(self, other: Self) -> Self {
        let first = |one: Option<Timestamp>, other: Option<Timestamp>| one.into_iter().chain(other).min();
        Self {
            revoked_at: first(self.revoked_at, other.revoked_at),
            expires_at: first(self.expires_at, other.expires_at),
        }
    }
}
