//! Each question about OAuth over one story, told of a tenant and not of another; over HTTP and on the command line.

use serde_json::{Value, json};

use crate::{
    cli::Shell,
    server::{NDJSON, Server},
};

const QUESTIONS: [&str; 8] =
    ["access", "unused-scopes", "chain?token=r1", "reuse", "redirect-uris", "alive", "failures", "first-uses"];

/// A code, a refresh, a use, the first refresh token again, a wrong redirect URI, and a token of a client's own.
fn story() -> Vec<Value> {
    let event = |action: &str, more: Value| {
        let mut event = json!({
            "action": action, "outcome": "success", "actor": {"type": "user", "id": "42"},
            "client": {"id": "web"}, "context": {"ip": "203.0.113.9", "geo": {"country": "NZ"}},
        });
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event
    };
    let family = |more: Value| {
        let mut oauth = json!({"token_family": "fam-1"});
        oauth.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        oauth
    };
    let granted = || family(json!({"scopes_granted": ["orders:read", "admin"]}));
    let presented = |kind: &str, fingerprint: &str| json!({"kind": kind, "fingerprint": fingerprint});
    let tokens = |access: &str, refresh: &str| {
        let end = json!({"expires_at": "2099-01-01T00:00:00Z"});
        json!([{"type": "access_token", "id": access, "attrs": end}, {"type": "refresh_token", "id": refresh}])
    };
    let uri = |uri: &str| json!({"redirect_uri": uri});
    vec![
        event("oauth.authorization.requested", json!({"oauth": family(uri("https://app.example.com/cb"))})),
        event(
            "oauth.authorization.granted",
            json!({"oauth": granted(), "targets": [{"type": "authorization_code", "id": "c1"}]}),
        ),
        event(
            "oauth.token.issued",
            json!({"oauth": granted(), "credential": presented("authorization_code", "c1"), "targets": tokens("a1", "r1")}),
        ),
        event(
            "token.authenticated",
            json!({
                "oauth": {"scopes_requested": ["orders:read"]}, "credential": presented("access_token", "a1"),
                "http": {"method": "GET", "route": "/orders"},
            }),
        ),
        event(
            "oauth.token.refreshed",
            json!({"oauth": granted(), "credential": presented("refresh_token", "r1"), "targets": tokens("a2", "r2")}),
        ),
        event(
            "oauth.authorization.denied",
            json!({"outcome": "denied", "reason": "redirect_uri_mismatch", "oauth": uri("http://localhost/")}),
        ),
        event(
            "oauth.token.issued",
            json!({"client": {"id": "cron"}, "targets": [{"type": "access_token", "id": "a3"}]}),
        ),
        event(
            "oauth.refresh_token.reused",
            json!({
                "outcome": "denied", "reason": "token_reused", "oauth": family(json!({})),
                "credential": presented("refresh_token", "r1"),
            }),
        ),
    ]
}

fn lines() -> String {
    story().iter().map(|event| format!("{event}\n")).collect()
}

#[test]
fn each_question_is_answered_of_the_key_s_tenant_alone() {
    let server = Server::start();
    let (write, read) = (&["events:write"][..], &["events:read"][..]);
    let keys = ["acme", "globex"].map(|tenant| (server.make_key(tenant, write), server.make_key(tenant, read)));
    let [(acme_write, acme), (_, globex)] = &keys;
    assert_eq!(server.post_as(acme_write, "/v1/events", NDJSON, lines()).status, 201);
    let ask = |key: &str, question: &str| server.get_as(key, &format!("/v1/oauth/{question}"));
    for question in QUESTIONS {
        let (told, other) = (ask(acme, question), ask(globex, question));
        assert_eq!((told.status, other.status), (200, 200), "{question}: {}", told.text);
        let rows = |answer: &Value| ["rows", "tokens"].map(|name| answer[name].as_array().map_or(0, Vec::len));
        assert_ne!(rows(&told.json()), [0, 0], "{question}");
        // What a key of another tenant reads is what it would read of an empty log.
        assert_eq!(rows(&other.json()), [0, 0], "{question}");
        ask(acme_write, question).assert_problem(403, "forbidden");
    }
    let access = &ask(acme, "access?route=/orders").json()["rows"][0];
    assert_eq!(
        (&access["actor"], &access["scope"], &access["count"]),
        (&"42".into(), &"orders:read".into(), &1.into())
    );
    let unused = ask(acme, "unused-scopes").json();
    assert_eq!(unused["rows"], json!([{"client": "web", "token": null, "scope": "admin", "grants": 3}]));
    let chain = ask(acme, "chain?token=a2").json();
    let told = |link: &Value| format!("{} {} {}", link["depth"], link["fingerprint"], link["state"]).replace('"', "");
    let told: Vec<String> = chain["tokens"].as_array().unwrap().iter().map(told).collect();
    assert_eq!(told, ["0 c1 redeemed", "1 a1 burnt", "1 r1 rotated", "2 a2 burnt", "2 r2 burnt"]);
    assert_eq!(ask(acme, "chain?family=fam-1").json()["tokens"], chain["tokens"]);
    let reuse = &ask(acme, "reuse").json()["rows"][0];
    assert_eq!(reuse["alive"].as_array().unwrap().len(), 3);
    assert_eq!(ask(acme, "redirect-uris").json()["rows"][0]["redirect_uri"], "http://localhost/");
    assert_eq!(ask(acme, "alive").json()["rows"][0]["fingerprint"], "a3");
    assert_eq!(ask(acme, "first-uses?of=country").json()["rows"][0]["value"], "NZ");
    for wrong in
        ["chain", "chain?token=a&family=b", "alive?at=once", "access?actor=42", "failures?limit=0", "first-uses?of=it"]
    {
        assert_eq!(ask(acme, wrong).status, 400, "{wrong}");
    }
    let limit = ask(acme, "failures?limit=many").assert_problem(400, "invalid-parameter");
    assert_eq!(limit["detail"], "limit: is no whole number");
    // What a question does not take would be taken for met.
    for (wrong, field) in
        [("failures?route=/orders", "route"), ("reuse?at=1h", "at"), ("chain?token=r1&client=web", "client")]
    {
        assert_eq!(ask(acme, wrong).assert_problem(400, "invalid-parameter")["field"], field, "{wrong}");
    }
    // A client may have the id of a user.
    assert_eq!(ask(acme, "access?actor=client:42").json()["rows"], json!([]));
}

/// What the command line tells, wherever the log is.
fn told(shell: &Shell) {
    let ask = |arguments: &[&str]| shell.run(&[&["oauth"], arguments].concat()).ok();
    let chain = ask(&["chain", "r2"]);
    assert!(chain.contains("\n    refresh_token r2") && chain.contains("\nALSO"), "{chain}");
    assert!(ask(&["access", "--actor", "user:42"]).contains("/orders"));
    assert!(ask(&["reuse"]).contains("\n  access_token a2"));
    assert!(ask(&["redirect-uris"]).contains("redirect_uri_mismatch 1"));
    assert_eq!(ask(&["alive", "--client", "web"]), "none\n");
    let json: Value = serde_json::from_str(&ask(&["failures", "--json"])).unwrap();
    assert_eq!(json["rows"].as_array().unwrap().len(), 2);
    for wrong in [&["why"][..], &["chain"], &["chain", "a", "--family", "b"], &["alive", "--limit", "0"]] {
        shell.run(&[&["oauth"], wrong].concat()).failed(2);
    }
    assert_eq!(ask(&["access", "--tenant", "globex"]), "none\n");
    assert_eq!(ask(&["chain", "hmac:0"]), "none\n");
    assert!(ask(&["chain", "a-token"]).starts_with("none\ntokens are named by their fingerprints"));
    let one_too_many = shell.run(&["oauth", "access", "a2"]).failed(2);
    assert!(
        one_too_many.contains("token: is not for this question, which takes client, actor, route"),
        "{one_too_many}"
    );
}

#[test]
fn the_command_line_tells_of_a_data_directory_and_of_a_server() {
    let mut shell = Shell::new();
    shell.pipe(&lines(), &["record"]).ok();
    told(&shell);
    let server = Server::start();
    assert_eq!(server.post("/v1/events", NDJSON, lines()).status, 201);
    shell.set("INDELIBLE_URL", &server.url(""));
    shell.set("INDELIBLE_KEY", &server.key);
    told(&shell);
}

#[test]
fn the_place_that_is_typed_comes_before_those_of_the_environment() {
    let mut shell = Shell::new();
    shell.pipe(&lines(), &["record", "--data", "here"]).ok();
    shell.set("INDELIBLE_URL", "http://127.0.0.1:1");
    let reuse = shell.run(&["oauth", "reuse", "--data", "here"]).ok();
    shell.set("INDELIBLE_DATA", "here");
    assert_eq!(shell.run(&["oauth", "reuse", "--data", "here"]).ok(), reuse);
    assert!(shell.run(&["oauth", "reuse", "--url", "http://127.0.0.1:1"]).failed(1).contains("127.0.0.1:1"));
    assert!(shell.run(&["oauth", "reuse"]).failed(2).contains("INDELIBLE_DATA and INDELIBLE_URL name two logs"));
    let both = ["oauth", "reuse", "--data", "here", "--url", "http://127.0.0.1:1"];
    assert!(shell.run(&both).failed(2).contains("--data and --url name two logs"));
}
