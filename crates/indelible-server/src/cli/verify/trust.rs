//! Whom a verifier trusts: the log's key, and witnesses.

use std::{fs::File, io::Read, path::Path, str::FromStr};

use clap::Args;
use indelible_proof::cosignature::Quorum;
use indelible_proof::note::{KeyKind, VerifierKey};

use crate::{cli::error::Failure, limits::KEY_FILE_BYTES_MAX};

/// The options that say whom to trust.
#[derive(Debug, Args)]
#[command(next_help_heading = "Whom to trust")]
pub(super) struct Trust {
    /// Public key of the log, name+id+base64, or a file that holds it; again for each of several keys
    #[arg(long = "key", value_name = "VKEY|FILE")]
    keys: Vec<String>,
    /// Public key of a witness that may have seen the checkpoint, or a file that holds it
    #[arg(long = "witness", value_name = "VKEY|FILE")]
    witnesses: Vec<String>,
    /// How many of the witnesses must have seen it; all of them when left out
    #[arg(long, value_name = "K", requires = "witnesses")]
    quorum: Option<usize>,
}

impl Trust {
    /// The log's keys.
    pub(super) fn keys(&self) -> Result<Vec<VerifierKey>, Failure> {
        let keys = self.keys.iter().map(|text| key("--key", text)).collect::<Result<Vec<_>, _>>()?;
        match keys.iter().find(|key| key.kind() != KeyKind::Ed25519) {
            Some(key) => Err(Failure::Usage(format!("--key {key}: this is the key of a witness, not a log's"))),
            None => Ok(keys),
        }
    }

    /// The witnesses, and how many are needed.
    pub(super) fn witnesses(&self) -> Result<Quorum, Failure> {
        let witnesses = self.witnesses.iter().map(|text| key("--witness", text)).collect::<Result<Vec<_>, _>>()?;
        let needed = self.quorum.unwrap_or(witnesses.len());
        Quorum::new(witnesses, needed).map_err(|error| Failure::Usage(error.to_string()))
    }
}

fn key(option: &str, text: &str) -> Result<VerifierKey, Failure> {
    let wrong = |error| Failure::Usage(format!("{option} {text}: {error}"));
    match VerifierKey::from_str(text) {
        Ok(key) => Ok(key),
        Err(_) if Path::new(text).is_file() => read(Path::new(text))?.trim().parse().map_err(wrong),
        Err(error) => Err(wrong(error)),
    }
}

/// A key or a checkpoint.
pub(super) fn read(path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(KEY_FILE_BYTES_MAX).read_to_string(&mut text));
    read.map(|_| text).map_err(|error| Failure::Failed(format!("{}: cannot read: {error}", path.display())))
}
