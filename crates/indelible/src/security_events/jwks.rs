//! Public keys of an issuer: JWK sets, RFC 7517.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512,
    RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};
use serde::Deserialize;
use serde_json::Value;

use crate::limits::{JWKS_BYTES_MAX, JWKS_KEYS_MAX};

/// The public keys of an issuer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Jwks(Vec<Key>);

/// A set of keys that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwksError {
    /// No JWK set.
    #[error("it is no JSON with a list `keys`")]
    Malformed,
    /// Larger than any set.
    #[error("it has more than {JWKS_BYTES_MAX} bytes or more than {JWKS_KEYS_MAX} keys")]
    TooLarge,
    /// None of its keys can verify anything that is taken.
    #[error("it has no key for signatures by RSA, ECDSA (P-256, P-384) or Ed25519")]
    NoKeys,
}

/// One key that signatures can be verified with.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Key {
    id: Option<String>,
    /// The one algorithm that it is for, where it says so.
    algorithm: Option<String>,
    material: Material,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Material {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    r#use: Option<String>,
    crv: Option<String>,
    key_ops: Option<Vec<String>>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl Jwks {
    /// Reads a JWK set. Keys that are for something else, of other kinds or no keys at all are passed over.
    pub fn parse(json: &[u8]) -> Result<Self, JwksError> {
        if json.len() > JWKS_BYTES_MAX {
            return Err(JwksError::TooLarge);
        }
        let Set { keys } = serde_json::from_slice(json).map_err(|_| JwksError::Malformed)?;
        if keys.len() > JWKS_KEYS_MAX {
            return Err(JwksError::TooLarge);
        }
        let keys = keys.into_iter().filter_map(|key| serde_json::from_value::<Jwk>(key).ok()?.into_key());
        let keys: Vec<Key> = keys.collect();
        if keys.is_empty() { Err(JwksError::NoKeys) } else { Ok(Self(keys)) }
    }

    /// The keys that may have made a signature: those of the id, or all where the token names none.
    pub(super) fn of<'a>(&'a self, id: Option<&'a str>) -> impl Iterator<Item = &'a Key> {
        self.0.iter().filter(move |key| id.is_none() || key.id.as_deref() == id)
    }
}

impl Jwk {
    fn into_key(self) -> Option<Key> {
        let for_signatures = self.r#use.as_deref().is_none_or(|is| is == "sig")
            && self.key_ops.is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        let bytes = |text: &Option<String>| Base64UrlUnpadded::decode_vec(text.as_deref()?).ok();
        let point = |bytes_of_each: usize| {
            let (x, y) = (bytes(&self.x)?, bytes(&self.y)?);
            // The uncompressed form.
            (x.len() == bytes_of_each && y.len() == bytes_of_each).then(|| [&[4], x.as_slice(), &y].concat())
        };
        let material = match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => Material::Rsa { n: bytes(&self.n)?, e: bytes(&self.e)? },
            ("EC", Some("P-256")) => Material::P256(point(32)?),
            ("EC", Some("P-384")) => Material::P384(point(48)?),
            ("OKP", Some("Ed25519")) => Material::Ed25519(bytes(&self.x)?),
            _ => return None,
        };
        for_signatures.then_some(Key { id: self.kid, algorithm: self.alg, material })
    }
}

/// The algorithms that are taken (RFC 7518, RFC 8037, RFC 9864).
pub(super) fn is_taken(algorithm: &str) -> bool {
    matches!(
        algorithm,
        "RS256" | "RS384" | "RS512" | "PS256" | "PS384" | "PS512" | "ES256" | "ES384" | "EdDSA" | "Ed25519"
    )
}

impl Key {
    /// Whether the key made this signature of the message. The kind of the key must be that of the algorithm: what the
    /// token says alone decides nothing.
    pub(super) fn verifies(&self, algorithm: &str, message: &[u8], signature: &[u8]) -> bool {
        if self.algorithm.as_deref().is_some_and(|own| own != algorithm) {
            return false;
        }
        let by = |with: &'static dyn VerificationAlgorithm, key: &[u8]| {
            UnparsedPublicKey::new(with, key).verify(message, signature).is_ok()
        };
        let rsa = |with: &'static RsaParameters, n: &[u8], e: &[u8]| {
            RsaPublicKeyComponents { n, e }.verify(with, message, signature).is_ok()
        };
        match (algorithm, &self.material) {
            ("RS256", Material::Rsa { n, e }) => rsa(&RSA_PKCS1_2048_8192_SHA256, n, e),
            ("RS384", Material::Rsa { n, e }) => rsa(&RSA_PKCS1_2048_8192_SHA384, n, e),
            ("RS512", Material::Rsa { n, e }) => rsa(&RSA_PKCS1_2048_8192_SHA512, n, e),
            ("PS256", Material::Rsa { n, e }) => rsa(&RSA_PSS_2048_8192_SHA256, n, e),
            ("PS384", Material::Rsa { n, e }) => rsa(&RSA_PSS_2048_8192_SHA384, n, e),
            ("PS512", Material::Rsa { n, e }) => rsa(&RSA_PSS_2048_8192_SHA512, n, e),
            ("ES256", Material::P256(point)) => by(&ECDSA_P256_SHA256_FIXED, point),
            ("ES384", Material::P384(point)) => by(&ECDSA_P384_SHA384_FIXED, point),
            ("EdDSA" | "Ed25519", Material::Ed25519(key)) => by(&ED25519, key),
            _ => false,
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Key").field("id", &self.id).finish_non_exhaustive()
    }
}
