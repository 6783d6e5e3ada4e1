use serde_json::json;

use crate::server::{NDJSON, Server};

fn lines(count: usize) -> String {
    (0..count).map(|n| format!("{{\"action\":\"a.b\",\"request_id\":\"r{n}\"}}\n")).collect()
}

#[test]
fn a_tail_shows_what_comes_and_resumes_without_a_gap() {
    let server = Server::start();
    server.post("/v1/events", NDJSON, lines(10));
    let mut tail = server.tail_as(&server.key, "/v1/tail", None);
    // The first line of the stream says that the position is taken.
    tail.next_of("retry:").unwrap();
    server.record(&json!({"action": "a.new"}));
    assert_eq!(tail.next_event()["seq"], 10);
    drop(tail);
    server.post("/v1/events", NDJSON, lines(2500));
    let mut tail = server.tail_as(&server.key, "/v1/tail", Some("10"));
    for seq in 11..2511 {
        assert_eq!(tail.next_of("id: ").unwrap(), seq.to_string());
    }
    server.record(&json!({"action": "a.new"}));
    assert_eq!(tail.next_event()["seq"], 2510);
    assert_eq!(tail.next_event()["seq"], 2511);
}

#[test]
fn a_filtered_tail_shows_only_what_matches() {
    let server = Server::start();
    let mut tail = server.tail_as(&server.key, "/v1/tail?after=0&q=action:a.wanted", None);
    server.record(&json!({"action": "a.other"}));
    server.post("/v1/events", NDJSON, lines(1500));
    server.record(&json!({"action": "a.wanted"}));
    assert_eq!(tail.next_event()["action"], "a.wanted");
}

#[test]
fn more_tails_than_allowed_are_sent_away() {
    let server = Server::start_with(&["--tails-max", "1"]);
    let mut tail = server.tail_as(&server.key, "/v1/tail", None);
    tail.next_of("retry:").unwrap();
    let answer = server.get("/v1/tail");
    answer.assert_problem(429, "busy");
    assert_eq!(answer.header("retry-after"), "1");
}

#[test]
fn an_export_holds_every_event_in_order() {
    let server = Server::start();
    server.post("/v1/events", NDJSON, lines(3456));
    let export = server.get("/v1/export?q=action:a.b");
    assert_eq!(export.header("content-type"), "application/x-ndjson");
    let seqs: Vec<u64> = export
        .text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["seq"].as_u64().unwrap())
        .collect();
    assert_eq!(seqs, (0..3456).collect::<Vec<u64>>());
    let csv = server.get("/v1/export?format=csv").text;
    assert_eq!(csv.lines().count(), 3457);
}

#[test]
fn a_formula_in_an_event_is_harmless_in_csv() {
    let server = Server::start();
    server.record(&json!({"action": "a.b", "actor": {"type": "user", "id": "=HYPERLINK(\"x\")"}}));
    let csv = server.get("/v1/export?format=csv").text;
    assert!(csv.contains(",\"'=HYPERLINK(\"\"x\"\")\","), "{csv}");
}

#[test]
fn a_parquet_export_is_a_whole_file() {
    let server = Server::start();
    server.post("/v1/events", NDJSON, lines(100));
    let export = server.bytes("/v1/export?format=parquet");
    assert!(export.starts_with(b"PAR1") && export.ends_with(b"PAR1"));
}

#[test]
fn an_export_holds_everything_acknowledged_before_it() {
    let server = Server::start();
    for count in 1..50 {
        server.record(&json!({"action": "a.b"}));
        assert_eq!(server.get("/v1/export").text.lines().count(), count);
    }
}
