use serde_json::json;

use super::{actions, ask, id_of, issue, new, reason, text_of, verify};
use crate::server::{JSON, Server};

#[test]
fn a_token_is_issued_shown_without_its_text_and_told_of_with_who_had_it_issued() {
    let server = Server::start();
    let fields = json!({
        "environment": "live", "abilities": ["orders:*"], "expires": "90d", "metadata": {"ticket": "SEC-118"},
        "allowed_ips": ["203.0.113.0/24"], "allowed_domains": ["*.example.com"], "rate_limit": 100,
        "context": {"type": "project", "id": "7"}, "actor": {"type": "user", "id": "7", "name": "Alice"},
    });
    let issued = issue(&server, &fields);
    let text = text_of(&issued);
    assert!(text.starts_with("sk_live_"), "{text}");
    let shown = server.get(&format!("/v1/tokens/{}", id_of(&issued)));
    assert!(!shown.text.contains(text));
    let shown = shown.json();
    assert_eq!(shown, issued["token"]);
    assert_eq!(
        (&shown["type"], &shown["state"], &shown["tenant"]),
        (&json!("sk"), &json!("active"), &json!("default"))
    );
    assert_eq!(shown["rate_limit"], 100);
    assert_eq!(shown["display"], format!("sk_live_…{}", &text[text.len() - 4..]));
    let events = server.events();
    assert_eq!(events.len(), 1);
    assert_eq!((&events[0]["action"], &events[0]["actor"]["id"]), (&json!("token.created"), &json!("7")));
    assert_eq!(events[0]["credential"]["id"], server.get("/v1/keys").json()["keys"][0]["id"], "whoever is named");
    assert_eq!(events[0]["context"]["ip"], "127.0.0.1");
    assert!(!events[0].to_string().contains(text));
    let state = std::fs::read(server.data().join("state.db")).unwrap();
    assert!(!state.windows(text.len()).any(|window| window == text.as_bytes()));
}

#[test]
fn without_a_word_on_who_it_is_the_api_key_that_acts() {
    let server = Server::start();
    issue(&server, &json!({}));
    let keys = server.get("/v1/keys").json();
    assert_eq!(server.events()[0]["actor"]["id"], keys["keys"][0]["id"]);
}

#[test]
fn tokens_are_rotated_derived_from_and_revoked() {
    let server = Server::start();
    let first = issue(&server, &json!({"abilities": ["orders:*"]}));
    let second = ask(&server, &first, "rotate", &json!({"mode": "grace"})).json();
    assert_eq!(second["token"]["rotated_from"], first["token"]["id"]);
    assert_eq!((reason(&server, text_of(&first)), reason(&server, text_of(&second))), (String::new(), String::new()));
    let third = ask(&server, &second, "rotate", &json!({})).json();
    assert_eq!(reason(&server, text_of(&second)), "token_revoked");

    let child = ask(&server, &third, "derive", &json!({"name": "build 118", "abilities": ["orders:read"]})).json();
    assert_eq!((&child["token"]["parent"], &child["token"]["depth"]), (&third["token"]["id"], &json!(1)));
    let too_much = ask(&server, &third, "derive", &json!({"abilities": ["users:read"]}));
    assert_eq!(too_much.assert_problem(422, "invalid-token")["field"], "abilities");

    let revoked = ask(&server, &third, "revoke", &json!({"reason": "left the company"}));
    assert_eq!(revoked.json()["tokens"][0]["revocation_reason"], "left the company");
    assert_eq!(reason(&server, text_of(&child)), "token_revoked", "its parent is");
    ask(&server, &third, "derive", &json!({})).assert_problem(409, "token-not-active");
    let lives = actions(&server);
    for action in ["token.created", "token.rotated", "token.derived", "token.revoked"] {
        assert!(lives.iter().any(|one| one == action), "{action}: {lives:?}");
    }
}

#[test]
fn a_revocation_for_later_lets_the_token_live_until_then() {
    let server = Server::start();
    let issued = issue(&server, &json!({}));
    let revoked = ask(&server, &issued, "revoke", &json!({"at": "1h"})).json();
    assert_eq!(revoked["tokens"][0]["state"], "active");
    assert_eq!(reason(&server, text_of(&issued)), "");
    ask(&server, &issued, "revoke", &json!({}));
    assert_eq!(reason(&server, text_of(&issued)), "token_revoked");
}

#[test]
fn a_body_may_be_left_out_where_nothing_has_to_be_said() {
    let server = Server::start();
    let issued = issue(&server, &json!({}));
    assert_eq!(server.post(&format!("/v1/tokens/{}/revoke", id_of(&issued)), JSON, "").status, 200);
    assert_eq!(server.post("/v1/tokens/prune", JSON, "").json()["deleted"], 0);
    assert_eq!(server.post("/v1/tokens/prune", JSON, r#"{"ended_for":"0s"}"#).json()["deleted"], 1);
    server.get(&format!("/v1/tokens/{}", id_of(&issued))).assert_problem(404, "not-found");
    assert_eq!(actions(&server), ["token.created", "token.revoked", "token.deleted"]);
}

#[test]
fn a_group_is_issued_shown_and_taken_back_in_part_and_whole() {
    let server = Server::start();
    let owner = json!({"type": "user", "id": "42"});
    let one = |kind: &str| json!({"type": kind, "name": kind, "owner": owner});
    let body = json!({"tokens": [one("sk"), one("pk"), one("rk")]}).to_string();
    let group = server.post("/v1/token-groups", JSON, body).json();
    let path = format!("/v1/token-groups/{}", group["group"].as_str().unwrap());
    let texts: Vec<&str> = group["tokens"].as_array().unwrap().iter().map(text_of).collect();
    assert_eq!(server.get(&path).json()["tokens"].as_array().unwrap().len(), 3);

    let revoke = |body: &str| server.post(&format!("{path}/revoke"), JSON, body);
    revoke(r#"{"mode":"single"}"#).assert_problem(422, "invalid-token");
    assert_eq!(revoke(r#"{"mode":"partial"}"#).json()["tokens"].as_array().unwrap().len(), 2);
    assert_eq!(
        texts.iter().map(|text| reason(&server, text)).collect::<Vec<_>>(),
        ["token_revoked", "", "token_revoked"]
    );
    assert_eq!(revoke("").json()["tokens"].as_array().unwrap().len(), 1);
    assert_eq!(reason(&server, texts[1]), "token_revoked");
    server.get("/v1/token-groups/grp_none").assert_problem(404, "not-found");
    server.post("/v1/token-groups/grp_none/revoke", JSON, "").assert_problem(404, "not-found");
    server.post("/v1/token-groups", JSON, r#"{"tokens":[]}"#).assert_problem(422, "invalid-token");
    let mistyped = r#"{"tokens":[{"type":"sk","name":"a","owner":{"type":"user","id":"42"}},{"type":"sx","name":"b","owner":{"type":"user","id":"42"}}]}"#;
    let problem = server.post("/v1/token-groups", JSON, mistyped).assert_problem(422, "invalid-token");
    assert_eq!((&problem["index"], &problem["field"]), (&json!(1), &json!("type")));
}

#[test]
fn tokens_are_listed_a_page_at_a_time_by_every_condition() {
    let server = Server::start();
    let live = json!({"environment": "live", "owner": {"type": "team", "id": "9"}, "abilities": ["orders:*"]});
    let special = issue(&server, &live);
    for _ in 0..4 {
        issue(&server, &json!({"type": "rk"}));
    }
    let child = ask(&server, &special, "derive", &json!({})).json();
    let listed = |query: &str| -> Vec<String> {
        let answer = server.get(&format!("/v1/tokens?{query}"));
        assert_eq!(answer.status, 200, "{query}: {}", answer.text);
        answer.json()["tokens"]
            .as_array()
            .unwrap()
            .iter()
            .map(|token| token["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let both = [id_of(&child), id_of(&special)];
    for query in ["type=sk", "environment=live", "owner=team:9", "ability=orders:read", "prefix=sk"] {
        assert_eq!(listed(query), both, "{query}");
    }
    assert_eq!(listed(&format!("parent={}", id_of(&special))), [id_of(&child)]);
    assert_eq!(listed("state=revoked").len() + listed("state=expired").len(), 0);
    assert_eq!(listed("ungrouped=true&state=active&unused_since=2999-01-01T00:00:00Z").len(), 6);
    verify(&server, text_of(&special), &json!({}));

    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = server.get(&format!("/v1/tokens?limit=2{cursor}")).json();
        all.extend(page["tokens"].as_array().unwrap().iter().map(|token| token["id"].clone()));
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    all.sort_by_key(ToString::to_string);
    all.dedup();
    assert_eq!(all.len(), 6);
}

#[test]
fn a_revealable_token_is_shown_again_to_those_who_may() {
    let directory = tempfile::tempdir().unwrap();
    let config = "[tokens]\nvault_key_file = \"vault.key\"\n[tokens.types.int]\nname = \"Integration\"\nprefix = \"int\"\nrevealable = true\n";
    std::fs::write(directory.path().join("indelible.toml"), config).unwrap();
    std::fs::write(directory.path().join("vault.key"), "5f".repeat(32)).unwrap();
    let server = Server::start_in(directory, &[]);
    let issued = issue(&server, &json!({"type": "int"}));
    let revealed = ask(&server, &issued, "reveal", &json!({}));
    assert_eq!(
        (revealed.header("cache-control"), revealed.json()["plaintext"].as_str()),
        ("no-store", issued["plaintext"].as_str())
    );
    let writer = server.make_key("default", &["tokens:read", "tokens:write", "tokens:verify"]);
    let path = format!("/v1/tokens/{}/reveal", id_of(&issued));
    server.post_as(&writer, &path, JSON, "").assert_problem(403, "forbidden");
    let plain = issue(&server, &json!({}));
    ask(&server, &plain, "reveal", &json!({})).assert_problem(409, "token-not-revealable");
    assert_eq!(actions(&server).iter().filter(|action| *action == "token.revealed").count(), 1);
}

#[test]
fn a_server_that_shall_clears_away_what_ended_of_every_tenant_and_the_log_keeps_it() {
    let server = Server::start();
    let of = |tenant: &str, name: &str| {
        let key = server.make_key(tenant, &["tokens:write"]);
        let issued = server.post_as(&key, "/v1/tokens", JSON, new(&json!({"name": name}))).json();
        (key, format!("/v1/tokens/{}", id_of(&issued)))
    };
    let kept = of("acme", "kept");
    for (key, path) in [of("acme", "ended"), of("globex", "ended")] {
        assert_eq!(server.post_as(&key, &format!("{path}/revoke"), JSON, "").status, 200);
    }
    let directory = server.stop();
    std::fs::write(directory.path().join("indelible.toml"), "[tokens]\nprune_daily = true\nprune_after = \"0s\"\n")
        .unwrap();
    let server = Server::start_in(directory, &[]);
    let mut tail = server.tail_as(&server.key, "/v1/tail?after=0&q=action:token.deleted", None);
    let mut deleted = [tail.next_event(), tail.next_event()].map(|event| {
        assert_eq!(event["actor"]["type"], "system");
        event["tenant"].as_str().unwrap().to_owned()
    });
    deleted.sort();
    assert_eq!(deleted, ["acme", "globex"]);
    let reader = server.make_key("acme", &["tokens:read"]);
    assert_eq!(server.get_as(&reader, &kept.1).status, 200);
    assert_eq!(server.get_as(&reader, "/v1/tokens").json()["tokens"].as_array().unwrap().len(), 1);
}
