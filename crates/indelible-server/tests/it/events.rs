use indelible_proof::{
    checkpoint::Checkpoint,
    note::{Note, VerifierKey},
    tree::{Hash, verify_inclusion},
};
use serde_json::{Value, json};

use crate::server::{JSON, NDJSON, Server, bearer};

#[test]
fn an_event_is_read_back_as_it_was_sent() {
    let server = Server::start();
    let sent = json!({
        "action": "token.revoked", "tenant": "acme", "actor": {"type": "user", "id": "42", "email": "alice@example.com"},
        "targets": [{"type": "token", "id": "tok_7"}], "metadata": {"ticket": "SEC-118", "n": 1.5},
    });
    let receipt = server.record(&sent);
    for path in [format!("/v1/events/{}", receipt["id"].as_str().unwrap()), "/v1/events/0".to_owned()] {
        let event = server.get(&path).json();
        for (field, value) in sent.as_object().unwrap() {
            assert_eq!(&event[field], value);
        }
        assert_eq!((&event["id"], &event["seq"]), (&receipt["id"], &json!(0)));
    }
    assert_eq!(receipt["leaf_hash"].as_str().unwrap().len(), 64);
}

#[test]
fn a_list_and_ndjson_are_stored_in_their_order() {
    let server = Server::start();
    let list = server.post("/v1/events", JSON, r#"[{"action":"a.one"},{"action":"a.two"}]"#);
    assert_eq!(list.status, 201);
    let lines = server.post("/v1/events", NDJSON, "{\"action\":\"a.three\"}\n\n{\"action\":\"a.four\"}\r\n");
    assert_eq!(lines.json()["receipts"].as_array().unwrap().len(), 2);
    let actions: Vec<Value> = server.events().iter().map(|event| event["action"].clone()).collect();
    assert_eq!(actions, ["a.one", "a.two", "a.three", "a.four"]);
}

#[test]
fn one_bad_event_of_a_batch_stores_none_and_is_named() {
    let server = Server::start();
    let list = server.post("/v1/events", JSON, r#"[{"action":"a.one"},{"action":"a.two","actor":{"id":5}}]"#);
    let problem = list.assert_problem(422, "invalid-event");
    assert_eq!((&problem["index"], &problem["field"]), (&json!(1), &json!("actor.id")));
    let lines = server.post("/v1/events", NDJSON, "{\"action\":\"a.one\"}\n\n{\"action\":\"A\"}\n");
    let problem = lines.assert_problem(422, "invalid-event");
    assert_eq!((&problem["line"], &problem["field"]), (&json!(3), &json!("action")));
    assert!(server.events().is_empty());
}

#[test]
fn skipping_stores_the_good_lines_and_lists_the_bad_by_number() {
    let server = Server::start();
    let body =
        "{\"action\":\"a.one\"}\n{\"action\":1}\nnonsense\n{\"action\":\"a.b\",\"count\":0}\n{\"action\":\"a.two\"}\n";
    let answer = server.post("/v1/events?on_error=skip", NDJSON, body).json();
    assert_eq!(answer["receipts"].as_array().unwrap().len(), 2);
    assert_eq!(answer["rejected_count"], 3);
    let lines: Vec<&Value> = answer["rejected"].as_array().unwrap().iter().map(|bad| &bad["line"]).collect();
    assert_eq!(lines, [2, 3, 4]);
    assert_eq!(server.events().len(), 2);
}

#[test]
fn an_idempotency_key_in_the_header_stores_once() {
    let server = Server::start();
    let authorization = bearer(&server.key);
    let headers = [("content-type", JSON), ("authorization", &*authorization), ("idempotency-key", "k1")];
    let first = server.post_with("/v1/events", &headers, r#"{"action":"a.b"}"#);
    let again = server.post_with("/v1/events", &headers, r#"{"action":"a.b"}"#);
    assert_eq!((first.status, again.status), (201, 200));
    assert_eq!(again.json()["receipts"][0]["duplicate"], true);
    assert_eq!(first.json()["receipts"][0]["id"], again.json()["receipts"][0]["id"]);
    assert_eq!(server.events().len(), 1);
    let batch = server.post_with("/v1/events", &headers, r#"[{"action":"a.b"}]"#);
    assert_eq!(batch.assert_problem(400, "invalid-parameter")["field"], "idempotency-key");
}

#[test]
fn queued_events_are_accepted_without_receipts_and_stored() {
    let mut server = Server::start();
    let mut tail = server.tail_as(&server.key, "/v1/tail?after=0", None);
    server.record(&json!({"action": "a.one"}));
    let answer = server.post("/v1/events?durability=queued", JSON, r#"{"action":"a.two"}"#);
    assert_eq!((answer.status, answer.json()), (202, json!({"queued": 1})));
    assert_eq!(tail.next_event()["action"], "a.two");
    let invalid = server.post("/v1/events?durability=queued", JSON, r#"{"action":"nope"}"#);
    invalid.assert_problem(422, "invalid-event");
    assert!(server.terminate().success());
}

#[test]
fn compressed_bodies_are_read() {
    let server = Server::start();
    let body = br#"{"action":"a.b"}"#;
    let gzip = {
        use std::io::Write;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    };
    let authorization = bearer(&server.key);
    for (encoding, bytes) in [("gzip", gzip), ("zstd", zstd::encode_all(&body[..], 1).unwrap())] {
        let headers = [("content-type", JSON), ("authorization", &*authorization), ("content-encoding", encoding)];
        assert_eq!(server.post_with("/v1/events", &headers, bytes).status, 201, "{encoding}");
    }
}

#[test]
fn pages_follow_each_other_without_gap_or_repeat_while_events_arrive() {
    let server = Server::start();
    let lines: String = (0..25).map(|n| format!("{{\"action\":\"a.b\",\"request_id\":\"r{n}\"}}\n")).collect();
    assert_eq!(server.post("/v1/events", NDJSON, lines).status, 201);
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = server.get(&format!("/v1/events?limit=10&q=action:a.b{cursor}")).json();
        seen.extend(page["events"].as_array().unwrap().iter().map(|event| event["seq"].as_u64().unwrap()));
        server.record(&json!({"action": "a.b"}));
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, (0..25).rev().collect::<Vec<u64>>());
}

#[test]
fn filters_and_aggregates_answer_over_http() {
    let server = Server::start();
    let body = "{\"action\":\"token.created\"}\n{\"action\":\"token.revoked\"}\n{\"action\":\"token.revoked\",\"tenant\":\"acme\"}\n";
    server.post("/v1/events", NDJSON, body);
    let page = server.get("/v1/events?q=action:token.revoked%20tenant:acme").json();
    assert_eq!(page["events"].as_array().unwrap().len(), 1);
    let table = server.get("/v1/aggregate?group_by=action&measure=count&order=-count").json();
    assert_eq!(table["rows"], json!([["token.revoked", 2], ["token.created", 1]]));
    assert_eq!((&table["columns"], &table["exact"]), (&json!(["action", "count"]), &json!(true)));
}

#[test]
fn a_misspelt_field_in_a_filter_is_pointed_at() {
    let server = Server::start();
    let problem = server.get("/v1/events?q=outcome:failure%20acton:x").assert_problem(400, "invalid-parameter");
    assert_eq!(
        (&problem["field"], &problem["column"], &problem["suggestion"]),
        (&json!("q"), &json!(17), &json!("action"))
    );
    let problem = server.get("/v1/aggregate?group_by=acton").assert_problem(400, "invalid-parameter");
    assert_eq!((&problem["field"], &problem["suggestion"]), (&json!("group_by"), &json!("action")));
    assert_eq!(server.get("/v1/events?lmit=3").assert_problem(400, "invalid-parameter")["field"], "lmit");
    assert_eq!(server.get("/v1/events?limit=0").assert_problem(400, "invalid-parameter")["field"], "limit");
    assert_eq!(server.get("/v1/events?cursor=x").assert_problem(400, "invalid-parameter")["field"], "cursor");
}

#[test]
fn what_is_not_there_is_a_problem_in_json_too() {
    let server = Server::start();
    server.get("/v1/events/7").assert_problem(404, "not-found");
    server.get("/nowhere").assert_problem(404, "not-found");
    let answer = server.post("/healthz", JSON, "");
    answer.assert_problem(405, "method-not-allowed");
    assert_eq!(answer.header("allow"), "GET,HEAD");
}

#[test]
fn health_metrics_and_the_description_are_served() {
    let server = Server::start();
    server.record(&json!({"action": "a.b"}));
    assert_eq!(server.get("/healthz").json(), json!({"status": "ok"}));
    assert_eq!(server.get("/readyz").json(), json!({"status": "ready"}));
    assert_eq!(server.get("/v1/status").json()["next_seq"], 1);
    let metrics = server.get("/metrics").text;
    assert!(metrics.contains("\nindelible_events_recorded_total 1\n"), "{metrics}");
    let description = server.get("/openapi.json").json();
    assert_eq!(description["openapi"], "3.1.0");
    assert!(
        description["paths"]["/v1/events"]["post"]["requestBody"]["content"][JSON]["example"]["action"].is_string()
    );
}

#[test]
fn a_receipt_proves_on_request_that_the_event_is_in_the_signed_tree() {
    let server = Server::start();
    for n in 0..5 {
        server.record(&json!({"action": "a.b", "request_id": format!("r{n}")}));
    }
    let body = "{\"action\":\"a.c\",\"idempotency_key\":\"k\"}\n{\"action\":\"a.c\",\"idempotency_key\":\"k\"}\n{\"action\":\"a.d\"}\n";
    let writer = server.make_key("default", &["events:write"]);
    let answer = server.post_as(&writer, "/v1/events?proof=true", NDJSON, body);
    assert_eq!(answer.status, 201, "{}", answer.text);
    let answer = answer.json();
    let key: VerifierKey = server.get("/v1/status").json()["verifier_key"].as_str().unwrap().parse().unwrap();
    let note = Note::parse(answer["checkpoint"].as_str().unwrap().as_bytes()).unwrap();
    let checkpoint = Checkpoint::open(&note, &[key]).unwrap();
    assert_eq!((checkpoint.size(), answer["size"].as_u64()), (7, Some(7)));
    let receipts = answer["receipts"].as_array().unwrap();
    assert_eq!(receipts.iter().map(|receipt| receipt["seq"].as_u64().unwrap()).collect::<Vec<_>>(), [5, 5, 6]);
    for receipt in receipts {
        let hashes: Vec<Hash> = receipt["proof"].as_array().unwrap().iter().map(hash).collect();
        let seq = receipt["seq"].as_u64().unwrap();
        verify_inclusion(&hash(&receipt["leaf_hash"]), seq, 7, &hashes, checkpoint.root()).unwrap();
    }
}

fn hash(hex: &Value) -> Hash {
    let digits = hex.as_str().unwrap();
    Hash(std::array::from_fn(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap()))
}

#[test]
fn a_proof_is_for_few_events_that_are_durable() {
    let server = Server::start();
    let event = r#"{"action":"a.b"}"#;
    for durability in ["written", "queued"] {
        let answer = server.post(&format!("/v1/events?proof=true&durability={durability}"), JSON, event);
        answer.assert_problem(400, "invalid-parameter");
    }
    let many = format!("{event}\n").repeat(1001);
    server.post("/v1/events?proof=true", NDJSON, &many).assert_problem(413, "too-large");
    assert_eq!(server.get("/v1/status").json()["next_seq"], 0);
    assert!(server.record(&json!({"action": "a.b"})).get("proof").is_none());
}
