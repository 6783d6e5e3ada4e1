//! `indelible checkpoint`: the newest published checkpoint, to be kept elsewhere.

use clap::Args;
use serde_json::json;

use super::{error::Failure, place::PlaceOptions, terminal::Screen};

/// Prints the newest published checkpoint: keep it elsewhere, and no part of the log before it can change unseen
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  indelible checkpoint > kept.checkpoint
  indelible checkpoint --verifier-key > log.vkey
  indelible checkpoint --rotations > log.rotations")]
pub(crate) struct Checkpoint {
    /// Print the public key that checkpoints are verified with instead
    #[arg(long)]
    verifier_key: bool,
    /// Print every change of that key instead: with them `indelible verify` follows the log from an earlier key
    #[arg(long, conflicts_with = "verifier_key")]
    rotations: bool,
    #[command(flatten)]
    place: PlaceOptions,
}

impl Checkpoint {
    pub(crate) fn run(&self, screen: &mut Screen) -> Result<(), Failure> {
        let place = self.place.open()?;
        let (name, text, end) = match self {
            Self { verifier_key: true, .. } => ("verifier_key", place.verifier_key()?, "\n"),
            Self { rotations: true, .. } => ("rotations", place.rotations()?, ""),
            _ => ("checkpoint", place.checkpoint()?, ""),
        };
        if screen.wants_json() { screen.json(&json!({ name: text })) } else { screen.bytes((text + end).as_bytes()) }
    }
}
