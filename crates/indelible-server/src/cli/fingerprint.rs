//! `indelible fingerprint`: what the log calls a token that somebody holds.

use std::path::PathBuf;

use clap::Args;
use indelible::{oauth::Fingerprints, read_key};
use serde_json::json;

use super::{error::Failure, prompt, terminal::Screen};
use crate::tokens::key_file;

/// Prints the fingerprint of a token, by which the log knows it
///
/// The token is read from the standard input, or asked for on a terminal without being shown. Nothing is recorded.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  indelible fingerprint < leaked.txt
  indelible list \"fingerprint:$(indelible fingerprint < leaked.txt)\"
  indelible list \"target:$(indelible fingerprint < leaked.txt)\"
  indelible oauth chain \"$(indelible fingerprint < leaked.txt)\"

The first list is of what the token was presented for, the second of what was done to it, the chain of all that came \
of it. The key is a secret that stays where the log is written: run this there, or take the file along.")]
pub(crate) struct Fingerprint {
    /// Data directory of the log, whose key is in keys/fingerprint.key
    #[arg(long, env = "INDELIBLE_DATA", value_name = "DIR", default_value = "data")]
    data: PathBuf,
    /// File with the key, for fingerprints that were made with another: 64 hexadecimal digits
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

impl Fingerprint {
    pub(crate) fn run(&self, screen: &mut Screen) -> Result<(), Failure> {
        let path = self.key_file.clone().unwrap_or_else(|| key_file(&self.data));
        // A new one would make fingerprints that are nowhere in the log.
        let key = read_key(&path).map_err(|error| match error {
            missing if missing.is_missing() => Failure::Failed(format!(
                "there is no key of fingerprints: {} is missing; name the log's directory with --data, or the file with --key-file",
                path.display()
            )),
            error => Failure::because(error),
        })?;
        let fingerprints = Fingerprints::new(key);
        let fingerprint = fingerprints.of(&prompt::token()?);
        if screen.wants_json() {
            screen.json(&json!({ "fingerprint": fingerprint }))
        } else {
            screen.line(&fingerprint)
        }
    }
}
