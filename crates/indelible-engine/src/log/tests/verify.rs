//! Verifying.

use std::{
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

use indelible_proof::LeafHash;

use super::harness::{Harness, Steps};
use crate::{
    fs::Fs,
    limits::BLOCK_ROWS,
    log::{Pass, TreeError, Verified, VerifyError},
    store::Durability,
};

fn verify(steps: &Steps) -> Result<(Verified, Vec<(u64, LeafHash)>), VerifyError> {
    let counted = AtomicU64::new(0);
    let verified = steps.log.verify(&[], &|pass, events| {
        if pass == Pass::Tree {
            counted.fetch_add(events, Ordering::Relaxed);
        }
    })?;
    assert_eq!(counted.into_inner(), verified.events);
    let mut leaves = Vec::new();
    steps
        .log
        .with_tree(|tree| tree.entries(0..verified.events, &mut |seq, entry| leaves.push((seq, entry.leaf_hash()))))?;
    Ok((verified, leaves))
}

/// Two epochs merged into one segment, one sealed alone on another day, one in the tail.
fn steps(harness: &Harness) -> (Steps, Vec<(u64, LeafHash)>) {
    let mut steps = Steps::open(harness).unwrap();
    let mut receipts = Vec::new();
    for (round, events) in [u64::from(BLOCK_ROWS) + 10, 5, 7, 3].into_iter().enumerate() {
        let batch = (0..events).map(|n| harness.ready(n)).collect();
        receipts.extend(steps.append(batch, Durability::Durable).unwrap());
        if round < 3 {
            steps.rotate();
            steps.seal_all();
        }
        if round == 1 {
            harness.advance(super::DAY_US);
        }
    }
    (steps, receipts.into_iter().map(|receipt| (receipt.seq, receipt.leaf)).collect())
}

#[test]
fn every_leaf_that_was_given_a_receipt_is_made_again_across_epochs_segments_and_the_tail() {
    let harness = Harness::new(1);
    let (steps, receipts) = steps(&harness);
    let (verified, leaves) = verify(&steps).unwrap();
    assert_eq!((verified.segments, verified.events), (2, receipts.len() as u64));
    assert_eq!(leaves, receipts);
    drop(steps);
    let steps = Steps::open(&harness).unwrap();
    assert_eq!(verify(&steps).unwrap().1, receipts);
}

#[test]
fn a_changed_byte_or_a_lost_key_is_named() {
    let harness = Harness::new(1);
    let (steps, _) = steps(&harness);
    let key = steps.log.shared.layout.epoch(u64::from(BLOCK_ROWS) + 10);
    harness.disk.remove(&key).unwrap();
    let error = verify(&steps).unwrap_err();
    assert!(
        matches!(&error, VerifyError::Tree(TreeError::EpochKey(lost)) if lost.path == key.display().to_string()),
        "{error}"
    );

    let path = steps.log.shared.view().segments[0].path.clone();
    harness.disk.write_again(Path::new(&path), 100, &[0xff; 8]).unwrap();
    let error = verify(&steps).unwrap_err();
    assert!(error.to_string().contains(&path.display().to_string()), "{error}");
}
