//! Databases that are there, are not, change and are broken.

pub(crate) mod mmdb;

use std::sync::Mutex;

use proptest::prelude::*;
use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::{MemoryStore, Recorder};
use mmdb::database;

fn cities() -> Vec<u8> {
    let berlin = json!({
        "city": {"geoname_id": 2_950_159, "names": {"de": "Berlin", "en": "Berlin"}},
        "country": {"iso_code": "DE", "names": {"en": "Germany"}},
        "subdivisions": [{"iso_code": "BE", "names": {"en": "Land Berlin"}}],
    });
    let somewhere = json!({"registered_country": {"iso_code": "FR"}});
    let private = json!({"country": {"iso_code": "XX"}});
    database("GeoLite2-City", &[("203.0.113.0/24", berlin), ("2001:db8::/32", somewhere), ("10.0.0.0/8", private)])
}

fn systems() -> Vec<u8> {
    let system = json!({"autonomous_system_number": 64_500, "autonomous_system_organization": "Example"});
    database("GeoLite2-ASN", &[("203.0.113.0/25", system)])
}

/// Places over two files, and what is told of these.
struct Fixture {
    directory: TempDir,
    places: Places,
    told: Arc<Mutex<Vec<News>>>,
}

impl Fixture {
    /// With these files at the start.
    fn new(files: &[(&str, Vec<u8>)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            std::fs::write(directory.path().join(name), bytes).unwrap();
        }
        let told = Arc::new(Mutex::new(Vec::new()));
        let path = |name| Some(directory.path().join(name));
        let files = Files { city: path("city.mmdb"), asn: path("asn.mmdb") };
        let tell = Arc::clone(&told);
        let places = Places::open(files, move |news| tell.lock().unwrap().push(news.clone())).unwrap();
        Self { directory, places, told }
    }

    /// Replaces a file and has it looked at.
    fn put(&self, name: &str, bytes: &[u8]) {
        let path = self.directory.path().join(name);
        std::fs::write(path.with_extension("new"), bytes).unwrap();
        std::fs::rename(path.with_extension("new"), path).unwrap();
        self.places.0.refresh();
    }

    fn told(&self) -> Vec<News> {
        std::mem::take(&mut self.told.lock().unwrap())
    }

    fn of(&self, address: &str) -> (Option<Geo>, Option<u32>) {
        let mut event = Event::new("auth.login.succeeded").ip(address.parse().unwrap());
        self.places.fill_in(&mut event);
        let context = event.context.unwrap();
        (context.geo, context.asn)
    }
}

fn berlin() -> Geo {
    Geo { country: Some("DE".into()), region: Some("Land Berlin".into()), city: Some("Berlin".into()) }
}

#[test]
fn an_address_is_looked_up_before_its_event_is_stored() {
    let fixture = Fixture::new(&[("city.mmdb", cities()), ("asn.mmdb", systems())]);
    let told: Vec<String> = fixture.told().iter().map(News::to_string).collect();
    assert!(told[0].ends_with("city.mmdb: addresses are looked up in it (GeoLite2-City of 2023-11-14)"), "{told:?}");
    assert!(told[1].ends_with("asn.mmdb: addresses are looked up in it (GeoLite2-ASN of 2023-11-14)"), "{told:?}");
    let store = Arc::new(MemoryStore::default());
    let recorder = Recorder::builder(store.clone()).places(fixture.places.clone()).build();
    recorder.record(Event::new("auth.logout").ip("203.0.113.9".parse().unwrap())).unwrap();
    recorder.queue(Event::new("auth.logout").ip("2001:db8::9".parse().unwrap())).unwrap();
    recorder.record(Event::new("auth.logout")).unwrap();
    recorder.flush();
    store.assert_recorded("country:DE region:\"Land Berlin\" city:Berlin asn:64500 ip:203.0.113.9");
    store.assert_recorded("country:FR ip:2001:db8::9");
}

#[test]
fn what_the_producer_says_is_kept() {
    let fixture = Fixture::new(&[("city.mmdb", cities()), ("asn.mmdb", systems())]);
    let mut event = Event::new("auth.logout").ip("203.0.113.9".parse().unwrap());
    let own = Geo { country: Some("AT".into()), ..Geo::default() };
    event.context.as_mut().unwrap().geo = Some(own.clone());
    event.context.as_mut().unwrap().asn = Some(1);
    fixture.places.fill_in(&mut event);
    let context = event.context.unwrap();
    assert_eq!((context.geo, context.asn), (Some(own), Some(1)));
}

#[test]
fn addresses_that_are_nobodys_in_public_are_not_looked_up() {
    let fixture = Fixture::new(&[("city.mmdb", cities())]);
    assert_eq!(fixture.of("10.1.2.3"), (None, None));
    for address in ["127.0.0.1", "192.168.1.1", "169.254.1.1", "100.64.0.1", "0.0.0.0", "::1", "fd00::1", "fe80::1"] {
        assert!(!is_public(address.parse().unwrap()), "{address}");
    }
    for address in ["203.0.113.9", "100.128.0.1", "99.64.0.1", "2001:db8::1"] {
        assert!(is_public(address.parse().unwrap()), "{address}");
    }
    assert_eq!(fixture.of("198.51.100.7"), (None, None));
    assert_eq!(fixture.of("::ffff:203.0.113.9").0, Some(berlin()));
}

#[test]
fn a_file_is_taken_when_it_appears_and_again_when_it_changes() {
    let fixture = Fixture::new(&[]);
    assert!(matches!(fixture.told()[..], [News::Missing(_), News::Missing(_)]));
    fixture.places.0.refresh();
    assert_eq!((fixture.told(), fixture.of("203.0.113.9")), (vec![], (None, None)));
    fixture.put("city.mmdb", &cities());
    assert!(matches!(fixture.told()[..], [News::Loaded { .. }]));
    assert_eq!(fixture.of("203.0.113.9"), (Some(berlin()), None));
    let moved = json!({"country": {"iso_code": "AT"}, "subdivisions": [{"iso_code": "9"}]});
    fixture.put("city.mmdb", &database("GeoLite2-Country", &[("203.0.113.0/24", moved)]));
    let vienna = Geo { country: Some("AT".into()), region: Some("9".into()), city: None };
    assert_eq!(fixture.of("203.0.113.9").0, Some(vienna));
}

#[test]
fn a_file_that_is_broken_or_goes_away_leaves_what_was_read_before() {
    let fixture = Fixture::new(&[("city.mmdb", cities()), ("asn.mmdb", b"<html>".to_vec())]);
    let told = fixture.told();
    assert!(matches!(told[..], [News::Loaded { .. }, News::Unusable { .. }]), "{told:?}");
    assert!(told[1].to_string().contains("asn.mmdb: no database of places"), "{}", told[1]);
    fixture.put("city.mmdb", b"");
    assert!(matches!(fixture.told()[..], [News::Unusable { .. }]));
    assert_eq!(fixture.of("203.0.113.9").0, Some(berlin()));
    std::fs::remove_file(fixture.directory.path().join("city.mmdb")).unwrap();
    fixture.places.0.refresh();
    fixture.places.0.refresh();
    assert!(matches!(fixture.told()[..], [News::Missing(_)]));
    assert_eq!(fixture.of("203.0.113.9").0, Some(berlin()));
    // A database of something else says nothing.
    fixture.put("city.mmdb", &database("Other", &[("203.0.113.0/24", json!("Berlin"))]));
    assert_eq!(fixture.of("203.0.113.9"), (None, None));
}

proptest! {
    #[test]
    fn no_bytes_make_a_lookup_panic(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = cities();
        for (at, byte) in flips {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if cut.index(4) == 0 {
            bytes.truncate(cut.index(bytes.len()));
        }
        let fixture = Fixture::new(&[("city.mmdb", bytes)]);
        for address in ["203.0.113.9", "2001:db8::1", "8.8.8.8", "2a00::1"] {
            let mut event = Event::new("auth.logout").ip(address.parse().unwrap());
            fixture.places.fill_in(&mut event);
            prop_assert!(event.validate().is_ok());
        }
    }
}
