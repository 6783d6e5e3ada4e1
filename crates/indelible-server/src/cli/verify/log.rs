//! That a whole log is what it signed: everything is made again from the events.

use std::path::{Path, PathBuf};

use indelible_engine::log::Log;
use indelible_proof::cosignature::Quorum;
use indelible_proof::limits::NOTE_BYTES_MAX;
use indelible_proof::note::Note;
use indelible_proof::rotation;
use serde::Serialize;

use super::{
    Against, events, fact, proven,
    trust::{Trust, read},
};
use crate::cli::{
    error::Failure,
    local::Local,
    terminal::{Screen, bytes_in_words},
};

#[derive(Debug, Serialize)]
struct Verdict {
    proven: bool,
    events: u64,
    /// So many first events were removed by retention; what is kept of the tree over them was verified.
    removed: u64,
    segments: u64,
    bytes: u64,
    checkpoint: Against,
    /// Older checkpoints that the log extends.
    extends: Vec<Against>,
    /// The public key of the log's signature.
    key: String,
    /// Whether the key was given, and not just found beside the log.
    key_given: bool,
}

/// A checkpoint that was kept elsewhere.
struct Kept {
    note: Note,
    against: Against,
}

pub(super) fn verify(directory: &Path, kept: &[PathBuf], trust: &Trust, screen: &mut Screen) -> Result<(), Failure> {
    let local = Local::open(directory)?;
    let log = local.log();
    let own = log.verifier();
    // A rotation is believed for the signature of the key given, wherever it was found.
    let given = trust.log(&rotation::parse(log.rotations().as_bytes()).map_err(Failure::because)?)?;
    if !given.is_empty() && !given.lead_to(&own) {
        return Err(Failure::Failed(format!(
            "the log signs with {own}, which is none of the keys given and does not follow from them"
        )));
    }
    // Whoever names witnesses and has kept nothing asks for what they have cosigned of this directory.
    let cosigned = [directory.join("witnesses/cosigned")];
    let kept = if kept.is_empty() && trust.names_witnesses() { &cosigned } else { kept };
    let witnesses = trust.witnesses()?;
    let kept = kept.iter().map(|path| self::kept(path, &log, &witnesses)).collect::<Result<Vec<_>, _>>()?;
    let notes: Vec<Note> = kept.iter().map(|kept| kept.note.clone()).collect();
    let verified = local.verify(&notes).map_err(Failure::because)?;
    if let Some(why) = log.stopped() {
        return Err(Failure::Failed(format!("the log is sound in itself, but {why}")));
    }
    let checkpoint = log.checkpoint();
    let verdict = Verdict {
        proven: true,
        events: verified.events,
        removed: verified.removed,
        segments: verified.segments,
        bytes: verified.bytes,
        checkpoint: Against::new(&log.open_checkpoint(&checkpoint).map_err(Failure::because)?, &[]),
        extends: kept.into_iter().map(|kept| kept.against).collect(),
        key: own.to_string(),
        key_given: !given.is_empty(),
    };
    if screen.wants_json() { screen.json(&verdict) } else { print(&verdict, screen) }
}

fn kept(path: &Path, log: &Log, witnesses: &Quorum) -> Result<Kept, Failure> {
    let wrong = |problem: &dyn std::fmt::Display| Failure::Failed(format!("{}: {problem}", path.display()));
    let note = Note::parse(read(path, NOTE_BYTES_MAX as u64)?.as_bytes()).map_err(|error| wrong(&error))?;
    let checkpoint = log.open_checkpoint(&note).map_err(|error| wrong(&error))?;
    let seen = witnesses.check(&note).map_err(|error| wrong(&error))?;
    let against = Against::new(&checkpoint, &seen);
    Ok(Kept { note, against })
}

fn print(verdict: &Verdict, screen: &mut Screen) -> Result<(), Failure> {
    let Verdict { segments, bytes, checkpoint, .. } = verdict;
    proven(
        &format!("every event is what was recorded, at its place, and none is missing: {}", events(verdict.events)),
        screen,
    )?;
    if verdict.removed > 0 {
        let (removed, first_seq) = (events(verdict.removed), verdict.removed);
        fact(
            "removed",
            &format!("{removed} before event {first_seq}, by retention; the tree above them is verified"),
            screen,
        )?;
    }
    let word = if *segments == 1 { "segment" } else { "segments" };
    fact("read", &format!("{segments} {word} and the write-ahead log, {}", bytes_in_words(*bytes)), screen)?;
    fact("log", &checkpoint.origin, screen)?;
    fact("checkpoint", &format!("{}, root {}", events(checkpoint.size), checkpoint.root), screen)?;
    let whose = if verdict.key_given { "" } else { " (found beside the log; --key holds it to one that you know)" };
    fact("key", &format!("{}{whose}", verdict.key), screen)?;
    if verdict.extends.is_empty() {
        return fact(
            "extends",
            "no checkpoint was given: whoever has the signing key could have made this log today",
            screen,
        );
    }
    verdict.extends.iter().try_for_each(|kept| {
        let seen: Vec<&str> = kept.witnesses.iter().map(|witness| witness.name.as_str()).collect();
        let seen = if seen.is_empty() { String::new() } else { format!(", seen by {}", seen.join(", ")) };
        fact("extends", &format!("{}, root {}{seen}", events(kept.size), kept.root), screen)
    })
}
