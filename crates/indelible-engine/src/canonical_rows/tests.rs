use indelible_proof::{Canonical, Changes, Event, Object, Target, Timestamp};
use proptest::prelude::*;

use super::CanonicalRows;
use crate::{
    chunk::Chunk,
    column::{Column, RowSink},
    limits::BLOCK_ROWS,
    segment::tests::{open, sealed},
    source::{Source, events},
    testing::{arbitrary_log, complete},
};

fn chunk(first_seq: u64, events: &[Event]) -> Chunk {
    let mut chunk = Chunk::new(first_seq);
    events.iter().for_each(|event| chunk.push(event));
    chunk
}

/// Some rows are written as their events are.
fn assert_same(source: &dyn Source, rows: std::ops::Range<u32>) {
    let wanted: Vec<u32> = rows.clone().collect();
    let mut expected = wanted.iter().zip(events(source, &wanted).unwrap());
    let mut read = CanonicalRows::new(source, rows.clone()).unwrap();
    assert_eq!(read.end(), rows.end);
    while read.load(source).unwrap() {
        read.each(|row, parts| {
            let (expected_row, event) = expected.next().unwrap();
            let canonical = Canonical::of(&event);
            let canonical = [canonical.record(), canonical.who(), canonical.what()];
            assert!(parts == canonical, "{:?}", [parts, canonical].map(|parts| parts.map(String::from_utf8_lossy)));
            assert_eq!(row, *expected_row);
        });
    }
    assert!(expected.next().is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn rows_are_written_as_their_events_are(log in arbitrary_log(1..40), from in any::<prop::sample::Index>(), to in any::<prop::sample::Index>()) {
        let chunk = chunk(7, &log);
        let (from, to) = (from.index(log.len()) as u32, to.index(log.len()) as u32 + 1);
        let rows = from.min(to - 1)..to.max(from + 1);
        assert_same(&chunk, rows.clone());
        assert_same(&open(sealed(&[chunk])).unwrap(), rows);
    }

    #[test]
    fn rows_of_several_blocks_are_written_as_their_events_are(log in arbitrary_log(1..20), rows in BLOCK_ROWS..2 * BLOCK_ROWS + 500, from in 0..BLOCK_ROWS) {
        let events = complete((0..rows as usize).map(|row| log[row * row / 7 % log.len()].clone()).collect());
        let chunk = chunk(0, &events);
        assert_same(&chunk, from..rows);
        assert_same(&open(sealed(&[chunk])).unwrap(), from..rows);
    }
}

#[test]
fn empty_objects_and_elements_without_a_value_keep_their_place() {
    let mut events = vec![Event::new("a.b"); 4];
    events[0].targets = vec![Target::default(), Target::new("t", "1"), Target::default().attr("a", 1.5)];
    events[1].changes = Some(Changes::default());
    events[2].changes = Some(Changes { before: Object::default(), after: Target::default().attr("b", "\u{1}").attrs });
    events[2].targets = vec![Target::default().attr("z", "\u{e000}").attr("\u{10000}", 1e30)];
    assert_same(&chunk(0, &complete(events)), 0..4);
}

#[test]
fn events_that_take_much_are_loaded_fewer_at_once() {
    let large = |n: usize| Event::new("a.b").meta("text", format!("{n}{}", "x".repeat(60_000)));
    let chunk = chunk(0, &complete((0..1200).map(large).collect()));
    let mut read = CanonicalRows::new(&chunk, 0..1200).unwrap();
    let mut loaded = Vec::new();
    while read.load(&chunk).unwrap() {
        let mut rows = 0;
        read.each(|_, [_, _, what]| rows += usize::from(what.len() > 60_000));
        loaded.push(rows);
    }
    assert_eq!(loaded, [300, 450, 450]);
}

#[test]
fn terms_that_take_much_are_read_for_fewer_rows() {
    let large = |n: usize| Event::new("a.b").reason(format!("{n}{}", "x".repeat(60_000)));
    let chunk = chunk(0, &(0..1200).map(large).collect::<Vec<_>>());
    assert_eq!(CanonicalRows::new(&chunk, 0..1200).unwrap().end(), 300);
    assert_eq!(CanonicalRows::new(&chunk, 900..1200).unwrap().end(), 1200);
}

/// A row with one more value, which no event has.
#[derive(Clone, Copy)]
enum Odd {
    Text(Column, &'static str),
    Int(Column, i64),
    Json(Column, &'static str),
}

#[test]
fn a_value_that_no_event_has_is_refused() {
    let odd = [
        Odd::Text(Column::ContextIp, "203.0.113"),
        Odd::Text(Column::ContextIp, "::ffff:203.0.113.1"),
        Odd::Text(Column::Outcome, "perhaps"),
        Odd::Text(Column::Severity, "Info"),
        Odd::Text(Column::Reason, ""),
        Odd::Text(Column::Action, "a.b"),
        Odd::Int(Column::FirstAt, -1),
        Odd::Int(Column::LastAt, Timestamp::MAX.as_micros() + 1),
        Odd::Int(Column::Count, -1),
        Odd::Int(Column::ContextAsn, 1 << 32),
        Odd::Int(Column::HttpStatus, 1 << 16),
        Odd::Json(Column::Metadata, "{"),
        Odd::Json(Column::Metadata, "[]"),
        Odd::Json(Column::Changes, r#"{"between":{}}"#),
        Odd::Json(Column::TargetsAttrs, "[1]"),
    ];
    for odd in odd {
        let mut event = Event::new("a.b");
        event.complete(Timestamp::MIN);
        (event.outcome, event.severity) = (None, None);
        let mut chunk = chunk(0, &[event.clone()]);
        // What comes before the next event is pushed belongs to its row.
        match odd {
            Odd::Text(column, text) => chunk.term(column, text),
            Odd::Int(column, value) => chunk.int(column, value),
            Odd::Json(column, json) => chunk.blob(column, json.as_bytes()),
        }
        chunk.push(&event);
        let path = match odd {
            Odd::Text(column, _) | Odd::Int(column, _) | Odd::Json(column, _) => column.path(),
        };
        let load = |rows| CanonicalRows::new(&chunk, rows).and_then(|mut rows| rows.load(&chunk));
        assert!(load(0..1).unwrap());
        let error = load(0..2).unwrap_err();
        assert!(error.to_string().starts_with(path), "{error}");
    }
}
