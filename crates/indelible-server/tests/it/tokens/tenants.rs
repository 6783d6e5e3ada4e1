//! Two tenants on one server: nothing that a key of one does shows or changes a token of the other.

use serde_json::{Value, json};

use super::{id_of, new, text_of};
use crate::server::{Answer, JSON, Server, bearer};

const ALL: &[&str] = &["tokens:read", "tokens:write", "tokens:verify", "tokens:reveal"];

struct Two {
    server: Server,
    acme: String,
    /// A token of the other tenant.
    theirs: Value,
    /// And a group.
    group: String,
}

fn two() -> Two {
    let server = Server::start();
    let (acme, globex) = (server.make_key("acme", ALL), server.make_key("globex", ALL));
    let theirs = server.post_as(&globex, "/v1/tokens", JSON, new(&json!({"name": "globex key"}))).json();
    let group = format!(r#"{{"tokens":[{}]}}"#, new(&json!({"name": "globex group"})));
    let group = server.post_as(&globex, "/v1/token-groups", JSON, group).json()["group"].as_str().unwrap().to_owned();
    Two { server, acme, theirs, group }
}

#[test]
fn no_endpoint_shows_or_changes_another_tenant_s_token() {
    let Two { server, acme, theirs, group } = two();
    let (id, before) = (id_of(&theirs), server.events().len());
    for path in [format!("/v1/tokens/{id}"), format!("/v1/token-groups/{group}")] {
        server.get_as(&acme, &path).assert_problem(404, "not-found");
    }
    for query in
        ["", "?owner=user:42", "?type=sk", "?state=active", &format!("?group={group}"), &format!("?parent={id}")]
    {
        assert_eq!(server.get_as(&acme, &format!("/v1/tokens{query}")).json()["tokens"], json!([]), "{query}");
    }
    for what in ["rotate", "revoke", "derive", "reveal"] {
        server.post_as(&acme, &format!("/v1/tokens/{id}/{what}"), JSON, "").assert_problem(404, "not-found");
    }
    server.post_as(&acme, &format!("/v1/token-groups/{group}/revoke"), JSON, "").assert_problem(404, "not-found");
    assert_eq!(server.post_as(&acme, "/v1/tokens/prune", JSON, r#"{"ended_for":"0s"}"#).json()["deleted"], 0);
    assert_eq!(server.events().len(), before, "nothing was done");

    let verify = json!({"token": text_of(&theirs)}).to_string();
    let verdict = server.post_as(&acme, "/v1/tokens/verify", JSON, &verify).json();
    assert_eq!(verdict["reason"], "token_unknown");
    // Also when the other tenant's check has it at hand.
    assert_eq!(as_tenant(&server, "globex", "/v1/tokens/verify", &verify).json()["valid"], true);
    assert_eq!(server.post_as(&acme, "/v1/tokens/verify", JSON, &verify).json(), verdict);
}

#[test]
fn a_hash_that_another_tenant_has_is_imported_as_if_it_were_nowhere() {
    let Two { server, acme, .. } = two();
    let import = |key: &str| {
        let one = json!({"hash": "5f".repeat(32), "token": serde_json::from_str::<Value>(&new(&json!({}))).unwrap()});
        server.post_as(key, "/v1/tokens/import", JSON, json!({"tokens": [one]}).to_string())
    };
    let globex = server.make_key("globex", ALL);
    assert_eq!(import(&globex).json()["tokens"].as_array().unwrap().len(), 1);
    let again = import(&acme);
    assert!(again.status == 201, "{}", again.text);
}

#[test]
fn a_key_of_all_tenants_says_whose_tokens_it_means_and_no_other_key_can() {
    let Two { server, acme, theirs, .. } = two();
    let path = format!("/v1/tokens/{}", id_of(&theirs));
    server.get(&path).assert_problem(404, "not-found");
    let issued = as_tenant(&server, "globex", "/v1/tokens", &new(&json!({}))).json();
    assert_eq!(issued["token"]["tenant"], "globex");
    let get = |key: &str, tenant: &str| server.get_of(key, tenant, &path);
    assert_eq!(get(&server.key, "globex").status, 200);
    assert_eq!(get(&acme, "globex").assert_problem(403, "forbidden")["field"], "indelible-tenant");
    get(&acme, "acme").assert_problem(404, "not-found");
    for wrong in ["", "*", &"x".repeat(201)] {
        assert_eq!(get(&server.key, wrong).assert_problem(400, "invalid-parameter")["field"], "indelible-tenant");
    }
}

#[test]
fn each_endpoint_asks_for_its_own_ability() {
    let server = Server::start();
    let cases = [
        ("tokens:read", vec![("GET", "/v1/tokens"), ("GET", "/v1/tokens/x"), ("GET", "/v1/token-groups/x")]),
        (
            "tokens:write",
            vec![
                ("POST", "/v1/tokens"),
                ("POST", "/v1/tokens/x/rotate"),
                ("POST", "/v1/tokens/x/revoke"),
                ("POST", "/v1/tokens/x/derive"),
                ("POST", "/v1/tokens/prune"),
                ("POST", "/v1/tokens/import"),
                ("POST", "/v1/token-groups"),
                ("POST", "/v1/token-groups/x/revoke"),
            ],
        ),
        ("tokens:verify", vec![("POST", "/v1/tokens/verify")]),
        ("tokens:reveal", vec![("POST", "/v1/tokens/x/reveal")]),
    ];
    for (ability, endpoints) in &cases {
        let others: Vec<&str> =
            ALL.iter().copied().chain(["events:read", "events:write"]).filter(|one| one != ability).collect();
        let (with, without) = (server.make_key("default", &[ability]), server.make_key("default", &others));
        for (method, path) in endpoints {
            let ask = |key: &str| match *method {
                "GET" => server.get_as(key, path),
                _ => server.post_as(key, path, JSON, ""),
            };
            ask("ik_wrong").assert_problem(401, "unauthorized");
            ask(&without).assert_problem(403, "forbidden");
            assert!(![401, 403].contains(&ask(&with).status), "{path}");
        }
    }
}

fn as_tenant(server: &Server, tenant: &str, path: &str, body: &str) -> Answer {
    let auth = bearer(&server.key);
    server.post_with(path, &[("authorization", &auth), ("indelible-tenant", tenant)], body)
}
