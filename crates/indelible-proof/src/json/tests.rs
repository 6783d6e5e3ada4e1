use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::arbitrary;

fn refused(json: &str) -> String {
    Event::from_json(json.as_bytes()).expect_err(json).to_string()
}

#[test]
fn an_unknown_field_is_refused_with_the_name_that_was_meant() {
    assert_eq!(refused(r#"{"action":"a.b","acter":{}}"#), "acter: is not a field of an event; did you mean \"actor\"?");
    assert_eq!(
        refused(r#"{"action":"a.b","actor":{"idd":"1"}}"#),
        "actor.idd: is not a field of this object; did you mean \"id\"?"
    );
    assert_eq!(
        refused(r#"{"targets":[{"id":"1"},{"colour":"red"}]}"#),
        "targets[1].colour: is not a field of this object; free data belongs into metadata"
    );
    assert_eq!(
        refused(r#"{"a`, expected `b":1}"#),
        "a`, expected `b: is not a field of an event; free data belongs into metadata"
    );
}

#[test]
fn what_the_log_assigns_is_refused() {
    for field in ["id", "seq", "recorded_at"] {
        let value = if field == "recorded_at" { json!("2026-11-20T12:00:00Z") } else { json!(7) };
        let expected = format!("{field}: is assigned by the log; leave it out");
        assert_eq!(refused(&json!({"action": "a.b", field: value}).to_string()), expected);
        let list = json!([{"action": "a.b"}, {"action": "a.b", field: value}]).to_string();
        assert_eq!(Event::list_from_json(list.as_bytes()).unwrap_err().to_string(), format!("[1].{expected}"));
    }
    let no_actor_seq = refused(r#"{"actor":{"seq":1}}"#);
    assert!(no_actor_seq.starts_with("actor.seq: is not a field of this object"), "{no_actor_seq}");
}

#[test]
fn a_wrong_type_is_refused_at_its_path() {
    for (json, expected) in [
        (r#"{"action":5}"#, "action: is integer `5`; write a string"),
        (r#"{"actor":{"id":[]}}"#, "actor.id: is a list; write a string"),
        (r#"{"actor":["user","42"]}"#, "actor: is a list; write an object"),
        (r#"{"targets":{"id":"1"}}"#, "targets: is an object; write a list of at most 100 entries"),
        (r#"{"metadata":[1]}"#, "metadata: is a list; write an object"),
        (r#"{"http":{"status":70000}}"#, "http.status: is integer `70000`; write a whole number"),
        (r#"{"count":-1}"#, "count: is integer `-1`; write a whole number"),
        (r#"{"outcome":{"success":null}}"#, "outcome: is an object; write a string"),
        (
            r#"{"occurred_at":5}"#,
            "occurred_at: is integer `5`; write a time in RFC 3339, for example \"2026-11-20T12:00:00Z\"",
        ),
        (r#"{"context":{"ip":"1.2.3"}}"#, "context.ip: not an IPv4 or IPv6 address"),
        (r#"{"outcome":"sucess"}"#, "outcome: \"sucess\" is not one of success, failure, denied, unknown"),
    ] {
        assert_eq!(refused(json), expected);
    }
    assert!(refused("[]").contains("write an object"), "{}", refused("[]"));
}

#[test]
fn a_key_that_stands_twice_is_refused_everywhere() {
    assert_eq!(refused(r#"{"action":"a.b","action":"a.c"}"#), "action: stands twice");
    assert_eq!(refused(r#"{"actor":{"id":"1","id":"1"}}"#), "actor.id: stands twice");
    assert_eq!(refused(r#"{"metadata":{"a":{"b":1,"b":1}}}"#), "metadata.a.b: stands twice");
    assert_eq!(refused(r#"{"metadata":{"\u0061":1,"a":1}}"#), "metadata.a: stands twice");
}

#[test]
fn numbers_that_a_double_cannot_hold_exactly_are_refused() {
    for number in ["9007199254740992", "-9007199254740992", "18446744073709551616", "1e300", "1e16"] {
        let error = refused(&format!(r#"{{"metadata":{{"n":[{number}]}}}}"#));
        assert!(error.starts_with("metadata.n[0]: ") && error.contains("write it as a string"), "{error}");
    }
    assert!(refused(r#"{"metadata":{"n":1e999}}"#).contains("number out of range"));
    let event = Event::from_json(br#"{"action":"a.b","metadata":{"n":[1.0,-0.0,9007199254740991,1e3,0.5]}}"#).unwrap();
    assert_eq!(event.metadata["n"], json!([1, 0, 9_007_199_254_740_991_u64, 1000, 0.5]));
}

#[test]
fn nesting_stops_at_the_limit() {
    let nested = |levels: usize| format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels));
    let event = |levels| format!(r#"{{"action":"a.b","metadata":{}}}"#, nested(levels));
    assert!(Event::from_json(event(8).as_bytes()).is_ok());
    assert_eq!(refused(&event(9)), "metadata.a.a.a.a.a.a.a.a: is nested too deep; flatten it");
    assert!(refused(&event(50_000)).contains("nested too deep"));
    let lists = format!(r#"{{"metadata":{{"a":{}"#, "[".repeat(500_000));
    assert!(refused(&lists).contains("nested too deep"));
    assert!(Event::from_json("[".repeat(1_000_000).as_bytes()).is_err());
    assert!(refused(&format!(r#"{{"actor":{}"#, "[".repeat(500_000))).starts_with("actor"));
}

#[test]
fn text_that_is_no_text_is_refused() {
    assert!(refused(r#"{"metadata":{"a":"\ud800"}}"#).starts_with("metadata.a: is not valid JSON at line 1"));
    assert!(refused(r#"{"session_id":"\udc00x"}"#).starts_with("session_id: is not valid JSON"));
    assert!(refused(r#"{"metadata":{"a":"\u0000"}}"#).starts_with("metadata.a: contains a NUL character"));
    assert!(refused(r#"{"metadata":{"\u0000":1}}"#).contains("has a key that contains a NUL"));
    let error = Event::from_json(b"{\"session_id\":\"\xff\"}").unwrap_err().to_string();
    assert!(error.starts_with("session_id: is not valid JSON"), "{error}");
    let event = Event::from_json(br#"{"action":"a.b","session_id":"a\u0000"}"#).unwrap();
    assert_eq!(event.validate().unwrap_err().field, "session_id");
}

#[test]
fn what_follows_the_event_is_refused() {
    assert!(refused(r#"{"action":"a.b"} x"#).contains("trailing characters"));
    assert!(refused("").contains("is not valid JSON"));
    assert!(refused(r#"{"action":"a.b""#).contains("is not valid JSON"));
}

#[test]
fn lists_and_the_text_itself_are_bounded_while_reading() {
    let targets = format!(r#"{{"targets":[{}]}}"#, vec!["{}"; limits::TARGETS_MAX + 1].join(","));
    assert_eq!(refused(&targets), "targets: has more than 100 entries");
    let huge = " ".repeat(limits::EVENT_JSON_BYTES_MAX + 1);
    assert!(refused(&huge).contains("at most 1048576 are allowed"));
}

#[test]
fn a_message_never_grows_with_the_input_and_shows_no_text_in_the_wrong_place() {
    let long = "ä".repeat(100_000);
    for json in [
        json!({ &long: 1 }),
        json!({"action": "a.b", "metadata": {&long: {&long: 1e300}}}),
        json!({"outcome": long}),
        json!({"count": long}),
        json!({"occurred_at": long}),
        json!({"actor": {&long: 1}}),
    ] {
        assert!(refused(&json.to_string()).len() < 1000, "{json:.60}");
    }
    assert_eq!(refused(r#"{"count":"hunter2"}"#), "count: is a string; write a whole number");
}

#[test]
fn null_means_absent() {
    let nothing = r#"{"action":"a.b","actor":null,"targets":null,"tags":null,"metadata":null,"outcome":null,"count":null,
        "occurred_at":null,"recorded_at":null,"context":{"ip":null,"geo":null},"changes":{"before":null},"oauth":{"scopes_requested":null}}"#;
    let mut event = Event::from_json(nothing.as_bytes()).unwrap();
    event.drop_empty_sections();
    assert_eq!(event, Event::new("a.b"));
}

#[test]
fn a_recorded_event_is_written_with_its_place_first_and_read_back() {
    let recorded = Recorded {
        id: "019386f0-4c00-7abc-8123-0000000004d2".parse().unwrap(),
        seq: 1234,
        event: Event::new("auth.logout").meta("k", 1),
    };
    let json = recorded.to_json();
    assert!(json.starts_with(br#"{"id":"019386f0-4c00-7abc-8123-0000000004d2","seq":1234,"#));
    assert_eq!(serde_json::from_slice::<Recorded>(&json).unwrap(), recorded);
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Event::from_json(&bytes);
        let _ = Event::list_from_json(&bytes);
    }

    #[test]
    fn arbitrary_json_never_panics(value in arbitrary::free_value()) {
        let _ = Event::from_json(value.to_string().as_bytes());
    }

    #[test]
    fn a_damaged_event_never_panics(
        event in arbitrary::event(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>(),
    ) {
        let mut json = serde_json::to_vec(&event).unwrap();
        let at = at.index(json.len());
        if cut { json.truncate(at) } else { json[at] = byte }
        if let Ok(mut event) = Event::from_json(&json) {
            event.complete(crate::Timestamp::MIN);
            let _ = event.validate();
        }
    }

    #[test]
    fn what_serde_writes_is_read_back_strictly(event in arbitrary::event()) {
        let event = Event { recorded_at: None, ..event };
        prop_assert_eq!(Event::from_json(&serde_json::to_vec(&event).unwrap()), Ok(event));
    }
}
