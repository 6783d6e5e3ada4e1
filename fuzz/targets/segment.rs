//! Any bytes as a sealed segment, with every checksum taken as good: an error or rows, never a panic.
#![no_main]

use std::{path::Path, sync::Arc};

use indelible_engine::{
    canonical_rows::CanonicalRows,
    code_set::CodeSet,
    column::{Column, Kind},
    fs::SimulatedFs,
    limits::BLOCK_ROWS,
    query::{Aggregate, AggregateText, Cancel, Filter, Order, Part, Query, Snapshot},
    segment::Segment,
    source::{CodeBlock, Source, events},
};
use indelible_fuzz::{now, put};
use indelible_proof::Canonical;
use libfuzzer_sys::fuzz_target;

/// Constant columns take no bytes, so that a small file may have millions of rows; they would only take time.
const ROWS_MAX: u32 = 3 * BLOCK_ROWS;

fuzz_target!(|bytes: &[u8]| {
    let disk = SimulatedFs::new(0);
    let path = Path::new("/any.seg");
    put(&disk, path, bytes).unwrap();
    let Ok(segment) = Segment::open(&disk, path) else { return };
    if segment.rows() > ROWS_MAX {
        return;
    }
    let _ = segment.verify();
    let rows: Vec<u32> = (0..segment.rows()).step_by(1 + segment.rows() as usize / 50).collect();
    let _ = events(&segment, &rows);
    check_canonical(&segment);
    for &column in Column::ALL {
        let mut terms = Vec::new();
        let _ = segment.terms(column, &mut |code, term| {
            if terms.len() < 8 {
                terms.push((code, term.to_owned()));
            }
        });
        for (code, term) in terms {
            let _ = segment.find_term(column, &term);
            let _ = segment.posting(column, code);
            for block in 0..segment.blocks() {
                check_rows_with(&segment, column, block, &[code]);
                check_rows_with(&segment, column, block, &[code, code + 1]);
            }
        }
        for block in 0..segment.blocks() {
            check_rows(&segment, column, block, bytes.len());
        }
    }
    ask(segment, bytes.len());
});

/// Rows that can be written are written as their events are.
fn check_canonical(segment: &Segment) {
    let Ok(mut rows) = CanonicalRows::new(segment, 0..segment.rows().min(64)) else { return };
    while let Ok(true) = rows.load(segment) {
        rows.each(|row, parts| {
            let event = events(segment, &[row]).unwrap().remove(0);
            let expected = Canonical::of(&event);
            assert_eq!(parts, [expected.record(), expected.who(), expected.what()]);
        });
    }
}

/// Some rows of a block are read as when the block is read as a whole, wherever that can be read.
fn check_rows(segment: &Segment, column: Column, block: u32, choice: usize) {
    let rows: Vec<u32> = (0..segment.block_rows(block)).skip(choice % 5).step_by(1 + choice % 3 * 16).collect();
    if column.kind() == Kind::Ints {
        let (mut all, mut some) = (Vec::new(), Vec::new());
        if segment.ints(column, block, &mut all).is_ok() {
            segment.ints_of(column, block, &rows, &mut some).unwrap();
            assert!(rows.iter().map(|&row| all[row as usize]).eq(some), "{column:?}");
        } else {
            let _ = segment.ints_of(column, block, &rows, &mut some);
        }
    } else if column.kind() == Kind::Terms {
        let (mut all, mut some) = (CodeBlock::default(), CodeBlock::default());
        if segment.codes(column, block, &mut all).is_ok() {
            segment.codes_of(column, block, &rows, &mut some).unwrap();
            assert!(rows.iter().enumerate().all(|(nth, &row)| all.of(row as usize) == some.of(nth)), "{column:?}");
        } else {
            let _ = segment.codes_of(column, block, &rows, &mut some);
        }
    }
}

/// The rows of some codes are those in which one is found when the block is read as a whole.
fn check_rows_with(segment: &Segment, column: Column, block: u32, wanted: &[u32]) {
    let (mut all, mut found) = (CodeBlock::default(), Vec::new());
    let read = segment.rows_with(column, block, &CodeSet::new(wanted), &mut |row| found.push(row));
    if segment.codes(column, block, &mut all).is_ok() {
        read.unwrap();
        found.dedup();
        let has = |row: &u32| all.of(*row as usize).iter().any(|code| wanted.contains(code));
        assert!((0..segment.block_rows(block)).filter(has).eq(found), "{column:?}");
    }
}

/// One of several questions: all of them would take much longer than reading.
fn ask(segment: Segment, choice: usize) {
    const LINES: [&str; 4] =
        ["", "action:token.* actor:user:42 metadata.a:*", "since:2026-01-01 ip:10.0.0.0/8", "-a abc"];
    const TEXTS: [(&str, &str); 5] = [
        ("day,action", "count,distinct(actor.id)"),
        ("hour,outcome", "count"),
        ("actor.id", "p50(http.status),first"),
        ("context.ip", "count"),
        ("", "distinct(context.ip),p50(http.latency_us),last"),
    ];
    let first_seq = segment.first_seq();
    let end_seq = first_seq.saturating_add(u64::from(segment.rows()));
    let snapshot = Snapshot { parts: vec![Part::Fixed(Arc::new(segment))], end_seq, log_number: 7 };
    let cancel = Cancel::default();
    let filter = Filter::parse(LINES[choice % LINES.len()], now()).unwrap();
    let query = Query { filter: filter.clone(), order: Order::NewestFirst, limit: 10, after: None };
    let _ = snapshot.query(&query, &cancel);
    let (group_by, measure) = TEXTS[choice % TEXTS.len()];
    let text = AggregateText { group_by, measure, ..AggregateText::default() };
    let aggregate = Aggregate::parse(filter, &text).unwrap();
    let _ = snapshot.aggregate(&Aggregate { approximate: choice % 2 == 1, ..aggregate }, &cancel);
}
