//! Answers about resources.

use indelible::resources::{Changed, Decided, Operation, Request, Standing, State};
use indelible_proof::{Actor, Object, Target};
use serde_json::{Value, json};

use super::{at, free, recorded, text, texts, value};
use crate::api::resources::{Change, ResourceQuestion, StateOf};

/// The answer to a question that is shown, and others that tell what may be left out or be null.
pub(in crate::api) fn resources(question: ResourceQuestion) -> (Value, Vec<Value>) {
    match question {
        ResourceQuestion::Log | ResourceQuestion::Feed => {
            (json!({"events": [recorded()], "next": "a4d2"}), vec![json!({"events": [], "next": null})])
        }
        ResourceQuestion::Changes => {
            let of = |changes: Vec<Change>, next: Option<&str>| json!({"changes": changes, "next": next});
            let others =
                anything().into_iter().map(|any| of(vec![change(any, true), change(Value::Null, false)], None));
            (of(vec![change(1400.into(), true)], Some("a4d2")), others.collect())
        }
        ResourceQuestion::State => (value(state(true)), vec![value(state(false))]),
        ResourceQuestion::Approvals => {
            let of = |decided: Decided| json!({"decisions": [decided]});
            (
                of(decided(true)),
                vec![of(decided(false)), of(Decided { request: Some(request(false)), ..decided(true) })],
            )
        }
        ResourceQuestion::Requests => {
            (json!({"requests": [request(true)]}), vec![json!({"requests": [request(false)]})])
        }
    }
}

/// A value of each kind: those of a resource can be anything.
fn anything() -> [Value; 7] {
    [json!(null), json!(true), json!(1), json!(1.5), json!("x"), json!([]), json!({})]
}

/// A field that becomes something of a kind, or goes away.
fn change(any: Value, placed: bool) -> Change {
    let path = || "/mtu".to_owned();
    let patch = vec![
        Operation::Replace { path: path(), value: any.clone() },
        Operation::Remove { path: path() },
        Operation::Add { path: path(), value: any.clone() },
    ];
    Change {
        seq: 1234,
        changed_at: Some(at(0)),
        changed_by: placed.then(|| Actor::user("42").name("Alice").email("alice@example.com")),
        fields: vec![
            Changed { path: "mtu".to_owned(), before: Some(any.clone()), after: Some(any) },
            Changed { path: "mtu".to_owned(), before: None, after: None },
        ],
        patch: placed.then_some(patch),
    }
}

fn resource(known: bool) -> Target {
    let office = Target::new("network", "net_7").name("office").attr("address", "10.7.0.0/24");
    if known { office } else { Target::default() }
}

fn state(known: bool) -> StateOf {
    let address = || if known { free("address", "10.7.0.0/24") } else { Object::new() };
    let state = State {
        name: text("office").filter(|_| known),
        attrs: address(),
        standing: Standing::Present,
        fields: address(),
        unknown: texts(&["dns", "*"]),
        events: 12,
        changed_at: Some(at(0)).filter(|_| known),
        seq: Some(1234).filter(|_| known),
    };
    StateOf { r#type: "network".to_owned(), id: "net_7".to_owned(), state }
}

fn request(known: bool) -> Request {
    Request {
        resource: resource(known),
        request: text("req_17").filter(|_| known),
        requested_at: Some(at(0)),
        requested_by: known.then(|| Actor::user("42").name("Alice").email("alice@example.com")),
        seq: 1200,
    }
}

fn decided(known: bool) -> Decided {
    Decided {
        decision: "approved".to_owned(),
        resource: resource(known),
        decided_at: Some(at(90)),
        decided_by: known.then(|| Actor::user("7").name("Bob").email("alice@example.com")),
        seq: 1234,
        request: known.then(|| request(true)),
        waited_s: known.then_some(90),
    }
}
