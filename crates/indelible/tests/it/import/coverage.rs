//! What becomes of every sample about OAuth, tokens and accounts, as docs/IMPORTING.md tells it: the tables there are made
//! here. `BLESS=1 cargo test -p indelible import` writes them anew.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs,
    path::Path,
};

use indelible::{Event, vocabulary};
use serde_json::Value;

use super::{Format, files, import};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/IMPORTING.md");
const BEGIN: &str = "<!-- made of the samples: begin -->\n";
const END: &str = "<!-- made of the samples: end -->\n";

/// Families of actions that tell of OAuth, tokens and accounts.
const FAMILIES: [&str; 5] = ["account", "auth", "oauth", "session", "token"];

/// Source types of which some events have not all that events of their kind have, and why.
const LEFT: &[(&str, &str, &str)] = &[
    ("anthropic", "admin_api_key_created", CUT),
    ("anthropic", "admin_api_key_deleted", CUT),
    ("anthropic", "admin_api_key_updated", CUT),
    ("anthropic", "service_key_created", CUT),
    ("anthropic", "service_key_revoked", CUT),
    ("auth0", "f", CUT),
    ("auth0", "fcoa", "who tried is not known before the sign-in"),
    ("auth0", "sdu", "its `user_id` is empty"),
    ("auth0", "ss", CUT),
    ("azure-ad", "microsoft.keyvault/vaults/secrets/getsecret/action", CUT),
    ("bitbucket", "UserCreatedEvent", "the line has `-` where others name the account"),
    ("cloudtrail", "Authenticate", "AWS tells of it without a `userIdentity`"),
    ("cloudtrail", "CreateAccessKey", "a call that failed for the caller's own account has no parameters"),
    ("databricks", "accounts.createUser", CUT),
    ("databricks", "accounts.generateDbToken", CUT),
    ("databricks", "workspace.revokeDbToken", CUT),
    ("duo", "admin_update", "its `description` is empty"),
    ("gcp-audit", "AuthorizeUser", "OS Login authorizes without a client"),
    ("gcp-audit", "google.iam.admin.v1.CreateServiceAccount", "its `authenticationInfo` is empty"),
    ("gcp-audit", "google.ssh-serialport.v1.connect", "it has no `authenticationInfo`"),
    ("github", "github_app_authorization.revoked", "GitHub does not say of which app"),
    ("gitlab", "Ask for password reset", "anybody may ask; the account is the target"),
    ("gitlab", "sign_in", "the line about the second factor does not name the user"),
    ("google-workspace", "CREATE_USER", CUT),
    ("google-workspace", "login", CUT),
    ("google-workspace", "logout", CUT),
    ("google-workspace", "recovery_email_edit", "it is the actor's own account"),
    ("mongodb", "FEDERATION_SETTINGS_CREATED", CUT),
    ("mongodb", "IDENTITY_PROVIDER_CREATED", CUT),
    ("okta", "application.lifecycle.update", "of the targets only the user is left"),
    ("openai", "api_key.created", CUT),
    ("wiz", "CreateUser", "a call that failed has no parameters"),
    ("wiz", "DeleteServiceAccount", "a call that failed has no parameters"),
    ("wiz", "RotateServiceAccountSecret", "a call that failed has no parameters"),
];

const CUT: &str = "the record was cut down to a few fields by its author";

/// Names that sound as if they were about OAuth, tokens or sign-ins, and are not.
const OTHERS: &[(&str, &str, &str)] = &[
    ("cloudtrail", "ListAccessKeys", "keys are listed, none is used or changed"),
    ("kubernetes", "create certificatesigningrequests", "a certificate is asked for, no token"),
    ("kubernetes", "get certificatesigningrequests", "a certificate is read, no token"),
    ("kubernetes", "get serviceaccounts/token", "a read that Kubernetes does not offer"),
];

/// A product's name for what happened.
type SourceType = (Format, String);

/// The events of one source type.
#[derive(Default)]
struct Kind {
    events: usize,
    whole: usize,
    becomes: BTreeSet<String>,
    lacking: BTreeSet<&'static str>,
}

fn family(action: &str) -> &str {
    action.split('.').next().unwrap_or_default()
}

fn name(event: &Event) -> String {
    event.metadata.get("original_action").and_then(Value::as_str).unwrap_or("-").to_owned()
}

/// What an event of its kind should have and has not. Whose sign-in or session it is its actor tells, and which token was
/// presented the credential.
fn lacking(event: &Event) -> Vec<&'static str> {
    let presents = ["token.authenticat", "oauth.refresh_token.reused"].iter().any(|it| event.action.starts_with(it));
    let own = presents || matches!(family(&event.action), "auth" | "session");
    let mut lacking = Vec::new();
    if !vocabulary::is_action(&event.action) {
        lacking.push("action");
    }
    if event.actor.is_none() {
        lacking.push("actor");
    }
    if event.targets.is_empty() && !own {
        lacking.push("target");
    }
    if event.client.is_none() && family(&event.action) == "oauth" {
        lacking.push("client");
    }
    lacking
}

fn kinds() -> BTreeMap<SourceType, Kind> {
    let mut kinds: BTreeMap<SourceType, Kind> = BTreeMap::new();
    for (_, format, content) in files() {
        for event in import(format, &content).iter().filter(|event| FAMILIES.contains(&family(&event.action))) {
            let kind = kinds.entry((format, name(event))).or_default();
            let lacking = lacking(event);
            kind.events += 1;
            kind.whole += usize::from(lacking.is_empty());
            let outcome = event.outcome.map_or("-", indelible::Outcome::as_str);
            kind.becomes.insert(format!("`{}` {outcome}", event.action));
            kind.lacking.extend(lacking);
        }
    }
    kinds
}

fn why<'a>(list: &'a [(&str, &str, &str)], (format, name): &SourceType) -> Option<&'a str> {
    list.iter().find(|(of, known, _)| *of == format.name() && known == name).map(|(_, _, why)| *why)
}

#[test]
fn what_an_event_about_oauth_tokens_or_accounts_lacks_its_record_does_not_tell() {
    let kinds = kinds();
    let wrong = kinds.iter().filter(|(source, kind)| kind.lacking.is_empty() != why(LEFT, source).is_none());
    let wrong: Vec<String> = wrong.map(|(source, kind)| format!("{source:?} lacks {:?}", kind.lacking)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for (format, name, _) in LEFT {
        assert!(kinds.contains_key(&(format.parse().unwrap(), (*name).to_owned())), "{format} {name}");
    }
}

#[test]
fn no_name_that_sounds_like_oauth_a_token_or_a_sign_in_becomes_something_else() {
    const SOUNDS: [&str; 13] = [
        "oauth",
        "oidc",
        "token",
        "consent",
        "apikey",
        "api_key",
        "accesskey",
        "login",
        "signin",
        "sign_in",
        "password",
        "mfa",
        "impersonat",
    ];
    let identity = ["access", "group", "member", "permission", "role", "secret"].into_iter().chain(FAMILIES);
    let identity: BTreeSet<&str> = identity.collect();
    let mut found = BTreeSet::new();
    for (_, format, content) in files() {
        for event in import(format, &content).iter().filter(|event| !identity.contains(family(&event.action))) {
            let name = name(event);
            let lower = name.to_ascii_lowercase();
            if SOUNDS.iter().any(|word| lower.contains(word)) {
                found.insert((format, name, event.action.clone()));
            }
        }
    }
    let wrong: Vec<_> =
        found.iter().filter(|(format, name, _)| why(OTHERS, &(*format, name.clone())).is_none()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(found.len(), OTHERS.len());
}

#[test]
fn what_was_before_and_after_is_kept() {
    let mut lost = BTreeSet::new();
    for (_, format, content) in files() {
        for event in import(format, &content).iter().filter(|event| FAMILIES.contains(&family(&event.action))) {
            if has_sides(&event.metadata["original"]) && event.changes.is_none() {
                lost.insert((format, name(event)));
            }
        }
    }
    assert!(lost.is_empty(), "{lost:#?}");
}

/// Whether a record says how something was, or how it is now.
fn has_sides(value: &Value) -> bool {
    const SIDES: [&str; 9] =
        ["before", "after", "old_value", "new_value", "oldvalue", "newvalue", "old", "new", "changes"];
    match value {
        Value::Object(object) => object.iter().any(|(key, value)| {
            let empty = ["null", "\"\"", "[]", "{}", "\"[]\"", "\"{}\""].contains(&value.to_string().as_str());
            (SIDES.contains(&key.to_ascii_lowercase().as_str()) && !empty) || has_sides(value)
        }),
        Value::Array(list) => list.iter().any(has_sides),
        _ => false,
    }
}

#[test]
fn the_page_tells_what_becomes_of_the_samples() {
    let page = fs::read_to_string(PAGE).unwrap();
    let (head, rest) = page.split_once(BEGIN).unwrap();
    let (told, tail) = rest.split_once(END).unwrap();
    let made = tables(&kinds());
    if std::env::var_os("BLESS").is_some() {
        fs::write(Path::new(PAGE), [head, BEGIN, &made, END, tail].concat()).unwrap();
    } else {
        assert_eq!(told, made, "run BLESS=1 cargo test -p indelible import");
    }
}

fn tables(kinds: &BTreeMap<SourceType, Kind>) -> String {
    let mut out = String::from(
        "| format | source types | events | with action, outcome, actor, target, client |\n|---|--:|--:|--:|\n",
    );
    let formats: BTreeSet<Format> = kinds.keys().map(|(format, _)| *format).collect();
    let row = |out: &mut String, name: &str, of: &[&Kind]| {
        let (events, whole) =
            of.iter().fold((0, 0), |(events, whole), kind| (events + kind.events, whole + kind.whole));
        writeln!(out, "| {name} | {} | {events} | {} |", of.len(), share(whole, events)).unwrap();
    };
    for format in formats {
        let of: Vec<&Kind> = kinds.iter().filter(|((of, _), _)| *of == format).map(|(_, kind)| kind).collect();
        row(&mut out, format.name(), &of);
    }
    row(&mut out, "all", &kinds.values().collect::<Vec<_>>());

    out += "\nWhat is left, and why:\n\n| format | source type | events | whole | lacks | why |\n|---|---|--:|--:|---|---|\n";
    for (source @ (format, name), kind) in kinds.iter().filter(|(_, kind)| !kind.lacking.is_empty()) {
        let lacks = kind.lacking.iter().copied().collect::<Vec<_>>().join(", ");
        let why = why(LEFT, source).unwrap_or_default();
        writeln!(
            out,
            "| {format} | `{name}` | {} | {} | {lacks} | {why} |",
            kind.events,
            share(kind.whole, kind.events)
        )
        .unwrap();
    }

    out += "\nOAuth and tokens, each source type:\n\n| format | source type | events | whole | becomes |\n|---|---|--:|--:|---|\n";
    let of_tokens = |kind: &Kind| kind.becomes.iter().any(|it| it.starts_with("`oauth.") || it.starts_with("`token."));
    for ((format, name), kind) in kinds.iter().filter(|(_, kind)| of_tokens(kind)) {
        let becomes = kind.becomes.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        writeln!(out, "| {format} | `{name}` | {} | {} | {becomes} |", kind.events, share(kind.whole, kind.events))
            .unwrap();
    }
    out
}

fn share(part: usize, of: usize) -> String {
    format!("{} %", 100 * part / of.max(1))
}
