//! `indelible tail`: events as they are recorded.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    thread,
    time::Duration,
};

use clap::Args;
use indelible_engine::{limits::PAGE_ROWS_MAX, query::Order};
use indelible_proof::Recorded;

use super::{
    error::Failure,
    filter::FilterLine,
    interrupt,
    local::Local,
    place::{Place, PlaceOptions},
    question::{Events, PageOf},
    remote::{Remote, RequestError},
    row,
    table::Layout,
    terminal::{Screen, visible},
};
use crate::limits::{MESSAGE_BYTES_MAX, RECONNECT_PAUSE_MAX, TAIL_EVENTS};

/// Follows the log: shows events as they are recorded
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  indelible tail --url http://127.0.0.1:4610
  indelible tail --since 10m severity:>=high
  indelible tail outcome:denied --json | my-alarm")]
pub(crate) struct Tail {
    #[command(flatten)]
    filter: FilterLine,
    /// Show first what happened since then: 10m, 24h, 7d, a day or a time
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    #[command(flatten)]
    place: PlaceOptions,
}

impl Tail {
    pub(crate) fn run(&self, screen: &mut Screen) -> Result<(), Failure> {
        let filter = self.filter.line()?;
        let past = match &self.since {
            Some(since) => Some(super::filter::checked(&format!("{filter} since:{since}"))?),
            None => None,
        };
        let mut printer = Printer { layout: row::steady(screen), screen };
        match self.place.open()? {
            Place::Local(log) => show_past(&log, &filter, past.as_deref(), &mut printer),
            Place::Remote(server) => {
                interrupt::ends_the_process()?;
                follow(&server, &filter, past.as_deref(), &mut printer)
            }
        }
    }
}

/// Prints events as they come.
struct Printer<'a> {
    layout: Layout,
    screen: &'a mut Screen,
}

impl Printer<'_> {
    fn event(&mut self, event: &Recorded) -> Result<(), Failure> {
        if self.screen.wants_json() {
            self.screen.json(event)
        } else {
            self.layout.row(&row::cells(event), self.screen)
        }
    }
}

/// A data directory belongs to this process alone, so nothing can arrive: what is there is shown, and why it ends.
fn show_past(log: &Local, filter: &str, past: Option<&str>, printer: &mut Printer<'_>) -> Result<(), Failure> {
    match past {
        Some(past) => drop(pages(past, |page| log.page(page), printer)?),
        None => {
            let newest = log.page(&PageOf { filter: filter.to_owned(), limit: TAIL_EVENTS, ..PageOf::default() })?;
            newest.events.iter().rev().try_for_each(|event| printer.event(event))?;
        }
    }
    printer.screen.finish()?;
    let note = "note: nobody else can write to a data directory that a command has open; \
                run `indelible serve` and give this command its --url to follow live";
    drop(writeln!(io::stderr().lock(), "{note}"));
    Ok(())
}

/// Prints everything that matches, oldest first; gives the last sequence number.
fn pages(
    filter: &str,
    ask: impl Fn(&PageOf) -> Result<Events, Failure>,
    printer: &mut Printer<'_>,
) -> Result<Option<u64>, Failure> {
    let mut page = PageOf { filter: filter.to_owned(), order: Order::OldestFirst, limit: PAGE_ROWS_MAX, cursor: None };
    let mut last = None;
    loop {
        let found = ask(&page)?;
        for event in &found.events {
            printer.event(event)?;
            last = Some(event.seq);
        }
        page.cursor = found.next;
        if page.cursor.is_none() {
            return Ok(last);
        }
    }
}

/// Follows a server, over lost connections: each connection begins behind the last event that was seen, so that
/// nothing is missed and nothing comes twice. The place to begin is fixed before the past is read, for the same reason.
fn follow(server: &Remote, filter: &str, past: Option<&str>, printer: &mut Printer<'_>) -> Result<(), Failure> {
    let newest = server.page(&PageOf { limit: 1, ..PageOf::default() })?.events.first().map(|event| event.seq);
    let mut last = newest;
    if let Some(past) = past {
        last = last.max(pages(past, |page| server.page(page), printer)?);
        printer.screen.finish()?;
    }
    let mut pause = Duration::ZERO;
    loop {
        let connected = server.follow(&[("q", filter)], last.map(|seq| seq.to_string()).as_deref());
        let lost = match connected {
            Ok(response) => {
                pause = Duration::ZERO;
                listen(response.into_body().into_reader(), &mut last, printer)?
            }
            Err(error @ RequestError::Unreachable { .. }) => error.to_string(),
            Err(error) => match error.retry_after() {
                Some(_) => error.to_string(),
                None => return Err(error.into()),
            },
        };
        pause = (pause * 2).clamp(Duration::from_millis(250), RECONNECT_PAUSE_MAX);
        drop(writeln!(io::stderr().lock(), "note: {}; connecting again", visible(&lost)));
        thread::sleep(pause);
    }
}

/// Prints what one connection brings; gives the reason for its end.
fn listen(body: impl Read, last: &mut Option<u64>, printer: &mut Printer<'_>) -> Result<String, Failure> {
    let mut body = BufReader::new(body);
    let mut data = String::new();
    loop {
        let mut line = Vec::new();
        match (&mut body).take(MESSAGE_BYTES_MAX).read_until(b'\n', &mut line) {
            Ok(0) => return Ok("the server ended the connection".to_owned()),
            Err(error) => return Ok(format!("the connection was lost ({error})")),
            Ok(_) => {}
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end_matches(['\r', '\n']);
        if let Some(text) = line.strip_prefix("data:") {
            data.push_str(text.strip_prefix(' ').unwrap_or(text));
        }
        if !line.is_empty() || data.is_empty() {
            continue;
        }
        // Messages that are no events are for other clients.
        if let Ok(event) = serde_json::from_str::<Recorded>(&data) {
            printer.event(&event)?;
            printer.screen.finish()?;
            *last = Some(event.seq);
        }
        data.clear();
    }
}
