//! `indelible proof`: one event's evidence, as a file that proves it without the log.

use std::{io::Write, path::PathBuf};

use clap::Args;

use super::{error::Failure, place::PlaceOptions, question::Which, show::which, terminal::Screen};
use crate::durable::private;

/// Writes one event's evidence: a file that proves, without the log, that the event is in it, unaltered
///
/// The file holds the event with all its fields: whoever gets it can read them.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  indelible proof 41 -o event-41.tlog-proof
  indelible verify --proof event-41.tlog-proof --key log.vkey")]
pub(crate) struct Proof {
    /// The event's id or sequence number
    #[arg(value_name = "ID", value_parser = which)]
    which: Which,
    /// File to write; without it the evidence is printed
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    place: PlaceOptions,
}

impl Proof {
    pub(crate) fn run(&self, screen: &mut Screen) -> Result<(), Failure> {
        let evidence = self.place.open()?.evidence(self.which)?;
        let Some(path) = &self.output else { return screen.bytes(evidence.as_bytes()) };
        let failed = |error| Failure::Failed(format!("{}: cannot write: {error}", path.display()));
        // It may have what nobody else on the machine is to read.
        private(path, true).and_then(|mut file| file.write_all(evidence.as_bytes())).map_err(failed)
    }
}
