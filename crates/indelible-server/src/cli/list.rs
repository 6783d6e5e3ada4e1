//! `indelible list`: a page of events, or all.

use std::io::{self, IsTerminal, Write};

use clap::Args;
use indelible_engine::{
    limits::{PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX},
    query::Order,
};

use super::{
    error::Failure,
    filter::FilterLine,
    place::PlaceOptions,
    question::PageOf,
    row,
    table::{Cell, Layout},
    terminal::Screen,
};

/// Shows events, newest first
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  indelible list
  indelible list action:token.* outcome:failure since:7d
  indelible list -outcome:success ip:10.0.0.0/8 --limit 200
  indelible list actor:user:42 --all --oldest --json > of-42.jsonl")]
pub(crate) struct List {
    #[command(flatten)]
    filter: FilterLine,
    /// How many events
    #[arg(long, value_name = "N", default_value_t = PAGE_ROWS_DEFAULT, conflicts_with = "all",
        value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// Every event that the filter lets through
    #[arg(long)]
    all: bool,
    /// Oldest first
    #[arg(long)]
    oldest: bool,
    #[command(flatten)]
    place: PlaceOptions,
}

impl List {
    pub(crate) fn run(&self, screen: &mut Screen) -> Result<(), Failure> {
        let order = if self.oldest { Order::OldestFirst } else { Order::NewestFirst };
        let mut left = if self.all { u64::MAX } else { u64::from(self.limit) };
        let mut page = PageOf { filter: self.filter.line()?, order, ..PageOf::default() };
        let place = self.place.open()?;
        let (mut layout, mut any) = (None, false);
        while left > 0 {
            page.limit = u32::try_from(left).unwrap_or(u32::MAX).min(PAGE_ROWS_MAX);
            let found = place.page(&page)?;
            any |= !found.events.is_empty();
            left = left.saturating_sub(found.events.len() as u64);
            if screen.wants_json() {
                found.events.iter().try_for_each(|event| screen.json(event))?;
            } else {
                let rows: Vec<Vec<Cell>> = found.events.iter().map(row::cells).collect();
                // The widths of the first page serve the later ones.
                let layout = match &layout {
                    Some(layout) => layout,
                    None if rows.is_empty() => break,
                    None => {
                        let fresh = layout.insert(Layout::of(row::columns(), &rows, screen));
                        fresh.head(screen)?;
                        fresh
                    }
                };
                rows.iter().try_for_each(|row| layout.row(row, screen))?;
            }
            page.cursor = found.next;
            if page.cursor.is_none() {
                break;
            }
        }
        // For people alone: a script sees that there is nothing.
        if !any && !screen.wants_json() && io::stderr().is_terminal() {
            drop(writeln!(io::stderr().lock(), "note: no event matches"));
        }
        Ok(())
    }
}
