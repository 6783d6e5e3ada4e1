//! Answers about resources, for people.

use indelible::resources::{Changed, Decided, Request, Standing, State, changed};
use indelible_proof::{Actor, Changes, Recorded, Target};
use serde::Deserialize;
use serde_json::Value;

use crate::cli::{
    answer, changes,
    error::Failure,
    question::Events,
    row::{actor_in_words, target_in_words},
    table::{self, Cell, Column},
    terminal::{Screen, short_time, style, visible},
};

/// The audit trail: a line for each entry, what changed below it.
pub(super) fn log(Events { events, next }: &Events, screen: &mut Screen) -> Result<(), Failure> {
    events.iter().try_for_each(|recorded| entry(recorded, screen))?;
    answer::end(events.is_empty(), next.is_some(), screen)
}

fn entry(Recorded { seq, event, .. }: &Recorded, screen: &mut Screen) -> Result<(), Failure> {
    let none = Target::default();
    let resource = event.targets.first().unwrap_or(&none);
    let action = event.action.trim_start_matches("resource.");
    let outcome = event.outcome.map_or("", indelible_proof::Outcome::as_str);
    let address = resource.attrs.get("address").and_then(Value::as_str);
    let words = [
        Some((style::FAINT, event.occurred_at.map(short_time).unwrap_or_default())),
        Some((style::HEAD, action.to_owned())),
        // Who reads that it was denied knows how it ended.
        (outcome != "success" && outcome != action).then(|| (style::of_word(outcome), outcome.to_owned())),
        Some((style::NAME, target_in_words(resource))),
        name_of(resource).map(|name| (style::PLAIN, name.to_owned())),
        address.map(|address| (style::PLAIN, format!("({address})"))),
        event.actor.as_ref().map(|actor| (style::PLAIN, format!("by {}", actor_in_words(actor)))),
        Some((style::FAINT, format!("#{seq}"))),
    ];
    let words = words.into_iter().flatten().filter(|(_, word)| !word.is_empty());
    let line: Vec<String> = words.map(|(style, word)| screen.paint(style, &visible(&word)).into_owned()).collect();
    screen.line(&line.join("  "))?;
    event.changes.as_ref().map_or(Ok(()), |changes| changes::print(changes, screen))
}

/// What a resource was: its fields, and those that are not known.
pub(super) fn state(resource: &str, state: &State, screen: &mut Screen) -> Result<(), Failure> {
    let address = state.attrs.get("address").and_then(Value::as_str);
    let title: Vec<_> = [Some(resource), state.name.as_deref(), address].into_iter().flatten().map(visible).collect();
    screen.line(&screen.paint(style::HEAD, &title.join("  ")))?;
    let (word, style) = match state.standing {
        Standing::Unknown => ("unknown: no event tells whether it is there", style::WARN),
        Standing::Requested => ("requested", style::WARN),
        Standing::Refused => ("requested and refused", style::BAD),
        Standing::Present => ("present", style::GOOD),
        Standing::Deleted => ("deleted", style::BAD),
    };
    let mut line = screen.paint(style, word).into_owned();
    if let (Some(at), Some(seq)) = (state.changed_at, state.seq) {
        let events = if state.events == 1 { "event" } else { "events" };
        let then = if state.standing == Standing::Deleted { "; it was" } else { "" };
        let since = format!("  after {} {events}, the last of {} (#{seq}){then}", state.events, short_time(at));
        line.push_str(&screen.paint(style::FAINT, &since));
    }
    screen.line(&line)?;
    // As if all of it had changed, so that paths are those of the trail.
    let fields = changed(&Changes { after: state.fields.clone(), ..Changes::default() });
    let value = |field: Changed| (field.path, field.after.unwrap_or_default().to_string());
    table::fields("  ", &fields.into_iter().map(value).collect::<Vec<_>>(), screen)?;
    if !state.unknown.is_empty() && state.standing != Standing::Unknown {
        let unknown = format!("unknown  {}", visible(&state.unknown.join(", ")));
        screen.line(&screen.paint(style::WARN, &unknown))?;
    }
    Ok(())
}

/// What happened to any resource.
pub(super) fn feed(Events { events, next }: &Events, screen: &mut Screen) -> Result<(), Failure> {
    let columns = vec![
        Column::whole("TIME"),
        Column::text("ACTION", 10),
        Column::text("ACTOR", 8),
        Column::text("RESOURCE", 8),
        Column::text("NAME", 6),
        Column::text("CHANGED", 8),
        Column::number("SEQ"),
    ];
    let row = |Recorded { seq, event, .. }: &Recorded| {
        let fields = event.changes.as_ref().map(changed).unwrap_or_default();
        let fields: Vec<&str> = fields.iter().map(|field| field.path.as_str()).collect();
        let (resource, name) = resource(event.targets.first());
        vec![
            time(event.occurred_at),
            Cell::new(&event.action, style::of_word(event.severity.map_or("", indelible_proof::Severity::as_str))),
            who(event.actor.as_ref()),
            resource,
            name,
            Cell::plain(&fields.join(", ")),
            Cell::new(&seq.to_string(), style::FAINT),
        ]
    };
    listed(columns, &events.iter().map(row).collect::<Vec<_>>(), next.is_some(), screen)
}

/// What was decided.
#[derive(Deserialize)]
pub(super) struct Decisions {
    decisions: Vec<Decided>,
}

pub(super) fn decisions(Decisions { decisions }: &Decisions, screen: &mut Screen) -> Result<(), Failure> {
    let columns = vec![
        Column::whole("TIME"),
        Column::whole("DECISION"),
        Column::text("BY", 8),
        Column::text("RESOURCE", 8),
        Column::text("NAME", 6),
        Column::text("REQUESTED BY", 8),
        Column::whole("AFTER"),
    ];
    let row = |decided: &Decided| {
        let (resource, name) = resource(Some(&decided.resource));
        let style = if decided.decision == "approved" { style::GOOD } else { style::WARN };
        vec![
            time(decided.decided_at),
            Cell::new(&decided.decision, style),
            who(decided.decided_by.as_ref()),
            resource,
            name,
            who(decided.request.as_ref().and_then(|request| request.requested_by.as_ref())),
            Cell::plain(&decided.waited_s.map(duration).unwrap_or_default()),
        ]
    };
    listed(columns, &decisions.iter().map(row).collect::<Vec<_>>(), false, screen)?;
    let mut waited: Vec<u64> = decisions.iter().filter_map(|decided| decided.waited_s).collect();
    waited.sort_unstable();
    let (median, longest) = (waited.get(waited.len().saturating_sub(1) / 2), waited.last());
    match median.zip(longest) {
        Some((&median, &longest)) => screen.line(&format!(
            "from request to decision: median {}, longest {}",
            duration(median),
            duration(longest)
        )),
        None => Ok(()),
    }
}

/// What is still to be decided.
#[derive(Deserialize)]
pub(super) struct Requests {
    requests: Vec<Request>,
}

pub(super) fn requests(Requests { requests }: &Requests, screen: &mut Screen) -> Result<(), Failure> {
    let columns = vec![
        Column::whole("TIME"),
        Column::text("BY", 8),
        Column::text("RESOURCE", 8),
        Column::text("NAME", 6),
        Column::text("REQUEST", 8),
        Column::number("SEQ"),
    ];
    let row = |request: &Request| {
        let (resource, name) = resource(Some(&request.resource));
        vec![
            time(request.requested_at),
            who(request.requested_by.as_ref()),
            resource,
            name,
            Cell::plain(request.request.as_deref().unwrap_or_default()),
            Cell::new(&request.seq.to_string(), style::FAINT),
        ]
    };
    listed(columns, &requests.iter().map(row).collect::<Vec<_>>(), false, screen)
}

/// A table, and whether that is all.
fn listed(columns: Vec<Column>, rows: &[Vec<Cell>], more: bool, screen: &mut Screen) -> Result<(), Failure> {
    if !rows.is_empty() {
        table::print(columns, rows, screen)?;
    }
    answer::end(rows.is_empty(), more, screen)
}

fn time(at: Option<indelible::Timestamp>) -> Cell {
    Cell::new(&at.map(short_time).unwrap_or_default(), style::FAINT)
}

fn who(actor: Option<&Actor>) -> Cell {
    Cell::plain(&actor.map(actor_in_words).unwrap_or_default())
}

/// A resource and its name.
fn resource(target: Option<&Target>) -> (Cell, Cell) {
    let name = target.and_then(name_of).unwrap_or_default();
    (Cell::plain(&target.map(target_in_words).unwrap_or_default()), Cell::plain(name))
}

/// The name of a resource, unless it stands where its id would.
fn name_of(target: &Target) -> Option<&str> {
    target.name.as_deref().filter(|_| target.id.is_some())
}

/// A length of time in its two largest units.
fn duration(seconds: u64) -> String {
    let units = [("d", seconds / 86_400), ("h", seconds / 3600 % 24), ("m", seconds / 60 % 60), ("s", seconds % 60)];
    let first = units.iter().position(|(_, number)| *number > 0).unwrap_or(units.len() - 1);
    let words = units.iter().skip(first).take(2).enumerate().filter(|(nth, (_, number))| *nth == 0 || *number > 0);
    let words: Vec<String> = words.map(|(_, (unit, number))| format!("{number}{unit}")).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn a_length_of_time_is_told_in_its_two_largest_units() {
        for (seconds, words) in
            [(0, "0s"), (59, "59s"), (60, "1m"), (90, "1m 30s"), (3600, "1h"), (90_061, "1d 1h"), (172_800, "2d")]
        {
            assert_eq!(duration(seconds), words);
        }
    }
}
