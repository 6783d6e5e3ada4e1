//! Questions: one model for every store, the API and the CLI.
//!
//! A filter line becomes a [`Filter`] ([`Filter::parse`]), the filter becomes a plan for each source, the plan finds
//! rows block by block on codes, and only rows that are returned become events again. What is read is a [`Snapshot`].

mod aggregate;
mod aggregate_text;
mod bucket;
mod cursor;
mod dimension;
mod display;
mod error;
mod groups;
mod json;
mod line;
mod mask;
mod matching;
mod merge;
mod model;
mod moment;
mod names;
mod page;
mod parse;
mod part;
mod plan;
mod rolled;
mod scan;
mod shortcut;
mod tally;
mod term_set;

pub use aggregate_text::{AggregateText, AggregateTextError};
pub use cursor::CursorError;
pub use error::ParseError;
pub use model::{
    Aggregate, Bucket, Clause, Cursor, Field, Filter, Group, Having, Match, Measure, Order, OrderBy, Page, Query, Role,
    RoleMatch, Table, Test, Value,
};
pub use part::{Cancel, Part, Snapshot};

#[cfg(test)]
mod tests;
