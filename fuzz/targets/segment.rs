//! Any bytes as a sealed segment, with every checksum taken as good: an error or rows, never a panic.
#![no_main]

use std::{path::Path, sync::Arc};

use indelible_engine::{
    column::Column,
    fs::SimulatedFs,
    limits::BLOCK_ROWS,
    query::{Aggregate, AggregateText, Cancel, Filter, Order, Part, Query, Snapshot},
    segment::Segment,
    source::{Source, events},
};
use indelible_fuzz::{now, put};
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
    for &column in Column::ALL {
        let mut terms = Vec::new();
        let _ = segment.terms(column, &mut |code, term| {
            if terms.len() < 8 {
                terms.push((code, term.to_owned()));
            }
        });
        for (code, term) in terms {
            let _ = segment.find_term(column, &term);
            let _ = segment.blocks_with(column, code);
        }
    }
    ask(segment, bytes.len());
});

/// One of several questions: all of them would take much longer than reading.
fn ask(segment: Segment, choice: usize) {
    const LINES: [&str; 4] = ["", "action:token.* actor:user:42 metadata.a:*", "since:2026-01-01 ip:10.0.0.0/8", "-a abc"];
    const TEXTS: [(&str, &str); 3] =
        [("day,action", "count,distinct(actor.id)"), ("hour,outcome", "count"), ("actor.id", "p50(http.status),first")];
    let first_seq = segment.first_seq();
    let end_seq = first_seq.saturating_add(u64::from(segment.rows()));
    let snapshot = Snapshot { parts: vec![Part::Fixed(Arc::new(segment))], end_seq, log_number: 7 };
    let cancel = Cancel::default();
    let filter = Filter::parse(LINES[choice % LINES.len()], now()).unwrap();
    let query = Query { filter: filter.clone(), order: Order::NewestFirst, limit: 10, after: None };
    let _ = snapshot.query(&query, &cancel);
    let (group_by, measure) = TEXTS[choice % TEXTS.len()];
    let text = AggregateText { group_by, measure, ..AggregateText::default() };
    let _ = snapshot.aggregate(&Aggregate::parse(filter, &text).unwrap(), &cancel);
}
