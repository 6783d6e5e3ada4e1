//! An event as a row of a table.

use indelible_proof::{Actor, Event, Recorded, Target};

use super::{
    table::{Cell, Column, Layout},
    terminal::{Screen, short_time, style},
};

/// The columns of a list of events.
pub(crate) fn columns() -> Vec<Column> {
    vec![
        Column::whole("time"),
        Column::text("action", 12),
        Column::whole("outcome"),
        Column::text("actor", 8),
        Column::text("target", 8),
        Column::text("ip", 7),
        Column::number("seq"),
    ]
}

/// Those columns with widths for events that are not known yet.
pub(crate) fn steady(screen: &Screen) -> Layout {
    let widest = [
        "2026-11-20 12:00:00",
        "token.authentication_failed",
        "success",
        "alice@example.com",
        "token:tok_00000000",
        "203.0.113.200",
        "00000000",
    ];
    Layout::of(columns(), &[widest.map(Cell::plain).to_vec()], screen)
}

/// An event in those columns.
pub(crate) fn cells(recorded: &Recorded) -> Vec<Cell> {
    let event = &recorded.event;
    let time = event.occurred_at.or(event.recorded_at).map(short_time).unwrap_or_default();
    let outcome = event.outcome.map_or("", indelible_proof::Outcome::as_str);
    let severity = event.severity.map_or("", indelible_proof::Severity::as_str);
    vec![
        Cell::new(&time, style::FAINT),
        Cell::new(&event.action, style::of_word(severity)),
        Cell::new(outcome, style::of_word(outcome)),
        Cell::plain(&event.actor.as_ref().map(actor_in_words).unwrap_or_default()),
        Cell::plain(&targets(event)),
        Cell::plain(
            &event.context.as_ref().and_then(|context| context.ip).map(|ip| ip.to_string()).unwrap_or_default(),
        ),
        Cell::new(&recorded.seq.to_string(), style::FAINT),
    ]
}

/// Whoever it is as people know them.
pub(crate) fn actor_in_words(actor: &Actor) -> String {
    let known_by = actor.email.as_ref().or(actor.name.as_ref()).or(actor.id.as_ref());
    match (actor.r#type.as_deref(), known_by) {
        (Some("user") | None, Some(name)) => name.clone(),
        (Some(r#type), Some(name)) => format!("{type}:{name}"),
        (r#type, None) => r#type.unwrap_or_default().to_owned(),
    }
}

fn targets(event: &Event) -> String {
    let Some(first) = event.targets.first() else { return String::new() };
    match event.targets.len() - 1 {
        0 => target_in_words(first),
        more => format!("{} +{more}", target_in_words(first)),
    }
}

/// Type and id, or what is known of them.
pub(crate) fn target_in_words(target: &Target) -> String {
    let known_by = target.id.as_ref().or(target.name.as_ref()).map(String::as_str);
    match (target.r#type.as_deref(), known_by) {
        (Some(r#type), Some(name)) => format!("{type}:{name}"),
        (r#type, name) => r#type.or(name).unwrap_or_default().to_owned(),
    }
}
