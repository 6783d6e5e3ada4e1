//! A process that is killed, again and again, while it issues, rotates and revokes.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};

use indelible::{
    Log, LogConfig, Recorder, Store, system_time,
    tokens::{Revoke, Rotate, Tokens},
};

use super::{bench::sk, consistent::assert_consistent};

const DIRECTORY: &str = "INDELIBLE_TEST_TOKENS_DIRECTORY";
const ROUNDS: usize = 6;

fn open(directory: &Path) -> (Arc<Log>, Tokens) {
    let log = Arc::new(Log::open(LogConfig::new(directory.join("log"), Arc::new(system_time))).unwrap());
    let tokens = Tokens::builder(Recorder::new(log.clone())).open(directory.join("state.db")).unwrap();
    (log, tokens)
}

/// No test: what [`nothing_is_lost_or_doubled_by_a_kill`] starts and kills. It says what is done once it is.
#[test]
#[ignore = "started by another test"]
fn the_child() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let (_log, tokens) = open(Path::new(&directory));
    loop {
        let issued = tokens.issue(&sk()).unwrap().token.id;
        println!("\ndone created {issued}");
        let rotated = tokens.rotate(&Rotate::new(&issued)).unwrap().token.id;
        println!("\ndone created {rotated}");
        tokens.revoke(&Revoke::new(&rotated)).unwrap();
        println!("\ndone revoked {rotated}");
    }
}

#[test]
fn nothing_is_lost_or_doubled_by_a_kill() {
    let directory = tempfile::tempdir().unwrap();
    let mut done = Vec::new();
    for round in 0..ROUNDS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["tokens::crash::the_child", "--exact", "--ignored", "--nocapture"])
            .env(DIRECTORY, directory.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        // Another place in the row of steps each time.
        let said = lines.by_ref().filter_map(|line| line.strip_prefix("done ").map(str::to_owned));
        done.extend(said.take(3 + 5 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        done.extend(lines.filter_map(|line| line.strip_prefix("done ").map(str::to_owned)));

        let (log, tokens) = open(directory.path());
        assert_consistent(&tokens, &*log);
        for (what, id) in done.iter().filter_map(|line| line.split_once(' ')) {
            let token = tokens.get(id).unwrap().expect("what was done is there");
            assert!(what != "revoked" || token.revoked_at.is_some());
        }
        tokens.close();
        drop(tokens);
        log.close();
    }
    assert!(done.len() >= 3 * ROUNDS);
}
