//! Whether a delivery of a webhook is from whom it says: each sender's own check, as one table.
//!
//! A [`Sender`] is a format and the secret that is shared with who sends it. One header carries the proof: the secret
//! itself, or a signature over the body, or one over the body and the moment. What was delivered,
//! [`delivery`](crate::import::delivery) reads.
//!
//! ```
//! use indelible::{Timestamp, import::Format, webhooks::{Refused, Sender}};
//!
//! let sender = Sender::new(Format::Github, "It's a Secret to Everybody", None)?;
//! let signature = b"sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
//! assert_eq!(sender.header(), "x-hub-signature-256");
//! assert_eq!(sender.check(Some(signature), b"Hello, World!", Timestamp::MIN), Ok(()));
//! assert_eq!(sender.check(Some(signature), b"Hello, World?", Timestamp::MIN), Err(Refused::Wrong));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use indelible_proof::Timestamp;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use crate::{
    import::Format,
    limits::{SIGNATURES_MAX, WEBHOOK_SECRET_BYTES_MIN, WEBHOOK_SECRETS_MAX, WEBHOOK_TOLERANCE_S},
};

/// Who sends deliveries, and what they share with us.
pub struct Sender {
    format: Format,
    proof: Proof,
    header: String,
    secrets: Vec<String>,
}

/// What the header carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    /// The secret itself, with or without `Bearer` before it.
    Secret,
    /// HMAC-SHA256 of the body in hexadecimal digits, with or without `sha256=` before it.
    Signature,
    /// `t=<seconds since 1970>,v1=<HMAC-SHA256 of the seconds, a dot and the body>`; `v1` as often as there are keys.
    StampedSignature,
}

/// How each sender proves that it is the one, and in which header. Senders with an `Authorization` header of the operator's
/// choice (Okta's event hooks, Auth0's log streams, API keys of Ory, mappings of authentik) need no line.
const fn way_of(format: Format) -> (Proof, &'static str) {
    match format {
        Format::Github => (Proof::Signature, "x-hub-signature-256"),
        Format::Gitlab => (Proof::Secret, "x-gitlab-event-streaming-token"),
        Format::GoogleWorkspace => (Proof::Secret, "x-goog-channel-token"),
        Format::Keycloak => (Proof::Signature, "x-keycloak-signature"),
        Format::Zitadel => (Proof::StampedSignature, "zitadel-signature"),
        _ => (Proof::Secret, "authorization"),
    }
}

/// Why a delivery is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// The header is not there.
    #[error("the header with the secret or the signature is missing")]
    Missing,
    /// It is another secret, or no signature of this body with it.
    #[error("the secret or the signature is wrong")]
    Wrong,
    /// It was signed too long ago, or will be.
    #[error("it was signed more than {WEBHOOK_TOLERANCE_S} s ago, or in the future")]
    Stale,
}

/// Secrets that protect nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// There is none.
    #[error("there is no secret; write it on a line of its own")]
    None,
    /// One is shorter than eight characters.
    #[error("a secret has fewer than {WEBHOOK_SECRET_BYTES_MIN} characters; make a longer one")]
    Short,
    /// There are more than anybody changes between.
    #[error("there are more than {WEBHOOK_SECRETS_MAX} secrets")]
    TooMany,
}

impl Sender {
    /// A sender of records of a format. `secrets` has one secret a line: while a secret is changed, the old and the new.
    /// `header` is where the proof is looked for; default: where the sender puts it. In `authorization` it is always
    /// the secret itself, for senders that something else speaks for.
    pub fn new(format: Format, secrets: &str, header: Option<&str>) -> Result<Self, SecretError> {
        let secrets: Vec<String> =
            secrets.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
        match secrets.len() {
            0 => return Err(SecretError::None),
            1..=WEBHOOK_SECRETS_MAX => {}
            _ => return Err(SecretError::TooMany),
        }
        if secrets.iter().any(|secret| secret.len() < WEBHOOK_SECRET_BYTES_MIN) {
            return Err(SecretError::Short);
        }
        let (proof, usual) = way_of(format);
        let header = header.unwrap_or(usual).to_ascii_lowercase();
        let proof = if header == "authorization" { Proof::Secret } else { proof };
        Ok(Self { format, proof, header, secrets })
    }

    /// What it sends.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The name of the header with the proof, in lower case.
    pub fn header(&self) -> &str {
        &self.header
    }

    /// The name of the header with the sender's id of a delivery, the same when it is sent again; for senders whose records
    /// have no ids. Whoever saw a delivery can send it again with another one.
    pub fn id_header(&self) -> Option<&'static str> {
        (self.format == Format::Github).then_some("x-github-delivery")
    }

    /// Whether the proof is of the body. If not, [`Self::check`] may be asked before the body is there, with an empty one.
    pub fn signs(&self) -> bool {
        self.proof != Proof::Secret
    }

    /// Checks the value of the header, in a time that tells nothing of the secret.
    pub fn check(&self, header: Option<&[u8]>, body: &[u8], now: Timestamp) -> Result<(), Refused> {
        let header = header.ok_or(Refused::Missing)?;
        let right = match self.proof {
            Proof::Secret => self.is_secret(header),
            Proof::Signature => {
                let digits = header.strip_prefix(b"sha256=").unwrap_or(header);
                signature(digits).is_some_and(|signature| self.signed(&[body], &[signature]))
            }
            Proof::StampedSignature => return self.check_stamped(header, body, now),
        };
        if right { Ok(()) } else { Err(Refused::Wrong) }
    }

    fn is_secret(&self, header: &[u8]) -> bool {
        let scheme = header.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case(b"bearer "));
        let bare = scheme.and(header.get(7..)).unwrap_or(header);
        let presented = [Sha256::digest(header), Sha256::digest(bare)];
        let equal = self.secrets.iter().fold(Choice::from(0), |equal, secret| {
            let secret = Sha256::digest(secret.as_bytes());
            presented.iter().fold(equal, |equal, presented| equal | presented.ct_eq(&secret))
        });
        equal.into()
    }

    fn check_stamped(&self, header: &[u8], body: &[u8], now: Timestamp) -> Result<(), Refused> {
        let header = std::str::from_utf8(header).map_err(|_| Refused::Wrong)?;
        let parts = || header.split(',').filter_map(|part| part.trim().split_once('='));
        let (_, at) = parts().find(|(name, _)| *name == "t").ok_or(Refused::Wrong)?;
        let signatures: Vec<[u8; 32]> = parts()
            .filter_map(|(name, digits)| signature(digits.as_bytes()).filter(|_| name == "v1"))
            .take(SIGNATURES_MAX)
            .collect();
        if !self.signed(&[at.as_bytes(), b".", body], &signatures) {
            return Err(Refused::Wrong);
        }
        // Only what was signed is read.
        let at: i64 = at.parse().map_err(|_| Refused::Wrong)?;
        let now = now.as_micros() / 1_000_000;
        if now.abs_diff(at) <= WEBHOOK_TOLERANCE_S { Ok(()) } else { Err(Refused::Stale) }
    }

    /// Whether one of the signatures is one of the secrets' of these pieces.
    fn signed(&self, pieces: &[&[u8]], signatures: &[[u8; 32]]) -> bool {
        let equal = self.secrets.iter().fold(Choice::from(0), |equal, secret| {
            // A key of any length will do.
            let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return equal };
            pieces.iter().for_each(|piece| mac.update(piece));
            let own: [u8; 32] = mac.finalize().into_bytes().into();
            signatures.iter().fold(equal, |equal, signature| equal | signature.ct_eq(&own))
        });
        equal.into()
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { format, proof, header, secrets: _ } = self;
        out.debug_struct("Sender")
            .field("format", format)
            .field("proof", proof)
            .field("header", header)
            .finish_non_exhaustive()
    }
}

fn signature(digits: &[u8]) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    base16ct::mixed::decode(digits, &mut bytes).ok().filter(|decoded| decoded.len() == 32)?;
    Some(bytes)
}

#[cfg(test)]
mod tests;
