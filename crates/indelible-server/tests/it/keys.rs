use serde_json::json;

use crate::server::{JSON, Server};

const EVENT: &str = r#"{"action":"a.b"}"#;

#[test]
fn without_a_key_that_counts_nothing_is_served() {
    let server = Server::start();
    for path in
        ["/v1/events", "/v1/events/0", "/v1/aggregate", "/v1/tail", "/v1/export", "/v1/keys", "/v1/status", "/metrics"]
    {
        let answer = server.get_as("ik_wrong", path);
        answer.assert_problem(401, "unauthorized");
        assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"indelible\"");
    }
    server.post_as("ik_wrong", "/v1/events", JSON, EVENT).assert_problem(401, "unauthorized");
    server.post_with("/v1/events", &[("content-type", JSON)], EVENT).assert_problem(401, "unauthorized");
}

#[test]
fn a_key_does_what_its_abilities_say_and_no_more() {
    let server = Server::start();
    let writer = server.make_key("default", &["events:write"]);
    let reader = server.make_key("default", &["events:read"]);
    assert_eq!(server.post_as(&writer, "/v1/events", JSON, EVENT).status, 201);
    assert_eq!(server.get_as(&reader, "/v1/events").status, 200);
    server.get_as(&writer, "/v1/events").assert_problem(403, "forbidden");
    server.post_as(&reader, "/v1/events", JSON, EVENT).assert_problem(403, "forbidden");
    for key in [&writer, &reader] {
        server.get_as(key, "/v1/keys").assert_problem(403, "forbidden");
        server.get_as(key, "/metrics").assert_problem(403, "forbidden");
    }
}

#[test]
fn a_revoked_key_counts_no_longer() {
    let server = Server::start();
    let secret = server.make_key("default", &["events:read"]);
    let keys = server.get("/v1/keys").json();
    let id = keys["keys"][1]["id"].as_str().unwrap();
    assert_eq!(server.get_as(&secret, "/v1/events").status, 200);
    let revoked = server.delete_as(&server.key, &format!("/v1/keys/{id}"));
    assert!(revoked.json()["key"]["revoked_at"].is_string());
    server.get_as(&secret, "/v1/events").assert_problem(401, "unauthorized");
    server.delete_as(&server.key, "/v1/keys/key_none").assert_problem(404, "not-found");
}

#[test]
fn a_key_that_makes_no_sense_is_refused_with_its_field() {
    let server = Server::start();
    let make = |new: serde_json::Value| server.post("/v1/keys", JSON, new.to_string());
    make(json!({"name": "x"})).assert_problem(400, "malformed");
    make(json!({"name": "x", "abilities": ["fly"]})).assert_problem(400, "malformed");
    let past = json!({"name": "x", "abilities": ["admin"], "expires_at": "2001-01-01T00:00:00Z"});
    assert_eq!(make(past).assert_problem(422, "invalid-key")["field"], "expires_at");
    assert_eq!(make(json!({"name": "", "abilities": ["admin"]})).assert_problem(422, "invalid-key")["field"], "name");
}

#[test]
fn secrets_are_in_no_answer_and_no_file_but_the_first_key_s() {
    let server = Server::start();
    let secret = server.make_key("acme", &["events:read"]);
    assert!(!server.get("/v1/keys").text.contains(&secret));
    for entry in std::fs::read_dir(server.data().join("keys")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let holds = |secret: &str| bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!holds(&secret), "{}", path.display());
        assert_eq!(holds(&server.key), path.ends_with("admin.key"), "{}", path.display());
    }
}

/// Runs `indelible key` and gives what it prints as JSON.
fn key_command(arguments: &[&str]) -> serde_json::Value {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_indelible"))
        .args(["key", "--json"])
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap_or_default()
}

#[test]
fn the_command_makes_and_revokes_keys_of_a_server() {
    let server = Server::start();
    let url = server.url("");
    let there = ["--url", &*url, "--key", &*server.key];
    let made = key_command(&[&["create", "ci", "--ability", "events:read,events:write"], &there[..]].concat());
    let secret = made["secret"].as_str().unwrap();
    assert_eq!(server.get_as(secret, "/v1/events").status, 200);
    key_command(&[&["revoke", made["key"]["id"].as_str().unwrap()], &there[..]].concat());
    server.get_as(secret, "/v1/events").assert_problem(401, "unauthorized");
}

#[test]
fn a_key_made_in_the_data_directory_counts_for_the_server_that_runs_on_it() {
    let server = Server::start();
    let data = server.data();
    let made = key_command(&["create", "ci", "--ability", "events:read", "--data", data.to_str().unwrap()]);
    let secret = made["secret"].as_str().unwrap();
    // The server looks at the file once a second.
    let counts = || server.get_as(secret, "/v1/events").status == 200;
    assert!(std::iter::repeat_with(counts).take(100_000).any(|counts| counts));
}

#[test]
fn who_made_and_who_revoked_a_key_is_in_the_log_wherever_that_was_done() {
    let server = Server::start();
    let (url, data) = (server.url(""), server.data());
    let there = ["--url", &*url, "--key", &*server.key];
    let here = ["--data", data.to_str().unwrap()];
    let create = ["create", "ci", "--ability", "events:read", "--tenant", "acme"];
    let one = key_command(&[&create, &there[..]].concat());
    key_command(&[&["revoke", one["key"]["id"].as_str().unwrap()], &there[..]].concat());
    // The server has the log: it tells.
    let other = key_command(&[&create, &here[..]].concat());
    let directory = server.stop();
    key_command(&[&["revoke", other["key"]["id"].as_str().unwrap()], &here[..]].concat());
    let server = Server::start_in(directory, &[]).restart();
    let mut events = server.events();
    events.retain(|event| event["targets"][0]["type"] == "api_key");
    let told: Vec<_> = events
        .iter()
        .map(|event| (&event["action"], &event["targets"][0]["id"], event["actor"]["name"].as_str(), &event["tenant"]))
        .collect();
    let (created, revoked, acme) = (&json!("audit.api_key.created"), &json!("audit.api_key.revoked"), &json!("acme"));
    let administrator = Some("first administrator");
    let expected = [
        (created, &one["key"]["id"], administrator, acme),
        (revoked, &one["key"]["id"], administrator, acme),
        (created, &other["key"]["id"], None, acme),
        (revoked, &other["key"]["id"], None, acme),
    ];
    assert_eq!(told, expected);
    assert_eq!(events[3]["actor"], json!({"type": "system", "id": "indelible"}));
}
