//! An action and an outcome that agree: a sign-in that failed is `auth.login.failed`, whatever its source calls it.

use indelible_proof::{
    Event, Outcome,
    vocabulary::{self, failed_form},
};

/// Actions whose failure has a name of its own that is not shared, for records that name the failure and succeeded.
const DONE: [&str; 4] = ["auth.login.succeeded", "auth.mfa.succeeded", "access.granted", "token.authenticated"];

pub(super) fn settle(event: &mut Event) {
    if event.outcome == Some(Outcome::Unknown) {
        event.outcome = Some(vocabulary::outcome_of(&event.action));
    }
    match event.outcome {
        Some(Outcome::Failure | Outcome::Denied) => {
            event.action = failed_form(&event.action).map_or_else(|| std::mem::take(&mut event.action), str::to_owned);
        }
        Some(Outcome::Success) => {
            // A reason says why something was not done.
            event.reason = None;
            let done = DONE.into_iter().find(|done| failed_form(done) == Some(event.action.as_str()));
            event.action = done.map_or_else(|| std::mem::take(&mut event.action), str::to_owned);
        }
        _ => {}
    }
}
