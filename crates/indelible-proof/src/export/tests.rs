use std::collections::HashMap;

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::checkpoint::Checkpoint;
use crate::cosignature::{Cosigner, Quorum};
use crate::disclosure::Disclosure;
use crate::event::{Actor, Event, Recorded};
use crate::note::tests::key;
use crate::note::{Note, VerifierKey};
use crate::tree::tests::nodes_of;
use crate::tree::{Node, root_of};
use crate::{Canonical, EpochKey, EventId, Timestamp};

const LOG: &str = "log.example.com";

/// A log of these events, at its last checkpoint.
struct Log {
    events: Vec<(Recorded, Disclosure)>,
    nodes: HashMap<Node, Hash>,
    checkpoint: Note,
}

impl Log {
    fn of(events: Vec<Event>) -> Self {
        let recorded = |(seq, mut event): (u64, Event)| {
            let now = Timestamp::saturating_from_micros(1_795_176_000_000_000 + seq.cast_signed());
            event.complete(now);
            let told = Disclosure::of(&Canonical::of(&event), &EpochKey([7; 32]));
            let id = EventId::new(event.recorded_at.unwrap_or(now), 7, seq);
            (Recorded { id, seq, event }, told)
        };
        let events: Vec<_> = (0..).zip(events).map(recorded).collect();
        let leaves: Vec<Hash> = events.iter().map(|(_, told)| told.entry().leaf_hash().into()).collect();
        let checkpoint = Checkpoint::new(LOG, events.len() as u64, root_of(&leaves)).unwrap().sign(&key(LOG, 1));
        Self { nodes: nodes_of(&leaves), events, checkpoint }
    }

    fn plain(count: usize) -> Self {
        let event = |n| Event::new("token.revoked").actor(Actor::user("alice@example.com")).meta("n", n);
        Self::of((0..count).map(event).collect())
    }

    fn export(&self, wanted: impl Fn(u64) -> bool) -> Vec<Vec<u8>> {
        let node = |node| Ok::<_, ExportWriteError>(self.nodes[&node]);
        let mut writer = ExportWriter::new(self.checkpoint.clone()).unwrap();
        let wanted = self.events.iter().filter(|(recorded, _)| wanted(recorded.seq));
        let mut lines: Vec<_> = wanted.map(|(it, told)| writer.line(it, told, node).unwrap()).collect();
        lines.push(writer.end(node).unwrap());
        lines
    }
}

fn keys() -> [VerifierKey; 1] {
    [key(LOG, 1).verifier().clone()]
}

fn verify(lines: &[Vec<u8>]) -> Result<ProvenExport<'static>, ExportError> {
    let mut verifier = ExportVerifier::new();
    lines.iter().try_for_each(|line| verifier.line(line))?;
    let none = Quorum::new(Vec::new(), 0).unwrap();
    let ProvenExport { checkpoint, events, ends, with_sealed_parts, .. } = verifier.finish(&keys(), &none)?;
    Ok(ProvenExport { checkpoint, witnesses: Vec::new(), events, ends, with_sealed_parts })
}

fn line_error(lines: &[Vec<u8>]) -> (u64, LineError) {
    match verify(lines) {
        Err(ExportError::Line { line, problem, .. }) => (line, problem),
        other => panic!("{other:?}"),
    }
}

fn replaced(line: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = str::from_utf8(line).unwrap();
    assert!(text.contains(from), "{text}");
    text.replacen(from, to, 1).into_bytes()
}

#[test]
fn a_whole_export_is_complete_and_needs_no_hash_beside_the_leaves() {
    for count in 0..20 {
        let log = Log::plain(count);
        let mut writer = ExportWriter::new(log.checkpoint.clone()).unwrap();
        let no_nodes = |_| -> Result<Hash, ExportWriteError> { panic!("no node is needed") };
        let lines = log.events.iter().map(|(it, told)| writer.line(it, told, no_nodes).unwrap());
        let lines: Vec<_> = lines.collect();
        let proven = verify(&[lines, vec![writer.end(no_nodes).unwrap()]].concat()).unwrap();
        assert_eq!((proven.is_whole(), proven.left_out(), proven.events), (true, 0, count as u64));
    }
}

#[test]
fn a_stretch_of_the_log_is_complete_from_its_first_event_to_its_last() {
    let log = Log::plain(23);
    for from in 0..23 {
        for until in from + 1..=23 {
            let lines = log.export(|seq| (from..until).contains(&seq));
            let proven = verify(&lines).unwrap();
            assert_eq!((proven.left_out(), proven.ends), (0, Some((from, until - 1))));
            assert_eq!(proven.is_whole(), (from, until) == (0, 23));
        }
    }
}

#[test]
fn an_export_says_how_many_events_are_left_out() {
    let log = Log::plain(23);
    let proven = verify(&log.export(|seq| seq % 7 == 3)).unwrap();
    assert_eq!((proven.events, proven.ends, proven.left_out()), (3, Some((3, 17)), 12));
    let none = verify(&log.export(|_| false)).unwrap();
    assert_eq!((none.events, none.ends, none.is_whole()), (0, None, false));
}

#[test]
fn an_export_without_what_was_erased_is_proven_too() {
    let mut log = Log::plain(5);
    let (recorded, told) = &mut log.events[2];
    recorded.event.actor = None;
    *told = told.clone().without_who();
    let proven = verify(&log.export(|_| true)).unwrap();
    assert_eq!((proven.with_sealed_parts, proven.is_whole()), (1, true));
}

#[test]
fn dropped_doubled_swapped_and_cut_lines_are_found_and_named() {
    let lines = Log::plain(11).export(|_| true);
    let mut dropped = lines.clone();
    dropped.remove(4);
    assert_eq!(line_error(&dropped), (5, LineError::Missing { from: 4, until: 5 }));
    let mut last_dropped = lines.clone();
    last_dropped.remove(10);
    assert_eq!(line_error(&last_dropped), (11, LineError::Missing { from: 10, until: 11 }));
    let mut doubled = lines.clone();
    doubled.insert(4, lines[4].clone());
    assert_eq!(line_error(&doubled), (6, LineError::Order { before: 4 }));
    let mut swapped = lines.clone();
    swapped.swap(4, 5);
    assert_eq!(line_error(&swapped), (5, LineError::Missing { from: 4, until: 5 }));
    let mut torn = lines.clone();
    torn[4].truncate(100);
    assert!(matches!(line_error(&torn), (5, LineError::Form(_))));
    assert_eq!(verify(&lines[..7]), Err(ExportError::Cut { lines: 7 }));
    assert_eq!(verify(&[]), Err(ExportError::Cut { lines: 0 }));
    let behind = [lines.clone(), vec![lines[0].clone()]].concat();
    assert_eq!(line_error(&behind), (13, LineError::BehindTheEnd));
}

#[test]
fn an_altered_event_is_named_and_one_altered_with_its_leaf_breaks_the_root() {
    let log = Log::plain(11);
    let mut lines = log.export(|_| true);
    lines[4] = replaced(&lines[4], "alice@example.com", "bob");
    assert!(matches!(line_error(&lines), (5, LineError::Leaf { .. })));
    let forged = Log::of((0..11).map(|n| Event::new(if n == 4 { "auth.logout" } else { "token.revoked" })).collect());
    let (mut lines, forged) = (log.export(|_| true), forged.export(|_| true));
    lines[4].clone_from(&forged[4]);
    assert!(matches!(verify(&lines), Err(ExportError::Root { size: 11, .. })));
}

#[test]
fn an_id_that_does_not_fit_is_found() {
    let mut log = Log::plain(3);
    let (recorded, _) = &mut log.events[1];
    let at = recorded.event.recorded_at.unwrap();
    for id in [EventId::new(at, 8, 1), EventId::new(at, 7, 2), EventId::new(Timestamp::saturating_from_micros(0), 7, 1)]
    {
        log.events[1].0.id = id;
        assert_eq!(line_error(&log.export(|_| true)), (2, LineError::Id));
    }
}

#[test]
fn a_part_that_is_empty_cannot_stand_as_withheld() {
    let lines = Log::of(vec![Event::new("auth.logout")]).export(|_| true);
    assert!(verify(&lines).is_ok());
    let zeros = format!(r#""commitments":{{"who":"{}"}},"leaf":"#, "0".repeat(64));
    let refusal = verify(&[replaced(&lines[0], r#""leaf":"#, &zeros)]).unwrap_err().to_string();
    assert!(refusal.contains("who: has the commitment of an empty part"), "{refusal}");
}

#[test]
fn lines_of_another_form_are_refused_with_the_field() {
    let lines = Log::plain(3).export(|_| true);
    let cases = [
        (r#"{"id""#, r#"{"acter":1,"id""#, "acter: is not a field of an event"),
        (r#"{"id""#, r#"{"action":"auth.logout","id""#, "action: stands twice"),
        (r#"{"id""#, r#"{"seq":1,"id""#, "stands twice"),
        (r#""leaf":"#, r#""leaves":"#, "leaves: is not a field"),
        (r#","leaf":"#, r#","checkpoint":"x","leaf":"#, "checkpoint: stands on a line with an event"),
        (r#""salts":{"who":"#, r#""salts":{"you":"#, "salts.you: is not a field"),
        (r#""salts":{"who":"#, r#""salts":{"who":null,"what":"#, "salts.what: stands twice"),
        (r#""salts":{"#, r#""commitments":{"who":""},"salts":{"#, "who: has a commitment beside"),
        (r#""leaf":""#, r#""leaf":"A"#, "leaf: is not 64 lower-case hex digits"),
        (r#""actor":{"#, r#""request_id":{"#, "request_id: is a"),
    ];
    for (from, to, expected) in cases {
        let mut lines = lines.clone();
        lines[1] = replaced(&lines[1], from, to);
        let refusal = verify(&lines).unwrap_err().to_string();
        assert!(refusal.starts_with("line 2") && refusal.contains(expected), "{to}: {refusal}");
    }
    let plain = Log::plain(1).events[0].0.to_json();
    assert!(matches!(line_error(&[plain]), (1, LineError::Form(_))));
    let long = vec![b' '; limits::EXPORT_LINE_BYTES_MAX + 1];
    assert_eq!(line_error(&[long]), (1, LineError::TooLong));
}

#[test]
fn the_key_the_witnesses_and_the_age_of_the_checkpoint_are_checked() {
    let log = Log::plain(4);
    let lines = log.export(|_| true);
    let mut verifier = ExportVerifier::new();
    lines.iter().for_each(|line| verifier.line(line).unwrap());
    let witness = Cosigner::new("w.example.com", &[5; 32]).unwrap();
    let (none, one) = (Quorum::new(Vec::new(), 0).unwrap(), vec![witness.verifier().clone()]);
    let one = Quorum::new(one, 1).unwrap();
    let stranger = [key(LOG, 2).verifier().clone()];
    assert!(matches!(verifier.clone().finish(&stranger, &none), Err(ExportError::Checkpoint(_))));
    assert!(matches!(verifier.finish(&keys(), &one), Err(ExportError::Witnesses(_))));
    let older = Log::plain(3).export(|_| true);
    let mixed = [&lines[..4], &older[3..]].concat();
    assert_eq!(line_error(&mixed), (5, LineError::Older { size: 3, last: 3 }));
}

#[test]
fn the_writer_takes_events_in_order_and_up_to_its_checkpoint() {
    let (log, longer) = (Log::plain(3), Log::plain(4));
    let node = |node| Ok::<_, ExportWriteError>(log.nodes[&node]);
    let mut writer = ExportWriter::new(log.checkpoint.clone()).unwrap();
    let mut line = |nth: usize| writer.line(&longer.events[nth].0, &longer.events[nth].1, node).map(drop);
    assert_eq!(line(3), Err(ExportWriteError::Newer { seq: 3, size: 3 }));
    assert_eq!(line(1), Ok(()));
    assert_eq!(line(1), Err(ExportWriteError::Order { seq: 1, next: 2 }));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn an_export_of_any_events_is_proven(
        events in prop::collection::vec(crate::arbitrary::event(), 0..12), wanted in any::<u16>(),
    ) {
        let log = Log::of(events);
        let proven = verify(&log.export(|seq| wanted >> seq & 1 == 1)).unwrap();
        let expected = (0..log.events.len()).filter(|seq| wanted >> seq & 1 == 1).count();
        prop_assert_eq!(proven.events, expected as u64);
        prop_assert_eq!(proven.is_whole(), expected == log.events.len());
    }

    #[test]
    fn an_export_with_lines_dropped_doubled_or_swapped_is_refused(
        count in 1..40_usize, wanted in any::<u64>(), what in 0..3, (at, other) in any::<(Index, Index)>(),
    ) {
        let lines = Log::plain(count).export(|seq| wanted >> seq & 1 == 1);
        let (at, other) = (at.index(lines.len()), other.index(lines.len()));
        let mut changed = lines.clone();
        match what {
            0 => drop(changed.remove(at)),
            1 => changed.insert(other, lines[at].clone()),
            _ => changed.swap(at, other),
        }
        prop_assert!(changed == lines || verify(&changed).is_err());
    }

    #[test]
    fn an_export_with_any_byte_altered_is_refused_or_says_the_same(
        wanted in 1..256_u64, at in any::<Index>(), byte in any::<u8>(),
    ) {
        let lines = Log::plain(8).export(|seq| wanted >> seq & 1 == 1);
        let mut text = lines.concat();
        let at = at.index(text.len());
        text[at] = byte;
        let changed: Vec<_> = text.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        if let Ok(proven) = verify(&changed) {
            // Times and ids have more than one spelling.
            let events = |lines: &[Vec<u8>]| -> Vec<Option<Recorded>> {
                lines.iter().map(|line| serde_json::from_slice(line).ok()).collect()
            };
            prop_assert_eq!(proven, verify(&lines).unwrap());
            prop_assert_eq!(events(&changed), events(&lines));
        }
    }
}
