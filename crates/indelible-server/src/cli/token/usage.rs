//! `indelible token usage`: one question, or a report of those that are asked most.

mod chart;
mod report;

use std::io::{self, Write};

use clap::{Args, value_parser};
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Where, home::Home};
use crate::{
    api::Question,
    cli::{error::Failure, escaping::visible, question::conditions, terminal::Screen},
    limits::TOKEN_PAGE_MAX,
};

/// Tells how tokens are used: by day and hour, from where, for what, and what failed
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  indelible token usage tok_8hT4kQ2mZ9wXc5vB7nY3dF
  indelible token usage --owner user:42 --since 30d --tz Europe/Berlin
  indelible token usage --question suspicious-ips --since 1d --over 100
  indelible token usage --type sk --question statistics --json

Numbers with ~ are approximate: they come from sketches, which answer at once however long the log is.")]
pub(crate) struct Usage {
    #[command(flatten)]
    conditions: Conditions,
    /// One question, instead of a report
    #[arg(long, value_enum, value_name = "QUESTION")]
    question: Option<Question>,
    #[command(flatten)]
    place: Where,
}

/// Whose usage, when, and how much of it: named as `GET /v1/usage` has it.
#[derive(Debug, Args, Serialize)]
struct Conditions {
    /// Of this token. Without this and the options below: of all tokens
    #[arg(value_name = "ID", conflicts_with_all = ["owner", "group", "type", "environment"])]
    token: Option<String>,
    /// Of the tokens of this owner, as type:id
    #[arg(long, value_name = "TYPE:ID", conflicts_with_all = ["group", "type", "environment"])]
    owner: Option<String>,
    /// Of the tokens of this group
    #[arg(long, value_name = "ID", conflicts_with_all = ["type", "environment"])]
    group: Option<String>,
    /// Of the tokens of this type
    #[arg(long = "type", id = "type", value_name = "TYPE", conflicts_with = "environment")]
    r#type: Option<String>,
    /// Of the tokens of this environment
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// From then on: a moment, a day, or a while ago such as 7d
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Before then
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Time zone of days and hours, e.g. Europe/Berlin; UTC when left out
    #[arg(long, visible_alias = "time-zone", value_name = "ZONE")]
    tz: Option<String>,
    /// How many rows. Default: 10, in a report 5
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=i64::from(TOKEN_PAGE_MAX)))]
    limit: Option<u32>,
    /// How many failed attempts of an address are not suspicious yet
    #[arg(long, value_name = "N")]
    over: Option<u64>,
}

impl Usage {
    pub(super) fn run(&self, screen: &mut Screen) -> Result<(), Failure> {
        let mut asked = conditions(&self.conditions)?;
        let zone = self.conditions.tz.as_deref().unwrap_or("UTC");
        let zone = TimeZone::get(zone).map_err(|error| Failure::Usage(format!("--tz: {error}")))?;
        let home = Home::open(&self.place)?;
        if let Some(id) = &self.conditions.token
            && let Err(error) = home.get(id)
        {
            // It may be a token of another system, which the log alone knows.
            let note = format!("note: {error}; what follows is what the log has of {id}");
            drop(writeln!(io::stderr().lock(), "{}", visible(&note)));
        }
        if let Some(question) = self.question {
            let answer = home.usage(question, &asked)?;
            return if screen.wants_json() {
                screen.json(&answer)
            } else {
                report::answer(question, &answer, &zone, screen)
            };
        }
        asked.entry("limit").or_insert_with(|| 5.into());
        let of_one = self.conditions.token.is_some();
        let questions = report::QUESTIONS.iter().filter(|&&question| !(of_one && question == Question::Tokens));
        let answers = questions.map(|&question| Ok((question, home.usage(question, &asked)?)));
        let answers: Vec<(Question, Value)> = answers.collect::<Result<_, Failure>>()?;
        if screen.wants_json() {
            let all: Map<String, Value> =
                answers.into_iter().map(|(question, answer)| (question.word().to_owned(), answer)).collect();
            return screen.json(&all);
        }
        answers.iter().try_for_each(|(question, answer)| report::answer(*question, answer, &zone, screen))
    }
}
