//! Why a token was not accepted.

use indelible_proof::Outcome;

use super::{format::FormatError, limiter::RateLimited};

/// Why a token was not accepted. Its text is for whoever presented it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It looks like no token.
    #[error("this is no token")]
    Malformed,
    /// It was mistyped, cut off or made up.
    #[error("the token's checksum is wrong: it was mistyped or changed; copy it again")]
    Checksum,
    /// There is no such token, or none any more.
    #[error("the token is not known")]
    Unknown,
    /// It, or one that it was derived from, was revoked.
    #[error("the token was revoked")]
    Revoked,
    /// Its time, or that of one that it was derived from, is over.
    #[error("the token expired")]
    Expired,
    /// It is of a type that is not accepted here.
    #[error("tokens of type {0} are not accepted here")]
    Kind(String),
    /// It is of an environment that is not accepted here.
    #[error("tokens of the environment {0} are not accepted here")]
    Environment(String),
    /// It is confined to something else, or to nothing.
    #[error("the token is not for this")]
    Boundary,
    /// It is for servers only, and a browser sent it.
    #[error("this token is for servers only: a web page must not have it")]
    Browser,
    /// It may not be used from the address.
    #[error("the token may not be used from this address")]
    Ip,
    /// It may not be used from the page.
    #[error("the token may not be used from this domain")]
    Domain,
    /// It was used too often.
    #[error(transparent)]
    RateLimited(#[from] RateLimited),
    /// It does not have these abilities, one of which it needs.
    #[error("the token lacks the ability {}", .0.join(" or "))]
    Scope(Vec<String>),
    /// The database failed: whether the token is good is unknown.
    #[error("tokens cannot be checked now: try again")]
    Unavailable,
}

impl From<FormatError> for Refusal {
    fn from(error: FormatError) -> Self {
        match error {
            FormatError::Malformed => Self::Malformed,
            FormatError::Checksum => Self::Checksum,
        }
    }
}

impl Refusal {
    /// The HTTP status that tells of it: 401, 403, 429 or 503.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Malformed | Self::Checksum | Self::Unknown | Self::Revoked | Self::Expired => 401,
            Self::RateLimited(_) => 429,
            Self::Unavailable => 503,
            _ => 403,
        }
    }

    /// Seconds to wait before the next try, where that helps.
    pub const fn retry_after_s(&self) -> Option<u32> {
        match self {
            Self::RateLimited(limited) => Some(limited.retry_after_s),
            Self::Unavailable => Some(1),
            _ => None,
        }
    }

    /// The action of the event that tells of it.
    pub const fn action(&self) -> &'static str {
        self.words().0
    }

    /// The reason that this event gives.
    pub const fn reason(&self) -> &'static str {
        self.words().2
    }

    /// Action, outcome and reason of the event that tells of it.
    pub(super) const fn words(&self) -> (&'static str, Outcome, &'static str) {
        const FAILED: &str = "token.authentication_failed";
        match self {
            Self::Malformed => (FAILED, Outcome::Failure, "x_token_malformed"),
            Self::Checksum => (FAILED, Outcome::Failure, "x_token_checksum"),
            Self::Unknown => (FAILED, Outcome::Failure, "token_unknown"),
            Self::Revoked => (FAILED, Outcome::Failure, "token_revoked"),
            Self::Expired => ("token.expired", Outcome::Failure, "token_expired"),
            Self::Kind(_) => (FAILED, Outcome::Denied, "x_type_mismatch"),
            Self::Environment(_) => (FAILED, Outcome::Denied, "x_environment_mismatch"),
            Self::Boundary => (FAILED, Outcome::Denied, "x_boundary_mismatch"),
            Self::Browser => (FAILED, Outcome::Denied, "x_server_side_only"),
            Self::Ip => ("token.ip_blocked", Outcome::Denied, "ip_blocked"),
            Self::Domain => ("token.domain_blocked", Outcome::Denied, "domain_blocked"),
            Self::RateLimited(_) => ("token.rate_limited", Outcome::Denied, "rate_limited"),
            Self::Scope(_) => ("token.scope_denied", Outcome::Denied, "insufficient_scope"),
            Self::Unavailable => (FAILED, Outcome::Failure, "internal_error"),
        }
    }
}
