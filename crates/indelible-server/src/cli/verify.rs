//! `indelible verify`: whether a log, or what is told of it, is what the log signed.

mod evidence;
mod export;
mod log;
mod trust;

use std::path::PathBuf;

use clap::Args;
use indelible_proof::Timestamp;
use indelible_proof::checkpoint::Checkpoint;
use indelible_proof::note::Verified;
use serde::Serialize;

use super::{
    error::Failure,
    terminal::{Screen, grouped, short_time, style, visible},
};
use trust::Trust;

pub(super) use trust::read;

/// Makes a whole log again from its events, and proves that it is what it signed; or checks evidence or an export offline
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  indelible verify --data /var/lib/indelible
  indelible verify --checkpoint kept.checkpoint --key log.vkey
  indelible verify --proof event-41.tlog-proof --key log.example.com+3a5f9c01+AekyeRrm...
  indelible verify --proof event-41.tlog-proof --key log.vkey --witness w.vkey
  indelible verify --export november.jsonl --key log.vkey

Ends with 0 when everything is proven, with 1 when anything is wrong, and says what.")]
pub(crate) struct Verify {
    /// Data directory of the log, of which nothing is believed: leaves, tree and indexes are made again from the events
    #[arg(long, env = "INDELIBLE_DATA", value_name = "DIR", default_value = "data")]
    data: PathBuf,
    /// Older checkpoint of the log that was kept elsewhere, which it must extend; again for each of several
    #[arg(long = "checkpoint", value_name = "FILE", conflicts_with_all = ["proof", "export"])]
    checkpoints: Vec<PathBuf>,
    /// Evidence file: that one event is in the log, at its place, unaltered; no data directory is needed
    #[arg(long, value_name = "FILE", requires = "keys", conflicts_with = "export")]
    proof: Option<PathBuf>,
    /// Export with proof: that no event was altered, and none is missing from the first to the last
    #[arg(long, value_name = "FILE", requires = "keys")]
    export: Option<PathBuf>,
    /// The export was made with a filter: events may be left out between its first and its last
    #[arg(long, requires = "export")]
    filtered: bool,
    /// The export must have every event, from the log's first up to the checkpoint
    #[arg(long, requires = "export", conflicts_with = "filtered")]
    whole: bool,
    #[command(flatten)]
    trust: Trust,
}

impl Verify {
    pub(crate) fn run(&self, screen: &mut Screen) -> Result<(), Failure> {
        match (&self.proof, &self.export) {
            (Some(path), _) => evidence::verify(path, &self.trust, screen),
            (None, Some(path)) => export::verify(path, self.wanted(), &self.trust, screen),
            (None, None) => log::verify(&self.data, &self.checkpoints, &self.trust, screen),
        }
    }

    fn wanted(&self) -> export::Wanted {
        match (self.whole, self.filtered) {
            (true, _) => export::Wanted::Whole,
            (_, true) => export::Wanted::Filtered,
            _ => export::Wanted::Stretch,
        }
    }
}

/// The signed tree that something was proven against, for JSON.
#[derive(Debug, Serialize)]
struct Against {
    origin: String,
    size: u64,
    root: String,
    witnesses: Vec<Witness>,
}

#[derive(Debug, Serialize)]
struct Witness {
    name: String,
    time: Option<Timestamp>,
}

impl Against {
    fn new(checkpoint: &Checkpoint, witnesses: &[Verified<'_>]) -> Self {
        let witness = |it: &Verified<'_>| Witness { name: it.key.name().to_owned(), time: it.time_s.and_then(time) };
        Self {
            origin: checkpoint.origin().to_owned(),
            size: checkpoint.size(),
            root: checkpoint.root().to_string(),
            witnesses: witnesses.iter().map(witness).collect(),
        }
    }

    fn print(&self, screen: &mut Screen) -> Result<(), Failure> {
        fact("log", &self.origin, screen)?;
        fact("checkpoint", &format!("{}, root {}", events(self.size), self.root), screen)?;
        for Witness { name, time } in &self.witnesses {
            let time = time.map(|time| format!(", {}", short_time(time))).unwrap_or_default();
            fact("seen by", &format!("{name}{time}"), screen)?;
        }
        if self.witnesses.is_empty() {
            fact(
                "seen by",
                "no witness was asked for: whoever has the signing key can show others another log",
                screen,
            )?;
        }
        Ok(())
    }
}

/// The time of a cosignature, when it is one that a clock can show.
fn time(seconds: u64) -> Option<Timestamp> {
    let micros = i64::try_from(seconds.checked_mul(1_000_000)?).ok()?;
    Timestamp::from_micros(micros).ok()
}

fn proven(what: &str, screen: &mut Screen) -> Result<(), Failure> {
    let word = screen.paint(style::GOOD, "proven");
    screen.line(&format!("{word}  {}", visible(what)))
}

fn fact(name: &str, value: &str, screen: &mut Screen) -> Result<(), Failure> {
    let name = screen.paint(style::NAME, name).into_owned() + &" ".repeat(11_usize.saturating_sub(name.len()));
    screen.line(&format!("  {name} {}", visible(value)))
}

fn events(count: u64) -> String {
    let word = if count == 1 { "event" } else { "events" };
    format!("{} {word}", grouped(i64::try_from(count).unwrap_or(i64::MAX)))
}
