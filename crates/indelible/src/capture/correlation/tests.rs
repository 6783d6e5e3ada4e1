use super::*;

fn of(lines: &[(&'static str, &str)]) -> Correlation {
    Correlation::of(
        &lines.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect(),
    )
}

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

#[test]
fn what_the_headers_bring_is_taken_over() {
    let ids = of(&[("x-request-id", "req-7"), ("traceparent", &format!("00-{TRACE}-00f067aa0ba902b7-01"))]);
    assert_eq!((ids.request_id.as_str(), ids.trace_id.as_str()), ("req-7", TRACE));
    assert_eq!(ids.span_id.as_deref(), Some("00f067aa0ba902b7"));
}

#[test]
fn a_later_version_of_traceparent_may_be_longer() {
    assert_eq!(of(&[("traceparent", &format!("cc-{TRACE}-00f067aa0ba902b7-01-what"))]).trace_id, TRACE);
}

#[test]
fn what_is_no_id_is_made_anew_and_never_twice() {
    let zeros = "0".repeat(32);
    for parent in [
        "",
        "garbage",
        &format!("ff-{TRACE}-00f067aa0ba902b7-01"),
        &format!("00-{TRACE}-00f067aa0ba902b7-01-what"),
        &format!("00-{TRACE}-0000000000000000-01"),
        &format!("00-{zeros}-00f067aa0ba902b7-01"),
        &format!("00-{}-00f067aa0ba902b7-01", TRACE.to_uppercase()),
        &format!("00-{TRACE}-00f067aa0ba902b7"),
    ] {
        let ids = of(&[("traceparent", parent), ("x-request-id", "two words")]);
        assert_ne!(ids.trace_id, TRACE, "{parent}");
        assert_eq!((ids.trace_id.len(), &ids.span_id), (32, &None), "{parent}");
        assert_eq!(ids.request_id, ids.trace_id);
        assert_ne!(of(&[]), of(&[]));
    }
}
