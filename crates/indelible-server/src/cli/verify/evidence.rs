//! That one event is in the log: a file of evidence.

use std::{fs::File, io::Read, path::Path};

use indelible_proof::disclosure::{Disclosure, Part};
use indelible_proof::evidence::{Evidence, Proven};
use indelible_proof::limits::PROOF_BYTES_MAX;
use indelible_proof::{Actor, Event, Target};
use serde::Serialize;

use super::{Against, fact, proven, trust::Trust};
use crate::cli::{error::Failure, terminal::Screen};

#[derive(Debug, Serialize)]
struct Verdict<'a> {
    proven: bool,
    seq: u64,
    event: &'a Event,
    leaf: String,
    /// Parts of the event that are there and not told.
    sealed: Vec<&'static str>,
    checkpoint: Against,
}

pub(super) fn verify(path: &Path, trust: &Trust, screen: &mut Screen) -> Result<(), Failure> {
    let (log, witnesses) = (trust.log(&[])?, trust.witnesses()?);
    let wrong = |problem: &dyn std::fmt::Display| Failure::Failed(format!("{}: {problem}", path.display()));
    let mut bytes = Vec::new();
    // One byte more than is allowed, so that a longer file is refused and not cut.
    let room = PROOF_BYTES_MAX as u64 + 1;
    let read = File::open(path).and_then(|file| file.take(room).read_to_end(&mut bytes));
    read.map_err(|error| wrong(&format_args!("cannot read: {error}")))?;
    let evidence = Evidence::parse(&bytes).map_err(|error| wrong(&error))?;
    let keys = log.of(&evidence.proof().checkpoint);
    let found = evidence.verify(&keys, &witnesses).map_err(|error| wrong(&error))?;
    let checkpoint = Against::new(&found.checkpoint, &found.witnesses);
    let sealed = sealed(evidence.disclosure());
    if screen.wants_json() {
        let leaf = found.entry.leaf_hash().to_string();
        return screen.json(&Verdict { proven: true, seq: found.seq, event: &found.event, leaf, sealed, checkpoint });
    }
    print(&found, &sealed, screen)?;
    checkpoint.print(screen)
}

fn sealed(told: &Disclosure) -> Vec<&'static str> {
    let parts = [("who", told.who()), ("what", told.what())];
    parts.into_iter().filter(|(_, part)| matches!(part, Part::Sealed(_))).map(|(name, _)| name).collect()
}

fn print(found: &Proven<'_>, sealed: &[&str], screen: &mut Screen) -> Result<(), Failure> {
    let event = &found.event;
    let outcome = event.outcome.map(|outcome| format!(" ({})", outcome.as_str())).unwrap_or_default();
    proven(&format!("event {} of the log is {}{outcome}", found.seq, event.action), screen)?;
    for actor in event.actor.iter().chain(&event.on_behalf_of) {
        fact("who", &name_of(actor), screen)?;
    }
    for target in &event.targets {
        fact("what", &thing(target), screen)?;
    }
    if let Some(at) = event.occurred_at {
        fact("when", &at.to_string(), screen)?;
    }
    if let Some(at) = event.recorded_at.filter(|at| Some(*at) != event.occurred_at) {
        fact("recorded", &at.to_string(), screen)?;
    }
    for part in sealed {
        fact(part, "erased or withheld; the log commits to what it was", screen)?;
    }
    fact("leaf", &found.entry.leaf_hash().to_string(), screen)
}

fn name_of(actor: &Actor) -> String {
    words([&actor.r#type, &actor.id, &actor.name, &actor.email])
}

fn thing(target: &Target) -> String {
    words([&target.r#type, &target.id, &target.name, &None])
}

fn words(parts: [&Option<String>; 4]) -> String {
    parts.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" ")
}
