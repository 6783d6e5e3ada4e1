use serde_json::json;

use super::*;

#[test]
fn what_is_no_record_is_kept_with_what_is_wrong_and_the_others_are_read() {
    let body =
        b"{\"eventType\":\"user.session.start\",\"uuid\":\"u-1\"}\nnot json\n[{\"eventType\":\"user.session.end\"}, 7]";
    let events = delivery(Format::Okta, None, body);
    let actions: Vec<&str> = events.iter().map(|event| event.action.as_str()).collect();
    assert_eq!(actions, ["auth.login.succeeded", "okta.unread", "auth.logout", "okta.unread"]);
    assert_eq!(events[1].metadata["original"], json!({"line": "not json"}));
    assert!(events[1].metadata["problem"].as_str().unwrap().starts_with("not JSON"));
    assert!(events.iter().all(|event| event.validate().is_ok() && event.idempotency_key.is_some()));
}

#[test]
fn a_document_that_is_cut_short_is_kept_whole() {
    let events = delivery(Format::Github, None, b"{\"action\":\n \"deleted\",");
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].metadata["original"], json!({"line": "{\"action\":\n \"deleted\","}));
}

#[test]
fn a_record_without_an_id_has_that_of_its_delivery() {
    let body = br#"{"action":"deleted","star":{},"sender":{"id":1,"login":"a"},"repository":{"id":2}}"#;
    let key = |id: Option<&str>| delivery(Format::Github, id, body).remove(0).idempotency_key.unwrap();
    assert_eq!(key(Some("72d3162e")), "github:72d3162e");
    assert_eq!(key(Some("72d3162e")), key(Some("72d3162e")));
    assert_ne!(key(Some("72d3162e")), key(Some("8a1f0000")));
    let body_s = |id: Option<&str>| delivery(Format::Github, id, body).remove(0).correlation_id;
    assert_eq!(body_s(Some("72d3162e")), body_s(Some("8a1f0000")), "the body is the same");
    assert_eq!(body_s(None), None);
    let own = delivery(Format::Okta, Some("d"), br#"{"eventType":"user.session.start","uuid":"u-1"}"#).remove(0);
    assert_eq!(own.idempotency_key.as_deref(), Some("okta:u-1"), "as in an import of the System Log");
}

#[test]
fn a_form_of_github_is_read_as_the_json_in_it() {
    let json = r#"{"action":"deleted","installation":{"id":1},"sender":{"login":"alice + 1","id":42}}"#;
    let form = format!("payload={}", json.replace('"', "%22").replace('+', "%2B").replace(' ', "+"));
    let of = |body: &str| delivery(Format::Github, Some("d1"), body.as_bytes());
    assert_eq!(of(&form), of(json));
    assert_eq!(of(&form)[0].action, "oauth.client.deleted");
    assert_eq!(of("payload=%ff")[0].action, "github.unread");
    assert_eq!(delivery(Format::Okta, None, form.as_bytes())[0].action, "okta.unread");
}

#[test]
fn nothing_gives_nothing() {
    assert_eq!(delivery(Format::GoogleWorkspace, Some("1"), b""), []);
    assert_eq!(delivery(Format::Indelible, None, b"{}").remove(0).metadata["original"], json!({}));
}

#[test]
fn a_body_of_nothing_but_records_makes_no_more_events_than_tell_that_they_are_too_many() {
    for body in ["x\n".repeat(100_000), format!("[{}0]", "0,".repeat(100_000))] {
        let events = delivery(Format::Okta, None, body.as_bytes());
        assert_eq!(events.len(), super::limits::DELIVERY_RECORDS_MAX + 1);
    }
    let head = format!(r#"{{"id":{{"customerId":"{}"}},"events":[{}{{}}]}}"#, "x".repeat(100_000), "{},".repeat(5000));
    let events = delivery(Format::GoogleWorkspace, None, head.as_bytes());
    assert_eq!((events.len(), events[0].action.as_str()), (1, "google_workspace.unread"));
}
