use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    net::IpAddr,
    ops::Range,
    sync::{Arc, OnceLock},
};

use indelible_proof::{
    Actor, Canonical, Client, Event, Geo, Http, OAuth, Object, Outcome, Severity, Target, Timestamp,
};
use proptest::prelude::*;

use super::{Epoch, Segment, WriteError, block, page::PageFile, write};
use crate::{
    canonical_rows::CanonicalRows,
    chunk::Chunk,
    code_set::CodeSet,
    column::{Column, Kind},
    fs::{Append, ReadAt},
    limits::{BLOCK_ROWS, FACET_VALUES},
    rollup::{CLASS, Facet, HOUR_US},
    source::{CodeBlock, Posting, ReadError, Source, events},
    testing::{arbitrary_log, complete},
};

pub(crate) const VERSION: u32 = super::footer::VERSION;

#[derive(Debug, Default, Clone)]
struct Bytes(Vec<u8>);

impl Append for Bytes {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl ReadAt for Bytes {
    fn size(&self) -> io::Result<u64> {
        Ok(self.0.len() as u64)
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let bytes = self.0.get(offset as usize..offset as usize + out.len());
        out.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

fn chunk(first_seq: u64, events: &[Event]) -> Chunk {
    let mut chunk = Chunk::new(first_seq);
    events.iter().for_each(|event| chunk.push(event));
    chunk
}

/// Events in chunks of some length.
fn chunks(first_seq: u64, events: &[Event], rows: usize) -> Vec<Chunk> {
    let starts = (first_seq..).step_by(rows);
    events.chunks(rows).zip(starts).map(|(events, first_seq)| chunk(first_seq, events)).collect()
}

pub(crate) fn written(sources: &[&dyn Source]) -> Vec<u8> {
    let mut out = Bytes::default();
    let info = write(sources, &[Epoch { first_seq: sources[0].first_seq() }], &mut out).unwrap();
    assert_eq!(info.bytes, out.0.len() as u64);
    assert_eq!(info.rows, sources.iter().map(|source| source.rows()).sum::<u32>());
    out.0
}

pub(crate) fn sealed(chunks: &[Chunk]) -> Vec<u8> {
    written(&chunks.iter().map(|chunk| chunk as &dyn Source).collect::<Vec<_>>())
}

pub(crate) fn open(bytes: Vec<u8>) -> Result<Segment, ReadError> {
    let size = bytes.len() as u64;
    Segment::of(PageFile { file: Arc::new(Bytes(bytes)), path: "test.seg".to_owned(), size, forged: false })
}

/// Many rows from few events, so that blocks of every kind come about.
fn stretched(log: &[Event], rows: usize) -> Vec<Event> {
    let long = rows / 3;
    complete((0..rows).map(|row| log[if row < long { 0 } else { (row * row / 7) % log.len() }].clone()).collect())
}

fn texts(source: &dyn Source, column: Column) -> BTreeMap<u32, String> {
    let mut texts = BTreeMap::new();
    source.terms(column, &mut |code, text| assert!(texts.insert(code, text.to_owned()).is_none())).unwrap();
    assert_eq!(texts.len(), source.term_count(column) as usize);
    texts
}

/// Every answer of the segment is the chunk's.
fn assert_same(segment: &Segment, chunk: &Chunk) {
    segment.verify().unwrap();
    assert_eq!((segment.first_seq(), segment.rows()), (chunk.first_seq(), chunk.rows()));
    for &column in Column::ALL {
        match column.kind() {
            Kind::Terms => assert_same_terms(segment, chunk, column),
            Kind::Ints => assert_same_ints(segment, chunk, column),
            Kind::Blob => {}
        }
    }
    let all: Vec<u32> = (0..chunk.rows()).collect();
    let some: Vec<u32> = all.iter().copied().filter(|row| row % 1000 == 17).collect();
    for rows in [&all, &some] {
        assert_eq!(events(segment, rows).unwrap(), events(chunk, rows).unwrap());
    }
}

fn assert_same_terms(segment: &Segment, chunk: &Chunk, column: Column) {
    let (ours, theirs) = (texts(segment, column), texts(chunk, column));
    assert_eq!(ours.values().collect::<BTreeSet<_>>(), theirs.values().collect::<BTreeSet<_>>());
    assert!(ours.values().is_sorted());
    assert_eq!(segment.find_term(column, "no such term").unwrap(), None);
    assert_eq!(segment.find_term(column, "").unwrap().is_some(), chunk.find_term(column, "").unwrap().is_some());
    let mut blocks: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
    let mut rows: BTreeMap<u32, u32> = BTreeMap::new();
    let (mut a, mut b) = (CodeBlock::default(), CodeBlock::default());
    for block in 0..chunk.blocks() {
        segment.codes(column, block, &mut a).unwrap();
        chunk.codes(column, block, &mut b).unwrap();
        for row in 0..chunk.block_rows(block) as usize {
            let (a, b) = (a.of(row), b.of(row));
            assert!(a.iter().map(|code| &ours[code]).eq(b.iter().map(|code| &theirs[code])));
            for &code in a {
                blocks.entry(code).or_default().insert(block);
            }
            a.iter().collect::<BTreeSet<_>>().iter().for_each(|&&code| *rows.entry(code).or_default() += 1);
        }
        assert_eq!(a.starts.is_empty(), b.starts.is_empty());
    }
    let codes: Vec<u32> = ours.keys().copied().collect();
    for wanted in codes.chunks(1).chain(codes.chunks(3)).step_by(codes.len() / 50 + 1) {
        let set = CodeSet::new(wanted);
        for block in 0..chunk.blocks() {
            segment.codes(column, block, &mut a).unwrap();
            let mut found = BTreeSet::new();
            segment.rows_with(column, block, &set, &mut |row| _ = found.insert(row as usize)).unwrap();
            let has = |row: &usize| a.of(*row).iter().any(|code| wanted.contains(code));
            assert!((0..segment.block_rows(block) as usize).filter(has).eq(found));
        }
    }
    for (&code, text) in &ours {
        assert_eq!(segment.find_term(column, text).unwrap(), Some(code));
        let expected =
            column.indexed().then(|| Posting { rows: rows[&code], blocks: blocks[&code].iter().copied().collect() });
        assert_eq!(segment.posting(column, code).unwrap(), expected);
    }
    let mut counted = BTreeMap::new();
    let indexed = segment.term_rows(column, &mut |code, rows| assert!(counted.insert(code, rows).is_none())).unwrap();
    assert_eq!(indexed, column.indexed());
    assert!(!indexed || counted == rows);
    let some: Vec<u32> = ours.keys().copied().step_by(3).collect();
    let mut visited = Vec::new();
    segment.terms_of(column, &some, &mut |code, text| visited.push((code, text.to_owned()))).unwrap();
    assert!(visited.iter().map(|(code, _)| code).eq(&some) && visited.iter().all(|(code, text)| ours[code] == *text));
}

fn assert_same_ints(segment: &Segment, chunk: &Chunk, column: Column) {
    assert_eq!(segment.int_range(column), chunk.int_range(column));
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for block in 0..chunk.blocks() {
        segment.ints(column, block, &mut a).unwrap();
        chunk.ints(column, block, &mut b).unwrap();
        assert_eq!(a, b);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_segment_answers_as_its_events_do(log in arbitrary_log(1..30), first_seq in 0u64..1 << 40, rows in 1usize..9000, chunk_rows in 500usize..5000) {
        let events = stretched(&log, rows);
        let segment = open(sealed(&chunks(first_seq, &events, chunk_rows))).unwrap();
        assert_same(&segment, &chunk(first_seq, &events));
        prop_assert_eq!(segment.epochs(), &[Epoch { first_seq }]);
    }

    #[test]
    fn merged_segments_are_byte_for_byte_what_one_sealing_writes(log in arbitrary_log(1..30), rows in 2usize..9000, parts in 1usize..5) {
        let events = stretched(&log, rows);
        let chunks = chunks(0, &events, rows.div_ceil(parts));
        let parts: Vec<Segment> = chunks.iter().map(|chunk| open(written(&[chunk])).unwrap()).collect();
        let parts: Vec<&dyn Source> = parts.iter().map(|part| part as &dyn Source).collect();
        prop_assert!(written(&parts) == sealed(&chunks));
    }

    #[test]
    fn a_flipped_bit_is_an_error_and_never_another_answer(log in arbitrary_log(1..20), at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let mut bytes = sealed(&[chunk(0, &log)]);
        *at.get_mut(&mut bytes) ^= 1 << bit;
        let read = open(bytes).and_then(|segment| segment.verify());
        let refused = matches!(read, Err(ReadError::Damaged { .. }));
        prop_assert!(refused, "{:?}", read);
    }

    #[test]
    fn a_cut_file_is_an_error(log in arbitrary_log(1..20), at in any::<prop::sample::Index>()) {
        let mut bytes = sealed(&[chunk(0, &log)]);
        bytes.truncate(at.index(bytes.len()));
        let refused = matches!(open(bytes), Err(ReadError::Damaged { .. }));
        prop_assert!(refused);
    }
}

/// What a digest says, with texts instead of codes: the events of each class by a facet, and what of it is left out.
fn told(segment: &Segment, digest: u32, facet: Facet) -> BTreeMap<(Vec<String>, Vec<String>), u64> {
    let text = |column: Column, key: u32| match (column.kind(), key) {
        (_, 0) => "none".to_owned(),
        (Kind::Terms, key) => texts(segment, column)[&(key - 1)].clone(),
        _ => key.to_string(),
    };
    let classes = &segment.rollup().unwrap().unwrap().classes;
    let mut told = BTreeMap::new();
    for of in segment.counts(digest, facet).unwrap().unwrap() {
        let class: Vec<String> =
            CLASS.iter().zip(classes[of.class as usize]).map(|(&column, key)| text(column, key)).collect();
        assert!(of.counts.is_sorted() && of.left_out_max == 0);
        for (key, count) in of.counts {
            let key = facet.columns().iter().zip(key).map(|(&column, key)| text(column, key)).collect();
            told.insert((class.clone(), key), count);
        }
    }
    told
}

#[test]
fn a_rollup_counts_all_events_and_those_of_busy_subjects_by_class_and_facet() {
    let event = |row: usize| {
        let actor = Actor::user(if row.is_multiple_of(3) { "busy".to_owned() } else { row.to_string() });
        let http = Http {
            method: Some(["GET", "PUT"][row % 2].to_owned()),
            status: Some(200 + (row % 3) as u16),
            ..Http::default()
        };
        let event = Event::new(["a.b", "c.d"][row % 2]).tenant(["t", "u"][row % 5 / 4]).actor(actor).http(http);
        let scopes = |count: usize| (0..count).map(|n| format!("s{n}")).collect();
        let oauth =
            OAuth { scopes_requested: scopes(row % 3), scopes_granted: scopes(row % 2 * 2), ..OAuth::default() };
        let event = if row.is_multiple_of(4) { event } else { event.client_id(format!("c{}", row % 4)) };
        let event = if row.is_multiple_of(7) {
            event.reason("why")
        } else {
            event.ip(IpAddr::from([10, 0, 0, (row % 9) as u8]))
        };
        Event { oauth: Some(oauth), ..event }
    };
    let events = complete((0..6000).map(event).collect());
    let segment = open(sealed(&chunks(0, &events, 4000))).unwrap();
    let rollup = segment.rollup().unwrap().unwrap();
    let busy = segment.find_term(Column::ActorId, "busy").unwrap().unwrap();
    assert_eq!((rollup.busy.as_slice(), rollup.tells), ([(Column::ActorId, busy)].as_slice(), [true; CLASS.len()]));
    assert!(rollup.classes.is_sorted());
    let of = |json: &serde_json::Value, column: Column| match column
        .path()
        .split('.')
        .fold(json, |json, name| &json[name])
    {
        serde_json::Value::Array(all) => all.iter().map(|one| one.as_str().unwrap().to_owned()).collect(),
        serde_json::Value::String(at) if column == Column::OccurredAt => {
            vec![(at.parse::<Timestamp>().unwrap().as_micros() / HOUR_US).to_string()]
        }
        serde_json::Value::String(text) => vec![text.clone()],
        serde_json::Value::Number(number) => vec![(number.as_u64().unwrap() + 1).to_string()],
        _ => vec!["none".to_owned()],
    };
    let subjects: [&dyn Fn(&Event) -> bool; 2] =
        [&|_| true, &|event| event.actor.as_ref().unwrap().id.as_deref() == Some("busy")];
    for (digest, is_of) in (0..).zip(subjects) {
        let events: Vec<_> = events.iter().filter(|event| is_of(event)).collect();
        let count: u64 = segment.spans(digest).unwrap().iter().map(|span| span.count).sum();
        assert_eq!(count, events.len() as u64);
        let times = || events.iter().map(|event| event.occurred_at.unwrap().as_micros());
        let spans = segment.spans(digest).unwrap();
        assert_eq!(times().min(), spans.iter().map(|span| span.occurred_at.0).min());
        assert_eq!(times().max(), spans.iter().map(|span| span.occurred_at.1).max());
        for facet in Facet::ALL {
            let mut expected = BTreeMap::new();
            for event in &events {
                let json = serde_json::to_value(event).unwrap();
                let class: Vec<String> = CLASS.iter().map(|&column| of(&json, column).remove(0)).collect();
                let mut keys = vec![Vec::new()];
                for &column in facet.columns() {
                    let values = of(&json, column);
                    keys = keys
                        .iter()
                        .flat_map(|key: &Vec<String>| {
                            values.iter().map(|value| [key.clone(), vec![value.clone()]].concat())
                        })
                        .collect();
                }
                keys.into_iter().for_each(|key| *expected.entry((class.clone(), key)).or_default() += 1);
            }
            assert_eq!(told(&segment, digest, facet), expected, "{facet:?} of {digest}");
        }
    }
}

#[test]
fn rare_values_are_left_out_of_a_rollup_but_not_of_its_sketch() {
    let rows = 6000;
    let ip = |row: u32| if row < 3000 { row % 30 } else { row };
    let event = |row| Event::new("a.b").ip(IpAddr::from((0x0a00_0000 + ip(row)).to_be_bytes()));
    let segment = open(sealed(&[chunk(0, &complete((0..rows).map(event).collect()))])).unwrap();
    segment.verify().unwrap();
    let [counts] = segment.counts(0, Facet::Ip).unwrap().unwrap().try_into().unwrap();
    assert_eq!((counts.counts.len(), counts.left_out_max), (FACET_VALUES.0, 1));
    assert!(counts.counts[..30].iter().all(|(_, count)| *count == 100));
    let [(class, sketch)] = segment.sketches(0, Facet::Ip).unwrap().try_into().unwrap();
    let off = sketch.count().abs_diff(u64::from(rows) - 3000 + 30);
    assert!((class, off * 25 < u64::from(rows)) == (0, true), "{off}");
}

#[test]
fn what_tells_too_many_classes_apart_does_so_no_more() {
    let event = |row: u32| Event::new(["a.b", "c.d"][row as usize % 2]).tenant(format!("t{row}"));
    let events = complete((0..4000).map(event).collect());
    let segment = open(sealed(&[chunk(0, &events)])).unwrap();
    segment.verify().unwrap();
    let rollup = segment.rollup().unwrap().unwrap();
    assert_eq!((rollup.tells, rollup.classes.len()), ([false, true, true, true, true, true, true], 2));
}

#[test]
fn sources_that_do_not_follow_each_other_are_refused() {
    let events = complete(vec![Event::new("a.b"); 3]);
    let (a, b) = (chunk(0, &events), chunk(4, &events));
    let refused = write(&[&a, &b], &[], &mut Bytes::default());
    assert!(matches!(refused, Err(WriteError::NotConsecutive { expected: 3, found: 4 })));
    assert!(matches!(write(&[&Chunk::new(0)], &[], &mut Bytes::default()), Err(WriteError::Empty)));
}

#[test]
fn a_column_of_one_value_takes_no_page() {
    let mut events = complete(vec![Event::new("a.b").tenant("acme"); 2 * BLOCK_ROWS as usize]);
    let all_equal = sealed(&[chunk(0, &events)]).len();
    assert!(all_equal < 2048, "{all_equal} bytes");
    events[5000].tenant = Some("globex".to_owned());
    assert!(sealed(&[chunk(0, &events)]).len() > all_equal);
}

/// Events of which version 3 counts what versions before it do not.
pub(crate) fn authorized(events: Vec<Event>) -> Vec<Event> {
    let scopes = |row: usize| (0..row % 3).map(|n| format!("s{n}")).collect();
    let with = |(row, mut event): (usize, Event)| {
        event.client =
            row.is_multiple_of(4).then(|| Client { id: Some(format!("c{}", row % 12)), ..Client::default() });
        let (scopes_requested, scopes_granted) = (scopes(row), scopes(row / 3));
        event.oauth = Some(OAuth { scopes_requested, scopes_granted, ..OAuth::default() });
        let context = event.context.get_or_insert_default();
        context.geo =
            row.is_multiple_of(5).then(|| Geo { country: Some(["AT", "NZ"][row % 2].to_owned()), ..Geo::default() });
        event
    };
    events.into_iter().enumerate().map(with).collect()
}

/// The golden file of a version, and its events.
pub(crate) fn golden(version: u32) -> (String, u64, Vec<Event>) {
    let events: Vec<Event> = varied().into_iter().step_by(10).collect();
    let path = format!("{}/tests/golden/segment-v{version}.seg", env!("CARGO_MANIFEST_DIR"));
    (path, 1_000_000, if version < 3 { events } else { authorized(events) })
}

/// Every kind of page: several blocks of all columns, an index, a roll-up.
fn varied() -> Vec<Event> {
    let event = |row: u64| {
        let mut event =
            Event::new(["token.authenticated", "auth.login.failed", "token.revoked"][(row % 7 % 3) as usize])
                .outcome([Outcome::Success, Outcome::Denied][usize::from(row.is_multiple_of(11))])
                .severity(Severity::Info)
                .tenant(["acme", "globex"][usize::from(row.is_multiple_of(97))])
                .actor(Actor::user(format!("user-{}", row * row % 700)).email("alice@example.com"))
                .ip(IpAddr::from([203, 0, 113, (row % 250) as u8]))
                .request_id(format!("{:016x}", row.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        if row.is_multiple_of(3) {
            event = event.target(Target::new("document", format!("doc-{}", row % 400))).meta("attempt", row % 5);
        }
        if row.is_multiple_of(10) {
            event = event.target(Target::new("folder", "f1").attr("depth", row % 3)).tag("bulk").tag("bulk");
        }
        if row.is_multiple_of(1000) {
            event = event.reason("rate_limited").session("s").changes(Object::default(), Object::default());
        }
        let latency_us = row.is_multiple_of(2).then_some(row * 31 % 10_000);
        event.http(Http {
            method: Some("GET".to_owned()),
            status: Some(200 + (row % 3) as u16),
            latency_us,
            ..Http::default()
        })
    };
    complete((0..6000).map(event).collect())
}

/// Rows that can be written are written as their events are.
fn assert_canonical_if_read(segment: &Segment, rows: Range<u32>) {
    let Ok(mut canonical) = CanonicalRows::new(segment, rows) else { return };
    while let Ok(true) = canonical.load(segment) {
        canonical.each(|row, parts| {
            let expected = Canonical::of(&events(segment, &[row]).unwrap()[0]);
            assert!(parts == [expected.record(), expected.who(), expected.what()], "{expected:?}");
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn forged_bytes_behind_good_checksums_never_panic(edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4), near_end in any::<bool>()) {
        static SEALED: OnceLock<Vec<u8>> = OnceLock::new();
        let mut bytes = SEALED.get_or_init(|| sealed(&chunks(0, &varied(), 4096))).clone();
        let from = if near_end { bytes.len() - 800 } else { 0 };
        for (at, byte) in edits {
            *at.get_mut(&mut bytes[from..]) = byte;
        }
        let size = bytes.len() as u64;
        let file = PageFile { file: Arc::new(Bytes(bytes)), path: "test.seg".to_owned(), size, forged: true };
        if let Ok(segment) = Segment::of(file) {
            let _ = segment.verify();
            let _ = segment.rollup();
            for &column in Column::ALL {
                for term in ["", "acme", "user-77", "doc-9"] {
                    if let Ok(Some(code)) = segment.find_term(column, term) {
                        let _ = segment.posting(column, code);
                    }
                }
                let mut ignored = (CodeBlock::default(), Vec::new());
                for block in 0..2 {
                    let _ = segment.codes(column, block, &mut ignored.0);
                    let _ = segment.ints(column, block, &mut ignored.1);
                }
            }
            let _ = events(&segment, &[0, 5, 4095, 4096, 5999]);
            assert_canonical_if_read(&segment, 4000.min(segment.rows())..4200.min(segment.rows()));
        }
    }

    /// Whoever can write the file can make every checksum good. The log's tree binds the events; what is kept beside them,
    /// and how their values are spelled, has to be bound by verifying.
    #[test]
    fn what_verifies_and_has_the_same_events_gives_the_same_answers(at in any::<prop::sample::Index>(), byte in any::<u8>(), near_end in any::<bool>()) {
        static SEALED: OnceLock<(Chunk, Vec<u8>, Vec<Event>)> = OnceLock::new();
        let (chunk, bytes, expected) = SEALED.get_or_init(|| {
            let events = varied();
            (chunk(0, &events), sealed(&chunks(0, &events, 4096)), events)
        });
        let mut bytes = bytes.clone();
        let from = if near_end { bytes.len() - 2500 } else { 0 };
        *at.get_mut(&mut bytes[from..]) = byte;
        let size = bytes.len() as u64;
        let file = PageFile { file: Arc::new(Bytes(bytes)), path: "test.seg".to_owned(), size, forged: true };
        if let Ok(segment) = Segment::of(file)
            && segment.verify().is_ok()
            && segment.rows() == chunk.rows()
            && let Ok(found) = events(&segment, &(0..segment.rows()).collect::<Vec<_>>())
            && found.iter().zip(expected).all(|(found, expected)| Canonical::of(found) == Canonical::of(expected))
            && segment.first_seq() == 0
        {
            assert_same(&segment, chunk);
        }
    }

    #[test]
    fn any_bytes_as_a_block_never_panic(bytes in any::<Vec<u8>>(), rows in 1usize..4096, terms in any::<u32>()) {
        let (mut all, mut some) = (CodeBlock::default(), CodeBlock::default());
        let wanted: Vec<u32> = (0..rows as u32).step_by(7).collect();
        if let Ok(codes) = block::Codes::new(&bytes, rows, terms)
            && codes.all(&mut all).is_ok()
        {
            codes.of(&wanted, &mut some).unwrap();
            assert!(wanted.iter().enumerate().all(|(nth, &row)| some.of(nth) == all.of(row as usize)));
        }
        let (mut all, mut some) = (Vec::new(), Vec::new());
        if block::ints(&bytes, rows, &[], &mut all).is_ok() && block::ints_of(&bytes, rows, &wanted, &mut some).unwrap() {
            assert!(wanted.iter().zip(some).all(|(&row, value)| value == all[row as usize]));
        }
    }
}

#[test]
fn every_kind_of_page_answers_as_its_events_do() {
    let events = varied();
    assert_same(&open(sealed(&chunks(7, &events, 4096))).unwrap(), &chunk(7, &events));
}

/// Damage is mended from a copy, and this is not.
#[test]
fn a_version_that_is_not_known_is_no_damage_unless_only_one_end_says_it() {
    let mut bytes = sealed(&chunks(0, &varied(), 4096));
    let (header, trailer) = (8, bytes.len() - 12);
    bytes[header] += 1;
    assert!(matches!(open(bytes.clone()), Err(ReadError::Damaged { .. })));
    bytes[trailer] += 1;
    let newer = VERSION + 1;
    assert!(matches!(open(bytes), Err(ReadError::Version { version, .. }) if version == newer));
}

/// `GOLDEN=write cargo test` makes it anew after a change of the format, which then needs a new version.
#[test]
fn the_golden_file_is_written_and_read_to_the_byte() {
    for version in 1..=VERSION {
        let (path, first_seq, events) = golden(version);
        let bytes = sealed(&chunks(first_seq, &events, 256));
        if version == VERSION && std::env::var("GOLDEN").is_ok_and(|golden| golden == "write") {
            std::fs::write(&path, &bytes).unwrap();
        }
        let read = std::fs::read(path).unwrap();
        assert_same(&open(read.clone()).unwrap(), &chunk(first_seq, &events));
        assert!(version < VERSION || read == bytes, "the bytes of a segment have changed");
    }
}
