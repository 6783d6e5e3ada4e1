use std::ops::Range;

use proptest::prelude::*;

use super::Size;
use crate::limits::{EPOCHS_MAX, MERGE_BYTES};

const MAX: u64 = 4000;

fn choose(segments: &[(&str, u64)], events_max: u64) -> Option<Range<usize>> {
    let sizes: Vec<_> = segments.iter().map(|&(day, events)| Size { day, events, bytes: 1, epochs: 1 }).collect();
    super::choose(&sizes, events_max)
}

#[test]
fn four_alike_neighbours_of_a_day_are_merged() {
    assert_eq!(choose(&[("a", 10), ("a", 10), ("a", 10)], MAX), None);
    assert_eq!(choose(&[("a", 10), ("a", 10), ("a", 10), ("a", 10)], MAX), Some(0..4));
    assert_eq!(choose(&[("a", 1000), ("a", 10), ("a", 10), ("a", 10)], MAX), None);
}

#[test]
fn a_day_that_is_over_is_merged_as_far_as_it_fits() {
    assert_eq!(choose(&[("a", 3000), ("a", 500), ("a", 400), ("a", 500), ("b", 1)], MAX), Some(0..3));
    assert_eq!(choose(&[("a", 3900), ("a", 500), ("b", 1)], MAX), None);
}

#[test]
fn days_are_never_mixed() {
    assert_eq!(choose(&[("a", 1), ("b", 1), ("c", 1), ("c", 1)], MAX), None);
}

#[test]
fn a_merged_segment_keeps_the_limits_of_epochs_and_bytes() {
    let small = Size { day: "a", events: 1, bytes: 1, epochs: 1 };
    let later = Size { day: "b", ..small };
    for full in [Size { epochs: EPOCHS_MAX, ..small }, Size { bytes: MERGE_BYTES, ..small }] {
        assert_eq!(super::choose(&[full, small, small, later], MAX), Some(1..3));
        assert_eq!(super::choose(&[full, small, later], MAX), None);
    }
}

proptest! {
    #[test]
    fn merging_ends_and_never_exceeds_the_limit(days in proptest::collection::vec((0_u8..4, 1_u64..2000), 0..40)) {
        let mut days = days;
        days.sort_by_key(|&(day, _)| day);
        let names = ["a", "b", "c", "d"];
        let mut segments: Vec<(&str, u64)> = days.iter().map(|&(day, rows)| (names[usize::from(day)], rows)).collect();
        let before: u64 = segments.iter().map(|&(_, rows)| rows).sum();
        while let Some(run) = choose(&segments, MAX) {
            prop_assert!(run.len() >= 2);
            let rows = segments[run.clone()].iter().map(|&(_, rows)| rows).sum();
            prop_assert!(rows <= MAX);
            prop_assert!(segments[run.clone()].iter().all(|&(day, _)| day == segments[run.start].0));
            let day = segments[run.start].0;
            segments.splice(run, [(day, rows)]);
        }
        prop_assert_eq!(before, segments.iter().map(|&(_, rows)| rows).sum::<u64>());
        prop_assert!(segments.iter().filter(|&&(day, _)| day == "a").count() <= 40);
    }
}
