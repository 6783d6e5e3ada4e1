//! Tokens and codes, known by their fingerprints alone.

use std::fmt;

use indelible_proof::{Credential, Target, Timestamp, limits};

use crate::{redaction, text::clipped};

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// An access token.
    AccessToken,
    /// A refresh token.
    RefreshToken,
    /// An authorization code.
    AuthorizationCode,
    /// The device code of RFC 8628.
    DeviceCode,
    /// An ID token of OpenID Connect.
    IdToken,
    /// An assertion of RFC 7521: a JSON Web Token or SAML that is presented as a grant.
    Assertion,
    /// Nobody said: a token that is revoked or introspected without a hint.
    Unknown,
}

impl TokenKind {
    /// The word in events.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessToken => "access_token",
            Self::RefreshToken => "refresh_token",
            Self::AuthorizationCode => "authorization_code",
            Self::DeviceCode => "device_code",
            Self::IdToken => "id_token",
            Self::Assertion => "assertion",
            Self::Unknown => "token",
        }
    }

    /// Reads the `token_type_hint` of RFC 7009, or a type of RFC 8693 such as
    /// `urn:ietf:params:oauth:token-type:access_token`.
    pub fn of_hint(hint: &str) -> Self {
        match hint.rsplit(':').next() {
            Some("access_token") => Self::AccessToken,
            Some("refresh_token") => Self::RefreshToken,
            Some("id_token") => Self::IdToken,
            Some("jwt" | "saml1" | "saml2") => Self::Assertion,
            _ => Self::Unknown,
        }
    }
}

/// A token or a code, as the log may know it: not its text, but its fingerprint. Made by [`Fingerprints`].
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    kind: TokenKind,
    fingerprint: String,
    scopes: Vec<String>,
    expires_at: Option<Timestamp>,
}

impl Token {
    /// Sets when it expires.
    #[must_use]
    pub const fn expires_at(mut self, at: Timestamp) -> Self {
        self.expires_at = Some(at);
        self
    }

    /// Sets its scopes, with spaces between them.
    #[must_use]
    pub fn scopes(mut self, text: &str) -> Self {
        self.scopes = scopes(text);
        self
    }

    /// Its fingerprint; empty where there is no token.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// As what was presented.
    pub(crate) fn credential(&self) -> Option<Credential> {
        (!self.fingerprint.is_empty()).then(|| Credential {
            kind: Some(self.kind.as_str().to_owned()),
            fingerprint: Some(self.fingerprint.clone()),
            scopes: self.scopes.clone(),
            expires_at: self.expires_at,
            ..Credential::default()
        })
    }

    /// As what is made, ended or examined.
    pub(crate) fn target(&self) -> Option<Target> {
        let target = (!self.fingerprint.is_empty()).then(|| Target::new(self.kind.as_str(), &self.fingerprint))?;
        Some(match self.expires_at {
            Some(at) => target.attr("expires_at", at.to_string()),
            None => target,
        })
    }
}

/// Makes fingerprints of tokens: HMAC-SHA256 under one key, the same for the same token, and useless without the key.
///
/// [`fingerprint_key`](crate::fingerprint_key) keeps the key in a file.
#[derive(Clone)]
pub struct Fingerprints([u8; 32]);

impl Fingerprints {
    /// With a key.
    pub const fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// The fingerprint of a text.
    pub fn of(&self, secret: &str) -> String {
        redaction::hash(&self.0, secret)
    }

    /// A token of any kind. An empty text is none, which no event tells of.
    pub fn token(&self, kind: TokenKind, secret: &str) -> Token {
        let fingerprint = if secret.is_empty() { String::new() } else { self.of(secret) };
        Token { kind, fingerprint, scopes: Vec::new(), expires_at: None }
    }

    /// An access token.
    pub fn access_token(&self, secret: &str) -> Token {
        self.token(TokenKind::AccessToken, secret)
    }

    /// A refresh token.
    pub fn refresh_token(&self, secret: &str) -> Token {
        self.token(TokenKind::RefreshToken, secret)
    }

    /// An authorization code.
    pub fn code(&self, secret: &str) -> Token {
        self.token(TokenKind::AuthorizationCode, secret)
    }
}

impl fmt::Debug for Fingerprints {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The key is a secret.
        out.write_str("Fingerprints(..)")
    }
}

/// The scopes of a text, as an event may carry them.
pub(crate) fn scopes(text: &str) -> Vec<String> {
    let scopes = text.split_whitespace().take(limits::SCOPES_MAX);
    scopes.map(|scope| clipped(scope, limits::SCOPE_BYTES_MAX)).collect()
}
