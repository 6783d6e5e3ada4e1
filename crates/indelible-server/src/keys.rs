//! API keys: who may do what, for which tenant. The secrets themselves are never kept, only their SHA-256.

mod file;
mod secret;
mod told;

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::Instant,
};

use indelible::{Durability, Event, RecordError, Recorder};
use indelible_proof::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{durable, limits};
use file::{Contents, Kept, Stamp};
use secret::Digest;
pub(crate) use secret::Secret;

/// What a key allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Ability {
    /// Record events.
    #[serde(rename = "events:write")]
    EventsWrite,
    /// List, get, aggregate, follow and export events.
    #[serde(rename = "events:read")]
    EventsRead,
    /// Read the server's metrics and status.
    #[serde(rename = "metrics:read")]
    MetricsRead,
    /// List and show tokens, and how they are used; their texts are not kept.
    #[serde(rename = "tokens:read")]
    TokensRead,
    /// Issue, rotate, derive, revoke, import and prune tokens.
    #[serde(rename = "tokens:write")]
    TokensWrite,
    /// Have tokens verified.
    #[serde(rename = "tokens:verify")]
    TokensVerify,
    /// Have the texts of revealable tokens shown again.
    #[serde(rename = "tokens:reveal")]
    TokensReveal,
    /// Everything, and the keys themselves.
    #[serde(rename = "admin")]
    Admin,
}

impl Ability {
    /// All of them.
    pub(crate) const ALL: [Self; 8] = [
        Self::EventsWrite,
        Self::EventsRead,
        Self::MetricsRead,
        Self::TokensRead,
        Self::TokensWrite,
        Self::TokensVerify,
        Self::TokensReveal,
        Self::Admin,
    ];

    /// Whether it concerns tokens.
    pub(crate) fn is_of_tokens(self) -> bool {
        self.as_str().starts_with("tokens:")
    }

    /// The word in JSON.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::EventsWrite => "events:write",
            Self::EventsRead => "events:read",
            Self::MetricsRead => "metrics:read",
            Self::TokensRead => "tokens:read",
            Self::TokensWrite => "tokens:write",
            Self::TokensVerify => "tokens:verify",
            Self::TokensReveal => "tokens:reveal",
            Self::Admin => "admin",
        }
    }
}

impl std::str::FromStr for Ability {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|ability| ability.as_str() == word)
            .ok_or_else(|| format!("unknown ability; there are {}", Self::ALL.map(Self::as_str).join(", ")))
    }
}

/// Whose events a key reaches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub(crate) enum Reach {
    /// Every tenant's, written `*`.
    All,
    /// One tenant's.
    Tenant(String),
}

impl From<String> for Reach {
    fn from(word: String) -> Self {
        if word == "*" { Self::All } else { Self::Tenant(word) }
    }
}

impl From<Reach> for String {
    fn from(reach: Reach) -> Self {
        match reach {
            Reach::All => "*".to_owned(),
            Reach::Tenant(name) => name,
        }
    }
}

impl Reach {
    /// Whether everything that `other` reaches is reached.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        *self == Self::All || self == other
    }
}

/// What is told of a key; the secret is not part of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ApiKey {
    /// Its id, which is no secret.
    pub(crate) id: String,
    /// What it is for, in the words of who made it.
    pub(crate) name: String,
    /// Whose events it reaches.
    pub(crate) tenant: Reach,
    /// What it allows.
    pub(crate) abilities: Vec<Ability>,
    /// The first characters of the secret, to tell keys apart.
    pub(crate) prefix: String,
    /// When it was made.
    pub(crate) created_at: Timestamp,
    /// From when on it is refused.
    pub(crate) expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub(crate) revoked_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub(crate) last_used_at: Option<Timestamp>,
}

impl ApiKey {
    /// Whether the key allows something; an administrator's allows all.
    pub(crate) fn allows(&self, ability: Ability) -> bool {
        self.abilities.contains(&ability) || self.abilities.contains(&Ability::Admin)
    }

    /// Why the key is refused at a moment, if it is.
    pub(crate) fn refused(&self, now: Timestamp) -> Option<Refused> {
        if self.revoked_at.is_some() {
            Some(Refused::Revoked)
        } else if self.expires_at.is_some_and(|at| at <= now) {
            Some(Refused::Expired)
        } else {
            None
        }
    }
}

/// A key to be made.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewKey {
    /// What it is for.
    pub(crate) name: String,
    /// Whose events it shall reach.
    #[serde(default = "default_tenant")]
    pub(crate) tenant: Reach,
    /// What it shall allow.
    pub(crate) abilities: Vec<Ability>,
    /// From when on it shall be refused.
    #[serde(default)]
    pub(crate) expires_at: Option<Timestamp>,
}

fn default_tenant() -> Reach {
    Reach::Tenant("default".to_owned())
}

/// Why a presented key does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Refused {
    /// No key has this secret.
    Unknown,
    /// It has expired.
    Expired,
    /// It was revoked.
    Revoked,
}

/// Why keys cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeysError {
    /// The system refused.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's words.
        error: io::Error,
    },
    /// The file is not what was written.
    #[error("{path}: not a file of API keys ({problem}); restore it from a copy, or remove it to start without keys")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A field of a new key is wrong.
    #[error("{field}: {problem}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// No more keys fit.
    #[error("there are {} keys already", limits::KEYS_MAX)]
    TooMany,
    /// The log did not take what was done to keys.
    #[error(transparent)]
    Untold(#[from] RecordError),
    /// The system gives no random bytes.
    #[error("no random bytes from the system: {0}")]
    Random(getrandom::Error),
}

/// Says in an event who did it.
type Sign<'a> = &'a dyn Fn(Event) -> Event;

/// The keys of a data directory, shared with other processes through their file.
#[derive(Debug)]
pub(crate) struct Keys {
    path: PathBuf,
    /// Replaced whole when the file changed. Held only to look up and to note a use, never across I/O for readers.
    state: RwLock<State>,
}

#[derive(Debug)]
struct State {
    by_digest: HashMap<u64, Vec<Entry>>,
    stamp: Option<Stamp>,
    checked: Instant,
}

#[derive(Debug)]
struct Entry {
    digest: Digest,
    key: Arc<ApiKey>,
    /// Microseconds since 1970 of the last use not yet in the file; 0 for none.
    used_at_us: std::sync::atomic::AtomicI64,
}

impl Keys {
    /// Reads the keys of a data directory; one without any has none.
    pub(crate) fn open(data: &Path) -> Result<Self, KeysError> {
        let path = data.join("keys").join("api-keys.json");
        let (stamp, contents) = file::read(&path)?;
        Ok(Self { path, state: RwLock::new(State::new(stamp, contents.keys)) })
    }

    /// All keys, also the revoked, in the order of their making.
    pub(crate) fn list(&self) -> Result<Vec<ApiKey>, KeysError> {
        Ok(file::read(&self.path)?.1.keys.into_iter().map(|kept| kept.key).collect())
    }

    /// Makes a key. The secret exists only in the answer. `sign` says in an event who did it; without it the log is not told.
    pub(crate) fn create(
        &self,
        new: NewKey,
        now: Timestamp,
        sign: Option<Sign<'_>>,
    ) -> Result<(ApiKey, Secret), KeysError> {
        check(&new, now)?;
        let secret = Secret::random().map_err(KeysError::Random)?;
        let key = ApiKey {
            id: secret::random_id().map_err(KeysError::Random)?,
            name: new.name,
            tenant: new.tenant,
            abilities: new.abilities,
            prefix: secret.prefix().to_owned(),
            created_at: now,
            expires_at: new.expires_at,
            revoked_at: None,
            last_used_at: None,
        };
        let kept = Kept { sha256: secret.digest(), key: key.clone() };
        let event = told::event("audit.api_key.created", &key, now, secret::random_id().map_err(KeysError::Random)?);
        self.change(|all| {
            if all.keys.len() >= limits::KEYS_MAX {
                return Err(KeysError::TooMany);
            }
            all.keys.push(kept);
            all.untold.extend(sign.map(|sign| sign(event)));
            Ok(())
        })?;
        Ok((key, secret))
    }

    /// Revokes a key within reach; a revoked one stays as it is. `None` when there is no such key. `sign` says in an event
    /// who did it.
    pub(crate) fn revoke(
        &self,
        id: &str,
        reach: &Reach,
        now: Timestamp,
        sign: Sign<'_>,
    ) -> Result<Option<ApiKey>, KeysError> {
        let once = secret::random_id().map_err(KeysError::Random)?;
        self.change(|Contents { keys, untold }| {
            let Some(Kept { key, .. }) =
                keys.iter_mut().find(|kept| kept.key.id == id && reach.covers(&kept.key.tenant))
            else {
                return Ok(None);
            };
            if key.revoked_at.is_none() {
                key.revoked_at = Some(now);
                untold.push(sign(told::event("audit.api_key.revoked", key, now, once)));
            }
            Ok(Some(key.clone()))
        })
    }

    /// Records what was done to keys. What is recorded and not yet taken down as such when the process dies is recorded again,
    /// with the same idempotency keys.
    pub(crate) fn tell(&self, recorder: &Recorder) -> Result<(), KeysError> {
        let mut untold = file::read(&self.path)?.1.untold;
        untold.truncate(limits::KEYS_TOLD_AT_ONCE);
        if untold.is_empty() {
            return Ok(());
        }
        recorder.record_all(untold.clone(), Durability::Durable)?;
        self.change(|all| {
            all.untold.retain(|event| !untold.contains(event));
            Ok(())
        })
    }

    /// The key with this secret, when it counts now; otherwise why not, and the key that does not.
    pub(crate) fn authenticate(
        &self,
        presented: &str,
        now: Timestamp,
    ) -> Result<Arc<ApiKey>, (Refused, Option<Arc<ApiKey>>)> {
        self.reload_if_changed();
        let digest = Digest::of(presented);
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let entry = state.find(&digest).ok_or((Refused::Unknown, None))?;
        match entry.key.refused(now) {
            Some(refused) => Err((refused, Some(Arc::clone(&entry.key)))),
            None => {
                entry.used_at_us.store(now.as_micros(), std::sync::atomic::Ordering::Relaxed);
                Ok(Arc::clone(&entry.key))
            }
        }
    }

    /// Whether a key that was let in before still counts.
    pub(crate) fn still_counts(&self, id: &str, now: Timestamp) -> bool {
        self.reload_if_changed();
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.by_digest.values().flatten().any(|entry| entry.key.id == id && entry.key.refused(now).is_none())
    }

    /// Writes down when keys were last used. Called now and then, and at shutdown.
    pub(crate) fn note_uses(&self) -> Result<(), KeysError> {
        let mut uses: HashMap<String, Timestamp> = HashMap::new();
        for entry in self.state.read().unwrap_or_else(PoisonError::into_inner).by_digest.values().flatten() {
            match entry.used_at_us.swap(0, std::sync::atomic::Ordering::Relaxed) {
                0 => {}
                at => drop(uses.insert(entry.key.id.clone(), Timestamp::saturating_from_micros(at))),
            }
        }
        if uses.is_empty() {
            return Ok(());
        }
        self.change(|all| {
            for kept in &mut all.keys {
                kept.key.last_used_at = kept.key.last_used_at.max(uses.get(&kept.key.id).copied());
            }
            Ok(())
        })
    }

    fn change<T>(&self, edit: impl FnOnce(&mut Contents) -> Result<T, KeysError>) -> Result<T, KeysError> {
        let (stamp, contents, answer) = file::change(&self.path, edit)?;
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = State::new(Some(stamp), contents.keys);
        Ok(answer)
    }

    /// Keys made or revoked by `indelible key` count without a restart.
    fn reload_if_changed(&self) {
        let due = |state: &State| state.checked.elapsed() >= limits::KEYS_RECHECK;
        if !due(&self.state.read().unwrap_or_else(PoisonError::into_inner)) {
            return;
        }
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if !due(&state) {
            return;
        }
        state.checked = Instant::now();
        if Stamp::of(&self.path).ok() == state.stamp {
            return;
        }
        match file::read(&self.path) {
            Ok((stamp, contents)) => *state = State::new(stamp, contents.keys),
            Err(error) => tracing::error!(%error, "API keys stay as they were"),
        }
    }
}

impl State {
    fn new(stamp: Option<Stamp>, kept: Vec<Kept>) -> Self {
        let mut by_digest: HashMap<u64, Vec<Entry>> = HashMap::new();
        for Kept { sha256, key } in kept {
            let entry = Entry { key: Arc::new(key), used_at_us: 0.into(), digest: sha256 };
            by_digest.entry(entry.digest.bucket()).or_default().push(entry);
        }
        Self { by_digest, stamp, checked: Instant::now() }
    }

    /// The bucket tells nothing of a secret, for it is a hash's; within it digests are compared in constant time.
    fn find(&self, digest: &Digest) -> Option<&Entry> {
        self.by_digest.get(&digest.bucket())?.iter().find(|entry| entry.digest.equals(digest))
    }
}

/// Leaves a secret in a file that only its owner may read.
pub(crate) fn write_secret(path: &Path, secret: &Secret) -> io::Result<()> {
    durable::replace(path, format!("{}\n", secret.expose()).as_bytes())
}

fn check(new: &NewKey, now: Timestamp) -> Result<(), KeysError> {
    let invalid = |field, problem: &str| Err(KeysError::Invalid { field, problem: problem.to_owned() });
    let fits =
        |text: &str| (1..=limits::KEY_NAME_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control);
    if !fits(&new.name) {
        return invalid("name", "write 1 to 200 bytes without control characters");
    }
    if matches!(&new.tenant, Reach::Tenant(name) if !fits(name)) {
        return invalid("tenant", "name one tenant in 1 to 200 bytes, or write * for all");
    }
    if new.abilities.is_empty() {
        return invalid("abilities", "name at least one");
    }
    if new.expires_at.is_some_and(|at| at <= now) {
        return invalid("expires_at", "lies in the past");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
