//! Any JSON in canonical form: it is canonical, and reads back as the same but for the precision of a double.
#![no_main]

use indelible_proof::jcs;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    let Ok(value) = serde_json::from_slice::<Value>(bytes) else { return };
    let canonical = jcs(&value);
    let again: Value = serde_json::from_slice(&canonical).unwrap();
    assert_eq!(jcs(&again), canonical, "what is canonical stays as it is");
    assert!(same(&value, &again), "{value} and {again}");
    let text = std::str::from_utf8(&canonical).unwrap();
    let plain = !text.contains(['"', '\\']);
    assert!(!plain || !text.contains([' ', '\n', '\t', '\r']), "there is no white space between the values");
});

fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}
