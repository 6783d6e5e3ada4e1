use clap::{Command, CommandFactory as _};

use super::Arguments;

/// Every command there is, with those above it.
fn all(command: Command, above: &str, found: &mut Vec<(String, Command)>) {
    let name = format!("{above} {}", command.get_name());
    for one in command.get_subcommands() {
        all(one.clone(), &name, found);
    }
    found.push((name, command));
}

fn commands() -> Vec<(String, Command)> {
    let mut found = Vec::new();
    let mut command = Arguments::command();
    command.build();
    all(command, "", &mut found);
    found
}

#[test]
fn where_the_log_is_stands_apart_from_what_is_to_be_done() {
    for (name, command) in commands() {
        let places = command.get_arguments().filter(|one| one.get_help_heading() == Some("Where the log is"));
        for argument in places {
            let place = ["data", "url", "key", "tenant", "config"];
            assert!(place.contains(&argument.get_id().as_str()), "{name}: --{}", argument.get_id());
        }
    }
}

#[test]
fn a_paragraph_of_help_is_broken_by_the_terminal_alone() {
    for (name, command) in commands() {
        let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        for paragraph in after.split("\n\n").filter(|paragraph| !paragraph.starts_with("Examples:")) {
            assert!(!paragraph.contains('\n'), "{name}: {paragraph}");
        }
    }
}
