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
