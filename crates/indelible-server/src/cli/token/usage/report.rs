//! Answers for people. An answer without anything in it is not shown, but for the number of uses.

use indelible::Timestamp;
use indelible_proof::Recorded;
use jiff::tz::TimeZone;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{super::show, chart};
use crate::{
    api::Question,
    cli::{
        answer::{self, Shown, list, number, text, time},
        error::Failure,
        row,
        table::{self, Cell},
        terminal::{Screen, grouped, style, visible},
    },
    tokens::TokenView,
};

/// What a report asks, in this order.
pub(super) const QUESTIONS: &[Question] = &[
    Question::Total,
    Question::UniqueIps,
    Question::Daily,
    Question::Hours,
    Question::Ips,
    Question::Endpoints,
    Question::Statuses,
    Question::Latency,
    Question::Tokens,
    Question::Failures,
    Question::SuspiciousIps,
];

/// Columns of a chart where no terminal says.
const WIDTH: usize = 80;
const DAY_US: i64 = 86_400_000_000;

/// The answer to a question.
pub(super) fn answer(question: Question, answer: &Value, zone: &TimeZone, screen: &mut Screen) -> Result<(), Failure> {
    match question {
        Question::Total => total(answer, screen),
        Question::Daily => days(answer, zone, screen),
        Question::Hours => hours(answer, screen),
        Question::UniqueIps => screen.line(&format!("addresses  {}", number(answer, &answer["count"]))),
        Question::Latency => latency(answer, screen),
        Question::Ips => ranked(answer, &[Shown::Text("value", "address"), Shown::Number("uses", "USES")], screen),
        Question::Endpoints => ranked(
            answer,
            &[Shown::Text("method", "method"), Shown::Text("route", "route"), Shown::Number("uses", "USES")],
            screen,
        ),
        Question::Statuses => ranked(answer, &[Shown::Text("value", "status"), Shown::Number("uses", "USES")], screen),
        Question::Tokens => ranked(answer, &[Shown::Text("value", "token"), Shown::Number("uses", "USES")], screen),
        Question::Abilities => {
            ranked(answer, &[Shown::Text("value", "ability"), Shown::Number("uses", "USES")], screen)
        }
        Question::Failures => ranked(
            answer,
            &[Shown::Text("action", "failure"), Shown::Text("reason", "reason"), Shown::Number("attempts", "ATTEMPTS")],
            screen,
        ),
        Question::SuspiciousIps => {
            ranked(answer, &[Shown::Text("value", "suspicious address"), Shown::Number("attempts", "ATTEMPTS")], screen)
        }
        Question::UnusedAbilities => {
            list(answer, "abilities").iter().try_for_each(|ability| screen.line(&visible(&text(ability))))
        }
        Question::Lifecycle => {
            let events: Vec<Recorded> = read(&answer["events"])?;
            let rows: Vec<Vec<Cell>> = events.iter().map(row::cells).collect();
            table::print(row::columns(), &rows, screen)
        }
        Question::NeverUsed | Question::Stale => show::list(&read::<Vec<TokenView>>(&answer["tokens"])?, screen),
        Question::Statistics => statistics(answer, screen),
    }
}

fn read<T: DeserializeOwned>(value: &Value) -> Result<T, Failure> {
    T::deserialize(value).map_err(Failure::because)
}

fn total(answer: &Value, screen: &mut Screen) -> Result<(), Failure> {
    let time = |name: &str| time(&answer[name]);
    let mut line = format!("uses       {}", number(answer, &answer["uses"]));
    if let (Some(first), Some(last)) = (time("first_at"), time("last_at")) {
        line.push_str(&format!("   first {first}   last {last}"));
    }
    screen.line(&line)
}

/// The last days that fit, those without uses too.
fn days(answer: &Value, zone: &TimeZone, screen: &mut Screen) -> Result<(), Failure> {
    let day = |row: &Value| Some((row["day"].as_str()?.parse().ok()?, row["uses"].as_u64()?));
    let days: Vec<(Timestamp, u64)> = list(answer, "rows").iter().filter_map(day).collect();
    let Some(&(last, _)) = days.last() else { return Ok(()) };
    let fit = screen.width().unwrap_or(WIDTH);
    // A day of a change to or from summer time is an hour longer or shorter than others.
    let ago = |day: Timestamp| (last.as_micros() - day.as_micros() + DAY_US / 2) / DAY_US;
    let shown: Vec<(usize, Timestamp, u64)> = days
        .iter()
        .filter_map(|&(day, uses)| Some((usize::try_from(ago(day)).ok().filter(|&ago| ago < fit)?, day, uses)))
        .collect();
    let Some(&(oldest, first, _)) = shown.first() else { return Ok(()) };
    let mut values = vec![0; oldest + 1];
    for (ago, _, uses) in shown {
        if let Some(value) = oldest.checked_sub(ago).and_then(|at| values.get_mut(at)) {
            *value = uses;
        }
    }
    let date = |at: Timestamp| {
        let at = jiff::Timestamp::from_microsecond(at.as_micros()).unwrap_or_default();
        at.to_zoned(zone.clone()).date().to_string()
    };
    let wide = (fit / values.len()).clamp(1, 3);
    chart(&format!("days       {} to {}", date(first), date(last)), &values, wide, screen)
}

fn hours(answer: &Value, screen: &mut Screen) -> Result<(), Failure> {
    let values: Vec<u64> = list(answer, "rows").iter().filter_map(|row| row["uses"].as_u64()).collect();
    if values.iter().all(|&uses| uses == 0) {
        return Ok(());
    }
    chart("hours      0 to 23", &values, 2, screen)?;
    screen.line("0           6           12          18")
}

fn chart(title: &str, values: &[u64], wide: usize, screen: &mut Screen) -> Result<(), Failure> {
    let most = values.iter().copied().max().unwrap_or(0);
    screen.line("")?;
    screen.line(&format!("{title}, at most {}", grouped(i64::try_from(most).unwrap_or(i64::MAX))))?;
    for line in chart::lines(values, wide, !screen.is_terminal()) {
        screen.line(&screen.paint(style::NAME, &line))?;
    }
    Ok(())
}

fn latency(answer: &Value, screen: &mut Screen) -> Result<(), Failure> {
    let sign = if answer["exact"] == false { "~" } else { "" };
    let ms = |name: &str| Some(format!("{sign}{:.1} ms", answer[name].as_f64()? / 1000.0));
    let known = ["p50", "p90", "p95", "p99"].map(|name| Some(format!("   {name} {}", ms(&format!("{name}_us"))?)));
    let line: String = known.into_iter().flatten().collect();
    if line.is_empty() {
        return Ok(());
    }
    screen.line("")?;
    screen.line(&format!("latency {line}"))
}

/// The most frequent, one a line.
fn ranked(answer: &Value, columns: &[Shown], screen: &mut Screen) -> Result<(), Failure> {
    if !list(answer, "rows").is_empty() {
        screen.line("")?;
    }
    answer::rows(answer, columns, screen)
}

fn statistics(answer: &Value, screen: &mut Screen) -> Result<(), Failure> {
    for (name, value) in answer.as_object().into_iter().flatten().filter(|(name, _)| *name != "exact") {
        let value = match value.as_object() {
            Some(counts) => {
                let counts: Vec<String> =
                    counts.iter().map(|(name, tokens)| format!("{} {tokens}", visible(name))).collect();
                counts.join("   ")
            }
            // Of these only the addresses are ever counted by a sketch.
            None if name == "unique_ips" => number(answer, value),
            None => grouped(value.as_i64().unwrap_or(0)),
        };
        screen.line(&format!("{:<16} {value}", visible(name)))?;
    }
    Ok(())
}
