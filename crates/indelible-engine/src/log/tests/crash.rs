//! The real engine on the simulated disk: power fails at every single operation, and every operation fails both ways.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    path::Path,
};

use indelible_proof::note::Note;
use proptest::prelude::*;

use super::harness::{self, DAY_US, Harness, Steps, applied, event, ready};
use crate::{
    fs::{Failure, Fs},
    log::{LogConfig, RETENTION_APPLIED},
    store::{AppendError, Durability, Ready, Store},
};

#[derive(Debug, Clone)]
enum Action {
    /// Batches that are committed together.
    Commit(Vec<(u64, Durability)>),
    /// The sealer takes a step.
    Seal,
    /// Another key signs.
    NewKey,
    /// A day passes.
    Tomorrow,
    /// What was recorded before today is removed, up to the marker; the sealer does the rest.
    Retain,
    /// The log is closed and opened.
    Reopen,
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let durability = prop_oneof![4 => Just(Durability::Durable), 1 => Just(Durability::Written)];
    let batches = proptest::collection::vec((1_u64..4, durability), 1..4);
    proptest::collection::vec(
        prop_oneof![
            6 => batches.prop_map(Action::Commit),
            6 => Just(Action::Seal),
            1 => Just(Action::NewKey),
            1 => Just(Action::Tomorrow),
            1 => Just(Action::Retain),
            1 => Just(Action::Reopen),
        ],
        4..16,
    )
}

/// What a run was told, to be held against what is on disk afterwards.
#[derive(Debug, Default)]
struct Told {
    /// By first marker: how many events a batch has.
    batches: BTreeMap<u64, u64>,
    /// By sequence number: the marker of the event that was acknowledged as durable.
    durable: BTreeMap<u64, u64>,
    /// First markers of batches of which nothing was stored.
    gone: BTreeSet<u64>,
    /// Checkpoints that were shown, by every process and at every step.
    shown: Vec<Note>,
    next_marker: u64,
    /// Where retention was about to cut the log.
    cuts: BTreeSet<u64>,
    /// Where it has cut it for certain.
    cut: u64,
}

fn config(harness: &Harness) -> LogConfig {
    LogConfig { seal_events: 4, merge_events: 30, unsealed_files_max: 100, ..harness.config() }
}

/// Takes the actions until the end, or until nothing works any more.
fn run(harness: &Harness, actions: &[Action]) -> Told {
    let mut told = Told::default();
    run_on(harness, actions, &mut told);
    told
}

fn run_on(harness: &Harness, actions: &[Action], told: &mut Told) -> Option<Steps> {
    let mut steps = Steps::open_with(config(harness)).ok()?;
    told.see(&steps);
    for action in actions {
        match action {
            Action::Commit(batches) => told.commit(harness, &mut steps, batches),
            // What fails is tried again later; here it is enough that nothing breaks.
            Action::Seal => {
                steps.committer.idle();
                drop(steps.sealer.step());
                told.see(&steps);
            }
            Action::NewKey => {
                drop(steps.rotate_key());
                told.shown.push(Note::clone(&steps.log.checkpoint()));
            }
            Action::Tomorrow => harness.advance(DAY_US),
            Action::Retain => {
                told.retain(harness, &mut steps);
                told.see(&steps);
            }
            Action::Reopen => {
                steps.committer.finish();
                told.see(&steps);
                drop(steps);
                steps = Steps::open_with(config(harness)).ok()?;
                told.see(&steps);
            }
        }
    }
    Some(steps)
}

impl Told {
    /// Notes the checkpoint that is shown now. Once a tree was shown, no smaller one is ever signed.
    fn see(&mut self, steps: &Steps) {
        let note = steps.log.checkpoint();
        let last = self.shown.last();
        assert!(last.is_none_or(|last| size(last) <= size(&note)), "{last:?}, then {note:?}");
        if last != Some(&*note) {
            self.shown.push(Note::clone(&note));
        }
    }

    fn commit(&mut self, harness: &Harness, steps: &mut Steps, batches: &[(u64, Durability)]) {
        let mut waiting = Vec::new();
        for &(count, durability) in batches {
            let first = self.next_marker;
            let batch: Vec<Ready> = (first..first + count).map(|n| ready(event(n), harness.now())).collect();
            self.next_marker += count;
            if let Ok(pending) = steps.log.append(batch, durability) {
                self.batches.insert(first, count);
                waiting.push((first, durability, pending));
            }
        }
        steps.commit();
        self.see(steps);
        for (first, durability, pending) in waiting {
            match pending.wait() {
                Ok(receipts) if durability == Durability::Durable => {
                    self.durable.extend(receipts.iter().map(|receipt| receipt.seq).zip(first..));
                }
                Err(AppendError::Unavailable { .. }) => drop(self.gone.insert(first)),
                Ok(_) | Err(_) => {}
            }
        }
    }

    fn retain(&mut self, harness: &Harness, steps: &mut Steps) {
        let (marker, sizes) = (self.next_marker, self.shown.iter().map(size).collect::<Vec<_>>());
        let mut cut = None;
        let retained = steps.begin_retention(harness.now(), &sizes, |expired, append| {
            self.next_marker += 1;
            cut = Some(expired.first_seq);
            let receipts = append(vec![ready(applied(marker), harness.now())])?;
            self.durable.insert(receipts[0].seq, marker);
            Ok(receipts[0].seq)
        });
        self.cuts.extend(cut);
        if let (Ok(Some(_)), Some(cut)) = (retained, cut) {
            self.cut = cut;
        }
    }

    /// Everything that was acknowledged is there, in its place; batches are whole; nothing else is there.
    fn check(&mut self, harness: &Harness) {
        let steps = Steps::open_with(config(harness)).unwrap();
        self.see(&steps);
        let events = harness::all(&steps.log);
        let markers: Vec<u64> = events.iter().map(|recorded| recorded.event.metadata["n"].as_u64().unwrap()).collect();
        let first_seq = steps.log.status().first_seq;
        assert!(first_seq == 0 || self.cuts.contains(&first_seq), "{first_seq} of {:?}", self.cuts);
        assert!(first_seq >= self.cut, "{first_seq} before {}", self.cut);
        let end_seq = first_seq + events.len() as u64;
        assert!(events.iter().map(|recorded| recorded.seq).eq(first_seq..end_seq), "contiguous");
        assert!(markers.is_sorted_by(|a, b| a < b), "in order and once: {markers:?}");
        for (&seq, marker) in self.durable.range(first_seq..) {
            assert_eq!(markers.get((seq - first_seq) as usize), Some(marker), "acknowledged as event {seq}");
        }
        for (&first, &count) in &self.batches {
            let there = markers.iter().filter(|&&marker| (first..first + count).contains(&marker)).count() as u64;
            assert!(there == 0 || there == count, "batch {first} has {there} of {count} events");
            assert!(there == 0 || !self.gone.contains(&first), "batch {first} was said to have left nothing behind");
        }
        for (recorded, &marker) in events.iter().zip(&markers) {
            let told = if recorded.event.action == RETENTION_APPLIED { applied(marker) } else { event(marker) };
            let expected = ready(told, recorded.event.recorded_at.unwrap());
            assert_eq!(&recorded.event, expected.event());
        }
        assert_eq!(steps.log.status().next_seq, end_seq);
        // Whatever checkpoint was shown, the log still has all that it covers, unaltered.
        steps.log.verify(&self.shown, &|_, _| ()).unwrap();
    }
}

fn size(note: &Note) -> u64 {
    note.text().lines().nth(1).unwrap().parse().unwrap()
}

/// Scenarios to try: few, or as many as `PROPTEST_CASES` says.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(6)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn what_was_acknowledged_survives_a_loss_of_power_at_any_operation(actions in actions(), seed: u64) {
        let whole = Harness::new(seed);
        run(&whole, &actions).check(&whole);
        for operation in 0..whole.disk.operations() {
            let harness = Harness::new(seed ^ operation);
            harness.disk.crash_at(operation);
            let mut told = run(&harness, &actions);
            harness.disk.restart();
            // The power fails again while the log recovers.
            harness.disk.crash_at(harness.disk.operations() + operation % 17);
            if let Ok(steps) = Steps::open_with(config(&harness)) {
                told.see(&steps);
            }
            harness.disk.restart();
            told.check(&harness);
        }
    }

    #[test]
    fn what_was_acknowledged_survives_the_death_of_the_process_and_later_a_loss_of_power(actions in actions(), seed: u64) {
        let whole = Harness::new(seed);
        run(&whole, &actions);
        for operation in 0..whole.disk.operations() {
            let harness = Harness::new(seed ^ operation);
            harness.disk.crash_at(operation);
            let mut told = run(&harness, &actions);
            harness.disk.kill();
            let later = actions.get(operation as usize % actions.len()..).unwrap();
            harness.disk.crash_at(harness.disk.operations() + operation * 7 % 41);
            run_on(&harness, later, &mut told);
            harness.disk.restart();
            told.check(&harness);
        }
    }

    #[test]
    fn what_was_acknowledged_survives_any_failed_operation_and_then_a_loss_of_power(actions in actions(), seed: u64) {
        fail_at_each_operation(&actions, seed, 1);
    }

    #[test]
    fn a_log_whose_disk_fails_for_a_while_goes_on_by_itself(actions in actions(), seed: u64, length in 2_u64..12) {
        fail_at_each_operation(&actions, seed, length);
    }
}

/// Runs the actions once for each operation, with so many operations from there on failing in one way or the other. The log
/// goes on by itself when they are over, and holds what it should after a loss of power.
fn fail_at_each_operation(actions: &[Action], seed: u64, length: u64) {
    let whole = Harness::new(seed);
    run(&whole, actions);
    for operation in 0..whole.disk.operations() {
        for failure in [Failure::NotPersisted, Failure::Persisted] {
            let harness = Harness::new(seed ^ operation);
            (operation..operation + length).for_each(|operation| harness.disk.fail_at(operation, failure));
            let mut told = Told::default();
            if let Some(mut steps) = run_on(&harness, actions, &mut told) {
                while harness.disk.operations() < operation + length {
                    let _ = harness.disk.sync_dir(Path::new("/log"));
                }
                steps.committer.idle();
                assert_eq!(steps.log.status().halted, None);
                let kept = told.durable.len();
                told.commit(&harness, &mut steps, &[(1, Durability::Durable)]);
                assert_eq!(told.durable.len(), kept + 1);
            }
            harness.disk.restart();
            told.check(&harness);
        }
    }
}

/// What a process wrote before it was killed another finds, and shows a checkpoint of it: so it must last, though nobody was
/// told of it before, and though the power fails at any moment from then on.
#[test]
fn no_smaller_tree_is_signed_after_a_kill_between_any_two_writes_and_another_and_a_loss_of_power() {
    let commit = |count, durability| Action::Commit(vec![(count, durability)]);
    let (durable, written) = (Durability::Durable, Durability::Written);
    let actions =
        [commit(2, durable), commit(1, written), commit(3, durable), Action::Seal, commit(1, written), Action::Reopen];
    kill_and_then_lose_power(&actions, 0..operations(&actions), 40);
}

/// The marker of a retention may be seen after a kill and yet not last: nothing goes before it does.
#[test]
fn nothing_is_lost_after_a_kill_at_any_step_of_retention_and_a_loss_of_power_at_the_next_start() {
    let commit = || Action::Commit(vec![(3, Durability::Durable)]);
    let before = [commit(), commit(), Action::Seal, Action::Tomorrow, commit(), Action::Seal];
    let actions = [&before[..], &[Action::Retain, Action::Seal]].concat();
    let (whole, mut told) = (Harness::new(1), Told::default());
    run_on(&whole, &actions, &mut told).unwrap();
    assert!(told.cut > 0, "{told:?}");
    kill_and_then_lose_power(&actions, operations(&before)..whole.disk.operations(), 200);
}

/// How many operations some actions take.
fn operations(actions: &[Action]) -> u64 {
    let whole = Harness::new(1);
    run(&whole, actions);
    whole.disk.operations()
}

/// The process is killed at each of these operations, and the next one, or the power, some operations later: up to forty,
/// in so many ways.
fn kill_and_then_lose_power(actions: &[Action], kills: Range<u64>, ways: u64) {
    for first in kills {
        for second in 0..ways {
            let harness = Harness::new(first << 8 | second);
            harness.disk.crash_at(first);
            let mut told = run(&harness, actions);
            harness.disk.kill();
            harness.disk.crash_at(harness.disk.operations() + second % 40);
            run_on(&harness, &actions[..1], &mut told);
            if second / 40 % 2 == second % 2 {
                harness.disk.kill();
            } else {
                harness.disk.restart();
            }
            if let Ok(steps) = Steps::open_with(config(&harness)) {
                told.see(&steps);
            }
            harness.disk.restart();
            told.check(&harness);
        }
    }
}

#[test]
fn every_step_of_sealing_merging_and_removing_may_fail_in_both_ways() {
    let commit = |count| Action::Commit(vec![(count, Durability::Durable)]);
    let mut actions: Vec<Action> = (0..5).flat_map(|_| [commit(3), commit(1), Action::Seal]).collect();
    actions.extend([Action::Tomorrow, commit(1), Action::Seal, Action::Seal, Action::Reopen, commit(2)]);
    let whole = Harness::new(1);
    let steps = run_on(&whole, &actions, &mut Told::default()).unwrap();
    let segments = whole.disk.list(Path::new("/log/segments/2026-11-20")).unwrap();
    assert_eq!(segments.len(), 1, "all of the day is merged: {segments:?}");
    drop(steps);
    (1..4).for_each(|length| fail_at_each_operation(&actions, length, length));
}

#[test]
fn every_step_of_retention_may_fail_in_both_ways() {
    let commit = |count| Action::Commit(vec![(count, Durability::Durable)]);
    let day = || [commit(3), Action::Seal, commit(2), Action::NewKey, Action::Tomorrow, commit(1), Action::Seal];
    let mut actions: Vec<Action> = day().into_iter().chain([Action::Retain, Action::Seal]).collect();
    actions.extend(day().into_iter().chain([Action::Seal, Action::Retain, Action::Reopen, Action::Seal, commit(1)]));
    let (whole, mut told) = (Harness::new(1), Told::default());
    run_on(&whole, &actions, &mut told).unwrap();
    assert_eq!((told.cuts.len(), told.cuts.last()), (2, Some(&told.cut)), "{told:?}");
    told.check(&whole);
    (1..4).for_each(|length| fail_at_each_operation(&actions, length, length));
}
