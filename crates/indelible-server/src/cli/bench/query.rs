//! Questions that are asked every day, over what `bench ingest` made.

use clap::Args;
use indelible_proof::Timestamp;

use super::{
    events::{TOKENS, owner, token, user},
    rounds::{Measured, Rounds, print},
    target::Target,
};
use crate::cli::{
    error::Failure,
    place::Place,
    question::{PageOf, Question},
    terminal::Screen,
};

/// Asks eight questions of what `bench ingest` recorded and measures the answers
#[derive(Debug, Args)]
pub(crate) struct Query {
    #[command(flatten)]
    rounds: Rounds,
    #[command(flatten)]
    target: Target,
}

/// A question by its kind.
enum Ask {
    Page(PageOf),
    Aggregate(Question),
}

impl Query {
    pub(super) fn run(&self, screen: &mut Screen) -> Result<(), Failure> {
        let subject = self.target.open()?;
        let all = self.measure_all(&subject.place, screen);
        subject.close();
        print(&all?, screen)
    }

    fn measure_all(&self, place: &Place, screen: &mut Screen) -> Result<Vec<Measured>, Failure> {
        // What the log records of its readers is younger than what they ask for.
        let newest = PageOf { filter: "-action:audit.*".to_owned(), limit: 1, ..PageOf::default() };
        let newest = place.page(&newest)?;
        let end = newest.events.first().and_then(|event| event.event.occurred_at);
        let end =
            end.ok_or_else(|| Failure::Failed("there are no events; run `indelible bench ingest` first".to_owned()))?;
        let measured = |(name, ask): (&str, Ask)| self.rounds.measure((name, ask.filter()), || ask.of(place), screen);
        questions(end).into_iter().map(measured).collect()
    }
}

impl Ask {
    fn filter(&self) -> &str {
        match self {
            Self::Page(page) => &page.filter,
            Self::Aggregate(question) => &question.filter,
        }
    }

    /// Asks; gives how many rows the answer has, and whether it is exact.
    fn of(&self, place: &Place) -> Result<(u64, bool), Failure> {
        match self {
            Self::Page(page) => Ok((place.page(page)?.events.len() as u64, true)),
            Self::Aggregate(question) => {
                let answer = place.aggregate(question)?;
                Ok((answer.rows.len() as u64, answer.exact))
            }
        }
    }
}

fn questions(end: Timestamp) -> Vec<(&'static str, Ask)> {
    const HOUR_US: i64 = 3_600_000_000;
    const BUSY: u64 = 0;
    let hour_ago = Timestamp::saturating_from_micros(end.as_micros() - HOUR_US);
    let of_token = |number| format!("credential.id:{}", token(number));
    let aggregate = |filter: String, group_by: &str, measure: &str| {
        let (group_by, measure) = (group_by.to_owned(), measure.to_owned());
        Ask::Aggregate(Question { filter, group_by, measure, ..Question::default() })
    };
    let failures = Question {
        filter: format!("outcome:failure since:{hour_ago}"),
        group_by: "ip".to_owned(),
        measure: "count".to_owned(),
        having: "count>=11".to_owned(),
        ..Question::default()
    };
    let rare = PageOf { filter: of_token(TOKENS / 4), limit: 50, ..PageOf::default() };
    vec![
        ("newest 50 of a rare token", Ask::Page(rare)),
        ("daily usage of a busy token", aggregate(of_token(BUSY), "day", "count")),
        ("usage by ip of a token", aggregate(of_token(100), "ip", "count")),
        ("total of a user over all tokens", aggregate(format!("actor.id:{}", user(owner(BUSY))), "", "count")),
        ("usage by token of a user", aggregate(format!("actor.id:{}", user(owner(BUSY))), "credential.id", "count")),
        ("ips with over 10 failures in the last hour", Ask::Aggregate(failures)),
        ("count by day and action", aggregate(String::new(), "day,action", "count")),
        ("distinct ips", aggregate(String::new(), "", "distinct(ip)")),
    ]
}
