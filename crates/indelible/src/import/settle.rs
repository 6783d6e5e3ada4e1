//! What agrees in an event: its action with its outcome, so that a sign-in that failed is `auth.login.failed`, whatever its
//! source calls it; and who did it, to which client, with what it is about.

use indelible_proof::{
    Actor, Client, Event, Outcome, Target,
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
    if event.action.starts_with("oauth.") && event.client.as_ref().is_none_or(|client| *client == Client::default()) {
        event.client = event.targets.iter().rfind(|target| is_client(&event.action, target)).map(client_of);
    }
    if event.actor.is_none() {
        event.actor = actor(event);
    }
    let nobody = event.targets.iter().all(|target| target.id.is_none() && target.name.is_none());
    if let (true, "account.locked", Some(actor)) = (nobody, event.action.as_str(), &event.actor) {
        // Whoever tried too often was locked out.
        let Actor { r#type, id, name, .. } = actor.clone();
        event.targets.push(Target { r#type, id, name, ..Target::default() });
    }
}

/// Who it was when the record names nobody: whose sign-in it is, or the client whose tokens these are.
fn actor(event: &Event) -> Option<Actor> {
    if ["auth.login.", "auth.logout", "auth.mfa."].iter().any(|own| event.action.starts_with(own)) {
        let user = event.targets.iter().find(|target| matches!(kind(target), "user" | "app_user"))?;
        let email = user.id.clone().filter(|id| id.contains('@'));
        return Some(Actor { email, name: user.name.clone(), ..Actor::user(user.id.clone()?) });
    }
    let client = event.client.as_ref().filter(|_| event.action.starts_with("oauth."))?;
    Some(Actor { name: client.name.clone(), ..Actor::new("client", client.id.clone()?) })
}

/// What is granted access to may stand before the client that gets it.
fn is_client(action: &str, target: &Target) -> bool {
    const OTHERS: [&str; 5] = ["connection", "project", "realm", "tenant", "user"];
    match kind(target) {
        // A consent or a client of which nothing is told but its name.
        "" | "app_instance" | "application" | "client" | "integration" | "service_account" | "service_principal" => {
            true
        }
        other => action.starts_with("oauth.client.") && !OTHERS.contains(&other),
    }
}

fn kind(target: &Target) -> &str {
    target.r#type.as_deref().unwrap_or_default()
}

fn client_of(target: &Target) -> Client {
    Client { id: target.id.clone().or_else(|| target.name.clone()), name: target.name.clone() }
}
