//! The questions about the usage of tokens, over what `bench ingest` made.

use clap::Args;
use indelible::{
    Query as Newest, ReadError, Store, Timestamp,
    usage::{Scope, TokenTotals, Usage},
};

use super::{
    events::{TOKENS, owner, token, user},
    rounds::{Measured, Rounds, print},
    target::Target,
};
use crate::cli::{error::Failure, terminal::Screen};

const HOUR_US: i64 = 3_600_000_000;

/// Asks every question about the usage of tokens, of each scope, and measures the answers
#[derive(Debug, Args)]
pub(crate) struct UsageOf {
    #[command(flatten)]
    rounds: Rounds,
    #[command(flatten)]
    target: Target,
}

/// Asks; gives how many rows the answer has, and whether it is exact.
type Ask = fn(&Usage<'_>) -> Result<(u64, bool), ReadError>;

const QUESTIONS: &[(&str, Ask)] = &[
    ("total, first, last", |of| of.total().map(|_| (1, true))),
    ("daily", |of| of.daily().map(|days| (days.len() as u64, true))),
    ("hour of day", |of| of.by_hour_of_day().map(|_| (24, true))),
    ("by ip", |of| of.by_ip(10).map(|ranked| (ranked.rows.len() as u64, ranked.exact))),
    ("by endpoint", |of| of.by_endpoint(10).map(|ranked| (ranked.rows.len() as u64, ranked.exact))),
    ("by status", |of| of.by_status(10).map(|ranked| (ranked.rows.len() as u64, ranked.exact))),
    ("latency", |of| of.latency().map(|latency| (1, latency.exact))),
    ("unique ips", |of| of.unique_ips().map(|unique| (unique.count, unique.exact))),
    ("most active", |of| of.most_active(10).map(|ranked| (ranked.rows.len() as u64, ranked.exact))),
    ("by ability", |of| of.by_ability(20).map(|ranked| (ranked.rows.len() as u64, ranked.exact))),
    ("failures by cause", |of| of.failures().map(|causes| (causes.len() as u64, true))),
    ("suspicious ips", |of| of.suspicious_ips(10).map(|ranked| (ranked.rows.len() as u64, ranked.exact))),
    ("lifecycle", |of| of.lifecycle(50).map(|events| (events.len() as u64, true))),
    ("statistics", |of| of.statistics(TokenTotals::default()).map(|statistics| (1, statistics.exact))),
];

impl UsageOf {
    pub(super) fn run(&self, screen: &mut Screen) -> Result<(), Failure> {
        let subject = self.target.open()?;
        let measured = subject.store().and_then(|store| self.measure_all(store, screen));
        subject.close();
        print(&measured?, screen)
    }

    fn measure_all(&self, store: &dyn Store, screen: &mut Screen) -> Result<Vec<Measured>, Failure> {
        let newest = store.query(&Newest { limit: 1, ..Newest::newest(Default::default()) }, &Default::default());
        let newest = newest.map_err(Failure::because)?;
        let end = newest.events.first().and_then(|event| event.event.occurred_at);
        let end =
            end.ok_or_else(|| Failure::Failed("there are no events; run `indelible bench ingest` first".to_owned()))?;
        let mut all = Vec::new();
        for (scope_name, scope, days) in scopes() {
            let mut usage = Usage::of(store, scope);
            if let Some(days) = days {
                // On no whole hour, so that the first events are not those of a whole roll-up.
                usage = usage.since(Timestamp::saturating_from_micros(end.as_micros() - days * 24 * HOUR_US - 1));
            }
            for (name, ask) in QUESTIONS {
                let name = format!("{scope_name}: {name}");
                all.push(self.rounds.measure((&name, ""), || ask(&usage).map_err(Failure::because), screen)?);
            }
        }
        Ok(all)
    }
}

/// Whose usage, and of the last how many days.
fn scopes() -> Vec<(&'static str, Scope, Option<i64>)> {
    vec![
        ("busiest token", Scope::Token(token(0)), None),
        ("token 1,000", Scope::Token(token(1000)), None),
        ("rare token", Scope::Token(token(TOKENS / 4)), None),
        ("group of 3", Scope::Tokens((998..1001).map(token).collect()), None),
        ("group of 20", Scope::Tokens((0..20).map(|nth| token(nth * 500)).collect()), None),
        ("owner", Scope::Owner { r#type: "user".to_owned(), id: user(owner(0)) }, None),
        ("type", Scope::Type("pk".to_owned()), None),
        ("environment", Scope::Environment("live".to_owned()), None),
        ("everything", Scope::All, None),
        ("token 100, 7 days", Scope::Token(token(100)), Some(7)),
        ("everything, 7 days", Scope::All, Some(7)),
        ("everything, 1 day", Scope::All, Some(1)),
    ]
}
