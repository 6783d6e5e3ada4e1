//! How long questions take: each is asked some times, after once to warm up.

use std::time::Instant;

use clap::Args;
use serde::Serialize;

use super::gauge::Times;
use crate::cli::{
    error::Failure,
    table::{self, Cell, Column},
    terminal::{Screen, grouped},
};

/// The option that says how often to ask.
#[derive(Debug, Args)]
pub(super) struct Rounds {
    /// How often each question is asked, after once to warm up
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rounds: u32,
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

impl Rounds {
    /// Measures a question, which gives how many rows its answer has, and whether it is exact. As JSON it is printed at once.
    pub(super) fn measure(
        &self,
        (name, filter): (&str, &str),
        ask: impl Fn() -> Result<(u64, bool), Failure>,
        screen: &mut Screen,
    ) -> Result<Measured, Failure> {
        let mut times = Times::default();
        let (mut rows, mut exact) = ask()?;
        for _ in 0..self.rounds {
            let started = Instant::now();
            (rows, exact) = ask()?;
            times.add(started.elapsed());
        }
        let (p50_us, p95_us) = (times.percentile_us(50), times.percentile_us(95));
        let measured = Measured { name: name.to_owned(), filter: filter.to_owned(), p50_us, p95_us, rows, exact };
        if screen.wants_json() {
            screen.json(&measured)?;
            screen.finish()?;
        }
        Ok(measured)
    }
}

/// Prints what was measured, unless it is printed already.
pub(super) fn print(all: &[Measured], screen: &mut Screen) -> Result<(), Failure> {
    if screen.wants_json() {
        return Ok(());
    }
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
