//! The directory of a witness, which one process has to itself:
//!
//! ```text
//! lock                          held while a witness runs
//! witness.key                   the skey, mode 0600, made at the first start
//! logs                          vkeys of the logs to follow, one a line, # before a remark; written by the operator
//! seen/<SHA-256 of origin>      the last checkpoint that was cosigned of a log, with its signatures
//! ```

use std::{
    collections::BTreeMap,
    fs::{File, TryLockError},
    io::{self, Read},
    path::{Path, PathBuf},
};

use indelible_proof::{
    cosignature::Cosigner,
    note::{KeyError, KeyKind, VerifierKey},
    tree::Hash,
};
use sha2::{Digest as _, Sha256};

use crate::{
    durable::{private, private_directory, replace},
    limits,
};

/// Why there is no witness.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WitnessError {
    /// The system refused.
    #[error("{path}: {error}")]
    Io {
        /// File or directory.
        path: PathBuf,
        /// The system's words.
        error: io::Error,
    },
    /// Another process is the witness.
    #[error("{path} is in use by another witness: stop it first, or name another directory with --data")]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// A new key needs a name.
    #[error(
        "{path} has no key yet: name the new witness with --name, like a URL without its scheme, e.g. witness.example.com/w1"
    )]
    Nameless {
        /// The directory.
        path: PathBuf,
    },
    /// The key has another name than was asked for.
    #[error("{path} is the key of {found}, not of {asked}: leave --name out, or name another directory with --data")]
    OtherName {
        /// File of the key.
        path: PathBuf,
        /// The key's name.
        found: String,
        /// The name asked for.
        asked: String,
    },
    /// There is no key, but checkpoints that one has cosigned.
    #[error("{path} is missing, and checkpoints were cosigned with it: restore it, or begin a new witness elsewhere")]
    KeyMissing {
        /// File of the key.
        path: PathBuf,
    },
    /// A key cannot be read or made.
    #[error("{place}: {error}")]
    Key {
        /// File and line, or the name.
        place: String,
        /// What is wrong.
        error: KeyError,
    },
    /// A key that signs no checkpoints.
    #[error("{place}: this is the key of a witness; give the key of a log")]
    NoLogKey {
        /// File and line, or the key.
        place: String,
    },
    /// There is nothing to witness.
    #[error("no log to follow: give the public key of one with --log, or write it into {path}, one a line")]
    NoLogs {
        /// The file.
        path: PathBuf,
    },
    /// More logs than a witness follows.
    #[error("more than {} logs to follow", limits::WITNESSED_LOGS_MAX)]
    TooManyLogs,
    /// What was seen cannot be read. To forget it would be to let the log roll back.
    #[error(
        "{path} is damaged: {problem}; restore it. Without it this witness could cosign a fork: only if its log has been \
         checked against other witnesses may the file be removed"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The system gives no random numbers.
    #[error("no random numbers for a key: {0}")]
    Random(#[from] getrandom::Error),
}

/// The directory, locked.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    _lock: File,
}

impl Directory {
    /// Takes a directory, which is made where there is none.
    pub(super) fn open(path: &Path) -> Result<Self, WitnessError> {
        let seen = path.join("seen");
        private_directory(&seen).map_err(|error| WitnessError::Io { path: seen, error })?;
        let lock_path = path.join("lock");
        let lock = private(&lock_path, false).map_err(|error| WitnessError::Io { path: lock_path.clone(), error })?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => WitnessError::InUse { path: path.to_owned() },
            TryLockError::Error(error) => WitnessError::Io { path: lock_path, error },
        })?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// The key; made when there is none.
    pub(super) fn cosigner(&self, name: Option<&str>) -> Result<Cosigner, WitnessError> {
        let path = self.path.join("witness.key");
        match std::fs::read_to_string(&path) {
            Ok(skey) => {
                let key = Cosigner::from_skey(skey.trim_end())
                    .map_err(|error| WitnessError::Key { place: path.display().to_string(), error })?;
                let found = key.verifier().name().to_owned();
                match name {
                    Some(asked) if asked != found => {
                        Err(WitnessError::OtherName { path, found, asked: asked.to_owned() })
                    }
                    _ => Ok(key),
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.new_cosigner(path, name),
            Err(error) => Err(WitnessError::Io { path, error }),
        }
    }

    fn new_cosigner(&self, path: PathBuf, name: Option<&str>) -> Result<Cosigner, WitnessError> {
        let seen = self.path.join("seen");
        let io_error = |path: &Path, error| WitnessError::Io { path: path.to_owned(), error };
        if std::fs::read_dir(&seen).map_err(|error| io_error(&seen, error))?.next().is_some() {
            return Err(WitnessError::KeyMissing { path });
        }
        let name = name.ok_or_else(|| WitnessError::Nameless { path: self.path.clone() })?;
        let mut seed = [0; 32];
        getrandom::fill(&mut seed)?;
        let key = Cosigner::new(name, &seed).map_err(|error| WitnessError::Key { place: name.to_owned(), error })?;
        replace(&path, format!("{}\n", key.to_skey().as_str()).as_bytes()).map_err(|error| io_error(&path, error))?;
        Ok(key)
    }

    /// The keys of each log to follow, by origin: those given and those of the file.
    pub(super) fn trusted(&self, given: &[VerifierKey]) -> Result<BTreeMap<String, Vec<VerifierKey>>, WitnessError> {
        let path = self.path.join("logs");
        let mut all: Vec<_> = given.iter().map(|key| (key.to_string(), key.clone())).collect();
        for (line, text) in (1..).zip(read_logs(&path)?.lines()) {
            let text = text.split('#').next().unwrap_or_default().trim();
            if !text.is_empty() {
                let place = format!("{}, line {line}", path.display());
                let key = text.parse().map_err(|error| WitnessError::Key { place: place.clone(), error })?;
                all.push((place, key));
            }
        }
        let mut logs: BTreeMap<String, Vec<VerifierKey>> = BTreeMap::new();
        for (place, key) in all {
            if key.kind() != KeyKind::Ed25519 {
                return Err(WitnessError::NoLogKey { place });
            }
            let keys = logs.entry(key.name().to_owned()).or_default();
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        match logs.len() {
            0 => Err(WitnessError::NoLogs { path }),
            count if count > limits::WITNESSED_LOGS_MAX => Err(WitnessError::TooManyLogs),
            _ => Ok(logs),
        }
    }

    /// Where the last checkpoint of a log is.
    pub(super) fn page(&self, origin: &str) -> PathBuf {
        self.path.join("seen").join(Hash(Sha256::digest(origin).into()).to_string())
    }
}

fn read_logs(path: &Path) -> Result<String, WitnessError> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(limits::WITNESSED_LOGS_BYTES_MAX).read_to_string(&mut text));
    match read {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(WitnessError::Io { path: path.to_owned(), error }),
        _ => Ok(text),
    }
}
