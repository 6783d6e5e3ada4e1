//! The bench: that it measures what it says, not how fast anything is.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Shell;

fn figures(shell: &Shell, arguments: &[&str]) -> Value {
    let arguments: Vec<&str> = ["bench"].iter().chain(arguments).chain(&["--json"]).copied().collect();
    serde_json::from_str(&shell.run(&arguments).ok()).unwrap()
}

#[test]
fn every_way_in_records_all_its_events_and_gives_all_figures() {
    let shell = Shell::new();
    let ways: [&[&str]; 5] = [
        &["--concurrency", "2"],
        &["--no-seal"],
        &["--http"],
        &["--http", "--batch", "1", "--concurrency", "7"],
        &["--queued", "--rate", "20000", "--concurrency", "2"],
    ];
    for (number, way) in ways.into_iter().enumerate() {
        let (data, number) = (format!("data{number}"), 1501 + number as u64);
        let (events, waits) = (number.to_string(), !way.contains(&"--queued"));
        let figures = figures(&shell, &[&["ingest", "--data", &data, "--events", &events], way].concat());
        let lost = figures["lost_events"].as_u64().unwrap_or(0);
        assert_eq!(figures["events"].as_u64().unwrap() + lost, number, "{figures}");
        let timed = if waits { ["ack_p50_us", "ack_p99_us"] } else { ["call_p50_ns", "call_p99_ns"] };
        let always = ["events_per_s", "bytes_per_event", "cpu_ns_per_event", "rss_max_bytes", "fsync_p50_us"];
        for name in always.iter().chain(&timed) {
            assert!(figures[name].as_f64().is_some_and(|figure| figure > 0.0), "{name} of {way:?}: {figures}");
        }
        assert_eq!(figures["seal_events_per_s"].is_number(), way == ["--no-seal"]);
    }
}

#[test]
fn questions_are_measured_in_place_and_over_http_and_the_log_is_verified() {
    let shell = Shell::new();
    figures(&shell, &["ingest", "--events", "3000"]);
    let names: BTreeSet<&str> = ["exact", "filter", "name", "p50_us", "p95_us", "rows"].into();
    let answers = ["query", "query --http"].map(|way| {
        let arguments = ["bench"].into_iter().chain(way.split(' ')).chain(["--rounds", "1", "--json"]);
        let lines = shell.run(&arguments.collect::<Vec<_>>()).ok();
        let answers: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(answers.len(), 8);
        answers.iter().for_each(|answer| {
            assert_eq!(answer.as_object().unwrap().keys().map(String::as_str).collect::<BTreeSet<_>>(), names);
        });
        answers.into_iter().map(|answer| (answer["name"].clone(), answer["rows"].clone())).collect::<Vec<_>>()
    });
    assert_eq!(answers[0][..4], answers[1][..4]);
    let verified = figures(&shell, &["verify"]);
    assert!(verified["events"].as_u64().unwrap() >= 3000, "{verified}");
    assert_eq!(verified["segments"], 1);
}

#[test]
fn a_directory_without_a_log_has_nothing_to_measure() {
    let shell = Shell::new();
    for command in ["query", "verify"] {
        assert!(shell.run(&["bench", command]).failed(1).contains("there is no log"));
    }
    assert!(!shell.path("bench-data").exists());
}

#[test]
fn verified_tokens_are_measured_and_each_use_is_logged() {
    let shell = Shell::new();
    let figures =
        figures(&shell, &["verify-tokens", "--http", "--verifications", "501", "--tokens", "7", "--concurrency", "3"]);
    assert_eq!((&figures["verifications"], &figures["logged"]), (&501.into(), &501.into()), "{figures}");
    assert!(figures["verifications_per_s"].as_u64().is_some_and(|rate| rate > 0));
    shell.run(&["bench", "verify-tokens"]).failed(2);
}

#[test]
fn questions_are_asked_of_events_that_are_made_for_them() {
    let shell = Shell::new();
    for (subject, questions) in [("oauth", 20), ("resources", 20)] {
        let measured =
            shell.run(&["bench", subject, "--data", subject, "--events", "20000", "--rounds", "1", "--json"]).ok();
        let rows = |line: &str| serde_json::from_str::<Value>(line).unwrap()["rows"].as_u64().unwrap();
        let found = measured.lines().filter(|line| rows(line) > 0).count();
        assert!(found >= questions * 2 / 3 && measured.lines().count() >= questions, "{measured}");
    }
}
