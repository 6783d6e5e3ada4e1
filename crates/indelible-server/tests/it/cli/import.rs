//! Imports: what is mapped, what is known, and what an interruption leaves.

use std::{fmt::Write, process::Stdio};

use serde_json::Value;

use super::{Shell, sample, shell_with_events};

fn count(shell: &Shell, measure: &str) -> u64 {
    let json: Value = serde_json::from_str(&shell.run(&["aggregate", "--measure", measure, "--json"]).ok()).unwrap();
    json["rows"][0][0].as_u64().unwrap()
}

/// Lines of our own format, each different.
fn lines(count: usize) -> String {
    (0..count).fold(String::new(), |mut all, number| {
        writeln!(all, "{{\"action\":\"token.created\",\"request_id\":\"r{number}\"}}").unwrap();
        all
    })
}

#[test]
fn samples_are_imported_once_however_often() {
    let shell = Shell::new();
    let files = [sample("okta/panther.jsonl"), sample("auth0/panther.jsonl"), sample("openssh/crowdsec.log")];
    let import: Vec<&str> =
        ["import", "--on-error", "skip", "--json"].into_iter().chain(files.iter().map(String::as_str)).collect();
    let first: Value = serde_json::from_str(&shell.run(&import).ok()).unwrap();
    let recorded: u64 = first["files"].as_array().unwrap().iter().map(|file| file["recorded"].as_u64().unwrap()).sum();
    assert!(recorded > 50, "{first}");
    assert_eq!(count(&shell, "count"), recorded);
    for forget in [false, true] {
        if forget {
            std::fs::remove_file(shell.path("data/imports.json")).unwrap();
        }
        let again: Value = serde_json::from_str(&shell.run(&import).ok()).unwrap();
        for (file, before) in again["files"].as_array().unwrap().iter().zip(first["files"].as_array().unwrap()) {
            assert_eq!(file["recorded"], 0, "{file}");
            assert_eq!((&file["known"], &file["lines"]), (&before["events"], &before["lines"]), "{file}");
        }
        assert_eq!(count(&shell, "count"), recorded);
    }
}

#[test]
fn the_summary_counts_lines_events_and_mistakes() {
    let shell = Shell::new();
    shell.write(
        "mixed.jsonl",
        "{\"action\":\"token.created\"}\n\nnot json\n{\"acton\":\"x\"}\n{\"action\":\"token.revoked\"}\nstill not\n",
    );
    let stopped = shell.run(&["import", "mixed.jsonl", "--format", "indelible"]);
    assert_eq!(stopped.code, Some(1));
    assert!(stopped.err.starts_with("error: mixed.jsonl: line 3: not JSON: "), "{}", stopped.err);
    assert!(stopped.err.contains("--on-error skip"), "{}", stopped.err);
    let summary = shell.run(&["import", "mixed.jsonl", "--format", "indelible", "--on-error", "skip"]).ok();
    let (table, mistakes) = summary.split_at(summary.match_indices('\n').nth(1).unwrap().0 + 1);
    let expected = "\
FILE         FORMAT     LINES  EVENTS  RECORDED  KNOWN  SKIPPED  ERRORS
mixed.jsonl  indelible      6       2         1      1        1       3
";
    assert_eq!(table, expected);
    assert!(mistakes.contains("mixed.jsonl: invalid event ("), "{mistakes}");
    assert!(mistakes.contains("): 1 line: 4\n") && mistakes.contains(": 2 lines: 3, 6\n"), "{mistakes}");
    assert!(mistakes.contains("mixed.jsonl: not JSON: expected"), "{mistakes}");
}

#[test]
fn a_file_whose_format_cannot_be_told_is_passed_over_and_named_at_the_end() {
    let shell = Shell::new();
    shell.write("access.log", "what is this\n");
    let okta = sample("okta/panther.jsonl");
    let stopped = shell.run(&["import", "access.log", &okta]);
    assert_eq!(stopped.out, "");
    let stopped = stopped.failed(1);
    assert!(stopped.contains("access.log: the first lines tell no format"), "{stopped}");
    assert!(shell.run(&["list"]).ok().is_empty());
    let skipped = shell.run(&["import", "access.log", &okta, "--on-error", "skip"]).failed(1);
    assert!(skipped.contains("access.log: the first lines tell no format"), "{skipped}");
    assert!(!shell.run(&["list"]).ok().is_empty());
}

#[test]
fn an_empty_file_stops_nothing() {
    let shell = Shell::new();
    shell.write("rotated.log", "");
    let summary = shell.run(&["import", "rotated.log", &sample("okta/panther.jsonl")]).ok();
    assert!(summary.contains("\nrotated.log ") && summary.contains("panther.jsonl  okta"), "{summary}");
}

#[test]
fn a_dry_run_shows_the_events_and_records_nothing() {
    let shell = Shell::new();
    let shown = shell.run(&["import", "--dry-run", &sample("okta/panther.jsonl")]).ok();
    assert!(shown.contains("user.session.start "), "{shown}");
    let events = shell.run(&["import", "--dry-run", "--json", &sample("okta/panther.jsonl")]).ok();
    assert!(events.lines().all(|line| serde_json::from_str::<Value>(line).unwrap()["action"].is_string()));
    assert!(!shell.path("data").exists());
}

#[test]
fn standard_input_is_a_file_too_and_tells_its_format() {
    let shell = Shell::new();
    let log = std::fs::read_to_string(sample("okta/panther.jsonl")).unwrap();
    let summary = shell.pipe(&log, &["import"]).ok();
    assert!(summary.contains("standard input  okta "), "{summary}");
    let error = shell.pipe("what is this\n", &["import"]).failed(1);
    assert!(error.contains("the first lines tell no format; name it with --format"), "{error}");
}

#[test]
fn an_export_can_be_imported_into_another_log() {
    let (from, to) = (shell_with_events(), Shell::new());
    to.write("events.jsonl", from.run(&["export"]).ok());
    to.run(&["import", "events.jsonl"]).ok();
    assert_eq!(to.run(&["list"]).ok(), from.run(&["list"]).ok());
}

#[test]
fn an_import_that_was_killed_goes_on_and_records_every_line_once() {
    const LINES: usize = 30_000;
    let shell = Shell::new();
    shell.write("many.jsonl", lines(LINES));
    let import = ["import", "many.jsonl", "--format", "indelible", "--json"];
    let mut child = shell.command(&import).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // The first note of its progress is written after some batches, of many.
    while !shell.path("data/imports.json").exists() {
        assert_eq!(child.try_wait().unwrap(), None, "it must not be done yet");
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let before = count(&shell, "count");
    assert!((1..LINES as u64).contains(&before), "{before}");
    let summary: Value = serde_json::from_str(&shell.run(&import).ok()).unwrap();
    assert_eq!(summary["files"][0]["known"], before);
    assert_eq!(summary["files"][0]["recorded"], LINES as u64 - before);
    assert_eq!((count(&shell, "count"), count(&shell, "distinct(request_id)")), (LINES as u64, LINES as u64));
}
