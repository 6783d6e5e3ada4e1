use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use indelible_proof::Timestamp;

use super::*;

const START_US: i64 = 1_795_176_000_000_000;

/// An allowance, and the clock that it reads.
fn allowance(requests_max: u32) -> (Allowance, Arc<AtomicI64>) {
    let clock = Arc::new(AtomicI64::new(START_US));
    let read = Arc::clone(&clock);
    let now = move || Timestamp::saturating_from_micros(read.load(Ordering::Relaxed));
    (Allowance::new(requests_max, Box::new(now)), clock)
}

fn address(text: &str) -> Option<IpAddr> {
    Some(text.parse().unwrap())
}

#[test]
fn after_its_requests_an_address_waits_for_the_rest_of_its_minute() {
    let (allowance, clock) = allowance(60);
    let ip = address("203.0.113.9");
    assert!((0..60).all(|_| allowance.take(ip).is_ok()));
    assert_eq!(allowance.take(ip), Err(60));
    for (later_us, retry_after_s) in [(1, 60), (1_000_000, 59), (1_500_000, 59), (59_999_999, 1)] {
        clock.store(START_US + later_us, Ordering::Relaxed);
        assert_eq!(allowance.take(ip), Err(retry_after_s), "{later_us}");
    }
    clock.store(START_US + 60_000_000, Ordering::Relaxed);
    assert!((0..60).all(|_| allowance.take(ip).is_ok()));
    assert_eq!(allowance.take(ip), Err(60));
}

#[test]
fn a_steady_request_a_second_is_never_refused() {
    // On purpose: the plugin begins no new minute until an address has been silent for one.
    let (allowance, clock) = allowance(60);
    for second in 0..1000 {
        clock.store(START_US + second * 1_000_000, Ordering::Relaxed);
        assert_eq!(allowance.take(address("203.0.113.9")), Ok(()), "{second}");
    }
}

#[test]
fn addresses_count_apart_and_a_v6_network_counts_as_one() {
    let (allowance, _) = allowance(1);
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
        assert_eq!(allowance.take(ip).is_ok(), is_first, "{ip:?}");
    }
}

#[test]
fn a_clock_that_goes_back_keeps_nobody_waiting() {
    let (allowance, clock) = allowance(1);
    let ip = address("203.0.113.9");
    assert_eq!((allowance.take(ip), allowance.take(ip)), (Ok(()), Err(60)));
    clock.store(START_US - 3_600_000_000, Ordering::Relaxed);
    assert_eq!((allowance.take(ip), allowance.take(ip)), (Ok(()), Err(60)));
}

#[test]
fn no_more_addresses_are_kept_than_the_limit() {
    let (allowance, _) = allowance(1);
    for bits in 0..100_000 {
        assert_eq!(allowance.take(Some(IpAddr::V4(bits.into()))), Ok(()));
    }
    assert!(allowance.minutes.lock().unwrap().len() <= limits::ADDRESSES_MAX);
}
