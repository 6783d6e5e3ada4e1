use std::{
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

use proptest::prelude::*;

use super::*;

const START_US: i64 = 1_760_000_000_000_000;
const MINUTE_US: i64 = 60_000_000;

fn limit(uses: u32) -> NonZeroU32 {
    NonZeroU32::new(uses).unwrap()
}

fn at(us: i64) -> Timestamp {
    Timestamp::from_micros(START_US + us).unwrap()
}

#[test]
fn the_nearest_limit_counts() {
    let rates: Rates = serde_json::from_value(serde_json::json!({
        "types": { "pk": { "live": 2 } }, "environments": { "live": 4, "test": 5 }, "global": 6,
    }))
    .unwrap();
    let kind = |rate_limit: Option<u32>| Kind { rate_limit: rate_limit.map(limit), ..Kind::new("Any", "any") };
    let of = |own: Option<u32>, id: &str, of_kind: Option<u32>, environment: &str| {
        rates.of(own.map(limit), (id, &kind(of_kind)), environment).map(NonZeroU32::get)
    };
    assert_eq!(of(Some(1), "pk", Some(3), "live"), Some(1));
    assert_eq!(of(None, "pk", Some(3), "live"), Some(2));
    assert_eq!(of(None, "pk", Some(3), "test"), Some(3));
    assert_eq!(of(None, "sk", None, "live"), Some(4));
    assert_eq!(of(None, "sk", None, "staging"), Some(6));
    assert_eq!(Rates::default().of(None, ("sk", &kind(None)), "live"), None);
}

#[test]
fn a_refused_use_does_not_count_and_there_is_room_when_the_answer_says() {
    let limiter = Limiter::new();
    let take =
        |second: i64| limiter.take("tok_1", limit(2), at(second * 1_000_000)).map_err(|error| error.retry_after_s);
    assert_eq!([0, 10, 20, 30].map(take), [Ok(()), Ok(()), Err(41), Err(31)]);
    assert_eq!([60, 61, 62, 71].map(take), [Err(1), Ok(()), Err(9), Ok(())]);
    assert_eq!(limiter.take("tok_2", limit(2), at(71_000_000)), Ok(()));
}

#[test]
fn a_lowered_limit_counts_at_once() {
    let limiter = Limiter::new();
    for second in 0..10 {
        assert!(limiter.take("tok_1", limit(10), at(second * 1_000_000)).is_ok());
    }
    let refused = limiter.take("tok_1", limit(3), at(10_000_000)).unwrap_err();
    assert_eq!(refused.to_string(), "the rate limit of 3 requests a minute is exceeded; retry after 58 seconds");
    assert!(limiter.take("tok_1", limit(3), at(67_900_000)).is_err());
    assert!(limiter.take("tok_1", limit(3), at(68_000_000)).is_ok());
}

#[test]
fn nobody_waits_for_a_clock_that_was_put_back() {
    let limiter = Limiter::new();
    assert!(limiter.take("tok_1", limit(1), Timestamp::MAX).is_ok());
    assert!(limiter.take("tok_1", limit(1), at(0)).is_ok());
    // By a little is by nothing.
    let refused = limiter.take("tok_1", limit(1), at(-5_000_000)).unwrap_err();
    assert_eq!(refused.retry_after_s, 66);
}

#[test]
fn no_more_tokens_are_counted_than_there_is_room_for_and_the_limit_holds_all_the_same() {
    let limiter = Limiter::new();
    let token = |nth: usize| format!("tok_{nth}");
    let taken = (0..2 * limits::LIMITED_TOKENS_MAX).filter(|&nth| limiter.take(&token(nth), limit(1), at(0)).is_ok());
    assert_eq!(taken.count(), limits::LIMITED_TOKENS_MAX);
    assert!((0..1000).all(|nth| limiter.take(&token(nth), limit(1), at(0)).is_err()));
    // A minute later there is room for others.
    assert!((0..1000).all(|nth| limiter.take(&format!("new_{nth}"), limit(1), at(61_000_000)).is_ok()));
    let counted: usize = limiter.shards.iter().map(|shard| shard.lock().unwrap().windows.len()).sum();
    assert!(counted <= limits::LIMITED_TOKENS_MAX);
}

#[test]
fn sixty_four_threads_never_take_more_than_the_limit() {
    let limiter = Limiter::new();
    let taken: [AtomicU32; 3] = Default::default();
    thread::scope(|scope| {
        for nth in 0..64 {
            let (limiter, taken) = (&limiter, &taken);
            scope.spawn(move || {
                for use_nth in 0..300 {
                    let token = (nth + use_nth) % 3;
                    // All within one minute, each thread somewhere else in it.
                    let now = at((nth as i64 * 7 + use_nth as i64 * 13) % 60 * 1_000_000);
                    if limiter.take(&format!("tok_{token}"), limit(1000), now).is_ok() {
                        taken[token].fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    // 6400 tries of each.
    assert_eq!(taken.map(AtomicU32::into_inner), [1000; 3]);
}

proptest! {
    #[test]
    fn no_minute_has_more_uses_than_the_limit_and_none_is_refused_without_need(
        steps_us in prop::collection::vec(prop_oneof![0..10_000_000_i64, 0..200_000_i64, Just(MINUTE_US)], 1..200),
        most in 1..8_u32,
    ) {
        let limiter = Limiter::new();
        let mut taken: Vec<i64> = Vec::new();
        let mut now_us = 0;
        for step_us in steps_us {
            now_us += step_us;
            let since = |span_us: i64| taken.iter().filter(|&&us| us > now_us - span_us).count() as u32;
            let (in_a_minute, in_a_second_more) = (since(MINUTE_US), since(MINUTE_US + 1_000_000));
            match limiter.take("tok", limit(most), at(now_us)) {
                Ok(()) => {
                    prop_assert!(in_a_minute < most);
                    taken.push(now_us);
                }
                Err(refused) => {
                    prop_assert!(in_a_second_more >= most);
                    prop_assert!((1..=61).contains(&refused.retry_after_s));
                    // The answer is true, and not by more than a second too careful.
                    let free_us = now_us + i64::from(refused.retry_after_s) * 1_000_000;
                    let left = |at_us: i64| taken.iter().filter(|&&us| us > at_us - MINUTE_US).count() as u32;
                    prop_assert!(left(free_us) < most);
                    prop_assert!(left(free_us - 2_000_000) >= most || refused.retry_after_s <= 2);
                }
            }
        }
    }
}
