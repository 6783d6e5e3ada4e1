use proptest::prelude::*;

use super::*;
use crate::arbitrary;
use crate::event::Actor;

fn event() -> Event {
    let mut event = Event::new("token.revoked").actor(Actor::user("alice@example.com"));
    event.metadata.insert("why".to_owned(), "left".into());
    event
}

fn told() -> Disclosure {
    Disclosure::of(&Canonical::of(&event()), &EpochKey([7; 32]))
}

#[test]
fn a_withheld_part_keeps_the_entry_and_hides_the_content() {
    let (whole, partly) = (told(), told().without_who());
    assert_eq!(partly.entry(), whole.entry());
    let json = String::from_utf8(partly.to_json()).unwrap();
    assert!(!json.contains("alice") && json.contains("left"), "{json}");
    let event = partly.event().unwrap();
    assert_eq!((event.actor, event.metadata["why"].as_str()), (None, Some("left")));
    assert_eq!(told().without_what().entry(), whole.entry());
}

#[test]
fn anything_but_the_one_spelling_is_refused() {
    let json = String::from_utf8(told().to_json()).unwrap();
    assert_eq!(Disclosure::from_json(json.as_bytes()), Ok(told()));
    let added = json.replacen('{', "{\"more\":1,", 1);
    let in_a_part = json.replacen("\"salt\"", "\"more\":1,\"salt\"", 1);
    let upper = json.replace("\"salt\":\"", "\"salt\":\"A");
    let both = json.replacen("\"salt\"", "\"commitment\":\"00\",\"salt\"", 1);
    for other in
        [added, in_a_part, upper, both, format!("{json} "), json.replace(':', ": "), "{}".to_owned(), "[]".to_owned()]
    {
        assert!(Disclosure::from_json(other.as_bytes()).is_err(), "{other}");
    }
    assert_eq!(Disclosure::from_json(b"{}").unwrap_err().field, "record");
}

#[test]
fn a_part_that_is_empty_cannot_be_told_as_withheld() {
    let bare = Disclosure::of(&Canonical::of(&Event::new("auth.logout")), &EpochKey([7; 32]));
    let json = String::from_utf8(bare.to_json()).unwrap();
    let told = format!("{},\"who\":{{\"commitment\":\"{}\"}}}}", json.strip_suffix('}').unwrap(), "0".repeat(64));
    assert_eq!(Disclosure::from_json(told.as_bytes()).unwrap_err().field, "who");
}

#[test]
fn a_field_in_another_part_or_form_than_its_own_is_no_event() {
    let parts = Canonical::of(&event());
    let misplaced = String::from_utf8(parts.record().to_vec()).unwrap().replacen('{', "{\"session_id\":\"s\",", 1);
    let with_record = |record: &str| Disclosure::new(record.as_bytes(), Part::Empty, Part::Empty).event();
    assert!(with_record("{\"action\":\"a.b\"}").is_ok());
    for record in [misplaced.as_str(), "{\"action\":\"a.b\",\"tags\":[]}", "{\"action\":\"a.b\",\"reason\":null}"] {
        assert!(with_record(record).is_err(), "{record}");
    }
}

proptest! {
    #[test]
    fn what_is_told_of_an_event_leads_to_its_entry(event in arbitrary::event(), key: [u8; 32]) {
        let (parts, key) = (Canonical::of(&event), EpochKey(key));
        let told = Disclosure::of(&parts, &key);
        prop_assert_eq!(told.entry(), Entry::of(&parts, &key));
        prop_assert_eq!(told.event(), Canonical::from_parts(parts.record(), parts.who(), parts.what()));
        let again = Disclosure::from_json(&told.to_json()).unwrap();
        prop_assert_eq!(&again, &told);
        let sealed = told.without_who().without_what();
        prop_assert_eq!(Disclosure::from_json(&sealed.to_json()).unwrap().entry(), again.entry());
    }

    #[test]
    fn any_text_is_read_in_its_one_spelling_or_refused(json in "\\{\"record\":(\\{\\}|1|null)(,\"wh(o|at)\":\\{\"(salt|value|commitment)\":\"[0-9a-f]{32}\"\\}){0,2}\\}|\\PC{0,40}") {
        if let Ok(told) = Disclosure::from_json(json.as_bytes()) {
            prop_assert_eq!(told.to_json(), json.into_bytes());
        }
    }
}
