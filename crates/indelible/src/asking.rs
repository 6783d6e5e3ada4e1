//! What questions to the log have in common: whose events of which time they are about, and who waits for the answer.

mod attempts;

use std::collections::BTreeSet;

use indelible_engine::{
    column::Column,
    limits::AGGREGATE_ROWS_MAX,
    query::{Aggregate, Cancel, Clause, Field, Filter, Group, Match, Measure, Page, Query, Table, Test, Value},
    source::ReadError,
    store::Store,
};
use indelible_proof::Timestamp;

pub(crate) use attempts::Attempts;

/// A store to ask, and what every question to it is limited to.
#[derive(Clone)]
pub(crate) struct Asking<'a> {
    pub(crate) store: &'a dyn Store,
    pub(crate) tenant: Option<String>,
    pub(crate) since: Option<Timestamp>,
    pub(crate) until: Option<Timestamp>,
    pub(crate) cancel: Cancel,
}

impl<'a> Asking<'a> {
    pub(crate) fn of(store: &'a dyn Store) -> Self {
        Self { store, tenant: None, since: None, until: None, cancel: Cancel::default() }
    }

    pub(crate) fn filter(&self, clauses: Vec<Clause>) -> Filter {
        Filter { tenant: self.tenant.clone(), since: self.since, until: self.until, clauses, ..Filter::default() }
    }

    pub(crate) fn aggregate(&self, aggregate: &Aggregate) -> Result<Table, ReadError> {
        self.store.aggregate(aggregate, &self.cancel)
    }

    /// Measures of the events of a filter that have the same values in some columns: of so many groups at most.
    pub(crate) fn grouped(
        &self,
        filter: Filter,
        by: &[Column],
        measures: &[Measure],
        limit: u32,
    ) -> Result<Table, ReadError> {
        let (group_by, measures) = (by.iter().copied().map(of_column).collect(), measures.to_vec());
        self.aggregate(&Aggregate { group_by, measures, limit, ..Aggregate::count(filter) })
    }

    /// The values that events of a filter have in a column.
    pub(crate) fn values(&self, filter: Filter, column: Column) -> Result<BTreeSet<String>, ReadError> {
        let table = self.grouped(filter, &[column], &[Measure::Count], AGGREGATE_ROWS_MAX)?;
        Ok(table.rows.iter().filter_map(|row| row.first().and_then(text)).collect())
    }

    pub(crate) fn page(&self, query: &Query) -> Result<Page, ReadError> {
        self.store.query(query, &self.cancel)
    }
}

/// The methods that limit what has a field `asking`.
macro_rules! limits {
    () => {
        /// Asks about one tenant only.
        pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
            self.asking.tenant = Some(tenant.into());
            self
        }

        /// Asks about events from a moment on. A whole hour is answered fastest.
        pub fn since(mut self, since: Timestamp) -> Self {
            self.asking.since = Some(since);
            self
        }

        /// Asks about events before a moment.
        pub fn until(mut self, until: Timestamp) -> Self {
            self.asking.until = Some(until);
            self
        }

        /// Stops a question that nobody waits for any more.
        pub fn cancelled_by(mut self, cancel: Cancel) -> Self {
            self.asking.cancel = cancel;
            self
        }
    };
}
pub(crate) use limits;

/// The condition that a column has one of some values.
pub(crate) fn is<T: Into<String>>(column: Column, values: impl IntoIterator<Item = T>) -> Clause {
    matches(column, values.into_iter().map(|value| Match::Is(value.into())).collect())
}

/// The condition that a column has a value that matches any of these.
pub(crate) fn matches(column: Column, values: Vec<Match>) -> Clause {
    Clause { negated: false, test: Test::Field(Field::Column(column), values) }
}

pub(crate) fn of_column(column: Column) -> Group {
    Group::Field(Field::Column(column))
}

pub(crate) fn number(value: &Value) -> u64 {
    if let Value::Int(number) = value { number.unsigned_abs() } else { 0 }
}

/// A value's text; of none, none.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.clone()),
        Value::Int(number) => Some(number.to_string()),
        _ => None,
    }
}

pub(crate) fn time(value: &Value) -> Option<Timestamp> {
    if let Value::Time(at) = value { Some(*at) } else { None }
}
