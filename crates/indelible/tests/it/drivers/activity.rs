//! The activity log: recorded and read back as such packages do it.

use std::sync::Arc;

use indelible::{
    Actor, Event, MemoryStore, Outcome, Recorder, Target, Timestamp,
    drivers::{Activities, Activity},
};
use serde_json::{Value, json};

/// What happens to a token, in the words of an activity log.
const EVENTS: [&str; 11] = [
    "created",
    "authenticated",
    "revoked",
    "rotated",
    "failed",
    "rate_limited",
    "ip_blocked",
    "domain_blocked",
    "expired",
    "derived",
    "revealed",
];

struct Logs {
    store: Arc<MemoryStore>,
    recorder: Recorder,
}

impl Logs {
    fn new() -> Self {
        let store = Arc::new(MemoryStore::default());
        Self { recorder: Recorder::new(store.clone()), store }
    }

    fn log(&self, activity: Activity) -> Activity {
        self.recorder.record(activity.into()).unwrap();
        self.all().newest(1).unwrap().remove(0)
    }

    fn all(&self) -> Activities {
        Activities::new(self.store.clone(), "default")
    }
}

fn token(id: &str) -> Target {
    Target::new("token", id).name("ci key")
}

fn alice() -> Actor {
    Actor::user("42").name("Alice").email("alice@example.com")
}

/// As the token service's own driver writes it.
fn bearer(event: &str) -> Activity {
    Activity::new(format!("Token {event}")).in_log("bearer").on(token("tok_1")).by(alice()).done(event)
}

fn object(value: &Value) -> indelible::Object {
    value.as_object().cloned().unwrap()
}

fn events(activities: &[Activity]) -> Vec<&str> {
    activities.iter().filter_map(Activity::event).collect()
}

fn descriptions(activities: &[Activity]) -> Vec<String> {
    activities.iter().map(|it| it.description().into_owned()).collect()
}

#[test]
fn an_activity_comes_back_with_everything_that_was_said_of_it() {
    let logs = Logs::new();
    let at: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
    let ip = "203.0.113.9".parse().unwrap();
    let read = logs.log(
        bearer("authenticated")
            .property("endpoint", "/v1/pay")
            .property("response_time", 145)
            .property("nested", json!({"a": [1, null, true]}))
            .changes(object(&json!({"uses": 1})), object(&json!({"uses": 2})))
            .created_at(at)
            .tap(|event| event.ip(ip).user_agent("curl/8")),
    );
    assert_eq!(read.log_name(), Some("bearer"));
    assert_eq!(read.description(), "Token authenticated");
    assert_eq!((read.subject(), read.causer()), (Some(&token("tok_1")), Some(&alice())));
    assert_eq!(read.event(), Some("authenticated"));
    assert_eq!(read.get("response_time"), Some(&json!(145)), "a number stays one");
    let properties: Vec<&str> = read.properties().map(|(name, _)| name).collect();
    assert_eq!(properties, ["endpoint", "nested", "response_time"]);
    assert_eq!(read.get("nested"), Some(&json!({"a": [1, null, true]})));
    assert_eq!(
        (read.old(), read.attributes()),
        (Some(&object(&json!({"uses": 1}))), Some(&object(&json!({"uses": 2}))))
    );
    assert_eq!(read.at(), Some(at));
    let context = read.as_event().context.as_ref().unwrap();
    assert_eq!((context.ip, context.user_agent.as_deref()), (Some(ip), Some("curl/8")));
}

#[test]
fn every_event_of_a_token_is_stored_in_order_and_read_newest_first() {
    let logs = Logs::new();
    for event in EVENTS {
        logs.log(bearer(event));
    }
    let bearer = logs.all().in_log(["bearer"]).for_subject(&token("tok_1"));
    let oldest = bearer.oldest(50).unwrap();
    assert_eq!(events(&oldest), EVENTS);
    assert_eq!(descriptions(&oldest), EVENTS.map(|event| format!("Token {event}")));
    let mut newest = bearer.newest(50).unwrap();
    newest.reverse();
    assert_eq!(newest, oldest);
    assert_eq!(events(&bearer.newest(1).unwrap()), ["revealed"], "the latest");
}

#[test]
fn an_event_of_the_vocabulary_has_its_outcome() {
    let logs = Logs::new();
    let blocked = logs.log(bearer("ip_blocked"));
    assert_eq!(blocked.as_event().action, "token.ip_blocked");
    assert_eq!(blocked.as_event().outcome, Some(Outcome::Denied));
}

#[test]
fn logs_are_apart_by_name() {
    let logs = Logs::new();
    logs.log(bearer("created"));
    logs.log(bearer("created").in_log("custom"));
    logs.log(Activity::new("something else"));
    for (log, count) in [("bearer", 1), ("custom", 1), ("default", 1), ("bear", 0), ("*", 0)] {
        let found = logs.all().in_log([log]);
        assert_eq!(found.count().unwrap(), count, "{log}");
        assert!(found.newest(50).unwrap().iter().all(|activity| activity.log_name() == Some(log)));
    }
    assert_eq!(logs.all().in_log(["bearer", "custom"]).count().unwrap(), 2);
}

#[test]
fn activities_are_found_by_causer_subject_event_and_all_of_them() {
    let logs = Logs::new();
    let bob = Actor::user("43").email("alice@example.com");
    logs.log(bearer("created"));
    logs.log(bearer("revoked").by(bob.clone()));
    logs.log(bearer("revoked").on(token("tok_2")));
    logs.log(bearer("created").on(Target::new("document", "tok_1")));
    logs.log(bearer("created").by(Actor::service("42")));
    let all = || logs.all();
    let count = |found: Activities| found.count().unwrap();
    assert_eq!(count(all().caused_by(&alice())), 3);
    assert_eq!(count(all().caused_by(&bob)), 1, "an e-mail address is nobody's id");
    assert_eq!(count(all().caused_by(&Actor::user("alice@example.com"))), 0);
    assert_eq!(count(all().for_subject(&token("tok_1"))), 3);
    assert_eq!(count(all().for_event("revoked")), 2);
    assert_eq!(count(all().for_event("created")), 3, "of whatever kind");
    assert_eq!(count(all().for_event("token.created")), 2, "of one kind");
    assert_eq!(count(all().for_event("*")), 0);
    assert_eq!(count(all().caused_by(&alice()).for_subject(&token("tok_1")).for_event("created")), 1);
    assert_eq!(count(all().in_log(["bearer"]).caused_by(&bob).for_event("created")), 0);
    assert_eq!(Activities::new(logs.store.clone(), "acme").count().unwrap(), 0, "of one tenant");
}

#[test]
fn activities_are_found_by_when_they_happened() {
    let logs = Logs::new();
    for day in ["18", "19", "20"] {
        logs.log(bearer("created").created_at(format!("2026-11-{day}T12:00:00Z").parse().unwrap()));
    }
    let at = |text: &str| text.parse().unwrap();
    let days = logs.all().since(at("2026-11-19T12:00:00Z")).until(at("2026-11-20T12:00:00Z"));
    assert_eq!(days.count().unwrap(), 1, "the beginning counts, the end does not");
}

#[test]
fn placeholders_are_filled_in_from_subject_causer_and_properties() {
    let logs = Logs::new();
    let said = |description: &str| {
        let activity = Activity::new(description)
            .on(token("tok_1").attr("owner", json!({"team": "payments"})).attr("gone", Value::Null))
            .by(alice())
            .property("count", 3)
            .property("a", json!({"b": {"c": "deep"}, "list": [1]}));
        logs.log(activity).description().into_owned()
    };
    let filled = [
        (":causer.name revoked :subject.name.", "Alice revoked ci key."),
        (":causer.email :causer.id :causer.type", "alice@example.com 42 user"),
        (":subject.id of :subject.type: :subject.owner.team", "tok_1 of token: payments"),
        (":properties.count times, :properties.a.b.c...", "3 times, deep..."),
        ("::causer.name:subject.name", ":Aliceci key"),
        ("é:causer.name→", "éAlice→"),
    ];
    for (description, expected) in filled {
        assert_eq!(said(description), expected);
    }
    let left = [
        "no placeholder",
        ":causer :subject :properties",
        ":causer.phone :subject.gone :subject.owner :properties.a.list :properties.x",
        ":owner.name 10:30 a: b :.name : :causer. :",
    ];
    for description in left {
        assert_eq!(said(description), description);
    }
    let nobody = logs.log(Activity::new(":causer.name did :subject.name"));
    assert_eq!(nobody.description(), ":causer.name did :subject.name");
}

#[test]
fn a_description_shows_no_secret_that_a_property_held() {
    let logs = Logs::new();
    let read = logs.log(Activity::new("password is :properties.password").property("password", "hunter2"));
    assert_eq!(read.description(), "password is [REDACTED]");
    assert!(!format!("{:?}", logs.store.recorded()).contains("hunter2"));
}

#[test]
fn an_activity_may_say_little() {
    let logs = Logs::new();
    let read = logs.log(Activity::new("Look mum, I logged something"));
    assert_eq!(read.description(), "Look mum, I logged something");
    assert_eq!((read.log_name(), read.event()), (Some("default"), None));
    assert_eq!((read.subject(), read.causer(), read.old()), (None, None, None));
    assert_eq!(read.properties().count(), 0);
}

#[test]
fn what_was_done_does_not_depend_on_when_the_subject_is_named() {
    let before = Activity::new("x").done("created").on(token("tok_1"));
    let after = Activity::new("x").on(token("tok_1")).done("created");
    assert_eq!(before, after);
    assert_eq!(before.as_event().action, "token.created");
    let whole = Activity::new("x").done("auth.login.failed").on(token("tok_1"));
    assert_eq!((whole.as_event().action.as_str(), whole.event()), ("auth.login.failed", Some("auth.login.failed")));
    let foreign = Activity::new("x").on(Target::new("App\\Post", "1")).done("created");
    assert_eq!((foreign.as_event().action.as_str(), foreign.event()), ("activity.created", Some("created")));
}

#[test]
fn a_word_that_is_no_action_is_refused_and_not_changed() {
    let logs = Logs::new();
    let refused = logs.recorder.record(Activity::new("x").done("Verified E-Mail").into()).unwrap_err();
    assert!(refused.to_string().contains("action"), "{refused}");
}

#[test]
fn an_event_that_was_no_activity_reads_as_one() {
    let logs = Logs::new();
    let event = Event::new("token.rotated").target(token("tok_1")).actor(alice()).meta("mode", "grace");
    logs.recorder.record(event).unwrap();
    let read = logs.all().for_event("rotated").newest(1).unwrap().remove(0);
    assert_eq!(read.log_name(), None);
    assert_eq!((read.description().as_ref(), read.event()), ("token.rotated", Some("rotated")));
    assert_eq!(read.get("mode"), Some(&json!("grace")));
}

#[test]
fn counts_by_event_tell_them_apart() {
    let logs = Logs::new();
    for event in ["authenticated", "rate_limited", "authenticated"] {
        logs.log(bearer(event));
    }
    let count = |event| logs.all().for_subject(&token("tok_1")).for_event(event).count().unwrap();
    assert_eq!((count("authenticated"), count("rate_limited"), count("revoked")), (2, 1, 0));
}

#[test]
fn a_description_that_names_a_long_value_many_times_does_not_grow_without_bound() {
    let activity = Activity::new(":properties.a".repeat(2000)).property("a", "x".repeat(30_000));
    let shown = Logs::new().log(activity).description().into_owned();
    assert!(shown.starts_with("xxx") && shown.ends_with(":properties.a") && shown.len() < 100_000);
}
