//! A log and its witness: two processes, and what becomes of it when one of them is away or not what it was.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use indelible_proof::{
    checkpoint::Checkpoint,
    cosignature::{Cosigner, Quorum},
    evidence::Evidence,
    note::{Note, VerifierKey},
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    server::{JSON, Server},
    witness::Witness,
};

/// A log that has a witness, both stopped and started at will.
struct Pair {
    witness: Witness,
    witness_directory: TempDir,
    log: VerifierKey,
}

impl Pair {
    /// A log of three events in a directory that names its witness, and the witness, who knows nothing of it yet.
    fn new() -> (Self, TempDir) {
        let server = Server::start_with(&["--log-name", "audit.example.com"]);
        record(&server, 3);
        let log: VerifierKey = server.get("/v1/status").json()["verifier_key"].as_str().unwrap().parse().unwrap();
        let (directory, witness_directory) = (server.stop(), directory());
        let witness = Witness::start_at("127.0.0.1:0", witness_directory.path(), &[log.to_string()]);
        let Witness { address, vkey, .. } = &witness;
        let config = format!("[[witness]]\nname = \"one\"\nurl = \"http://{address}\"\nkey = \"{vkey}\"\n");
        fs::write(directory.path().join("indelible.toml"), config).unwrap();
        (Self { witness, witness_directory, log }, directory)
    }

    fn witness_again(&mut self) {
        let address = self.witness.address.clone();
        self.witness = Witness::start_at(&address, self.witness_directory.path(), &[self.log.to_string()]);
    }

    /// The published checkpoint, with both signatures verified.
    fn published(&self, server: &Server) -> Checkpoint {
        let answer = server.get("/checkpoint");
        assert_eq!(answer.status, 200, "{}", answer.text);
        let note = Note::parse(answer.text.as_bytes()).unwrap();
        assert_eq!(self.quorum().check(&note).unwrap().len(), 1);
        Checkpoint::open(&note, std::slice::from_ref(&self.log)).unwrap()
    }

    fn quorum(&self) -> Quorum {
        Quorum::new(vec![self.witness.vkey.clone()], 1).unwrap()
    }
}

fn directory() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn record(server: &Server, count: usize) {
    for _ in 0..count {
        server.record(&json!({"action": "auth.logout"}));
    }
}

fn size(server: &Server) -> u64 {
    server.get("/v1/status").json()["next_seq"].as_u64().unwrap()
}

/// Asks for the server's state until it is as wanted.
fn wait_for(server: &Server, wanted: impl Fn(&Value) -> bool) -> Value {
    loop {
        let status = server.get("/v1/status").json();
        if wanted(&status) {
            return status;
        }
    }
}

/// Waits until everything recorded so far is published.
fn wait_until_published(server: &Server) {
    let size = size(server);
    wait_for(server, |status| status["published_size"].as_u64() >= Some(size));
}

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").args([from, to]).status().unwrap().success());
}

fn indelible(arguments: &[&str]) -> (Output, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_indelible")).args(arguments).output().unwrap();
    let said = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    (output, String::from_utf8(said).unwrap())
}

/// A server whose log takes no more events, says why, and is read as before.
fn assert_stopped(server: &Server, why: &str) {
    for durability in ["durable", "written", "queued"] {
        let refused = server.post(&format!("/v1/events?durability={durability}"), JSON, r#"{"action":"auth.logout"}"#);
        let problem = refused.assert_problem(503, "log-stopped");
        assert!(problem["detail"].as_str().unwrap().contains("the log forked"), "{problem}");
    }
    server.get("/readyz").assert_problem(503, "not-ready");
    let status = server.get("/v1/status").json();
    assert!(status["stopped"].as_str().is_some_and(|stopped| stopped.contains(why)), "{status}");
    assert!(server.get("/metrics").text.contains("\nindelible_log_stopped 1\n"));
    assert_eq!(server.get("/v1/events").status, 200);
    let (output, said) = indelible(&["doctor", "--url", &server.url(""), "--key", &server.key]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains(why), "{said}");
}

#[test]
fn a_server_publishes_what_its_witness_cosigned_and_evidence_carries_it() {
    let (pair, directory) = Pair::new();
    let server = Server::start_in(directory, &[]);
    assert!(pair.published(&server).size() >= 3, "what was there is cosigned at the start");
    record(&server, 4);
    wait_until_published(&server);
    assert!(pair.published(&server).size() >= 7);
    let answer = server.get("/v1/events/6/proof?format=tlog-proof");
    let evidence = Evidence::parse(answer.text.as_bytes()).unwrap();
    let quorum = pair.quorum();
    let proven = evidence.verify(std::slice::from_ref(&pair.log), &quorum).unwrap();
    assert_eq!((proven.seq, proven.witnesses.len()), (6, 1));

    let witness = &server.get("/v1/status").json()["witnesses"][0];
    assert_eq!((&witness["name"], &witness["error"]), (&json!("one"), &Value::Null));
    assert!(witness["size"].as_u64() >= Some(7) && witness["age_s"].is_u64(), "{witness}");
    let metrics = server.get("/metrics").text;
    assert!(metrics.contains("\nindelible_witness_failing{witness=\"one\"} 0\n"), "{metrics}");
    let (output, said) = indelible(&["doctor", "--url", &server.url(""), "--key", &server.key]);
    assert!(output.status.success() && said.contains("1 of 1 cosign"), "{said}");

    let data = server.stop();
    let path = data.path().join("data");
    let (_, printed) = indelible(&["checkpoint", "--data", path.to_str().unwrap()]);
    assert!(pair.quorum().check(&Note::parse(printed.as_bytes()).unwrap()).is_ok(), "{printed}");
    let verify = |witness: &VerifierKey| {
        indelible(&["verify", "--data", path.to_str().unwrap(), "--witness", &witness.to_string()])
    };
    let (output, said) = verify(&pair.witness.vkey);
    assert!(output.status.success() && said.contains("seen by witness.example.com/w1"), "{said}");
    let stranger = Cosigner::new("stranger.example.com", &[9; 32]).unwrap();
    let (output, said) = verify(stranger.verifier());
    assert!(!output.status.success() && said.contains("missing: stranger.example.com"), "{said}");
    let (_, said) = indelible(&["doctor", "--data", path.to_str().unwrap()]);
    assert!(said.contains("bear cosignatures of witness.example.com/w1"), "{said}");
}

#[test]
fn without_its_witness_a_log_goes_on_and_what_is_not_cosigned_is_not_published() {
    let (mut pair, directory) = Pair::new();
    pair.witness.end("-KILL");
    let server = Server::start_in(directory, &[]);
    server.get("/checkpoint").assert_problem(503, "unavailable");
    server.get("/v1/events/0/proof").assert_problem(503, "unavailable");
    assert_eq!(server.get("/readyz").status, 200);
    pair.witness_again();
    wait_until_published(&server);
    let before = pair.published(&server).size();

    pair.witness.end("-TERM");
    record(&server, 2);
    let status = wait_for(&server, |status| status["witnesses"][0]["error"].is_string());
    assert_eq!(status["published_size"], before);
    assert_eq!(status["stopped"], Value::Null);
    assert!(server.get("/metrics").text.contains("\nindelible_witness_failing{witness=\"one\"} 1\n"));
    let (output, said) = indelible(&["doctor", "--url", &server.url(""), "--key", &server.key]);
    assert!(!output.status.success() && said.contains("0 of 1 cosign"), "{said}");
    assert_eq!(pair.published(&server).size(), before);
    assert_eq!(server.get(&format!("/v1/events/{}/proof", size(&server) - 1)).json()["status"], 429);
    assert_eq!(server.get(&format!("/tile/0/000.p/{}", before + 1)).status, 404);
    assert_eq!(server.get(&format!("/v1/consistency?from=1&to={}", before + 1)).status, 400);

    pair.witness_again();
    wait_until_published(&server);
    assert!(pair.published(&server).size() >= before + 2);
}

#[test]
fn a_directory_that_was_rolled_back_takes_not_one_event() {
    let (_pair, directory) = Pair::new();
    let (data, older) = (directory.path().join("data"), directory.path().join("older"));
    copy(&data, &older);
    let server = Server::start_in(directory, &[]);
    record(&server, 5);
    wait_until_published(&server);
    let directory = server.stop();
    fs::remove_dir_all(&data).unwrap();
    copy(&older, &data);

    let mut server = Server::start_in(directory, &[]);
    for _ in 0..2 {
        assert_stopped(&server, "the witness one has cosigned a checkpoint of this log with");
        assert_eq!(size(&server), 3);
        // It holds without the witness too.
        let directory = server.stop();
        fs::remove_file(directory.path().join("indelible.toml")).ok();
        server = Server::start_in(directory, &[]);
    }
    let directory = server.stop();
    let path = directory.path().join("data");
    let path = path.to_str().unwrap();
    let (output, said) = indelible(&["record", "auth.logout", "--data", path]);
    assert!(!output.status.success() && said.contains("the log forked"), "{said}");
    let (output, said) = indelible(&["doctor", "--data", path]);
    assert!(!output.status.success() && said.contains("remove witnesses/forked"), "{said}");
    let (output, said) = indelible(&["verify", "--data", path]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("sound in itself, but the log forked"), "{said}");
}

#[test]
fn of_two_copies_of_a_directory_that_both_go_on_the_second_is_refused() {
    let (pair, directory) = Pair::new();
    let other = self::directory();
    copy(&directory.path().join("data"), &other.path().join("data"));
    let config = fs::read_to_string(directory.path().join("indelible.toml")).unwrap();
    let first = Server::start_in(directory, &[]);
    record(&first, 2);
    wait_until_published(&first);

    // Longer than the first, so that its length alone tells nothing.
    let second = Server::start_in(other, &[]);
    record(&second, 20);
    let other = second.stop();
    fs::write(other.path().join("indelible.toml"), config).unwrap();
    let second = Server::start_in(other, &[]);
    assert_stopped(&second, "the witness one says that this log does not extend the checkpoint");
    second.get("/checkpoint").assert_problem(503, "unavailable");

    record(&first, 1);
    wait_until_published(&first);
    assert!(pair.published(&first).size() >= 6);
}
