//! The state of a server.

use indelible_proof::Timestamp;
use serde::Deserialize;

use super::{Finding, directory::against};
use crate::{
    cli::remote::{Remote, RequestError},
    clock,
};

pub(super) fn examine(server: &Remote) -> Vec<Finding> {
    let mut findings = Vec::new();
    match server.get_path("/healthz", &[]) {
        Ok(response) => {
            findings.push(Finding::ok("server", server.base()));
            let date = response.headers().get("date").and_then(|date| http_date(date.to_str().ok()?));
            if let Some(date) = date {
                findings.push(against("the server's clock says", Some(date), clock::now()));
            }
        }
        Err(error) => {
            findings.push(Finding::problem(
                "server",
                error.to_string(),
                "start `indelible serve` there, or mend --url",
            ));
            return findings;
        }
    }
    findings.push(match server.get_path("/readyz", &[]) {
        Ok(_) => Finding::ok("writing", "the log takes events"),
        Err(error) => Finding::problem("writing", error.to_string(), "see the server's log"),
    });
    findings.extend(server.fetch("/v1/status").ok().and_then(|status| witnesses(&status)));
    findings.push(match server.get_path("/v1/events", &[("limit", "1")]) {
        Ok(_) => Finding::ok("key", "may read events"),
        Err(RequestError::Refused { message, .. }) => {
            Finding::problem("key", message, "`indelible key create` makes a key on the server's machine")
        }
        Err(error) => Finding::problem("key", error.to_string(), "see the server's log"),
    });
    findings
}

/// What of the server's state is about its witnesses. Only some keys may see it.
#[derive(Debug, Deserialize)]
struct Status {
    next_seq: u64,
    stopped: Option<String>,
    published_size: Option<u64>,
    quorum: usize,
    witnesses: Vec<Witness>,
}

#[derive(Debug, Deserialize)]
struct Witness {
    name: String,
    error: Option<String>,
}

fn witnesses(status: &Status) -> Option<Finding> {
    if let Some(why) = &status.stopped {
        return Some(Finding::problem("witnesses", why, "nothing is recorded until this is settled"));
    }
    if status.witnesses.is_empty() {
        return None;
    }
    let covered =
        format!("the published checkpoint covers {} of {} events", status.published_size.unwrap_or(0), status.next_seq);
    let failing: Vec<_> =
        status.witnesses.iter().filter_map(|it| Some(format!("{}: {}", it.name, it.error.as_ref()?))).collect();
    let cosigning = status.witnesses.len() - failing.len();
    let found = format!(
        "{cosigning} of {} cosign, {} are needed; {covered}\n{}",
        status.witnesses.len(),
        status.quorum,
        failing.join("\n")
    );
    Some(if failing.is_empty() {
        Finding::ok("witnesses", found.trim_end())
    } else if cosigning >= status.quorum {
        Finding::warning("witnesses", found, "the log goes on; ask the operators of these witnesses")
    } else {
        Finding::problem(
            "witnesses",
            found,
            "no new checkpoint is published until enough witnesses cosign: ask their operators",
        )
    })
}

/// A date as HTTP writes it, e.g. `Fri, 20 Nov 2026 12:00:00 GMT`.
fn http_date(text: &str) -> Option<Timestamp> {
    let at = jiff::fmt::rfc2822::parse(text).ok()?;
    Timestamp::from_micros(at.timestamp().as_microsecond()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_of_an_answer_is_read() {
        let at = http_date("Fri, 20 Nov 2026 12:00:00 GMT").map(|at| at.to_string());
        assert_eq!(at.as_deref(), Some("2026-11-20T12:00:00.000000Z"));
        assert_eq!(http_date("yesterday"), None);
    }
}
