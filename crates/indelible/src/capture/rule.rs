//! Rules: which requests are events, and what of them is kept. Data, to be read and changed.

use std::sync::Arc;

use http::Method;
use indelible_proof::Severity;

use crate::redaction::Redaction;

/// Whose identity counts for an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Phase {
    /// Who it was before the handler ran: for what destroys the session.
    Before,
    /// Who it is after the response, when that made a session; before it otherwise.
    #[default]
    After,
}

/// What of a request and its response goes into the event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture {
    /// The client's address, and the forwarding header. Default: yes.
    pub ip: bool,
    /// The user agent. Default: yes.
    pub user_agent: bool,
    /// The body of the request, JSON or a form, redacted, as `metadata.request_body`. Default: no.
    pub request_body: bool,
    /// Fields of a JSON response, by name or dotted path, redacted, as `metadata.response`. Default: none.
    pub response_fields: Vec<String>,
    /// The parameters of OAuth 2.0, from query, form and response. Default: no.
    pub oauth: bool,
}

impl Default for Capture {
    fn default() -> Self {
        Self { ip: true, user_agent: true, request_body: false, response_fields: Vec::new(), oauth: false }
    }
}

/// A target of the event, read from a parameter of the path, a field of the body, or of the query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetField {
    /// The type of the target.
    pub kind: String,
    /// The name of the parameter or field; of a body a dotted path.
    pub field: String,
    /// The value is a secret, and its keyed hash is recorded.
    pub is_secret: bool,
}

/// One rule: requests to this path with these methods are events of this action.
///
/// ```
/// use http::Method;
/// use indelible::{Severity, capture::{Capture, Rule}};
///
/// let rule = Rule::new(&[Method::DELETE], "/projects/{id}", "resource.deleted")
///     .before()
///     .severity(Severity::High)
///     .target("project", "id");
/// ```
#[derive(Debug, Clone)]
pub struct Rule {
    /// The path, with parameters: `/users/{id}`, `/files/{*rest}`.
    pub path: String,
    /// The methods; none means any.
    pub methods: Vec<Method>,
    /// The action when it succeeds; `None` when such requests are no events.
    pub action: Option<String>,
    /// The name that another product has for it, kept as `metadata.original_action`.
    pub original_action: Option<String>,
    /// Whose identity counts.
    pub phase: Phase,
    /// The severity, whatever the outcome, before [`SeverityRules`](super::SeverityRules) are asked.
    pub severity: Option<Severity>,
    /// What is kept.
    pub capture: Capture,
    /// Fields of the body that hold the identifier somebody signs in with; the first that is there counts.
    pub identifiers: Vec<String>,
    /// What it is done to.
    pub targets: Vec<TargetField>,
    /// A field of the JSON response, and the action that it was when that field is there and not false or empty: a
    /// sign-in that asks for a second factor has not succeeded yet.
    pub when: Vec<(String, String)>,
    /// A field of the JSON response that holds a new bearer token.
    pub issues: Option<String>,
    /// An answer of 404 or 405 is no event: there is no such endpoint.
    pub must_exist: bool,
    /// Redaction for these events alone, before that of the recorder.
    pub redaction: Option<Arc<Redaction>>,
}

impl Rule {
    /// A rule with the defaults.
    pub fn new(methods: &[Method], path: &str, action: &str) -> Self {
        Self {
            path: path.to_owned(),
            methods: methods.to_vec(),
            action: Some(action.to_owned()),
            original_action: None,
            phase: Phase::After,
            severity: None,
            capture: Capture::default(),
            identifiers: Vec::new(),
            targets: Vec::new(),
            when: Vec::new(),
            issues: None,
            must_exist: false,
            redaction: None,
        }
    }

    /// A rule for POST.
    pub fn post(path: &str, action: &str) -> Self {
        Self::new(&[Method::POST], path, action)
    }

    /// A rule for GET.
    pub fn get(path: &str, action: &str) -> Self {
        Self::new(&[Method::GET], path, action)
    }

    /// Requests to this path are no events, although a wider rule says so.
    pub fn ignore(path: &str) -> Self {
        Self { action: None, ..Self::new(&[], path, "") }
    }

    /// Makes it one for what destroys the session.
    #[must_use]
    pub const fn before(mut self) -> Self {
        self.phase = Phase::Before;
        self
    }

    /// Sets the severity, whatever the outcome.
    #[must_use]
    pub const fn severity(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }

    /// Sets what is kept.
    #[must_use]
    pub fn capture(mut self, capture: Capture) -> Self {
        self.capture = capture;
        self
    }

    /// Names a field of the body that holds the identifier somebody signs in with.
    #[must_use]
    pub fn identifier(mut self, field: &str) -> Self {
        self.identifiers.push(field.to_owned());
        self
    }

    /// Adds a target, read from a parameter of the path, a field of the body, or of the query.
    #[must_use]
    pub fn target(mut self, kind: &str, field: &str) -> Self {
        self.targets.push(TargetField { kind: kind.to_owned(), field: field.to_owned(), is_secret: false });
        self
    }

    /// Adds a target whose value is a secret: its keyed hash is recorded.
    #[must_use]
    pub fn secret_target(mut self, kind: &str, field: &str) -> Self {
        self.targets.push(TargetField { kind: kind.to_owned(), field: field.to_owned(), is_secret: true });
        self
    }

    /// Names another action for when the JSON response has a field that is not false or empty.
    #[must_use]
    pub fn when(mut self, field: &str, action: &str) -> Self {
        self.when.push((field.to_owned(), action.to_owned()));
        self
    }

    /// Names the field of the JSON response that holds a new bearer token: who signed in with it is who it belongs to.
    #[must_use]
    pub fn issues(mut self, field: &str) -> Self {
        self.issues = Some(field.to_owned());
        self
    }

    /// Sets redaction for these events alone.
    #[must_use]
    pub fn redaction(mut self, redaction: Redaction) -> Self {
        self.redaction = Some(Arc::new(redaction));
        self
    }

    /// Sets the name that another product has for it.
    #[must_use]
    pub fn named(mut self, original: impl Into<String>) -> Self {
        self.original_action = Some(original.into());
        self
    }

    pub(super) fn wants_request_body(&self) -> bool {
        self.capture.request_body || self.capture.oauth || !self.identifiers.is_empty() || !self.targets.is_empty()
    }

    /// Whether the body of a response that succeeded tells anything; that of one that did not always may.
    pub(super) fn wants_response_body(&self) -> bool {
        self.capture.oauth || !self.capture.response_fields.is_empty() || !self.when.is_empty() || self.issues.is_some()
    }
}

/// Rules that belong together.
#[derive(Debug, Clone, Default)]
pub struct RuleSet {
    pub(super) rules: Vec<Rule>,
}

impl RuleSet {
    /// A set of these rules.
    pub fn new(rules: impl IntoIterator<Item = Rule>) -> Self {
        Self { rules: rules.into_iter().collect() }
    }

    /// The same rules, for endpoints below a path: `better_auth().under("/api/auth")`.
    #[must_use]
    pub fn under(mut self, base: &str) -> Self {
        let base = base.trim_end_matches('/');
        for rule in &mut self.rules {
            rule.path.insert_str(0, base);
        }
        self
    }

    /// Changes rules: `set.map(|rule| if rule.path.ends_with("/sign-in/email") { rule.severity(..) } else { rule })`.
    #[must_use]
    pub fn map(self, change: impl FnMut(Rule) -> Rule) -> Self {
        Self { rules: self.rules.into_iter().map(change).collect() }
    }

    /// Adds a rule. Of two rules for one path and method the later counts.
    #[must_use]
    pub fn with(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// Adds the rules of another set.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.rules.extend(other.rules);
        self
    }

    /// The rules, in their order.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }
}
