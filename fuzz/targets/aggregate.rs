//! Any texts as the parameters of an aggregate, one a line: an error, or an aggregate whose measures and keys read
//! back, and whose table has the form that it says.
#![no_main]

use std::sync::{Arc, LazyLock, RwLock};

use indelible_engine::{
    chunk::Chunk,
    query::{Aggregate, AggregateText, Cancel, Filter, Part, Snapshot},
    testing::complete,
};
use indelible_fuzz::now;
use indelible_proof::{Actor, Event, Http, Timestamp};
use libfuzzer_sys::fuzz_target;

static LOG: LazyLock<Snapshot> = LazyLock::new(|| {
    let mut chunk = Chunk::new(0);
    let event = |row: i64| {
        let at =
            Timestamp::saturating_from_micros([0, now().as_micros(), Timestamp::MAX.as_micros()][row as usize % 3]);
        let http = Http { status: Some(200 + row as u16), latency_us: Some(row as u64 * 977), ..Http::default() };
        Event::new(["a.b", "c.d"][row as usize % 2])
            .occurred_at(at)
            .actor(Actor::user(row.to_string()))
            .http(http)
            .meta("n", row % 5)
    };
    complete((0..20).map(event).collect()).iter().for_each(|event| chunk.push(event));
    Snapshot { parts: vec![Part::Growing(Arc::new(RwLock::new(chunk)))], end_seq: 20, log_number: 7 }
});

fuzz_target!(|text: &str| {
    let mut lines = text.split('\n');
    let mut line = || lines.next().unwrap_or_default();
    let text = AggregateText {
        group_by: line(),
        measure: line(),
        having: line(),
        order: line(),
        time_zone: line(),
        limit: line().parse().ok(),
    };
    let Ok(filter) = Filter::parse(line(), now()) else { return };
    let Ok(aggregate) = Aggregate::parse(filter.clone(), &text) else { return };
    let listed = |names: Vec<String>| names.join(",");
    let group_by = listed(aggregate.group_by.iter().map(ToString::to_string).collect());
    let measure = listed(aggregate.measures.iter().map(ToString::to_string).collect());
    // A comma in a quoted name of a path is no separator of the list that it is written in.
    if !group_by.contains('"') && !measure.contains('"') {
        let again = AggregateText { group_by: &group_by, measure: &measure, ..text };
        assert_eq!(Aggregate::parse(filter, &again), Ok(aggregate.clone()), "{group_by} {measure}");
    }
    let table = LOG.aggregate(&aggregate, &Cancel::default()).unwrap();
    let width = aggregate.group_by.len() + aggregate.measures.len();
    assert_eq!(table.columns.len(), width);
    assert!(table.rows.iter().all(|row| row.len() == width));
    assert!(table.rows.len() as u64 == table.groups.min(u64::from(aggregate.limit)));
});
