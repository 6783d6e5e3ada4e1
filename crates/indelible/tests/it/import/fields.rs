//! Events checked by hand, field by field, against the records that they come from.

use indelible::{Event, import::Format};
use serde_json::{Value, json};

use super::{import, sample};

/// The event as JSON without what every event has: its original, its key, its source.
pub(super) fn fields(event: &Event) -> Value {
    let mut event = serde_json::to_value(event).unwrap();
    let object = event.as_object_mut().unwrap();
    assert!(object.remove("source").is_some());
    assert!(object.remove("idempotency_key").is_some());
    assert!(object["metadata"].as_object_mut().unwrap().remove("original").is_some());
    event
}

/// The one event of a record.
fn mapped(format: Format, record: &Value) -> Value {
    let events = import(format, record.to_string().as_bytes());
    assert_eq!(events.len(), 1);
    fields(&events[0])
}

#[test]
fn okta_impersonation_and_an_authorization_code() {
    assert_eq!(
        fields(&sample("okta/panther.jsonl", 1)),
        json!({
            "occurred_at": "2022-03-22T14:21:53.225000Z",
            "action": "session.impersonation.started",
            "outcome": "success",
            "actor": {"type": "user", "id": "111111", "name": "Homer Simpson", "email": "homer@springfield.gov"},
            "context": {
                "ip": "1.1.1.1",
                "user_agent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99.0.4844.83 Safari/537.36",
            },
            "metadata": {"original_action": "user.session.impersonation.grant"},
        })
    );
    assert_eq!(
        fields(&sample("okta/panther.jsonl", 11)),
        json!({
            "occurred_at": "2022-12-13T15:22:58.759000Z",
            "action": "oauth.authorization.granted",
            "outcome": "success",
            "actor": {"type": "user", "id": "abcd123"},
            "session_id": "123456789",
            "client": {"id": "okta.1234", "name": "Okta User"},
            "oauth": {
                "grant_type": "authorization_code",
                "response_type": "code",
                "scopes_requested": ["openid", "profile", "email", "okta.users.read.self"],
                "scopes_granted": ["openid", "profile", "email", "okta.users.read.self"],
                "redirect_uri": "https://org.okta.com/enduser/callback",
            },
            "targets": [
                {"type": "user", "id": "abcd123"},
                {"type": "authorization_code", "id": "SDFSFJL", "name": "Authorization Code"},
            ],
            "context": {
                "ip": "1.2.3.4",
                "user_agent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.1 Safari/605.1.15",
                "geo": {"country": "United States", "region": "New York", "city": "Queens"},
                "asn": 701,
            },
            "http": {"path": "/login/token/redirect"},
            "request_id": "ABCDEFG",
            "correlation_id": "SDKFLSKLFJSLF",
            "metadata": {"original_action": "app.oauth2.authorize.code"},
        })
    );
}

#[test]
fn auth0_a_reused_refresh_token_and_a_management_call() {
    assert_eq!(
        fields(&sample("auth0/panther.jsonl", 42)),
        json!({
            "occurred_at": "2025-10-03T14:09:32.149000Z",
            "action": "oauth.refresh_token.reused",
            "outcome": "denied",
            "reason": "token_reused",
            "actor": {
                "type": "user",
                "id": "google-oauth2|105261262156475850461",
                "name": "Homer Simpson",
                "email": "denethor@lotr.com",
            },
            "credential": {"kind": "refresh_token", "id": "0000000000ecaf1bfbadb06900d22049"},
            "client": {"id": "1HXWWGKk1Zj3JF8GvMrnCSirccDs4qvr"},
            "oauth": {"grant_type": "refresh_token"},
            "context": {
                "ip": "12.12.12.12",
                "user_agent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/1.2.3.4 Safari/537.36",
            },
            "metadata": {
                "description": "Unsuccessful Refresh Token exchange, reused refresh token detected",
                "original_action": "ferrt",
            },
        })
    );
    assert_eq!(
        fields(&sample("auth0/datadog.jsonl", 7)),
        json!({
            "occurred_at": "2025-05-07T09:01:59.137000Z",
            "action": "oauth.token.revoked",
            "outcome": "success",
            "actor": {"type": "client", "id": "61PIEqk9Hd4hXJFZhoBZ5bNmN349coz1", "name": "greatballena"},
            "credential": {"kind": "access_token", "scopes": ["read:client_grants"]},
            "client": {"id": "61PIEqk9Hd4hXJFZhoBZ5bNmN349coz1", "name": "greatballena"},
            "targets": [
                {"type": "users", "id": "auth01111"},
                {"type": "connection", "id": "con_DFOp2K6Ysya1y2OP", "name": "great-pollo"},
            ],
            "context": {
                "ip": "79.153.77.39",
                "user_agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/71.0.3578.98 Safari/537.36",
            },
            "http": {"method": "DELETE", "path": "/api/v2/users/auth01111/refresh-tokens", "status": 202},
            "metadata": {"description": "user_id: bdf8b733-f7q1-4fq1-9723-edcd437q96q1", "original_action": "sapi"},
        })
    );
}

#[test]
fn github_webhooks_of_a_collaborator_and_a_tag() {
    assert_eq!(
        fields(&sample("github/octokit.jsonl", 39)),
        json!({
            "action": "member.updated",
            "outcome": "success",
            "actor": {"type": "user", "id": "21031067", "name": "Codertocat"},
            "targets": [
                {"type": "member", "id": "583231", "name": "octocat"},
                {"type": "repository", "id": "135493233", "name": "Codertocat/Hello-World"},
            ],
            "changes": {"before": {"permission": "write"}},
            "metadata": {"original_action": "member.edited"},
        })
    );
    assert_eq!(
        fields(&sample("github/octokit.jsonl", 12)),
        json!({
            "action": "resource.created",
            "outcome": "success",
            "actor": {"type": "user", "id": "21031067", "name": "Codertocat"},
            "targets": [
                {"type": "git_ref", "name": "simple-tag"},
                {"type": "repository", "id": "186853002", "name": "Codertocat/Hello-World"},
                {"type": "installation", "id": "1"},
            ],
            "metadata": {"original_action": "git_ref.created"},
        })
    );
}

#[test]
fn cloudtrail_a_failed_sign_in_a_new_key_and_an_assumed_role() {
    assert_eq!(
        fields(&sample("cloudtrail/crowdsec-console.jsonl", 1)),
        json!({
            "occurred_at": "2023-04-11T15:24:00.000000Z",
            "action": "auth.login.failed",
            "outcome": "failure",
            "reason": "invalid_credentials",
            "actor": {"type": "user", "id": "<principalId>", "name": "<userName>"},
            "context": {
                "ip": "1.2.3.4",
                "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:102.0) Gecko/20100101Firefox/102.0",
            },
            "metadata": {"aws_region": "us-east-1", "aws_service": "signin", "original_action": "ConsoleLogin"},
        })
    );
    assert_eq!(
        fields(&sample("cloudtrail/stratus-red-team.jsonl", 175)),
        json!({
            "occurred_at": "2024-07-30T21:53:13.000000Z",
            "action": "token.created",
            "outcome": "success",
            "actor": {"type": "user", "id": "arn:aws:iam::946986569305:user/christophe", "name": "christophe"},
            "credential": {"kind": "access_key", "id": "AKIA30BEZSJBVKOFKZW0"},
            "targets": [
                {"type": "user", "id": "stratus-red-team-backdoor-u-user"},
                {"type": "access_key", "id": "AKIAL80DWDVKKM0UXEER"},
            ],
            "changes": {"after": {"userName": "stratus-red-team-backdoor-u-user"}},
            "context": {"user_agent": "stratus-red-team_f3f19dcd-8552-47ca-a01e-0e1f5578d15e"},
            "request_id": "1af58177-d743-4c94-ac1d-014721ed9b94",
            "metadata": {"aws_region": "ap-central-2r", "aws_service": "iam", "original_action": "CreateAccessKey"},
        })
    );
    assert_eq!(
        fields(&sample("cloudtrail/panther.jsonl", 4)),
        json!({
            "occurred_at": "2019-01-01T00:00:00.000000Z",
            "action": "permission.granted",
            "outcome": "success",
            "actor": {"type": "user", "id": "arn:aws:sts::123456789012:assumed-role/tester", "name": "tester"},
            "on_behalf_of": [{"type": "service", "id": "arn:aws:iam::123456789012:role/tester", "name": "Tester"}],
            "credential": {"kind": "access_key", "id": "1"},
            "session_id": "tester",
            "targets": [{"type": "function", "id": "my-lambda-function"}],
            "changes": {"after": {"functionName": "my-lambda-function"}},
            "context": {"ip": "111.111.111.111", "user_agent": "console.amazonaws.com"},
            "request_id": "1",
            "metadata": {"aws_region": "us-west-2", "aws_service": "lambda", "original_action": "AddPermission20150331"},
        })
    );
}

#[test]
fn keycloak_a_failed_login_and_a_token() {
    assert_eq!(
        fields(&sample("keycloak/crowdsec.log", 1)),
        json!({
            "occurred_at": "2023-05-25T22:24:19.357000Z",
            "action": "auth.login.failed",
            "outcome": "failure",
            "reason": "unknown_user",
            "actor": {"type": "user", "id": "user-a", "name": "user-a"},
            "session_id": "8924e83e-4b25-45e0-8bea-c509bebbeea4",
            "client": {"id": "myweb-site"},
            "oauth": {"redirect_uri": "https://exemple.com/"},
            "targets": [{"type": "realm", "id": "keycloak"}],
            "context": {"ip": "192.168.1.1"},
            "metadata": {"original_action": "LOGIN_ERROR"},
        })
    );
    assert_eq!(
        fields(&sample("keycloak/kill9zombie.log", 5)),
        json!({
            "action": "oauth.token.issued",
            "outcome": "success",
            "actor": {"type": "user", "id": "804807dd-c991-4712-8ec1-c6d4ff3f0e73"},
            "credential": {"kind": "authorization_code"},
            "session_id": "d1a1cc64-4b31-43e6-a083-cc84d7a45cb3",
            "client": {"id": "security-admin-console"},
            "oauth": {"grant_type": "authorization_code", "scopes_granted": ["openid", "profile", "email"]},
            "targets": [
                {"type": "access_token", "id": "733a2efb-4094-4dc1-90a4-194858ce08b0"},
                {"type": "refresh_token", "id": "fe31ebc2-2621-434d-a1e9-300c03b66568"},
                {"type": "realm", "id": "master"},
            ],
            "context": {"ip": "172.17.0.1"},
            "metadata": {"original_action": "CODE_TO_TOKEN"},
        })
    );
}

#[test]
fn openssh_a_key_accepted_and_a_password_refused() {
    assert_eq!(
        fields(&sample("openssh/crowdsec-accepted.log", 1)),
        json!({
            "occurred_at": "2024-09-06T09:57:21.000000Z",
            "action": "auth.login.succeeded",
            "outcome": "success",
            "actor": {"type": "user", "id": "vagrant", "name": "vagrant"},
            "credential": {"kind": "ssh_key", "id": "SHA256:1M4RzhMyWuFS/86uPY/ce2prh/dVTHW7iD2RhpquOZA", "type": "RSA"},
            "session_id": "bullseye:581",
            "targets": [{"type": "host", "id": "bullseye"}],
            "context": {"ip": "192.168.121.1"},
            "metadata": {
                "message": "Accepted publickey for vagrant from 192.168.121.1 port 56296 ssh2: RSA SHA256:1M4RzhMyWuFS/86uPY/ce2prh/dVTHW7iD2RhpquOZA",
                "original_action": "accepted",
            },
        })
    );
    assert_eq!(
        fields(&sample("openssh/crowdsec.log", 4)),
        json!({
            "occurred_at": "2024-11-02T15:40:14.000000Z",
            "action": "auth.login.failed",
            "outcome": "failure",
            "reason": "invalid_credentials",
            "actor": {"type": "user", "id": "workshop", "name": "workshop"},
            "session_id": "workshop:28179",
            "targets": [{"type": "host", "id": "workshop"}],
            "context": {"ip": "5.33.63.160"},
            "metadata": {
                "message": "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=5.33.63.160 user=workshop",
                "original_action": "authentication_failure",
            },
        })
    );
}

#[test]
fn azure_a_locked_account_and_a_new_client_secret() {
    assert_eq!(
        fields(&sample("azure-ad/panther-signin.jsonl", 9)),
        json!({
            "occurred_at": "2025-01-15T08:15:23.456000Z",
            "action": "auth.login.failed",
            "outcome": "failure",
            "reason": "account_locked",
            "actor": {"type": "user", "id": "user-001", "name": "boromir@lotr.com", "email": "boromir@lotr.com"},
            "client": {"name": "Microsoft Office"},
            "targets": [{"type": "application", "name": "Microsoft Graph"}],
            "context": {
                "ip": "4.4.4.4",
                "user_agent": "python-requests/2.28.0",
                "geo": {"country": "RU", "region": "Unknown", "city": "Unknown"},
                "asn": 12345,
            },
            "correlation_id": "lockout-attack-001",
            "metadata": {"original_action": "SignInLogs"},
        })
    );
    assert_eq!(
        fields(&sample("azure-ad/panther-signin.jsonl", 43)),
        json!({
            "occurred_at": "2025-01-15T09:30:20.123000Z",
            "action": "oauth.client.secret_created",
            "outcome": "success",
            "actor": {"type": "user", "id": "admin-123", "name": "IT Administrator", "email": "frodo@lotr.com"},
            "client": {"id": "sp-app-456", "name": "Production API Service"},
            "targets": [{"type": "service_principal", "id": "sp-app-456", "name": "Production API Service"}],
            "changes": {"after": {"KeyDescription": "Client Secret for API Access", "KeyType": "Password"}},
            "context": {"ip": "2.2.2.2"},
            "correlation_id": "sp-creds-001",
            "metadata": {"original_action": "Add service principal credentials"},
        })
    );
}

#[test]
fn google_a_consent_and_a_changed_setting() {
    assert_eq!(
        fields(&sample("google-workspace/panther.jsonl", 60)),
        json!({
            "occurred_at": "2024-01-15T10:30:00.000000Z",
            "action": "oauth.consent.granted",
            "outcome": "success",
            "actor": {"type": "user", "id": "123456789012345678901", "email": "user@example.com"},
            "client": {
                "id": "123456789012-abcdefghijklmnopqrstuvwxyz123456.apps.googleusercontent.com",
                "name": "SuspiciousThirdPartyApp",
            },
            "oauth": {
                "scopes_granted": [
                    "https://www.googleapis.com/auth/admin.directory.user",
                    "https://www.googleapis.com/auth/ediscovery",
                    "https://www.googleapis.com/auth/drive",
                    "https://www.googleapis.com/auth/cloud_search.query",
                ],
            },
            "targets": [{"type": "application", "id": "SuspiciousThirdPartyApp", "name": "SuspiciousThirdPartyApp"}],
            "context": {"ip": "192.0.2.1"},
            "metadata": {"application": "token", "original_action": "authorize"},
        })
    );
    assert_eq!(
        fields(&sample("google-workspace/panther.jsonl", 7)),
        json!({
            "occurred_at": "2022-12-10T23:38:45.125000Z",
            "action": "settings.updated",
            "outcome": "success",
            "actor": {"type": "user", "id": "12345", "email": "example@example.io"},
            "targets": [{"type": "setting", "id": "ENABLE_G_SUITE_MARKETPLACE", "name": "ENABLE_G_SUITE_MARKETPLACE"}],
            "changes": {"before": {"ENABLE_G_SUITE_MARKETPLACE": "2"}, "after": {"ENABLE_G_SUITE_MARKETPLACE": "3"}},
            "context": {"ip": "12.12.12.12"},
            "metadata": {"application": "admin", "original_action": "CHANGE_EMAIL_SETTING"},
        })
    );
}

#[test]
fn gcp_a_bucket_made_public_and_a_signed_token() {
    assert_eq!(
        fields(&sample("gcp-audit/panther.jsonl", 45)),
        json!({
            "occurred_at": "2020-05-15T04:28:42.237027Z",
            "action": "permission.policy_updated",
            "outcome": "success",
            "actor": {"type": "user", "id": "user@runpanther.io", "email": "user@runpanther.io"},
            "targets": [
                {
                    "type": "gcs_bucket",
                    "id": "projects/_/buckets/jacks-test-bucket",
                    "name": "jacks-test-bucket",
                },
                {"type": "project", "id": "western-verve-123456"},
            ],
            "changes": {"after": {"roles/storage.objectViewer": ["allUsers"]}},
            "context": {
                "ip": "136.24.229.58",
                "user_agent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_4) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/81.0.4044.138 Safari/537.36,gzip(gfe)",
            },
            "metadata": {"gcp_service": "storage.googleapis.com", "original_action": "storage.setIamPermissions"},
        })
    );
    assert_eq!(
        fields(&sample("gcp-audit/panther.jsonl", 59)),
        json!({
            "occurred_at": "2024-02-26T17:15:16.314854Z",
            "action": "oauth.token.issued",
            "outcome": "success",
            "actor": {
                "type": "service",
                "id": "some-project@company.iam.gserviceaccount.com",
                "email": "some-project@company.iam.gserviceaccount.com",
            },
            "credential": {
                "kind": "service_account_key",
                "id": "//iam.googleapis.com/projects/some-project/serviceAccounts/some-project@company.iam.gserviceaccount.com/keys/a378358365ff3d22e9c1a72fecf4605ddff76b47",
            },
            "client": {
                "id": "projects/-/serviceAccounts/114885146936855121342",
                "name": "some-project@company.iam.gserviceaccount.com",
            },
            "targets": [
                {
                    "type": "service_account",
                    "id": "projects/-/serviceAccounts/114885146936855121342",
                    "name": "some-project@company.iam.gserviceaccount.com",
                },
                {"type": "project", "id": "some-project"},
            ],
            "context": {"ip": "1.2.3.4"},
            "metadata": {"gcp_service": "iamcredentials.googleapis.com", "original_action": "SignJwt"},
        })
    );
}

#[test]
fn duo_a_fraudulent_push_and_an_administrator() {
    assert_eq!(
        fields(&sample("duo/panther.jsonl", 26)),
        json!({
            "action": "auth.mfa.failed",
            "outcome": "denied",
            "reason": "mfa_failed",
            "actor": {
                "type": "user",
                "id": "example@example.io",
                "name": "example@example.io",
                "email": "example@example.io",
            },
            "credential": {"kind": "duo_push"},
            "targets": [{"type": "application", "id": "D12345", "name": "Slack"}],
            "context": {"ip": "12.12.112.25"},
            "metadata": {"original_action": "authentication", "reason": "user_marked_fraud"},
        })
    );
    assert_eq!(
        fields(&sample("duo/panther.jsonl", 10)),
        json!({
            "occurred_at": "2022-12-14T20:11:53.000000Z",
            "action": "auth.mfa.failed",
            "outcome": "failure",
            "reason": "x_login_request_reported_as_fraudulent",
            "actor": {"type": "user", "id": "John P. Admin", "name": "John P. Admin", "email": "example@example.io"},
            "context": {"ip": "12.12.12.12"},
            "metadata": {"original_action": "admin_2fa_error"},
        })
    );
}

#[test]
fn authelia_a_failed_second_factor_and_a_login() {
    assert_eq!(
        fields(&sample("authelia/crowdsec.log", 11)),
        json!({
            "occurred_at": "2022-02-16T10:24:19.000000Z",
            "action": "auth.mfa.failed",
            "outcome": "failure",
            "reason": "mfa_failed",
            "actor": {"type": "user", "id": "realuser", "name": "realuser"},
            "context": {"ip": "192.0.2.1"},
            "http": {"method": "POST", "path": "/api/secondfactor/totp"},
            "metadata": {"factor": "TOTP", "original_action": "Unsuccessful TOTP authentication attempt by user"},
        })
    );
    assert_eq!(
        fields(&sample("authelia/crowdsec.log", 7)),
        json!({
            "occurred_at": "2022-03-30T12:28:52.000000Z",
            "action": "auth.login.succeeded",
            "outcome": "success",
            "actor": {"type": "user", "id": "realuser", "name": "realuser"},
            "context": {"ip": "127.0.0.1"},
            "http": {"method": "POST", "path": "/api/firstfactor"},
            "metadata": {"factor": "1FA", "original_action": "Successful 1FA authentication attempt made by user"},
        })
    );
}

#[test]
fn others_an_exec_a_microsoft_sign_in_and_a_changed_policy() {
    assert_eq!(
        fields(&sample("kubernetes/crowdsec-exec.jsonl", 1)),
        json!({
            "occurred_at": "2023-05-17T15:08:22.763960Z",
            "action": "session.created",
            "outcome": "success",
            "actor": {"type": "user", "id": "minikube-user"},
            "targets": [{"type": "pods/exec", "id": "foo/test-pod-1", "name": "test-pod-1"}],
            "context": {"ip": "192.168.49.1", "user_agent": "kubectl/v1.26.0 (linux/amd64) kubernetes/b46a3f8"},
            "http": {
                "path": "/api/v1/namespaces/foo/pods/test-pod-1/exec?command=%2Fbin%2Fbash&container=centos&stdin=true&stdout=true&tty=true",
                "status": 101,
            },
            "request_id": "57a794de-44d3-40ee-a0ad-c0eb096eef6c",
            "metadata": {"original_action": "create pods/exec"},
        })
    );
    assert_eq!(
        fields(&sample("microsoft-365/panther.jsonl", 1)),
        json!({
            "occurred_at": "2022-12-12T15:57:57.000000Z",
            "action": "auth.login.failed",
            "outcome": "failure",
            "reason": "invalid_credentials",
            "actor": {
                "type": "user",
                "id": "012345-abcde-543-xyz",
                "name": "sample.user@yourorg.onmicrosoft.com",
                "email": "sample.user@yourorg.onmicrosoft.com",
            },
            "client": {"id": "123-abc-sfa-321"},
            "targets": [{"type": "azure_active_directory", "id": "aa-11-22-bb"}],
            "context": {
                "ip": "1.2.3.4",
                "user_agent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/107.0.0.0 Safari/537.36",
            },
            "correlation_id": "987-432-123",
            "metadata": {"original_action": "UserLoginFailed"},
        })
    );
    assert_eq!(
        fields(&sample("asana/panther.jsonl", 6)),
        json!({
            "occurred_at": "2022-12-16T19:31:13.887000Z",
            "action": "auth.policy.updated",
            "outcome": "success",
            "actor": {"type": "user", "id": "12345", "name": "Homer Simpson", "email": "homer@example.io"},
            "targets": [{"type": "workspace", "id": "12345", "name": "Acme Co"}],
            "changes": {"before": {"value": "14 days"}, "after": {"value": "never"}},
            "context": {
                "ip": "12.12.12.12",
                "user_agent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/108.0.0.0 Safari/537.36",
            },
            "metadata": {"original_action": "workspace_default_session_duration_changed"},
        })
    );
}

#[test]
fn an_authentik_login_that_failed_names_who_tried() {
    let record = json!({
        "pk": "1a19d51f-1f3c-4d6b-9a6f-9f2a6c9b1d55", "action": "login_failed", "app": "authentik.events.signals",
        "user": { "pk": 1, "username": "AnonymousUser", "email": "" },
        "context": { "username": "alice", "http_request": { "method": "POST", "path": "/api/v3/flows/executor/login/", "user_agent": "curl/8" } },
        "client_ip": "192.0.2.1", "created": "2026-01-02T03:04:05.678901Z", "brand": { "name": "authentik" },
    });
    assert_eq!(
        mapped(Format::Authentik, &record),
        json!({
            "occurred_at": "2026-01-02T03:04:05.678901Z",
            "action": "auth.login.failed",
            "outcome": "failure",
            "reason": "invalid_credentials",
            "actor": { "type": "user", "id": "alice", "name": "alice" },
            "context": { "ip": "192.0.2.1", "user_agent": "curl/8" },
            "http": { "method": "POST", "path": "/api/v3/flows/executor/login/" },
            "metadata": { "original_action": "login_failed" },
        })
    );
    let record = json!({
        "pk": "2a", "action": "authorize_application", "client_ip": "192.0.2.1", "created": "2026-01-02T03:04:05Z",
        "user": { "pk": 7, "username": "alice", "email": "alice@example.com" },
        "context": { "authorized_application": { "pk": "a1", "name": "Grafana" }, "scopes": "openid email" },
    });
    assert_eq!(
        mapped(Format::Authentik, &record),
        json!({
            "occurred_at": "2026-01-02T03:04:05.000000Z",
            "action": "oauth.authorization.granted",
            "outcome": "success",
            "actor": { "type": "user", "id": "7", "name": "alice", "email": "alice@example.com" },
            "client": { "id": "a1", "name": "Grafana" },
            "oauth": { "scopes_granted": ["openid", "email"] },
            "context": { "ip": "192.0.2.1" },
            "metadata": { "original_action": "authorize_application" },
        })
    );
}

#[test]
fn a_github_audit_entry_tells_the_token_and_the_change() {
    let record = json!({
        "@timestamp": 1_767_323_045_678_u64, "_document_id": "d-1", "action": "repo.access", "actor": "alice", "actor_id": 1,
        "actor_ip": "192.0.2.1", "actor_location": { "country_code": "DE" }, "user_agent": "git/2", "org": "acme", "org_id": 9,
        "repo": "acme/app", "repo_id": 5, "visibility": "public", "previous_visibility": "private",
        "programmatic_access_type": "Personal access token (classic)", "token_id": 77, "token_scopes": "repo,admin:org",
    });
    assert_eq!(
        mapped(Format::Github, &record),
        json!({
            "occurred_at": "2026-01-02T03:04:05.678000Z",
            "action": "permission.updated",
            "outcome": "success",
            "actor": { "type": "user", "id": "1", "name": "alice" },
            "credential": { "kind": "personal_access_token_classic", "id": "77", "scopes": ["repo", "admin:org"] },
            "targets": [{ "type": "repo", "id": "5", "name": "acme/app" }, { "type": "org", "id": "9", "name": "acme" }],
            "changes": { "before": { "visibility": "private" }, "after": { "visibility": "public" } },
            "context": { "ip": "192.0.2.1", "user_agent": "git/2", "geo": { "country": "DE" } },
            "metadata": { "original_action": "repo.access" },
        })
    );
}

#[test]
fn a_teleport_login_and_a_slack_app() {
    let record = json!({
        "event": "user.login", "code": "T1000W", "uid": "u-1", "time": "2026-01-02T03:04:05Z", "user": "alice@example.com",
        "success": false, "error": "invalid username or password", "addr.remote": "192.0.2.1:5555", "cluster_name": "main",
    });
    assert_eq!(
        mapped(Format::Teleport, &record),
        json!({
            "occurred_at": "2026-01-02T03:04:05.000000Z",
            "action": "auth.login.failed",
            "outcome": "failure",
            "reason": "invalid_credentials",
            "actor": { "type": "user", "id": "alice@example.com", "name": "alice@example.com", "email": "alice@example.com" },
            "context": { "ip": "192.0.2.1" },
            "metadata": { "original_action": "user.login" },
        })
    );
    let record = json!({
        "id": "s-1", "date_create": 1_767_323_045, "action": "app_installed",
        "actor": { "type": "user", "user": { "id": "W1", "name": "Alice", "email": "alice@example.com" } },
        "entity": { "type": "app", "app": { "id": "A1", "name": "CI", "scopes": ["chat:write"] } },
        "context": { "ip_address": "192.0.2.1", "ua": "Firefox", "location": { "type": "workspace", "id": "T1", "name": "Acme" } },
    });
    assert_eq!(
        mapped(Format::Slack, &record),
        json!({
            "occurred_at": "2026-01-02T03:04:05.000000Z",
            "action": "oauth.consent.granted",
            "outcome": "success",
            "actor": { "type": "user", "id": "W1", "name": "Alice", "email": "alice@example.com" },
            "client": { "id": "A1", "name": "CI" },
            "oauth": { "scopes_granted": ["chat:write"] },
            "targets": [{ "type": "app", "id": "A1", "name": "CI" }, { "type": "workspace", "id": "T1", "name": "Acme" }],
            "context": { "ip": "192.0.2.1", "user_agent": "Firefox" },
            "metadata": { "original_action": "app_installed" },
        })
    );
}

#[test]
fn a_repeated_syslog_message_counts_and_a_year_comes_from_the_reference() {
    let line = b"Feb 29 10:00:00 host sshd[1]: message repeated 3 times: [ Failed password for root from 2001:db8::1 port 22 ssh2]";
    let event = &import(Format::Openssh, line)[0];
    assert_eq!((event.count, event.reason.as_deref()), (Some(3), Some("invalid_credentials")));
    assert_eq!(event.occurred_at, Some("2024-02-29T10:00:00Z".parse().unwrap()));
    assert_eq!(event.context.as_ref().and_then(|context| context.ip), Some("2001:db8::1".parse().unwrap()));
}

#[test]
fn a_password_tried_on_a_honeypot_is_not_kept() {
    let line =
        br#"2022/05/06 05:10:03 [192.0.2.1:28696] authentication for user "admin" with password "hunter2" accepted"#;
    let event = &import(Format::Openssh, line)[0];
    assert_eq!(event.action, "auth.login.succeeded");
    assert!(!serde_json::to_string(event).unwrap().contains("hunter2"));
}

#[test]
fn a_large_record_keeps_its_scalars_and_a_deep_one_its_text() {
    let record = json!({ "eventType": "user.session.end", "uuid": "u", "note": "x", "big": ["y".repeat(60_000)] });
    let event = &import(Format::Okta, record.to_string().as_bytes())[0];
    assert_eq!(event.metadata["original"], json!({ "eventType": "user.session.end", "uuid": "u", "note": "x" }));
    assert_eq!(event.metadata["original_truncated"], true);
    let record = json!({ "eventType": "user.session.end", "a": { "b": { "c": { "d": { "e": { "f": { "g": { "h": 1 }, "n": 9_007_199_254_740_993_u64 } } } } } } });
    let event = &import(Format::Okta, record.to_string().as_bytes())[0];
    assert_eq!(
        event.metadata["original"]["a"]["b"]["c"]["d"]["e"]["f"],
        json!({ "g": r#"{"h":1}"#, "n": "9007199254740993" })
    );
}
