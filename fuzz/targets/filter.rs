//! Any text as a filter line: an error with a column in the line, or a filter that reads back from its text, and that
//! can be asked.
#![no_main]

use std::sync::{Arc, LazyLock, RwLock};

use indelible_engine::{
    chunk::Chunk,
    limits::FILTER_BYTES_MAX,
    query::{Cancel, Cursor, Filter, Order, Part, Query, Snapshot},
};
use indelible_fuzz::now;
use indelible_proof::Event;
use libfuzzer_sys::fuzz_target;

static LOG: LazyLock<Snapshot> = LazyLock::new(|| {
    let mut chunk = Chunk::new(0);
    for json in [
        r#"{"action":"token.revoked","actor":{"type":"user","id":"42","email":"alice@example.com"},"metadata":{"a":{"b":[1,"x",true]}}}"#,
        r#"{"action":"auth.login.failed","outcome":"failure","context":{"ip":"10.1.2.3"},"targets":[{"type":"t","id":"7","attrs":{"k":1.5}}]}"#,
        r#"{"action":"resource.updated","http":{"status":200,"latency_us":1830},"tags":["a","b"],"changes":{"after":{"n":null}}}"#,
    ] {
        let mut event = Event::from_json(json.as_bytes()).unwrap();
        event.complete(now());
        chunk.push(&event);
    }
    Snapshot { parts: vec![Part::Growing(Arc::new(RwLock::new(chunk)))], end_seq: 3, log_number: 7 }
});

fuzz_target!(|line: &str| {
    if let Ok(cursor) = line.parse::<Cursor>() {
        assert_eq!(cursor.to_string().parse(), Ok(cursor), "a cursor reads back");
    }
    let filter = match Filter::parse(line, now()) {
        Ok(filter) => filter,
        Err(error) => {
            assert!((1..=line.chars().count() + 1).contains(&error.column), "{error}");
            return;
        }
    };
    let written = filter.to_string();
    if written.len() <= FILTER_BYTES_MAX {
        let again = Filter::parse(&written, now());
        assert_eq!(again.as_ref(), Ok(&filter), "{written}");
    }
    let query = Query { filter: filter.clone(), order: Order::OldestFirst, limit: 10, after: None };
    let found = LOG.query(&query, &Cancel::default()).unwrap().events.len();
    if let [clause] = &mut *filter.clauses.clone() {
        clause.negated = !clause.negated;
        let others = Filter { clauses: vec![clause.clone()], ..filter.clone() };
        let all = Filter { clauses: Vec::new(), ..filter };
        let count = |filter| LOG.query(&Query { filter, ..query.clone() }, &Cancel::default()).unwrap().events.len();
        assert_eq!(found + count(others), count(all), "an event passes a condition or its opposite: {line}");
    }
});
