use serde_json::json;

use super::*;

fn of(status: u16, location: Option<&str>, body: Option<&Value>) -> (Outcome, Option<String>) {
    let mut headers = HeaderMap::new();
    location.map(|location| headers.insert(header::LOCATION, location.parse().unwrap()));
    let verdict = Verdict::of(StatusCode::from_u16(status).unwrap(), &headers, body);
    (verdict.outcome.unwrap(), verdict.reason)
}

#[test]
fn the_status_is_the_outcome() {
    for (status, outcome) in [
        (101, Outcome::Success),
        (200, Outcome::Success),
        (204, Outcome::Success),
        (302, Outcome::Success),
        (304, Outcome::Success),
        (400, Outcome::Failure),
        (401, Outcome::Failure),
        (403, Outcome::Denied),
        (404, Outcome::Failure),
        (429, Outcome::Failure),
        (500, Outcome::Failure),
        (503, Outcome::Failure),
    ] {
        assert_eq!(of(status, None, None).0, outcome, "{status}");
    }
}

#[test]
fn a_redirect_with_an_error_is_a_failure_in_query_and_fragment() {
    for location in
        ["/?error=access_denied", "https://a.example.com/cb?state=1&error=access_denied", "/cb#error=access_denied&x=1"]
    {
        assert_eq!(of(302, Some(location), None), (Outcome::Failure, Some("access_denied".to_owned())), "{location}");
    }
    for location in ["/error", "/?errors=1", "/cb?no_error=1", "/error=1"] {
        assert_eq!(of(302, Some(location), None), (Outcome::Success, None), "{location}");
    }
    assert_eq!(of(201, Some("/?error=x"), None).0, Outcome::Success);
}

#[test]
fn the_code_of_an_answer_is_the_reason_wherever_it_stands() {
    for (body, reason) in [
        (json!({"error": "invalid_grant", "error_description": "used"}), "invalid_grant"),
        (json!({"code": "INVALID_EMAIL_OR_PASSWORD", "message": "no"}), "invalid_credentials"),
        (json!({"error": {"code": "rate_limited", "message": "slow"}}), "rate_limited"),
        (json!({"code": "USER_NOT_FOUND"}), "unknown_user"),
        (json!({"code": "YOU_ARE_NOT_ALLOWED_TO_BAN_USERS"}), "policy_denied"),
        (json!({"code": "My-Own.Code"}), "x_my_own_code"),
        (json!({"error": "something went wrong"}), "internal_error"),
        (json!({"error": {"deep": []}}), "internal_error"),
        (json!([1, 2]), "internal_error"),
        (json!(null), "internal_error"),
    ] {
        assert_eq!(of(500, None, Some(&body)).1.as_deref(), Some(reason), "{body}");
    }
}

#[test]
fn a_code_that_a_redirect_calls_invalid_is_no_second_factor() {
    let told = of(400, None, Some(&json!({"code": "INVALID_CODE"}))).1;
    let redirected = of(302, Some("/?error=invalid_code"), None).1;
    assert_eq!((told.as_deref(), redirected.as_deref()), (Some("mfa_failed"), Some("x_invalid_code")));
}

#[test]
fn every_reason_is_one_that_an_event_may_carry() {
    for code in ["x", "INVALID_TOKEN", "..", "a:b", "ÄÖ", &"Z".repeat(500), ""] {
        let reason = of(400, Some("/"), Some(&json!({"error": code}))).1;
        let redirected = of(302, Some(&format!("/?error={}", "%C3%A4".repeat(code.len().min(90)))), None).1;
        for reason in [reason, redirected].into_iter().flatten() {
            indelible_proof::Event::new("x.y").reason(reason).validate().unwrap();
        }
    }
}
