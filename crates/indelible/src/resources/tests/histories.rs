//! What is rebuilt is what was.

use indelible_proof::{Event, Object, Outcome};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{fields, recorded};
use crate::{
    MemoryStore, Recorder,
    resources::{Action, Diff, Resource, Standing, State, Trail, changed, patch_of},
};

#[derive(Debug, Clone)]
enum Step {
    Update(Object),
    /// Only new values of some fields are told.
    Set(Object),
    Delete,
    Create(Object),
    Fail(Object),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => fields().prop_map(Step::Update),
        2 => fields().prop_map(Step::Set),
        1 => Just(Step::Delete),
        1 => fields().prop_map(Step::Create),
        1 => fields().prop_map(Step::Fail),
    ]
}

fn diff() -> impl Strategy<Value = Diff> {
    prop_oneof![
        Just(Diff::default()),
        Just(Diff::default().key("lines", "id").key("a.lines", "id").key("a", "id")),
        Just(Diff::default().bytes_max(100)),
    ]
}

/// Whether everything that is said to be known is so: `*` among the unknown stands for fields that are not there.
fn holds(known: &Value, truth: Option<&Value>, path: &str, unknown: &[String]) -> Result<(), TestCaseError> {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match (known, truth) {
        (Value::Object(known), Some(Value::Object(truth))) => {
            for (name, value) in known {
                holds(value, truth.get(name), &below(name), unknown)?;
            }
            let others = unknown.contains(&below("*"));
            for name in truth.keys().filter(|name| !known.contains_key(*name)) {
                prop_assert!(others || unknown.contains(&below(name)), "{} is not told", below(name));
            }
        }
        (known, truth) => prop_assert_eq!(Some(known), truth, "{}", path),
    }
    Ok(())
}

proptest! {
    #[test]
    fn the_rebuilt_state_is_the_true_one_in_all_that_is_known(
        begun in fields(),
        told in any::<bool>(),
        steps in prop::collection::vec(step(), 0..12),
        diff in diff(),
    ) {
        let resource = Resource::new("order", "1").name("first").diff(diff);
        let mut truth = begun.clone();
        let mut standing = if told { Standing::Present } else { Standing::Unknown };
        let mut events = Vec::new();
        if told {
            events.push(resource.created(&begun).unwrap());
        }
        for step in steps {
            match step {
                Step::Update(fields) => {
                    events.push(resource.updated(&truth, &fields).unwrap());
                    (truth, standing) = (fields, Standing::Present);
                }
                Step::Set(fields) => {
                    events.push(resource.set("repaired", &fields).unwrap());
                    truth.extend(fields);
                    standing = Standing::Present;
                }
                Step::Delete => {
                    events.push(resource.deleted(&truth).unwrap());
                    standing = Standing::Deleted;
                }
                Step::Create(fields) => {
                    events.push(resource.created(&fields).unwrap());
                    (truth, standing) = (fields, Standing::Present);
                }
                Step::Fail(fields) => {
                    let event = resource.updated(&truth, &fields).unwrap();
                    events.push(event.outcome(Outcome::Denied));
                }
            }
            let state = State::of("order", "1", &recorded(events.clone()));
            prop_assert_eq!(state.standing, standing);
            holds(&state.fields.into(), Some(&truth.clone().into()), "", &state.unknown)?;
        }
    }
}

#[test]
fn a_whole_history_leaves_nothing_unknown() {
    let resource = Resource::new("order", "1").diff(Diff::default().key("lines", "id"));
    let before = json!({"lines": [{"id": 1, "n": 1}, {"id": 2, "n": 1}], "note": "a", "tax": {"rate": 20}});
    let after = json!({"lines": [{"id": 2, "n": 5}, {"id": 3, "n": 1}], "tax": {"rate": 20, "code": "A"}});
    let update = resource.updated(&before, &after).unwrap();
    assert!(!serde_json::to_string(&update).unwrap().contains("rate"), "{update:?}");
    let state = State::of("order", "1", &recorded([resource.created(&before).unwrap(), update]));
    assert_eq!((Value::from(state.fields), state.unknown), (after, Vec::<String>::new()));
}

#[test]
fn what_is_not_told_redacted_or_cut_is_said_to_be_unknown() {
    let resource = Resource::new("user", "42").diff(Diff::default().redact(crate::Redaction::default()));
    let update = |before: Value, after: Value| resource.updated(&before, &after).unwrap();
    let state = State::of(
        "user",
        "42",
        &recorded([update(
            json!({"password": "a", "name": "A", "home": {"zip": 1, "city": "x"}}),
            json!({"password": "b", "name": "B", "home": {"zip": 2, "city": "x"}}),
        )]),
    );
    assert_eq!(Value::from(state.fields), json!({"name": "B", "home": {"zip": 2}}));
    assert_eq!(state.unknown, ["home.*", "password", "*"]);
    let long = Resource::new("user", "42").diff(Diff::default().bytes_max(1000));
    let event = long.created(&json!({"bio": "x".repeat(5000), "name": "A"})).unwrap();
    let state = State::of("user", "42", &recorded([event]));
    assert_eq!((Value::from(state.fields), state.unknown), (json!({"name": "A"}), vec!["bio".to_owned()]));
}

#[test]
fn a_request_is_no_resource_and_a_deleted_one_keeps_its_name_and_fields() {
    let wanted = Resource::requested("network", "req_1").name("office");
    let there = wanted.clone().becomes("net_7").address("10.7.0.0/24");
    let events = [
        wanted.set(Action::REQUESTED, &json!({"address": "10.9.0.0/24"})).unwrap(),
        wanted.on("rejected"),
        wanted.on("requested"),
        there.set(Action::APPROVED, &json!({"address": "10.7.0.0/24", "enabled": true})).unwrap(),
        there.deleted(&json!({"address": "10.7.0.0/24", "enabled": true})).unwrap(),
    ];
    let standings: Vec<Standing> =
        (1..=5).map(|some| State::of("network", "net_7", &recorded(events[..some].to_vec())).standing).collect();
    use Standing::{Deleted, Present, Refused, Requested};
    assert_eq!(standings, [Requested, Refused, Requested, Present, Deleted]);
    let state = State::of("network", "net_7", &recorded(events));
    assert_eq!(state.name.as_deref(), Some("office"));
    assert_eq!(state.attrs["address"], "10.7.0.0/24");
    assert_eq!(Value::from(state.fields), json!({"address": "10.7.0.0/24", "enabled": true}));
    assert_eq!((state.events, state.unknown), (5, vec!["*".to_owned()]));
}

/// Changes as somebody may write them who does not use this library.
fn foreign(before: Value, after: Value) -> Event {
    let [before, after] = [before, after].map(|side| side.as_object().unwrap().clone());
    Resource::new("order", "1").on(Action::UPDATED).changes(before, after)
}

#[test]
fn an_element_that_is_removed_under_two_names_leaves_its_list_unknown() {
    let created = foreign(json!({}), json!({"lines": [{"id": 7}], "numbers": [1]}));
    let twice = foreign(
        json!({"lines": {"[id=7]": {"id": 7}, "[id= 7]": {"id": 7}}, "numbers": {"[0]": 1, "[00]": 1}}),
        json!({"lines": {}, "numbers": {}}),
    );
    let state = State::of("order", "1", &recorded([created, twice]));
    assert_eq!(state.unknown, ["lines", "numbers", "*"]);
}

#[test]
fn a_long_name_above_many_fields_stands_in_no_more_paths_than_there_is_room_for() {
    let many = |value: &str| (0..1000).map(|n| (n.to_string(), value.into())).collect::<Object>();
    let [before, after] = ["secret", "[REDACTED]"].map(|value| json!({"x".repeat(100_000): many(value)}));
    let event = foreign(before, after);
    let changes = event.changes.clone().unwrap();
    assert!(changed(&changes).iter().map(|field| field.path.len()).sum::<usize>() < 200_000);
    assert!(patch_of(&changes).is_none());
    let state = State::of("order", "1", &recorded([event]));
    assert!(state.unknown.iter().map(String::len).sum::<usize>() < 200_000);
    assert_eq!(state.unknown.len(), 2);
}

#[test]
fn what_happens_to_another_resource_of_the_same_request_does_not_happen_to_this_one() {
    let wanted = Resource::requested("network", "req_1");
    let (one, other) = (wanted.clone().becomes("net_7"), wanted.clone().becomes("net_8").name("other"));
    let events =
        [wanted.on(Action::REQUESTED), one.on(Action::APPROVED), other.on(Action::APPROVED), other.on(Action::DELETED)];
    let state = State::of("network", "net_7", &recorded(events));
    assert_eq!((state.standing, state.events, state.seq), (Standing::Present, 2, Some(1)));
}

#[test]
fn who_was_not_allowed_to_create_a_resource_again_did_not_begin_its_history() {
    let store = std::sync::Arc::new(MemoryStore::default());
    let recorder = Recorder::new(store.clone());
    let resource = Resource::new("order", "1");
    let counted = (0..1000).map(|n| resource.updated(&json!({"n": n}), &json!({"n": n + 1})).unwrap());
    let refused = resource.created(&json!({"n": -1})).unwrap().outcome(Outcome::Denied);
    let created = resource.created(&json!({"n": 0, "note": "first"})).unwrap();
    for event in [created].into_iter().chain(counted).chain([refused]) {
        let _ = recorder.record(event).unwrap();
    }
    recorder.flush();
    let state = Trail::of(&*store).state("order", "1", None).unwrap();
    assert_eq!(Value::from(state.fields), json!({"n": 1000, "note": "first"}));
}

#[test]
fn what_had_the_id_before_gives_a_resource_neither_its_name_nor_its_address() {
    let first = Resource::new("network", "net_7").name("office").address("10.7.0.0/24");
    let second = Resource::new("network", "net_7");
    let events = [first.on(Action::CREATED), first.on(Action::DELETED), second.on(Action::CREATED)];
    let state = State::of("network", "net_7", &recorded(events));
    assert_eq!((state.standing, state.name, state.attrs), (Standing::Present, None, Object::new()));
}
