//! Old events go, and what proves the others stays.

use std::path::{Path, PathBuf};

use indelible_proof::{
    Timestamp, checkpoint::Checkpoint, cosignature::Quorum, export::ExportVerifier, note::Note, tile::Bundle,
    tree::verify_consistency,
};
use proptest::prelude::*;

use super::harness::{self, DAY_US, Harness, Steps, applied, ready};
use crate::{
    fs::{Fs, read, write_new},
    limits::IDEMPOTENCY_US,
    log::{Log, LogConfig, OpenError, RetainError, TreeError, VerifyError},
    store::{Durability, Store},
};

const MARKER: &str = "/log/tree/retention";

fn record(harness: &Harness, steps: &mut Steps, events: u64) {
    let batch = (0..events).map(|n| harness.ready(n)).collect();
    steps.append(batch, Durability::Durable).unwrap();
}

fn shown(steps: &Steps) -> Note {
    Note::clone(&steps.log.checkpoint())
}

fn opened(note: &Note) -> Checkpoint {
    note.text().parse().unwrap()
}

/// A log with so many events on each of some days; the last day goes on. Gives the checkpoints of the evenings.
fn days(harness: &Harness, events: &[u64]) -> (Steps, Vec<Note>) {
    let mut steps = Steps::open(harness).unwrap();
    let mut evenings = Vec::new();
    for (nth, &events) in events.iter().enumerate() {
        if nth > 0 {
            harness.advance(DAY_US);
        }
        record(harness, &mut steps, events);
        steps.seal_all();
        evenings.push(shown(&steps));
    }
    (steps, evenings)
}

fn segments(harness: &Harness) -> Vec<PathBuf> {
    let all = Path::new("/log/segments");
    let days = harness.disk.list(all).unwrap();
    let files = |day: &String| {
        let dir = all.join(day);
        harness.disk.list(&dir).unwrap().into_iter().map(move |name| dir.join(name)).collect::<Vec<_>>()
    };
    days.iter().flat_map(files).collect()
}

/// Everything that is kept is there and proves itself, and what is gone says so.
fn check(steps: &Steps, first_seq: u64, kept: &[Note]) {
    let log = &steps.log;
    let (note, none) = (shown(steps), Quorum::new(Vec::new(), 0).unwrap());
    let signed = opened(&note);
    let verified = log.verify(kept, &|_, _| ()).unwrap();
    assert_eq!((verified.removed, verified.events), (first_seq, signed.size() - first_seq));
    let events = harness::all(log);
    assert!(events.iter().map(|event| event.seq).eq(first_seq..signed.size()));
    let keys = [log.verifier()];
    for seq in (first_seq..signed.size()).filter(|seq| seq % 97 == 0 || seq - first_seq < 300 && seq % 7 == 0) {
        let evidence = log.evidence(seq, &note).unwrap().unwrap();
        assert_eq!(evidence.verify(&keys, &none).unwrap().seq, seq);
    }
    for seq in [0, first_seq / 2, first_seq.saturating_sub(1)].into_iter().filter(|&seq| seq < first_seq) {
        let error = log.evidence(seq, &note).unwrap_err();
        assert!(matches!(error, TreeError::Removed { seq: gone, .. } if gone == seq), "{error}");
        assert!(log.bundle(Bundle::at(seq / 256, signed.size()).unwrap()).is_err());
    }
    for old in kept.iter().map(opened).chain((0..=signed.size()).filter(|size| size % 256 == 0).take(40).map(|size| {
        let root = log.with_tree(|tree| tree.root(size)).unwrap();
        Checkpoint::new(signed.origin(), size, root).unwrap()
    })) {
        let proof = log.consistency(old.size(), signed.size()).unwrap();
        verify_consistency((old.size(), old.root()), (signed.size(), signed.root()), &proof).unwrap();
    }
    let mut exporter = log.exporter(note).unwrap();
    let mut verifier = ExportVerifier::new();
    for event in events.iter().step_by(3) {
        verifier.line(&exporter.line(event).unwrap()).unwrap();
    }
    verifier.line(&exporter.end().unwrap()).unwrap();
    verifier.finish(&keys, &none).unwrap();
}

/// Segments of one day are merged at any time: one that held events on both sides of a cut could not be opened again.
#[test]
fn a_day_stays_until_all_of_it_is_sealed() {
    let harness = Harness::new(1);
    let mut steps = Steps::open_with(LogConfig { seal_events: 100, ..harness.config() }).unwrap();
    record(&harness, &mut steps, 100);
    record(&harness, &mut steps, 10);
    steps.seal_all();
    harness.advance(DAY_US);
    assert_eq!(segments(&harness).len(), 1, "ten events of the day are not sealed");
    assert_eq!(steps.log.expired(harness.now()), None);
    record(&harness, &mut steps, 1);
    assert_eq!(steps.retain(harness.now(), &[]).unwrap(), None, "nor now");
    steps.seal_all();
    assert_eq!(steps.retain(harness.now(), &[]).unwrap().map(|expired| expired.first_seq), Some(110));
    drop(steps);
    check(&Steps::open(&harness).unwrap(), 110, &[]);
}

#[test]
fn old_segments_and_their_keys_go_and_everything_else_proves_itself_on() {
    for first in [100, 255, 256, 300, 700, 66_000] {
        let harness = Harness::new(first);
        let mut steps = Steps::open(&harness).unwrap();
        for part in (0..first).step_by(10_000) {
            record(&harness, &mut steps, (first - part).min(10_000));
        }
        harness.advance(DAY_US);
        record(&harness, &mut steps, 40);
        harness.advance(DAY_US);
        record(&harness, &mut steps, 300);
        steps.seal_all();
        let before = shown(&steps);
        let expected = steps.log.expired(harness.now()).unwrap();
        let expired = steps.retain(harness.now(), &[]).unwrap().unwrap();
        assert_eq!((expired, expired.events, expired.segments), (expected, first + 40, 2));
        assert_eq!(segments(&harness), [] as [PathBuf; 0]);
        assert!(harness.disk.list(Path::new("/log/keys/epochs")).unwrap()[0] >= format!("{:020}.key", first + 40));
        check(&steps, first + 40, std::slice::from_ref(&before));
        steps.rotate();
        steps.seal_all();
        check(&steps, first + 40, std::slice::from_ref(&before));
        steps.committer.finish();
        drop(steps);
        let mut steps = Steps::open(&harness).unwrap();
        check(&steps, first + 40, std::slice::from_ref(&before));
        record(&harness, &mut steps, 600);
        check(&steps, first + 40, &[before]);
    }
}

#[test]
fn nothing_is_removed_and_nothing_recorded_while_nothing_has_expired() {
    let harness = Harness::new(1);
    let (mut steps, _) = days(&harness, &[5, 5]);
    let size = steps.log.status().next_seq;
    for before in [harness.now().as_micros() - DAY_US, 0] {
        let before = Timestamp::saturating_from_micros(before);
        assert_eq!(steps.log.expired(before), None);
        assert_eq!(steps.retain(before, &[]).unwrap(), None);
    }
    assert_eq!((steps.log.status().next_seq, steps.log.retention()), (size, None));
    assert!(harness.disk.open(Path::new(MARKER)).is_err());
}

#[test]
fn only_whole_days_at_the_beginning_go_and_an_event_recorded_late_keeps_all_behind_it() {
    let harness = Harness::new(1);
    let (mut steps, _) = days(&harness, &[3, 3]);
    harness.advance(-DAY_US);
    steps.rotate();
    record(&harness, &mut steps, 3);
    harness.advance(2 * DAY_US);
    record(&harness, &mut steps, 3);
    steps.seal_all();
    let yesterday = Timestamp::saturating_from_micros(harness.now().as_micros() - DAY_US);
    assert_eq!(steps.log.expired(yesterday).unwrap().first_seq, 3);
    assert_eq!(steps.log.expired(harness.now()).unwrap().first_seq, 9);
}

#[test]
fn retention_goes_on_where_it_has_ended_within_one_tile_too() {
    let harness = Harness::new(1);
    let (mut steps, _) = days(&harness, &[10, 20, 30, 500, 7]);
    let last = shown(&steps);
    for (days, first_seq) in [(3, 10), (2, 30), (1, 60), (0, 560)] {
        let before = Timestamp::saturating_from_micros(harness.now().as_micros() - days * DAY_US);
        assert_eq!(steps.retain(before, &[]).unwrap().unwrap().first_seq, first_seq);
        assert_eq!(steps.log.retention().unwrap().first_seq, first_seq);
        check(&steps, first_seq, std::slice::from_ref(&last));
        steps.committer.finish();
        drop(steps);
        steps = Steps::open(&harness).unwrap();
        check(&steps, first_seq, std::slice::from_ref(&last));
    }
}

#[test]
fn a_checkpoint_from_before_is_provable_when_it_was_named_or_the_key_was_changed_there_and_else_refused_with_a_reason()
{
    let harness = Harness::new(1);
    let (mut steps, mut evenings) = days(&harness, &[300, 256, 100]);
    steps.rotate_key().unwrap();
    evenings.push(shown(&steps));
    harness.advance(DAY_US);
    record(&harness, &mut steps, 200);
    harness.advance(DAY_US);
    record(&harness, &mut steps, 3);
    steps.seal_all();
    let [lost, named, rotated, _] = evenings.try_into().unwrap();
    steps.retain(harness.now(), &[opened(&named).size()]).unwrap().unwrap();
    let newest = opened(&shown(&steps)).size();
    steps.committer.finish();
    drop(steps);
    let steps = Steps::open(&harness).unwrap();
    check(&steps, 856, &[named, rotated]);
    let error = steps.log.verify(&[lost], &|_, _| ()).unwrap_err();
    assert!(matches!(error, VerifyError::Removed { size: 300, first_seq: 856 }), "{error}");
    assert!(matches!(steps.log.consistency(300, newest), Err(TreeError::Removed { seq: 256, .. })));
}

#[test]
fn altered_events_are_not_removed_because_they_are_evidence() {
    let harness = Harness::new(1);
    let (mut steps, _) = days(&harness, &[300, 3]);
    let key = PathBuf::from("/log/keys/epochs/00000000000000000000.key");
    harness.disk.write_again(&key, 0, &[7; 32]).unwrap();
    let error = steps.retain(harness.now(), &[]).unwrap_err();
    assert!(matches!(error, RetainError::Altered(VerifyError::Altered { first_seq: 0, .. })), "{error}");
    assert_eq!((segments(&harness).len(), steps.log.status().next_seq), (1, 303));
}

#[test]
fn nothing_is_removed_when_the_event_that_tells_of_it_was_not_recorded() {
    let harness = Harness::new(1);
    let (mut steps, _) = days(&harness, &[3, 3]);
    let error = steps.log.begin_retention(harness.now(), &[], &|_, _| (), |_| Err("suppressed".into())).unwrap_err();
    assert!(matches!(error, RetainError::Unrecorded(_)), "{error}");
    let error = steps.log.begin_retention(harness.now(), &[], &|_, _| (), |_| Ok(6)).unwrap_err();
    assert!(matches!(error, RetainError::Unrecorded(_)), "no event 6: {error}");
    steps.seal_all();
    assert_eq!((segments(&harness).len(), steps.log.status().first_seq), (1, 0));
}

#[test]
fn a_deletion_is_not_taken_for_retention() {
    let harness = Harness::new(1);
    let (steps, _) = days(&harness, &[3, 3, 3]);
    drop(steps);
    let first = &segments(&harness)[0];
    harness.disk.remove(first).unwrap();
    let error = Steps::open(&harness).err().unwrap();
    assert!(matches!(error, OpenError::Gap { expected: 0, found: 3, .. }), "{error}");
}

/// A log of which retention has removed the first 300 events, closed.
fn retained(harness: &Harness) {
    let (mut steps, _) = days(harness, &[300, 300, 3]);
    harness.advance(DAY_US);
    record(harness, &mut steps, 3);
    steps.seal_all();
    let before = Timestamp::saturating_from_micros(harness.now().as_micros() - 2 * DAY_US);
    assert_eq!(steps.retain(before, &[]).unwrap().unwrap().first_seq, 300);
    steps.committer.finish();
}

#[test]
fn more_than_the_marker_says_may_not_be_missing_nor_less_be_hidden() {
    let harness = Harness::new(1);
    retained(&harness);
    let kept = segments(&harness);
    let bytes = read(&harness.disk, &kept[0], 1 << 20).unwrap();
    harness.disk.remove(&kept[0]).unwrap();
    let error = Steps::open(&harness).err().unwrap();
    assert!(matches!(error, OpenError::Gap { expected: 300, found: 600, .. }), "{error}");
    write_new::<_, std::io::Error>(&harness.disk, &kept[0], |file| file.append(&bytes)).unwrap();
    let marker = read(&harness.disk, Path::new(MARKER), 1 << 20).unwrap();
    harness.disk.remove(Path::new(MARKER)).unwrap();
    let error = Steps::open(&harness).err().unwrap();
    assert!(matches!(error, OpenError::Gap { expected: 0, found: 300, .. }), "{error}");
    write_new::<_, std::io::Error>(&harness.disk, Path::new(MARKER), |file| file.append(&marker)).unwrap();
    drop(Steps::open(&harness).unwrap());
}

#[test]
fn a_forged_marker_or_altered_leaves_are_refused_by_name() {
    let harness = Harness::new(1);
    retained(&harness);
    let marker = PathBuf::from(MARKER);
    let text = String::from_utf8(read(&harness.disk, &marker, 1 << 20).unwrap()).unwrap();
    let checkpoint =
        String::from_utf8(read(&harness.disk, Path::new("/log/tree/checkpoint"), 1 << 20).unwrap()).unwrap();
    let forged = [text.replace("v1 300 ", "v1 301 "), text.replace("v1 300 ", "v1 000300 "), checkpoint, String::new()];
    for forged in forged {
        write_new::<_, std::io::Error>(&harness.disk, &marker, |file| file.append(forged.as_bytes())).unwrap();
        let error = Steps::open(&harness).err().unwrap();
        assert!(matches!(&error, OpenError::Retention { path, .. } if path.ends_with("retention")), "{error}");
    }
    write_new::<_, std::io::Error>(&harness.disk, &marker, |file| file.append(text.as_bytes())).unwrap();
    let leaves = PathBuf::from("/log/tree/0/00000000000000000001");
    let bytes = read(&harness.disk, &leaves, 1 << 20).unwrap();
    assert_eq!(bytes.len(), 44 * 32, "those of the events 256 to 299");
    for at in [0, bytes.len() - 1] {
        let mut altered = bytes.clone();
        altered[at] ^= 1;
        harness.disk.write_again(&leaves, 0, &altered).unwrap();
        let error = Steps::open(&harness).err().unwrap();
        assert!(matches!(&error, OpenError::Retention { path, .. } if path.ends_with("tree")), "{error}");
    }
    harness.disk.remove(&leaves).unwrap();
    assert!(matches!(Steps::open(&harness), Err(OpenError::Tree(TreeError::Removed { seq: 256, .. }))));
    write_new::<_, std::io::Error>(&harness.disk, &leaves, |file| file.append(&bytes)).unwrap();
    check(&Steps::open(&harness).unwrap(), 300, &[]);
}

#[test]
fn a_marker_whose_event_tells_of_something_else_does_not_verify() {
    let harness = Harness::new(1);
    let (mut steps, _) = days(&harness, &[3, 3]);
    let told = steps.begin_retention(harness.now(), &[], |_, append| Ok(append(vec![harness.ready(9)])?[0].seq));
    told.unwrap().unwrap();
    steps.seal_all();
    let error = steps.log.verify(&[], &|_, _| ()).unwrap_err();
    assert!(matches!(error, VerifyError::Untold { event: 6, first_seq: 3, .. }), "{error}");
}

#[test]
fn a_lost_tile_over_removed_events_is_not_made_up() {
    let harness = Harness::new(1);
    retained(&harness);
    harness.disk.remove(Path::new("/log/tree/1/00000000000000000000")).unwrap();
    let error = Steps::open(&harness).err().unwrap();
    assert!(matches!(&error, OpenError::Retention { path, .. } if path.ends_with("tree")), "{error}");
}

#[test]
fn readers_who_have_begun_read_on_and_exports_say_what_is_gone() {
    let harness = Harness::new(1);
    let (mut steps, _) = days(&harness, &[300, 3]);
    let events = harness::all(&steps.log);
    let snapshot = steps.log.snapshot();
    let log = &steps.log;
    let note = shown(&steps);
    let old = log.snapshot().get(None, 0).unwrap().unwrap();
    steps.retain(harness.now(), &[]).unwrap().unwrap();
    assert_eq!(snapshot.get(None, 0).unwrap().unwrap(), events[0], "files that are open stay readable");
    assert_eq!(steps.log.get(None, 0).unwrap(), None);
    let mut exporter = steps.log.exporter(note).unwrap();
    assert!(matches!(exporter.line(&old), Err(TreeError::Removed { seq: 0, first_seq: 300, .. })));
}

#[test]
fn with_threads_it_returns_when_the_files_are_gone_and_idempotency_keys_count_on() {
    let harness = Harness::new(1);
    let log = Log::open(LogConfig { seal_events: 10, unsealed_files_max: 100, ..harness.config() }).unwrap();
    let append = |n| log.append(vec![harness.ready(n)], Durability::Durable).unwrap().wait().unwrap();
    (0..100).for_each(|n| drop(append(n)));
    harness.advance(DAY_US.max(IDEMPOTENCY_US));
    let keyed = || ready(harness::event(1).idempotency_key("k"), harness.now());
    let first = log.append(vec![keyed()], Durability::Durable).unwrap().wait().unwrap();
    log.seal_now().unwrap();
    let record = |_: &_| Ok(log.append(vec![ready(applied(0), harness.now())], Durability::Durable)?.wait()?[0].seq);
    let expired = log.retain(harness.now(), &[], &|_, _| (), record).unwrap().unwrap();
    assert_eq!((expired.first_seq, log.status().first_seq), (100, 100));
    assert_eq!(segments(&harness).len(), log.status().segments as usize);
    let again = log.append(vec![keyed()], Durability::Durable).unwrap().wait().unwrap();
    assert_eq!((again[0].seq, again[0].duplicate), (first[0].seq, true));
    assert_eq!(log.retain(harness.now(), &[], &|_, _| (), |_| panic!("nothing is left")).unwrap(), None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// A model of it: days with their numbers of events, of which those before a day go.
    #[test]
    fn what_is_kept_is_what_a_list_of_days_would_keep(
        events in proptest::collection::vec(1_u64..600, 2..6),
        keep in proptest::collection::vec(0_i64..6, 1..4),
        reopen: bool,
    ) {
        let harness = Harness::new(events[0]);
        let (mut steps, evenings) = days(&harness, &events);
        let sizes: Vec<u64> = evenings.iter().map(|note| opened(note).size()).collect();
        let mut kept_from = 0;
        for days in keep {
            let before = Timestamp::saturating_from_micros(harness.now().as_micros() - days * DAY_US);
            let cut = events.len().saturating_sub(1 + days as usize);
            let first_seq = events[..cut].iter().sum::<u64>().max(kept_from);
            let expired = steps.retain(before, &sizes).unwrap();
            prop_assert_eq!(expired.map(|expired| expired.events), (first_seq > kept_from).then(|| first_seq - kept_from));
            kept_from = first_seq;
            if reopen {
                steps.committer.finish();
                drop(steps);
                steps = Steps::open(&harness).unwrap();
            }
            check(&steps, kept_from, &evenings);
        }
    }
}
