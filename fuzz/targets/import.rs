//! Any bytes as a file of any format: valid events or errors, the same when it is read again, and detection that
//! does not panic. The first byte chooses the format; above the last one, detection does.
#![no_main]

use indelible::import::{Format, Importer, Options, detect};
use indelible_fuzz::now;
use indelible_proof::{Canonical, Event, Timestamp};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((&choice, file)) = input.split_first() else { return };
    let detected = detect(&String::from_utf8_lossy(file));
    let format = match Format::ALL.get(usize::from(choice)) {
        Some(&format) => format,
        None => match detected {
            Some(format) => format,
            None => return,
        },
    };
    let events = read(format, file);
    assert_eq!(events, read(format, file), "{format}: a file gives the same events each time");
    for mut event in events {
        assert!(event.idempotency_key.is_some());
        event.complete(Timestamp::MAX);
        let canonical = Canonical::checked(&event).unwrap_or_else(|error| panic!("{format}: {error} in {event:?}"));
        // A number such as 1.0 comes back as 1.
        assert_eq!(Canonical::of(&canonical.event().unwrap()), canonical, "{format}");
    }
});

fn read(format: Format, file: &[u8]) -> Vec<Event> {
    let mut importer = Importer::new(format, Options::default().reference(now()));
    let mut events = Vec::new();
    for line in file.split(|&byte| byte == b'\n') {
        events.extend(importer.line(line).unwrap_or_default());
    }
    events.extend(importer.finish().unwrap_or_default());
    events
}
