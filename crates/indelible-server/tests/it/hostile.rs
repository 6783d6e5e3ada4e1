//! Input that means harm: a clear answer, nothing stored, and the server goes on.

use std::io::Write;

use serde_json::json;

use crate::server::{JSON, NDJSON, Server, bearer};

fn deep(levels: usize) -> String {
    format!("{{\"action\":\"a.b\",\"metadata\":{{\"x\":{}1{}}}}}", "[".repeat(levels), "]".repeat(levels))
}

#[test]
fn events_that_break_a_rule_name_the_field_and_are_not_stored() {
    let server = Server::start();
    let cases: &[(&str, &str)] = &[
        (r#"{"action":"a.b","acter":{"id":"1"}}"#, "acter"),
        (r#"{"action":"a.b","actor":{"id":1}}"#, "actor.id"),
        (r#"{"action":"a.b","targets":[{"id":"1"},{"idd":"2"}]}"#, "targets[1].idd"),
        (r#"{"action":"a.b","metadata":{"n":1e400}}"#, "metadata.n"),
        (r#"{"action":"a.b","metadata":{"n":9007199254740993}}"#, "metadata.n"),
        (r#"{"action":"a.b","metadata":{"t":"\u0000"}}"#, "metadata.t"),
        (r#"{"action":"a.b","metadata":{"t":1,"t":2}}"#, "metadata.t"),
        (r#"{"action":"a.b","seq":3}"#, "seq"),
        (r#"{"action":"a.b","recorded_at":"2026-11-20T12:00:00Z"}"#, "recorded_at"),
        (r#"{"action":"a.b","occurred_at":"yesterday"}"#, "occurred_at"),
        (r#"{"action":"a.b","context":{"ip":"999.1.1.1"}}"#, "context.ip"),
        (r#"{"action":"a.b","count":-1}"#, "count"),
        (r#"{"action":""}"#, "action"),
        (r#"{}"#, "action"),
    ];
    for (body, field) in cases {
        let answer = server.post("/v1/events", JSON, body);
        assert!(matches!(answer.status, 400 | 422), "{body}: {}", answer.text);
        if answer.status == 422 {
            assert_eq!(answer.json()["field"], *field, "{body}");
        }
        assert!(answer.json()["detail"].as_str().unwrap().contains("nothing was stored"), "{}", answer.text);
    }
    assert!(server.events().is_empty());
}

#[test]
fn what_is_no_json_is_malformed() {
    let server = Server::start();
    let deep = deep(1_000_000);
    let bodies: &[&[u8]] = &[
        b"",
        b" ",
        b"{",
        b"nope",
        b"{\"action\":\"a.b\"} x",
        b"{\"action\":\"a\xff.b\"}",
        b"[{\"action\":\"a.b\"},",
        b"[]",
    ];
    for body in bodies {
        server.post("/v1/events", JSON, body).assert_problem(400, "malformed");
    }
    let answer = server.post("/v1/events", JSON, &deep);
    assert!(matches!(answer.status, 400 | 422), "{}", answer.text);
    let answer = server.post("/v1/events", JSON, format!("[{deep}]"));
    assert!(matches!(answer.status, 400 | 422), "{}", answer.text);
    assert!(server.events().is_empty());
}

#[test]
fn other_media_types_and_encodings_are_refused() {
    let server = Server::start();
    server.post("/v1/events", "text/xml", "<a/>").assert_problem(415, "unsupported-media-type");
    let authorization = bearer(&server.key);
    let headers = [("content-type", JSON), ("authorization", &*authorization), ("content-encoding", "br")];
    server.post_with("/v1/events", &headers, "x").assert_problem(415, "unsupported-media-type");
    let headers = [("content-type", JSON), ("authorization", &*authorization), ("content-encoding", "gzip")];
    server.post_with("/v1/events", &headers, "not gzip").assert_problem(400, "malformed");
}

#[test]
fn bodies_over_the_limit_are_refused_before_and_after_decompression() {
    let server = Server::start_with(&["--body-bytes-max", "100000"]);
    let large = format!("{{\"action\":\"a.b\",\"metadata\":{{\"t\":\"{}\"}}}}", "x".repeat(100_000));
    server.post("/v1/events", JSON, &large).assert_problem(413, "too-large");
    let bomb = vec![b' '; 64 << 20];
    let authorization = bearer(&server.key);
    let gzip = {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(&bomb).unwrap();
        encoder.finish().unwrap()
    };
    for (encoding, bytes) in [("gzip", gzip), ("zstd", zstd::encode_all(&bomb[..], 1).unwrap())] {
        assert!(bytes.len() < 100_000);
        let headers = [("content-type", JSON), ("authorization", &*authorization), ("content-encoding", encoding)];
        let answer = server.post_with("/v1/events", &headers, bytes);
        assert!(matches!(answer.status, 413 | 400), "{encoding}: {}", answer.text);
    }
    let chunked = format!(
        "POST /v1/events HTTP/1.1\r\nhost: x\r\nauthorization: {authorization}\r\ntransfer-encoding: chunked\r\n\r\n\
         20000\r\n{}",
        " ".repeat(0x20000)
    );
    assert!(server.raw(chunked.as_bytes()).starts_with("HTTP/1.1 413"));
    assert!(server.events().is_empty());
}

#[test]
fn more_events_than_a_request_may_have_are_refused() {
    let server = Server::start();
    let lines = "{\"action\":\"a.b\"}\n".repeat(10_001);
    assert_eq!(server.post("/v1/events", NDJSON, &lines).assert_problem(413, "too-large")["line"], 10_001);
    let list = format!("[{}0]", "0,".repeat(1_000_000));
    server.post("/v1/events", JSON, &list).assert_problem(413, "too-large");
    assert!(server.events().is_empty());
}

#[test]
fn bad_framing_stores_nothing() {
    let server = Server::start();
    let head = format!("POST /v1/events HTTP/1.1\r\nhost: x\r\nauthorization: {}\r\n", bearer(&server.key));
    let body = r#"{"action":"a.b"}"#;
    let cases = [
        format!("{head}transfer-encoding: chunked\r\n\r\nzz\r\n{body}\r\n0\r\n\r\n"),
        format!("{head}content-length: 5\r\ncontent-length: 16\r\n\r\n{body}"),
        format!("{head}content-length: -1\r\n\r\n{body}"),
        format!("{head}x: {}\r\n\r\n", "y".repeat(100_000)),
        format!("{head}{}\r\n", "x: y\r\n".repeat(100)),
        "\x16\x03\x01\x02\x00\x01\x00\x01\r\n\r\n".to_owned(),
    ];
    for case in cases {
        let answer = server.raw(case.as_bytes());
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    assert!(server.events().is_empty());
}

#[test]
fn a_sender_that_stalls_in_the_body_is_sent_away() {
    let server = Server::start_with(&["--request-timeout-s", "1"]);
    let request = format!(
        "POST /v1/events HTTP/1.1\r\nhost: x\r\nauthorization: {}\r\ncontent-length: 16\r\n\r\n{{\"act",
        bearer(&server.key)
    );
    assert!(server.raw(request.as_bytes()).starts_with("HTTP/1.1 408"));
    assert!(server.events().is_empty());
}

#[test]
fn a_reader_that_stalls_loses_its_connection() {
    let server = Server::start_with(&["--request-timeout-s", "1"]);
    let mut stream = server.connect();
    // Once both sockets' buffers are full this blocks, until the server gives up.
    while stream.write_all(b"GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n").is_ok() {}
    server.record(&json!({"action": "a.after"}));
}

#[test]
fn a_sender_that_goes_away_in_the_body_stores_nothing() {
    let server = Server::start();
    let request = format!(
        "POST /v1/events HTTP/1.1\r\nhost: x\r\nauthorization: {}\r\ncontent-length: 100\r\n\r\n{{\"action\":\"a.b\"}}",
        bearer(&server.key)
    );
    let mut stream = server.connect();
    stream.write_all(request.as_bytes()).unwrap();
    stream.shutdown(std::net::Shutdown::Both).unwrap();
    drop(stream);
    server.record(&json!({"action": "a.after"}));
    assert_eq!(server.events().len(), 1);
}

#[test]
fn a_long_query_is_refused() {
    let server = Server::start();
    let long = "x".repeat(9000);
    server.get(&format!("/v1/events?q={long}")).assert_problem(414, "query-too-long");
    server.get(&format!("/v1/events?q={}", "x".repeat(5000))).assert_problem(400, "invalid-parameter");
    server.get(&format!("/v1/events/{}", "9".repeat(500))).assert_problem(400, "invalid-parameter");
    server.get("/v1/tail?after=-1").assert_problem(400, "invalid-parameter");
    server.get("/v1/export?format=exe").assert_problem(400, "invalid-parameter");
}

#[test]
fn a_path_that_is_no_text_is_malformed() {
    let server = Server::start();
    server.get("/v1/events/%ff").assert_problem(400, "malformed");
    server.delete_as(&server.key, "/v1/keys/%ff").assert_problem(400, "malformed");
}

#[test]
fn a_page_of_large_events_is_cut_and_the_next_one_goes_on() {
    let server = Server::start();
    let large = json!({"action": "a.b", "metadata": {"x": "x".repeat(60_000)}});
    let batch = vec![large; 100];
    assert_eq!(server.post("/v1/events", JSON, json!(batch).to_string()).status, 201);
    let (mut seqs, mut path) = (Vec::new(), "/v1/events?limit=1000&order=oldest".to_owned());
    loop {
        let page = server.get(&path);
        assert!(page.text.len() < 3 << 20, "{}", page.text.len());
        let page = page.json();
        seqs.extend(page["events"].as_array().unwrap().iter().map(|event| event["seq"].as_u64().unwrap()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/events?limit=1000&order=oldest&cursor={next}");
    }
    assert_eq!(seqs, (0..100).collect::<Vec<u64>>());
}
