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
        Name::new(&words).action().unwrap_or_else(|| own(product, &words))
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
    let has = |list: &str| words.iter().any(|word| list.split(' ').any(|listed| listed == word));
    if has("denied deny forbidden blocked declined refused") {
        Outcome::Denied
    } else if has("fail failed failure failures unsuccessful error rejected invalid") {
        Outcome::Failure
    } else {
        Outcome::Success
    }
}

/// An action of the product's own: `docusign.envelope_voided`.
pub(super) fn own(product: &str, words: &[String]) -> String {
    let rest = if words.is_empty() { "event".to_owned() } else { words.join("_") };
    format!("{}.{rest}", product.replace('-', "_"))
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
const VERBS: &[(&str, &str)] = &[
    (
        "created",
        "create created creation creating add added insert inserted generate generated register registered registration \
         provision provisioned new install installed import upload uploaded publish published copy run opened issue \
         issued link linked connected connect mount enroll enrolled send sent restore restored clone undelete",
    ),
    (
        "updated",
        "update updated updates modify modified edit edited change changed set put patch write attach detach rename renamed \
         replace move moved configure transfer transferred upgraded expanded authorize deauthorize associate disassociate \
         reset toggled reboot start started stop stopped patched assign schedule tag untag privatized publicized unmount \
         locked unlocked pinned unpinned failover clearance",
    ),
    (
        "deleted",
        "delete deleted deletion deleting remove removed removal destroy destroyed destruction destruct terminate terminated \
         uninstall uninstalled drop purge trash trashed unlink unlinked deregister unenroll disconnected erase wipe leave",
    ),
    (
        "read",
        "read get list describe view viewed lookup head search batchget query access accessed fetch preview watch select \
         scan show",
    ),
    ("exported", "export exported download downloaded takeout unload archive"),
    ("enabled", "enable enabled activate activated reactivate unsuspend resume unblock unblocked"),
    ("disabled", "disable disabled deactivate deactivated suspend suspended block blocked ban"),
    ("revoked", "revoke revoked revocation invalidate invalidated"),
    ("granted", "grant granted grants"),
    ("rotated", "rotate rotated regenerate regenerated regeneratekey renew roll"),
    ("approved", "approve approved accept accepted"),
    ("denied", "deny denied reject rejected decline declined"),
    ("requested", "request requested"),
    ("cancelled", "cancel cancelled canceled withdrawn abort"),
    ("expired", "expire expired"),
    ("locked", "lock lockout lockedout"),
    ("unlocked", "unlock"),
    ("invited", "invite invited invitation invitations"),
];

fn verb_of(word: &str) -> Option<&'static str> {
    VERBS.iter().find(|(_, words)| words.split(' ').any(|listed| listed == word)).map(|(verb, _)| *verb)
}

const SETTINGS: &str = "setting|settings|policy|policies|required|requirement|requirements|method";
const PREFERENCES: &str = "configuration|config|preference|preferences";
const MFA: &str = "mfa|2fa|tfa|2sv|two factor|two step|multi factor|multifactor|factor|otp|totp|webauthn|fido|fido2|yubikey|\
                   authenticator|passkey|security key|strong authentication";
const TOKENS: &str = "token|tokens|api key|api keys|access key|access keys|secret key|deploy key|ssh key|service account key|\
                      service key|pat|credential|credentials|client secret|apikey|accesskey|public key|account secret";

/// A name taken apart: its words between spaces, and the verb among them.
struct Name {
    line: String,
    verb: Option<&'static str>,
    /// The name is a command that ends in its object: `create user role`, not `user role created`.
    command: bool,
}

impl Name {
    /// A verb in front is a command (`CreateRole`); otherwise the last one is what happened (`member.role_updated`).
    fn new(words: &[String]) -> Self {
        let first = words.first().and_then(|word| verb_of(word));
        let verb = first.or_else(|| words.iter().rev().find_map(|word| verb_of(word)));
        Self { line: format!(" {} ", words.join(" ")), verb, command: first.is_some() }
    }

    /// Whether one of the phrases, parted by bars, is in the name.
    fn has(&self, phrases: &str) -> bool {
        phrases.split('|').any(|phrase| self.line.contains(&format!(" {phrase} ")))
    }

    fn verb_in(&self, verbs: &str) -> Option<&'static str> {
        self.verb.filter(|verb| verbs.split(' ').any(|listed| listed == *verb))
    }

    /// The first subject that the name has decides, from the most to the least telling.
    fn action(&self) -> Option<String> {
        if self.has("violation") {
            return None;
        }
        let told = self.session().or_else(|| self.secret()).or_else(|| self.setting()).or_else(|| self.sign_in());
        told.or_else(|| self.token())
            .or_else(|| self.identity())
            .or_else(|| Some(format!("resource.{}", settled(self.verb?))))
    }

    fn session(&self) -> Option<String> {
        if self.line.contains("impersonat") || self.has("login as|sign in as|logged in as user|assume identity") {
            let ended = self.has("end|ended|stop|stopped|revoke|logout");
            return Some(format!("session.impersonation.{}", if ended { "ended" } else { "started" }));
        }
        self.has("logout|log out|signout|sign out|logged out|logoff|log off").then(|| "auth.logout".to_owned())
    }

    fn secret(&self) -> Option<String> {
        let verb = self.verb_in("created updated deleted read rotated")?;
        (self.has("secret|secrets") && !self.has(SETTINGS) && !self.has(TOKENS)).then(|| format!("secret.{verb}"))
    }

    /// A change of what holds for everybody: of the settings, of the log itself, of how one signs in.
    fn setting(&self) -> Option<String> {
        let preference = self.has(PREFERENCES) && matches!(self.verb, None | Some("updated"));
        if !preference && !self.has(SETTINGS) {
            return None;
        }
        Some(match self.verb {
            Some("read") => "resource.read".to_owned(),
            _ if self.has("audit|logging") => "audit.log.updated".to_owned(),
            _ if self.has("saml|sso|identity provider|idp|federation") => "auth.provider.updated".to_owned(),
            _ if self.has("login|password|authentication|mfa|2fa|conditional access|sign on|ip") => {
                "auth.policy.updated".to_owned()
            }
            Some(verb @ ("created" | "deleted")) if self.has("policy|policies") => format!("permission.policy_{verb}"),
            _ if self.has("policy|policies") => "permission.policy_updated".to_owned(),
            _ => "settings.updated".to_owned(),
        })
    }

    fn sign_in(&self) -> Option<String> {
        if self.has(MFA) {
            return Some(format!("auth.mfa.{}", self.mfa()));
        }
        if self.has("password|passwords") {
            let reset = self.has("reset|recover|recovery|forgot");
            return Some(format!("auth.password.{}", if reset { "reset" } else { "changed" }));
        }
        let signs_in = self.has("login|logon|signin|sign in|logged in|log in|authentication|authenticate");
        if !signs_in || self.verb_in("created updated deleted").is_some() {
            return None;
        }
        let succeeded = outcome(&self.line) == Outcome::Success;
        Some(format!("auth.login.{}", if succeeded { "succeeded" } else { "failed" }))
    }

    fn mfa(&self) -> &'static str {
        match self.verb {
            Some("created") => "enrolled",
            Some("enabled") => "enabled",
            Some("deleted" | "revoked") => "removed",
            Some("disabled") => "disabled",
            Some("updated") => "updated",
            Some("read") => "recovery_codes_viewed",
            _ if outcome(&self.line) == Outcome::Success => "succeeded",
            _ => "failed",
        }
    }

    fn token(&self) -> Option<String> {
        let verb = self.verb?;
        let ends = matches!(verb, "deleted" | "revoked");
        if self.has("consent|delegated permission") {
            return Some(format!("oauth.consent.{}", if ends { "revoked" } else { "granted" }));
        }
        let oauth = self.has("oauth|oauth2|oidc");
        if oauth && self.has("client|app|application|apps|applications") {
            return Some(format!("oauth.client.{verb}"));
        }
        self.has(TOKENS).then(|| match verb {
            "read" => "resource.read".to_owned(),
            "created" | "granted" if oauth => "oauth.token.issued".to_owned(),
            _ if oauth && ends => "oauth.token.revoked".to_owned(),
            "granted" => "token.created".to_owned(),
            other => format!("token.{other}"),
        })
    }

    /// Who may do what: providers, groups, sessions, members, roles, permissions, accounts.
    fn identity(&self) -> Option<String> {
        let verb = self.verb?;
        if let Some(verb) = self.verb_in("created updated deleted") {
            if self.has("idp|saml|sso|identity provider|oidc provider") {
                return Some(format!("auth.provider.{verb}"));
            }
            let itself = self.line.ends_with(" group ") || !self.has("member|members|user|role|principal");
            if itself && self.has("group|groups|team|teams") {
                return Some(format!("group.{verb}"));
            }
        }
        if self.has("session|sessions") {
            let verb = self.verb_in("revoked expired").unwrap_or(if verb == "deleted" { "revoked" } else { "created" });
            return Some(format!("session.{verb}"));
        }
        if self.has("role|roles") {
            return Some(self.role(verb));
        }
        if self.has("member|members|membership|collaborator|principal|principals") {
            let done = [
                ("created granted approved", "added"),
                ("deleted revoked", "removed"),
                ("invited requested", "invited"),
                ("updated", "updated"),
            ];
            return done
                .iter()
                .find(|(verbs, _)| self.verb_in(verbs).is_some())
                .map(|(_, done)| format!("member.{done}"));
        }
        if self.has("permission|permissions|privilege|privileges|acl|acls|entitlement|ownership|owner|grant") {
            return Some(match verb {
                "read" => "resource.read".to_owned(),
                "created" | "granted" => "permission.granted".to_owned(),
                "deleted" | "revoked" => "permission.revoked".to_owned(),
                _ => "permission.updated".to_owned(),
            });
        }
        let account = self.verb_in("created updated deleted enabled disabled locked unlocked invited");
        account.filter(|_| self.has("user|users|account|accounts|guest|admin")).map(|verb| format!("account.{verb}"))
    }

    /// A role itself, or its assignment to somebody.
    fn role(&self, verb: &str) -> String {
        let of_somebody = self.has("member|members|assignment|principal|user|added|removed");
        let itself = self.command && (self.line.ends_with(" role ") || self.line.ends_with(" roles "));
        match verb {
            "read" => "resource.read".to_owned(),
            "granted" => "role.assigned".to_owned(),
            "revoked" => "role.unassigned".to_owned(),
            "created" if of_somebody && (!itself || self.has("member")) => "role.assigned".to_owned(),
            "deleted" if of_somebody && (!itself || self.has("member")) => "role.unassigned".to_owned(),
            other => format!("role.{other}"),
        }
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

#[cfg(test)]
mod tests;
