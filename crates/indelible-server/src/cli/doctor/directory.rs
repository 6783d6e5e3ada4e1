//! The state of a data directory.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
};

use indelible_engine::store::Status;
use indelible_proof::{Timestamp, note::Signature};

use super::Finding;
use crate::{
    cli::{
        local::Local,
        question::PageOf,
        terminal::{bytes_in_words, grouped, short_time},
    },
    clock,
    limits::{CLOCK_SKEW_MAX, FREE_BYTES_LOW},
};

pub(super) fn examine(directory: &Path) -> Vec<Finding> {
    let mut findings = Vec::new();
    match fs::metadata(directory) {
        Ok(about) if about.is_dir() => {
            findings.push(Finding::ok("directory", directory.display().to_string()));
            findings.push(owner(&about));
            findings.extend(keys(directory));
        }
        Ok(_) => {
            let found = format!("{} is no directory", directory.display());
            findings.push(Finding::problem("directory", found, "name the log's directory with --data"));
            return findings;
        }
        Err(error) => {
            findings.push(missing(directory, &error));
            return findings;
        }
    }
    findings.push(space(directory));
    match Local::open(directory) {
        Ok(log) => {
            findings.push(Finding::ok("lock", "no other process has the log open"));
            findings.extend(status(&log.status(), log.log().stopped().is_some()));
            findings.extend(witnesses(&log));
            findings.push(clock_of(&log));
        }
        Err(error) => findings.push(Finding::problem("log", error.to_string(), "see above; nothing was changed")),
    }
    findings
}

fn missing(directory: &Path, error: &io::Error) -> Finding {
    let advice = match error.kind() {
        io::ErrorKind::NotFound => "name the log's directory with --data; `indelible serve` makes a new one",
        _ => "let this user read the directory",
    };
    Finding::problem("directory", format!("{}: {error}", directory.display()), advice)
}

fn owner(about: &fs::Metadata) -> Finding {
    let user = rustix::process::geteuid().as_raw();
    let mode = about.permissions().mode() & 0o7777;
    if about.uid() != user {
        let found = format!("the directory belongs to user {}, this is user {user}", about.uid());
        return Finding::warning("owner", found, "run Indelible as the directory's owner");
    }
    if mode & 0o022 != 0 {
        let found = format!("mode {mode:o}: others can write here");
        return Finding::problem("owner", found, "chmod go-w the directory: others could replace the log");
    }
    Finding::ok("owner", format!("user {user}, mode {mode:o}"))
}

/// Files under keys/ that somebody else may read.
fn keys(directory: &Path) -> Option<Finding> {
    let entries = fs::read_dir(directory.join("keys")).ok()?;
    let open: Vec<String> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.metadata().is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o077 != 0))
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    Some(if open.is_empty() {
        Finding::ok("keys", "readable by their owner only")
    } else {
        Finding::problem("keys", format!("others can read {}", open.join(", ")), "chmod 600 the files under keys/")
    })
}

fn space(directory: &Path) -> Finding {
    match rustix::fs::statvfs(directory) {
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            let found = format!(
                "{} free of {}",
                bytes_in_words(free),
                bytes_in_words(disk.f_blocks.saturating_mul(disk.f_frsize))
            );
            if free < FREE_BYTES_LOW {
                Finding::problem(
                    "space",
                    found,
                    "make room or move the log: it stops taking events when the disk is full",
                )
            } else {
                Finding::ok("space", found)
            }
        }
        Err(error) => Finding::warning("space", format!("cannot tell: {error}"), "see df"),
    }
}

fn status(status: &Status, stopped: bool) -> Vec<Finding> {
    let number = |number: u64| grouped(i64::try_from(number).unwrap_or(i64::MAX));
    let kept = status.next_seq.saturating_sub(status.first_seq);
    let found = format!(
        "{} events, {} not sealed yet, {} segments, {}",
        number(kept),
        number(status.tail_events),
        number(status.segments),
        bytes_in_words(status.disk_bytes)
    );
    let mut findings = vec![Finding::ok("log", found)];
    if let Some(cause) = status.halted.as_ref().filter(|_| !stopped) {
        findings.push(Finding::problem("writing", cause, "check the disk, its room and permissions"));
    }
    if let Some(cause) = &status.seal_error {
        findings.push(Finding::warning("sealing", cause, "it is tried again; check space and permissions"));
    }
    findings
}

/// What the log's witnesses have said, if it has any.
fn witnesses(log: &Local) -> Option<Finding> {
    if let Some(why) = log.log().stopped() {
        return Some(Finding::problem("witnesses", why, "nothing is recorded until this is settled"));
    }
    let published = log.checkpoint().ok().filter(|published| published.signatures().len() > 1)?;
    let size = published.text().lines().nth(1)?;
    let names: Vec<_> = published.signatures().iter().skip(1).map(Signature::name).collect();
    Some(Finding::ok("witnesses", format!("the first {size} events bear cosignatures of {}", names.join(", "))))
}

/// Events are stamped with this clock, so it must not run behind the newest one.
fn clock_of(log: &Local) -> Finding {
    let now = clock::now();
    let newest = log.page(&PageOf { limit: 1, ..PageOf::default() }).ok();
    let newest = newest.and_then(|page| page.events.first().and_then(|event| event.event.recorded_at));
    against("the newest event was recorded at", newest.filter(|&newest| newest > now), now)
}

/// Compares this machine's clock with a moment that it should have passed.
pub(super) fn against(what: &str, other: Option<Timestamp>, now: Timestamp) -> Finding {
    let skew = other.map_or(0, |other| (other.as_micros() - now.as_micros()).unsigned_abs());
    let found = format!("{} UTC", short_time(now));
    match other {
        Some(other) if u128::from(skew) > CLOCK_SKEW_MAX.as_micros() => {
            let found = format!("{found}, but {what} {} UTC", short_time(other));
            Finding::problem("clock", found, "set the clock right, and keep it so with NTP")
        }
        _ => Finding::ok("clock", found),
    }
}
