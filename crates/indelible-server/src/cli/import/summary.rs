//! What an import did, by file.

use std::{collections::BTreeMap, path::Path};

use indelible_proof::Event;
use serde::Serialize;

use super::{lines::BadLine, sender::Sent};
use crate::{
    cli::{
        error::Failure,
        table::{self, Cell, Column},
        terminal::{Screen, grouped, style, visible},
    },
    limits::{ERROR_KINDS_MAX, ERROR_LINES_LISTED},
};

/// What an import did.
#[derive(Debug, Default, Serialize)]
pub(super) struct Summary {
    /// By file, in order.
    pub(super) files: Vec<OfFile>,
    /// What events a dry run found, by their original name.
    #[serde(skip)]
    found: BTreeMap<(String, String, &'static str), u64>,
}

/// What was done with one file.
#[derive(Debug, Default, Serialize)]
pub(super) struct OfFile {
    file: String,
    format: &'static str,
    /// Lines read.
    pub(super) lines: u64,
    /// Events in them.
    pub(super) events: u64,
    /// Events recorded now.
    recorded: u64,
    /// Events recorded before.
    pub(super) known: u64,
    /// Lines that hold nothing of interest.
    pub(super) skipped: u64,
    /// Lines that could not be read.
    pub(super) errors: Errors,
}

/// Bad lines by kind.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub(super) struct Errors(BTreeMap<String, OfKind>);

/// Lines with the same mistake.
#[derive(Debug, Default, Serialize)]
struct OfKind {
    lines: u64,
    first_lines: Vec<u64>,
    example: String,
}

impl Errors {
    pub(super) fn add(&mut self, line: &BadLine) {
        let room = self.0.len() < ERROR_KINDS_MAX || self.0.contains_key(&line.kind);
        let of_kind = self.0.entry(if room { line.kind.clone() } else { "other".to_owned() }).or_default();
        of_kind.lines += 1;
        if of_kind.first_lines.len() < ERROR_LINES_LISTED {
            of_kind.first_lines.push(line.number);
        }
        if of_kind.example.is_empty() {
            of_kind.example.clone_from(&line.problem);
        }
    }

    fn lines(&self) -> u64 {
        self.0.values().map(|kind| kind.lines).sum()
    }
}

impl OfFile {
    pub(super) fn new(path: &Path, format: &'static str) -> Self {
        let file = if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() };
        Self { file, format, ..Self::default() }
    }

    pub(super) fn sent(&mut self, sent: Sent) {
        self.recorded += sent.fresh;
        self.known += sent.known;
    }

    fn add(&mut self, other: &Self) {
        self.lines += other.lines;
        self.events += other.events;
        self.recorded += other.recorded;
        self.known += other.known;
        self.skipped += other.skipped;
    }

    fn cells(&self, errors: u64) -> Vec<Cell> {
        let number = |number: u64| Cell::plain(&grouped(i64::try_from(number).unwrap_or(i64::MAX)));
        let errors = Cell::new(&errors.to_string(), if errors > 0 { style::BAD } else { style::PLAIN });
        let names = [Cell::plain(&self.file), Cell::plain(self.format)];
        let numbers = [self.lines, self.events, self.recorded, self.known, self.skipped].map(number);
        names.into_iter().chain(numbers).chain([errors]).collect()
    }
}

impl Summary {
    /// The file that is being imported.
    pub(super) fn now(&mut self) -> &mut OfFile {
        if self.files.is_empty() {
            self.files.push(OfFile::default());
        }
        let last = self.files.len() - 1;
        &mut self.files[last]
    }

    /// Counts an event of a dry run.
    pub(super) fn count(&mut self, event: &Event) {
        let original = event.metadata.get("original_action").and_then(|name| name.as_str()).unwrap_or("-");
        let outcome = event.outcome.map_or("-", indelible_proof::Outcome::as_str);
        *self.found.entry((event.action.clone(), original.to_owned(), outcome)).or_default() += 1;
    }

    pub(super) fn print(&self, dry_run: bool, screen: &mut Screen) -> Result<(), Failure> {
        if screen.wants_json() {
            return screen.json(self);
        }
        if dry_run {
            self.print_found(screen)?;
        }
        let mut rows: Vec<Vec<Cell>> = self.files.iter().map(|file| file.cells(file.errors.lines())).collect();
        if rows.is_empty() {
            return Ok(());
        }
        if self.files.len() > 1 {
            let mut total = OfFile { file: "total".to_owned(), ..OfFile::default() };
            self.files.iter().for_each(|file| total.add(file));
            rows.push(total.cells(self.files.iter().map(|file| file.errors.lines()).sum()));
        }
        let numbers = ["LINES", "EVENTS", "RECORDED", "KNOWN", "SKIPPED", "ERRORS"].map(Column::number);
        let names = [Column::text("file", 10), Column::whole("format")];
        table::print(names.into_iter().chain(numbers).collect(), &rows, screen)?;
        self.files.iter().try_for_each(|file| print_errors(file, screen))
    }

    fn print_found(&self, screen: &mut Screen) -> Result<(), Failure> {
        let columns = vec![
            Column::text("original", 10),
            Column::text("action", 10),
            Column::whole("outcome"),
            Column::number("events"),
        ];
        let rows: Vec<Vec<Cell>> = self
            .found
            .iter()
            .map(|((action, original, outcome), events)| {
                let events = grouped(i64::try_from(*events).unwrap_or(i64::MAX));
                vec![
                    Cell::plain(original),
                    Cell::plain(action),
                    Cell::new(outcome, style::of_word(outcome)),
                    Cell::plain(&events),
                ]
            })
            .collect();
        table::print(columns, &rows, screen)?;
        screen.line("")
    }
}

fn print_errors(file: &OfFile, screen: &mut Screen) -> Result<(), Failure> {
    for (kind, of_kind) in &file.errors.0 {
        let mut numbers: Vec<String> = of_kind.first_lines.iter().map(u64::to_string).collect();
        if of_kind.lines > of_kind.first_lines.len() as u64 {
            numbers.push("…".to_owned());
        }
        let example = &of_kind.example;
        let what = if example.starts_with(kind) { example.clone() } else { format!("{kind} ({example})") };
        let lines = if of_kind.lines == 1 { "line" } else { "lines" };
        let text = format!("{}: {what}: {} {lines}: {}", file.file, of_kind.lines, numbers.join(", "));
        screen.line(&visible(&text))?;
    }
    Ok(())
}
