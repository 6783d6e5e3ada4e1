//! The same commands on a server.

use std::{
    fs,
    io::{BufRead, BufReader, Lines},
    process::{Child, ChildStdout, Command, Stdio},
};

use super::{Done, Shell, sample, shell_with_events};

/// A server on the log of a shell.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(shell: &Shell, listen: &str) -> Self {
        let arguments = ["serve", "--listen", listen, "--log-level", "error"];
        let mut child = shell.command(&arguments).stdout(Stdio::piped()).spawn().unwrap();
        let banner = BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap();
        let address = banner.split("http://").nth(1).and_then(|rest| rest.split(',').next()).unwrap();
        Self { child, url: format!("http://{address}") }
    }

    /// Starts a server, and has the commands of another shell use it.
    fn for_shell(at: &Shell, shell: &mut Shell) -> Self {
        let server = Self::start(at, "127.0.0.1:0");
        shell.set("INDELIBLE_URL", &server.url);
        shell.set("INDELIBLE_KEY", fs::read_to_string(at.path("data/keys/admin.key")).unwrap().trim());
        server
    }

    fn stop(mut self) {
        signal(&self.child, "-TERM");
        assert!(self.child.wait().unwrap().success());
    }
}

/// A server whose test failed is not left behind.
impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

#[test]
fn a_server_answers_as_a_data_directory_does() {
    let at = shell_with_events();
    let questions: [&[&str]; 8] = [
        &["list", "actor.id:42"],
        &["list", "seq:0..2", "--oldest", "--all", "--json"],
        &["show", "2"],
        &["show", "1", "--json"],
        &["aggregate", "seq:0..2", "--by", "day,action"],
        &["aggregate", "actor.id:42", "--measure", "count,first,distinct(ip)", "--json"],
        &["export", "seq:0..2"],
        &["export", "seq:0..2", "--format", "csv"],
    ];
    let local: Vec<String> = questions.iter().map(|question| at.run(question).ok()).collect();
    let mut shell = Shell::new();
    let server = Server::for_shell(&at, &mut shell);
    for (question, expected) in questions.iter().zip(local) {
        assert_eq!(shell.run(question).ok(), expected, "{question:?}");
    }
    assert!(at.run(&["list"]).failed(1).contains("--url"), "the server has the directory to itself");
    assert!(shell.run(&["doctor"]).ok().contains("ok       key          may read events\n"));
    server.stop();
    let error = shell.run(&["list"]).failed(1);
    assert!(error.starts_with("error: cannot reach http://127.0.0.1:"), "{error}");
}

#[test]
fn a_server_says_no_in_its_own_words() {
    let (at, mut shell) = (Shell::new(), Shell::new());
    let _server = Server::for_shell(&at, &mut shell);
    assert!(shell.run(&["show", "77"]).failed(1).contains("there is no event with the sequence number 77"));
    shell.set("INDELIBLE_KEY", "ik_wrong");
    let Done { code, err, .. } = shell.run(&["list"]);
    assert_eq!(code, Some(1));
    assert!(err.ends_with("give the server's API key with --key or INDELIBLE_KEY\n"), "{err}");
}

#[test]
fn imports_over_http_record_every_line_once() {
    let (at, mut shell) = (Shell::new(), Shell::new());
    let _server = Server::for_shell(&at, &mut shell);
    let import = ["import", &sample("okta/panther.jsonl"), "--json"];
    let first: serde_json::Value = serde_json::from_str(&shell.run(&import).ok()).unwrap();
    let again: serde_json::Value = serde_json::from_str(&shell.run(&import).ok()).unwrap();
    assert_eq!(
        (&again["files"][0]["recorded"], &again["files"][0]["known"]),
        (&0.into(), &first["files"][0]["events"])
    );
}

/// A running `indelible tail --json`.
struct Tail {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Tail {
    fn start(shell: &Shell, arguments: &[&str]) -> Self {
        let arguments = [&["tail", "--json"], arguments].concat();
        let mut child = shell.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The request of the next event; waits for it.
    fn next(&mut self) -> String {
        let line = self.lines.next().unwrap().unwrap();
        let event: serde_json::Value = serde_json::from_str(&line).unwrap();
        event["request_id"].as_str().unwrap_or("none").to_owned()
    }
}

#[test]
fn a_tail_goes_on_over_a_restart_without_a_gap_and_ends_with_ctrl_c() {
    let (at, mut shell) = (Shell::new(), Shell::new());
    let server = Server::for_shell(&at, &mut shell);
    let record = |id: &str| drop(shell.run(&["record", "token.created", "--request-id", id]).ok());
    record("past");
    let mut tail = Tail::start(&shell, &["--since", "1h", "action:token.created"]);
    assert_eq!(tail.next(), "past");
    record("live");
    assert_eq!(tail.next(), "live");
    let address = server.url.trim_start_matches("http://").to_owned();
    server.stop();
    assert!(at.run(&["record", "token.created", "--request-id", "meanwhile"]).ok().contains("seq "));
    let _server = Server::start(&at, &address);
    assert_eq!(tail.next(), "meanwhile");
    record("again");
    assert_eq!(tail.next(), "again");
    signal(&tail.child, "-INT");
    assert_eq!(tail.child.wait().unwrap().code(), Some(0));
    assert!(tail.lines.next().is_none());
}
