//! Two tenants on one server: nothing that a key of one does shows anything of the other.

use serde_json::json;

use crate::server::{JSON, NDJSON, Server};

const ALL: &[&str] = &["events:write", "events:read", "metrics:read", "admin"];

struct Two {
    server: Server,
    acme: String,
    globex: String,
    globex_event: String,
}

fn two() -> Two {
    let server = Server::start();
    let (acme, globex) = (server.make_key("acme", ALL), server.make_key("globex", ALL));
    let event =
        |tenant: &str| json!({"action": "a.b", "request_id": format!("{tenant}-secret"), "idempotency_key": "same"});
    assert_eq!(server.post_as(&acme, "/v1/events", JSON, event("acme").to_string()).status, 201);
    let answer = server.post_as(&globex, "/v1/events", JSON, event("globex").to_string());
    assert_eq!(answer.status, 201, "an idempotency key is a tenant's own: {}", answer.text);
    let globex_event = answer.json()["receipts"][0]["id"].as_str().unwrap().to_owned();
    Two { server, acme, globex, globex_event }
}

#[test]
fn no_way_of_reading_shows_another_tenant() {
    let Two { server, acme, globex, globex_event } = two();
    let paths = [
        "/v1/events",
        "/v1/events?q=tenant:globex",
        "/v1/events?q=globex",
        "/v1/events?q=request_id:globex-secret",
        "/v1/events?q=-tenant:acme",
        "/v1/events?q=seq:1",
        "/v1/aggregate?group_by=tenant",
        "/v1/aggregate?group_by=request_id&measure=count,distinct(tenant)",
        "/v1/aggregate?q=tenant:globex&group_by=request_id",
        "/v1/export",
        "/v1/export?q=tenant:globex",
        "/v1/export?format=csv",
        "/v1/keys",
    ];
    for path in paths {
        let answer = server.get_as(&acme, path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        assert!(!answer.text.contains("globex"), "{path}: {}", answer.text);
    }
    for which in ["1", &globex_event] {
        let hidden = server.get_as(&acme, &format!("/v1/events/{which}"));
        let missing = server.get_as(&acme, "/v1/events/77");
        assert_eq!((hidden.status, &hidden.text), (404, &missing.text));
    }
    assert_eq!(server.get_as(&acme, "/v1/events").json()["events"].as_array().unwrap().len(), 1);
    assert_eq!(server.get_as(&globex, &format!("/v1/events/{globex_event}")).status, 200);
}

#[test]
fn figures_of_all_tenants_are_for_no_key_of_one() {
    let Two { server, acme, .. } = two();
    server.get_as(&acme, "/metrics").assert_problem(403, "forbidden");
    server.get_as(&acme, "/v1/status").assert_problem(403, "forbidden");
}

#[test]
fn an_event_that_names_another_tenant_is_refused_whole() {
    let Two { server, acme, .. } = two();
    let batch = "{\"action\":\"a.mine\"}\n{\"action\":\"a.theirs\",\"tenant\":\"globex\"}\n";
    let problem = server.post_as(&acme, "/v1/events", NDJSON, batch).assert_problem(403, "forbidden");
    assert_eq!((&problem["field"], &problem["line"]), (&json!("tenant"), &json!(2)));
    assert_eq!(server.events().len(), 2);
    let skipped = server.post_as(&acme, "/v1/events?on_error=skip", NDJSON, batch).json();
    assert_eq!(skipped["rejected"][0]["field"], "tenant");
    let tenants: Vec<_> = server.events().iter().map(|event| event["tenant"].as_str().unwrap().to_owned()).collect();
    assert_eq!(tenants, ["acme", "globex", "acme"]);
}

#[test]
fn a_tail_follows_its_own_tenant_alone() {
    let Two { server, acme, globex, .. } = two();
    let mut tail = server.tail_as(&acme, "/v1/tail?after=0", None);
    server.post_as(&globex, "/v1/events", JSON, r#"{"action":"a.theirs"}"#);
    server.post_as(&acme, "/v1/events", JSON, r#"{"action":"a.mine"}"#);
    let event = tail.next_event();
    assert_eq!((&event["action"], &event["tenant"]), (&json!("a.mine"), &json!("acme")));
}

#[test]
fn keys_are_managed_within_the_own_tenant() {
    let Two { server, acme, .. } = two();
    let new = json!({"name": "x", "tenant": "globex", "abilities": ["events:read"]}).to_string();
    server.post_as(&acme, "/v1/keys", JSON, new).assert_problem(403, "forbidden");
    let new = json!({"name": "x", "tenant": "*", "abilities": ["events:read"]}).to_string();
    server.post_as(&acme, "/v1/keys", JSON, new).assert_problem(403, "forbidden");
    let keys = server.get("/v1/keys").json();
    for key in keys["keys"].as_array().unwrap().iter().filter(|key| key["tenant"] != "acme") {
        let id = key["id"].as_str().unwrap();
        server.delete_as(&acme, &format!("/v1/keys/{id}")).assert_problem(404, "not-found");
    }
}
