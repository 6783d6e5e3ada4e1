//! The log proves itself: checkpoints, tiles, evidence, and what is found when something was altered.

use std::sync::Arc;

use indelible_proof::{
    checkpoint::Checkpoint,
    cosignature::Quorum,
    export::ExportVerifier,
    note::Note,
    tile::{self, Tile, TileError},
};

use super::harness::{self, Harness, Steps};
use crate::{
    fs::{Fs, read},
    log::{OpenError, TreeError, VerifyError},
    store::Durability,
};

fn record(harness: &Harness, steps: &mut Steps, events: u64) {
    let batch = (0..events).map(|n| harness.ready(n)).collect();
    steps.append(batch, Durability::Durable).unwrap();
}

fn size_of(steps: &Steps, note: &Note) -> u64 {
    Checkpoint::open(note, &[steps.log.verifier()]).unwrap().size()
}

/// Segments of one and of several epochs, partial and full tiles, and a tail; gives the checkpoints on the way.
fn grown(harness: &Harness) -> (Steps, Vec<Note>) {
    let mut steps = Steps::open(harness).unwrap();
    let mut notes = Vec::new();
    for (round, events) in [300, 1, 5_000, 212, 256, 70_000, 33].into_iter().enumerate() {
        for _ in 0..events / 5_000 {
            record(harness, &mut steps, 5_000);
        }
        record(harness, &mut steps, events % 5_000);
        notes.push(Note::clone(&steps.log.checkpoint()));
        if round % 2 == 1 {
            steps.rotate();
            steps.seal_all();
        }
    }
    (steps, notes)
}

fn assert_proves_itself(steps: &Steps, notes: &[Note]) {
    let verified = steps.log.verify(notes, &|_, _| ()).unwrap();
    let note = steps.log.checkpoint();
    let checkpoint = Checkpoint::open(&note, &[steps.log.verifier()]).unwrap();
    let size = checkpoint.size();
    assert_eq!((verified.events, verified.root), (size, *checkpoint.root()));
    let read = |tile: Tile| -> Result<_, TileError> { tile.decode(&steps.log.tile(tile).unwrap()) };
    tile::verify(size, checkpoint.root(), read).unwrap();
    let none = Quorum::new(Vec::new(), 0).unwrap();
    for seq in [0, 1, 255, 256, 5_300, 65_535, 65_536, size - 1] {
        let evidence = steps.log.evidence(seq, &note).unwrap().unwrap();
        let keys = [steps.log.verifier()];
        assert_eq!(evidence.verify(&keys, &none).unwrap().seq, seq);
    }
}

#[test]
fn the_tree_goes_on_across_files_segments_mergers_and_restarts() {
    let harness = Harness::new(1);
    let (steps, notes) = grown(&harness);
    assert_eq!(size_of(&steps, notes.last().unwrap()), steps.log.shared.view().end_seq);
    assert_proves_itself(&steps, &notes);
    drop(steps);
    let mut steps = Steps::open(&harness).unwrap();
    assert_proves_itself(&steps, &notes);
    record(&harness, &mut steps, 700);
    assert_proves_itself(&steps, &notes);
}

#[test]
fn a_lost_tree_is_made_again_from_the_events() {
    let harness = Harness::new(1);
    let (mut steps, notes) = grown(&harness);
    steps.rotate();
    steps.seal_all();
    let layout = steps.log.shared.layout.clone();
    drop(steps);
    for level in 1..=2 {
        let level = layout.tile_level(level);
        for name in harness.disk.list(&level).unwrap() {
            harness.disk.remove(&level.join(name)).unwrap();
        }
    }
    assert_proves_itself(&Steps::open(&harness).unwrap(), &notes);
}

#[test]
fn an_export_of_any_events_proves_them_across_epochs_segments_and_the_tail() {
    let harness = Harness::new(1);
    let (steps, _) = grown(&harness);
    let events = harness::all(&steps.log);
    let none = Quorum::new(Vec::new(), 0).unwrap();
    for (first, step) in [(0, 1), (2, 3), (299, 257), (4_000, 4_099), (75_500, 1)] {
        let mut exporter = steps.log.exporter(Note::clone(&steps.log.checkpoint())).unwrap();
        let mut verifier = ExportVerifier::new();
        let some: Vec<_> = events[first..].iter().step_by(step).take(1_000).collect();
        for event in &some {
            verifier.line(&exporter.line(event).unwrap()).unwrap();
        }
        verifier.line(&exporter.end().unwrap()).unwrap();
        let keys = [steps.log.verifier()];
        let proven = verifier.finish(&keys, &none).unwrap();
        assert_eq!(proven.events, some.len() as u64);
    }
}

#[test]
fn only_what_is_durable_is_under_the_checkpoint_that_is_shown() {
    let harness = Harness::new(1);
    let mut steps = Steps::open(&harness).unwrap();
    record(&harness, &mut steps, 3);
    steps.append(vec![harness.ready(3)], Durability::Written).unwrap();
    assert_eq!(size_of(&steps, &steps.log.checkpoint()), 3);
    record(&harness, &mut steps, 1);
    assert_eq!(size_of(&steps, &steps.log.checkpoint()), 5);
}

#[test]
fn a_log_without_its_end_does_not_open() {
    let harness = Harness::new(1);
    let mut steps = Steps::open(&harness).unwrap();
    record(&harness, &mut steps, 300);
    let (file, whole) = (steps.log.shared.layout.wal_file(0), steps.log.shared.view().tail[0].bytes);
    record(&harness, &mut steps, 1);
    steps.committer.finish();
    drop(steps);
    harness.disk.truncate(&file, whole).unwrap();
    let error = Steps::open(&harness).err().unwrap();
    assert!(matches!(error, OpenError::Shrunk { signed: 301, found: 300, .. }), "{error}");
}

#[test]
fn an_older_copy_is_found_by_a_checkpoint_that_was_kept() {
    let harness = Harness::new(1);
    let (steps, notes) = grown(&harness);
    let mut other = Steps::open(&Harness::new(2)).unwrap();
    record(&Harness::new(2), &mut other, 10);
    let unsigned = other.log.verify(&notes, &|_, _| ()).unwrap_err();
    assert!(matches!(unsigned, VerifyError::Checkpoint(_)), "{unsigned}");
    let mut newer = notes.clone();
    let key = Arc::clone(steps.log.shared.keys().signing());
    let root = indelible_proof::tree::leaf(b"another history");
    newer.push(Checkpoint::new(key.verifier().name(), 10_000_000, root).unwrap().sign(&key));
    let shrunk = steps.log.verify(&newer, &|_, _| ()).unwrap_err();
    assert!(matches!(shrunk, VerifyError::Shrunk { signed: 10_000_000, .. }), "{shrunk}");
    newer.push(Checkpoint::new(key.verifier().name(), 400, root).unwrap().sign(&key));
    newer.remove(newer.len() - 2);
    let forked = steps.log.verify(&newer, &|_, _| ()).unwrap_err();
    assert!(matches!(forked, VerifyError::Root { size: 400, .. }), "{forked}");
}

#[test]
fn an_altered_tile_is_found_where_it_is() {
    let harness = Harness::new(1);
    let (steps, _) = grown(&harness);
    let path = steps.log.shared.layout.tile_level(1).join(format!("{:020}", 0));
    let mut bytes = read(&harness.disk, &path, 8192).unwrap();
    bytes[32 * 7] ^= 1;
    harness.disk.write_again(&path, 0, &bytes).unwrap();
    let error = steps.log.verify(&[], &|_, _| ()).unwrap_err();
    assert!(matches!(&error, VerifyError::Tile { path: found } if *found == path.display().to_string()), "{error}");
}

#[test]
fn no_evidence_is_given_of_what_was_altered() {
    let harness = Harness::new(1);
    let (steps, _) = grown(&harness);
    let note = steps.log.checkpoint();
    let path = steps.log.shared.layout.epoch(0);
    let mut key = read(&harness.disk, &path, 32).unwrap();
    key[0] ^= 1;
    harness.disk.write_again(&path, 0, &key).unwrap();
    let error = steps.log.evidence(3, &note).unwrap_err();
    assert!(matches!(error, TreeError::Altered { seq: 3 }), "{error}");
    assert!(steps.log.evidence(70_000, &note).unwrap().is_some(), "under another epoch key");
}

#[test]
fn the_tree_survives_a_loss_of_power_at_every_step_of_sealing() {
    let mut crashes = 0;
    for operation in 0.. {
        let harness = Harness::new(operation);
        let mut steps = Steps::open(&harness).unwrap();
        record(&harness, &mut steps, 300);
        steps.rotate();
        steps.seal_all();
        record(&harness, &mut steps, 700);
        let notes = [Note::clone(&steps.log.checkpoint())];
        let before = harness.disk.operations();
        harness.disk.crash_at(before + operation);
        steps.rotate();
        while steps.sealer.step().unwrap_or(false) {}
        if harness.disk.operations() < before + operation {
            break;
        }
        crashes += 1;
        drop(steps);
        harness.disk.restart();
        let mut steps = Steps::open(&harness).unwrap();
        record(&harness, &mut steps, 30);
        steps.rotate();
        steps.seal_all();
        steps.log.verify(&notes, &|_, _| ()).unwrap();
    }
    assert!(crashes > 20, "{crashes}");
}
