//! What a session may insert, from where, and what pages give.

use std::sync::Arc;

use indelible::{Actor, Event, Log, LogConfig, Recorder, Store, capture::Proxies, system_time};

use super::app::{ALICE, App, endpoints, mounted};
use crate::capture::client::get;

#[tokio::test]
async fn what_a_session_inserts_is_marked_as_what_it_asserts() {
    let app = App::start().await;
    assert_eq!(app.insert(r#"{"action":"invoice.paid","metadata":{"n":1}}"#, ALICE).await.status, 200);
    app.store.assert_recorded(
        "action:invoice.paid service:client actor:user:u_alice outcome:success severity:low ip:127.0.0.1 \
         session_id:s_alice tenant:default metadata.n:1",
    );
    let event = &app.store.recorded()[0].event;
    assert_eq!(event.context.as_ref().unwrap().user_agent.as_deref(), Some("Test/1"));
    assert!(event.request_id.is_some() && event.trace_id.is_some());
}

#[tokio::test]
async fn a_session_cannot_say_that_what_the_log_observes_has_happened() {
    // On purpose: the plugin lets any user write any action under their own id.
    let app = App::start().await;
    for action in ["sign-in:email", "auth.login.succeeded", "admin:ban-user", "audit.gap", "Token.Revoked"] {
        let answer = app.insert(&format!(r#"{{"action":"{action}"}}"#), ALICE).await;
        assert_eq!((answer.status, answer.body.as_str()), (403, r#"{"message":"Action is reserved"}"#), "{action}");
    }
    // Nor show one.
    let body = r#"{"action":"invoice.paid","metadata":{"original_action":"sign-in:email"}}"#;
    assert_eq!(app.insert(body, ALICE).await.status, 200);
    assert_eq!(app.list("", ALICE).await, (vec!["invoice.paid".to_owned()], 1));
    assert_eq!(app.list("?action=sign-in:email", ALICE).await.1, 0);
}

#[tokio::test]
async fn an_action_is_found_by_the_name_that_it_was_given() {
    let app = App::start().await;
    for action in ["invoice.paid", "custom:thing", "Report exported"] {
        app.insert(&format!(r#"{{"action":"{action}"}}"#), ALICE).await;
    }
    for (query, action) in
        [("invoice.paid", "invoice.paid"), ("custom%3Athing", "custom:thing"), ("Report+exported", "Report exported")]
    {
        assert_eq!(app.list(&format!("?action={query}"), ALICE).await, (vec![action.to_owned()], 1));
    }
}

#[tokio::test]
async fn secrets_in_inserted_metadata_are_not_kept() {
    let app = App::start().await;
    app.insert(r#"{"action":"form.sent","metadata":{"form":[{"password":"hunter2"}],"note":"x"}}"#, ALICE).await;
    let answer = app.get("/list", ALICE).await;
    assert!(answer.body.contains(r#""metadata":{"form":[{"password":"[REDACTED]"}],"note":"x"}"#), "{}", answer.body);
    assert!(!format!("{:?}", app.store.recorded()).contains("hunter2"));
}

#[tokio::test]
async fn what_an_event_cannot_carry_is_refused_and_named() {
    let app = App::start().await;
    let answer = app.insert(r#"{"action":"invoice.paid","metadata":{"n":12345678901234567890}}"#, ALICE).await;
    assert_eq!(answer.status, 400);
    assert!(answer.body.starts_with(r#"{"message":"metadata.n: "#), "{}", answer.body);
    // The name of the action needs room too.
    let body = format!(r#"{{"action":"custom:thing","metadata":{{"a":"{}"}}}}"#, "x".repeat(65_528));
    let answer = app.insert(&body, ALICE).await;
    assert_eq!((answer.status, answer.body.contains("metadata")), (400, true), "{}", answer.body);
    assert_eq!(app.store.recorded().len(), 0);
}

#[tokio::test]
async fn a_page_of_another_origin_inserts_nothing() {
    let app = App::with(|endpoints| endpoints.trust_origin("https://app.example.com/")).await;
    let missing = (403, r#"{"message":"Missing or null Origin","code":"MISSING_OR_NULL_ORIGIN"}"#);
    let foreign = (403, r#"{"message":"Invalid origin","code":"INVALID_ORIGIN"}"#);
    let stored = (200, r#"{"success":true}"#);
    for (origin, (status, body)) in [
        ("", missing),
        ("Origin: null", missing),
        ("Origin: https://evil.example.com", foreign),
        ("Origin: https://app.example.com.evil.example.com", foreign),
        ("Origin: http://app.example.com", foreign),
        ("Origin: localhost", foreign),
        ("Referer: https://evil.example.com/?https://app.example.com/", foreign),
        ("Origin: https://app.example.com", stored),
        ("Origin: http://localhost", stored),
        ("Referer: https://app.example.com/page?x=1", stored),
    ] {
        let headers = [origin, ALICE, "Content-Type: application/json"];
        let answer = app.send("POST /api/auth/audit-log/insert", &headers, r#"{"action":"invoice.paid"}"#).await;
        assert_eq!((answer.status, answer.body.as_str()), (status, body), "{origin}");
    }
}

#[tokio::test]
async fn the_address_is_the_clients_where_a_proxy_is_trusted() {
    let app = App::with(|endpoints| endpoints.proxies(Proxies::trusting(["127.0.0.0/8"]).unwrap())).await;
    let headers = [
        ALICE,
        "Origin: http://localhost",
        "Content-Type: application/json",
        "X-Forwarded-For: 192.0.2.1, 203.0.113.9",
    ];
    app.send("POST /api/auth/audit-log/insert", &headers, r#"{"action":"invoice.paid"}"#).await;
    app.store.assert_recorded("ip:203.0.113.9");
    // Each client has an allowance of its own.
    for _ in 0..60 {
        app.get("/list", ALICE).await;
    }
    assert_eq!(app.get("/list", ALICE).await.status, 429);
    assert_eq!(app.send("GET /api/auth/audit-log/list", &headers, "").await.status, 200);
}

#[tokio::test]
async fn spans_status_and_pages_choose_among_the_entries() {
    let app = App::start().await;
    for nth in 0..5 {
        let status = if nth % 2 == 0 { "success" } else { "failed" };
        app.insert(&format!(r#"{{"action":"step.n{nth}","status":"{status}"}}"#), ALICE).await;
        app.pass_ms(1);
    }
    let nth = |steps: &[u32]| steps.iter().map(|nth| format!("step.n{nth}")).collect::<Vec<_>>();
    for (query, steps, total) in [
        ("", &[4, 3, 2, 1, 0][..], 5),
        ("?limit=2", &[4, 3], 5),
        ("?limit=2&offset=2", &[2, 1], 5),
        ("?limit=2&offset=4", &[0], 5),
        ("?offset=5", &[], 5),
        ("?offset=100000", &[], 5),
        ("?status=failed", &[3, 1], 2),
        ("?status=success&limit=1&offset=1", &[2], 3),
        ("?userId=u_alice&limit=1", &[4], 5),
        ("?from=2026-11-20T12:00:00.124Z", &[4, 3, 2, 1], 4),
        ("?to=2026-11-20T12:00:00.124Z", &[1, 0], 2),
        ("?from=2026-11-20T12:00:00.124Z&to=2026-11-20T13:00:00.125%2B01:00", &[2, 1], 2),
        ("?from=2026&to=2026-11-20", &[], 0),
        ("?from=2026-11-20", &[4, 3, 2, 1, 0], 5),
        ("?severity=critical", &[4, 3, 2, 1, 0], 5),
    ] {
        assert_eq!(app.list(query, ALICE).await, (nth(steps), total), "{query}");
    }
}

#[tokio::test]
async fn pages_of_a_long_log_on_disk_are_whole_and_in_order() {
    let directory = tempfile::tempdir().unwrap();
    let log = Arc::new(Log::open(LogConfig::new(directory.path(), Arc::new(system_time))).unwrap());
    let recorder = Recorder::new(log.clone());
    for nth in 0..2500 {
        let event = |user: &str| Event::new("step.taken").actor(Actor::user(user)).meta("nth", nth);
        recorder.queue(event("u_alice")).unwrap();
        recorder.queue(event("u_bob")).unwrap();
    }
    recorder.flush();
    let address = mounted(endpoints(log.clone())).await;
    let mut seen = Vec::new();
    for offset in (0..2500).step_by(400) {
        let path = format!("/api/auth/audit-log/list?limit=400&offset={offset}");
        let list: serde_json::Value = serde_json::from_str(&get(address, &path, &[ALICE]).await.body).unwrap();
        assert_eq!(list["total"], 2500);
        seen.extend(list["entries"].as_array().unwrap().iter().map(|entry| entry["metadata"]["nth"].as_i64().unwrap()));
    }
    assert!(seen.into_iter().eq((0..2500).rev()));
    log.close();
}
