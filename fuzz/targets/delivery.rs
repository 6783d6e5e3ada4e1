//! Any bytes as the proof and the body of a webhook: nobody is believed without the secret, and what is in a body becomes
//! valid events, at least one where something is in it that the format does not pass over. The first byte chooses the format, the second
//! says how long the header is.
#![no_main]

use indelible::{
    import::{Format, delivery},
    webhooks::Sender,
};
use indelible_fuzz::now;
use indelible_proof::Canonical;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let [choice, length, rest @ ..] = input else { return };
    let Some(&format) = Format::ALL.get(usize::from(*choice)) else { return };
    let (header, body) = rest.split_at(rest.len().min(usize::from(*length)));
    let sender = Sender::new(format, "a secret that no input has: 6c1f0e", None).unwrap();
    assert!(sender.check(Some(header), body, now()).is_err());
    let id = std::str::from_utf8(header).ok();
    for mut event in delivery(format, id, body) {
        assert!(event.idempotency_key.is_some());
        event.complete(now());
        Canonical::checked(&event).unwrap_or_else(|error| panic!("{format}: {error} in {event:?}"));
    }
    if body.starts_with(b"{") {
        let mut torn = body.to_vec();
        torn.push(0xff);
        assert!(!delivery(format, id, &torn).is_empty(), "{format}: nothing is lost");
    }
});
