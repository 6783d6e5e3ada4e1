//! JSON Web Tokens, RFC 7519, and who acts in them, RFC 8693.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use indelible_proof::{Actor, Credential, Object, Timestamp};
use serde_json::Value;
use sha2::Sha256;

use super::{Identity, Resolution, SessionResolver, bearer_token, cookie::cookie};
use crate::{limits, recorder::system_time};

type Verify = Box<dyn Fn(&str) -> Option<Object> + Send + Sync>;

/// Resolves JSON Web Tokens: `sub`, `name` and `email` are the subject, `act` is who acts, `sid` the session, `jti`,
/// `scope`, `client_id` or `azp`, and `exp` the credential.
pub struct JwtClaims {
    verify: Verify,
    cookie: Option<String>,
    /// The claim that names the tenant.
    tenant: Option<String>,
}

impl JwtClaims {
    /// Takes tokens signed with HMAC-SHA256 under this key, between their `nbf` and `exp`, give or take a minute.
    pub fn hs256(key: &[u8]) -> Self {
        let key = block_of(key);
        Self::verified_by(move |token| hs256(&key, token, system_time()))
    }

    /// `verify` checks a token's signature and times, with the library that the application has for it, and gives its
    /// claims.
    pub fn verified_by(verify: impl Fn(&str) -> Option<Object> + Send + Sync + 'static) -> Self {
        Self { verify: Box::new(verify), cookie: None, tenant: None }
    }

    /// Reads the token from a cookie, instead of from `Authorization: Bearer`.
    #[must_use]
    pub fn in_cookie(mut self, name: impl Into<String>) -> Self {
        self.cookie = Some(name.into());
        self
    }

    /// Names the claim that holds the tenant. Default: none does.
    #[must_use]
    pub fn tenant_claim(mut self, claim: impl Into<String>) -> Self {
        self.tenant = Some(claim.into());
        self
    }

    fn identity(&self, claims: &Object) -> Option<Identity> {
        let mut identity = Identity::new(actor(claims)?);
        let mut act = claims.get("act").and_then(Value::as_object);
        while let Some(claims) = act.filter(|_| identity.acting.len() < limits::ACT_CHAIN_MAX) {
            identity.acting.extend(actor(claims));
            act = claims.get("act").and_then(Value::as_object);
        }
        identity.session_id = text(claims, "sid");
        identity.tenant = self.tenant.as_deref().and_then(|claim| text(claims, claim));
        let scopes = text(claims, "scope").unwrap_or_default();
        let micros = claims.get("exp").and_then(Value::as_i64).and_then(|seconds| seconds.checked_mul(1_000_000));
        Some(identity.credential(Credential {
            kind: Some("jwt".to_owned()),
            id: text(claims, "jti"),
            scopes: scopes.split_whitespace().map(str::to_owned).collect(),
            expires_at: micros.and_then(|micros| Timestamp::from_micros(micros).ok()),
            ..Credential::default()
        }))
    }
}

impl SessionResolver for JwtClaims {
    fn resolve<'a>(&'a self, headers: &'a HeaderMap) -> Resolution<'a> {
        let token = match &self.cookie {
            Some(name) => cookie(headers, name),
            None => bearer_token(headers),
        };
        let claims = token.filter(|token| token.len() <= limits::JWT_BYTES_MAX).and_then(|token| (self.verify)(token));
        Box::pin(std::future::ready(Ok(claims.and_then(|claims| self.identity(&claims)))))
    }
}

impl fmt::Debug for JwtClaims {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The key is a secret.
        out.debug_struct("JwtClaims").field("cookie", &self.cookie).finish_non_exhaustive()
    }
}

/// The subject of claims: a user, unless the token belongs to a client that acts for itself.
fn actor(claims: &Object) -> Option<Actor> {
    let client = text(claims, "client_id").or_else(|| text(claims, "azp"));
    let id = text(claims, "sub").or_else(|| client.clone())?;
    let kind = if client.as_deref() == Some(&id) { "client" } else { "user" };
    Some(Actor { name: text(claims, "name"), email: text(claims, "email"), ..Actor::new(kind, id) })
}

fn text(claims: &Object, claim: &str) -> Option<String> {
    claims.get(claim).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// A key as HMAC uses it: filled with zeros to the hash's block, hashed when longer.
pub(super) fn block_of(key: &[u8]) -> [u8; 64] {
    use sha2::Digest as _;
    let digest;
    let key = if key.len() > 64 {
        digest = Sha256::digest(key);
        digest.as_slice()
    } else {
        key
    };
    let mut block = [0; 64];
    block.iter_mut().zip(key).for_each(|(padded, &byte)| *padded = byte);
    block
}

fn hs256(key: &[u8; 64], token: &str, now: Timestamp) -> Option<Object> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let header: Object = serde_json::from_slice(&Base64UrlUnpadded::decode_vec(header).ok()?).ok()?;
    // The token does not choose: `none` and keys mistaken for others are the oldest holes of JWT.
    if header.get("alg")? != "HS256" || header.contains_key("crit") {
        return None;
    }
    let mut mac = Hmac::<Sha256>::new(&(*key).into());
    mac.update(signed.as_bytes());
    mac.verify_slice(&Base64UrlUnpadded::decode_vec(signature).ok()?).ok()?;
    let claims: Object = serde_json::from_slice(&Base64UrlUnpadded::decode_vec(claims).ok()?).ok()?;
    is_valid_at(&claims, now).then_some(claims)
}

/// Whether `nbf` and `exp` allow this moment. A time that is no number allows none.
fn is_valid_at(claims: &Object, now: Timestamp) -> bool {
    let now = now.as_micros() as f64 / 1e6;
    let holds = |claim: &str, check: &dyn Fn(f64) -> bool| {
        claims.get(claim).is_none_or(|time| time.as_f64().is_some_and(check))
    };
    let leeway = limits::JWT_LEEWAY_S;
    holds("nbf", &|from| from <= now + leeway) && holds("exp", &|until| until > now - leeway)
}
