use std::process::Command;

use serde_json::json;

use crate::server::{JSON, NDJSON, Server};

#[test]
fn everything_acknowledged_is_there_after_a_restart() {
    let server = Server::start();
    server.record(&json!({"action": "a.one"}));
    server.post("/v1/events?durability=queued", JSON, r#"{"action":"a.two"}"#);
    let key = server.key.clone();
    let server = server.restart();
    assert_eq!(server.key, key, "the first key is made once");
    let actions: Vec<_> = server.events().iter().map(|event| event["action"].as_str().unwrap().to_owned()).collect();
    assert_eq!(actions, ["a.one", "a.two"]);
}

#[test]
fn who_has_read_is_in_the_log_after_the_server_stopped() {
    let server = Server::start();
    for _ in 0..3 {
        server.get("/v1/events");
    }
    server.get("/v1/export");
    let server = server.restart();
    let mut told: Vec<_> = server
        .events()
        .iter()
        .map(|event| (event["action"].as_str().unwrap().to_owned(), event["count"].as_u64()))
        .collect();
    told.sort();
    assert_eq!(told, [("audit.log.exported".to_owned(), Some(1)), ("audit.log.read".to_owned(), Some(3))]);
}

#[test]
fn who_was_not_let_in_is_in_the_log_with_the_address() {
    let server = Server::start();
    let writer = server.make_key("acme", &["events:write"]);
    for _ in 0..3 {
        server.get_as("ik_guessed", "/v1/events");
    }
    server.get_as(&writer, "/v1/events");
    let server = server.restart();
    let mut told: Vec<String> = server
        .events()
        .iter()
        .filter(|event| event["action"] != "audit.api_key.created")
        .map(|event| {
            let of = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
            assert_eq!(event["context"]["ip"], "127.0.0.1");
            format!("{} {} {} {}", of("tenant"), of("action"), of("reason"), event["count"])
        })
        .collect();
    told.sort();
    let expected =
        ["acme token.scope_denied insufficient_scope 1", "default token.authentication_failed token_unknown 3"];
    assert_eq!(told, expected);
}

#[test]
fn a_stop_ends_live_tails_politely_and_succeeds() {
    let mut server = Server::start();
    let mut tail = server.tail_as(&server.key, "/v1/tail", None);
    tail.next_of("retry:").unwrap();
    assert!(server.terminate().success());
    assert_eq!(tail.next_of("event: ").as_deref(), Some("closing"));
    assert_eq!(tail.next_of("never"), None);
}

#[test]
fn a_request_under_way_is_finished_before_the_end() {
    let mut server = Server::start();
    let body = "{\"action\":\"a.b\"}\n".repeat(5000);
    let key = server.key.clone();
    std::thread::scope(|scope| {
        let mut stream = server.connect();
        let sending = scope.spawn(move || {
            use std::io::{Read, Write};
            let head = format!(
                "POST /v1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\ncontent-type: {NDJSON}\r\n\
                 content-length: {}\r\n\r\n",
                body.len()
            );
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(body.as_bytes()).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        });
        let probe = server.get("/healthz");
        assert_eq!(probe.status, 200);
        assert!(server.terminate().success());
        let answer = sending.join().unwrap();
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 201"), "{answer}");
    });
}

#[test]
fn the_configuration_that_holds_is_printed() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("indelible.toml"), "tails_max = 7\nexports_max = 9\n").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_indelible"))
        .args(["serve", "--print-config", "--tails-max", "8"])
        .env("INDELIBLE_EXPORTS_MAX", "10")
        .current_dir(directory.path())
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.contains("\ntails_max = 8\n") && printed.contains("\nexports_max = 10\n"), "{printed}");
}

#[test]
fn a_misspelt_option_in_the_file_stops_the_start() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("indelible.toml"), "tails_mx = 7\n").unwrap();
    let output =
        Command::new(env!("CARGO_BIN_EXE_indelible")).arg("serve").current_dir(directory.path()).output().unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("did you mean `tails_max`?"), "{said}");
}
