//! That no event of an export was altered and none is missing.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::Path,
};

use indelible_proof::export::{ExportVerifier, ProvenExport};
use indelible_proof::limits::EXPORT_LINE_BYTES_MAX;
use serde::Serialize;

use super::{Against, events, fact, proven, trust::Trust};
use crate::cli::{error::Failure, progress::Progress, terminal::Screen};

/// What an export has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Every event from the first to the last.
    Stretch,
    /// Every event of the log.
    Whole,
    /// Any events of the log.
    Filtered,
}

#[derive(Debug, Serialize)]
struct Verdict {
    proven: bool,
    events: u64,
    first: Option<u64>,
    last: Option<u64>,
    /// Events between the first and the last that are left out.
    left_out: u64,
    /// Nothing is missing from the log's first event up to the checkpoint.
    whole: bool,
    with_sealed_parts: u64,
    checkpoint: Against,
}

pub(super) fn verify(path: &Path, wanted: Wanted, trust: &Trust, screen: &mut Screen) -> Result<(), Failure> {
    let (log, witnesses) = (trust.log(&[])?, trust.witnesses()?);
    let wrong = |problem: &dyn std::fmt::Display| Failure::Failed(format!("{}: {problem}", path.display()));
    let verifier = read(path, wrong)?;
    let keys = verifier.signed().map(|note| log.of(note)).unwrap_or_default();
    let found = verifier.finish(&keys, &witnesses).map_err(|error| wrong(&error))?;
    refuse_gaps(&found, wanted).map_err(|problem| wrong(&problem))?;
    let checkpoint = Against::new(&found.checkpoint, &found.witnesses);
    if screen.wants_json() {
        let (first, last) = found.ends.unzip();
        let (left_out, whole) = (found.left_out(), found.is_whole());
        let ProvenExport { events, with_sealed_parts, .. } = found;
        return screen.json(&Verdict {
            proven: true,
            events,
            first,
            last,
            left_out,
            whole,
            with_sealed_parts,
            checkpoint,
        });
    }
    proven(&in_words(&found), screen)?;
    if found.with_sealed_parts > 0 {
        fact("sealed", &format!("who or what was erased or withheld of {}", events(found.with_sealed_parts)), screen)?;
    }
    checkpoint.print(screen)
}

fn read(path: &Path, wrong: impl Fn(&dyn std::fmt::Display) -> Failure) -> Result<ExportVerifier, Failure> {
    let unreadable = |error| wrong(&format_args!("cannot read: {error}"));
    let file = File::open(path).map_err(unreadable)?;
    let mut progress = Progress::new("verify", file.metadata().ok().filter(|it| it.is_file()).map(|it| it.len()));
    let (mut file, mut verifier, mut line, mut done) = (BufReader::new(file), ExportVerifier::new(), Vec::new(), 0);
    loop {
        line.clear();
        // One byte more than a line may have, so that a longer one is refused and not cut.
        let room = EXPORT_LINE_BYTES_MAX as u64 + 1;
        done += file.by_ref().take(room).read_until(b'\n', &mut line).map_err(unreadable)? as u64;
        if line.is_empty() {
            return Ok(verifier);
        }
        verifier.line(&line).map_err(|error| wrong(&error))?;
        progress.at(done, verifier.lines());
    }
}

fn refuse_gaps(found: &ProvenExport<'_>, wanted: Wanted) -> Result<(), String> {
    let (size, left_out) = (found.checkpoint.size(), found.left_out());
    match wanted {
        Wanted::Whole if !found.is_whole() => {
            Err(format!("has {} of the log's {size}: it is not the whole log", events(found.events)))
        }
        Wanted::Stretch if left_out > 0 => Err(format!(
            "every event in it is in the log, and {} between the first and the last are left out; if a filter was meant \
             to do that, add --filtered",
            events(left_out)
        )),
        Wanted::Stretch if found.events == 0 && size > 0 => {
            Err("has no events; if a filter was meant to do that, add --filtered".to_owned())
        }
        _ => Ok(()),
    }
}

fn in_words(found: &ProvenExport<'_>) -> String {
    let (count, left_out) = (events(found.events), found.left_out());
    let Some((first, last)) = found.ends.filter(|_| !found.is_whole()) else {
        return if found.is_whole() {
            format!("the whole log up to the checkpoint: {count}")
        } else {
            "an export without events".to_owned()
        };
    };
    if left_out > 0 {
        format!(
            "{count} between {first} and {last}; {} are left out there, whether rightly cannot be told",
            events(left_out)
        )
    } else {
        format!("{count}, from {first} to {last}, none is missing between")
    }
}
