use std::net::{IpAddr, Ipv4Addr};

use indelible::Timestamp;

use super::{Cause, Peer, Refusals};
use crate::{keys::Refused, limits};

#[test]
fn however_many_addresses_try_the_events_stay_few() {
    let refusals = Refusals::default();
    for address in 0..100_000_u32 {
        let peer = Some(Peer(IpAddr::V4(Ipv4Addr::from_bits(address))));
        refusals.note(Cause::Key(Refused::Unknown), None, peer, Timestamp::MIN);
    }
    let events = refusals.take();
    assert_eq!(events.len(), limits::REFUSALS_TALLIED_MAX + 1);
    assert_eq!(events.iter().filter_map(|event| event.count).sum::<u64>(), 100_000);
    events.iter().for_each(|event| event.validate().unwrap());
    assert!(refusals.take().is_empty());
}
