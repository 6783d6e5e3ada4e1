mod histories;
mod patches;
mod telling;

use indelible_proof::{Event, EventId, Object, Recorded, Timestamp};
use proptest::prelude::*;
use serde_json::Value;

/// JSON values with few names, so that they often have them in common.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3..3i32).prop_map(Value::from),
        "[a-c]{0,2}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let item = (0..4i32, inner.clone()).prop_map(|(id, value)| serde_json::json!({"id": id, "v": value}));
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(item, 0..4).prop_map(Value::from),
            fields_of(inner).prop_map(Value::from),
        ]
    })
}

fn fields_of(values: impl Strategy<Value = Value>) -> impl Strategy<Value = Object> {
    // Names with what pointers escape, and one that looks like the place of an element.
    let name = prop_oneof![Just("a"), Just("b"), Just("lines"), Just("x/y~z"), Just("[0]"), Just("")];
    prop::collection::btree_map(name.prop_map(str::to_owned), values, 0..5)
        .prop_map(|fields| fields.into_iter().collect())
}

fn fields() -> impl Strategy<Value = Object> {
    fields_of(value())
}

/// Events as a log has them.
fn recorded(events: impl IntoIterator<Item = Event>) -> Vec<Recorded> {
    let record = |(seq, event): (u64, Event)| {
        let at = Timestamp::saturating_from_micros(1_000_000 * seq as i64);
        event.validate().unwrap();
        Recorded { id: EventId::new(at, 1, seq), seq, event: event.occurred_at(at) }
    };
    (0..).zip(events).map(record).collect()
}
