//! Which segments to merge.

use std::ops::Range;

use crate::limits::MERGE_FAN_IN;

/// Neighbouring segments of one day that together have no more than `events_max` events, or nothing.
///
/// While a day goes on, [`MERGE_FAN_IN`] neighbours are merged when none of them is larger than the others together:
/// so an event is written again only as part of something at least twice as large. Once a later day has begun,
/// whatever still fits together is merged.
pub(super) fn choose(segments: &[(&str, u64)], events_max: u64) -> Option<Range<usize>> {
    let total = |run: &Range<usize>| sizes(segments, run).sum::<u64>();
    let same_day = |run: &Range<usize>| {
        let mut days = segments.get(run.clone()).unwrap_or_default().iter().map(|(day, _)| day);
        let first = days.next();
        days.all(|day| Some(day) == first)
    };
    let fits = |run: &Range<usize>| same_day(run) && total(run) <= events_max;
    let today = segments.last().map(|&(day, _)| day);
    for from in 0..segments.len() {
        let of_today = segments.get(from).map(|&(day, _)| day) == today;
        let run = from..from + if of_today { MERGE_FAN_IN } else { 2 };
        if run.end > segments.len() || !fits(&run) {
            continue;
        }
        let largest = sizes(segments, &run).max().unwrap_or_default();
        if of_today && largest * 2 > total(&run) {
            continue;
        }
        let longer = (run.end..=segments.len()).map(|end| from..end).take_while(fits);
        return longer.last();
    }
    None
}

fn sizes(segments: &[(&str, u64)], run: &Range<usize>) -> impl Iterator<Item = u64> {
    segments.get(run.clone()).unwrap_or_default().iter().map(|&(_, events)| events)
}

#[cfg(test)]
mod tests;
