use super::*;

#[test]
fn a_name_is_parted_into_the_same_words_however_it_is_written() {
    for name in ["CreateAccessKey", "create_access_key", "create-access.key", "Create access key"] {
        assert_eq!(words(name), ["create", "access", "key"]);
    }
    assert_eq!(words("IAMUserID"), ["iam", "user", "id"]);
    assert_eq!(words("--"), [""; 0]);
}

#[test]
fn the_words_of_a_name_tell_its_action() {
    let cases = [
        ("CreateAccessKey", "token.created"),
        ("user.access_token.revoked", "token.revoked"),
        ("oauth_app.deleted", "oauth.client.deleted"),
        ("User signed in: login", "auth.login.succeeded"),
        ("console login failed", "auth.login.failed"),
        ("admin.logout", "auth.logout"),
        ("login_as", "session.impersonation.started"),
        ("team_member_added", "member.added"),
        ("CREATE_USER_ROLE", "role.created"),
        ("Add member to role", "role.assigned"),
        ("user.role.removed", "role.unassigned"),
        ("Update SAML settings", "auth.provider.updated"),
        ("two_factor.disabled", "auth.mfa.disabled"),
        ("password_reset", "auth.password.reset"),
        ("project.secrets.update", "secret.updated"),
        ("DescribeInstances", "resource.read"),
        ("invoice.downloaded", "resource.exported"),
        ("user_suspended", "account.disabled"),
        ("delete group", "group.deleted"),
        ("POLICY_VIOLATION", "acme.policy_violation"),
        ("envelope-voided", "acme.envelope_voided"),
        ("", "acme.event"),
    ];
    for (name, expected) in cases {
        assert_eq!(action("acme", name), expected, "{name}");
    }
}

#[test]
fn a_table_goes_before_the_words() {
    assert_eq!(action("cloudtrail", "StopLogging"), "audit.log.disabled");
    assert_eq!(action("okta", "user.session.start"), "auth.login.succeeded");
}
