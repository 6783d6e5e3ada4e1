//! Whom a verifier trusts: the log's key, and witnesses.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    str::FromStr,
};

use clap::Args;
use indelible_proof::checkpoint::Checkpoint;
use indelible_proof::cosignature::Quorum;
use indelible_proof::limits::ROTATIONS_BYTES_MAX;
use indelible_proof::note::{KeyKind, Note, VerifierKey};
use indelible_proof::rotation::{self, KeyHistory};

use crate::{cli::error::Failure, limits::KEY_FILE_BYTES_MAX};

/// The options that say whom to trust.
#[derive(Debug, Args)]
#[command(next_help_heading = "Whom to trust")]
pub(super) struct Trust {
    /// Public key of the log, name+id+base64, or a file that holds it; again for each of several keys
    #[arg(long = "key", value_name = "VKEY|FILE")]
    keys: Vec<String>,
    /// Changes of the log's key since the one given, as `indelible checkpoint --rotations` prints them
    #[arg(long, value_name = "FILE", requires = "keys")]
    rotations: Option<PathBuf>,
    /// Public key of a witness that must have seen the checkpoint, or a file that holds it; of a data directory it is the
    /// one given with --checkpoint, or else the last that was published
    #[arg(long = "witness", value_name = "VKEY|FILE")]
    witnesses: Vec<String>,
    /// How many of the witnesses must have seen it; all of them when left out
    #[arg(long, value_name = "K", requires = "witnesses")]
    quorum: Option<usize>,
}

impl Trust {
    /// The log's keys, each with those that follow it by the rotations given, or where none were by those that are `known`.
    pub(super) fn log(&self, known: &[Note]) -> Result<LogKeys, Failure> {
        let keys = self.keys.iter().map(|text| key("--key", text)).collect::<Result<Vec<_>, _>>()?;
        if let Some(key) = keys.iter().find(|key| key.kind() != KeyKind::Ed25519) {
            return Err(Failure::Usage(format!("--key {key}: this is the key of a witness, not a log's")));
        }
        let given = self.rotations.as_deref().map(rotations).transpose()?;
        let wrong = |error| match &self.rotations {
            Some(path) => Failure::Failed(format!("{}: {error}", path.display())),
            None => Failure::because(error),
        };
        let follow = |key| KeyHistory::follow(key, given.as_deref().unwrap_or(known)).map_err(wrong);
        Ok(LogKeys(keys.into_iter().map(follow).collect::<Result<_, _>>()?))
    }

    /// Whether a witness was named.
    pub(super) fn names_witnesses(&self) -> bool {
        !self.witnesses.is_empty()
    }

    /// The witnesses, and how many are needed.
    pub(super) fn witnesses(&self) -> Result<Quorum, Failure> {
        let witnesses = self.witnesses.iter().map(|text| key("--witness", text)).collect::<Result<Vec<_>, _>>()?;
        let needed = self.quorum.unwrap_or(witnesses.len());
        Quorum::new(witnesses, needed).map_err(|error| Failure::Usage(error.to_string()))
    }
}

/// The keys that a log may have signed with.
pub(super) struct LogKeys(Vec<KeyHistory>);

impl LogKeys {
    /// Whether no key was given.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a key signs now for somebody who trusts the keys given.
    pub(super) fn lead_to(&self, key: &VerifierKey) -> bool {
        self.0.iter().any(|history| history.current() == key)
    }

    /// Those that may have signed a checkpoint, by the size of its tree.
    pub(super) fn of(&self, signed: &Note) -> Vec<VerifierKey> {
        // What is no checkpoint is refused whatever the keys.
        let size = signed.text().parse::<Checkpoint>().map_or(0, |checkpoint| checkpoint.size());
        self.0.iter().flat_map(|history| history.keys_at(size)).collect()
    }
}

fn rotations(path: &Path) -> Result<Vec<Note>, Failure> {
    let text = read(path, ROTATIONS_BYTES_MAX as u64)?;
    rotation::parse(text.as_bytes()).map_err(|error| Failure::Failed(format!("{}: {error}", path.display())))
}

fn key(option: &str, text: &str) -> Result<VerifierKey, Failure> {
    let wrong = |error| Failure::Usage(format!("{option} {text}: {error}"));
    match VerifierKey::from_str(text) {
        Ok(key) => Ok(key),
        Err(_) if Path::new(text).is_file() => read(Path::new(text), KEY_FILE_BYTES_MAX)?.trim().parse().map_err(wrong),
        Err(error) => Err(wrong(error)),
    }
}

/// A key, a checkpoint or rotations.
pub(in crate::cli) fn read(path: &Path, bytes_max: u64) -> Result<String, Failure> {
    let mut text = String::new();
    // One byte more than is allowed, so that a longer file is refused and not cut.
    let read = File::open(path).and_then(|file| file.take(bytes_max + 1).read_to_string(&mut text));
    read.map(|_| text).map_err(|error| Failure::Failed(format!("{}: cannot read: {error}", path.display())))
}
