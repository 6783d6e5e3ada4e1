use std::net::IpAddr;

use indelible_proof::Timestamp;

use super::*;

fn address(text: &str) -> Option<IpAddr> {
    Some(text.parse().unwrap())
}

/// A moment so many microseconds later.
fn later(us: i64) -> Timestamp {
    Timestamp::saturating_from_micros(1_795_176_000_000_000 + us)
}

#[test]
fn after_its_requests_an_address_waits_for_the_rest_of_its_minute() {
    let allowance = Allowance::new(60);
    let ip = address("203.0.113.9");
    let take = |us: i64| allowance.take(ip, later(us));
    assert!((0..60).all(|_| take(0).is_ok()));
    assert_eq!(take(0), Err(60));
    for (later_us, retry_after_s) in [(1, 60), (1_000_000, 59), (1_500_000, 59), (59_999_999, 1)] {
        assert_eq!(take(later_us), Err(retry_after_s), "{later_us}");
    }
    assert!((0..60).all(|_| take(60_000_000).is_ok()));
    assert_eq!(take(60_000_000), Err(60));
}

#[test]
fn a_steady_request_a_second_is_never_refused() {
    // On purpose: the plugin begins no new minute until an address has been silent for one.
    let allowance = Allowance::new(60);
    for second in 0..1000 {
        assert_eq!(allowance.take(address("203.0.113.9"), later(second * 1_000_000)), Ok(()), "{second}");
    }
}

#[test]
fn addresses_count_apart_and_a_v6_network_counts_as_one() {
    let allowance = Allowance::new(1);
    for (ip, is_first) in [
        (address("203.0.113.9"), true),
        (address("203.0.113.9"), false),
        (address("203.0.113.10"), true),
        (address("2001:db8::1"), true),
        (address("2001:db8::2:0:0:1"), false),
        (address("2001:db8:0:1::1"), true),
        (None, true),
        (None, false),
    ] {
        assert_eq!(allowance.take(ip, later(0)).is_ok(), is_first, "{ip:?}");
    }
}

#[test]
fn a_clock_that_goes_back_keeps_nobody_waiting() {
    let allowance = Allowance::new(1);
    let ip = address("203.0.113.9");
    for us in [0, -3_600_000_000] {
        assert_eq!((allowance.take(ip, later(us)), allowance.take(ip, later(us))), (Ok(()), Err(60)));
    }
}

#[test]
fn no_more_addresses_are_kept_than_the_limit() {
    let allowance = Allowance::new(1);
    for bits in 0..100_000 {
        assert_eq!(allowance.take(Some(IpAddr::V4(bits.into())), later(0)), Ok(()));
    }
    assert!(allowance.minutes.lock().unwrap().len() <= limits::ADDRESSES_MAX);
}
