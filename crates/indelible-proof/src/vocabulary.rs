//! The words of the log: actions with their usual outcome and severity, and reasons.

mod actions;

use crate::event::{Event, Outcome, Severity};
use actions::ACTIONS;

/// A known action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Action {
    /// Its name, e.g. `token.revoked`.
    pub name: &'static str,
    /// How an event of this action ended when it does not say so itself.
    pub outcome: Outcome,
    /// How much such an event matters when it ended so.
    pub severity: Severity,
}

/// The known actions, sorted by name.
pub fn actions() -> impl Iterator<Item = &'static Action> {
    ACTIONS.iter()
}

/// The known action of this name.
pub fn action(name: &str) -> Option<&'static Action> {
    let at = ACTIONS.binary_search_by(|known| known.name.cmp(name)).ok()?;
    ACTIONS.get(at)
}

/// The outcome that an action implies; `Unknown` where it implies none.
///
/// ```
/// use indelible_proof::{Outcome, vocabulary::outcome_of};
///
/// assert_eq!(outcome_of("auth.login.failed"), Outcome::Failure);
/// assert_eq!(outcome_of("token.ip_blocked"), Outcome::Denied);
/// assert_eq!(outcome_of("invoice.paid"), Outcome::Unknown);
/// ```
pub fn outcome_of(name: &str) -> Outcome {
    action(name).map_or(Outcome::Unknown, |known| known.outcome)
}

/// The name of the action when it was tried and did not succeed, for actions whose failure has a name of its own.
///
/// ```
/// use indelible_proof::vocabulary::failed_form;
///
/// assert_eq!(failed_form("auth.login.succeeded"), Some("auth.login.failed"));
/// assert_eq!(failed_form("token.revoked"), None);
/// ```
pub fn failed_form(name: &str) -> Option<&'static str> {
    Some(match name {
        "auth.login.succeeded" => "auth.login.failed",
        "auth.mfa.succeeded" | "auth.mfa.recovery_code_used" => "auth.mfa.failed",
        "auth.password.changed" => "auth.password.change_failed",
        "auth.password.reset" => "auth.password.reset_failed",
        "auth.reauthentication.succeeded" => "auth.reauthentication.failed",
        "auth.verification.succeeded" => "auth.verification.failed",
        "access.granted" => "access.denied",
        "oauth.authorization.granted" => "oauth.authorization.denied",
        "oauth.consent.granted" => "oauth.consent.denied",
        "oauth.token.issued" | "oauth.token.refreshed" | "oauth.token.exchanged" => "oauth.token.failed",
        "token.authenticated" => "token.authentication_failed",
        _ => return None,
    })
}

/// The severity of an event that carries none.
///
/// A known action has its own. What was tried and did not succeed is at least `low`, and at least `medium` when the
/// same success would have been worth a look (`low` or more). A leaked or reused credential is at least `high`.
///
/// ```
/// use indelible_proof::{Event, Outcome, Severity, vocabulary::severity_of};
///
/// assert_eq!(severity_of(&Event::new("token.authenticated")), Severity::Info);
/// assert_eq!(severity_of(&Event::new("auth.login.failed")), Severity::Medium);
/// assert_eq!(severity_of(&Event::new("role.assigned").outcome(Outcome::Denied)), Severity::Medium);
/// assert_eq!(severity_of(&Event::new("oauth.token.failed").reason("token_reused")), Severity::High);
/// ```
pub fn severity_of(event: &Event) -> Severity {
    let known = action(&event.action);
    let usual = known.map_or(Severity::Info, |known| known.severity);
    let expected = known.map_or(Outcome::Success, |known| known.outcome);
    let outcome = event.outcome.unwrap_or(expected);
    let thwarted = matches!(outcome, Outcome::Failure | Outcome::Denied) && expected == Outcome::Success;
    let by_outcome = match (thwarted, usual) {
        (false, _) => Severity::Info,
        (true, Severity::Info) => Severity::Low,
        (true, _) => Severity::Medium,
    };
    let by_reason = match event.reason.as_deref() {
        Some("token_reused" | "replayed_request") => Severity::High,
        _ => Severity::Info,
    };
    usual.max(by_outcome).max(by_reason)
}

/// The known reasons.
pub fn reasons() -> impl Iterator<Item = &'static str> {
    REASONS.iter().copied()
}

/// Whether this is a known action.
pub fn is_action(name: &str) -> bool {
    action(name).is_some()
}

/// Whether this is a known reason.
pub fn is_reason(code: &str) -> bool {
    REASONS.binary_search(&code).is_ok()
}

/// Whether this is a type that an actor may have.
pub fn is_actor_type(kind: &str) -> bool {
    ACTOR_TYPES.contains(&kind)
}

/// The actor types there are.
pub(crate) const ACTOR_TYPES: [&str; 7] = ["user", "service", "token", "client", "agent", "system", "anonymous"];

/// Sorted. The error codes of OAuth 2.0 (RFC 6749) and its extensions (RFC 6750, 7009, 7591, 8628, 8707, 9449,
/// OpenID Connect), and our own.
const REASONS: &[&str] = &[
    "access_denied",
    "account_disabled",
    "account_locked",
    "account_selection_required",
    "authorization_pending",
    "consent_required",
    "domain_blocked",
    "expired_token",
    "insufficient_scope",
    "interaction_required",
    "internal_error",
    "invalid_client",
    "invalid_client_metadata",
    "invalid_credentials",
    "invalid_dpop_proof",
    "invalid_grant",
    "invalid_redirect_uri",
    "invalid_request",
    "invalid_scope",
    "invalid_target",
    "invalid_token",
    "ip_blocked",
    "login_required",
    "mfa_failed",
    "mfa_required",
    "pkce_failed",
    "policy_denied",
    "rate_limited",
    "redirect_uri_mismatch",
    "replayed_request",
    "server_error",
    "slow_down",
    "temporarily_unavailable",
    "token_expired",
    "token_not_yet_valid",
    "token_reused",
    "token_revoked",
    "token_unknown",
    "unauthorized_client",
    "unknown_user",
    "unsupported_grant_type",
    "unsupported_response_type",
    "unsupported_token_type",
    "use_dpop_nonce",
];

#[cfg(test)]
mod tests;
