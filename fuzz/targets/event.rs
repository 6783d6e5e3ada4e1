//! Any bytes as an event: an error, or an event whose canonical parts and whose JSON both read back as the same.
#![no_main]

use indelible_fuzz::now;
use indelible_proof::{Canonical, Entry, EpochKey, Event, jcs};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut event) = Event::from_json(bytes) else { return };
    let whole = serde_json::to_vec(&event).unwrap();
    assert_eq!(Event::from_json(&whole).unwrap(), event, "its JSON reads back");
    event.complete(now());
    let Ok(parts) = Canonical::checked(&event) else {
        assert!(event.validate().is_err(), "what is refused is not valid");
        return;
    };
    event.validate().unwrap();
    assert_eq!(parts, Canonical::of(&event));
    assert_eq!(parts.event().unwrap(), event, "its canonical parts read back");
    let (record, who) = (parts.record().len(), parts.who().len());
    assert_eq!(Canonical::from_bytes(parts.bytes().to_vec(), record, who).unwrap(), parts);
    for part in [parts.record(), parts.who(), parts.what()].into_iter().filter(|part| !part.is_empty()) {
        let value: serde_json::Value = serde_json::from_slice(part).unwrap();
        assert_eq!(jcs(&value), part, "the part is canonical");
    }
    let key = EpochKey([7; 32]);
    assert_eq!(Entry::of(&parts, &key).leaf_hash(), Entry::of(&Canonical::of(&event), &key).leaf_hash());
});
