//! Security Event Tokens (RFC 8417): whether one is from its issuer and for us, and the claims in it.
//!
//! A [`Transmitter`] says whose tokens are taken; [`Jwks`] are its keys. The claims become events by
//! [`delivery`](crate::import::delivery) with [`Format::SecurityEvents`](crate::import::Format::SecurityEvents). Taken are
//! signatures by RSA (PKCS #1 and PSS), ECDSA (P-256, P-384) and Ed25519; never `none`, never one by a shared secret, because a public
//! key would do for that.

mod jwks;
mod jws;

use indelible_proof::{Object, Timestamp};
use serde_json::Value;

pub use jwks::{Jwks, JwksError};

use crate::limits::{SET_BYTES_MAX, SET_EVENTS_MAX, SET_ID_BYTES_MAX, SET_SKEW_S};

/// Whose tokens are taken, and as whom we take them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transmitter {
    /// The claim `iss` of its tokens.
    pub issuer: String,
    /// What must be among the claim `aud`.
    pub audience: String,
}

/// Why a token is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SetError {
    /// It is no signed token, or its claims are not those of a Security Event Token.
    #[error("{0}")]
    Malformed(&'static str),
    /// Its algorithm is none that is taken.
    #[error(
        "the algorithm is none of those that are taken: RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA"
    )]
    Algorithm,
    /// The issuer has no such key, as far as its keys are known.
    #[error("the issuer has no such key")]
    UnknownKey,
    /// The signature is not by that key.
    #[error("the signature is wrong")]
    Signature,
    /// It is another issuer's.
    #[error("the issuer is another")]
    Issuer,
    /// It is for somebody else.
    #[error("it is for another audience")]
    Audience,
}

impl SetError {
    /// Its code by RFC 8935, section 2.4.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "invalid_request",
            Self::Algorithm | Self::UnknownKey | Self::Signature => "invalid_key",
            Self::Issuer => "invalid_issuer",
            Self::Audience => "invalid_audience",
        }
    }
}

impl Transmitter {
    /// The claims of a token that counts: signed by a key of the issuer, of the type `secevent+jwt`, for us, not from the
    /// future and not expired, with an id and at least one event.
    pub fn open(&self, token: &[u8], keys: &Jwks, now: Timestamp) -> Result<Object, SetError> {
        if token.len() > SET_BYTES_MAX {
            return Err(SetError::Malformed("the token is longer than 64 KiB"));
        }
        let token = std::str::from_utf8(token.trim_ascii()).map_err(|_| SetError::Malformed("the body is no JWT"))?;
        let claims = jws::verify(token, keys)?;
        self.check(&claims, now.as_micros() / 1_000_000)?;
        Ok(claims)
    }

    fn check(&self, claims: &Object, now: i64) -> Result<(), SetError> {
        let text = |claim: &str| claims.get(claim).and_then(Value::as_str);
        if text("iss") != Some(&self.issuer) {
            return Err(SetError::Issuer);
        }
        let for_us = match claims.get("aud") {
            Some(Value::Array(list)) => list.iter().any(|one| one.as_str() == Some(&self.audience)),
            _ => text("aud") == Some(&self.audience),
        };
        if !for_us {
            return Err(SetError::Audience);
        }
        if !text("jti").is_some_and(|id| (1..=SET_ID_BYTES_MAX).contains(&id.len())) {
            return Err(SetError::Malformed("jti is missing or longer than 512 bytes"));
        }
        let seconds = |claim: &str| claims.get(claim).map(|value| value.as_f64());
        match seconds("iat") {
            #[allow(clippy::cast_precision_loss)] // Seconds since 1970 are exact in a double.
            Some(Some(issued)) if issued <= (now + SET_SKEW_S) as f64 => {}
            Some(Some(_)) => return Err(SetError::Malformed("iat is in the future")),
            _ => return Err(SetError::Malformed("iat is missing or no number")),
        }
        #[allow(clippy::cast_precision_loss)]
        if seconds("exp").is_some_and(|end| end.is_none_or(|end| end < (now - SET_SKEW_S) as f64)) {
            return Err(SetError::Malformed("the token has expired"));
        }
        match claims.get("events") {
            Some(Value::Object(events)) if (1..=SET_EVENTS_MAX).contains(&events.len()) => Ok(()),
            _ => Err(SetError::Malformed("events is no object with 1 to 64 events")),
        }
    }
}

#[cfg(test)]
mod tests;
