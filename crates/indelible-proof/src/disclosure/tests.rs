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
