//! Our action for a name that another product gave to an event, read from the words in it.
//!
//! Products name events differently, but with the same words: `CreateAccessKey`, `api_key.created` and
//! "Add service principal credentials" all say that a token was created. A format maps by hand the names that mean
//! something of their own, and leaves the rest to this module, which asks the alias tables first.

use indelible_proof::{Outcome, action_of_product};

use super::limits;

/// Our action for a product's name; the name itself, prefixed with the product, where its words say nothing.
pub(super) fn action(product: &str, name: &str) -> String {
    let known = action_of_product(table(product), name).map(str::to_owned);
    known.unwrap_or_else(|| {
        let words = words(name);
        by_words(&words).unwrap_or_else(|| own(product, &words))
    })
}

/// The alias table of a product whose records have a name of their own.
fn table(product: &str) -> &str {
    match product {
        "azure-ad" => "entra",
        "cloudtrail" => "aws",
        "gcp-audit" => "gcp",
        "mongodb-atlas" => "mongodb",
        "onepassword" => "1password",
        same => same,
    }
}

/// What the name alone says about how it ended; names of audit events mostly tell what was done.
pub(super) fn outcome(name: &str) -> Outcome {
    let words = words(name);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    if has(&["denied", "deny", "forbidden", "blocked", "declined", "refused"]) {
        Outcome::Denied
    } else if has(&["fail", "failed", "failure", "failures", "unsuccessful", "error", "rejected", "invalid"]) {
        Outcome::Failure
    } else {
        Outcome::Success
    }
}

/// An action of the product's own: `snyk.group_sso_membership_sync`.
pub(super) fn own(product: &str, words: &[String]) -> String {
    let rest = if words.is_empty() { "event".to_owned() } else { words.join("_") };
    let mut name = format!("{}.{rest}", product.replace('-', "_"));
    // Only ASCII is left in the words.
    name.truncate(limits::WORD_BYTES_MAX);
    name
}

/// The words of a name in lower case: `CreateAccessKey`, `create-access_key` and `Create access key` are the same.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut previous = ' ';
    let mut letters = name.chars().take(limits::ID_BYTES_MAX).peekable();
    while let Some(letter) = letters.next() {
        let next_is_lower = letters.peek().is_some_and(char::is_ascii_lowercase);
        let starts = letter.is_ascii_uppercase()
            && (previous.is_ascii_lowercase() || (previous.is_ascii_uppercase() && next_is_lower));
        if !letter.is_ascii_alphanumeric() || starts {
            words.push(String::new());
        }
        if let (true, Some(word)) = (letter.is_ascii_alphanumeric(), words.last_mut()) {
            word.push(letter.to_ascii_lowercase());
        }
        previous = letter;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Words that say what was done, by what we call it.
const VERBS: &[(&str, &[&str])] = &[
    (
        "created",
        &[
            "create",
            "created",
            "creation",
            "creating",
            "add",
            "added",
            "insert",
            "inserted",
            "generate",
            "generated",
            "register",
            "registered",
            "registration",
            "provision",
            "provisioned",
            "new",
            "install",
            "installed",
            "import",
            "upload",
            "uploaded",
            "publish",
            "published",
            "copy",
            "run",
            "opened",
            "issue",
            "issued",
            "link",
            "linked",
            "connected",
            "connect",
            "mount",
            "enroll",
            "enrolled",
            "send",
            "sent",
            "restore",
            "restored",
            "clone",
            "undelete",
        ],
    ),
    (
        "updated",
        &[
            "update",
            "updated",
            "updates",
            "modify",
            "modified",
            "edit",
            "edited",
            "change",
            "changed",
            "set",
            "put",
            "patch",
            "write",
            "attach",
            "detach",
            "rename",
            "renamed",
            "replace",
            "move",
            "moved",
            "configure",
            "transfer",
            "transferred",
            "upgraded",
            "expanded",
            "authorize",
            "deauthorize",
            "associate",
            "disassociate",
            "reset",
            "toggled",
            "reboot",
            "start",
            "started",
            "stop",
            "stopped",
            "patched",
            "assign",
            "schedule",
            "tag",
            "untag",
            "privatized",
            "publicized",
            "unmount",
            "locked",
            "unlocked",
            "pinned",
            "unpinned",
            "failover",
            "clearance",
        ],
    ),
    (
        "deleted",
        &[
            "delete",
            "deleted",
            "deletion",
            "deleting",
            "remove",
            "removed",
            "removal",
            "destroy",
            "destroyed",
            "destruction",
            "destruct",
            "terminate",
            "terminated",
            "uninstall",
            "uninstalled",
            "drop",
            "purge",
            "trash",
            "trashed",
            "unlink",
            "unlinked",
            "deregister",
            "unenroll",
            "disconnected",
            "erase",
            "wipe",
            "leave",
        ],
    ),
    (
        "read",
        &[
            "read", "get", "list", "describe", "view", "viewed", "lookup", "head", "search", "batchget", "query",
            "access", "accessed", "fetch", "preview", "watch", "select", "scan", "show",
        ],
    ),
    ("exported", &["export", "exported", "download", "downloaded", "takeout", "unload", "archive"]),
    (
        "enabled",
        &["enable", "enabled", "activate", "activated", "reactivate", "unsuspend", "resume", "unblock", "unblocked"],
    ),
    (
        "disabled",
        &["disable", "disabled", "deactivate", "deactivated", "suspend", "suspended", "block", "blocked", "ban"],
    ),
    ("revoked", &["revoke", "revoked", "revocation", "invalidate", "invalidated"]),
    ("granted", &["grant", "granted", "grants"]),
    ("rotated", &["rotate", "rotated", "regenerate", "regenerated", "regeneratekey", "renew", "roll"]),
    ("approved", &["approve", "approved", "accept", "accepted"]),
    ("denied", &["deny", "denied", "reject", "rejected", "decline", "declined"]),
    ("requested", &["request", "requested"]),
    ("cancelled", &["cancel", "cancelled", "canceled", "withdrawn", "abort"]),
    ("expired", &["expire", "expired"]),
    ("locked", &["lock", "lockout", "lockedout"]),
    ("unlocked", &["unlock"]),
    ("invited", &["invite", "invited", "invitation", "invitations"]),
];

fn verb_of(word: &str) -> Option<&'static str> {
    VERBS.iter().find(|(_, words)| words.contains(&word)).map(|(verb, _)| *verb)
}

/// A verb in front is a command (`CreateRole`); otherwise the last one is what happened (`member.role_updated`).
fn verb(words: &[String]) -> Option<&'static str> {
    verb_of(words.first()?).or_else(|| words.iter().rev().find_map(|word| verb_of(word)))
}

fn by_words(words: &[String]) -> Option<String> {
    let line = format!(" {} ", words.join(" "));
    let has = |list: &[&str]| list.iter().any(|phrase| line.contains(&format!(" {phrase} ")));
    let verb = verb(words);
    let changes_setting = has(&[
        "setting",
        "settings",
        "policy",
        "policies",
        "required",
        "requirement",
        "requirements",
        "method",
        "configuration",
        "config",
    ]);

    if line.contains("impersonat") || has(&["login as", "sign in as", "logged in as user", "assume identity"]) {
        let ended = has(&["end", "ended", "stop", "stopped", "revoke", "logout"]);
        return Some(format!("session.impersonation.{}", if ended { "ended" } else { "started" }));
    }
    if has(&["logout", "log out", "signout", "sign out", "logged out", "logoff", "log off"]) {
        return Some("auth.logout".to_owned());
    }
    if changes_setting {
        return Some(setting(&has, verb));
    }
    if has(MFA) {
        return Some(format!("auth.mfa.{}", mfa(verb, outcome(&line))));
    }
    if has(&["password", "passwords"]) {
        return Some(format!(
            "auth.password.{}",
            if has(&["reset", "recover", "recovery", "forgot"]) { "reset" } else { "changed" }
        ));
    }
    if has(&["login", "logon", "signin", "sign in", "logged in", "log in", "authentication", "authenticate"])
        && !matches!(verb, Some("created" | "updated" | "deleted"))
    {
        return Some(format!("auth.login.{}", if outcome(&line) == Outcome::Success { "succeeded" } else { "failed" }));
    }
    let verb = verb?;
    if has(&["consent", "delegated permission"]) {
        return Some(format!(
            "oauth.consent.{}",
            if matches!(verb, "deleted" | "revoked") { "revoked" } else { "granted" }
        ));
    }
    let oauth = has(&["oauth", "oauth2", "oidc"]);
    if oauth && has(&["client", "app", "application", "apps", "applications"]) {
        return Some(format!("oauth.client.{verb}"));
    }
    if has(TOKENS) {
        return Some(token(oauth, verb));
    }
    if let ("created" | "updated" | "deleted", true) =
        (verb, has(&["idp", "saml", "sso", "identity provider", "oidc provider"]))
    {
        return Some(format!("auth.provider.{verb}"));
    }
    if let ("created" | "updated" | "deleted", true) = (verb, has(&["group", "groups", "team", "teams"])) {
        return Some(format!("group.{verb}"));
    }
    if let ("created" | "updated" | "deleted" | "read" | "rotated", true) = (verb, has(&["secret", "secrets"])) {
        return Some(format!("secret.{verb}"));
    }
    if has(&["session", "sessions"]) {
        return Some(format!(
            "session.{}",
            match verb {
                "deleted" | "revoked" => "revoked",
                "expired" => "expired",
                _ => "created",
            }
        ));
    }
    if has(&["member", "members", "membership", "collaborator", "principal", "principals"]) && !has(&["role", "roles"])
    {
        match verb {
            "created" | "granted" | "approved" => return Some("member.added".to_owned()),
            "deleted" | "revoked" => return Some("member.removed".to_owned()),
            "invited" | "requested" => return Some("member.invited".to_owned()),
            "updated" => return Some("member.updated".to_owned()),
            _ => {}
        }
    }
    if has(&["role", "roles"]) {
        return Some(role(verb, has(&["member", "members", "assignment", "user", "principal", "added", "removed"])));
    }
    if has(&[
        "permission",
        "permissions",
        "privilege",
        "privileges",
        "acl",
        "acls",
        "entitlement",
        "ownership",
        "owner",
        "grant",
    ]) {
        return Some(format!(
            "permission.{}",
            match verb {
                "created" | "granted" => "granted",
                "deleted" | "revoked" => "revoked",
                "read" => return Some("resource.read".to_owned()),
                _ => "updated",
            }
        ));
    }
    if has(&["user", "users", "account", "accounts", "member", "members", "guest", "admin"]) {
        return Some(match verb {
            "created" | "updated" | "deleted" | "enabled" | "disabled" | "locked" | "unlocked" | "invited" => {
                format!("account.{verb}")
            }
            "granted" | "revoked" => format!("permission.{verb}"),
            other => format!("resource.{}", settled(other)),
        });
    }
    Some(format!("resource.{}", settled(verb)))
}

/// A change of what holds for everybody: of the settings, of the log itself, of how one signs in.
fn setting(has: &impl Fn(&[&str]) -> bool, verb: Option<&'static str>) -> String {
    let subject = if verb == Some("read") {
        return "resource.read".to_owned();
    } else if has(&["audit", "logging"]) {
        "audit.log"
    } else if has(&["saml", "sso", "identity provider", "idp", "federation"]) {
        "auth.provider"
    } else if has(&["login", "password", "authentication", "mfa", "2fa", "conditional access", "sign on", "ip"]) {
        "auth.policy"
    } else if has(&["policy", "policies"]) && matches!(verb, Some("created" | "deleted")) {
        return format!("permission.policy_{}", verb.unwrap_or("updated"));
    } else if has(&["policy", "policies"]) {
        return "permission.policy_updated".to_owned();
    } else {
        "settings"
    };
    format!("{subject}.updated")
}

const MFA: &[&str] = &[
    "mfa",
    "2fa",
    "tfa",
    "2sv",
    "two factor",
    "two step",
    "multi factor",
    "multifactor",
    "factor",
    "otp",
    "totp",
    "webauthn",
    "fido",
    "fido2",
    "yubikey",
    "authenticator",
    "passkey",
    "security key",
    "strong authentication",
];

const TOKENS: &[&str] = &[
    "token",
    "tokens",
    "api key",
    "api keys",
    "access key",
    "access keys",
    "secret key",
    "deploy key",
    "ssh key",
    "service account key",
    "service key",
    "pat",
    "credential",
    "credentials",
    "client secret",
    "apikey",
    "accesskey",
    "public key",
    "account secret",
];

fn mfa(verb: Option<&str>, outcome: Outcome) -> &'static str {
    match verb {
        Some("created") => "enrolled",
        Some("enabled") => "enabled",
        Some("deleted" | "revoked") => "removed",
        Some("disabled") => "disabled",
        Some("updated") => "updated",
        Some("revealed" | "read") => "recovery_codes_viewed",
        _ if outcome == Outcome::Success => "succeeded",
        _ => "failed",
    }
}

fn token(oauth: bool, verb: &str) -> String {
    match (oauth, verb) {
        (_, "read") => "resource.read".to_owned(),
        (true, "created" | "granted") => "oauth.token.issued".to_owned(),
        (true, "deleted" | "revoked") => "oauth.token.revoked".to_owned(),
        (_, "granted") => "token.created".to_owned(),
        (_, other) => format!("token.{other}"),
    }
}

fn role(verb: &str, of_somebody: bool) -> String {
    match (verb, of_somebody) {
        ("read", _) => "resource.read".to_owned(),
        ("granted", _) | ("created", true) => "role.assigned".to_owned(),
        ("revoked", _) | ("deleted", true) => "role.unassigned".to_owned(),
        (other, _) => format!("role.{other}"),
    }
}

/// The verb of a `resource.` action.
fn settled(verb: &'static str) -> &'static str {
    match verb {
        "granted" | "rotated" | "locked" | "unlocked" => "updated",
        "revoked" | "expired" => "deleted",
        "invited" => "requested",
        other => other,
    }
}
