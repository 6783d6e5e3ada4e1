//! The key of a proof of possession, RFC 9449.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use http::{HeaderMap, HeaderName};
use indelible_proof::Object;
use sha2::{Digest as _, Sha256};

use crate::limits::JWT_BYTES_MAX;

/// The header with the proof.
pub(in super::super) static DPOP: HeaderName = HeaderName::from_static("dpop");

/// The thumbprint, RFC 7638, of the key that a proof was made with. Whether it was, the server knows.
pub(super) fn thumbprint(headers: &HeaderMap) -> Option<String> {
    let proof = headers.get(&DPOP)?.to_str().ok().filter(|proof| proof.len() <= JWT_BYTES_MAX)?;
    let (header, _) = proof.split_once('.')?;
    let header: Object = serde_json::from_slice(&Base64UrlUnpadded::decode_vec(header).ok()?).ok()?;
    let key = header.get("jwk")?.as_object()?;
    let members: &[&str] = match key.get("kty")?.as_str()? {
        "EC" => &["crv", "kty", "x", "y"],
        "OKP" => &["crv", "kty", "x"],
        "RSA" => &["e", "kty", "n"],
        _ => return None,
    };
    let required = members.iter().map(|&name| Some((name.to_owned(), key.get(name)?.clone())));
    let required = required.collect::<Option<Object>>()?;
    let digest = Sha256::digest(serde_json::to_vec(&required).ok()?);
    Some(Base64UrlUnpadded::encode_string(&digest))
}
