//! What is printed, and where: terminals, pipes, colours, mistakes.

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};

use super::{Shell, sample, shell_with_events};

#[test]
fn a_mistake_in_a_filter_is_pointed_at_and_nothing_is_opened() {
    let shell = Shell::new();
    let expected = "\
error: cannot read the filter
  action:token.* oucome:failure
                 ^
  unknown field \"oucome\" at column 16; did you mean \"outcome\"?
";
    assert_eq!(shell.run(&["list", "action:token.*", "oucome:failure"]).failed(2), expected);
    assert_eq!(shell.run(&["export", "action:token.* oucome:failure"]).failed(2), expected);
    assert!(!shell.path("data").exists());
    let error = shell.run(&["aggregate", "--measure", "count,distnct(ip)"]).failed(2);
    assert!(error.contains("  count,distnct(ip)\n        ^\n"), "{error}");
}

#[test]
fn a_command_that_reads_makes_no_log() {
    let shell = Shell::new();
    for command in [&["list"][..], &["show", "0"], &["tail"], &["aggregate"], &["export"]] {
        let error = shell.run(command).failed(1);
        assert!(error.starts_with("error: there is no log in data; name its directory with --data"), "{error}");
    }
    assert!(!shell.path("data").exists());
}

#[test]
fn a_wrong_call_ends_with_2() {
    let shell = Shell::new();
    for wrong in [
        &["lst"][..],
        &["show"],
        &["show", "x"],
        &["list", "--limit", "many"],
        &["list", "--limit", "0"],
        &["list", "--data", "a", "--url", "b"],
    ] {
        shell.run(wrong).failed(2);
    }
}

#[test]
fn colours_are_for_terminals_and_for_those_who_ask() {
    let mut shell = shell_with_events();
    let plain = shell.run(&["list"]).ok();
    assert!(!plain.contains('\x1b'), "a pipe is no terminal");
    let coloured = shell.run(&["list", "--color", "always"]).ok();
    assert!(coloured.contains("\x1b[31mfailure\x1b[0m"), "{coloured}");
    assert_eq!(anstripped(&coloured), plain, "colours change nothing else");
    shell.set("NO_COLOR", "1");
    assert_eq!(shell.run(&["list", "--color", "auto"]).ok(), plain);
    assert!(shell.run(&["list", "--color", "always"]).ok().contains('\x1b'), "a flag wins over the environment");
}

fn anstripped(text: &str) -> String {
    let mut parts = text.split("\x1b[");
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |all, part| all + part.split_once('m').unwrap().1)
}

#[test]
fn tables_fit_the_terminal() {
    let mut shell = shell_with_events();
    shell.set("COLUMNS", "80");
    let shown = shell.run(&["list"]).ok();
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
    assert!(shown.contains('…'), "{shown}");
    shell.set("COLUMNS", "100");
    assert!(shell.run(&["list"]).ok().contains("alice@example.com"));
}

#[test]
fn event_data_cannot_take_over_the_terminal() {
    let shell = Shell::new();
    let event = r#"{"action":"auth.login.failed","actor":{"type":"user","id":"a\u001b]0;owned\u0007\u009b31m\u202egpj"},
        "metadata":{"k\u001b[2J":"line\nbreak"},"changes":{"before":{"x\u001b":1},"after":{}}}"#;
    shell.run(&["record", event]).ok();
    for command in [
        &["list"][..],
        &["show", "0"],
        &["aggregate", "--by", "actor.id"],
        &["list", "--json"],
        &["show", "0", "--json"],
    ] {
        let out = shell.run(command).ok();
        let harmless = |c: char| c == '\n' || !(c.is_control() || c == '\u{202e}');
        assert!(out.chars().all(harmless), "{command:?}: {out:?}");
    }
    let json: serde_json::Value = serde_json::from_str(&shell.run(&["show", "0", "--json"]).ok()).unwrap();
    assert_eq!(json["actor"]["id"], "a\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}gpj", "JSON loses nothing");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let shell = Shell::new();
    shell.run(&["import", &sample("cloudtrail/stratus-red-team.jsonl"), &sample("okta/panther.jsonl")]).ok();
    for arguments in [&["list", "--all", "--json"][..], &["export"], &["export", "--format", "csv"], &["list", "--all"]]
    {
        let mut child = shell.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        assert_ne!(out.read_line(&mut String::new()).unwrap(), 0);
        drop(out);
        let done = super::of(child.wait_with_output().unwrap());
        assert_eq!((done.code, done.err.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn help_shows_examples_and_completions_are_there_for_shells() {
    let shell = Shell::new();
    for command in ["record", "list", "show", "tail", "aggregate", "export", "import", "doctor"] {
        let help = shell.run(&["help", command]).ok();
        assert!(help.contains("Examples:\n  indelible ") && help.contains("Where the log is:"), "{help}");
        assert!(help.lines().all(|line| line.chars().count() <= 120), "{help}");
    }
    assert!(shell.run(&["completions", "bash"]).ok().contains("aggregate"));
}
