use serde_json::json;

use super::{examples, schema};

#[test]
fn what_one_example_has_not_may_be_left_out_or_be_null() {
    let schema = schema::of_all(&[json!({"a": 1, "b": [null]}), json!({"a": null, "b": [], "c": {"d": true}})]);
    assert_eq!(schema["required"], json!(["a", "b"]));
    assert_eq!(schema["properties"]["a"]["type"], json!(["integer", "null"]));
    assert_eq!(schema["properties"]["b"], json!({"type": "array", "items": {"type": "null"}}));
    assert_eq!(schema["properties"]["c"]["required"], json!(["d"]));
}

#[test]
fn the_example_event_is_one_that_the_log_takes() {
    indelible::Event::from_json(examples::event().to_string().as_bytes()).unwrap().validate().unwrap();
}
