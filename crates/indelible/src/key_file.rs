//! Keys in files: 64 hexadecimal digits, for their owner alone.

use std::{
    io,
    path::{Path, PathBuf},
};

use indelible_engine::fs::{self, Fs, RealFs};

use crate::limits::KEY_FILE_BYTES_MAX;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The file cannot be read or made.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's words.
        error: io::Error,
    },
    /// The file holds no key.
    #[error("{path} holds no key: write 64 hexadecimal digits there, as `openssl rand -hex 32` makes them")]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// The system gives no random bytes.
    #[error("no random bytes from the system: {0}")]
    Random(#[from] getrandom::Error),
}

impl KeyFileError {
    /// Whether there is no such file.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Io { error, .. } if error.kind() == io::ErrorKind::NotFound)
    }
}

/// The key of fingerprints from a file of 64 hexadecimal digits; one that is not there is made, for its owner alone.
///
/// One key for all of an application's log, and for good: fingerprints compare only under the same one. Give it to
/// [`oauth::Fingerprints`](crate::oauth::Fingerprints), to `capture::AuditLayerBuilder::pseudonym_key` and to
/// `tokens::Builder::fingerprint_key`. A data directory has its own in `keys/fingerprint.key`, where the server and
/// `indelible fingerprint` look for it.
pub fn fingerprint_key(path: impl AsRef<Path>) -> Result<[u8; 32], KeyFileError> {
    match read_key(&path) {
        Err(error) if error.is_missing() => made(path.as_ref()),
        read => read,
    }
}

/// A key from a file of 64 hexadecimal digits, which must be there.
pub fn read_key(path: impl AsRef<Path>) -> Result<[u8; 32], KeyFileError> {
    let path = path.as_ref();
    let digits = fs::read(&RealFs, path, KEY_FILE_BYTES_MAX)
        .map_err(|error| KeyFileError::Io { path: path.to_owned(), error })?;
    let mut key = [0; 32];
    match base16ct::mixed::decode(digits.trim_ascii(), &mut key) {
        Ok(decoded) if decoded.len() == 32 => Ok(key),
        _ => Err(KeyFileError::NoKey { path: path.to_owned() }),
    }
}

fn made(path: &Path) -> Result<[u8; 32], KeyFileError> {
    let mut key = [0; 32];
    getrandom::fill(&mut key)?;
    let line = format!("{}\n", base16ct::lower::encode_string(&key));
    let written = RealFs
        .create_dir_all(path.parent().unwrap_or(Path::new("")))
        .and_then(|()| fs::write_new(&RealFs, path, |file| file.append(line.as_bytes())));
    written.map_err(|error| KeyFileError::Io { path: path.to_owned(), error })?;
    Ok(key)
}

#[cfg(test)]
mod tests;
