//! Numbers rounded so that few are different: 32 to each doubling.

/// Values to each doubling.
const STEPS: u32 = 32;

/// The largest relative error of [`value`], one half of a bucket: 1/64.
pub const ERROR_MAX: f64 = 0.5 / STEPS as f64;
/// Buckets are below.
pub const BUCKETS: u32 = bucket(i64::MAX) + 1;

/// The bucket of a number; negative ones have that of 0.
pub const fn bucket(number: i64) -> u32 {
    let number = if number < 0 { 0 } else { number };
    let doublings = number.unsigned_abs().checked_ilog2();
    let shift = match doublings {
        Some(doublings) => doublings.saturating_sub(STEPS.ilog2()),
        None => 0,
    };
    shift * STEPS + (number >> shift) as u32
}

/// The number that stands for those of a bucket, in its middle. Up to 63 every number has a bucket of its own.
pub const fn value(bucket: u32) -> i64 {
    let shift = (bucket / STEPS).saturating_sub(1);
    let steps = (bucket - shift * STEPS) as i64;
    (steps << shift) + ((1 << shift) >> 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_within_the_stated_error_of_what_stands_for_it() {
        let numbers =
            (0..200_000).chain((0..63).flat_map(|bit| [-1, 0, 1].map(|near| (1i64 << bit) + near))).chain([i64::MAX]);
        for number in numbers.filter(|&number| number >= 0) {
            let rounded = value(bucket(number));
            assert!((rounded as f64 - number as f64).abs() <= number as f64 * ERROR_MAX, "{number}: {rounded}");
            assert_eq!(bucket(rounded), bucket(number));
            assert!(bucket(number) < BUCKETS && (number >= 64 || rounded == number));
        }
        assert!((0..100_000).map(bucket).is_sorted());
    }
}
