//! `indelible record`: events from flags, from an argument, or from standard input.

use std::io::{self, IsTerminal, Read};

use clap::Args;
use indelible_engine::limits::BATCH_EVENTS_MAX;
use indelible_proof::{Actor, Context, Event, Http, Outcome, Severity, Source, Target, Timestamp};
use serde::{Serialize, de::IgnoredAny};
use serde_json::Value;

use super::{
    error::Failure,
    place::PlaceOptions,
    question::{ProvenReceipts, Receipt},
    terminal::Screen,
};
use crate::limits::INPUT_BYTES_MAX;

/// Records an event and prints its receipt once it is on disk
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  indelible record token.revoked --actor user:42 --target token:tok_7 --reason token_expired
  indelible record auth.login.failed --actor user:alice@example.com --ip 203.0.113.9 --meta attempt=3
  indelible record user.deleted --target user:42 --proof --json
  indelible record '{\"action\": \"role.assigned\", \"actor\": {\"type\": \"user\", \"id\": \"42\"}}'
  my-app | indelible record -")]
pub(crate) struct Record {
    /// An action such as token.revoked, an event as JSON, or - to read JSON events from standard input
    #[arg(value_name = "EVENT", default_value = "-")]
    event: String,
    /// When it happened, RFC 3339; now when left out
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    /// success, failure, denied or unknown; follows from the action when left out
    #[arg(long, value_parser = outcome)]
    outcome: Option<Outcome>,
    /// Why it ended so, e.g. token_expired
    #[arg(long, value_name = "CODE")]
    reason: Option<String>,
    /// info, low, medium, high or critical
    #[arg(long, value_parser = severity)]
    severity: Option<Severity>,
    /// Who did it, e.g. user:42
    #[arg(long, value_name = "TYPE:ID", value_parser = typed)]
    actor: Option<(String, String)>,
    /// Their e-mail address
    #[arg(long, value_name = "EMAIL")]
    actor_email: Option<String>,
    /// What it was done to, e.g. token:tok_7; may be repeated
    #[arg(long, value_name = "TYPE:ID", value_parser = typed)]
    target: Vec<(String, String)>,
    /// What it was authenticated with, e.g. api_key:tok_7; never the secret
    #[arg(long, value_name = "KIND:ID", value_parser = typed)]
    credential: Option<(String, String)>,
    /// Address of the client
    #[arg(long)]
    ip: Option<std::net::IpAddr>,
    /// User agent of the client
    #[arg(long, value_name = "TEXT")]
    user_agent: Option<String>,
    /// Session it happened in
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// Request it belongs to
    #[arg(long, value_name = "ID")]
    request_id: Option<String>,
    /// Status of the HTTP response
    #[arg(long, value_name = "CODE")]
    status: Option<u16>,
    /// Service that says so
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// Tenant it belongs to
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
    /// A tag; may be repeated
    #[arg(long)]
    tag: Vec<String>,
    /// Free data: a name and JSON or text, e.g. attempt=3; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    meta: Vec<(String, Value)>,
    /// The same key within 24 hours records nothing again
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
    /// Show each event's leaf, the hashes from there to the root of the tree, and the signed checkpoint of that tree
    #[arg(long)]
    proof: bool,
    #[command(flatten)]
    place: PlaceOptions,
}

/// A receipt that says by itself what it proves.
#[derive(Serialize)]
struct Proven<'a> {
    #[serde(flatten)]
    receipt: &'a Receipt,
    size: u64,
    checkpoint: &'a str,
}

impl Record {
    pub(crate) fn run(&self, screen: &mut Screen) -> Result<(), Failure> {
        let mut events = self.events()?;
        for (at, event) in events.iter_mut().enumerate() {
            self.apply(event);
            event.validate().map_err(|error| invalid(at, &error))?;
        }
        let place = self.place.open_or_create()?;
        if self.proof {
            return show_proven(&place.patiently(|| place.record_with_proofs(events.clone()))?, screen);
        }
        for receipt in place.patiently(|| place.record(events.clone()))? {
            if screen.wants_json() { screen.json(&receipt) } else { show(&receipt, screen) }?;
        }
        Ok(())
    }

    fn events(&self) -> Result<Vec<Event>, Failure> {
        match self.event.trim_start() {
            "-" if io::stdin().is_terminal() => Err(Failure::Usage(
                "name an action, give an event as JSON, or pipe events into this command".to_owned(),
            )),
            "-" => {
                let mut json = Vec::new();
                let mut input = io::stdin().lock().take(INPUT_BYTES_MAX + 1);
                input
                    .read_to_end(&mut json)
                    .map_err(|error| Failure::Failed(format!("cannot read the input: {error}")))?;
                if json.len() as u64 > INPUT_BYTES_MAX {
                    return Err(too_much());
                }
                read(&json)
            }
            json if json.starts_with('{') => read(json.as_bytes()),
            action => Ok(vec![Event::new(action)]),
        }
    }

    /// What the flags say, over what the event says.
    fn apply(&self, event: &mut Event) {
        let over = |field: &mut Option<String>, flag: &Option<String>| *field = flag.clone().or(field.take());
        event.occurred_at = self.at.or(event.occurred_at);
        event.outcome = self.outcome.or(event.outcome);
        event.severity = self.severity.or(event.severity);
        over(&mut event.reason, &self.reason);
        over(&mut event.session_id, &self.session);
        over(&mut event.request_id, &self.request_id);
        over(&mut event.tenant, &self.tenant);
        over(&mut event.idempotency_key, &self.idempotency_key);
        if let Some((r#type, id)) = &self.actor {
            event.actor = Some(Actor::new(r#type, id));
        }
        if let Some(email) = &self.actor_email {
            event.actor.get_or_insert_default().email = Some(email.clone());
        }
        if let Some((kind, id)) = &self.credential {
            let credential = event.credential.get_or_insert_default();
            (credential.kind, credential.id) = (Some(kind.clone()), Some(id.clone()));
        }
        if let Some(ip) = self.ip {
            event.context.get_or_insert_default().ip = Some(ip.to_canonical());
        }
        if let Some(user_agent) = &self.user_agent {
            event.context.get_or_insert_with(Context::default).user_agent = Some(user_agent.clone());
        }
        if let Some(status) = self.status {
            event.http.get_or_insert_with(Http::default).status = Some(status);
        }
        if let Some(service) = &self.service {
            event.source.get_or_insert_with(Source::default).service = Some(service.clone());
        }
        event.targets.extend(self.target.iter().map(|(r#type, id)| Target::new(r#type, id)));
        event.tags.extend(self.tag.iter().cloned());
        event.metadata.extend(self.meta.iter().cloned());
    }
}

fn show(receipt: &Receipt, screen: &mut Screen) -> Result<(), Failure> {
    let known = if receipt.duplicate { "  recorded before" } else { "" };
    screen.line(&format!("{}  seq {}{known}", receipt.id, receipt.seq))
}

fn show_proven(proven: &ProvenReceipts, screen: &mut Screen) -> Result<(), Failure> {
    let ProvenReceipts { receipts, size, checkpoint } = proven;
    if screen.wants_json() {
        let mut proven = receipts.iter().map(|receipt| Proven { receipt, size: *size, checkpoint });
        return proven.try_for_each(|proven| screen.json(&proven));
    }
    for receipt in receipts {
        show(receipt, screen)?;
        screen.line(&format!("  leaf  {}", receipt.leaf_hash))?;
        for hash in receipt.proof.iter().flatten() {
            screen.line(&format!("  proof {hash}"))?;
        }
    }
    screen.line(&format!("\n{}", checkpoint.trim_end()))
}

/// Reads one JSON object after another, whatever white space is in and between them.
fn read(json: &[u8]) -> Result<Vec<Event>, Failure> {
    let mut values = serde_json::Deserializer::from_slice(json).into_iter::<IgnoredAny>();
    let mut events = Vec::new();
    let mut start = 0;
    while let Some(value) = values.next() {
        if let Err(error) = value {
            return Err(Failure::Failed(format!("event {}: not JSON: {error}", events.len() + 1)));
        }
        let end = values.byte_offset();
        if events.len() == BATCH_EVENTS_MAX {
            return Err(too_much());
        }
        let event = Event::from_json(json.get(start..end).unwrap_or_default());
        events.push(event.map_err(|error| invalid(events.len(), &error))?);
        start = end;
    }
    Ok(events)
}

fn invalid(at: usize, error: &indelible_proof::EventError) -> Failure {
    Failure::Failed(format!("event {}: {error}; nothing was recorded", at + 1))
}

fn too_much() -> Failure {
    Failure::Failed(format!("more than {BATCH_EVENTS_MAX} events or {INPUT_BYTES_MAX} bytes: use `indelible import`"))
}

fn outcome(word: &str) -> Result<Outcome, String> {
    Outcome::parse(word).ok_or_else(|| "write success, failure, denied or unknown".to_owned())
}

fn severity(word: &str) -> Result<Severity, String> {
    Severity::parse(word).ok_or_else(|| "write info, low, medium, high or critical".to_owned())
}

fn typed(text: &str) -> Result<(String, String), String> {
    match text.split_once(':') {
        Some((r#type, id)) if !r#type.is_empty() && !id.is_empty() => Ok((r#type.to_owned(), id.to_owned())),
        _ => Err("write a type, a colon and an id, e.g. user:42".to_owned()),
    }
}

fn pair(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text.split_once('=').ok_or("write a name, = and a value, e.g. attempt=3")?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
    Ok((name.to_owned(), value))
}
