//! The witness as logs and watchers meet it: the real binary, and a log that submits its checkpoints.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
};

use indelible_proof::{
    checkpoint::Checkpoint,
    note::{Note, SigningKey, VerifierKey},
    tree::{self, Hash, ProofError, consistency_proof, leaf, root_of},
    witness::{AddCheckpoint, monitoring_path, take_answer},
};
use tempfile::TempDir;

use crate::server::{Answer, agent, answer};

const LOG: &str = "audit.example.com";

/// A log in memory.
#[derive(Clone)]
struct Log {
    key: std::sync::Arc<SigningKey>,
    leaves: Vec<Hash>,
}

impl Log {
    fn new(origin: &str, seed: u8) -> Self {
        Self { key: SigningKey::new(origin, &[seed; 32]).unwrap().into(), leaves: Vec::new() }
    }

    fn of(size: usize) -> Self {
        let mut log = Self::new(LOG, 1);
        log.grow(size, "event");
        log
    }

    /// Appends until there are so many.
    fn grow(&mut self, size: usize, what: &str) {
        self.leaves.extend((self.leaves.len()..size).map(|at| leaf(format!("{what} {at}").as_bytes())));
    }

    fn vkey(&self) -> String {
        self.key.verifier().to_string()
    }

    fn checkpoint(&self) -> Note {
        Checkpoint::new(self.key.verifier().name(), self.leaves.len() as u64, root_of(&self.leaves))
            .unwrap()
            .sign(&self.key)
    }

    fn request(&self, old: usize) -> AddCheckpoint {
        let node = |node: tree::Node| {
            let (first, count) = ((node.index as usize) << node.level, 1 << node.level);
            Ok::<_, ProofError>(root_of(&self.leaves[first..first + count]))
        };
        let proof = consistency_proof(old as u64, self.leaves.len() as u64, node).unwrap();
        AddCheckpoint::new(old as u64, proof, self.checkpoint()).unwrap()
    }
}

/// A witness process; it is killed when this is dropped.
pub(crate) struct Witness {
    child: Child,
    pub(crate) address: String,
    pub(crate) vkey: VerifierKey,
}

impl Witness {
    fn start(directory: &Path, logs: &[&Log]) -> Self {
        let vkeys: Vec<_> = logs.iter().map(|log| log.vkey()).collect();
        Self::start_at("127.0.0.1:0", directory, &vkeys)
    }

    /// A witness of the logs with these keys.
    pub(crate) fn start_at(address: &str, directory: &Path, logs: &[String]) -> Self {
        let mut command = command(directory);
        command.args(["--listen", address, "--name", "witness.example.com/w1"]);
        command.args(logs.iter().flat_map(|log| ["--log", log]));
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let first = lines.next().unwrap();
        let address = first.split("http://").nth(1).and_then(|rest| rest.split(',').next()).unwrap().to_owned();
        let vkey = lines.find_map(|line| line.strip_prefix("  ")?.parse().ok()).unwrap();
        // What is left of the banner is in the pipe already, or of no use.
        Self { child, address, vkey }
    }

    fn add(&self, request: &AddCheckpoint) -> Answer {
        self.post(request.to_string())
    }

    fn post(&self, body: impl AsRef<[u8]>) -> Answer {
        answer(agent().post(format!("http://{}/add-checkpoint", self.address)).send(body.as_ref()))
    }

    fn get(&self, path: &str) -> Answer {
        answer(agent().get(format!("http://{}/{path}", self.address)).call())
    }

    /// Has a checkpoint cosigned, and verifies the cosignature.
    #[track_caller]
    fn cosign(&self, log: &Log, old: usize) {
        let answer = self.add(&log.request(old));
        assert_eq!(answer.status, 200, "{}", answer.text);
        let time_s = take_answer(&mut log.checkpoint(), answer.text.as_bytes(), &self.vkey).unwrap();
        assert!(time_s > 0);
    }

    #[track_caller]
    fn assert_conflict(&self, request: &AddCheckpoint, seen: u64) {
        let answer = self.add(request);
        assert_eq!((answer.status, answer.text.as_str()), (409, format!("{seen}\n").as_str()));
        assert_eq!(answer.header("content-type"), "text/x.tlog.size");
    }

    pub(crate) fn end(&mut self, signal: &str) -> ExitStatus {
        assert!(Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap().success());
        self.child.wait().unwrap()
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_indelible"));
    command.args(["witness", "--log-level", "error", "--data"]).arg(directory);
    command.env("INDELIBLE_WITNESS_LISTEN", "127.0.0.1:0");
    command
}

fn directory() -> TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn a_witness_cosigns_a_log_that_grows_and_shows_what_it_cosigned() {
    let directory = directory();
    let mut log = Log::of(0);
    let witness = Witness::start(directory.path(), &[&log]);
    let shown = monitoring_path(LOG);
    witness.get(&shown).assert_problem(404, "not-found");
    for (old, new) in [(0, 0), (0, 3), (3, 3), (3, 8), (8, 40)] {
        log.grow(new, "event");
        witness.cosign(&log, old);
        let answer = witness.get(&shown);
        assert_eq!((answer.status, answer.header("content-type")), (200, "text/plain; charset=utf-8"));
        let note = Note::parse(answer.text.as_bytes()).unwrap();
        assert_eq!(note.text(), log.checkpoint().text());
        assert_eq!(note.verify(&[log.key.verifier().clone(), witness.vkey.clone()]).unwrap().len(), 2);
    }
}

#[test]
fn a_checkpoint_sent_again_a_rollback_and_a_fork_are_not_cosigned() {
    let directory = directory();
    let mut log = Log::of(5);
    let early = log.request(0);
    let witness = Witness::start(directory.path(), &[&log]);
    witness.cosign(&log, 0);
    log.grow(9, "event");
    witness.cosign(&log, 5);

    witness.assert_conflict(&early, 9);
    witness.assert_conflict(&Log::of(7).request(5), 9);
    assert_eq!(witness.post(early.to_string().replacen("old 0", "old 9", 1)).status, 400);
    for size in [9, 20] {
        let mut fork = Log::of(4);
        fork.grow(size, "another");
        witness.add(&fork.request(9)).assert_problem(422, "inconsistent");
    }
    witness.cosign(&log, 9);
}

#[test]
fn strangers_and_forgers_are_refused() {
    let directory = directory();
    let log = Log::of(5);
    let witness = Witness::start(directory.path(), &[&log]);
    let mut stranger = Log::new("elsewhere.example.com", 1);
    stranger.grow(5, "event");
    witness.add(&stranger.request(0)).assert_problem(404, "unknown-log");
    let mut forger = Log::new(LOG, 2);
    forger.grow(5, "event");
    witness.add(&forger.request(0)).assert_problem(403, "not-signed");
    let altered = log.request(0).to_string().replacen("\n5\n", "\n6\n", 1);
    witness.post(altered).assert_problem(403, "not-signed");
    witness.post("old 05\n\n").assert_problem(400, "malformed");
    witness.post([0xff; 100]).assert_problem(400, "malformed");
    // The body is not waited for, so none is sent: the connection may be cut before all of it is.
    let mut stream = TcpStream::connect(&witness.address).unwrap();
    stream.write_all(b"POST /add-checkpoint HTTP/1.1\r\nhost: x\r\ncontent-length: 300000\r\n\r\n").unwrap();
    let mut told = String::new();
    stream.read_to_string(&mut told).unwrap();
    assert!(told.starts_with("HTTP/1.1 413 ") && told.contains("urn:indelible:problem:too-large"), "{told}");
    assert_eq!(witness.get("add-checkpoint").status, 405);
    assert_eq!(witness.get("../witness.key/checkpoint").status, 404);
    witness.cosign(&log, 0);
}

#[test]
fn signatures_of_others_are_not_kept() {
    let directory = directory();
    let log = Log::of(5);
    let witness = Witness::start(directory.path(), &[&log]);
    let mut noisy = log.checkpoint();
    noisy.add([SigningKey::new("noise.example.com", &[9; 32]).unwrap().sign(noisy.text())]);
    assert_eq!(witness.post(format!("old 0\n\n{noisy}")).status, 200);
    let shown = witness.get(&monitoring_path(LOG)).text;
    assert!(!shown.contains("noise.example.com"), "{shown}");
    assert_eq!(Note::parse(shown.as_bytes()).unwrap().signatures().len(), 2);
}

#[test]
fn a_witness_remembers_after_a_restart_and_after_a_kill_between_any_two_requests() {
    let directory = directory();
    let mut log = Log::of(1);
    let mut witness = Witness::start(directory.path(), &[&log]);
    let vkey = witness.vkey.clone();
    for size in 2..8 {
        witness.cosign(&log, if size == 2 { 0 } else { size - 2 });
        let status = witness.end(if size % 2 == 0 { "-TERM" } else { "-KILL" });
        assert_eq!(status.success(), size % 2 == 0);
        witness = Witness::start(directory.path(), &[&log]);
        assert_eq!(witness.vkey, vkey);
        let mut fork = Log::of(0);
        fork.grow(size + 3, "another");
        witness.add(&fork.request(size - 1)).assert_problem(422, "inconsistent");
        witness.assert_conflict(&log.request(0), size as u64 - 1);
        log.grow(size, "event");
    }
}

#[test]
fn of_requests_at_once_none_takes_the_log_back() {
    let directory = directory();
    let log = Log::of(1);
    let witness = Witness::start(directory.path(), &[&log]);
    witness.cosign(&log, 0);
    let answers: Vec<_> = std::thread::scope(|scope| {
        let witness = &witness;
        let asking: Vec<_> =
            (2..18).map(|size| scope.spawn(move || witness.add(&Log::of(size).request(1)).status)).collect();
        asking.into_iter().map(|asked| asked.join().unwrap()).collect()
    });
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|status| [200, 409].contains(status)), "{answers:?}");
}

#[test]
fn each_log_is_followed_on_its_own_and_with_all_its_keys() {
    let directory = directory();
    let (first, mut second, renewed) =
        (Log::of(5), Log::new("second.example.com", 7), Log::new("second.example.com", 8));
    second.grow(3, "event");
    let text = format!("# our logs\n{}  # the old key\n\n{}\n", second.vkey(), renewed.vkey());
    std::fs::write(directory.path().join("logs"), text).unwrap();
    let witness = Witness::start(directory.path(), &[&first]);
    witness.cosign(&first, 0);
    witness.cosign(&second, 0);
    let mut renewed = Log { leaves: second.leaves.clone(), ..renewed };
    renewed.grow(6, "event");
    witness.cosign(&renewed, 3);
}

#[test]
fn the_key_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let directory = directory();
    let log = Log::of(1);
    let witness = Witness::start(&directory.path().join("deep/w"), &[&log]);
    witness.cosign(&log, 0);
    let mode = |path: &str| std::fs::metadata(directory.path().join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("deep/w/witness.key"), mode("deep/w")), (0o600, 0o700));
}

/// Starts a witness that cannot start; what it says.
#[track_caller]
fn refused(directory: &Path, arguments: &[&str]) -> String {
    let output = command(directory).args(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn what_is_wrong_at_the_start_is_said() {
    let directory = directory();
    let path = directory.path();
    let log = Log::of(3);
    let vkey = log.vkey();
    assert!(refused(path, &["--log", &vkey]).contains("name the new witness with --name"));
    assert!(refused(path, &["--name", "w.example.com"]).contains("no log to follow"));
    assert!(
        refused(path, &["--name", "w.example.com", "--log", &vkey, "--listen", "192.0.2.1:1"])
            .contains("cannot listen")
    );
}

#[test]
fn a_directory_that_contradicts_itself_stops_the_start() {
    let directory = directory();
    let path = directory.path();
    let log = Log::of(3);
    let vkey = log.vkey();
    let mut witness = Witness::start(path, &[&log]);
    witness.cosign(&log, 0);
    assert!(refused(path, &["--log", &vkey]).contains("is in use by another witness"));
    witness.end("-TERM");

    assert!(
        refused(path, &["--log", &vkey, "--name", "other.example.com"])
            .contains("is the key of witness.example.com/w1")
    );
    let own = witness.vkey.to_string();
    assert!(refused(path, &["--log", &own]).contains("this is the key of a witness"));
    std::fs::write(path.join("logs"), "\nnonsense\n").unwrap();
    assert!(refused(path, &["--log", &vkey]).contains("logs, line 2: this is no key"));
    std::fs::remove_file(path.join("logs")).unwrap();

    let page = path.join("seen").join(monitoring_path(LOG).split_once('/').unwrap().0);
    let note = std::fs::read_to_string(&page).unwrap();
    for damaged in [note.replacen("\n3\n", "\n2\n", 1), note[..note.len() / 2].to_owned(), String::new()] {
        std::fs::write(&page, damaged).unwrap();
        assert!(refused(path, &["--log", &vkey]).contains("is damaged"));
    }
    std::fs::write(&page, note).unwrap();
    std::fs::remove_file(path.join("witness.key")).unwrap();
    assert!(refused(path, &["--log", &vkey, "--name", "w.example.com"]).contains("witness.key is missing"));
}
