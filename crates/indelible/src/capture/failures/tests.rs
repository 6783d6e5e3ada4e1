use super::*;

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn failures_are_counted_by_who_and_forgotten_in_time() {
    let failures = Failures::new(Repetition::default());
    let start = Instant::now();
    let counts: Vec<u32> = (0..6).map(|minute| failures.count("alice", start + MINUTE * minute)).collect();
    assert_eq!(counts, [1, 2, 3, 4, 5, 6]);
    assert_eq!(failures.count("bob", start), 1);
    assert!(!failures.is_repeated(4) && failures.is_repeated(5));
    assert_eq!(failures.count("alice", start + MINUTE * 11), 1);
}

#[test]
fn thousands_of_names_tried_once_do_not_wash_away_one_that_is_tried_often() {
    let failures = Failures::new(Repetition::default());
    let now = Instant::now();
    failures.count("alice", now);
    failures.count("alice", now);
    for other in 0..100_000 {
        failures.count(other, now);
    }
    assert_eq!(failures.count("alice", now), 3);
}
