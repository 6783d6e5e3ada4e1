//! How tokens are used: asked of the log, for a token, an owner, a type, an environment, or everything.
//!
//! A *use* is a `token.authenticated`; an *attempt* is one of [`FAILURES`], as often as its event says that it was repeated. Whatever
//! can be counted exactly without reading every event is; where something comes from a sketch or is rounded, the
//! answer's `exact` is false.
//!
//! ```
//! use indelible::{Credential, Event, MemoryStore, Recorder, usage::{Scope, Usage}};
//! # use std::sync::Arc;
//!
//! let store = Arc::new(MemoryStore::default());
//! let recorder = Recorder::builder(store.clone()).build();
//! let credential = Credential { id: Some("tok_7".to_owned()), ..Credential::default() };
//! recorder.record(Event::new("token.authenticated").credential(credential).ip([203, 0, 113, 9].into()))?;
//!
//! let usage = Usage::of(&*store, Scope::Token("tok_7".to_owned()));
//! assert_eq!(usage.total()?.uses, 1);
//! assert_eq!(usage.by_ip(10)?.rows[0].value.as_deref(), Some("203.0.113.9"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod answer;
mod ask;
mod failures;
mod statistics;

use std::fmt;

use indelible_engine::{
    column::Column,
    limits::AGGREGATE_ROWS_MAX,
    query::{Bucket, Cancel, Clause, Field, Group, Match, Measure, Order, Query, Role, RoleMatch, Test, Value},
    source::ReadError,
    store::Store,
};
use indelible_proof::{Recorded, Timestamp};
use jiff::tz::TimeZone;

use crate::asking::{Asking, limits, of_column};

#[cfg(feature = "tokens")]
pub(crate) use ask::owner_as_actor;

pub use answer::{Day, Endpoint, Latency, Ranked, Total, Unique, Used};
pub use failures::Cause;
pub use statistics::{Statistics, TokenTotals};

/// What a use is.
pub const USE: &str = "token.authenticated";
/// What failed attempts are.
pub const FAILURES: [&str; 6] = [
    "token.authentication_failed",
    "token.domain_blocked",
    "token.expired",
    "token.ip_blocked",
    "token.rate_limited",
    "token.scope_denied",
];
/// What makes up the life of a token.
const LIFECYCLE: [&str; 8] = [
    "token.created",
    "token.deleted",
    "token.derived",
    "token.leaked",
    "token.revealed",
    "token.revoked",
    "token.rotated",
    "token.updated",
];

/// Whose usage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Of one token, by id.
    Token(String),
    /// Of some tokens together, by id: those of a group, for example.
    Tokens(Vec<String>),
    /// Of all tokens of an owner. Owners whose types are also those of actors (user, service, token, client, agent, system)
    /// are told apart by their ids alone, all others by both.
    Owner {
        /// What it is, e.g. `user`.
        r#type: String,
        /// Which one.
        id: String,
    },
    /// Of all tokens of a type, e.g. `sk`.
    Type(String),
    /// Of all tokens of an environment, e.g. `live`.
    Environment(String),
    /// Of all tokens.
    All,
}

/// Questions about the usage of tokens. Each is answered from the log as it is when it is asked.
#[derive(Clone)]
#[must_use]
pub struct Usage<'a> {
    asking: Asking<'a>,
    scope: Scope,
    time_zone: TimeZone,
}

impl<'a> Usage<'a> {
    /// Asks about all time and every tenant.
    pub fn of(store: &'a dyn Store, scope: Scope) -> Self {
        Self { asking: Asking::of(store), scope, time_zone: TimeZone::UTC }
    }

    limits!();

    /// The time zone of days and hours. Default: UTC.
    pub fn time_zone(mut self, time_zone: TimeZone) -> Self {
        self.time_zone = time_zone;
        self
    }

    /// How many uses, the first and the last.
    pub fn total(&self) -> Result<Total, ReadError> {
        let table = self.uses(&[], &[Measure::Count, Measure::First, Measure::Last], 1)?;
        Ok(table.rows.first().map(|row| Total::of(row)).unwrap_or_default())
    }

    /// Uses on each day that has any, rising.
    pub fn daily(&self) -> Result<Vec<Day>, ReadError> {
        let table = self.uses(&[Group::Time(Bucket::Day)], &[Measure::Count], u32::MAX)?;
        let day = |row: &Vec<Value>| match row[..] {
            [Value::Time(day), Value::Int(uses)] => Some(Day { day, uses: uses.unsigned_abs() }),
            _ => None,
        };
        Ok(table.rows.iter().filter_map(day).collect())
    }

    /// Uses in each hour of the day, from midnight on.
    pub fn by_hour_of_day(&self) -> Result<[u64; 24], ReadError> {
        let table = self.uses(&[Group::Time(Bucket::HourOfDay)], &[Measure::Count], 24)?;
        let mut hours = [0; 24];
        for row in &table.rows {
            if let [Value::Int(hour), Value::Int(uses)] = row[..]
                && let Some(slot) = hours.get_mut(hour as usize)
            {
                *slot = uses.unsigned_abs();
            }
        }
        Ok(hours)
    }

    /// The addresses with the most uses.
    pub fn by_ip(&self, limit: u32) -> Result<Ranked<Used>, ReadError> {
        Ok(Ranked::of(&self.uses(&[of_column(Column::ContextIp)], &[Measure::Count], limit)?, Used::of))
    }

    /// The endpoints with the most uses.
    pub fn by_endpoint(&self, limit: u32) -> Result<Ranked<Endpoint>, ReadError> {
        let by = [of_column(Column::HttpMethod), of_column(Column::HttpRoute)];
        Ok(Ranked::of(&self.uses(&by, &[Measure::Count], limit)?, Endpoint::of))
    }

    /// The statuses of responses, the most frequent first.
    pub fn by_status(&self, limit: u32) -> Result<Ranked<Used>, ReadError> {
        Ok(Ranked::of(&self.uses(&[of_column(Column::HttpStatus)], &[Measure::Count], limit)?, Used::of))
    }

    /// How long responses took, in microseconds; within 1/64 where not exact.
    pub fn latency(&self) -> Result<Latency, ReadError> {
        let percentiles = [50, 90, 95, 99].map(|percent| Measure::Percentile(Column::HttpLatencyUs, percent));
        Ok(Latency::of(&self.uses(&[], &percentiles, 1)?))
    }

    /// From how many addresses; with a standard error of 0.8 % where not exact.
    pub fn unique_ips(&self) -> Result<Unique, ReadError> {
        let distinct = [Measure::Distinct(Field::Column(Column::ContextIp))];
        Ok(Unique::of(&self.uses(&[], &distinct, 1)?))
    }

    /// The tokens with the most uses.
    pub fn most_active(&self, limit: u32) -> Result<Ranked<Used>, ReadError> {
        Ok(Ranked::of(&self.uses(&[of_column(Column::CredentialId)], &[Measure::Count], limit)?, Used::of))
    }

    /// The abilities that requests needed, the most frequent first; `None` for those that needed none.
    pub fn by_ability(&self, limit: u32) -> Result<Ranked<Used>, ReadError> {
        Ok(Ranked::of(&self.uses(&[of_column(Column::OauthScopesRequested)], &[Measure::Count], limit)?, Used::of))
    }

    /// Those of some granted abilities that no use needed. One that ends with `*` was needed when anything it stands for
    /// was.
    pub fn unused_abilities<'g>(&self, granted: impl IntoIterator<Item = &'g str>) -> Result<Vec<&'g str>, ReadError> {
        let used = self.by_ability(AGGREGATE_ROWS_MAX)?.rows;
        let is_used = |granted: &&str| {
            used.iter().filter_map(|row| row.value.as_deref()).any(|used| match granted.strip_suffix('*') {
                Some(beginning) => used.starts_with(beginning),
                None => used == *granted,
            })
        };
        Ok(granted.into_iter().filter(|granted| !is_used(granted)).collect())
    }

    /// What happened to tokens and their owners' tokens, the oldest first. For a type or an environment it is that of
    /// all tokens: events of a life name a token and its owner only.
    pub fn lifecycle(&self, limit: u32) -> Result<Vec<Recorded>, ReadError> {
        let mut filter = self.filter(&LIFECYCLE);
        filter.clauses.truncate(1);
        let target = |kind: &str, id: &str| RoleMatch { r#type: Some(kind.to_owned()), id: Match::Is(id.to_owned()) };
        let targets = match &self.scope {
            Scope::Token(id) => Some(vec![target("token", id)]),
            Scope::Tokens(ids) => Some(ids.iter().map(|id| target("token", id)).collect()),
            Scope::Owner { r#type, id } => Some(vec![target(r#type, id)]),
            Scope::Type(_) | Scope::Environment(_) | Scope::All => None,
        };
        if let Some(targets) = targets {
            filter.clauses.push(Clause { negated: false, test: Test::Role(Role::Target, targets) });
        }
        let query = Query { filter, order: Order::OldestFirst, limit, after: None };
        Ok(self.asking.page(&query)?.events)
    }
}

impl fmt::Debug for Usage<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Usage")
            .field("scope", &self.scope)
            .field("tenant", &self.asking.tenant)
            .finish_non_exhaustive()
    }
}
