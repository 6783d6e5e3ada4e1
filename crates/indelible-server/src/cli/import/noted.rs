//! How far files were imported into a data directory, so that an import goes on where it ended, however long ago.
//!
//! A file is known by the digest of what was imported of it, not by its name: a log that was rotated, or has grown,
//! is still the same, and another file under an old name is not.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use indelible::import::Format;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::cannot_read;
use crate::{
    cli::Failure,
    limits::{IMPORT_BATCHES_NOTED, IMPORTS_REMEMBERED_MAX},
};

/// The beginning of a file that was imported whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    bytes: u64,
    sha256: String,
}

impl Mark {
    pub(super) fn new(digest: &Sha256, bytes: u64) -> Self {
        Self { bytes, sha256: hex(digest) }
    }
}

/// The digest of nothing, for files of a format: what was imported as one format is not known as another.
pub(super) fn seed(format: Format) -> Sha256 {
    Sha256::new_with_prefix(format!("indelible import {format}\n"))
}

fn hex(digest: &Sha256) -> String {
    base16ct::lower::encode_string(&digest.clone().finalize())
}

/// Feeds everything to a digest; gives how many bytes that was.
fn absorb(input: &mut impl Read, digest: &mut Sha256) -> io::Result<u64> {
    let (mut bytes, mut piece) = (0, vec![0; 64 << 10]);
    loop {
        let got = input.read(&mut piece)?;
        let Some(fresh) = piece.get(..got).filter(|fresh| !fresh.is_empty()) else { return Ok(bytes) };
        digest.update(fresh);
        bytes += got as u64;
    }
}

/// What a data directory knows of imports.
#[derive(Debug)]
pub(super) struct Noted {
    /// None where nothing is remembered.
    path: Option<PathBuf>,
    marks: Vec<Mark>,
    /// The mark of the file that is being imported.
    own: Option<Mark>,
    batches: u64,
}

impl Noted {
    /// Remembers nothing.
    pub(super) fn none() -> Self {
        Self { path: None, marks: Vec::new(), own: None, batches: 0 }
    }

    /// What is noted in a data directory.
    pub(super) fn of(directory: &Path) -> Result<Self, Failure> {
        let path = directory.join("imports.json");
        let marks = match fs::read(&path) {
            Ok(json) => serde_json::from_slice(&json).map_err(|error| {
                let path = path.display();
                Failure::Failed(format!("{path}: damaged ({error}); remove it: only the progress of imports is lost"))
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(cannot_read(&path, &error)),
        };
        Ok(Self { path: Some(path), marks, own: None, batches: 0 })
    }

    /// How many bytes at the beginning of a file were imported before.
    pub(super) fn known_bytes(&mut self, format: Format, file: &Path) -> Result<u64, Failure> {
        self.own = None;
        let mut marks: Vec<&Mark> = self.marks.iter().collect();
        marks.sort_by_key(|mark| mark.bytes);
        let failed = |error: io::Error| cannot_read(file, &error);
        let mut input = File::open(file).map_err(failed)?;
        let (mut digest, mut read, mut known) = (seed(format), 0, None);
        for mark in marks {
            let wanted = mark.bytes - read;
            let got = absorb(&mut (&mut input).take(wanted), &mut digest).map_err(failed)?;
            read += got;
            if got < wanted {
                break;
            }
            if hex(&digest) == mark.sha256 {
                known = Some(mark.clone());
            }
        }
        self.own = known;
        Ok(self.own.as_ref().map_or(0, |mark| mark.bytes))
    }

    /// Moves the mark of the file that is being imported; now and then it is written down.
    pub(super) fn advance(&mut self, mark: Mark) -> Result<(), Failure> {
        if self.own.as_ref().is_some_and(|own| own.bytes >= mark.bytes) || self.path.is_none() {
            return Ok(());
        }
        if let Some(old) = &self.own {
            self.marks.retain(|known| known != old);
        }
        self.own = Some(mark.clone());
        self.marks.push(mark);
        let surplus = self.marks.len().saturating_sub(IMPORTS_REMEMBERED_MAX);
        self.marks.drain(..surplus);
        self.batches += 1;
        if self.batches.is_multiple_of(IMPORT_BATCHES_NOTED) { self.write() } else { Ok(()) }
    }

    /// Writes down what is known. Losing it costs a second import of lines that idempotency keys recognise.
    pub(super) fn write(&self) -> Result<(), Failure> {
        let Some(path) = &self.path else { return Ok(()) };
        let failed = |error: io::Error| Failure::Failed(format!("{}: cannot write: {error}", path.display()));
        let fresh = path.with_extension("json.new");
        let json = serde_json::to_vec(&self.marks).map_err(Failure::because)?;
        let mut file = File::create(&fresh).map_err(failed)?;
        file.write_all(&json).and_then(|()| file.sync_data()).map_err(failed)?;
        fs::rename(&fresh, path).map_err(failed)
    }
}

#[cfg(test)]
mod tests;
