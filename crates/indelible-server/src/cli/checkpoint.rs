//! `indelible checkpoint`: the newest published checkpoint, to be kept elsewhere.

use clap::Args;

use super::{error::Failure, place::PlaceOptions, terminal::Screen};

/// Prints the newest published checkpoint: keep it elsewhere, and no part of the log before it can change unseen
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  indelible checkpoint > kept.checkpoint
  indelible checkpoint --verifier-key > log.vkey")]
pub(crate) struct Checkpoint {
    /// Print the public key that checkpoints are verified with instead
    #[arg(long)]
    verifier_key: bool,
    #[command(flatten)]
    place: PlaceOptions,
}

impl Checkpoint {
    pub(crate) fn run(&self, screen: &mut Screen) -> Result<(), Failure> {
        let place = self.place.open()?;
        let text = if self.verifier_key { place.verifier_key()? + "\n" } else { place.checkpoint()? };
        if screen.wants_json() {
            let name = if self.verifier_key { "verifier_key" } else { "checkpoint" };
            return screen
                .json(&serde_json::json!({ name: text.trim_end_matches(|c| self.verifier_key && c == '\n') }));
        }
        screen.bytes(text.as_bytes())
    }
}
