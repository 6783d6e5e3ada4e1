//! The questions about OAuth.

use crate::api::question::questions;

questions! {
    /// A question about OAuth.
    OauthQuestion under "/v1/oauth/" {
        /// Who accessed what: actor, client, endpoint and scope
        Access = "access",
        /// Scopes that were granted and never needed
        UnusedScopes = "unused-scopes",
        /// The grant chain of a token, as a tree
        Chain = "chain",
        /// Refresh tokens that were used again, and what of their families was still alive
        Reuse = "reuse",
        /// The redirect URIs of each client, the failing ones first
        RedirectUris = "redirect-uris",
        /// The tokens that are alive at a moment
        Alive = "alive",
        /// What failed, by error code and client
        Failures = "failures",
        /// Clients, scopes and countries that were never seen before
        FirstUses = "first-uses",
    }
}

impl OauthQuestion {
    /// The conditions that it takes.
    pub(crate) const fn takes(self) -> &'static [&'static str] {
        match self {
            Self::Access => &["client", "actor", "route", "scope", "since", "until", "limit"],
            Self::UnusedScopes => &["client", "actor", "token", "by", "since", "until", "limit"],
            Self::Chain => &["token", "family", "at", "limit"],
            Self::Alive => &["client", "actor", "at", "since", "until", "limit"],
            Self::FirstUses => &["client", "actor", "of", "since", "until", "limit"],
            Self::Reuse | Self::RedirectUris | Self::Failures => &["client", "actor", "since", "until", "limit"],
        }
    }
}
