//! `indelible export`: every event of a filter, as a file or a stream.

use std::{
    ffi::OsString,
    fs::{self, OpenOptions},
    io::{self, BufWriter, IsTerminal, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    vec,
};

use clap::{Args, ValueEnum};
use indelible_engine::{limits::PAGE_ROWS_MAX, query::Order};
use indelible_proof::{Recorded, note::Note};
use indelible_stores::parquet;
use serde::Serialize;

use super::{
    error::Failure,
    filter::FilterLine,
    local::Local,
    place::{Place, PlaceOptions},
    progress::Progress,
    question::PageOf,
    remote::Remote,
    terminal::{Screen, bytes_in_words, grouped},
};
use crate::{api::csv, limits::COPY_BYTES};

/// Writes every event of a filter, oldest first, to a file or to standard output
///
/// A file appears under its name only when it is complete.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  indelible export -o events.jsonl
  indelible export since:2026-11-01 until:2026-12-01 -o november.parquet
  indelible export actor:user:42 --format csv | less
  indelible export since:2026-11-01 --proof -o november.jsonl
  indelible verify --export november.jsonl --filtered --key log.vkey")]
pub(crate) struct Export {
    #[command(flatten)]
    filter: FilterLine,
    /// Format; follows from the file's name when left out, else jsonl
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write JSON lines with what proves them: that no event was altered, and none is missing
    #[arg(long)]
    proof: bool,
    /// File to write; standard output when left out
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    place: PlaceOptions,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Jsonl,
    Csv,
    Parquet,
}

impl Format {
    fn name(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }

    fn of_file(path: &Path) -> Option<Self> {
        Self::from_str(path.extension()?.to_str()?, true).ok()
    }
}

/// What to write.
#[derive(Debug, Clone, Copy)]
struct What<'a> {
    filter: &'a str,
    format: Format,
    proof: bool,
}

/// What was written.
#[derive(Debug, Default, Serialize)]
struct Written {
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<u64>,
}

impl Export {
    pub(crate) fn run(&self, screen: &mut Screen) -> Result<(), Failure> {
        let filter = self.filter.line()?;
        let format = self.format.or_else(|| Format::of_file(self.output.as_deref()?)).unwrap_or(Format::Jsonl);
        if self.proof && format != Format::Jsonl {
            return Err(Failure::Usage("--proof: only JSON lines have room for it: leave the format out".to_owned()));
        }
        if format == Format::Parquet && self.output.is_none() && io::stdout().is_terminal() {
            return Err(Failure::Usage("Parquet is not for terminals: name a file with --output".to_owned()));
        }
        let place = self.place.open()?;
        let what = What { filter: &filter, format, proof: self.proof };
        let Some(path) = &self.output else {
            return write(&place, what, screen).map(drop).map_err(|error| match error {
                Broken::Source(failure) => failure,
                Broken::Sink(error) => Failure::output(error),
            });
        };
        let written = to_file(path, &place, what)?;
        if screen.wants_json() {
            return screen.json(&written);
        }
        let events =
            written.events.map(|events| format!("{} events, ", grouped(i64::try_from(events).unwrap_or(i64::MAX))));
        screen.line(&format!("{}: {}{}", path.display(), events.unwrap_or_default(), bytes_in_words(written.bytes)))
    }
}

/// Where an export goes.
type Sink = dyn Write + Send;

/// Which side of an export failed.
enum Broken {
    Source(Failure),
    Sink(io::Error),
}

impl From<Failure> for Broken {
    fn from(failure: Failure) -> Self {
        Self::Source(failure)
    }
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Sink(error)
    }
}

/// Writes beside the file, then renames, so that nobody takes a part for the whole.
fn to_file(path: &Path, place: &Place, what: What<'_>) -> Result<Written, Failure> {
    let mut partial = OsString::from(path);
    partial.push(".partial");
    let failed = |error: io::Error| Failure::Failed(format!("{}: cannot write: {error}", path.display()));
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&partial).map_err(failed)?;
    let mut out = BufWriter::new(file);
    let written = write(place, what, &mut out).map_err(|error| match error {
        Broken::Source(failure) => failure,
        Broken::Sink(error) => failed(error),
    });
    let done = written.and_then(|written| {
        out.flush()
            .and_then(|()| out.get_ref().sync_all())
            .and_then(|()| fs::rename(&partial, path))
            .map_err(failed)?;
        Ok(written)
    });
    if done.is_err() {
        // The failure that is reported matters more than what is left behind.
        let _ = fs::remove_file(&partial);
    }
    done
}

fn write(place: &Place, what: What<'_>, out: &mut Sink) -> Result<Written, Broken> {
    match place {
        Place::Local(log) => from_log(log, what, out),
        Place::Remote(server) => from_server(server, what, out),
    }
}

fn from_server(server: &Remote, what: What<'_>, out: &mut Sink) -> Result<Written, Broken> {
    let query = [("q", what.filter), ("format", what.format.name()), ("proof", if what.proof { "true" } else { "" })];
    let response = server.get_path("/v1/export", &query).map_err(Failure::from)?;
    let mut body = response.into_body().into_reader();
    let mut progress = Progress::new("export", None);
    let (mut written, mut piece) = (Written::default(), vec![0; COPY_BYTES]);
    loop {
        let broke_off = |error| Failure::Failed(format!("the server broke the export off ({error}); try again"));
        let got = body.read(&mut piece).map_err(broke_off)?;
        let Some(fresh) = piece.get(..got).filter(|fresh| !fresh.is_empty()) else { return Ok(written) };
        out.write_all(fresh)?;
        written.bytes += fresh.len() as u64;
        progress.at(written.bytes, 0);
    }
}

/// Counts what is written.
struct Counted<'a> {
    out: &'a mut Sink,
    bytes: u64,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn from_log(log: &Local, what: What<'_>, out: &mut Sink) -> Result<Written, Broken> {
    let mut out = Counted { out, bytes: 0 };
    let mut events = Events::of(log, what.filter)?;
    match what.format {
        Format::Jsonl if what.proof => {
            let (checkpoint, log) = (log.checkpoint()?, log.log());
            let mut exporter = log.exporter(Note::clone(&checkpoint)).map_err(Failure::because)?;
            let mut covered = 0;
            for event in events.by_ref() {
                let event = event?;
                if event.seq >= exporter.size() {
                    break;
                }
                out.write_all(&exporter.line(&event).map_err(Failure::because)?)?;
                covered += 1;
            }
            out.write_all(&exporter.end().map_err(Failure::because)?)?;
            events.passed = covered;
        }
        Format::Jsonl => events.by_ref().try_for_each(|event| -> Result<(), Broken> {
            out.write_all(&event?.to_json())?;
            Ok(out.write_all(b"\n")?)
        })?,
        Format::Csv => {
            csv::write_header(&mut out)?;
            events.by_ref().try_for_each(|event| -> Result<(), Broken> { Ok(csv::write(&event?, &mut out)?) })?;
        }
        Format::Parquet => {
            parquet::write(events.by_ref(), &mut out, &parquet::Options::default()).map_err(|error| match error {
                parquet::WriteError::Events(failure) => Broken::Source(failure),
                error => Broken::Sink(io::Error::other(error.to_string())),
            })?;
        }
    }
    Ok(Written { bytes: out.bytes, events: Some(events.passed) })
}

/// Every event of a filter, oldest first, read a page at a time.
struct Events<'a> {
    log: &'a Local,
    page: PageOf,
    ready: vec::IntoIter<Recorded>,
    at_end: bool,
    passed: u64,
    progress: Progress,
}

impl<'a> Events<'a> {
    fn of(log: &'a Local, filter: &str) -> Result<Self, Failure> {
        let page = PageOf { filter: filter.to_owned(), order: Order::OldestFirst, limit: PAGE_ROWS_MAX, cursor: None };
        let progress = Progress::new("export", Some(log.count(filter)?));
        Ok(Self { log, page, ready: Vec::new().into_iter(), at_end: false, passed: 0, progress })
    }
}

impl Iterator for Events<'_> {
    type Item = Result<Recorded, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(event) = self.ready.next() {
                self.passed += 1;
                return Some(Ok(event));
            }
            if self.at_end {
                return None;
            }
            self.progress.at(self.passed, self.passed);
            match self.log.page(&self.page) {
                Ok(found) => {
                    self.at_end = found.next.is_none();
                    self.page.cursor = found.next;
                    self.ready = found.events.into_iter();
                }
                Err(failure) => {
                    self.at_end = true;
                    return Some(Err(failure));
                }
            }
        }
    }
}
