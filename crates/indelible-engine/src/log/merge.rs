//! Which segments to merge.

use std::ops::Range;

use crate::limits::{EPOCHS_MAX, MERGE_BYTES, MERGE_FAN_IN};

/// What decides whether a segment is merged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size<'a> {
    pub(super) day: &'a str,
    pub(super) events: u64,
    pub(super) bytes: u64,
    pub(super) epochs: usize,
}

/// Neighbouring segments of one day that together have no more than `events_max` events and keep the limits of a
/// merged segment, or nothing.
///
/// While a day goes on, [`MERGE_FAN_IN`] neighbours are merged when none of them is larger than the others together:
/// so an event is written again only as part of something at least twice as large. Once a later day has begun,
/// whatever still fits together is merged.
pub(super) fn choose(segments: &[Size<'_>], events_max: u64) -> Option<Range<usize>> {
    let of = |run: &Range<usize>| segments.get(run.clone()).unwrap_or_default();
    let fits = |run: &Range<usize>| {
        of(run).iter().all(|size| Some(size.day) == of(run).first().map(|first| first.day))
            && of(run).iter().map(|size| size.events).sum::<u64>() <= events_max
            && of(run).iter().map(|size| size.bytes).sum::<u64>() <= MERGE_BYTES
            && of(run).iter().map(|size| size.epochs).sum::<usize>() <= EPOCHS_MAX
    };
    let today = segments.last().map(|last| last.day);
    for from in 0..segments.len() {
        let of_today = segments.get(from).map(|first| first.day) == today;
        let run = from..from + if of_today { MERGE_FAN_IN } else { 2 };
        if run.end > segments.len() || !fits(&run) {
            continue;
        }
        let events = || of(&run).iter().map(|size| size.events);
        if of_today && events().max().unwrap_or_default() * 2 > events().sum() {
            continue;
        }
        let longer = (run.end..=segments.len()).map(|end| from..end).take_while(fits);
        return longer.last();
    }
    None
}

#[cfg(test)]
mod tests;
