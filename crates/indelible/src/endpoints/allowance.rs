//! How many requests an address may send.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
};

use indelible_proof::Timestamp;

use crate::limits;

const MINUTE_US: i64 = 60_000_000;

/// Requests in a minute, by address. A minute begins with the first request of an address.
pub(super) struct Allowance {
    pub(super) requests_max: u32,
    minutes: Mutex<HashMap<Option<IpAddr>, Minute>>,
}

struct Minute {
    began_us: i64,
    requests: u32,
}

impl Minute {
    /// A clock that went back begins a new one too: nobody waits longer than a minute.
    fn is_over(&self, now_us: i64) -> bool {
        !(0..MINUTE_US).contains(&(now_us - self.began_us))
    }
}

impl Allowance {
    pub(super) fn new(requests_max: u32) -> Self {
        Self { requests_max, minutes: Mutex::default() }
    }

    /// Counts a request. When it is one too many: the seconds after which the address may send again.
    pub(super) fn take(&self, address: Option<IpAddr>, now: Timestamp) -> Result<(), u64> {
        let (key, now_us) = (address.map(network), now.as_micros());
        let mut minutes = self.minutes.lock().unwrap_or_else(PoisonError::into_inner);
        if minutes.len() >= limits::ADDRESSES_MAX && !minutes.contains_key(&key) {
            minutes.retain(|_, minute| !minute.is_over(now_us));
            // Whoever has so many addresses has as many allowances.
            if minutes.len() > limits::ADDRESSES_MAX / 2 {
                minutes.clear();
            }
        }
        let minute = minutes.entry(key).or_insert(Minute { began_us: now_us, requests: 0 });
        if minute.is_over(now_us) {
            *minute = Minute { began_us: now_us, requests: 0 };
        }
        if minute.requests >= self.requests_max {
            let left_us = minute.began_us + MINUTE_US - now_us;
            return Err(left_us.cast_unsigned().div_ceil(1_000_000));
        }
        minute.requests += 1;
        Ok(())
    }
}

/// One household or machine has a network of 64 bits of v6.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests;
