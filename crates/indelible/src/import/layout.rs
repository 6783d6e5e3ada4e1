//! Where a product's records keep what an event needs, as a table: most formats are one [`Layout`] and a few lines.

use indelible_proof::{
    Actor, Changes, Client, Context, Credential, Event, Geo, Http, Outcome, Severity, Source, Target, vocabulary,
};

use super::{
    Problem, naming,
    record::{Paths, Record},
};
use crate::oauth::Grant;

/// Paths into a record, for each field the preferred one first. What stays empty, the product's records do not hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    /// Name of the product: the event's `source.service`.
    pub(super) product: &'static str,
    pub(super) id: Paths,
    pub(super) time: Paths,
    /// The product's name for what happened. A record without one is refused.
    pub(super) action: Paths,
    pub(super) outcome: Paths,
    pub(super) reason: Paths,
    pub(super) severity: Paths,
    pub(super) actor_type: Paths,
    pub(super) actor_id: Paths,
    pub(super) actor_name: Paths,
    pub(super) actor_email: Paths,
    pub(super) target_type: Paths,
    pub(super) target_id: Paths,
    pub(super) target_name: Paths,
    pub(super) before: Paths,
    pub(super) after: Paths,
    pub(super) ip: Paths,
    pub(super) user_agent: Paths,
    pub(super) country: Paths,
    pub(super) region: Paths,
    pub(super) city: Paths,
    pub(super) session: Paths,
    pub(super) request: Paths,
    pub(super) correlation: Paths,
    /// Id of the credential that was used, and its kind.
    pub(super) credential: Paths,
    pub(super) credential_kind: &'static str,
    pub(super) client_id: Paths,
    pub(super) client_name: Paths,
    pub(super) method: Paths,
    pub(super) path: Paths,
    pub(super) status: Paths,
}

impl Layout {
    pub(super) const EMPTY: Self = Self {
        product: "",
        id: &[],
        time: &[],
        action: &[],
        outcome: &[],
        reason: &[],
        severity: &[],
        actor_type: &[],
        actor_id: &[],
        actor_name: &[],
        actor_email: &[],
        target_type: &[],
        target_id: &[],
        target_name: &[],
        before: &[],
        after: &[],
        ip: &[],
        user_agent: &[],
        country: &[],
        region: &[],
        city: &[],
        session: &[],
        request: &[],
        correlation: &[],
        credential: &[],
        credential_kind: "api_key",
        client_id: &[],
        client_name: &[],
        method: &[],
        path: &[],
        status: &[],
    };

    /// The event that a record tells of, with the action that its name suggests.
    pub(super) fn read(&self, record: Record<'_>) -> Result<Event, Problem> {
        let Some(name) = record.first(self.action) else {
            return Err(Problem::FieldMissing { field: self.action.first().copied().unwrap_or_default() });
        };
        Ok(self.event(record, &name))
    }

    /// The event of a record whose name is known.
    pub(super) fn event(&self, record: Record<'_>, name: &str) -> Event {
        let mut event = Event::new(naming::action(self.product, name)).meta("original_action", name);
        event.source = Some(Source { service: Some(self.product.to_owned()), ..Source::default() });
        event.idempotency_key = record.first(self.id);
        event.occurred_at = record.time(self.time);
        event.outcome = Some(self.outcome(record, name, &event.action));
        event.reason = record.first(self.reason).as_deref().and_then(reason);
        event.severity = record.first(self.severity).as_deref().and_then(severity);
        event.actor = self.actor(record);
        event.targets = vec![Target {
            r#type: record.first(self.target_type).map(|kind| word(&kind)),
            id: record.first(self.target_id),
            name: record.first(self.target_name),
            ..Target::default()
        }];
        event.changes = Some(Changes { before: side(record, self.before), after: side(record, self.after) });
        event.context = Some(self.context(record));
        event.session_id = record.first(self.session);
        event.request_id = record.first(self.request);
        event.correlation_id = record.first(self.correlation);
        event.credential = record.first(self.credential).map(|id| credential(self.credential_kind, id));
        event.client = Some(Client { id: record.first(self.client_id), name: record.first(self.client_name) });
        event.http = Some(Http {
            method: record.first(self.method).map(|method| method.to_ascii_uppercase()),
            path: record.first(self.path),
            status: record.first(self.status).and_then(|status| status.parse().ok()),
            ..Http::default()
        });
        event
    }

    fn outcome(&self, record: Record<'_>, name: &str, action: &str) -> Outcome {
        let told = record.first(self.outcome).map(|text| outcome(&text));
        let status = || record.first(self.status).map(|status| outcome(&status));
        told.or_else(status).unwrap_or_else(|| match naming::outcome(name) {
            Outcome::Success => known(vocabulary::outcome_of(action)).unwrap_or(Outcome::Success),
            told => told,
        })
    }

    fn actor(&self, record: Record<'_>) -> Option<Actor> {
        let (id, name) = (record.first(self.actor_id), record.first(self.actor_name));
        let email = record.first(self.actor_email).filter(|email| email.contains('@'));
        let kind = record.first(self.actor_type).map_or("user", |kind| actor_type(&kind));
        if id.is_none() && name.is_none() && email.is_none() {
            return (kind == "anonymous").then(Actor::anonymous);
        }
        Some(Actor {
            r#type: Some(kind.to_owned()),
            id: id.or_else(|| email.clone()).or_else(|| name.clone()),
            name,
            email,
        })
    }

    fn context(&self, record: Record<'_>) -> Context {
        Context {
            ip: record.ip(self.ip),
            forwarded_for: record.first(self.ip).filter(|list| list.contains(',')),
            user_agent: record.first(self.user_agent),
            geo: Some(Geo {
                country: record.first(self.country),
                region: record.first(self.region),
                city: record.first(self.city),
            }),
            ..Context::default()
        }
    }
}

fn known(outcome: Outcome) -> Option<Outcome> {
    Some(outcome).filter(|outcome| *outcome != Outcome::Unknown)
}

/// Reads one side of a change: an object as it is, another value under the name of its field.
fn side(record: Record<'_>, paths: Paths) -> indelible_proof::Object {
    let found = paths.iter().find_map(|path| Some((path, record.get(path)?)));
    match found {
        Some((_, serde_json::Value::Object(object))) => object.clone(),
        Some((_, value)) => [("value".to_owned(), value.clone())].into_iter().collect(),
        None => Default::default(),
    }
}

pub(super) fn credential(kind: impl Into<String>, id: impl Into<Option<String>>) -> Credential {
    Credential { kind: Some(kind.into()), id: id.into(), ..Credential::default() }
}

/// What is presented with a grant of OAuth 2.0.
pub(super) fn presented(grant_type: &str) -> Option<Credential> {
    Grant::of(grant_type).map(|grant| credential(grant.presents.as_str(), None))
}

/// What a word, an HTTP status or a code says about how it ended.
pub(super) fn outcome(text: &str) -> Outcome {
    let word = text.to_ascii_lowercase();
    match word.as_str() {
        "success" | "succeeded" | "successful" | "ok" | "true" | "yes" | "allow" | "allowed" | "granted" | "0"
        | "accepted" | "pass" | "passed" | "completed" | "login_no_error" | "none" => Outcome::Success,
        "deny" | "denied" | "block" | "blocked" | "401" | "403" | "rejected" | "forbidden" | "fraud" => Outcome::Denied,
        "unknown" | "challenge" | "skipped" | "skip" | "pending" | "started" | "start" | "accept" => Outcome::Unknown,
        "false" | "no" => Outcome::Failure,
        other => match other.parse::<u32>() {
            Ok(100..=399) => Outcome::Success,
            Ok(_) => Outcome::Failure,
            Err(_) => match naming::outcome(other) {
                Outcome::Success => Outcome::Unknown,
                told => told,
            },
        },
    }
}

/// A severity by any of its usual names. A log level such as `info` says nothing of how much the event matters.
pub(super) fn severity(word: &str) -> Option<Severity> {
    match word.to_ascii_lowercase().as_str() {
        "low" | "warn" | "warning" => Some(Severity::Low),
        "medium" | "moderate" | "error" | "err" => Some(Severity::Medium),
        "high" | "alert" => Some(Severity::High),
        "critical" | "fatal" | "emergency" => Some(Severity::Critical),
        _ => None,
    }
}

/// Our kind of actor for another product's word.
pub(super) fn actor_type(word: &str) -> &'static str {
    let word = word.to_ascii_lowercase();
    let has = |part: &str| word.contains(part);
    if has("anonymous") || has("unauthenticated") || word == "guest" {
        "anonymous"
    } else if has("service") || has("bot") || has("robot") || has("machine") {
        "service"
    } else if has("system") {
        "system"
    } else if has("token") || has("api_key") || has("apikey") || has("api key") {
        "token"
    } else if has("client") || has("app") && !has("approv") {
        "client"
    } else {
        "user"
    }
}

/// One of our reasons for what another product says, else its own words as an `x_` code.
pub(super) fn reason(text: &str) -> Option<String> {
    let words = naming::words(text);
    let line = words.join("_");
    let has = |part: &str| line.contains(part);
    let word = |word: &str| words.iter().any(|w| w == word);
    let known = if line.is_empty() {
        return None;
    } else if has("user_not_found")
        || has("no_such_user")
        || has("unknown_user")
        || has("user_does_not_exist")
        || has("invalid_user_id")
    {
        "unknown_user"
    } else if word("locked") || word("lockout") || has("locked_out") || has("too_many_failed") {
        "account_locked"
    } else if has("disabled") || has("suspended") || has("inactive_user") {
        "account_disabled"
    } else if has("rate_limit") || has("too_many") || has("throttl") {
        "rate_limited"
    } else if has("mfa_required") || has("mfa_enrollment_required") || has("second_factor_required") {
        "mfa_required"
    } else if has("credential") || has("password") || has("bad_certificate") {
        "invalid_credentials"
    } else if has("token_expired") || has("expired_token") || has("expiredtoken") {
        "token_expired"
    } else if has("token_revoked") || has("revoked_token") {
        "token_revoked"
    } else if has("token_reuse") || has("reused_refresh_token") {
        "token_reused"
    } else if vocabulary::is_reason(&line) {
        line.as_str()
    } else {
        let mut code = format!("x_{line}");
        code.truncate(64);
        return Some(code);
    };
    Some(known.to_owned())
}

/// A type as one lower-case word.
pub(super) fn word(text: &str) -> String {
    naming::words(text).join("_")
}
