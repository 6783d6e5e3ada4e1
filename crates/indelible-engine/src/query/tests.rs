//! Random logs, filters and aggregates against an oracle.

mod oracle;
mod sealed;

use std::{
    collections::BTreeSet,
    sync::{Arc, RwLock},
};

use indelible_proof::{Event, EventId, OAuth, Recorded, Timestamp};
use proptest::{collection::vec, option::of, prelude::*, sample::Index, sample::select};

use oracle::Known;

use super::*;
use crate::{
    chunk::Chunk,
    column::{Column, Kind},
    limits::{BLOCK_ROWS, STRATUM_BLOCKS},
    rollup::HOUR_US,
    segment::tests as segment,
    source::{ReadError, Source},
    testing::arbitrary_log,
};

const LOG_NUMBER: u32 = 7;

/// The log's events from `first_seq` on, in parts of all sorts that end where the cuts say.
fn snapshot(events: &[Event], first_seq: u64, cuts: &[Index]) -> Snapshot {
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(events.len() + 1)).collect();
    ends.push(events.len());
    ends.sort_unstable();
    let mut parts = Vec::new();
    let mut start = 0;
    for (nth, end) in ends.into_iter().enumerate() {
        let mut chunk = Chunk::new(first_seq + start as u64);
        events[start..end].iter().for_each(|event| chunk.push(event));
        parts.push(match nth % 3 {
            0 => Part::Fixed(Arc::new(sealed::Sealed::new(chunk))),
            1 if chunk.rows() > 0 => Part::Fixed(Arc::new(segment::open(segment::sealed(&[chunk])).unwrap())),
            _ => Part::Growing(Arc::new(RwLock::new(chunk))),
        });
        start = end;
    }
    Snapshot { parts, end_seq: first_seq + events.len() as u64, log_number: LOG_NUMBER }
}

fn log(events: &[Event], first_seq: u64) -> Vec<Known> {
    let one = |(event, seq): (&Event, u64)| {
        let id = EventId::new(event.recorded_at.unwrap(), LOG_NUMBER, seq);
        Known::new(Recorded { id, seq, event: event.clone() })
    };
    events.iter().zip(first_seq..).map(one).collect()
}

fn found_by_oracle(filter: &Filter, log: &[Known]) -> Vec<Recorded> {
    log.iter().filter(|known| oracle::passes(filter, known)).map(|known| known.recorded.clone()).collect()
}

fn field() -> impl Strategy<Value = Field> {
    let columns: Vec<Column> = Column::ALL.iter().copied().filter(|column| column.kind() != Kind::Blob).collect();
    let names = select(vec!["a", "b", "ab", "abc", "42", "before", "after"]).prop_map(str::to_owned);
    let blobs = select(vec![Column::Metadata, Column::Changes, Column::TargetsAttrs]);
    prop_oneof![
        4 => select(columns).prop_map(Field::Column),
        2 => select(vec![Column::Tenant, Column::Action, Column::Outcome, Column::Severity]).prop_map(Field::Column),
        1 => select(vec![Column::CredentialId, Column::ActorId]).prop_map(Field::Column),
        1 => (blobs, vec(names, 1..3)).prop_map(|(column, path)| Field::Json(column, path)),
    ]
}

/// A condition whose value comes from an event of the log, so that it holds for some.
#[derive(Debug, Clone)]
struct Idea {
    negated: bool,
    field: Field,
    events: Vec<Index>,
    kind: u8,
    role: Option<Role>,
}

fn idea() -> impl Strategy<Value = Idea> {
    let roles =
        prop_oneof![4 => Just(None), 1 => select(vec![Role::Actor, Role::OnBehalfOf, Role::Target]).prop_map(Some)];
    (any::<bool>(), field(), vec(any::<Index>(), 1..4), 0u8..12, roles)
        .prop_map(|(negated, field, events, kind, role)| Idea { negated, field, events, kind, role })
}

impl Idea {
    fn clause(&self, log: &[Event]) -> Clause {
        let json = |index: &Index| serde_json::to_value(index.get(log)).unwrap();
        let test = match self.role {
            Some(role) => {
                Test::Role(role, self.events.iter().map(|event| self.role_match(role, &json(event))).collect())
            }
            None => {
                let texts: Vec<String> =
                    self.events.iter().flat_map(|event| oracle::of_field(&json(event), &self.field)).collect();
                match texts.first() {
                    Some(text) if self.kind == 11 => {
                        Test::Text(text.chars().skip(1).take(3).chain(['A']).take(3).collect())
                    }
                    _ => Test::Field(self.field.clone(), texts.iter().map(|text| self.one(text)).collect()),
                }
            }
        };
        Clause { negated: self.negated, test }
    }

    fn role_match(&self, role: Role, event: &serde_json::Value) -> RoleMatch {
        let key = match role {
            Role::Actor => "actor",
            Role::OnBehalfOf => "on_behalf_of",
            Role::Target => "targets",
        };
        let one = event[key].get(0).unwrap_or(&event[key]);
        let text = |name: &str| one[name].as_str().map(str::to_owned);
        let id = text("id").or(text("email")).unwrap_or_else(|| "42".to_owned());
        RoleMatch { r#type: text("type").filter(|_| self.kind.is_multiple_of(2)), id: self.one(&id) }
    }

    fn one(&self, text: &str) -> Match {
        let number = || text.parse::<i64>().ok().or(text.parse::<Timestamp>().ok().map(Timestamp::as_micros));
        match (self.kind, text.parse::<std::net::IpAddr>()) {
            (0, _) => Match::Prefix(text.chars().take(1).collect()),
            (1, _) => Match::Prefix(String::new()),
            (2, _) => Match::Glob(format!(
                "*{}",
                text.chars().skip(1).take(1).filter(|c| !r"*?\".contains(*c)).collect::<String>()
            )),
            (3, _) => Match::Glob("?b*".to_owned()),
            (4..=6, Ok(network)) => Match::Cidr { network, prefix: 28 },
            (4..=5, _) => {
                number().map_or(Match::Between(1, 50), |n| Match::Between(n - 10, n.saturating_add(1_000_000_000)))
            }
            (6, _) => Match::Between(i64::MIN, i64::MAX),
            _ => Match::Is(text.to_owned()),
        }
    }
}

#[derive(Debug, Clone)]
struct FilterIdea {
    tenant: Option<String>,
    since: Option<Moment>,
    until: Option<Moment>,
    seq: Option<(u64, u64)>,
    ideas: Vec<Idea>,
}

/// A bound of time: at a moment, or at an event's, where it matters to the microsecond.
#[derive(Debug, Clone)]
enum Moment {
    Micros(i64),
    Of(Index),
}

impl Moment {
    fn of(&self, log: &[Event]) -> Timestamp {
        match self {
            Self::Of(index) if !log.is_empty() => index.get(log).occurred_at.unwrap(),
            Self::Of(_) => Timestamp::MIN,
            Self::Micros(us) => Timestamp::saturating_from_micros(*us),
        }
    }
}

fn filter_idea() -> impl Strategy<Value = FilterIdea> {
    let tenant = of(select(vec!["default", "acme", "nobody"]).prop_map(str::to_owned));
    let time = || {
        let us = || 1_790_000_000_000_000i64..1_790_100_000_000_000;
        prop_oneof![
            4 => Just(None),
            1 => us().prop_map(|us| Some(Moment::Micros(us))),
            // Whole hours, which counts by hour can answer.
            1 => us().prop_map(|us| Some(Moment::Micros(us / HOUR_US * HOUR_US))),
            1 => any::<Index>().prop_map(|event| Some(Moment::Of(event))),
        ]
    };
    let seq = prop_oneof![3 => Just(None), 1 => (1000u64..1030, 1000u64..1060).prop_map(Some)];
    (tenant, time(), time(), seq, vec(idea(), 0..3)).prop_map(|(tenant, since, until, seq, ideas)| FilterIdea {
        tenant,
        since,
        until,
        seq,
        ideas,
    })
}

impl FilterIdea {
    fn filter(&self, log: &[Event]) -> Filter {
        Filter {
            tenant: self.tenant.clone(),
            since: self.since.as_ref().map(|moment| moment.of(log)),
            until: self.until.as_ref().map(|moment| moment.of(log)),
            seq_from: self.seq.map(|(from, _)| from),
            seq_to: self.seq.map(|(_, to)| to),
            clauses: self.ideas.iter().filter(|_| !log.is_empty()).map(|idea| idea.clause(log)).collect(),
        }
    }
}

fn group() -> impl Strategy<Value = Group> {
    let bucket = select(Bucket::ALL.to_vec()).prop_map(Group::Time);
    prop_oneof![2 => bucket, 3 => field().prop_map(Group::Field)]
}

fn measure() -> impl Strategy<Value = Measure> {
    let ints: Vec<Column> = Column::ALL.iter().copied().filter(|column| column.kind() == Kind::Ints).collect();
    prop_oneof![
        3 => Just(Measure::Count),
        1 => field().prop_map(Measure::Distinct),
        1 => Just(Measure::First),
        1 => Just(Measure::Last),
        1 => (select(ints), 0u8..=100).prop_map(|(column, percent)| Measure::Percentile(column, percent)),
    ]
}

fn all_pages(snapshot: &Snapshot, mut query: Query) -> Vec<Recorded> {
    let mut all = Vec::new();
    loop {
        let page = snapshot.query(&query, &Cancel::default()).unwrap();
        assert!(page.events.len() <= query.limit as usize);
        assert!(page.next.is_none() || page.events.len() == query.limit as usize);
        assert_eq!(snapshot.query_on(0, &query, &Cancel::default()).unwrap(), page, "two threads, one page");
        all.extend(page.events);
        match page.next {
            Some(next) => query.after = Some(next.to_string().parse().unwrap()),
            None => return all,
        }
    }
}

fn check_aggregate(snapshot: &Snapshot, aggregate: &Aggregate, log: &[Known]) {
    let table = snapshot.aggregate(aggregate, &Cancel::default()).unwrap();
    let expected = oracle::rows(aggregate, log);
    assert_eq!(table.groups, expected.len() as u64);
    assert_eq!(table.rows.iter().cloned().collect::<BTreeSet<_>>(), expected, "{}", aggregate.filter);
    assert_eq!(table.rows.len(), expected.len(), "no group comes twice");
    assert_eq!(snapshot.aggregate_on(true, aggregate, &Cancel::default()).unwrap(), table, "two threads, one answer");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn pages_hold_what_the_oracle_finds(
        events in arbitrary_log(0..60),
        cuts in vec(any::<Index>(), 0..4),
        idea in filter_idea(),
        order in select(vec![Order::NewestFirst, Order::OldestFirst]),
        limit in 1u32..20,
    ) {
        let (log, snapshot) = (log(&events, 1000), snapshot(&events, 1000, &cuts));
        let filter = idea.filter(&events);
        let mut expected = found_by_oracle(&filter, &log);
        if order == Order::NewestFirst {
            expected.reverse();
        }
        let line = filter.to_string();
        let found = all_pages(&snapshot, Query { filter, order, limit, after: None });
        prop_assert_eq!(found, expected, "{}", line);
    }

    #[test]
    fn tables_hold_what_the_oracle_counts(
        events in arbitrary_log(0..40),
        cuts in vec(any::<Index>(), 0..4),
        idea in filter_idea(),
        group_by in vec(group(), 0..3),
        measures in vec(measure(), 1..4),
        zone in select(vec!["UTC", "Europe/Vienna", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]),
    ) {
        let aggregate = Aggregate {
            group_by,
            measures,
            time_zone: jiff::tz::TimeZone::get(zone).unwrap(),
            limit: 100_000,
            ..Aggregate::count(idea.filter(&events))
        };
        check_aggregate(&snapshot(&events, 1000, &cuts), &aggregate, &log(&events, 1000));
    }

    /// The questions that a roll-up can answer, most of the time.
    #[test]
    fn rollups_equal_the_scan(
        events in arbitrary_log(1..60),
        idea in filter_idea(),
        columns in vec(select(ROLLED.to_vec()), 0..3),
        group_by in vec(select(GROUPS.to_vec()), 0..3),
        measure in select(vec!["count", "count", "count,first,last", "last,distinct(ip)", "distinct(action),distinct(token),distinct(status)"]),
        zone in select(vec!["UTC", "Europe/Vienna", "Asia/Kolkata"]),
    ) {
        let mut idea = idea;
        idea.ideas.truncate(columns.len());
        idea.ideas.iter_mut().zip(columns).for_each(|(idea, column)| {
            (idea.field, idea.role, idea.kind) = (Field::Column(column), None, idea.kind.min(10));
        });
        let text = AggregateText { group_by: &group_by.join(","), measure, time_zone: zone, limit: Some(100_000), ..AggregateText::default() };
        let aggregate = Aggregate::parse(idea.filter(&events), &text).unwrap();
        check_aggregate(&snapshot(&events, 1000, &[]), &aggregate, &log(&events, 1000));
    }

    #[test]
    fn an_approximate_answer_that_says_so_is_exact_and_any_other_is_near(
        events in arbitrary_log(1..60),
        cuts in vec(any::<Index>(), 0..3),
        idea in filter_idea(),
        columns in vec(select(ROLLED.to_vec()), 0..2),
        group_by in select(GROUPS.to_vec()),
        limit in 1u32..6,
        at_least in of(1i64..4),
    ) {
        let mut idea = idea;
        idea.ideas.truncate(columns.len());
        idea.ideas.iter_mut().zip(columns).for_each(|(idea, column)| {
            (idea.field, idea.role, idea.kind) = (Field::Column(column), None, idea.kind.min(10));
        });
        let snapshot = snapshot(&events, 1000, &cuts);
        let ask = |group_by: &str, measure: &str, limit, approximate| {
            let text = AggregateText { group_by, measure, limit: Some(limit), ..AggregateText::default() };
            let having = at_least.filter(|_| !group_by.is_empty()).map(|at_least| Having { measure: 0, at_least });
            let aggregate = Aggregate { approximate, having, ..Aggregate::parse(idea.filter(&events), &text).unwrap() };
            let table = snapshot.aggregate(&aggregate, &Cancel::default()).unwrap();
            assert_eq!(snapshot.aggregate_on(true, &aggregate, &Cancel::default()).unwrap(), table);
            table
        };
        let (table, all) = (ask(group_by, "count", limit, true), ask(group_by, "count", 100_000, false));
        if table.exact {
            prop_assert_eq!(&table.rows, &all.rows[..all.rows.len().min(limit as usize)]);
        }
        for row in &table.rows {
            let truth = all.rows.iter().find(|of| of[0] == row[0]).unwrap();
            prop_assert!(row[1] <= truth[1]);
        }
        let (table, truth) = (ask("", "distinct(ip),p50(latency)", 1, true), ask("", "distinct(ip),p50(latency)", 1, false));
        if table.exact {
            prop_assert_eq!(&table.rows, &truth.rows);
        }
        match (&table.rows[0][..], &truth.rows[0][..]) {
            ([Value::Int(ips), about], [Value::Int(all_ips), exactly]) => {
                prop_assert!(ips.abs_diff(*all_ips) <= 1);
                let near = |a: i64, b: i64| a.abs_diff(b) as f64 <= b as f64 * crate::histogram::ERROR_MAX;
                prop_assert!(about == exactly || matches!((about, exactly), (&Value::Int(a), &Value::Int(b)) if near(a, b)));
            }
            other => panic!("{other:?}"),
        }
    }
}

/// Columns that a roll-up may tell.
const ROLLED: [Column; 11] = [
    Column::Tenant,
    Column::Action,
    Column::Outcome,
    Column::Severity,
    Column::Reason,
    Column::CredentialType,
    Column::CredentialEnvironment,
    Column::ActorId,
    Column::CredentialId,
    Column::ClientId,
    Column::ContextGeoCountry,
];
/// What a roll-up may group by.
const GROUPS: [&str; 20] = [
    "hour",
    "day",
    "week",
    "month",
    "weekday",
    "hour_of_day",
    "user",
    "token",
    "tenant",
    "severity",
    "reason",
    "credential.type",
    "ip",
    "http.route",
    "http.status",
    "oauth.scopes_requested",
    "oauth.scopes_granted",
    "client.id",
    "client.id",
    "context.geo.country",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]

    #[test]
    fn many_blocks_are_pages_and_tables_like_few(
        some in arbitrary_log(8..20),
        cuts in vec(any::<Index>(), 0..3),
        ideas in vec(filter_idea(), 6),
        group in group(),
        measure in measure(),
    ) {
        // The first events are rarer than the rest, so that an index has blocks to leave out.
        let events: Vec<Event> = (0..11_000).map(|n| some[if n % 3000 == 0 { n % 8 } else { 4 + n % (some.len() - 4) }].clone()).collect();
        let (log, snapshot) = (log(&events, 1000), snapshot(&events, 1000, &cuts));
        for idea in ideas {
            let filter = FilterIdea { seq: idea.seq.map(|(from, to)| (from + 3000, to + 6000)), ..idea }.filter(&some);
            let expected = found_by_oracle(&filter, &log);
            let query = Query { filter: filter.clone(), order: Order::OldestFirst, limit: 1000, after: None };
            prop_assert_eq!(all_pages(&snapshot, query), expected, "{}", filter);
            let aggregate = Aggregate { group_by: vec![group.clone()], measures: vec![measure.clone()], limit: 100_000, ..Aggregate::count(filter) };
            check_aggregate(&snapshot, &aggregate, &log);
        }
    }
}

/// Aggregates over what strata and facets count, of windows of time.
fn windows() -> impl Strategy<Value = Vec<(Index, Index, Idea, Column, &'static str)>> {
    let group = select(vec!["client.id,oauth.scopes_granted", "client.id,oauth.scopes_requested,action", "tenant"]);
    let groups = prop_oneof![1 => group, 2 => select(GROUPS.to_vec())];
    vec((any::<Index>(), any::<Index>(), idea(), select(ROLLED.to_vec()), groups), 8)
}

/// The same answers of both snapshots, in windows that begin and end where some of their events are.
fn check_windows(one: &Snapshot, other: &Snapshot, events: &[Event], windows: &[(Index, Index, Idea, Column, &str)]) {
    for (from, to, idea, column, group_by) in windows {
        let (from, to) = (from.index(events.len()), to.index(events.len()));
        let idea = Idea { field: Field::Column(*column), role: None, kind: idea.kind.min(10), ..idea.clone() };
        let filter = Filter {
            since: events[from.min(to)].occurred_at,
            until: events[from.max(to)].occurred_at,
            clauses: if idea.kind > 5 { vec![idea.clause(events)] } else { Vec::new() },
            ..Filter::default()
        };
        for measure in ["count", "count,first,last"] {
            let text = AggregateText { group_by, measure, limit: Some(100_000), ..AggregateText::default() };
            let aggregate = Aggregate::parse(filter.clone(), &text).unwrap();
            let ask = |snapshot: &Snapshot| snapshot.aggregate(&aggregate, &Cancel::default()).unwrap();
            assert_eq!(ask(one), ask(other), "{filter} by {group_by}");
        }
    }
}

/// Events in the order of time, many of few.
fn in_time(some: &[Event], rows: usize) -> Vec<Event> {
    let event = |nth: usize| {
        let at = Timestamp::saturating_from_micros(1_790_000_000_000_000 + nth as i64 * 1_000_000);
        Event { occurred_at: Some(at), ..some[nth * nth % 7919 % some.len()].clone() }
    };
    (0..rows).map(event).collect()
}

fn growing(events: &[Event]) -> Snapshot {
    let mut chunk = Chunk::new(0);
    events.iter().for_each(|event| chunk.push(event));
    Snapshot {
        parts: vec![Part::Growing(Arc::new(RwLock::new(chunk)))],
        end_seq: events.len() as u64,
        log_number: LOG_NUMBER,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn strata_of_a_window_equal_the_scan(some in arbitrary_log(8..20), cuts in vec(any::<Index>(), 0..3), windows in windows()) {
        let events = in_time(&some, 20_000);
        check_windows(&snapshot(&events, 0, &cuts), &growing(&events), &events, &windows);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1))]

    #[test]
    fn strata_of_a_segment_equal_the_scan(some in arbitrary_log(8..20), windows in windows()) {
        let events = in_time(&segment::authorized(some), 3 * (STRATUM_BLOCKS * BLOCK_ROWS) as usize / 2);
        let plain = growing(&events);
        let chunk = plain.parts[0].read(|chunk| segment::open(segment::written(&[chunk])).unwrap());
        prop_assert_eq!(chunk.rollup().unwrap().unwrap().strata.len(), 2);
        chunk.verify().unwrap();
        let sealed = Snapshot { parts: vec![Part::Fixed(Arc::new(chunk))], ..plain.clone() };
        check_windows(&sealed, &plain, &events, &windows);
    }

    #[test]
    fn segments_of_every_version_answer_as_the_scan_does(windows in windows()) {
        for version in 1..=segment::VERSION {
            let (path, first_seq, mut events) = segment::golden(version);
            let mut parts = vec![Part::Fixed(Arc::new(segment::open(std::fs::read(path).unwrap()).unwrap()))];
            let more = segment::authorized(events.clone());
            let newer = snapshot(&more, first_seq + events.len() as u64, &[]);
            parts.extend(newer.parts);
            events.extend(more);
            let mixed = Snapshot { parts, end_seq: newer.end_seq, log_number: LOG_NUMBER };
            let mut plain = Chunk::new(first_seq);
            events.iter().for_each(|event| plain.push(event));
            let plain = Snapshot { parts: vec![Part::Growing(Arc::new(RwLock::new(plain)))], ..mixed.clone() };
            check_windows(&mixed, &plain, &events, &windows);
        }
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn log_of(events: Vec<Event>) -> Snapshot {
    snapshot(&crate::testing::complete(events), 0, &[])
}

#[test]
fn days_begin_at_midnight_of_the_zone_also_when_clocks_change() {
    let times = [
        "2026-10-24T21:59:59Z",
        "2026-10-24T22:00:00Z",
        "2026-10-25T00:30:00Z",
        "2026-10-25T01:30:00Z",
        "2026-10-25T22:59:59Z",
        "2026-10-25T23:00:00Z",
    ];
    let snapshot = log_of(times.iter().map(|time| Event::new("a.b").occurred_at(at(time))).collect());
    let rows = |group_by| {
        let text = AggregateText { group_by, time_zone: "Europe/Vienna", ..AggregateText::default() };
        snapshot.aggregate(&Aggregate::parse(Filter::default(), &text).unwrap(), &Cancel::default()).unwrap().rows
    };
    let time = |text, count| vec![Value::Time(at(text)), Value::Int(count)];
    assert_eq!(
        rows("day"),
        [time("2026-10-23T22:00:00Z", 1), time("2026-10-24T22:00:00Z", 4), time("2026-10-25T23:00:00Z", 1)]
    );
    // From 02:00 to 03:00 the clock goes twice: two hours, but one hour of the day.
    assert_eq!(rows("hour").len(), 6);
    assert!(rows("hour_of_day").contains(&vec![Value::Int(2), Value::Int(2)]));
}

#[test]
fn tables_are_bounded_ordered_and_cut() {
    let mut events = Vec::new();
    for (action, n) in [("a.a", 3), ("b.b", 5), ("c.c", 3), ("d.d", 1)] {
        events.extend((0..n).map(|n| Event::new(action).tag(format!("t{n}"))));
    }
    let snapshot = log_of(events);
    let table = |having, order, limit| {
        let text =
            AggregateText { group_by: "action", measure: "count, distinct(tag)", having, order, limit, time_zone: "" };
        snapshot.aggregate(&Aggregate::parse(Filter::default(), &text).unwrap(), &Cancel::default()).unwrap()
    };
    let actions = |table: &Table| {
        table
            .rows
            .iter()
            .map(|row| match &row[0] {
                Value::Text(action) => action.clone(),
                other => panic!("{other:?}"),
            })
            .collect::<Vec<_>>()
            .join(" ")
    };

    let all = table("", "", None);
    assert_eq!(all.columns, ["action", "count", "distinct(tags)"]);
    assert_eq!((actions(&all).as_str(), all.groups, all.exact), ("b.b a.a c.c d.d", 4, true));
    assert_eq!(all.rows[0], [Value::Text("b.b".to_owned()), Value::Int(5), Value::Int(5)]);
    assert_eq!(actions(&table("count>=3", "-action", None)), "c.c b.b a.a");
    assert_eq!(actions(&table("distinct(tag)>3", "", None)), "b.b");
    let first = table("", "count", Some(2));
    assert_eq!((actions(&first).as_str(), first.groups), ("d.d a.a", 4));
}

#[test]
fn a_list_that_is_grouped_by_twice_gives_every_pair_of_its_values() {
    let oauth = OAuth { scopes_requested: vec!["a".to_owned(), "b".to_owned()], ..OAuth::default() };
    let snapshot = log_of(vec![Event { oauth: Some(oauth), ..Event::new("a.b") }]);
    let scopes = Group::Field(Field::Column(Column::OauthScopesRequested));
    let aggregate = Aggregate { group_by: vec![scopes; 2], ..Aggregate::count(Filter::default()) };
    assert_eq!(snapshot.aggregate(&aggregate, &Cancel::default()).unwrap().rows.len(), 4);
}

#[test]
fn nothing_found_is_a_count_of_zero() {
    let snapshot = log_of(vec![Event::new("a.b")]);
    let filter = Filter::parse("action:c.d", Timestamp::MIN).unwrap();
    let text = AggregateText { measure: "count,first,distinct(ip),p95(latency)", ..AggregateText::default() };
    let table = snapshot.aggregate(&Aggregate::parse(filter, &text).unwrap(), &Cancel::default()).unwrap();
    assert_eq!(table.rows, [[Value::Int(0), Value::Null, Value::Int(0), Value::Null]]);
}

#[test]
fn a_cancelled_query_stops() {
    let snapshot = log_of(vec![Event::new("a.b")]);
    let cancel = Cancel::default();
    cancel.cancel();
    assert!(matches!(snapshot.query(&Query::newest(Filter::default()), &cancel), Err(ReadError::Cancelled)));
    assert!(matches!(snapshot.aggregate(&Aggregate::count(Filter::default()), &cancel), Err(ReadError::Cancelled)));
}

#[test]
fn too_many_combinations_of_one_event_are_refused() {
    let mut event = Event::new("a.b");
    event.tags = (0..64).map(|n| format!("t{n}")).collect();
    let snapshot = log_of(vec![event]);
    let tags = Group::Field(Field::Column(Column::Tags));
    let aggregate = Aggregate { group_by: vec![tags; 4], ..Aggregate::count(Filter::default()) };
    let error = snapshot.aggregate(&aggregate, &Cancel::default()).unwrap_err();
    assert_eq!(error.to_string(), "more than 1000000 groups: narrow the filter or group by fewer fields");
}

#[test]
fn a_snapshot_does_not_see_what_comes_later() {
    let mut snapshot = log_of(vec![Event::new("a.b"), Event::new("c.d")]);
    snapshot.end_seq = 1;
    assert_eq!(all_pages(&snapshot, Query::newest(Filter::default())).len(), 1);
    let table = snapshot.aggregate(&Aggregate::count(Filter::default()), &Cancel::default()).unwrap();
    assert_eq!(table.rows, [[Value::Int(1)]]);
}

#[test]
fn only_a_cursor_is_a_cursor() {
    assert_eq!(Cursor { seq: u64::MAX }.to_string().parse(), Ok(Cursor { seq: u64::MAX }));
    for text in ["", "a", "b1", "a+1", "a-1", "a1 ", "ax", "a11111111111111111"] {
        assert_eq!(text.parse::<Cursor>(), Err(CursorError), "{text}");
    }
}
