//! How much a captured event matters. Data: the defaults are a table, and yours go before it.

use indelible_proof::{
    Outcome,
    Severity::{self, Critical, High, Low, Medium},
};

/// Actions, and how much an event of them matters at least: when it succeeded, when it failed, and when it failed again
/// and again. The vocabulary may say more. `*` at the end stands for anything; the first row that fits counts.
pub const DEFAULTS: [(&str, Severity, Severity, Severity); 9] = [
    ("account.disabled", Critical, Critical, Critical),
    ("session.impersonation.started", Critical, Critical, Critical),
    ("account.deleted", High, High, High),
    ("session.revoked", Medium, High, High),
    // One wrong password is everyday; many are an attack.
    ("auth.login.*", Medium, Medium, High),
    ("auth.logout", Medium, High, High),
    ("auth.mfa.*", Medium, High, High),
    ("auth.password.*", Medium, High, High),
    ("*", Low, Low, Low),
];

/// What a severity rule is about. `*` at the end stands for anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// Rules of this path: `/api/auth/admin/*`.
    Path(String),
    /// Events of this action: `auth.password.*`.
    Action(String),
}

/// One severity rule of the application's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeverityRule {
    /// What it is about.
    pub subject: Subject,
    /// The outcome it is about; `None` for any.
    pub outcome: Option<Outcome>,
    /// The severity.
    pub severity: Severity,
}

/// The application's own severity rules, before those of a [`Rule`](super::Rule) and the [`DEFAULTS`].
///
/// ```
/// use indelible::{Outcome, Severity, capture::SeverityRules};
///
/// let rules = SeverityRules::default()
///     .on_action("auth.logout", Severity::Info)
///     .on_path("/api/auth/admin/*", Severity::High)
///     .on_outcome("auth.login.*", Outcome::Denied, Severity::Critical);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SeverityRules(Vec<SeverityRule>);

impl SeverityRules {
    /// Adds a rule. The last that fits counts.
    #[must_use]
    pub fn with(mut self, rule: SeverityRule) -> Self {
        self.0.push(rule);
        self
    }

    /// Sets the severity of actions, whatever the outcome.
    #[must_use]
    pub fn on_action(self, action: &str, severity: Severity) -> Self {
        self.with(SeverityRule { subject: Subject::Action(action.to_owned()), outcome: None, severity })
    }

    /// Sets the severity of paths, whatever the outcome.
    #[must_use]
    pub fn on_path(self, path: &str, severity: Severity) -> Self {
        self.with(SeverityRule { subject: Subject::Path(path.to_owned()), outcome: None, severity })
    }

    /// Sets the severity of actions that ended so.
    #[must_use]
    pub fn on_outcome(self, action: &str, outcome: Outcome, severity: Severity) -> Self {
        self.with(SeverityRule { subject: Subject::Action(action.to_owned()), outcome: Some(outcome), severity })
    }

    /// The application's severity, when it has a rule.
    pub(super) fn of(&self, path: &str, action: &str, outcome: Outcome) -> Option<Severity> {
        let fits = |rule: &&SeverityRule| {
            rule.outcome.is_none_or(|wanted| wanted == outcome)
                && match &rule.subject {
                    Subject::Path(pattern) => matches(pattern, path),
                    Subject::Action(pattern) => matches(pattern, action),
                }
        };
        self.0.iter().rev().find(fits).map(|rule| rule.severity)
    }
}

/// The least severity by the defaults.
pub(super) fn at_least(action: &str, outcome: Outcome, is_repeated: bool) -> Severity {
    let row = DEFAULTS.iter().find(|(pattern, ..)| matches(pattern, action));
    row.map_or(Low, |&(_, succeeded, failed, repeated)| match outcome {
        Outcome::Failure | Outcome::Denied if is_repeated => repeated,
        Outcome::Failure | Outcome::Denied => failed,
        Outcome::Success | Outcome::Unknown => succeeded,
    })
}

fn matches(pattern: &str, text: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == text, |start| text.starts_with(start))
}

#[cfg(test)]
mod tests;
