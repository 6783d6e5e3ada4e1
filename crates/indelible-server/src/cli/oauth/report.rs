//! Answers for people: tables, and trees of tokens.

use std::iter;

use serde_json::Value;

use crate::{
    api::OauthQuestion,
    cli::{
        answer::{self, Shown, list, text, time},
        error::Failure,
        table::{self, Cell, Column},
        terminal::{Screen, style},
    },
};

/// Deeper tokens are shown as deep as this.
const DEPTH_SHOWN: usize = 16;

const CLIENT: Shown = Shown::Text("client", "CLIENT");
const ACTOR: Shown = Shown::Text("actor", "ACTOR");
const REASON: Shown = Shown::Text("reason", "REASON");
const FIRST: Shown = Shown::Time("first_at", "FIRST");
const LAST: Shown = Shown::Time("last_at", "LAST");

/// What is shown of a token beside its place in a tree.
const LINK: [Shown; 8] = [
    Shown::Text("state", "STATE"),
    Shown::Time("issued.at", "ISSUED"),
    Shown::Time("ended.at", "ENDED"),
    CLIENT,
    ACTOR,
    Shown::Text("scopes", "SCOPES"),
    Shown::Number("uses.count", "USES"),
    Shown::Time("uses.last_at", "LAST USE"),
];

/// The answer to a question.
pub(super) fn answer(question: OauthQuestion, answer: &Value, screen: &mut Screen) -> Result<(), Failure> {
    match question {
        OauthQuestion::Chain => chain(answer, screen)?,
        OauthQuestion::Reuse => reuse(answer, screen)?,
        _ => answer::rows(answer, &columns(question, answer), screen)?,
    }
    answer::end(is_empty(answer), answer["more"] == true, screen)
}

/// Whether an answer has nothing.
pub(super) fn is_empty(answer: &Value) -> bool {
    ["rows", "tokens", "others"].iter().all(|name| list(answer, name).is_empty())
}

fn columns(question: OauthQuestion, answer: &Value) -> Vec<Shown> {
    match question {
        OauthQuestion::Access => {
            let what = [Shown::Text("method", "METHOD"), Shown::Text("route", "ROUTE"), Shown::Text("scope", "SCOPE")];
            [ACTOR, CLIENT].into_iter().chain(what).chain([Shown::Number("count", "USES"), FIRST, LAST]).collect()
        }
        OauthQuestion::UnusedScopes => {
            let by_token = list(answer, "rows").iter().any(|row| !row["token"].is_null());
            let token = by_token.then_some(Shown::Text("token", "TOKEN"));
            let scope = [Shown::Text("scope", "UNUSED SCOPE"), Shown::Number("grants", "GRANTS")];
            [CLIENT].into_iter().chain(token).chain(scope).collect()
        }
        OauthQuestion::RedirectUris => vec![
            CLIENT,
            Shown::Text("redirect_uri", "REDIRECT URI"),
            Shown::Number("count", "SEEN"),
            Shown::Number("failed", "FAILED"),
            Shown::Text("reasons", "WITH"),
            LAST,
        ],
        OauthQuestion::Alive => vec![
            Shown::Text("fingerprint", "TOKEN"),
            Shown::Text("type", "TYPE"),
            CLIENT,
            ACTOR,
            Shown::Text("scopes", "SCOPES"),
            Shown::Time("issued.at", "ISSUED"),
            Shown::Time("expires_at", "EXPIRES"),
        ],
        OauthQuestion::Failures => {
            vec![CLIENT, REASON, Shown::Text("action", "WHAT"), Shown::Number("attempts", "ATTEMPTS")]
        }
        OauthQuestion::FirstUses => {
            vec![Shown::Text("what", "NEW"), Shown::Text("value", "VALUE"), FIRST, Shown::Number("count", "USES")]
        }
        OauthQuestion::Chain | OauthQuestion::Reuse => Vec::new(),
    }
}

/// A token at its place in a tree: what it is and its fingerprint.
fn token(token: &Value, depth: usize) -> Cell {
    let indent = "  ".repeat(depth.min(DEPTH_SHOWN));
    Cell::new(&format!("{indent}{} {}", text(&token["type"]), text(&token["fingerprint"])), style::NAME)
}

fn chain(answer: &Value, screen: &mut Screen) -> Result<(), Failure> {
    let row = |link: &Value| {
        let token = token(link, link["depth"].as_u64().map_or(0, |depth| depth as usize));
        iter::once(token).chain(LINK.map(|column| column.cell(answer, link))).collect()
    };
    let rows: Vec<Vec<Cell>> = list(answer, "tokens").iter().map(row).collect();
    let columns = iter::once(Column::text("TOKEN", 24)).chain(LINK.map(Shown::column)).collect();
    if !rows.is_empty() {
        table::print(columns, &rows, screen)?;
    }
    let steps = |of: &Value, steps: &[Value]| -> Vec<Vec<Cell>> {
        let step = |step: &Value| {
            let words = [&step["action"], &step["outcome"], &step["reason"], of].map(|word| Cell::plain(&text(word)));
            iter::once(Cell::plain(&time(&step["at"]).unwrap_or_default())).chain(words).collect()
        };
        steps.iter().map(step).collect()
    };
    let of_tokens = list(answer, "tokens").iter().flat_map(|link| steps(&link["fingerprint"], list(link, "steps")));
    let all: Vec<_> = steps(&Value::Null, list(answer, "others")).into_iter().chain(of_tokens).collect();
    if all.is_empty() {
        return Ok(());
    }
    screen.line("")?;
    let columns = ["ALSO", "WHAT", "OUTCOME", "REASON", "TOKEN"].map(|title| Column::text(title, 8));
    table::print(columns.to_vec(), &all, screen)
}

/// Each reuse, and under it what was alive until then.
fn reuse(answer: &Value, screen: &mut Screen) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for reuse in list(answer, "rows") {
        let plain = |value: &Value| Cell::plain(&text(value));
        let used = format!("reused {}", text(&reuse["token"]));
        let at = Cell::plain(&time(&reuse["at"]).unwrap_or_default());
        let of = ["client", "actor", "family"].map(|name| plain(&reuse[name]));
        rows.push([Cell::new(&used, style::NAME), at].into_iter().chain(of).collect());
        for alive in list(reuse, "alive") {
            let until = time(&alive["expires_at"]).map_or_else(String::new, |end| format!("until {end}"));
            rows.push(vec![token(alive, 1), Cell::plain("alive then"), Cell::plain(&until)]);
        }
    }
    if rows.is_empty() {
        return Ok(());
    }
    let titles = ["TOKEN", "AT", "CLIENT", "ACTOR", "FAMILY"];
    table::print(titles.map(|title| Column::text(title, 10)).to_vec(), &rows, screen)
}
