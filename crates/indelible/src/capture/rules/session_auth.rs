//! Applications with sessions of their own: the paths that most of them have.

use crate::capture::rule::{Rule, RuleSet};
use http::Method;

/// Sign-in, sign-out, accounts, passwords, second factors, passkeys and sessions, under the paths that most applications
/// have: `/login`, `/logout`, `/password/reset`, `/mfa/verify`, `/sessions/{id}`. Change what differs, with
/// [`RuleSet::map`] and [`RuleSet::with`].
pub fn session_auth() -> RuleSet {
    let post = Rule::post;
    let delete = |path, action| Rule::new(&[Method::DELETE], path, action);
    let write = |path, action| Rule::new(&[Method::POST, Method::PUT, Method::PATCH], path, action);
    RuleSet::new([
        // Sign-in and sign-out
        named(post("/login", "auth.login.succeeded")),
        named(post("/signin", "auth.login.succeeded")),
        named(post("/sign-in", "auth.login.succeeded")),
        named(post("/login/magic-link", "auth.verification.sent")),
        Rule::new(&[Method::GET, Method::POST], "/login/callback", "auth.login.succeeded"),
        Rule::new(&[Method::GET, Method::POST], "/logout", "auth.logout").before(),
        post("/signout", "auth.logout").before(),
        post("/sign-out", "auth.logout").before(),
        post("/reauthenticate", "auth.reauthentication.succeeded"),
        // Accounts
        named(post("/register", "account.created")),
        named(post("/signup", "account.created")),
        named(post("/sign-up", "account.created")),
        write("/account", "account.updated"),
        delete("/account", "account.deleted").before(),
        write("/account/email", "account.email_changed"),
        post("/verify-email", "auth.verification.succeeded"),
        Rule::get("/verify-email", "auth.verification.succeeded"),
        // Passwords
        write("/password", "auth.password.changed"),
        write("/password/change", "auth.password.changed"),
        named(post("/password/forgot", "auth.password.reset_requested")),
        named(post("/forgot-password", "auth.password.reset_requested")),
        write("/password/reset", "auth.password.reset"),
        write("/password/reset/{token}", "auth.password.reset"),
        write("/reset-password", "auth.password.reset"),
        // Second factors
        post("/mfa/enroll", "auth.mfa.enrolled"),
        post("/mfa/enable", "auth.mfa.enabled"),
        post("/mfa/disable", "auth.mfa.disabled"),
        post("/mfa/challenge", "auth.mfa.challenged"),
        post("/mfa/verify", "auth.mfa.succeeded").issues("access_token"),
        post("/mfa/recovery", "auth.mfa.recovery_code_used").issues("access_token"),
        post("/mfa/recovery-codes", "auth.mfa.recovery_codes_generated"),
        Rule::get("/mfa/recovery-codes", "auth.mfa.recovery_codes_viewed"),
        delete("/mfa/{id}", "auth.mfa.removed").target("factor", "id"),
        // Passkeys
        post("/passkeys/register", "auth.mfa.enrolled"),
        post("/passkeys/login", "auth.login.succeeded").issues("access_token"),
        delete("/passkeys/{id}", "auth.mfa.removed").target("passkey", "id"),
        // Sessions
        post("/session/refresh", "session.renewed"),
        delete("/sessions", "session.revoked").before().severity(indelible_proof::Severity::High),
        delete("/sessions/{id}", "session.revoked").before().target("session", "id"),
    ])
}

/// A form in which people say who they are; one that has a second step says so in its answer.
fn named(rule: Rule) -> Rule {
    ["email", "username", "login", "identifier", "phone"]
        .into_iter()
        .fold(rule, Rule::identifier)
        .when("mfa_required", "auth.mfa.challenged")
        .issues("access_token")
}
