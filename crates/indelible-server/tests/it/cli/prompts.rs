//! What is asked for on a terminal.

use std::{
    fs::File,
    io::{Read, Write},
    process::{Child, Stdio},
};

use rustix::{
    fd::OwnedFd,
    fs::{Mode, OFlags},
    process::{Pid, Signal, kill_process},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{LocalModes, tcgetattr},
};

use super::{Done, Shell, of};

/// A command that somebody runs on a terminal, whose output they read elsewhere.
pub(crate) struct Asking {
    terminal: OwnedFd,
    /// Held, so that the terminal outlives the command.
    _side: OwnedFd,
    child: Child,
    asked: String,
}

impl Asking {
    /// Runs a command until it has asked something.
    pub(crate) fn run(shell: &Shell, arguments: &[&str], question: &str) -> Self {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        let name = ptsname(&terminal, Vec::new()).unwrap();
        let side = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        let mut command = shell.command(arguments);
        command.stdin(side.try_clone().unwrap()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut asking = Self { terminal, _side: side, child: command.spawn().unwrap(), asked: String::new() };
        let mut err = asking.child.stderr.take().unwrap();
        while !asking.asked.ends_with(question) {
            let mut byte = [0];
            err.read_exact(&mut byte).unwrap();
            asking.asked.push(char::from(byte[0]));
        }
        asking.child.stderr = Some(err);
        asking
    }

    /// Types a line, and waits for the end of the command.
    pub(crate) fn answer(self, line: &str) -> (Done, String) {
        File::from(self.terminal.try_clone().unwrap()).write_all(format!("{line}\n").as_bytes()).unwrap();
        self.end()
    }

    /// What the command said, and what the terminal showed.
    fn end(self) -> (Done, String) {
        let Self { terminal, child, asked, .. } = self;
        let mut done = of(child.wait_with_output().unwrap());
        done.err.insert_str(0, &asked);
        assert!(tcgetattr(&terminal).unwrap().local_modes.contains(LocalModes::ECHO), "the terminal stays silent");
        rustix::fs::fcntl_setfl(&terminal, OFlags::NONBLOCK).unwrap();
        let mut shown = [0; 4096];
        let bytes = rustix::io::read(&terminal, &mut shown[..]).unwrap_or(0);
        (done, String::from_utf8_lossy(&shown[..bytes]).into_owned())
    }
}

#[test]
fn a_token_is_asked_for_without_being_shown() {
    let shell = Shell::new();
    shell.run(&["record", "a.b"]).ok();
    let (done, shown) = Asking::run(&shell, &["token", "verify"], "Token: ").answer("sk_live_secret");
    assert_eq!((done.code, done.err.as_str()), (Some(1), "Token: \n"));
    assert_eq!(done.out, "not good  this is no token (x_token_malformed)\n");
    assert!(!shown.contains("secret"), "{shown}");
    let (done, _) = Asking::run(&shell, &["token", "verify"], "Token: ").answer("");
    assert!(done.failed(2).ends_with("error: there is no token on the standard input\n"));
}

#[test]
fn whoever_gives_up_has_a_terminal_that_shows_what_is_typed() {
    let shell = Shell::new();
    shell.run(&["record", "a.b"]).ok();
    let asking = Asking::run(&shell, &["token", "verify"], "Token: ");
    kill_process(Pid::from_child(&asking.child), Signal::INT).unwrap();
    let (done, _) = asking.end();
    assert_eq!((done.code, done.out.as_str()), (Some(130), ""));
}
