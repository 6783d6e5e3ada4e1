//! What the application chose, as far as making an event needs it.

use std::{fmt, time::Instant};

use indelible_proof::{Event, Outcome, Target, limits};

use super::{address::Proxies, failures::Failures, index::Found, severity::SeverityRules};
use crate::{
    oauth::Fingerprints,
    redaction::{self, MASK, Redaction},
    text::clipped,
};

/// The type of the target that stands for whoever somebody tried to sign in as.
const IDENTIFIER: &str = "identifier";

/// The choices, and the failures counted so far.
pub(super) struct Choices {
    pub(super) proxies: Proxies,
    pub(super) severities: SeverityRules,
    pub(super) failures: Failures,
    pub(super) key: Option<[u8; 32]>,
    /// With a key of the application's own: under another, fingerprints would tell nothing later.
    pub(super) fingerprints: Option<Fingerprints>,
    pub(super) keeps_identifiers: bool,
    /// The recorder's, which comes after: which parameters of a path are secret, and how large an event will be.
    pub(super) redaction: Redaction,
}

impl Choices {
    /// The keyed hash of a secret or an identifier.
    pub(super) fn pseudonym(&self, text: &str) -> Option<String> {
        Some(redaction::hash(&self.key?, text))
    }

    /// Whether the log will take an event, once it is redacted.
    pub(super) fn takes(&self, event: &Event) -> bool {
        self.redaction.apply(event.clone()).event().validate().is_ok()
    }

    /// The target that stands for whoever somebody tried to sign in as. Case and blanks around it do not tell people
    /// apart.
    pub(super) fn identifier(&self, text: &str) -> Option<Target> {
        let text = text.trim().to_lowercase();
        if text.is_empty() {
            return None;
        }
        let target = Target::new(IDENTIFIER, self.pseudonym(&text)?);
        Some(if self.keeps_identifiers { target.name(clipped(&text, limits::NAME_BYTES_MAX)) } else { target })
    }

    /// The path of a request, without the secrets that some have for a parameter.
    pub(super) fn path(&self, path: &str, found: &Found) -> String {
        let is_secret = |name: &str| self.redaction.is_secret(name);
        if !found.params().any(|(name, _)| is_secret(name)) {
            return clipped(path, limits::URI_BYTES_MAX);
        }
        // Made anew from the rule: a secret can be written in many ways.
        let shown = |(name, value)| (name, if is_secret(name) { MASK } else { value });
        let path = found.params().map(shown).fold(found.rule().path.clone(), |path, (name, value)| {
            path.replace(&format!("{{{name}}}"), value).replace(&format!("{{*{name}}}"), value)
        });
        clipped(&path, limits::URI_BYTES_MAX)
    }

    /// How many failures to authenticate there were lately of the same identifier, or from the same address, this one
    /// included; 0 when the event is none.
    pub(super) fn failures_of(&self, event: &Event, outcome: Outcome, now: Instant) -> u32 {
        let is_attempt = ["auth.login.", "auth.mfa.", "auth.password.", "auth.reauthentication."]
            .iter()
            .any(|start| event.action.starts_with(start));
        if !is_attempt || !matches!(outcome, Outcome::Failure | Outcome::Denied) {
            return 0;
        }
        let identifier = event.targets.iter().find(|target| target.r#type.as_deref() == Some(IDENTIFIER));
        let by_identifier = identifier.and_then(|target| target.id.as_deref()).map(|id| self.failures.count(id, now));
        let address = event.context.as_ref().and_then(|context| context.ip);
        let by_address = address.map(|ip| self.failures.count(ip, now));
        by_identifier.max(by_address).unwrap_or(1)
    }
}

impl fmt::Debug for Choices {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The key is a secret.
        out.debug_struct("Choices").field("proxies", &self.proxies).finish_non_exhaustive()
    }
}
