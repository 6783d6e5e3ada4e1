//! Spans of time in a time zone.

use indelible_proof::Timestamp;
use jiff::{
    ToSpan,
    civil::{Date, date},
    tz::TimeZone,
};

use super::{
    model::{Bucket, Value},
    moment::DAY_US,
};
use crate::rollup::HOUR_US;

/// Puts moments into buckets. A bucket is a number: the moment it begins (minute, hour), the days from 1970 to its
/// first one (day, week, month), or the count itself (hour of day, weekday).
#[derive(Debug)]
pub(super) struct Buckets {
    zone: TimeZone,
    bucket: Bucket,
    /// From, to (not included), and the offset in between: found anew only when a moment lies outside.
    offset: (i64, i64, i64),
    /// The last day asked for, and its bucket.
    day: Option<(i64, i64)>,
}

impl Buckets {
    pub(super) fn new(zone: &TimeZone, bucket: Bucket) -> Self {
        Self { zone: zone.clone(), bucket, offset: (0, 0, 0), day: None }
    }

    /// The bucket of a moment in microseconds.
    pub(super) fn of(&mut self, us: i64) -> i64 {
        let (from, to, _) = self.offset;
        if us < from || to <= us {
            self.offset = offset_around(&self.zone, us);
        }
        let offset = self.offset.2;
        let local = us.saturating_add(offset);
        let day = local.div_euclid(DAY_US);
        match self.bucket {
            // With the offset taken off again, an hour that the clock goes through twice is two hours.
            Bucket::Minute => local.div_euclid(HOUR_US / 60) * (HOUR_US / 60) - offset,
            Bucket::Hour => local.div_euclid(HOUR_US) * HOUR_US - offset,
            Bucket::HourOfDay => local.rem_euclid(DAY_US) / HOUR_US,
            Bucket::Day => day,
            // Day 0 was a Thursday.
            Bucket::Weekday => (day + 3).rem_euclid(7) + 1,
            Bucket::Week => day - (day + 3).rem_euclid(7),
            Bucket::Month => match self.day {
                Some((last, month)) if last == day => month,
                _ => {
                    let month = civil(day).map_or(day, |date| day - i64::from(date.day()) + 1);
                    self.day = Some((day, month));
                    month
                }
            },
        }
    }

    /// What a bucket is in a table: the moment it begins, or the count.
    pub(super) fn value(&self, number: i64) -> Value {
        match self.bucket {
            Bucket::HourOfDay | Bucket::Weekday => Value::Int(number),
            Bucket::Minute | Bucket::Hour => Value::Time(Timestamp::saturating_from_micros(number)),
            Bucket::Day | Bucket::Week | Bucket::Month => {
                let start = civil(number).and_then(|day| day.to_zoned(self.zone.clone()).ok());
                let us = start.map_or(number.saturating_mul(DAY_US), |start| start.timestamp().as_microsecond());
                Value::Time(Timestamp::saturating_from_micros(us))
            }
        }
    }

    /// How many buckets moments from `low` to `high` can fall into, at most.
    pub(super) fn count_max(&self, low: i64, high: i64) -> u64 {
        let width = match self.bucket {
            Bucket::Minute => HOUR_US / 60,
            Bucket::Hour => HOUR_US,
            Bucket::Day => DAY_US,
            Bucket::Week => 7 * DAY_US,
            Bucket::Month => 28 * DAY_US,
            Bucket::HourOfDay => return 24,
            Bucket::Weekday => return 7,
        };
        // A change of the zone's offset splits at most one bucket; there are few such changes in a bucket's width.
        (high.saturating_sub(low) / width).unsigned_abs().saturating_mul(2).saturating_add(4)
    }

    /// Whether all of an hour (UTC) falls into one bucket, for every hour from `low` to `high`.
    pub(super) fn keeps_hours_whole(&self, low: i64, high: i64) -> bool {
        let mut at = low;
        while self.bucket != Bucket::Minute && at <= high {
            let (from, to, offset) = offset_around(&self.zone, at);
            let whole = |us: i64| us.rem_euclid(HOUR_US) == 0;
            if !whole(offset) || from > low && !whole(from) {
                return false;
            }
            if to > high {
                return true;
            }
            at = to;
        }
        false
    }
}

/// The zone's offset at a moment, with the time for which it holds.
fn offset_around(zone: &TimeZone, us: i64) -> (i64, i64, i64) {
    let Ok(at) = jiff::Timestamp::from_microsecond(us) else { return (us, us.saturating_add(1), 0) };
    let offset = i64::from(zone.to_offset(at).seconds()) * 1_000_000;
    // A transition at this very moment counts as the beginning: `preceding` looks strictly before.
    let after = at.checked_add(1.microsecond()).unwrap_or(at);
    let from = zone.preceding(after).next().map_or(i64::MIN, |change| change.timestamp().as_microsecond());
    let to = zone.following(at).next().map_or(i64::MAX, |change| change.timestamp().as_microsecond());
    (from, to, offset)
}

fn civil(day: i64) -> Option<Date> {
    date(1970, 1, 1).checked_add(day.days()).ok()
}
