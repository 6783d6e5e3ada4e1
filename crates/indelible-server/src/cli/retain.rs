//! `indelible retain`: removes what was recorded long enough ago.

use std::{
    io::{self, BufRead, IsTerminal, Write},
    path::{Path, PathBuf},
};

use clap::Args;
use indelible::retention::Days;
use indelible_proof::{checkpoint::Checkpoint, limits::NOTE_BYTES_MAX, note::Note};

use super::{
    error::Failure,
    place::{Place, PlaceOptions},
    terminal::{Screen, bytes_in_words, grouped, short_time},
    verify::read,
};
use crate::{
    limits::RETENTION_SIZES_MAX,
    retention::{Asked, Retained},
};

/// Removes the events of days that need not be kept any more, for good; the others stay provable
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  indelible retain --days 90 --dry-run
  indelible retain --days 90 --checkpoint kept.checkpoint
  indelible retain --yes --url http://127.0.0.1:4610

Whole segments go, from the log's beginning, whose events were all recorded on UTC days before that. They are verified first, \
and the log records it as audit.retention.applied. A server does it every day when its configuration has retention_days.")]
pub(crate) struct Retain {
    /// Days for which events are kept, 1 to 36500. Default: retention_days of the configuration, of the server with --url; else 90
    #[arg(long, value_name = "DAYS")]
    days: Option<Days>,
    /// Say what would go, and remove nothing
    #[arg(long)]
    dry_run: bool,
    /// Older checkpoint that somebody keeps, which the log must be comparable with later; again for each of several
    #[arg(long = "checkpoint", value_name = "FILE")]
    checkpoints: Vec<PathBuf>,
    /// Do not ask on a terminal whether to go on
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    place: PlaceOptions,
}

impl Retain {
    pub(crate) fn run(&self, screen: &mut Screen) -> Result<(), Failure> {
        let sizes = self.checkpoints.iter().map(|path| size(path)).collect::<Result<Vec<_>, _>>()?;
        if sizes.len() > RETENTION_SIZES_MAX {
            return Err(Failure::Usage(format!("--checkpoint: give at most {RETENTION_SIZES_MAX}")));
        }
        let mut asked = Asked { days: self.days.map(Days::get), dry_run: true, sizes };
        if asked.days.is_none() && self.place.data().is_some() {
            let config = self.place.config()?;
            asked.days = Some(asked.days(config.retention_days).map_err(Failure::because)?.get());
        }
        let place = self.place.open()?;
        let planned = place.retain(&asked)?;
        if self.dry_run || planned.events == 0 || !self.confirmed(&planned, screen)? {
            return show(&planned, screen);
        }
        asked = Asked { days: Some(planned.days), dry_run: false, ..asked };
        show(&place.retain(&asked)?, screen)
    }

    /// Asks whoever sits at a terminal; scripts have said what they want.
    fn confirmed(&self, planned: &Retained, screen: &Screen) -> Result<bool, Failure> {
        if self.yes || screen.wants_json() || !io::stdin().is_terminal() {
            return Ok(true);
        }
        let mut out = io::stderr().lock();
        let asked = write!(out, "Remove {} for good? [y/N] ", what(planned)).and_then(|()| out.flush());
        let mut answer = String::new();
        asked.and_then(|()| io::stdin().lock().read_line(&mut answer)).map_err(Failure::because)?;
        Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
    }
}

impl Place {
    /// Removes what has expired, or says what would go.
    fn retain(&self, asked: &Asked) -> Result<Retained, Failure> {
        match self {
            Self::Local(log) => log.retain(asked),
            Self::Remote(server) => Ok(server.post("/v1/retention", asked)?),
        }
    }
}

/// Events of a checkpoint that somebody keeps. Whether it is the log's need not be known: too much is kept at worst.
fn size(path: &Path) -> Result<u64, Failure> {
    let wrong = |problem: &dyn std::fmt::Display| Failure::Failed(format!("{}: {problem}", path.display()));
    let note = Note::parse(read(path, NOTE_BYTES_MAX as u64)?.as_bytes()).map_err(|error| wrong(&error))?;
    Ok(note.text().parse::<Checkpoint>().map_err(|error| wrong(&error))?.size())
}

fn what(retained: &Retained) -> String {
    let Retained { events, segments, bytes, recorded_before, .. } = retained;
    let number = |count: u64| grouped(i64::try_from(count).unwrap_or(i64::MAX));
    let segment = if *segments == 1 { "segment" } else { "segments" };
    let event = if *events == 1 { "event" } else { "events" };
    format!(
        "{} {event} recorded before {} ({} {segment}, {})",
        number(*events),
        short_time(*recorded_before),
        number(*segments),
        bytes_in_words(*bytes),
    )
}

fn show(retained: &Retained, screen: &mut Screen) -> Result<(), Failure> {
    if screen.wants_json() {
        return screen.json(retained);
    }
    let Retained { days, dry_run, done, first_seq, events, .. } = retained;
    screen.line(&format!("Events are kept for {days} {}.", if *days == 1 { "day" } else { "days" }))?;
    match (events, dry_run, done) {
        (0, ..) => screen.line("Nothing has expired."),
        (_, true, _) => screen.line(&format!("Nothing was removed. {} would go.", what(retained))),
        (_, _, false) => screen.line(&format!(
            "The server goes on removing {}; first_seq of /v1/status then is {first_seq}.",
            what(retained)
        )),
        _ => {
            screen.line(&format!("Removed {}. The log begins at event {first_seq}.", what(retained)))?;
            screen.line(
                "Keep the newest checkpoint elsewhere, in place of older ones: indelible checkpoint > kept.checkpoint",
            )
        }
    }
}
