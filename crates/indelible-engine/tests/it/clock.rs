//! A clock that jumps: back by days, forward by centuries, before 1970. Numbers rise all the same, `recorded_at` is what the
//! clock said, and every question about time finds what it should.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use indelible_engine::{
    log::{Log, LogConfig},
    query::{Aggregate, Cancel, Filter, Value},
    store::{Durability, Ready, Redacted, Store},
};
use indelible_proof::{Event, Timestamp};
use proptest::prelude::*;

use crate::{kill::all, log::config};

const NOON_US: i64 = 1_795_176_000_000_000;
const HOUR_US: i64 = 3_600_000_000;
const DAY_US: i64 = 24 * HOUR_US;

/// How far the clock goes with the next event.
fn jump() -> impl Strategy<Value = i64> {
    prop_oneof![
        6 => 0..HOUR_US,
        3 => -HOUR_US..0,
        2 => -30 * DAY_US..30 * DAY_US,
        1 => (-300..300_i64).prop_map(|years| years * 365 * DAY_US),
        1 => Just(-NOON_US),
    ]
}

fn open(path: &Path, clock: &Arc<AtomicI64>) -> Log {
    let clock = Arc::clone(clock);
    let clock = Arc::new(move || moment(clock.load(Ordering::Relaxed)));
    Log::open(LogConfig { clock, seal_events: 7, merge_events: 60, unsealed_files_max: 1000, ..config(path) }).unwrap()
}

fn moment(micros: i64) -> Timestamp {
    Timestamp::saturating_from_micros(micros)
}

fn count(log: &Log, since: Option<i64>, until: Option<i64>) -> u64 {
    let filter = Filter { since: since.map(moment), until: until.map(moment), ..Filter::default() };
    let table = log.aggregate(&Aggregate::count(filter), &Cancel::default()).unwrap();
    match table.rows.first().and_then(|row| row.first()) {
        Some(Value::Int(count)) => *count as u64,
        other => panic!("{other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 50, ..ProptestConfig::default() })]

    #[test]
    fn numbers_rise_and_questions_about_time_are_answered_whatever_the_clock_does(
        jumps in proptest::collection::vec(jump(), 1..80),
        ranges in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 8),
        reopen_every in 5_usize..40,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(AtomicI64::new(NOON_US));
        let mut log = open(dir.path(), &clock);
        let mut told = Vec::new();
        for (nth, jump) in jumps.into_iter().enumerate() {
            let now = moment(clock.load(Ordering::Relaxed).saturating_add(jump));
            clock.store(now.as_micros(), Ordering::Relaxed);
            let ready = Ready::new(Redacted::vouched(Event::new("token.created")), now).unwrap();
            let receipt = log.append(vec![ready], Durability::Durable).unwrap().wait().unwrap().remove(0);
            prop_assert_eq!(receipt.seq, nth as u64);
            told.push((receipt.id, now));
            if nth % reopen_every == reopen_every - 1 {
                log.close();
                log = open(dir.path(), &clock);
            }
        }
        log.seal_now().unwrap();
        let events = all(&log);
        let found: Vec<_> = events.iter().map(|recorded| (recorded.id, recorded.event.recorded_at.unwrap())).collect();
        prop_assert_eq!(&found, &told);
        for (id, _) in &told {
            prop_assert_eq!(log.get(None, id.seq()).unwrap().unwrap().id, *id);
        }
        for (since, until) in ranges {
            let (since, until) = (since.get(&told).1, until.get(&told).1);
            let expected = told.iter().filter(|(_, at)| (since..until).contains(at)).count() as u64;
            prop_assert_eq!(count(&log, Some(since.as_micros()), Some(until.as_micros())), expected);
            let expected = told.iter().filter(|(_, at)| since <= *at).count() as u64;
            prop_assert_eq!(count(&log, Some(since.as_micros()), None), expected);
        }
    }
}
