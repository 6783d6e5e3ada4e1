//! Drivers of the configuration: what follows the log.

use std::{path::Path, process::Command};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::{NDJSON, Server};

fn configured(toml: &str) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("indelible.toml"), toml).unwrap();
    directory
}

fn driver(server: &Server) -> Value {
    server.get("/v1/status").json()["drivers"][0].clone()
}

/// Asks until the driver has everything; it is the test that ends when it never has.
fn flush(server: &Server) -> u64 {
    loop {
        let status = server.get("/v1/status").json();
        let end = status["next_seq"].as_u64().unwrap();
        if status["drivers"][0]["next_seq"].as_u64().unwrap() >= end {
            return end;
        }
    }
}

fn listed(data: &Path) -> Vec<Value> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_indelible"));
    let output = command.args(["list", "--json", "--oldest", "--limit", "1000", "--data"]).arg(data).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_second_log_has_the_same_events_also_after_a_kill() {
    let mut directory = configured("[drivers.second]\ndriver = \"local\"\npath = \"second\"\n");
    for _ in 0..2 {
        let server = Server::start_in(directory, &[]);
        for nth in 0..20 {
            server.record(&json!({"action": "token.created", "metadata": {"nth": nth}}));
        }
        directory = server.kill();
    }
    let server = Server::start_in(directory, &[]);
    let end = flush(&server);
    let standing = driver(&server);
    assert_eq!(
        (&standing["name"], &standing["error"], &standing["missed"]),
        (&json!("second"), &Value::Null, &json!(0))
    );
    let metrics = server.get("/metrics").text;
    assert!(metrics.contains(&format!("indelible_driver_next_seq{{driver=\"second\"}} {end}")), "{metrics}");
    let directory = server.stop();
    let without_place = |events: Vec<Value>| -> Vec<Value> {
        events
            .into_iter()
            .map(|mut event| event.as_object_mut().unwrap().remove("id").map(|_| event).unwrap())
            .collect()
    };
    let (first, second) = (listed(&directory.path().join("data")), listed(&directory.path().join("second")));
    assert!(first.len() >= 40);
    assert_eq!(without_place(first), without_place(second));
}

#[test]
fn a_driver_that_fails_does_not_stop_the_log_and_is_shown() {
    // Nobody listens there.
    let toml = "[drivers.cloud]\ndriver = \"cloudwatch\"\nlog_group = \"audit\"\nlog_stream = \"main\"\nregion = \"eu-central-1\"\n\
                endpoint = \"http://127.0.0.1:1\"\ncredentials_file = \"credentials\"\n";
    let directory = configured(toml);
    let server = Server::start_in(directory, &[]);
    server.record(&json!({"action": "token.created"}));
    let error = loop {
        if let Some(error) = driver(&server)["error"].as_str() {
            break error.to_owned();
        }
    };
    assert!(error.contains("credentials: cannot read"), "{error}");
    assert!(server.get("/metrics").text.contains("indelible_driver_failing{driver=\"cloud\"} 1"));
    assert_eq!(server.get("/readyz").status, 200);
}

#[test]
fn a_driver_that_cannot_be_made_stops_the_start() {
    let directory = configured("[drivers.cloud]\ndriver = \"cloudwach\"\n");
    let mut command = Command::new(env!("CARGO_BIN_EXE_indelible"));
    let output = command.args(["serve", "--listen", "127.0.0.1:0"]).current_dir(directory.path()).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(error.contains("driver cloud: `cloudwach` is no kind of driver; there are cloudwatch, local"), "{error}");
}

/// Kills in the middle: what the log has is in the cloud, with few duplicates.
#[test]
#[ignore = "needs moto: tests/cloudwatch.sh"]
fn moto_misses_nothing_of_a_server_that_is_killed() {
    const KILLS: u64 = 5;
    let moto = std::env::var("INDELIBLE_MOTO").expect("INDELIBLE_MOTO is the address of a moto server");
    ureq::post(format!("{moto}/moto-api/reset")).send_empty().unwrap();
    let toml = format!(
        "[drivers.cloud]\ndriver = \"cloudwatch\"\nlog_group = \"audit\"\nlog_stream = \"main\"\nregion = \"eu-central-1\"\n\
         endpoint = \"{moto}\"\ncredentials_file = \"credentials\"\n"
    );
    let mut directory = configured(&toml);
    let credentials = "[default]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = secret\n";
    std::fs::write(directory.path().join("credentials"), credentials).unwrap();
    let batch = "{\"action\":\"token.authenticated\"}\n".repeat(300);
    for _ in 0..KILLS {
        let server = Server::start_in(directory, &[]);
        for _ in 0..8 {
            assert_eq!(server.post("/v1/events", NDJSON, &batch).status, 201);
        }
        directory = server.kill();
    }
    let server = Server::start_in(directory, &[]);
    let end = flush(&server);
    assert!(end >= KILLS * 8 * 300);
    let mut seqs = delivered(&moto);
    let duplicates = seqs.len() as u64 - end;
    assert!(duplicates <= KILLS * 1000, "{duplicates} duplicates: at most a batch for each kill");
    seqs.sort_unstable();
    seqs.dedup();
    assert!(seqs.into_iter().eq(0..end));
}

fn delivered(moto: &str) -> Vec<u64> {
    let mut seqs = Vec::new();
    let mut ask = json!({"logGroupName": "audit", "logStreamName": "main", "startFromHead": true, "limit": 5000});
    loop {
        let signed = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261120/eu-central-1/logs/aws4_request, SignedHeaders=host, Signature=0";
        let post =
            ureq::post(moto).header("x-amz-target", "Logs_20140328.GetLogEvents").header("authorization", signed);
        let mut answer = post.content_type("application/x-amz-json-1.1").send(ask.to_string()).unwrap();
        let page: Value = serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap();
        let events = page["events"].as_array().unwrap();
        let seq =
            |event: &Value| serde_json::from_str::<Value>(event["message"].as_str().unwrap()).unwrap()["seq"].as_u64();
        seqs.extend(events.iter().filter_map(seq));
        if events.is_empty() {
            return seqs;
        }
        ask["nextToken"] = page["nextForwardToken"].clone();
    }
}
