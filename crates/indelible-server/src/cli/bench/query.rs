//! Questions that are asked every day, over what `bench ingest` made.

use std::time::Instant;

use clap::Args;
use indelible_proof::Timestamp;
use serde::Serialize;

use super::{
    events::{TOKENS, owner, token, user},
    gauge::Times,
    target::Target,
};
use crate::cli::{
    error::Failure,
    place::Place,
    question::{PageOf, Question},
    table::{self, Cell, Column},
    terminal::{Screen, grouped},
};

/// Asks eight questions of what `bench ingest` recorded and measures the answers
#[derive(Debug, Args)]
pub(crate) struct Query {
    #[command(flatten)]
    rounds: Rounds,
    #[command(flatten)]
    target: Target,
}

/// The option that says how often to ask.
#[derive(Debug, Args)]
pub(super) struct Rounds {
    /// How often each question is asked, after once to warm up
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(super) rounds: u32,
}

/// What was measured of one question.
#[derive(Debug, Serialize)]
pub(super) struct Measured {
    name: String,
    /// The events that are asked about, so that the same can be asked of another system.
    filter: String,
    p50_us: u64,
    p95_us: u64,
    rows: u64,
    exact: bool,
}

/// A question by its kind.
enum Ask {
    Page(PageOf),
    Aggregate(Question),
}

impl Query {
    pub(super) fn run(&self, screen: &mut Screen) -> Result<(), Failure> {
        let subject = self.target.open()?;
        let all = self.measure_all(&subject.place, screen);
        subject.close();
        let all = all?;
        if screen.wants_json() { Ok(()) } else { print(&all, screen) }
    }

    fn measure_all(&self, place: &Place, screen: &mut Screen) -> Result<Vec<Measured>, Failure> {
        // What the log records of its readers is younger than what they ask for.
        let newest = PageOf { filter: "-action:audit.*".to_owned(), limit: 1, ..PageOf::default() };
        let newest = place.page(&newest)?;
        let end = newest.events.first().and_then(|event| event.event.occurred_at);
        let end =
            end.ok_or_else(|| Failure::Failed("there are no events; run `indelible bench ingest` first".to_owned()))?;
        let mut all = Vec::new();
        for (name, ask) in questions(end) {
            let measured = self.measure(place, name, &ask)?;
            if screen.wants_json() {
                screen.json(&measured)?;
                screen.finish()?;
            }
            all.push(measured);
        }
        Ok(all)
    }

    fn measure(&self, place: &Place, name: &'static str, ask: &Ask) -> Result<Measured, Failure> {
        let mut times = Times::default();
        let mut found = ask.of(place)?;
        for _ in 0..self.rounds.rounds {
            let started = Instant::now();
            found = ask.of(place)?;
            times.add(started.elapsed());
        }
        Ok(Measured::of(name.to_owned(), ask.filter().to_owned(), times, found))
    }
}

impl Measured {
    pub(super) fn of(name: String, filter: String, mut times: Times, (rows, exact): (u64, bool)) -> Self {
        Self { name, filter, p50_us: times.percentile_us(50), p95_us: times.percentile_us(95), rows, exact }
    }
}

impl Ask {
    fn filter(&self) -> &str {
        match self {
            Self::Page(page) => &page.filter,
            Self::Aggregate(question) => &question.filter,
        }
    }

    /// Asks; gives how many rows the answer has, and whether it is exact.
    fn of(&self, place: &Place) -> Result<(u64, bool), Failure> {
        match self {
            Self::Page(page) => Ok((place.page(page)?.events.len() as u64, true)),
            Self::Aggregate(question) => {
                let answer = place.aggregate(question)?;
                Ok((answer.rows.len() as u64, answer.exact))
            }
        }
    }
}

fn questions(end: Timestamp) -> Vec<(&'static str, Ask)> {
    const HOUR_US: i64 = 3_600_000_000;
    const BUSY: u64 = 0;
    let hour_ago = Timestamp::saturating_from_micros(end.as_micros() - HOUR_US);
    let of_token = |number| format!("credential.id:{}", token(number));
    let aggregate = |filter: String, group_by: &str, measure: &str| {
        let (group_by, measure) = (group_by.to_owned(), measure.to_owned());
        Ask::Aggregate(Question { filter, group_by, measure, ..Question::default() })
    };
    let failures = Question {
        filter: format!("outcome:failure since:{hour_ago}"),
        group_by: "ip".to_owned(),
        measure: "count".to_owned(),
        having: "count>=11".to_owned(),
        ..Question::default()
    };
    let rare = PageOf { filter: of_token(TOKENS / 4), limit: 50, ..PageOf::default() };
    vec![
        ("newest 50 of a rare token", Ask::Page(rare)),
        ("daily usage of a busy token", aggregate(of_token(BUSY), "day", "count")),
        ("usage by ip of a token", aggregate(of_token(100), "ip", "count")),
        ("total of a user over all tokens", aggregate(format!("actor.id:{}", user(owner(BUSY))), "", "count")),
        ("usage by token of a user", aggregate(format!("actor.id:{}", user(owner(BUSY))), "credential.id", "count")),
        ("ips with over 10 failures in the last hour", Ask::Aggregate(failures)),
        ("count by day and action", aggregate(String::new(), "day,action", "count")),
        ("distinct ips", aggregate(String::new(), "", "distinct(ip)")),
    ]
}

pub(super) fn print(all: &[Measured], screen: &mut Screen) -> Result<(), Failure> {
    let numbers = ["p50 us", "p95 us", "rows"].map(Column::number);
    let columns =
        std::iter::once(Column::text("question", 20)).chain(numbers).chain([Column::whole("exact")]).collect();
    let rows: Vec<Vec<Cell>> = all
        .iter()
        .map(|of| {
            let numbers = [of.p50_us, of.p95_us, of.rows];
            let numbers = numbers.map(|number| Cell::plain(&grouped(i64::try_from(number).unwrap_or(i64::MAX))));
            let exact = Cell::plain(if of.exact { "yes" } else { "no" });
            std::iter::once(Cell::plain(&of.name)).chain(numbers).chain([exact]).collect()
        })
        .collect();
    table::print(columns, &rows, screen)
}
