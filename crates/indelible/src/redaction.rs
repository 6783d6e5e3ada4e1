//! Redaction: takes secrets out of events before anything is hashed or written.
//!
//! Looked through are `metadata`, `changes` and the `attrs` of targets, at any depth, and `http.path` and
//! `oauth.redirect_uri`. A text in them that is itself JSON or a form (`a=b&password=c`), or holds a URL with a query,
//! is looked through as well, and so is a text inside that text. Credentials are also found where no field names them:
//! after `Bearer` or `Basic`, and JSON Web Tokens.
//!
//! What is hidden is a whole field: every value under a secret's name, be it a text, a number, a list or an object.
//! Empty values stay. Redacting twice is the same as redacting once.

mod json;
mod rules;
#[cfg(test)]
mod tests;
mod text;
mod typed;
mod walk;

use std::fmt;

pub(crate) use text::decoded;

use hmac::{Hmac, KeyInit, Mac};
use indelible_engine::store::Redacted;
use indelible_proof::Event;
use serde_json::Value;
use sha2::Sha256;

use rules::{Rule, Rules};

/// What stands in the place of a masked value.
pub const MASK: &str = "[REDACTED]";

/// What a hashed value begins with; 32 hex digits follow.
pub(crate) const HASH_PREFIX: &str = "hmac:";
const HASH_BYTES: usize = 16;

/// The names of fields that are secret unless told otherwise. Case and separators do not matter: `newPassword` is
/// `new_password` is `New-Password`.
///
/// Hashes of passwords and secrets are here, which servers tell of as they store them: a weak password is found from its hash.
///
/// `code` and `pin` are here because an authorization code and a PIN are secrets. Where such a name means something
/// harmless, say so: `Redaction::default().keep("metadata.status.code")`.
pub const SECRET_FIELDS: [&str; 41] = [
    "password",
    "new_password",
    "old_password",
    "current_password",
    "password_confirmation",
    "passwd",
    "passphrase",
    "password_hash",
    "hashed_password",
    "encoded_hash",
    "token",
    "access_token",
    "refresh_token",
    "id_token",
    "session_token",
    "idp_access_token",
    "idp_id_token",
    "idp_intent_token",
    "secret",
    "client_secret",
    "hashed_secret",
    "otp_secret",
    "client_assertion",
    "assertion",
    "api_key",
    "x_api_key",
    "private_key",
    "authorization",
    "proxy_authorization",
    "cookie",
    "set_cookie",
    "code",
    "code_verifier",
    "device_code",
    "user_code",
    "backup_code",
    "verification_code",
    "otp",
    "totp",
    "pin",
    "cvv",
];

/// What is done with a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strategy {
    /// `[REDACTED]` stands in its place.
    #[default]
    Mask,
    /// `hmac:` and 32 hex digits of HMAC-SHA256 stand in its place: the same for the same value, so that events can be
    /// told apart and brought together by it. A number hashes like its text.
    Hash,
    /// The field goes away.
    Remove,
}

/// What counts as secret, and what is done with it.
///
/// A rule names a field in one of two ways, and in both case and separators do not matter:
///
/// - a name, `ssn`: every field of this name, at any depth;
/// - a path from the event's root, `metadata.user.ssn`: this field alone. Lists do not count as a level, `*` stands for
///   any one name, and a path may lead into text (`metadata.body.ssn`, `http.path.ssn`) or to a text field of the event
///   itself (`actor.email`).
///
/// A path goes before a name; of two equal ones the later counts.
///
/// ```
/// use indelible::{Event, Redaction, Strategy};
///
/// let redaction = Redaction::default()
///     .hash_key([7; 32])
///     .hide("ssn", Strategy::Hash)
///     .hide("actor.email", Strategy::Remove)
///     .keep("metadata.status.code");
/// let event = Event::new("auth.login.failed")
///     .meta("body", r#"{"user":"alice","newPassword":"hunter2"}"#)
///     .meta("status", serde_json::json!({ "code": 401 }));
/// let redacted = redaction.apply(event);
/// let metadata = &redacted.event().metadata;
/// assert_eq!(metadata["body"], r#"{"newPassword":"[REDACTED]","user":"alice"}"#);
/// assert_eq!(metadata["status"]["code"], 401);
/// ```
#[derive(Clone)]
pub struct Redaction {
    rules: Rules,
    default_strategy: Strategy,
    key: Option<[u8; 32]>,
}

impl Default for Redaction {
    /// Masks [`SECRET_FIELDS`].
    fn default() -> Self {
        SECRET_FIELDS.iter().fold(Self::none(), |redaction, field| redaction.rule(field, Rule::Hide(None)))
    }
}

impl Redaction {
    /// No field is secret. Credentials that stand in text are masked all the same.
    pub fn none() -> Self {
        Self { rules: Rules::default(), default_strategy: Strategy::Mask, key: None }
    }

    /// Sets what is done with the fields of [`SECRET_FIELDS`]. Default: [`Strategy::Mask`].
    #[must_use]
    pub fn strategy(mut self, strategy: Strategy) -> Self {
        self.default_strategy = strategy;
        self.with_key_for(strategy)
    }

    /// Hides a field, given by its name or its path.
    #[must_use]
    pub fn hide(self, field: &str, strategy: Strategy) -> Self {
        self.rule(field, Rule::Hide(Some(strategy))).with_key_for(strategy)
    }

    /// Lets a field be, given by its name or its path. What lies below it is still looked through.
    #[must_use]
    pub fn keep(self, field: &str) -> Self {
        self.rule(field, Rule::Keep)
    }

    /// Sets the key of hashes. Without one, a random key is made, and hashes compare only within this process.
    #[must_use]
    pub fn hash_key(mut self, key: [u8; 32]) -> Self {
        self.key = Some(key);
        self
    }

    fn rule(mut self, field: &str, rule: Rule) -> Self {
        self.rules.add(field, rule);
        self
    }

    fn with_key_for(mut self, strategy: Strategy) -> Self {
        if strategy == Strategy::Hash && self.key.is_none() {
            let mut key = [0; 32];
            // Without randomness there is no key, and what would be hashed is masked.
            self.key = getrandom::fill(&mut key).is_ok().then_some(key);
        }
        self
    }

    /// Takes the secrets out of an event.
    pub fn apply(&self, mut event: Event) -> Redacted {
        self.walk_event(&mut event);
        Redacted::vouched(event)
    }

    /// Takes the secrets out of an event that is redacted again by a recorder.
    pub(crate) fn redact(&self, event: &mut Event) {
        self.walk_event(event);
    }

    /// Whether a field of this name is secret.
    #[cfg(feature = "tower")]
    pub(crate) fn is_secret(&self, name: &str) -> bool {
        self.rules.hides(&rules::Path::root(name)).is_some()
    }

    /// What stands in the place of a secret; `None` when nothing does.
    fn stand_in(&self, secret: &str, strategy: Option<Strategy>) -> Option<String> {
        match (strategy.unwrap_or(self.default_strategy), self.key) {
            (Strategy::Remove, _) => None,
            (Strategy::Hash, Some(key)) => Some(hash(&key, secret)),
            (Strategy::Mask, _) | (Strategy::Hash, None) => Some(MASK.to_owned()),
        }
    }
}

impl fmt::Debug for Redaction {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The key is a secret of its own.
        out.debug_struct("Redaction")
            .field("rules", &self.rules)
            .field("default_strategy", &self.default_strategy)
            .finish_non_exhaustive()
    }
}

/// A keyed hash, as it stands in the place of a secret.
pub(crate) fn hash(key: &[u8; 32], secret: &str) -> String {
    // HMAC fills a short key with zeros up to the hash's block; doing it here leaves no length to refuse.
    let mut block = [0; 64];
    block.iter_mut().zip(key).for_each(|(padded, &byte)| *padded = byte);
    let mut mac = Hmac::<Sha256>::new(&block.into());
    mac.update(secret.as_bytes());
    let digest = mac.finalize().into_bytes();
    let digest = base16ct::lower::encode_string(digest.get(..HASH_BYTES).unwrap_or_default());
    format!("{HASH_PREFIX}{digest}")
}

/// Whether a text is what redaction leaves behind.
fn is_hidden(text: &str) -> bool {
    let is_hash = |hex: &str| hex.len() == 2 * HASH_BYTES && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    text == MASK || text.strip_prefix(HASH_PREFIX).is_some_and(is_hash)
}

/// Whether there is nothing to hide in a value.
fn is_harmless(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty() || is_hidden(text),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}
