use serde_json::{Value, json};

use super::{ask, id_of, issue, reason, text_of, verify};
use crate::server::{JSON, Server};

/// Events of authentication after the server has stopped, which is when everything queued is there.
fn told(server: Server) -> Vec<Value> {
    let events = server.restart().events();
    let is_use = |event: &Value| {
        let action = event["action"].as_str().unwrap();
        !["token.created", "token.revoked", "audit.log.read"].contains(&action)
    };
    events.into_iter().filter(is_use).collect()
}

#[test]
fn a_good_token_is_valid_and_told_of_with_what_the_caller_knows() {
    let server = Server::start();
    let issued = issue(&server, &json!({"abilities": ["orders:*"]}));
    let request = json!({
        "needs": {"all": ["orders:read"], "any": ["orders:write", "users:write"], "types": ["sk"], "environments": ["test"]},
        "context": {"ip": "203.0.113.9", "user_agent": "curl/8.5"},
        "http": {"method": "GET", "route": "/orders/{id}", "status": 200, "latency_us": 1200},
        "metadata": {"shop": 7}, "request_id": "req_1",
    });
    let verdict = verify(&server, text_of(&issued), &request);
    assert_eq!((&verdict["valid"], &verdict["token"]["id"]), (&json!(true), &issued["token"]["id"]));
    assert_eq!(verdict["token"]["owner"], json!({"type": "user", "id": "42"}));
    let [event] = &told(server)[..] else { panic!("not one event") };
    assert_eq!(event["action"], "token.authenticated");
    assert_eq!((&event["actor"]["id"], &event["credential"]["id"]), (&json!("42"), &issued["token"]["id"]));
    assert_eq!((&event["http"], &event["metadata"]), (&request["http"], &request["metadata"]));
    assert_eq!((&event["context"]["ip"], &event["request_id"]), (&json!("203.0.113.9"), &json!("req_1")));
    assert!(!event.to_string().contains(text_of(&issued)));
}

#[test]
fn every_cause_has_its_reason_its_status_and_its_event() {
    let server = Server::start();
    let token = |fields: Value| issue(&server, &fields);
    let plain = token(json!({"abilities": ["orders:read"]}));
    let revoked = token(json!({}));
    ask(&server, &revoked, "revoke", &json!({}));
    let confined = token(json!({"boundary": {"type": "team", "id": "3"}}));
    let at_home = token(json!({"allowed_ips": ["203.0.113.0/24"]}));
    let in_pages = token(json!({"allowed_domains": ["*.example.com"]}));
    let mut mistyped = text_of(&plain).to_owned();
    let last = if mistyped.pop() == Some('x') { 'y' } else { 'x' };
    mistyped.push(last);
    let unknown = {
        let other = Server::start();
        text_of(&issue(&other, &json!({}))).to_owned()
    };
    let none = json!({});
    let cases = [
        ("nonsense", &none, "x_token_malformed", 401),
        (&*mistyped, &none, "x_token_checksum", 401),
        (&*unknown, &none, "token_unknown", 401),
        (text_of(&revoked), &none, "token_revoked", 401),
        (text_of(&plain), &json!({"needs": {"types": ["pk"]}}), "x_type_mismatch", 403),
        (text_of(&plain), &json!({"needs": {"environments": ["live"]}}), "x_environment_mismatch", 403),
        (text_of(&confined), &none, "x_boundary_mismatch", 403),
        (text_of(&at_home), &json!({"context": {"ip": "198.51.100.7"}}), "ip_blocked", 403),
        (text_of(&in_pages), &json!({"origin": "https://example.org"}), "domain_blocked", 403),
        (text_of(&plain), &json!({"needs": {"all": ["orders:write"]}}), "insufficient_scope", 403),
    ];
    for (text, request, reason, status) in &cases {
        let verdict = verify(&server, text, request);
        assert_eq!(
            (&verdict["valid"], &verdict["reason"], &verdict["status"]),
            (&json!(false), &json!(reason), &json!(status))
        );
        assert!(verdict.get("token").is_none(), "{verdict}");
    }
    let good = [
        (&confined, json!({"boundary": {"type": "team", "id": "3"}})),
        (&at_home, json!({"context": {"ip": "203.0.113.9"}})),
        (&in_pages, json!({"referer": "https://app.example.com/orders"})),
    ];
    for (issued, request) in &good {
        assert_eq!(verify(&server, text_of(issued), request)["valid"], true, "{request}");
    }
    let told = told(server);
    for (.., reason, _) in &cases {
        assert!(told.iter().any(|event| event["reason"] == *reason), "{reason}: {told:?}");
    }
    assert!(told.iter().all(|event| !event.to_string().contains(&unknown)));
}

#[test]
fn a_token_that_is_used_too_often_has_to_wait() {
    let server = Server::start();
    let issued = issue(&server, &json!({"rate_limit": 2}));
    assert_eq!((reason(&server, text_of(&issued)), reason(&server, text_of(&issued))), (String::new(), String::new()));
    let verdict = verify(&server, text_of(&issued), &json!({}));
    assert_eq!((&verdict["reason"], &verdict["status"]), (&json!("rate_limited"), &json!(429)));
    assert!((1..=61).contains(&verdict["retry_after_s"].as_u64().unwrap()));
}

#[test]
fn without_log_usage_successes_are_not_events_and_all_else_is() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("indelible.toml"), "[tokens]\nlog_usage = false\n").unwrap();
    let server = Server::start_in(directory, &[]);
    let issued = issue(&server, &json!({}));
    assert_eq!(reason(&server, text_of(&issued)), "");
    reason(&server, "nonsense");
    let server = server.restart();
    let actions = super::actions(&server);
    assert_eq!(actions, ["token.created", "token.authentication_failed"]);
    assert!(server.get(&format!("/v1/tokens/{}", id_of(&issued))).json()["last_used_at"].is_string());
}

#[test]
fn what_the_log_could_not_hold_is_refused_before_the_check() {
    let server = Server::start();
    let issued = issue(&server, &json!({}));
    for (fields, field) in [
        (json!({"metadata": {"t": "\u{0}"}}), "metadata.t"),
        (json!({"http": {"status": 7}}), "http.status"),
        (json!({"request_id": ""}), "request_id"),
        (json!({"needs": {"any": ["x".repeat(257)]}}), "needs.any"),
        (json!({"needs": {"types": vec!["sk"; 257]}}), "needs.types"),
    ] {
        let mut body = fields.clone();
        body["token"] = text_of(&issued).into();
        let problem = server.post("/v1/tokens/verify", JSON, body.to_string()).assert_problem(422, "invalid-token");
        assert_eq!(problem["field"], field, "{problem}");
    }
    assert!(told(server).is_empty());
}
