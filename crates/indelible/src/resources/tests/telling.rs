//! What events tell.

use std::sync::Arc;

use indelible_engine::memory::MemoryStore;
use indelible_proof::{Actor, limits::CHANGES_BYTES_MAX};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::fields;
use crate::{
    Recorder, Redaction, Strategy as Redact,
    resources::{Action, Diff, Resource, ResourceLog, Trail, changed},
};

fn told(event: &indelible_proof::Event) -> Value {
    serde_json::to_value(&event.changes).unwrap()
}

proptest! {
    #[test]
    fn nothing_that_is_equal_is_told(before in fields(), after in fields()) {
        let event = Resource::new("order", "1").updated(&before, &after).unwrap();
        event.validate().unwrap();
        prop_assert_eq!(event.changes.is_none(), before == after);
        let changes = event.changes.unwrap_or_default();
        for name in changes.before.keys().chain(changes.after.keys()) {
            prop_assert_ne!(before.get(name), after.get(name));
        }
        prop_assert_eq!(changed(&changes).is_empty(), before == after);
    }

    #[test]
    fn whatever_the_size_the_event_is_valid(bytes_max in 0usize..3000, before in fields(), after in fields(), times in 1usize..40) {
        let many = |fields: &indelible_proof::Object| -> Value {
            (0..times).map(|nth| (nth.to_string(), fields.clone().into())).collect::<indelible_proof::Object>().into()
        };
        let event = Resource::new("order", "1").diff(Diff::default().bytes_max(bytes_max)).updated(&many(&before), &many(&after)).unwrap();
        event.validate().unwrap();
        let changes = event.changes.unwrap_or_default();
        let bytes = serde_json::to_vec(&changes.before).unwrap().len() + serde_json::to_vec(&changes.after).unwrap().len();
        prop_assert!(bytes <= bytes_max.max(4));
    }
}

#[test]
fn an_action_is_a_word_of_resources_or_one_of_its_own() {
    for (word, action) in [
        ("created", "resource.created"),
        ("rejected", "resource.denied"),
        ("archived", "resource.archived"),
        ("invoice.sent", "invoice.sent"),
    ] {
        assert_eq!(Action::from(word).as_str(), action);
    }
}

#[test]
fn what_the_log_would_refuse_is_told_as_text() {
    let mut deep = json!("bottom");
    for _ in 0..40 {
        deep = json!({"d": [deep]});
    }
    let value = json!({"big": u64::MAX, "nul": "a\0b", "deep": deep, "long": "x".repeat(CHANGES_BYTES_MAX * 2)});
    let event = Resource::new("order", "1").created(&value).unwrap();
    event.validate().unwrap();
    let after = event.changes.unwrap().after;
    assert_eq!((&after["big"], &after["nul"]), (&json!("18446744073709551615"), &json!("a\u{fffd}b")));
    assert!(after["long"].as_str().unwrap().ends_with("x... [524288 characters]"));
    let many: indelible_proof::Object = (0..100_000).map(|nth| (format!("field {nth}"), json!(nth))).collect();
    let event = Resource::new("order", "1").created(&many).unwrap();
    event.validate().unwrap();
    assert_eq!((&event.changes, event.metadata.contains_key("changes_omitted")), (&None, true));
    assert!(Resource::new("order", "1").created(&7).unwrap_err().to_string().contains("with fields"));
}

#[test]
fn rules_for_paths_reach_into_lists_however_their_elements_are_named() {
    let redaction = Redaction::none().hide("changes.*.lines.iban", Redact::Mask);
    let order = |iban: &str| json!({"lines": [{"id": 1, "iban": iban, "n": 1}]});
    for diff in [Diff::default(), Diff::default().key("lines", "id")] {
        let event =
            Resource::new("order", "1").diff(diff.redact(redaction.clone())).updated(&order("A"), &order("B")).unwrap();
        let text = told(&event).to_string();
        assert!(text.contains("[REDACTED]") && !text.contains("\"A\"") && !text.contains("\"B\""), "{text}");
        assert_eq!(changed(&event.changes.unwrap()).len(), 1);
    }
}

#[test]
fn lists_without_keys_that_tell_their_elements_apart_are_told_whole() {
    let resource = Resource::new("order", "1").diff(Diff::default().key("lines", "id"));
    let lines = |ids: &[i32]| json!({"lines": ids.iter().map(|id| json!({"id": id})).collect::<Vec<_>>()});
    for (before, after) in [([1, 2], [2, 1]), ([1, 1], [1, 2]), ([1, 3], [2, 3])] {
        let event = resource.updated(&lines(&before), &lines(&after)).unwrap();
        assert_eq!(told(&event), json!({"before": lines(&before), "after": lines(&after)}));
    }
    let event = resource.updated(&lines(&[1, 2]), &lines(&[2, 3])).unwrap();
    assert_eq!(
        told(&event),
        json!({
            "before": {"lines": {"[id=1]": {"id": 1}}}, "after": {"lines": {"[id=3]": {"id": 3}}},
        })
    );
}

#[test]
fn an_entry_is_one_call() {
    let store = Arc::new(MemoryStore::default());
    let log = ResourceLog::new(Recorder::new(store.clone()), "network");
    log.log_action("requested", "office", None, None, Some("42"), None).unwrap();
    log.log_action("rejected", "office", Some("net_7"), Some("10.7.0.0/24"), Some("alice@example.com"), None).unwrap();
    store.assert_recorded("action:resource.requested actor:user:42");
    let trail = Trail::of(&*store);
    let events = trail.history("network", "net_7", 9, None).unwrap().events;
    assert_eq!((events.len(), &events[0].event.targets[0].attrs["address"]), (1, &json!("10.7.0.0/24")));
    assert_eq!(trail.actor("alice@example.com").feed(9, None).unwrap().events.len(), 1);
}

#[test]
fn a_resource_is_found_with_the_request_it_came_from_and_others_are_not() {
    let store = Arc::new(MemoryStore::default());
    let recorder = Recorder::new(store.clone());
    let record = |event: indelible_proof::Event| recorder.record(event.actor(Actor::user("42"))).unwrap();
    let wanted = Resource::requested("network", "1").name("office");
    record(wanted.on("requested"));
    record(Resource::requested("customer", "1").on("requested"));
    record(Resource::new("customer", "net_7").on("created"));
    record(wanted.clone().becomes("net_7").on("approved"));
    record(Resource::new("network", "net_7").on("enabled"));
    record(wanted.becomes("net_8").on("cloned"));
    let trail = Trail::of(&*store);
    let actions = |trail: &Trail<'_>, id: &str| -> Vec<String> {
        let events = trail.history("network", id, 9, None).unwrap().events;
        events.into_iter().map(|recorded| recorded.event.action).collect()
    };
    assert_eq!(
        actions(&trail, "net_7"),
        ["resource.cloned", "resource.enabled", "resource.approved", "resource.requested"]
    );
    assert_eq!(actions(&trail.clone().action("enabled"), "net_7"), ["resource.enabled"]);
    assert_eq!(actions(&trail.clone().actor("user:7"), "net_7"), Vec::<String>::new());
    assert_eq!(actions(&trail.clone().tenant("another"), "net_7"), Vec::<String>::new());
    assert_eq!(trail.clone().kind("customer").feed(9, None).unwrap().events.len(), 2);
    assert_eq!(trail.feed(4, None).unwrap().events.len(), 4);
}

#[test]
fn decisions_are_told_with_their_requests_and_open_requests_without() {
    let store = Arc::new(MemoryStore::default());
    let recorder = Recorder::new(store.clone());
    let record = |event: indelible_proof::Event, user: &str, second: i64| {
        let at = indelible_proof::Timestamp::saturating_from_micros(1_795_212_000_000_000 + second * 1_000_000);
        recorder.record(event.actor(Actor::user(user)).occurred_at(at)).unwrap();
    };
    let [first, second, third] = ["r1", "r2", "r3"].map(|id| Resource::requested("network", id).name(id));
    record(first.on("requested"), "42", 0);
    record(second.on("requested"), "42", 10);
    record(third.on("requested"), "43", 20);
    record(first.becomes("n1").on("approved"), "7", 90);
    record(second.on("rejected"), "7", 100);
    // Of a resource that is there: the last request counts.
    let there = Resource::new("network", "n1");
    record(there.on("requested"), "42", 200);
    record(there.on("cancelled"), "42", 205);
    record(there.on("requested"), "42", 210);
    record(there.on("approved").outcome(indelible_proof::Outcome::Denied), "42", 211);
    record(there.on("approved"), "7", 240);
    record(there.on("approved"), "8", 250);
    let trail = Trail::of(&*store);
    let decided = trail.decisions(9).unwrap();
    let waited: Vec<_> = decided.iter().map(|it| (it.decision.as_str(), it.waited_s)).collect();
    let expected = [
        ("approved", Some(40)),
        ("approved", Some(30)),
        ("cancelled", Some(5)),
        ("denied", Some(90)),
        ("approved", Some(90)),
    ];
    assert_eq!(waited, expected);
    let first = decided[4].request.as_ref().unwrap();
    assert_eq!(
        (first.request.as_deref(), first.requested_by.as_ref().unwrap().id.as_deref()),
        (Some("r1"), Some("42"))
    );
    assert_eq!(trail.clone().actor("user:8").decisions(9).unwrap().len(), 1);
    let open = trail.open_requests(9).unwrap();
    assert_eq!(open.iter().map(|it| it.request.as_deref().unwrap()).collect::<Vec<_>>(), ["r3"]);
}

proptest! {
    #[test]
    fn a_decision_is_on_the_last_request_before_it_that_names_the_same(
        told in prop::collection::vec((0..6usize, 0..2usize, prop::sample::subsequence(vec![0, 1, 2], 0..3), prop::option::of(0..3usize)), 0..40),
    ) {
        let store = Arc::new(MemoryStore::default());
        let recorder = Recorder::new(store.clone());
        let words = ["requested", "requested", "requested", "approved", "denied", "cancelled"];
        for (word, kind, ids, request) in &told {
            let target = |id: &usize| indelible_proof::Target::new(["network", "order"][*kind], format!("n{id}"));
            let mut event = indelible_proof::Event::new(format!("resource.{}", words[*word]));
            event.targets = ids.iter().map(target).collect();
            event.targets.extend(request.map(|id| indelible_proof::Target::new("resource_request", format!("n{id}"))));
            recorder.record(event).unwrap();
        }
        let about = |seq: usize, other: usize| {
            let ((_, kind, ids, request), (_, other_kind, other_ids, other_request)) = (&told[seq], &told[other]);
            let (whole, other_whole) = (!ids.is_empty(), !other_ids.is_empty());
            let same = match (request, other_request) {
                (None, None) => ids.iter().any(|id| other_ids.contains(id)),
                (mine, others) => mine == others,
            };
            same && whole == other_whole && (!whole || kind == other_kind)
        };
        let (asked, answered): (Vec<usize>, Vec<usize>) = (0..told.len()).rev().partition(|&seq| told[seq].0 < 3);
        let decided: Vec<_> =
            answered.iter().map(|&seq| (seq, asked.iter().copied().find(|&request| request < seq && about(seq, request)))).collect();
        let open: Vec<usize> =
            asked.iter().copied().filter(|&request| !answered.iter().any(|&seq| request < seq && about(seq, request))).collect();
        let trail = Trail::of(&*store);
        let told_decided: Vec<_> = trail.decisions(100).unwrap().into_iter()
            .map(|it| (it.seq as usize, it.request.map(|request| request.seq as usize))).collect();
        prop_assert_eq!(told_decided, decided);
        let told_open: Vec<_> = trail.open_requests(100).unwrap().into_iter().map(|it| it.seq as usize).collect();
        prop_assert_eq!(told_open, open);
    }
}
