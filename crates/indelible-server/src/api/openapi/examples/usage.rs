//! Answers about the usage of tokens.

use std::collections::BTreeMap;

use indelible::usage::{Cause, Day, Endpoint, Latency, Ranked, Statistics, Total, Unique, Used};
use serde_json::{Value, json};

use super::{at, new_made_token, recorded, text, token, value};
use crate::api::Question;

/// The answer to a question that is shown, and others that tell what may be null.
pub(in crate::api) fn usage(question: Question) -> (Value, Vec<Value>) {
    let with_others = |shown: Value, other: Value| (shown, vec![other]);
    match question {
        Question::Total => with_others(
            value(Total { uses: 1234, first_at: Some(at(0)), last_at: Some(at(3600)) }),
            value(Total::default()),
        ),
        Question::Daily => (rows(&value(Day { day: at(0), uses: 1234 })), Vec::new()),
        Question::Hours => (rows(&json!({"hour": 0, "uses": 1234})), Vec::new()),
        Question::Ips => ranked("203.0.113.9"),
        Question::Endpoints => {
            let row = |method, route| Ranked { rows: vec![Endpoint { method, route, uses: 1234 }], exact: true };
            with_others(value(row(text("GET"), text("/orders/{id}"))), value(row(None, None)))
        }
        Question::Statuses => ranked("200"),
        Question::Latency => {
            let known = Some(1200);
            with_others(
                value(Latency { p50_us: known, p90_us: known, p95_us: known, p99_us: known, exact: true }),
                value(Latency { p50_us: None, p90_us: None, p95_us: None, p99_us: None, exact: true }),
            )
        }
        Question::UniqueIps => (value(Unique { count: 12, exact: true }), Vec::new()),
        Question::Tokens => ranked("tok_8hT4kQ2mZ9wXc5vB7nY3dF"),
        Question::Abilities => ranked("orders:read"),
        Question::UnusedAbilities => (json!({"abilities": ["orders:write"], "exact": true}), Vec::new()),
        Question::Failures => {
            let row = |reason| value(Cause { action: "token.expired".to_owned(), reason, attempts: 7 });
            with_others(rows(&row(text("token_expired"))), rows(&row(None)))
        }
        Question::SuspiciousIps => (rows(&json!({"value": "203.0.113.9", "attempts": 120})), Vec::new()),
        Question::Lifecycle => (json!({"events": [recorded()]}), Vec::new()),
        Question::NeverUsed | Question::Stale => (json!({"tokens": [token(), new_made_token()]}), Vec::new()),
        Question::Statistics => {
            let counts = |names: &[&str]| names.iter().map(|&name| (name.to_owned(), 7)).collect::<BTreeMap<_, _>>();
            let statistics = |exact| Statistics {
                total_tokens: 21,
                active_tokens: 20,
                total_requests: 1234,
                unique_ips: 12,
                failed_attempts: 7,
                by_environment: counts(&["live", "test"]),
                by_type: counts(&["pk", "rk", "sk"]),
                exact,
            };
            with_others(value(statistics(true)), value(statistics(false)))
        }
    }
}

fn rows(row: &Value) -> Value {
    json!({"rows": [row], "exact": true})
}

fn ranked(shown: &str) -> (Value, Vec<Value>) {
    let row = |value| Ranked { rows: vec![Used { value, uses: 1234 }], exact: true };
    (value(row(text(shown))), vec![value(row(None))])
}
