//! `indelible outbox`: from the database of an application into the log.

mod database;
mod receiver;

use std::{
    io::{self, Write},
    time::Instant,
};

use clap::{Args, Subcommand};
use indelible::outbox::{Drained, Drainer, OutboxError, Receiver, Status, Watch};

use self::database::{Database, DatabaseOptions, Kind};
use super::{
    error::Failure,
    interrupt,
    place::{Place, PlaceOptions},
    table::{self, Cell, Column},
    terminal::{Screen, short_time, style, visible},
};
use crate::limits::SEND_PATIENCE;

/// Records the events that an application committed into its own database, together with its changes
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  indelible outbox schema --database postgres | psql app
  indelible outbox drain postgres://drainer@127.0.0.1/app --follow --url http://127.0.0.1:4610
  indelible outbox drain app.db
  indelible outbox status app.db
  indelible outbox retry app.db
  indelible outbox triggers postgres://owner@127.0.0.1/app --table invoices --exclude seen_at --apply

A database is the file of a SQLite database, or the address of Postgres: over a socket or the loopback interface; elsewhere \
only with ?sslmode=disable, which says that everything may pass in the clear. INDELIBLE_OUTBOX keeps the address, and the \
password in it, out of the command line.")]
pub(crate) enum Outbox {
    /// Hands everything that was committed to the log, in order and once
    Drain(Drain),
    /// Shows how many events wait, since when, and what the log does not take
    Status {
        #[command(flatten)]
        database: DatabaseOptions,
    },
    /// Has what was parked wait for the next drain again, after it was mended
    Retry {
        #[command(flatten)]
        database: DatabaseOptions,
    },
    /// Prints the SQL that makes the outbox, or applies it
    Schema(Schema),
    /// Prints the SQL of triggers that record each change of a table, or applies it
    Triggers(Triggers),
}

/// What to drain.
#[derive(Debug, Args)]
pub(crate) struct Drain {
    #[command(flatten)]
    database: DatabaseOptions,
    /// Go on as events come, until Ctrl-C
    #[arg(long)]
    follow: bool,
    /// Keep what was recorded in the outbox, instead of deleting it
    #[arg(long)]
    keep: bool,
    #[command(flatten)]
    place: PlaceOptions,
}

/// Which SQL.
#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// What the SQL is for
    #[arg(long, value_enum, required_unless_present = "apply")]
    database: Option<Kind>,
    /// Apply it to this database instead
    #[arg(long, value_name = "DATABASE", conflicts_with = "database")]
    apply: Option<String>,
    /// Schema of the table, in Postgres
    #[arg(long, value_name = "NAME", default_value = "public")]
    schema: String,
}

/// Which triggers.
#[derive(Debug, Args)]
pub(crate) struct Triggers {
    #[command(flatten)]
    database: DatabaseOptions,
    /// The table, in Postgres with its schema where it is not in the search path
    #[arg(long, value_name = "NAME")]
    table: String,
    /// Type of the targets; the table's name when left out
    #[arg(long = "type", value_name = "NAME")]
    kind: Option<String>,
    /// A column to leave out: a change of nothing else is no event; may be repeated
    #[arg(long, value_name = "COLUMN")]
    exclude: Vec<String>,
    /// A column of which only that it changed is recorded; may be repeated
    #[arg(long, value_name = "COLUMN")]
    mask: Vec<String>,
    /// Apply it
    #[arg(long)]
    apply: bool,
}

impl Outbox {
    pub(crate) fn run(&self, screen: &mut Screen) -> Result<(), Failure> {
        match self {
            Self::Drain(drain) => drain.run(screen),
            Self::Status { database } => {
                show(&database.open(false)?.outbox().status().map_err(Failure::because)?, screen)
            }
            Self::Retry { database } => {
                let retried = database.open(false)?.outbox().retry().map_err(Failure::because)?;
                if screen.wants_json() {
                    return screen.json(&serde_json::json!({"retried": retried}));
                }
                screen.line(&format!("waiting again: {retried}"))
            }
            Self::Schema(schema) => schema.run(screen),
            Self::Triggers(triggers) => triggers.run(screen),
        }
    }
}

impl Drain {
    fn run(&self, screen: &mut Screen) -> Result<(), Failure> {
        let database = self.database.open(self.keep)?;
        let place = self.place.open_or_create()?;
        let receiver: &dyn Receiver = match &place {
            Place::Local(log) => log.recorder(),
            Place::Remote(server) => server,
        };
        if self.follow {
            interrupt::ends_the_process()?;
        }
        let (started, mut all, mut ended) = (Instant::now(), Drained::default(), Ok(()));
        Drainer::run(database.outbox(), receiver, |tried| match tried {
            Ok(drained) => {
                all += *drained;
                let some = *drained != Drained::default();
                if self.follow && some {
                    ended = tell(*drained, screen).and_then(|()| screen.finish());
                }
                ended.is_ok() && (self.follow || some)
            }
            Err(error) if self.follow => {
                let problem = error.to_string();
                drop(writeln!(io::stderr().lock(), "note: {}; trying again", visible(&problem)));
                true
            }
            Err(OutboxError::Receive(error)) if error.passes() && started.elapsed() < SEND_PATIENCE => true,
            Err(error) => {
                ended = Err(Failure::because(error));
                false
            }
        });
        if !self.follow && (ended.is_ok() || all != Drained::default()) {
            tell(all, screen)?;
        }
        ended
    }
}

fn tell(Drained { settled, parked }: Drained, screen: &mut Screen) -> Result<(), Failure> {
    if screen.wants_json() {
        return screen.json(&serde_json::json!({"settled": settled, "parked": parked}));
    }
    let problems = if parked > 0 { format!(", {parked} parked: see `indelible outbox status`") } else { String::new() };
    let events = if settled == 1 { "event is" } else { "events are" };
    screen.line(&format!("{settled} {events} in the log{problems}"))
}

fn show(status: &Status, screen: &mut Screen) -> Result<(), Failure> {
    if screen.wants_json() {
        return screen.json(status);
    }
    let since = status.oldest.map(|at| format!(", the first since {}", short_time(at))).unwrap_or_default();
    screen.line(&format!("waiting {}{since}", status.waiting))?;
    screen.line(&format!("parked  {}", status.parked))?;
    screen.line(&format!("kept    {}", status.kept))?;
    if status.problems.is_empty() {
        return Ok(());
    }
    screen.line("")?;
    let rows = status.problems.iter().map(|parked| {
        let at = parked.created_at.map(short_time).unwrap_or_default();
        vec![Cell::plain(&parked.id.to_string()), Cell::new(&at, style::FAINT), Cell::plain(&parked.problem)]
    });
    let columns = vec![Column::number("id"), Column::whole("inserted"), Column::text("problem", 20)];
    table::print(columns, &rows.collect::<Vec<_>>(), screen)
}

impl Schema {
    fn run(&self, screen: &mut Screen) -> Result<(), Failure> {
        match (&self.apply, self.database) {
            (Some(address), _) => {
                Database::open(address, &self.schema, false)?.migrate().map_err(Failure::because)?;
                screen.line("the outbox is there")
            }
            (None, Some(Kind::Sqlite)) => screen.bytes(indelible::outbox::Sqlite::SCHEMA.as_bytes()),
            (None, _) => screen.bytes(indelible::outbox::Postgres::schema_of(&self.schema).as_bytes()),
        }
    }
}

impl Triggers {
    fn run(&self, screen: &mut Screen) -> Result<(), Failure> {
        let database = self.database.open(false)?;
        let mut watch = Watch::new(&self.table);
        if let Some(kind) = &self.kind {
            watch = watch.kind(kind);
        }
        let watch = self.exclude.iter().fold(watch, |watch, column| watch.exclude(column));
        let watch = self.mask.iter().fold(watch, |watch, column| watch.mask(column));
        if !self.apply {
            return screen.bytes(database.triggers(&watch).map_err(Failure::because)?.as_bytes());
        }
        database.watch(&watch).map_err(Failure::because)?;
        screen.line("the changes of the table are recorded from now on")
    }
}
