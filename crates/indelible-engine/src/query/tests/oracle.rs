//! Filters and aggregates by the plainest means: events as JSON, no codes, no blocks, nothing remembered.

use std::collections::{BTreeMap, BTreeSet};

use indelible_proof::{Recorded, Timestamp};
use serde_json::Value as Json;

use crate::{
    column::{Column, Kind},
    query::*,
};

/// An event of the log, and the same as JSON.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) recorded: Recorded,
    json: Json,
}

impl Known {
    pub(super) fn new(recorded: Recorded) -> Self {
        let json = serde_json::to_value(&recorded.event).unwrap();
        Self { recorded, json }
    }

    fn occurred_at(&self) -> Timestamp {
        self.recorded.event.occurred_at.unwrap()
    }
}

/// The texts at a path, lists standing for their elements.
fn texts(json: &Json, path: &[&str]) -> Vec<String> {
    match json {
        Json::Array(all) => all.iter().flat_map(|one| texts(one, path)).collect(),
        Json::Object(object) if !path.is_empty() => {
            object.get(path[0]).map_or_else(Vec::new, |value| texts(value, &path[1..]))
        }
        Json::String(text) if path.is_empty() => vec![text.clone()],
        Json::Number(_) | Json::Bool(_) if path.is_empty() => vec![json.to_string()],
        _ => Vec::new(),
    }
}

fn of_column(event: &Json, column: Column) -> Vec<String> {
    texts(event, &column.path().split('.').collect::<Vec<_>>())
}

pub(super) fn of_field(event: &Json, field: &Field) -> Vec<String> {
    match field {
        Field::Column(column) => of_column(event, *column),
        Field::Json(column, rest) => {
            let mut path: Vec<&str> = column.path().split('.').collect();
            path.extend(rest.iter().map(String::as_str));
            texts(event, &path)
        }
    }
}

fn like(pattern: &[char], text: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['*', rest @ ..] => (0..=text.len()).any(|from| like(rest, &text[from..])),
        ['?', rest @ ..] => !text.is_empty() && like(rest, &text[1..]),
        ['\\', char, rest @ ..] | [char, rest @ ..] => text.first() == Some(char) && like(rest, &text[1..]),
    }
}

fn matches(one: &Match, text: &str) -> bool {
    let chars = |text: &str| text.chars().collect::<Vec<char>>();
    match one {
        Match::Is(wanted) => text == wanted,
        Match::Prefix(prefix) => text.starts_with(prefix.as_str()),
        Match::Glob(pattern) => like(&chars(pattern), &chars(text)),
        Match::Cidr { network, prefix } => {
            let bits = |ip: std::net::IpAddr| match ip {
                std::net::IpAddr::V4(ip) => (4, format!("{:032b}", ip.to_bits())),
                std::net::IpAddr::V6(ip) => (6, format!("{:0128b}", ip.to_bits())),
            };
            text.parse().is_ok_and(|ip| {
                let ((version, ip), (of, network)) = (bits(ip), bits(*network));
                version == of && ip[..usize::from(*prefix)] == network[..usize::from(*prefix)]
            })
        }
        Match::Between(low, high) => {
            let time = text.parse::<Timestamp>().map(|at| at.as_micros() as f64);
            let number = text.parse::<f64>().ok().or(time.ok()).filter(|number| number.is_finite());
            // The ends of the numbers are no bounds.
            let is_above = |number| *low == i64::MIN || *low as f64 <= number;
            let is_below = |number| *high == i64::MAX || number <= *high as f64;
            number.is_some_and(|number| is_above(number) && is_below(number))
        }
    }
}

fn contains_text(event: &Json, text: &str) -> bool {
    let lower = text.to_lowercase();
    let of_terms = Column::ALL.iter().filter(|column| column.kind() == Kind::Terms);
    if of_terms.flat_map(|&column| of_column(event, column)).any(|value| value.to_lowercase().contains(&lower)) {
        return true;
    }
    let quoted = serde_json::to_string(text).unwrap();
    let inside = quoted[1..quoted.len() - 1].to_lowercase();
    let targets = event["targets"].as_array().cloned().unwrap_or_default();
    let attrs: Vec<Json> =
        targets.iter().map(|one| one.get("attrs").cloned().unwrap_or_else(|| serde_json::json!({}))).collect();
    let some_attrs = attrs.iter().any(|attrs| attrs != &serde_json::json!({}));
    let blobs = [event.get("metadata").cloned(), event.get("changes").cloned(), some_attrs.then(|| attrs.into())];
    blobs.into_iter().flatten().any(|json| json.to_string().to_lowercase().contains(&inside))
}

fn plays(event: &Json, role: Role, wanted: &RoleMatch) -> bool {
    let (key, ids): (&str, &[&str]) = match role {
        Role::Actor => ("actor", &["id", "email"]),
        Role::OnBehalfOf => ("on_behalf_of", &["id", "email"]),
        Role::Target => ("targets", &["id"]),
    };
    let players = match &event[key] {
        Json::Array(all) => all.clone(),
        other => vec![other.clone()],
    };
    players.iter().any(|player| {
        wanted.r#type.as_ref().is_none_or(|r#type| player["type"].as_str() == Some(r#type))
            && ids.iter().any(|id| player[*id].as_str().is_some_and(|id| matches(&wanted.id, id)))
    })
}

/// Whether an event passes a filter.
pub(super) fn passes(filter: &Filter, known: &Known) -> bool {
    let (Known { recorded, json: event }, at) = (known, known.occurred_at());
    filter.tenant.as_ref().is_none_or(|tenant| recorded.event.tenant.as_ref() == Some(tenant))
        && filter.since.is_none_or(|since| since <= at)
        && filter.until.is_none_or(|until| at < until)
        && filter.seq_from.is_none_or(|from| from <= recorded.seq)
        && filter.seq_to.is_none_or(|to| recorded.seq < to)
        && filter.clauses.iter().all(|clause| {
            let holds = match &clause.test {
                Test::Text(text) => contains_text(event, text),
                Test::Role(role, all) => all.iter().any(|one| plays(event, *role, one)),
                Test::Field(field, all) => {
                    of_field(event, field).iter().any(|value| all.iter().any(|one| matches(one, value)))
                }
            };
            holds != clause.negated
        })
}

fn of_text(field: &Field, text: String) -> Value {
    match field {
        Field::Column(column) if column.kind() == Kind::Ints => match text.parse() {
            Ok(number) => Value::Int(number),
            Err(_) => Value::Time(text.parse().unwrap()),
        },
        _ => Value::Text(text),
    }
}

fn bucket(at: Timestamp, bucket: Bucket, zone: &jiff::tz::TimeZone) -> Value {
    let moment = jiff::Timestamp::from_microsecond(at.as_micros()).unwrap();
    let local = moment.to_zoned(zone.clone());
    let seconds = i64::from(local.second()) * 1_000_000 + i64::from(local.subsec_nanosecond()) / 1000;
    let of_day = |date: jiff::civil::Date| {
        let start = date.to_zoned(zone.clone()).unwrap().timestamp().as_microsecond();
        Value::Time(Timestamp::saturating_from_micros(start))
    };
    let past = |us: i64| Value::Time(Timestamp::saturating_from_micros(at.as_micros() - us));
    match bucket {
        Bucket::Minute => past(seconds),
        Bucket::Hour => past(seconds + i64::from(local.minute()) * 60_000_000),
        Bucket::Day => of_day(local.date()),
        Bucket::Week => {
            let days = i64::from(local.weekday().to_monday_zero_offset());
            of_day(local.date().checked_sub(jiff::Span::new().days(days)).unwrap())
        }
        Bucket::Month => of_day(local.date().first_of_month()),
        Bucket::HourOfDay => Value::Int(local.hour().into()),
        Bucket::Weekday => Value::Int(local.weekday().to_monday_one_offset().into()),
    }
}

fn measured(measure: &Measure, events: &[&Known]) -> Value {
    let times = || events.iter().map(|known| known.occurred_at());
    let all = |field: &Field| events.iter().flat_map(|known| of_field(&known.json, field)).collect::<Vec<String>>();
    match measure {
        Measure::Count => Value::Int(events.len() as i64),
        Measure::First => times().min().map_or(Value::Null, Value::Time),
        Measure::Last => times().max().map_or(Value::Null, Value::Time),
        Measure::Distinct(field) => Value::Int(all(field).into_iter().collect::<BTreeSet<_>>().len() as i64),
        Measure::Percentile(column, percent) => {
            let field = Field::Column(*column);
            let values = all(&field).into_iter().map(|text| of_text(&field, text));
            let mut values: Vec<Value> = values.collect();
            values.sort();
            let rank = (values.len() * usize::from(*percent)).div_ceil(100).max(1);
            values.get(rank - 1).cloned().unwrap_or(Value::Null)
        }
    }
}

/// All rows of an aggregate's table, in no order.
pub(super) fn rows(aggregate: &Aggregate, log: &[Known]) -> BTreeSet<Vec<Value>> {
    let mut groups: BTreeMap<Vec<Value>, Vec<&Known>> = BTreeMap::new();
    if aggregate.group_by.is_empty() {
        groups.insert(Vec::new(), Vec::new());
    }
    for known in log.iter().filter(|known| passes(&aggregate.filter, known)) {
        let mut keys: BTreeSet<Vec<Value>> = [Vec::new()].into();
        for group in &aggregate.group_by {
            let mut values: Vec<Value> = match group {
                Group::Time(span) => vec![bucket(known.occurred_at(), *span, &aggregate.time_zone)],
                Group::Field(field) => {
                    of_field(&known.json, field).into_iter().map(|text| of_text(field, text)).collect()
                }
            };
            if values.is_empty() {
                values.push(Value::Null);
            }
            let longer = |key: &Vec<Value>| {
                let key = key.clone();
                values.clone().into_iter().map(move |value| [key.clone(), vec![value]].concat())
            };
            keys = keys.iter().flat_map(longer).collect();
        }
        for key in keys {
            groups.entry(key).or_default().push(known);
        }
    }
    let row = |(key, events): (Vec<Value>, Vec<&Known>)| {
        key.into_iter().chain(aggregate.measures.iter().map(|measure| measured(measure, &events))).collect()
    };
    groups.into_iter().map(row).collect()
}
