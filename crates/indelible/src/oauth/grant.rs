//! The grants of a token request: what each presents, and what is made of it.

use super::TokenKind;

const ISSUED: &str = "oauth.token.issued";

/// A grant that takes a token or a code.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grant {
    /// What is presented; unknown where the request says it.
    pub(crate) presents: TokenKind,
    /// The action of a request that succeeds.
    pub(crate) action: &'static str,
}

impl Grant {
    /// The grant of a `grant_type`; `None` where it takes nothing but the client, or nobody knows it.
    pub(crate) fn of(grant_type: &str) -> Option<Self> {
        let (presents, action) = match grant_type {
            "authorization_code" => (TokenKind::AuthorizationCode, ISSUED),
            "refresh_token" => (TokenKind::RefreshToken, "oauth.token.refreshed"),
            "urn:ietf:params:oauth:grant-type:device_code" => (TokenKind::DeviceCode, ISSUED),
            "urn:ietf:params:oauth:grant-type:token-exchange" => (TokenKind::Unknown, "oauth.token.exchanged"),
            "urn:ietf:params:oauth:grant-type:jwt-bearer" => (TokenKind::Assertion, ISSUED),
            "urn:ietf:params:oauth:grant-type:saml2-bearer" => (TokenKind::Assertion, ISSUED),
            _ => return None,
        };
        Some(Self { presents, action })
    }
}
