use Outcome::{Denied, Failure, Success};

use super::*;

#[test]
fn the_defaults_know_their_rows() {
    for (action, outcome, repeated, expected) in [
        ("account.disabled", Success, false, Critical),
        // Unban is not ban.
        ("account.enabled", Success, false, Low),
        ("session.impersonation.started", Denied, false, Critical),
        ("session.revoked", Success, false, Medium),
        ("auth.login.succeeded", Success, false, Medium),
        ("auth.login.failed", Failure, false, Medium),
        ("auth.login.failed", Failure, true, High),
        ("auth.mfa.failed", Failure, false, High),
        ("account.updated", Success, false, Low),
    ] {
        assert_eq!(at_least(action, outcome, repeated), expected, "{action} {outcome:?}");
    }
}

#[test]
fn own_rules_go_by_path_action_and_outcome_and_the_last_counts() {
    let rules = SeverityRules::default()
        .on_action("auth.*", Low)
        .on_outcome("auth.login.failed", Failure, Critical)
        .on_path("/admin/*", High);
    assert_eq!(rules.of("/login", "auth.logout", Success), Some(Low));
    assert_eq!(rules.of("/login", "auth.login.failed", Failure), Some(Critical));
    assert_eq!(rules.of("/login", "auth.login.failed", Denied), Some(Low));
    assert_eq!(rules.of("/admin/ban-user", "auth.logout", Success), Some(High));
    assert_eq!(rules.of("/login", "account.updated", Success), None);
}
