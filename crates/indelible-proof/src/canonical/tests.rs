use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::arbitrary;
use crate::jcs::jcs;

/// The three parts by way of serde and the generic writer.
fn by_serde(event: &Event) -> [Vec<u8>; 3] {
    let Value::Object(mut record) = serde_json::to_value(event).unwrap() else { panic!("an event is an object") };
    let mut take = |keys: &[&str]| -> Object {
        keys.iter().filter_map(|key| record.remove(*key).map(|value| ((*key).to_owned(), value))).collect()
    };
    let mut who = take(&["actor", "on_behalf_of", "session_id", "context"]);
    let what = take(&["targets", "changes", "metadata"]);
    if let Some(http) = record.get_mut("http").and_then(Value::as_object_mut) {
        if let Some(path) = http.remove("path") {
            who.insert("http".to_owned(), json!({"path": path}));
        }
        if http.is_empty() {
            record.remove("http");
        }
    }
    [record, who, what].map(|part| if part.is_empty() { Vec::new() } else { jcs(&Value::Object(part)) })
}

proptest! {
    #[test]
    fn the_writer_agrees_with_generic_jcs_over_serde(event in arbitrary::event()) {
        let parts = Canonical::checked(&event).unwrap();
        let [record, who, what] = by_serde(&event);
        prop_assert_eq!(std::str::from_utf8(parts.record()), std::str::from_utf8(&record));
        prop_assert_eq!(std::str::from_utf8(parts.who()), std::str::from_utf8(&who));
        prop_assert_eq!(std::str::from_utf8(parts.what()), std::str::from_utf8(&what));
    }

    #[test]
    fn an_event_comes_back_from_its_parts_unchanged(event in arbitrary::event()) {
        let parts = Canonical::of(&event);
        let back = parts.event().unwrap();
        prop_assert_eq!(&back, &event);
        prop_assert_eq!(Canonical::of(&back), parts);
    }

    #[test]
    fn a_canonical_form_comes_back_from_its_stored_bytes(event in arbitrary::event()) {
        let parts = Canonical::of(&event);
        let back = Canonical::from_bytes(parts.bytes().to_vec(), parts.record().len(), parts.who().len());
        prop_assert_eq!(back, Some(parts));
    }

    #[test]
    fn reading_parts_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), cut in 0..200_usize) {
        let (record, who) = bytes.split_at(cut.min(bytes.len()));
        let _ = Canonical::from_parts(record, who, bytes.as_slice());
    }
}

#[test]
fn lengths_that_do_not_fit_are_refused() {
    assert_eq!(Canonical::from_bytes(vec![0; 4], 3, 2), None);
    assert_eq!(Canonical::from_bytes(vec![0; 4], usize::MAX, 2), None);
    assert!(Canonical::from_bytes(vec![0; 4], 3, 1).is_some());
}

#[test]
fn empty_sections_are_left_out() {
    let event = Event {
        client: Some(Client::default()),
        context: Some(Context { geo: Some(Geo::default()), ..Context::default() }),
        http: Some(Http::default()),
        changes: Some(Changes::default()),
        ..Event::new("auth.logout")
    };
    assert_eq!(Canonical::of(&event).bytes(), br#"{"action":"auth.logout"}"#);
}

#[test]
fn the_path_belongs_to_who_and_the_rest_of_http_to_the_record() {
    let http = Http { method: Some("GET".into()), path: Some("/users/42".into()), ..Http::default() };
    let parts = Canonical::of(&Event::new("access.denied").http(http));
    assert_eq!(parts.record(), br#"{"action":"access.denied","http":{"method":"GET"}}"#);
    assert_eq!(parts.who(), br#"{"http":{"path":"/users/42"}}"#);
}

#[test]
fn free_data_is_kept_as_it_is() {
    let event = Event::new("x.y").meta("null", Value::Null).meta("list", json!([])).meta("text", "");
    assert_eq!(Canonical::of(&event).what(), br#"{"metadata":{"list":[],"null":null,"text":""}}"#);
}

#[test]
fn free_data_is_measured_by_its_canonical_bytes() {
    let event = |bytes: usize| Event::new("x.y").meta("k", "v".repeat(bytes - 8));
    assert!(Canonical::checked(&event(limits::METADATA_BYTES_MAX)).is_ok());
    let error = Canonical::checked(&event(limits::METADATA_BYTES_MAX + 1)).unwrap_err();
    assert_eq!(error.to_string(), "metadata: takes 65537 bytes in canonical JSON; at most 65536 are allowed");

    let big = Target::new("t", "2").attr("k", "v".repeat(limits::ATTRS_BYTES_MAX));
    let error = Canonical::checked(&Event::new("x.y").target(Target::new("t", "1")).target(big)).unwrap_err();
    assert_eq!(error.field, "targets[1].attrs");

    let half = |key: &str| Object::from_iter([(key.to_owned(), "v".repeat(limits::CHANGES_BYTES_MAX / 2).into())]);
    let error = Canonical::checked(&Event::new("x.y").changes(half("a"), half("b"))).unwrap_err();
    assert_eq!(error.field, "changes");
}

#[test]
fn an_address_has_one_form() {
    let mapped = Context { ip: Some("::ffff:192.0.2.1".parse().unwrap()), ..Context::default() };
    let parts = Canonical::of(&Event { context: Some(mapped), ..Event::new("a.b") });
    assert_eq!(parts.who(), br#"{"context":{"ip":"192.0.2.1"}}"#);
}
