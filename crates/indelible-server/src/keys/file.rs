//! The file of API keys: `keys/api-keys.json`, mode 0600, replaced whole and atomically.
//!
//! Changes by several processes are kept apart by a lock on a file beside it; readers need none.

use std::{fs, io, path::Path, time::SystemTime};

use indelible::Event;
use serde::{Deserialize, Serialize};

use super::{ApiKey, KeysError, secret::Digest};
use crate::durable::{private, replace};

/// A key as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) sha256: Digest,
    #[serde(flatten)]
    pub(super) key: ApiKey,
}

/// What is in the file.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Contents {
    pub(super) keys: Vec<Kept>,
    /// What was done to keys and is not in the log yet: written with the change, and taken away when the log has it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) untold: Vec<Event>,
}

/// Tells one version of the file from the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    modified: SystemTime,
    bytes: u64,
}

impl Stamp {
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(path)?;
        Ok(Self { modified: metadata.modified()?, bytes: metadata.len() })
    }
}

/// What is in the file; nothing when there is none yet.
pub(super) fn read(path: &Path) -> Result<(Option<Stamp>, Contents), KeysError> {
    // The stamp is taken before the contents: a change in between is seen at the next look.
    let stamp = Stamp::of(path).ok();
    let json = match fs::read(path) {
        Ok(json) => json,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((None, Contents::default())),
        Err(error) => return Err(io_error(path, error)),
    };
    let contents = serde_json::from_slice(&json)
        .map_err(|error| KeysError::Damaged { path: path.to_owned(), problem: error.to_string() })?;
    Ok((stamp, contents))
}

/// Reads, edits and replaces the file while no other process does.
pub(super) fn change<T>(
    path: &Path,
    edit: impl FnOnce(&mut Contents) -> Result<T, KeysError>,
) -> Result<(Stamp, Contents, T), KeysError> {
    let directory = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(directory).map_err(|error| io_error(directory, error))?;
    let lock_path = path.with_extension("lock");
    let lock = private(&lock_path, false).map_err(|error| io_error(&lock_path, error))?;
    lock.lock().map_err(|error| io_error(&lock_path, error))?;
    let (_, mut contents) = read(path)?;
    let answer = edit(&mut contents)?;
    let json = serde_json::to_vec_pretty(&contents)
        .map_err(|error| KeysError::Damaged { path: path.to_owned(), problem: error.to_string() })?;
    replace(path, &json).map_err(|error| io_error(path, error))?;
    let stamp = Stamp::of(path).map_err(|error| io_error(path, error))?;
    Ok((stamp, contents, answer))
}

fn io_error(path: &Path, error: io::Error) -> KeysError {
    KeysError::Io { path: path.to_owned(), error }
}
