//! Idempotency keys.

use indelible_proof::Timestamp;
use proptest::prelude::*;

use super::harness::{self, DAY_US, Harness, Steps, event, ready};
use crate::{
    log::LogConfig,
    store::{Durability, Ready, Store},
};

fn keyed(harness: &Harness, n: u64, key: &str) -> Ready {
    ready(event(n).idempotency_key(key), harness.now())
}

#[test]
fn a_repeated_key_returns_the_first_receipt_from_batch_tail_segment_and_after_a_restart() {
    let harness = Harness::new(1);
    let mut steps = Steps::open(&harness).unwrap();
    let batch = vec![keyed(&harness, 0, "a"), keyed(&harness, 1, "a"), keyed(&harness, 2, "b")];
    let first = steps.append(batch, Durability::Durable).unwrap();
    assert_eq!(first.iter().map(|r| (r.seq, r.duplicate)).collect::<Vec<_>>(), [(0, false), (0, true), (1, false)]);
    for round in 0..3 {
        match round {
            0 => {}
            1 => {
                steps.rotate();
                steps.seal_all();
            }
            _ => {
                drop(steps);
                steps = Steps::open(&harness).unwrap();
            }
        }
        let again = steps.append(vec![keyed(&harness, 9, "b")], Durability::Durable).unwrap();
        assert_eq!((again[0].duplicate, again[0].id, again[0].leaf), (true, first[2].id, first[2].leaf));
    }
    assert_eq!(harness::all(&steps.log).len(), 2);
}

#[test]
fn a_key_counts_for_its_tenant_and_for_a_day() {
    let harness = Harness::new(1);
    let mut steps = Steps::open(&harness).unwrap();
    let of_tenant = |tenant: &str| ready(event(0).tenant(tenant).idempotency_key("a"), harness.now());
    assert!(!steps.append(vec![of_tenant("x")], Durability::Durable).unwrap()[0].duplicate);
    assert!(!steps.append(vec![of_tenant("y")], Durability::Durable).unwrap()[0].duplicate);
    harness.advance(DAY_US - 1);
    assert!(steps.append(vec![of_tenant("x")], Durability::Durable).unwrap()[0].duplicate);
    harness.advance(1);
    assert!(!steps.append(vec![of_tenant("x")], Durability::Durable).unwrap()[0].duplicate);
    assert!(steps.append(vec![of_tenant("x")], Durability::Durable).unwrap()[0].duplicate);
}

#[test]
fn a_key_that_is_recorded_while_its_repeat_waits_is_found_by_the_committer() {
    let harness = Harness::new(1);
    let mut steps = Steps::open(&harness).unwrap();
    let append = |steps: &Steps| steps.log.append(vec![keyed(&harness, 0, "a")], Durability::Durable).unwrap();
    let (first, second) = (append(&steps), append(&steps));
    let mut waiting = steps.take().unwrap();
    let later = waiting.split_off(1);
    steps.committer.commit(waiting);
    steps.rotate();
    steps.seal_all();
    steps.committer.commit(later);
    assert_eq!(first.wait().unwrap()[0].seq, 0);
    assert!(second.wait().unwrap()[0].duplicate);
}

#[test]
fn a_leaf_is_hashed_again_when_its_epoch_is_over() {
    let harness = Harness::new(1);
    let mut steps = Steps::open(&harness).unwrap();
    steps.append(vec![harness.ready(0)], Durability::Durable).unwrap();
    let late = steps.log.append(vec![keyed(&harness, 1, "a")], Durability::Durable).unwrap();
    let waiting = steps.take().unwrap();
    steps.rotate();
    steps.committer.commit(waiting);
    let leaf = late.wait().unwrap()[0].leaf;
    let again = steps.append(vec![keyed(&harness, 1, "a")], Durability::Durable).unwrap();
    assert_eq!((again[0].duplicate, again[0].leaf), (true, leaf));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]
    #[test]
    fn keys_agree_with_a_map(steps_taken in proptest::collection::vec((0_u8..12, 0_u8..10, 0_i64..DAY_US / 2), 1..40)) {
        let harness = Harness::new(1);
        let config = || LogConfig { unsealed_files_max: 1000, ..harness.config() };
        let mut steps = Steps::open_with(config()).unwrap();
        let mut model: std::collections::HashMap<String, (u64, Timestamp)> = std::collections::HashMap::new();
        let mut next = 0;
        for (action, key, passes) in steps_taken {
            match action {
                0 => steps.rotate(),
                1 => steps.seal_all(),
                2 => {
                    drop(steps);
                    steps = Steps::open_with(config()).unwrap();
                }
                _ => {
                    harness.advance(passes);
                    let key = format!("k{key}");
                    let receipt = &steps.append(vec![keyed(&harness, next, &key)], Durability::Durable).unwrap()[0];
                    let known = model.get(&key).filter(|(_, at)| harness.now().as_micros() - at.as_micros() < DAY_US);
                    prop_assert_eq!((receipt.seq, receipt.duplicate), known.map_or((next, false), |&(seq, _)| (seq, true)));
                    if !receipt.duplicate {
                        model.insert(key, (next, harness.now()));
                        next += 1;
                    }
                }
            }
        }
    }
}
