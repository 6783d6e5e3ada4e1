use serde_json::{Value, json};

use super::{ask, issue, new};
use crate::server::{JSON, Server, bearer};

#[test]
fn what_makes_no_sense_is_refused_with_its_field() {
    let server = Server::start();
    let malformed: [(Value, &str); 9] = [
        (json!({"nam": "x"}), "nam"),
        (json!({"owner": {"type": "user"}}), "owner"),
        (json!({"owner": {"type": "user", "id": 42}}), "owner.id"),
        (json!({"abilities": ["orders:*:read"]}), "abilities"),
        (json!({"allowed_ips": ["203.0.113.0/33"]}), "allowed_ips"),
        (json!({"allowed_domains": ["https://example.com"]}), "allowed_domains"),
        (json!({"rate_limit": 0}), "rate_limit"),
        (json!({"expires": "soon"}), "expires"),
        (json!({"actor": {"idd": "7"}}), "actor.idd"),
    ];
    for (fields, field) in malformed {
        let problem = server.post("/v1/tokens", JSON, new(&fields)).assert_problem(400, "malformed");
        assert_eq!(problem["field"], field, "{problem}");
    }
    let invalid: [(Value, &str); 10] = [
        (json!({"type": "xx"}), "type"),
        (json!({"environment": "moon"}), "environment"),
        (json!({"name": ""}), "name"),
        (json!({"expires": "2001-01-01T00:00:00Z"}), "expires"),
        (json!({"metadata": {"t": "\u{0}"}}), "metadata.t"),
        (json!({"name": "x".repeat(5000)}), "name"),
        (json!({"owner": {"type": "user", "id": "x".repeat(5000)}}), "owner.id"),
        (json!({"owner": {"type": "", "id": "42"}}), "owner.type"),
        (json!({"boundary": {"type": "team", "id": ""}}), "boundary.id"),
        (json!({"actor": {"type": "user", "id": "x".repeat(5000)}}), "actor.id"),
    ];
    for (fields, field) in invalid {
        let problem = server.post("/v1/tokens", JSON, new(&fields)).assert_problem(422, "invalid-token");
        assert_eq!(problem["field"], field, "{problem}");
    }
    for body in ["", "{", "[]", "{} {}", "null"] {
        server.post("/v1/tokens", JSON, body).assert_problem(400, "malformed");
    }
    let list = json!({"tokens": [["sk", "ci key", {"type": "user", "id": "42"}, null, null]]}).to_string();
    for path in ["/v1/token-groups", "/v1/tokens/import"] {
        let problem = server.post(path, JSON, list.as_str()).assert_problem(400, "malformed");
        assert_eq!(problem["field"], "tokens[0]", "{problem}");
    }
    // The body is not waited for, so none is sent: the connection may be cut before all of it is.
    let authorization = bearer(&server.key);
    let head = "POST /v1/tokens HTTP/1.1\r\nhost: x\r\ncontent-length: 2097152\r\nauthorization";
    assert!(server.raw(format!("{head}: {authorization}\r\n\r\n").as_bytes()).starts_with("HTTP/1.1 413"));
    assert!(server.events().is_empty() && server.get("/v1/tokens").json()["tokens"] == json!([]));
}

#[test]
fn operations_that_contradict_themselves_change_nothing() {
    let server = Server::start();
    let issued = issue(&server, &json!({}));
    for (what, body, field) in [
        ("rotate", json!({"grace": "1h"}), "grace"),
        ("rotate", json!({"expires": "never"}), "expires"),
        ("revoke", json!({"at": "never"}), "at"),
        ("derive", json!({"expires": "never"}), "expires"),
    ] {
        assert_eq!(ask(&server, &issued, what, &body).assert_problem(422, "invalid-token")["field"], field, "{body}");
    }
    for (what, body) in
        [("rotate", json!({"mode": "soft"})), ("revoke", json!({"mode": 1})), ("derive", json!({"x": 1}))]
    {
        ask(&server, &issued, what, &body).assert_problem(400, "malformed");
    }
    for what in ["rotate", "revoke", "derive", "reveal"] {
        server.post(&format!("/v1/tokens/tok_none/{what}"), JSON, "").assert_problem(404, "not-found");
    }
    server.get("/v1/tokens/tok_none").assert_problem(404, "not-found");
    assert_eq!(server.events().len(), 1);
}

#[test]
fn questions_that_make_no_sense_name_their_parameter() {
    let server = Server::start();
    for (query, name) in [
        ("owner=42", "owner"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("cursor=zz", "cursor"),
        ("unused_since=yesterday", "unused_since"),
    ] {
        let problem = server.get(&format!("/v1/tokens?{query}")).assert_problem(400, "invalid-parameter");
        assert_eq!(problem["field"], name, "{problem}");
    }
    for query in ["state=dead", "order=name", "typ=sk"] {
        assert_eq!(server.get(&format!("/v1/tokens?{query}")).status, 400, "{query}");
    }
}

#[test]
fn a_request_that_wants_to_be_repeatable_is_refused() {
    let server = Server::start();
    let auth = crate::server::bearer(&server.key);
    let headers = [("authorization", &*auth), ("idempotency-key", "once")];
    for (path, body) in [("/v1/tokens", new(&json!({}))), ("/v1/token-groups", r#"{"tokens":[]}"#.to_owned())] {
        let problem = server.post_with(path, &headers, body).assert_problem(400, "invalid-parameter");
        assert_eq!(problem["field"], "idempotency-key");
    }
    assert!(server.events().is_empty());
}
