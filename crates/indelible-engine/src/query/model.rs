//! The closed model of filters, pages and aggregates.

use std::net::IpAddr;

use indelible_proof::{Recorded, Severity, Timestamp};

use crate::column::Column;

/// A field that can be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Field {
    /// A column.
    Column(Column),
    /// A path inside `metadata`, e.g. `["endpoint"]` for `metadata.endpoint`.
    Metadata(Vec<String>),
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
    /// To this sequence number, exclusive.
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
    /// One element of `targets`, `actor` or `on_behalf_of` has this type and this id: columns of the type and the id.
    TypedId {
        /// Column of the type.
        r#type: Column,
        /// Column of the id.
        id: Column,
        /// The type that one element has.
        type_is: String,
        /// The id that the same element has.
        id_is: String,
    },
    /// Severity is at least this.
    SeverityAtLeast(Severity),
    /// Some text of the event contains this, whatever the case.
    Text(String),
}

/// How a value matches.
#[derive(Debug, Clone, PartialEq)]
pub enum Match {
    /// Equal, to the letter.
    Is(String),
    /// Begins with.
    Prefix(String),
    /// `*` stands for any characters, `?` for one.
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

/// Where a page ended: opaque to callers, stable while events arrive.
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
#[derive(Debug, Clone, Default, PartialEq)]
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
}

/// One value of a [`Table`].
#[derive(Debug, Clone, PartialEq, PartialOrd)]
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
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    /// Names of the group keys, then of the measures.
    pub columns: Vec<String>,
    /// One row a group.
    pub rows: Vec<Vec<Value>>,
    /// False when a number comes from a sketch.
    pub exact: bool,
    /// How many groups there were before `limit`.
    pub groups: u64,
}
