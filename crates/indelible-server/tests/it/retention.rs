//! What is old enough goes, over HTTP and on the command line, and what is kept stays provable.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use indelible::{Event, Log, LogConfig, Recorder, Store, Timestamp, system_time};
use indelible_proof::{cosignature::Quorum, evidence::Evidence};
use serde_json::{Value, json};

use crate::{
    cli::{Shell, prompts::Asking},
    server::{JSON, Server},
};

const DAY_US: i64 = 24 * 3_600_000_000;
/// Events on each of the days of a log: 100 and 99 days ago, and today.
const DAYS: [(i64, u64); 3] = [(100, 300), (99, 300), (0, 3)];
const FIRST_KEPT: u64 = 600;

fn make_log(data: &Path) {
    let now = system_time().as_micros();
    let clock = Arc::new(AtomicI64::new(now));
    let tell = {
        let clock = Arc::clone(&clock);
        move || Timestamp::saturating_from_micros(clock.load(Ordering::Relaxed))
    };
    let log = Arc::new(Log::open(LogConfig::new(data, Arc::new(tell.clone()))).unwrap());
    let recorder = Recorder::builder(Arc::clone(&log) as Arc<dyn Store>).clock(tell).build();
    for (days, events) in DAYS {
        clock.store(now - days * DAY_US, Ordering::Relaxed);
        let batch = (0..events).map(|n| Event::new("a.b").meta("n", n)).collect();
        recorder.record_all(batch, indelible::Durability::Durable).unwrap();
    }
    log.seal_now().unwrap();
    recorder.close();
    log.close();
}

fn server(arguments: &[&str]) -> Server {
    let directory = tempfile::tempdir().unwrap();
    make_log(&directory.path().join("data"));
    Server::start_in(directory, arguments)
}

fn retain(server: &Server, asked: &Value) -> (u16, Value) {
    let answer = server.post("/v1/retention", JSON, asked.to_string());
    (answer.status, answer.json())
}

#[test]
fn a_server_removes_what_is_asked_for_tells_of_it_and_proves_the_rest() {
    let server = server(&[]);
    let id = server.get("/v1/events/5").json()["id"].as_str().unwrap().to_owned();
    let (status, planned) = retain(&server, &json!({"days": 90, "dry_run": true}));
    assert_eq!((status, &planned["events"], &planned["segments"]), (200, &FIRST_KEPT.into(), &2.into()), "{planned}");
    assert_eq!((&planned["dry_run"], &planned["first_seq"]), (&true.into(), &FIRST_KEPT.into()));
    assert_eq!(server.get("/v1/status").json()["first_seq"], 0);

    let (status, done) = retain(&server, &json!({}));
    assert_eq!(status, 200, "{done}");
    assert_eq!((&done["days"], &done["events"], &done["done"]), (&90.into(), &FIRST_KEPT.into(), &true.into()));
    assert_eq!(server.get("/v1/status").json()["first_seq"], FIRST_KEPT);
    server.get(&format!("/v1/events/{id}")).assert_problem(410, "removed");
    let told = server.get("/v1/events?q=action:audit.retention.applied").json()["events"][0].clone();
    assert_eq!((&told["metadata"]["events"], &told["metadata"]["days"]), (&FIRST_KEPT.into(), &90.into()), "{told}");
    assert_eq!(told["actor"]["type"], "token");
    let vkey = server.get("/v1/status").json()["verifier_key"].as_str().unwrap().parse().unwrap();
    let none = Quorum::new(Vec::new(), 0).unwrap();
    for seq in [600, 602, told["seq"].as_u64().unwrap()] {
        let text = server.get(&format!("/v1/events/{seq}/proof?format=tlog-proof")).text;
        let evidence = Evidence::parse(text.as_bytes()).unwrap();
        assert_eq!(evidence.verify(std::slice::from_ref(&vkey), &none).unwrap().seq, seq);
    }
    let mut tail = server.tail_as(&server.key, "/v1/tail", Some("10"));
    assert_eq!(tail.next_event(), json!({"first_seq": FIRST_KEPT}), "a reader who was behind is told");
    assert_eq!(tail.next_event()["seq"], FIRST_KEPT);
    let (_, again) = retain(&server, &json!({"days": 90}));
    assert_eq!((&again["events"], &again["first_seq"]), (&0.into(), &FIRST_KEPT.into()));
    let server = server.restart();
    assert_eq!(server.get("/v1/status").json()["first_seq"], FIRST_KEPT);
    let vanished = server.get("/v1/events/599/proof").assert_problem(410, "removed");
    assert!(vanished["detail"].as_str().unwrap().contains("begins at event 600"), "{vanished}");
}

#[test]
fn what_is_gone_is_answered_with_410_and_what_lies_across_the_cut_is_whole() {
    let server = server(&["--retention-days", "90"]);
    // Whether it comes before the one that a server makes at its start or waits for it.
    let (status, done) = retain(&server, &json!({}));
    assert_eq!((status, &done["days"], &done["first_seq"]), (200, &90.into(), &FIRST_KEPT.into()), "{done}");
    for path in ["/v1/events/0", "/v1/events/599", "/tile/0/000", "/tile/entries/000", "/tile/entries/002.p/90"] {
        let problem = server.get(path).assert_problem(410, "removed");
        assert!(problem["detail"].as_str().unwrap().contains("begins at event 600"), "{path}: {problem}");
    }
    server.get("/v1/events/100000").assert_problem(404, "not-found");
    server.get("/v1/consistency?from=300").assert_problem(410, "removed");
    assert_eq!(server.get("/v1/consistency?from=512").status, 200);
    assert_eq!(server.bytes("/tile/0/002.p/90").len(), 90 * 32);
}

#[test]
fn days_that_are_none_and_keys_that_may_not_remove_nothing() {
    let server = server(&[]);
    for asked in [json!({"days": 0}), json!({"days": 36_501})] {
        server.post("/v1/retention", JSON, asked.to_string()).assert_problem(400, "invalid-parameter");
    }
    for asked in [r#"{"days":"abc"}"#, r#"{"days":-1}"#, r#"{"days":1.5}"#] {
        assert_eq!(server.post("/v1/retention", JSON, asked).assert_problem(400, "malformed")["field"], "days");
    }
    for asked in [r#"{"day":90}"#, "", "[]"] {
        server.post("/v1/retention", JSON, asked).assert_problem(400, "malformed");
    }
    let too_many = json!({"sizes": vec![1; 1001]});
    server.post("/v1/retention", JSON, too_many.to_string()).assert_problem(400, "invalid-parameter");
    for (tenant, ability) in [("*", "events:read"), ("acme", "admin")] {
        let key = server.make_key(tenant, &[ability]);
        server.post_as(&key, "/v1/retention", JSON, r#"{"days":1}"#).assert_problem(403, "forbidden");
    }
    assert_eq!(server.get("/v1/status").json()["first_seq"], 0);
}

fn shell() -> Shell {
    let shell = Shell::new();
    make_log(&shell.path("data"));
    shell
}

#[test]
fn bad_numbers_of_days_are_refused_before_anything_is_opened() {
    let shell = shell();
    for days in ["abc", "0", "-1", "90d", "", "36501", "1e3"] {
        let error = shell.run(&["retain", &format!("--days={days}")]).failed(2);
        assert!(error.contains("is no number of days") && error.contains("from 1 to 36500"), "{days}: {error}");
    }
    shell.write("indelible.toml", "retention_days = 0\n");
    let error = shell.run(&["retain"]).failed(1);
    assert!(error.contains("from 1 to 36500"), "{error}");
    std::fs::remove_file(shell.path("indelible.toml")).unwrap();
    let all = shell.run(&["verify", "--json"]).ok();
    assert_eq!(serde_json::from_str::<Value>(&all).unwrap()["events"], 603);
}

#[test]
fn a_data_directory_is_told_what_would_go_and_then_lets_it_go_and_verifies() {
    let shell = shell();
    shell.write("old.checkpoint", shell.run(&["checkpoint"]).ok());
    shell.run(&["export", "--proof", "-o", "old.jsonl"]).ok();
    shell.write("log.vkey", shell.run(&["checkpoint", "--verifier-key"]).ok());
    let planned = shell.run(&["retain", "--dry-run"]).ok();
    assert!(planned.contains("kept for 90 days") && planned.contains("Nothing was removed. 600 events"), "{planned}");
    assert!(planned.contains("2 segments"), "{planned}");
    shell.write("indelible.toml", "retention_days = 200\n");
    let nothing = shell.run(&["retain"]).ok();
    assert!(nothing.contains("kept for 200 days") && nothing.contains("Nothing has expired."), "{nothing}");
    let done = shell.run(&["retain", "--days", "90", "--json"]).ok();
    let done: Value = serde_json::from_str(&done).unwrap();
    assert_eq!((&done["events"], &done["first_seq"]), (&600.into(), &600.into()), "{done}");
    let verified = shell.run(&["verify", "--checkpoint", "old.checkpoint", "--key", "log.vkey"]).ok();
    assert!(verified.contains("4 events") && verified.contains("600 events before event 600"), "{verified}");
    shell.run(&["export", "--proof", "-o", "new.jsonl"]).ok();
    for export in ["old.jsonl", "new.jsonl"] {
        shell.run(&["verify", "--export", export, "--key", "log.vkey"]).ok();
    }
    let gone = shell.run(&["show", "5"]).failed(1);
    assert!(gone.contains("removed by retention"), "{gone}");
    let gone = shell.run(&["proof", "5"]).failed(1);
    assert!(gone.contains("removed by retention"), "{gone}");
    shell.run(&["proof", "601", "-o", "kept.tlog-proof"]).ok();
    shell.run(&["verify", "--proof", "kept.tlog-proof", "--key", "log.vkey"]).ok();
}

#[test]
fn whoever_sits_at_a_terminal_is_asked_before_anything_is_removed() {
    let shell = shell();
    let question = "for good? [y/N] ";
    let (done, _) = Asking::run(&shell, &["retain"], question).answer("n");
    assert!(done.out.contains("Nothing was removed. 600 events"), "{done:?}");
    let (done, _) = Asking::run(&shell, &["retain"], question).answer("y");
    assert!(done.out.contains("Removed 600 events"), "{done:?}");
    assert!(shell.run(&["show", "5"]).failed(1).contains("removed by retention"));
}
