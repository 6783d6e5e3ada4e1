//! `indelible import`: files of other products' audit records, or of our own.

mod lines;
mod noted;
mod sender;
mod summary;

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};
use indelible::import::{Format, Importer, Options, detect};
use indelible_proof::{Event, Timestamp};
use sha2::Digest;

use super::{
    error::Failure,
    place::{Place, PlaceOptions},
    progress::Progress,
    terminal::Screen,
};
use crate::{clock, limits::IMPORT_HEAD_BYTES};
use lines::{BadLine, Lines};
use noted::{Mark, Noted};
use sender::Sender;
use summary::{OfFile, Summary};

/// Imports audit records of other products, or events as JSON lines
///
/// Files hold one record a line, or a JSON document with a list of them. Every event carries a key made of its record:
/// importing a file again within 24 hours, or going on after an interruption, records nothing twice. A data directory
/// also remembers how far each file was imported, for good.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  indelible import /var/log/auth.log --format openssh
  indelible import cloudtrail/*.json --on-error skip
  indelible import okta.jsonl --dry-run
  zcat export.jsonl.gz | indelible import --format indelible --url http://127.0.0.1:4610")]
pub(crate) struct Import {
    /// Files; - or nothing for standard input
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What the files hold; auto tells it from the first lines
    #[arg(long, value_name = "FORMAT", default_value = "auto", value_parser = formats())]
    format: String,
    /// What to do about a line that cannot be read
    #[arg(long, value_enum, default_value_t)]
    on_error: OnError,
    /// Show what the events would be and record nothing; with --json, the events themselves
    #[arg(long)]
    dry_run: bool,
    /// End of the log, for times without a year; the file's last change when left out
    #[arg(long, value_name = "TIME")]
    reference: Option<Timestamp>,
    /// Tenant of events that name none
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
    #[command(flatten)]
    place: PlaceOptions,
}

/// What to do about what cannot be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum OnError {
    /// End the import there; what came before is recorded
    #[default]
    Stop,
    /// Leave the line out and list it at the end; likewise a file whose format cannot be told
    Skip,
}

fn formats() -> clap::builder::PossibleValuesParser {
    let auto = clap::builder::PossibleValue::new("auto");
    let known = Format::ALL.iter().map(|format| clap::builder::PossibleValue::new(format.name()).help(format.about()));
    std::iter::once(auto).chain(known).collect::<Vec<_>>().into()
}

impl Import {
    pub(crate) fn run(&self, screen: &mut Screen) -> Result<(), Failure> {
        let place = if self.dry_run { None } else { Some(self.place.open_or_create()?) };
        let noted = match &place {
            Some(Place::Local(log)) => Noted::of(log.directory())?,
            _ => Noted::none(),
        };
        let mut run =
            Run { import: self, noted, sender: Sender::new(place), summary: Summary::default(), unknown: Vec::new() };
        let stdin = [PathBuf::from("-")];
        let files = if self.files.is_empty() { &stdin } else { &self.files[..] };
        let result = files.iter().try_for_each(|path| run.file(path, screen));
        if !(self.dry_run && screen.wants_json()) {
            run.summary.print(self.dry_run, screen)?;
        }
        result.and_then(|()| run.unknown_formats())
    }
}

/// An import under way.
struct Run<'a> {
    import: &'a Import,
    noted: Noted,
    sender: Sender,
    summary: Summary,
    /// Files passed over because nothing tells their format.
    unknown: Vec<String>,
}

impl Run<'_> {
    fn file(&mut self, path: &Path, screen: &mut Screen) -> Result<(), Failure> {
        let mut source = Source::open(path)?;
        let head = source.head()?;
        let Some(format) = self.format(&head)? else {
            if head.is_empty() {
                self.summary.files.push(OfFile::new(path, "-"));
                return Ok(());
            }
            self.unknown.push(path.display().to_string());
            return if self.import.on_error == OnError::Skip { Ok(()) } else { self.unknown_formats() };
        };
        let options = match self.import.reference.or(source.changed_at) {
            Some(end) => Options::default().reference(end),
            None => Options::default(),
        };
        // Keys count repetitions from the beginning of a file, so what was imported before is read again, not sent.
        let known_bytes = if path == Path::new("-") { 0 } else { self.noted.known_bytes(format, path)? };
        let mut importer = Importer::new(format, options);
        let mut lines = Lines::new(io::Cursor::new(head).chain(source.rest));
        let mut digest = noted::seed(format);
        let mut progress = Progress::new("import", source.bytes);
        self.summary.files.push(OfFile::new(path, format.name()));
        while let Some(line) = lines.next().map_err(|error| cannot_read(path, &error))? {
            digest.update(line.bytes);
            let mapped = match line.cut {
                true => Err(lines::too_long(line.number)),
                false => importer.line(line.bytes).map_err(BadLine::from),
            };
            let (offset, known) = (line.offset_after, line.offset_after <= known_bytes);
            self.summary.now().lines += 1;
            match mapped {
                Ok(events) if events.is_empty() => self.summary.now().skipped += 1,
                Ok(events) => self.take(events, known, screen)?,
                Err(error) => self.refuse(&error, path)?,
            }
            if self.sender.is_full() {
                self.send(Mark::new(&digest, offset))?;
            }
            progress.at(offset, self.summary.now().events);
        }
        match importer.finish() {
            Ok(events) => self.take(events, false, screen)?,
            Err(error) => self.refuse(&error.into(), path)?,
        }
        self.send(Mark::new(&digest, lines.offset()))?;
        self.noted.write()
    }

    fn format(&self, head: &[u8]) -> Result<Option<Format>, Failure> {
        match self.import.format.as_str() {
            "auto" => Ok(detect(&String::from_utf8_lossy(head))),
            name => name.parse().map(Some).map_err(Failure::because),
        }
    }

    fn unknown_formats(&self) -> Result<(), Failure> {
        match self.unknown.join(", ") {
            files if files.is_empty() => Ok(()),
            files => Err(Failure::Failed(format!(
                "{files}: the first lines tell no format; name it with --format, or decompress it first: zcat FILE | indelible import"
            ))),
        }
    }

    fn take(&mut self, events: Vec<Event>, known: bool, screen: &mut Screen) -> Result<(), Failure> {
        let of_file = self.summary.now();
        of_file.events += events.len() as u64;
        if known {
            of_file.known += events.len() as u64;
            return Ok(());
        }
        for mut event in events {
            event.tenant = event.tenant.or_else(|| self.import.tenant.clone());
            if self.import.dry_run {
                if screen.wants_json() {
                    screen.json(&event)?;
                }
                self.summary.count(&event);
            } else {
                self.sender.push(event)?;
            }
        }
        Ok(())
    }

    /// Stops at a bad line, after what came before it is recorded, or passes over it.
    fn refuse(&mut self, error: &BadLine, path: &Path) -> Result<(), Failure> {
        self.summary.now().errors.add(error);
        match self.import.on_error {
            OnError::Skip => Ok(()),
            OnError::Stop => {
                let sent = self.sender.send()?;
                self.summary.now().sent(sent);
                Err(Failure::Failed(format!(
                    "{}: {}\n  what came before it is recorded; --on-error skip passes over such lines",
                    path.display(),
                    error
                )))
            }
        }
    }

    /// Records what waits, then notes how far the file is imported.
    fn send(&mut self, mark: Mark) -> Result<(), Failure> {
        let sent = self.sender.send()?;
        self.summary.now().sent(sent);
        if self.import.dry_run { Ok(()) } else { self.noted.advance(mark) }
    }
}

/// A file, or standard input.
struct Source {
    rest: Box<dyn Read>,
    bytes: Option<u64>,
    changed_at: Option<Timestamp>,
}

impl Source {
    fn open(path: &Path) -> Result<Self, Failure> {
        if path == Path::new("-") {
            return Ok(Self { rest: Box::new(io::stdin()), bytes: None, changed_at: Some(clock::now()) });
        }
        let file = File::open(path).map_err(|error| cannot_read(path, &error))?;
        let about = file.metadata().map_err(|error| cannot_read(path, &error))?;
        if about.is_dir() {
            return Err(Failure::Failed(format!("{} is a directory; name the files in it", path.display())));
        }
        let changed_at = about.modified().ok().map(clock::of);
        Ok(Self { rest: Box::new(file), bytes: Some(about.len()), changed_at })
    }

    fn head(&mut self) -> Result<Vec<u8>, Failure> {
        let mut head = Vec::new();
        let mut limited = (&mut self.rest).take(IMPORT_HEAD_BYTES as u64);
        limited.read_to_end(&mut head).map_err(|error| Failure::Failed(format!("cannot read the input: {error}")))?;
        Ok(head)
    }
}

fn cannot_read(path: &Path, error: &io::Error) -> Failure {
    Failure::Failed(format!("{}: cannot read: {error}", path.display()))
}
