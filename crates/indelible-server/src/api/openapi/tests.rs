use super::examples;

#[test]
fn the_example_event_is_one_that_the_log_takes() {
    indelible::Event::from_json(examples::event().to_string().as_bytes()).unwrap().validate().unwrap();
}
