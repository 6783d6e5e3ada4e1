//! Filters and aggregates over the sample, with their answers.

use super::{all, append, find, or_panic, sample, start};
use crate::{
    query::{Aggregate, AggregateText, Cancel, Filter, Query, Value},
    store::Store,
};

pub(super) fn filter(line: &str) -> Filter {
    match Filter::parse(line, start()) {
        Ok(filter) => filter,
        Err(error) => panic!("{}", error.render(line)),
    }
}

/// Filter lines of every kind, and the events of the sample that they find.
const FILTERS: &[(&str, &[u64])] = &[
    ("", &[0, 1, 2, 3, 4, 5, 6, 7]),
    ("action:auth.login.failed", &[0, 1]),
    ("action:token.created,access.denied", &[4, 5]),
    ("action:auth.*", &[0, 1, 2]),
    ("action:*.updated", &[6, 7]),
    ("action:auth.login.?ailed", &[0, 1]),
    ("-action:auth.*", &[3, 4, 5, 6, 7]),
    ("action:nothing.like.it", &[]),
    ("-action:nothing.like.it", &[0, 1, 2, 3, 4, 5, 6, 7]),
    ("outcome:failure ip:10.0.0.0/8", &[0, 1]),
    ("ip:10.0.0.2", &[1]),
    ("ip:203.0.113.0/28,10.0.0.1/32", &[0, 2]),
    ("ip:*", &[0, 1, 2]),
    ("-ip:* tenant:acme", &[7]),
    ("severity:>=high", &[4, 7]),
    ("severity:info", &[3, 6]),
    ("reason:*", &[0, 4]),
    ("actor:42", &[0, 1, 2, 4, 5]),
    ("actor:user:42", &[0, 1, 2, 5]),
    ("actor:alice@example.com", &[0, 1, 2, 5]),
    ("-actor:token:* actor:42", &[0, 1, 2, 5]),
    ("on_behalf_of:user:42", &[6]),
    ("target:document:7", &[5]),
    ("target:token:tok_2", &[5]),
    ("target:document:tok_*", &[6]),
    ("target:tok_2", &[5, 6]),
    ("token:tok_1", &[3]),
    ("scope:read", &[3, 5]),
    ("tag:eu", &[2, 6]),
    ("-tag:eu session:*", &[]),
    ("status:>=400", &[4, 7]),
    ("status:200..299,500", &[3, 7]),
    ("-status:*", &[0, 1, 2, 5, 6]),
    ("asn:64500", &[4]),
    (r#"metadata.endpoint:"/login""#, &[1]),
    ("metadata.try:>1", &[1]),
    ("metadata.try:2", &[1]),
    ("-metadata.endpoint:*", &[0, 2, 3, 4, 5, 6, 7]),
    ("attrs.pages:3", &[6]),
    ("ALICE", &[0, 1, 2, 5, 6]),
    ("/LOGIN", &[1]),
    ("-alice -curl", &[3, 7]),
    ("since:24h", &[5, 6, 7]),
    ("until:24h", &[0, 1, 2, 3, 4]),
    ("since:35h until:33h", &[1, 2, 3]),
    ("seq:2..4", &[2, 3, 4]),
    ("seq:>=3 actor:42", &[4, 5]),
    ("tenant:acme", &[7]),
    ("tenant:nobody", &[]),
    ("tenant:acme,default action:resource.updated", &[6, 7]),
];

/// Every kind of condition finds the events that it means, and no other.
pub fn every_filter_finds_its_events(store: &dyn Store) {
    append(store, sample());
    for (line, expected) in FILTERS {
        let mut seqs = find(store, &Query { filter: filter(line), ..all() }, 3);
        seqs.reverse();
        assert_eq!(seqs, *expected, "found by {line:?}");
    }
}

/// (filter, group_by, measure, what the rows are as text)
const TABLES: &[(&str, &str, &str, &str)] = &[
    ("", "", "count", "8"),
    ("action:nothing.like.it", "", "count,first,distinct(ip)", "0 null 0"),
    ("", "tenant", "count", "default 7, acme 1"),
    ("action:auth.*", "action", "count,distinct(ip)", "auth.login.failed 2 2, auth.login.succeeded 1 1"),
    ("", "tag", "count", "null 6, eu 2, web 1"),
    ("actor:*", "actor.type", "count,distinct(user)", "user 4 1, service 1 1, token 1 1"),
    ("", "", "distinct(action),distinct(targets.id),distinct(token)", "6 2 2"),
    ("latency:*", "", "p0(latency),p50(latency),p95(latency),p100(latency)", "100 900 5000000 5000000"),
    ("", "status", "count", "null 5, 200 1, 403 1, 500 1"),
    ("", "metadata.try", "count", "null 7, 2 1"),
    ("", "day", "count", "2026-11-19T00:00:00.000000Z 6, 2026-11-20T00:00:00.000000Z 2"),
    ("action:auth.*", "hour", "count", "2026-11-19T00:00:00.000000Z 1, 2026-11-19T01:00:00.000000Z 2"),
    ("", "month", "count", "2026-11-01T00:00:00.000000Z 8"),
    ("", "week", "count", "2026-11-16T00:00:00.000000Z 8"),
    ("", "weekday", "count", "4 6, 5 2"),
    ("since:24h", "hour_of_day", "count", "6 1, 11 1, 20 1"),
    ("action:auth.*", "", "first,last", "2026-11-19T00:00:00.000000Z 2026-11-19T01:00:00.000000Z"),
];

/// Groups and measures of every kind are exact.
pub fn every_aggregate_counts_right(store: &dyn Store) {
    append(store, sample());
    for (line, group_by, measure, expected) in TABLES {
        let text = AggregateText { group_by, measure, ..AggregateText::default() };
        let aggregate = or_panic("read an aggregate", Aggregate::parse(filter(line), &text));
        let table = or_panic("aggregate", store.aggregate(&aggregate, &Cancel::default()));
        let rows: Vec<String> = table.rows.iter().map(|row| as_text(row)).collect();
        assert_eq!(rows.join(", "), *expected, "{measure} by {group_by:?} of {line:?}");
        assert!(table.exact, "nothing here needs a sketch");
    }
}

fn as_text(row: &[Value]) -> String {
    let values = row.iter().map(|value| match value {
        Value::Null => "null".to_owned(),
        Value::Int(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::Time(at) => at.to_string(),
    });
    values.collect::<Vec<_>>().join(" ")
}
