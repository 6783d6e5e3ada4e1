//! The closed model of filters, pages and aggregates.

use std::net::IpAddr;

use indelible_proof::{Recorded, Timestamp};
use serde::Serialize;

use crate::{
    column::Column,
    limits::{AGGREGATE_ROWS_DEFAULT, PAGE_ROWS_DEFAULT},
};

/// A field that can be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Field {
    /// A column.
    Column(Column),
    /// A path inside a JSON column, e.g. `["endpoint"]` in `metadata` for `metadata.endpoint`. Lists on the way
    /// stand for each of their elements; texts, numbers, `true` and `false` at its end are the field's values.
    Json(Column, Vec<String>),
}

/// Which events. All clauses must hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// Only this tenant's events; `None` for all, which only an administrator may ask.
    pub tenant: Option<String>,
    /// From this `occurred_at` on, inclusive.
    pub since: Option<Timestamp>,
    /// To this `occurred_at`, exclusive.
    pub until: Option<Timestamp>,
    /// From this sequence number on, inclusive.
    pub seq_from: Option<u64>,
    /// To this sequence number, exclusive (a filter line names the last one, inclusive).
    pub seq_to: Option<u64>,
    /// The other conditions.
    pub clauses: Vec<Clause>,
}

/// A condition, perhaps negated.
#[derive(Debug, Clone, PartialEq)]
pub struct Clause {
    /// Holds when the test does not.
    pub negated: bool,
    /// The test.
    pub test: Test,
}

/// What a condition tests.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// Any value of the field matches any of these.
    Field(Field, Vec<Match>),
    /// Somebody or something in this role matches any of these.
    Role(Role, Vec<RoleMatch>),
    /// Some text of the event, or the JSON of its free data, contains this, whatever the case.
    Text(String),
}

/// A part that somebody or something plays in an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Who did it: known by id or e-mail.
    Actor,
    /// For whom: known by id or e-mail.
    OnBehalfOf,
    /// To what: known by id.
    Target,
}

/// Whom a [`Test::Role`] means.
#[derive(Debug, Clone, PartialEq)]
pub struct RoleMatch {
    /// The type that the same one has; `None` for any.
    pub r#type: Option<String>,
    /// What its id, or its e-mail, matches.
    pub id: Match,
}

/// How a value matches. A number is its decimal text, a time its RFC 3339 text; only `Between` knows better.
#[derive(Debug, Clone, PartialEq)]
pub enum Match {
    /// Equal, to the letter.
    Is(String),
    /// Begins with.
    Prefix(String),
    /// `*` stands for any characters, `?` for one; `\\` takes the next character as it is.
    Glob(String),
    /// An address inside a network.
    Cidr {
        /// The network's address.
        network: IpAddr,
        /// Its prefix length.
        prefix: u8,
    },
    /// A number within bounds, both inclusive.
    Between(i64, i64),
}

/// The order of a page, by sequence number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// Newest first.
    #[default]
    NewestFirst,
    /// Oldest first.
    OldestFirst,
}

/// Where a page ended: opaque to callers as text, stable while events arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The last event of the page before.
    pub seq: u64,
}

/// A page of events.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// Which events.
    pub filter: Filter,
    /// In which order.
    pub order: Order,
    /// How many, at most [`PAGE_ROWS_MAX`](crate::limits::PAGE_ROWS_MAX).
    pub limit: u32,
    /// Behind which event.
    pub after: Option<Cursor>,
}

/// What a [`Query`] gives.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Page {
    /// The events.
    pub events: Vec<Recorded>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<Cursor>,
}

/// A span of time to group by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bucket {
    /// Its minute.
    Minute,
    /// Its hour.
    Hour,
    /// Its day.
    Day,
    /// Its ISO week.
    Week,
    /// Its month.
    Month,
    /// The hour of the day, 0 to 23.
    HourOfDay,
    /// The day of the week, 1 (Monday) to 7.
    Weekday,
}

/// What to group by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Group {
    /// `occurred_at`, in spans of the aggregate's time zone.
    Time(Bucket),
    /// A field's values; an event with several is counted in each, one without in the group `null`.
    Field(Field),
}

/// What to measure in each group.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Measure {
    /// How many events.
    Count,
    /// How many different values of a field.
    Distinct(Field),
    /// The earliest `occurred_at`.
    First,
    /// The latest `occurred_at`.
    Last,
    /// A percentile (0 to 100) of an integer column by the nearest-rank method.
    Percentile(Column, u8),
}

/// What groups are ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderBy {
    /// The n-th group key, rising.
    KeyAscending(usize),
    /// The n-th group key, falling.
    KeyDescending(usize),
    /// The n-th measure, falling, then the keys.
    MeasureDescending(usize),
    /// The n-th measure, rising, then the keys.
    MeasureAscending(usize),
}

impl Filter {
    /// The same filter kept inside a tenant, whatever tenant it asked for: where it asked for another, it finds nothing.
    #[must_use]
    pub fn within_tenant(mut self, tenant: &str) -> Self {
        if let Some(asked) = self.tenant.replace(tenant.to_owned()).filter(|asked| asked != tenant) {
            let test = Test::Field(Field::Column(Column::Tenant), vec![Match::Is(asked)]);
            self.clauses.push(Clause { negated: false, test });
        }
        self
    }
}

impl Aggregate {
    /// How many events a filter finds, in one group of all.
    pub fn count(filter: Filter) -> Self {
        Self {
            filter,
            group_by: Vec::new(),
            measures: vec![Measure::Count],
            time_zone: jiff::tz::TimeZone::UTC,
            having: None,
            order: None,
            limit: AGGREGATE_ROWS_DEFAULT,
            approximate: false,
        }
    }
}

impl Aggregate {
    /// How the groups are ordered: as asked, else time goes on and of everything else the most comes first.
    pub(super) fn ordered_by(&self) -> OrderBy {
        let count = self.measures.iter().position(|measure| *measure == Measure::Count);
        self.order.unwrap_or(match (self.group_by.first(), count) {
            (Some(Group::Time(_)), _) | (_, None) => OrderBy::KeyAscending(0),
            (_, Some(count)) => OrderBy::MeasureDescending(count),
        })
    }

    /// Whether the groups with the most events come first.
    pub(super) fn ranks_by_count(&self) -> bool {
        let by = |nth: usize| self.measures.get(nth) == Some(&Measure::Count);
        matches!(self.ordered_by(), OrderBy::MeasureDescending(nth) if by(nth)) && !self.group_by.is_empty()
    }
}

impl Query {
    /// The newest events of a filter, as many as a page has by default.
    pub fn newest(filter: Filter) -> Self {
        Self { filter, order: Order::NewestFirst, limit: PAGE_ROWS_DEFAULT, after: None }
    }
}

/// Only groups whose measure is at least this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Having {
    /// Which measure.
    pub measure: usize,
    /// Smallest value that is kept.
    pub at_least: i64,
}

/// Groups and measures over a filter.
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregate {
    /// Which events.
    pub filter: Filter,
    /// What to group by; nothing for one group of all.
    pub group_by: Vec<Group>,
    /// What to measure.
    pub measures: Vec<Measure>,
    /// The IANA time zone of the time buckets. Default: UTC.
    pub time_zone: jiff::tz::TimeZone,
    /// Which groups to keep.
    pub having: Option<Having>,
    /// How to order them.
    pub order: Option<OrderBy>,
    /// How many groups at most.
    pub limit: u32,
    /// Whether an answer may be inexact where that saves a scan: different values counted by a sketch (standard error
    /// 0.8 %), latencies rounded (by at most 1/64) for percentiles, and, when ordered by count, groups left out
    /// that are rare everywhere. [`Table::exact`] tells whether it was. Default: false.
    pub approximate: bool,
}

/// One value of a [`Table`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// No value.
    Null,
    /// A number.
    Int(i64),
    /// A text.
    Text(String),
    /// A moment.
    Time(Timestamp),
}

/// What an [`Aggregate`] gives.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Table {
    /// Names of the group keys, then of the measures.
    pub columns: Vec<String>,
    /// One row a group.
    pub rows: Vec<Vec<Value>>,
    /// False when a number in the rows may be another, or a row may be missing, because the answer was
    /// [approximate](Aggregate::approximate).
    pub exact: bool,
    /// How many groups there were before `limit`; at least so many in an [approximate](Aggregate::approximate) answer.
    pub groups: u64,
}
