//! The signed envelope of a token: JWS in its compact form, RFC 7515.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use indelible_proof::Object;
use serde::Deserialize;

use super::{SetError, jwks, jwks::Jwks};

/// What of a header decides. A member that must be understood (`crit`) is none that we do.
#[derive(Deserialize)]
struct Header {
    alg: String,
    typ: Option<String>,
    kid: Option<String>,
    crit: Option<serde::de::IgnoredAny>,
}

/// The claims of a token that a key of the issuer signed. Nothing of them is read before that is known.
pub(super) fn verify(token: &str, keys: &Jwks) -> Result<Object, SetError> {
    const NO_JWT: SetError = SetError::Malformed("the body is no signed JWT: three parts in base64url between dots");
    let (message, signature) = token.rsplit_once('.').ok_or(NO_JWT)?;
    let (header, claims) = message.split_once('.').filter(|(_, claims)| !claims.contains('.')).ok_or(NO_JWT)?;
    let decode = |part: &str| Base64UrlUnpadded::decode_vec(part).map_err(|_| NO_JWT);
    let header: Header = serde_json::from_slice(&decode(header)?)
        .map_err(|_| SetError::Malformed("the header of the JWT has no `alg`"))?;
    if header.crit.is_some() {
        return Err(SetError::Malformed("the header has `crit`, of which nothing is understood"));
    }
    if !header.typ.as_deref().is_some_and(is_set) {
        return Err(SetError::Malformed("the type of the token is not secevent+jwt"));
    }
    if !jwks::is_taken(&header.alg) {
        return Err(SetError::Algorithm);
    }
    let signature = decode(signature)?;
    let mut tried = keys.of(header.kid.as_deref()).peekable();
    if tried.peek().is_none() {
        return Err(SetError::UnknownKey);
    }
    if !tried.any(|key| key.verifies(&header.alg, message.as_bytes(), &signature)) {
        // Without an id it may be a key that is not known yet.
        return Err(if header.kid.is_some() { SetError::Signature } else { SetError::UnknownKey });
    }
    serde_json::from_slice(&decode(claims)?).map_err(|_| SetError::Malformed("the claims are no JSON object"))
}

/// RFC 8417, section 2.3; a media type may be written whole.
fn is_set(typ: &str) -> bool {
    let lower = typ.to_ascii_lowercase();
    lower.strip_prefix("application/").unwrap_or(&lower) == "secevent+jwt"
}
