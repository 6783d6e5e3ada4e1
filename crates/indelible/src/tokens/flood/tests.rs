use std::{collections::BTreeMap, thread};

use proptest::prelude::*;

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(1_760_000_000_000_000 + second * 1_000_000).unwrap()
}

fn flood(singly: u32) -> Flood<u32> {
    Flood::new(Coalescing { singly, ..Coalescing::default() })
}

fn singly<K>(due: Vec<Repeats<K>>) -> Noted<K> {
    Noted { singly: true, due }
}

#[test]
fn the_first_failures_are_events_and_the_rest_one_event_that_counts_them() {
    let flood = flood(2);
    assert_eq!([0, 1].map(|second| flood.note(7, at(second))), [singly(vec![]), singly(vec![])]);
    // Out of order, as threads come.
    for second in [3, 2, 59, 4] {
        assert_eq!(flood.note(7, at(second)), Noted { singly: false, due: vec![] });
    }
    assert_eq!(flood.take_due(at(59)), []);
    let rest = Repeats { key: 7, count: 4, first_at: at(2), last_at: at(59) };
    assert_eq!(flood.take_due(at(60)), [rest]);
    assert_eq!(flood.note(7, at(60)), singly(vec![]));
}

#[test]
fn what_was_counted_is_due_with_the_first_failure_of_the_next_window() {
    let flood = flood(1);
    flood.note(7, at(0));
    flood.note(7, at(10));
    let rest = || Repeats { key: 7, count: 1, first_at: at(10), last_at: at(10) };
    assert_eq!(flood.note(7, at(60)), singly(vec![rest()]));
    // A clock that was put back begins a new window too.
    flood.note(7, at(70));
    assert_eq!(flood.note(7, at(-10)).due, [Repeats { first_at: at(70), last_at: at(70), ..rest() }]);
    assert_eq!(flood.take_all(), []);
}

#[test]
fn a_full_table_is_due_early_and_nothing_is_lost() {
    let flood = flood(1);
    let kinds = 3 * limits::FAILURES_ALIKE_MAX as u32;
    let mut told = 0;
    for key in (0..kinds).flat_map(|key| [key, key]) {
        let noted = flood.note(key, at(0));
        told += u64::from(noted.singly) + noted.due.iter().map(|due| due.count).sum::<u64>();
        assert!(flood.alike.lock().unwrap().len() <= limits::FAILURES_ALIKE_MAX);
    }
    told += flood.take_all().iter().map(|due| due.count).sum::<u64>();
    assert_eq!(told, 2 * u64::from(kinds));
}

#[test]
fn threads_lose_no_count() {
    let flood = flood(3);
    let told = thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|nth| {
                let flood = &flood;
                scope.spawn(move || {
                    let told = |noted: Noted<u32>| {
                        u64::from(noted.singly) + noted.due.iter().map(|due| due.count).sum::<u64>()
                    };
                    (0..2000)
                        .map(|second| told(flood.note((nth + second) % 5, at(i64::from(second / 10)))))
                        .sum::<u64>()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum::<u64>()
    });
    assert_eq!(told + flood.take_all().iter().map(|due| due.count).sum::<u64>(), 16_000);
}

#[derive(Debug, Clone)]
enum Step {
    Note(u32, i64),
    TakeDue(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        9 => (0..4_u32, 0..300_i64).prop_map(|(key, second)| Step::Note(key, second)),
        1 => (0..300_i64).prop_map(Step::TakeDue),
    ]
}

proptest! {
    #[test]
    fn every_failure_is_told_of_once_whatever_the_order(steps in prop::collection::vec(step(), 0..300), most in 0..4_u32) {
        let flood = flood(most);
        // Those that no event tells of yet.
        let mut open = BTreeMap::<u32, Vec<Timestamp>>::new();
        for step in steps.into_iter().map(Some).chain([None]) {
            let due = match step {
                Some(Step::Note(key, second)) => {
                    let noted = flood.note(key, at(second));
                    tell(noted.due, &mut open)?;
                    if !noted.singly {
                        open.entry(key).or_default().push(at(second));
                    }
                    continue;
                }
                Some(Step::TakeDue(second)) => flood.take_due(at(second)),
                None => flood.take_all(),
            };
            tell(due, &mut open)?;
        }
        prop_assert!(open.is_empty());
    }
}

/// Takes away what an event tells of: all that was open of its kind.
fn tell(due: Vec<Repeats<u32>>, open: &mut BTreeMap<u32, Vec<Timestamp>>) -> Result<(), TestCaseError> {
    for due in due {
        let times = open.remove(&due.key).unwrap_or_default();
        let (first_at, last_at) = (times.iter().min().copied(), times.iter().max().copied());
        prop_assert_eq!((due.count, Some(due.first_at), Some(due.last_at)), (times.len() as u64, first_at, last_at));
    }
    Ok(())
}
