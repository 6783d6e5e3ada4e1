//! Commands, run as they are typed.

mod bench;
mod commands;
mod export;
mod fingerprint;
mod import;
mod outbox;
mod output;
pub(crate) mod prompts;
mod remote;
mod rotation;
mod tokens;
mod verify;

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;

/// Somebody's shell: a directory, and the environment of their commands.
pub(crate) struct Shell {
    directory: TempDir,
    environment: Vec<(String, String)>,
}

/// What a command left.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Done {
    /// Standard output of a command that succeeded and complained of nothing.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!((self.code, self.err.as_str()), (Some(0), ""), "{}", self.out);
        self.out
    }

    /// Standard error of a command that ended with a code.
    #[track_caller]
    pub(crate) fn failed(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{self:?}");
        self.err
    }
}

impl Shell {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap(), environment: Vec::new() }
    }

    /// Sets a variable for the commands that follow.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    /// A command that is still to be started.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_indelible"));
        let ours = [
            "NO_COLOR",
            "COLUMNS",
            "TERM",
            "INDELIBLE_DATA",
            "INDELIBLE_URL",
            "INDELIBLE_KEY",
            "INDELIBLE_CONFIG",
            "INDELIBLE_OUTBOX",
        ];
        for name in ours {
            command.env_remove(name);
        }
        command.args(arguments).current_dir(self.directory.path()).stdin(Stdio::null());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Done {
        done(self.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()))
    }

    /// Runs a command with something on its standard input.
    pub(crate) fn pipe(&self, input: &str, arguments: &[&str]) -> Done {
        let mut command = self.command(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A command may end before it has read all of it.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        of(child.wait_with_output().unwrap())
    }
}

fn done(command: &mut Command) -> Done {
    of(command.spawn().unwrap().wait_with_output().unwrap())
}

fn of(output: std::process::Output) -> Done {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Done { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// Samples of real audit records.
pub(crate) fn sample(name: &str) -> String {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples");
    samples.join(name).canonicalize().unwrap().to_str().unwrap().to_owned()
}

/// A shell with a log of three events.
pub(crate) fn shell_with_events() -> Shell {
    let shell = Shell::new();
    let events = [
        r#"{"action":"auth.login.failed","occurred_at":"2026-11-20T12:00:00Z","actor":{"type":"user","id":"42","email":"alice@example.com"},"reason":"invalid_credentials","context":{"ip":"203.0.113.9","user_agent":"curl\u001b[2J"}}"#,
        r#"{"action":"token.created","occurred_at":"2026-11-20T12:00:01Z","actor":{"type":"user","id":"42","email":"alice@example.com"},"targets":[{"type":"token","id":"tok_7","name":"ci"}],"tags":["a","b"]}"#,
        r#"{"action":"role.assigned","occurred_at":"2026-11-20T12:00:02Z","actor":{"type":"service","id":"billing"},"targets":[{"type":"user","id":"9"},{"type":"role","id":"admin"}],"changes":{"before":{"role":"viewer","same":1},"after":{"role":"admin","same":1,"scope":{"all":true}}},"metadata":{"ticket":"SEC-118"}}"#,
    ];
    let receipts = shell.pipe(&events.join("\n"), &["record"]).ok();
    assert_eq!(receipts.lines().count(), 3);
    shell
}
