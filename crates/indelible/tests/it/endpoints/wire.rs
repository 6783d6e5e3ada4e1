//! The audit plugin's wire contract, byte for byte: what it answered when it was asked, with better-auth 1.6.34.

use super::app::{ALICE, App};

const JSON: Option<&str> = Some("application/json");
const UNAUTHORIZED: &str = r#"{"message":"Unauthorized","code":"UNAUTHORIZED"}"#;
const NOT_FOUND: &str = r#"{"message":"Audit log entry not found"}"#;

/// The message of a refused body or query.
fn invalid(problem: &str) -> String {
    format!(r#"{{"message":"{problem}","code":"VALIDATION_ERROR"}}"#)
}

async fn quiet() -> App {
    App::with(|endpoints| endpoints.requests_a_minute(u32::MAX)).await
}

#[tokio::test]
async fn without_a_session_nothing_is_seen_and_nothing_inserted() {
    let app = quiet().await;
    for (path, who) in [("/list", ""), ("/some-id", ""), ("/insert", ""), ("/list", "Authorization: Bearer alice")] {
        let answer = app.get(path, who).await;
        assert_eq!((answer.status, answer.body.as_str(), answer.header("content-type")), (401, UNAUTHORIZED, JSON));
    }
    let answer = app.insert(r#"{"action":"invoice.paid"}"#, "").await;
    assert_eq!((answer.status, answer.body.as_str(), answer.header("content-type")), (401, UNAUTHORIZED, JSON));
    assert_eq!(app.store.recorded().len(), 0);
    // What is wrong with a request is told first, whoever asks.
    let answer = app.get("/list?limit=0", "").await;
    assert_eq!((answer.status, answer.body), (400, invalid("[query.limit] Too small: expected number to be >=1")));
}

#[tokio::test]
async fn an_entry_has_its_fields_in_the_order_of_the_wire() {
    let app = quiet().await;
    let body = r#"{"action":"custom:thing","status":"failed","severity":"critical",
        "metadata":{"b":[1,{"c":2}],"a":1,"z":null},"userId":"x","ipAddress":"192.0.2.1","createdAt":"2020-01-01"}"#;
    let answer = app.insert(body, ALICE).await;
    assert_eq!(
        (answer.status, answer.body.as_str(), answer.header("content-type")),
        (200, r#"{"success":true}"#, JSON)
    );
    let id = app.store.recorded()[0].id.to_string();
    let entry = format!(
        r#"{{"id":"{id}","userId":"u_alice","action":"custom:thing","status":"failed","severity":"critical","#
    ) + r#""ipAddress":"127.0.0.1","userAgent":null,"metadata":{"a":1,"b":[1,{"c":2}],"z":null},"createdAt":"2026-11-20T12:00:00.123Z"}"#;
    let one = app.get(&format!("/{id}"), ALICE).await;
    assert_eq!((one.status, one.body.as_str(), one.header("content-type")), (200, entry.as_str(), JSON));
    let list = app.get("/list", ALICE).await;
    let listed = format!(r#"{{"entries":[{entry}],"total":1}}"#);
    assert_eq!((list.status, list.body.as_str(), list.header("content-type")), (200, listed.as_str(), JSON));
}

#[tokio::test]
async fn an_empty_log_is_an_empty_list() {
    let answer = quiet().await.get("/list", ALICE).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"entries":[],"total":0}"#));
}

#[tokio::test]
async fn a_query_that_is_wrong_is_told_what_is_wrong() {
    let app = quiet().await;
    let option = r#"Invalid option: expected one of \"success\"|\"failed\""#;
    for (query, problem) in [
        ("limit=0", "[query.limit] Too small: expected number to be >=1"),
        ("limit=", "[query.limit] Too small: expected number to be >=1"),
        ("limit=%20", "[query.limit] Too small: expected number to be >=1"),
        ("limit=501", "[query.limit] Too big: expected number to be <=500"),
        ("limit=abc", "[query.limit] Invalid input: expected number, received NaN"),
        ("limit=Infinity", "[query.limit] Invalid input: expected number, received Infinity"),
        ("limit=1&limit=2", "[query.limit] Invalid input: expected number, received NaN"),
        ("offset=-1", "[query.offset] Too small: expected number to be >=0"),
        ("offset=abc", "[query.offset] Invalid input: expected number, received NaN"),
        ("status=bogus", &format!("[query.status] {option}")),
        ("status=", &format!("[query.status] {option}")),
        ("status=success&status=failed", &format!("[query.status] {option}")),
        ("action=a&action=b", "[query.action] Invalid input: expected string, received array"),
        (
            "limit=0&offset=-1&status=bogus",
            &format!(
                "[query.status] {option}; [query.limit] Too small: expected number to be >=1; \
                 [query.offset] Too small: expected number to be >=0"
            ),
        ),
        // On purpose: the plugin answers these with 500, or with an empty list, as its database has it.
        ("limit=1.5", "[query.limit] Invalid input: expected int, received number"),
        ("from=garbage", "[query.from] Invalid date"),
        // On purpose: what lies so far back is asked for by time.
        ("offset=100001", "[query.offset] Too big: expected number to be <=100000"),
    ] {
        let answer = app.get(&format!("/list?{query}"), ALICE).await;
        assert_eq!((answer.status, answer.body), (400, invalid(problem)), "{query}");
        assert!(answer.head.contains("content-type: application/json"));
    }
    for query in ["userId=other", "userId="] {
        let answer = app.get(&format!("/list?{query}"), ALICE).await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (403, r#"{"message":"Cannot query other users' audit logs"}"#)
        );
    }
}

#[tokio::test]
async fn a_body_that_is_wrong_is_told_what_is_wrong() {
    let app = quiet().await;
    let status = r#"Invalid option: expected one of \"success\"|\"failed\""#;
    let severity = r#"Invalid option: expected one of \"low\"|\"medium\"|\"high\"|\"critical\""#;
    for (body, problem) in [
        ("{}", "[body.action] Invalid input: expected string, received undefined"),
        (r#"{"action":""}"#, "[body.action] Too small: expected string to have >=1 characters"),
        (r#"{"action":null}"#, "[body.action] Invalid input: expected string, received null"),
        (r#"{"action":1}"#, "[body.action] Invalid input: expected string, received number"),
        (r#"{"action":["a"]}"#, "[body.action] Invalid input: expected string, received array"),
        (r#"{"action":{}}"#, "[body.action] Invalid input: expected string, received object"),
        (r#"{"action":"x","severity":"extreme"}"#, &format!("[body.severity] {severity}")),
        (r#"{"action":"x","severity":"info"}"#, &format!("[body.severity] {severity}")),
        (r#"{"action":"x","severity":null}"#, &format!("[body.severity] {severity}")),
        (r#"{"action":"x","status":"x"}"#, &format!("[body.status] {status}")),
        (r#"{"action":"x","status":null}"#, &format!("[body.status] {status}")),
        (r#"{"action":"x","metadata":[1]}"#, "[body.metadata] Invalid input: expected record, received array"),
        (r#"{"action":"x","metadata":null}"#, "[body.metadata] Invalid input: expected record, received null"),
        (r#"{"action":"x","metadata":"s"}"#, "[body.metadata] Invalid input: expected record, received string"),
        (r#"{"action":"x","metadata":true}"#, "[body.metadata] Invalid input: expected record, received boolean"),
        ("[]", "[body] Invalid input: expected object, received array"),
        (r#""s""#, "[body] Invalid input: expected object, received string"),
        ("1", "[body] Invalid input: expected object, received number"),
        ("null", "[body] Invalid input: expected object, received null"),
        (
            r#"{"action":"","status":"x","severity":"y","metadata":[]}"#,
            &format!(
                "[body.action] Too small: expected string to have >=1 characters; [body.status] {status}; \
                 [body.severity] {severity}; [body.metadata] Invalid input: expected record, received array"
            ),
        ),
    ] {
        let answer = app.insert(body, ALICE).await;
        assert_eq!(
            (answer.status, answer.body, answer.head.contains("application/json")),
            (400, invalid(problem), true)
        );
    }
    assert_eq!(app.store.recorded().len(), 0);
}

#[tokio::test]
async fn a_body_is_json_and_says_so() {
    let app = quiet().await;
    let insert = async |headers: &[&str], body: &str| {
        let headers = [headers, &[ALICE, "Origin: http://localhost"]].concat();
        let answer = app.send("POST /api/auth/audit-log/insert", &headers, body).await;
        (answer.status, answer.body)
    };
    let action = r#"{"action":"invoice.paid"}"#;
    let told = |message: &str, code: &str| format!(r#"{{"message":"{message}","code":"{code}"}}"#);
    let no_body = invalid("[body] Invalid input: expected object, received undefined");
    assert_eq!(insert(&[], "").await, (400, no_body));
    let malformed = (400, told("Invalid JSON in request body", "BAD_REQUEST"));
    assert_eq!(insert(&["Content-Type: application/json"], "{bad").await, malformed);
    assert_eq!(insert(&["Content-Type: application/json"], "").await, malformed);
    let unsupported = |message: &str| {
        (415, told(&format!("Content-Type {message} Allowed types: application/json"), "UNSUPPORTED_MEDIA_TYPE"))
    };
    assert_eq!(insert(&[], action).await, unsupported("is required."));
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/merge-patch+json"] {
        let answer = insert(&[&format!("Content-Type: {kind}")], action).await;
        assert_eq!(answer, unsupported(&format!("\\\"{kind}\\\" is not allowed.")));
    }
    let stored = (200, r#"{"success":true}"#.to_owned());
    assert_eq!(insert(&["Content-Type: application/json; charset=utf-8"], action).await, stored);
}

#[tokio::test]
async fn metadata_has_its_limits_of_depth_and_size() {
    let app = quiet().await;
    let nested = |levels: usize| {
        format!(r#"{{"action":"invoice.paid","metadata":{}1{}}}"#, r#"{"a":"#.repeat(levels), "}".repeat(levels))
    };
    let sized = |bytes: usize| format!(r#"{{"action":"invoice.paid","metadata":{{"a":"{}"}}}}"#, "x".repeat(bytes - 8));
    let stored = r#"{"success":true}"#;
    let deep = r#"{"message":"Metadata exceeds maximum depth of 5"}"#;
    let large = r#"{"message":"Metadata exceeds maximum size of 65536 bytes"}"#;
    let lists = |levels: usize, inner: &str| {
        format!(r#"{{"action":"invoice.paid","metadata":{{"a":{}{inner}{}}}}}"#, "[".repeat(levels), "]".repeat(levels))
    };
    for (body, status, told) in [
        (nested(5), 200, stored),
        (nested(6), 400, deep),
        (nested(100), 400, deep),
        (lists(5, ""), 200, stored),
        (lists(5, "1"), 400, deep),
        (sized(65_536), 200, stored),
        (sized(65_537), 400, large),
        (sized(300_000), 400, large),
    ] {
        let answer = app.insert(&body, ALICE).await;
        assert_eq!((answer.status, answer.body.as_str()), (status, told), "{:.80}", body);
    }
    let answer = app.insert(&sized(600_000), ALICE).await;
    assert_eq!(answer.status, 413, "{}", answer.body);
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let app = quiet().await;
    for path in
        ["/unknown", "/insert", "/%20", "/a%2Fb", "/%zz", "/%ff", "/019386f0-4c00-7abc-8123-0000000004d2", "/list2"]
    {
        let answer = app.get(path, ALICE).await;
        let json = answer.header("content-type") == JSON;
        assert_eq!((answer.status, answer.body.as_str(), json), (404, NOT_FOUND, true), "{path}");
    }
    for line in [
        "POST /api/auth/audit-log/list",
        "DELETE /api/auth/audit-log/some-id",
        "PUT /api/auth/audit-log/insert",
        "DELETE /api/auth/audit-log/insert",
        "HEAD /api/auth/audit-log/list",
        "HEAD /api/auth/audit-log/insert",
        "OPTIONS /api/auth/audit-log/list",
        "GET /api/auth/audit-log/",
        "GET /api/auth/audit-log",
        "GET /api/auth/audit-log/a/b",
        "GET /api/auth/audit-log/list/",
    ] {
        let answer = app.send(line, &[ALICE, "Origin: http://localhost"], "").await;
        assert_eq!((answer.status, answer.body.as_str(), answer.header("content-type")), (404, "", None), "{line}");
    }
}

#[tokio::test]
async fn the_61st_request_of_an_address_in_a_minute_is_one_too_many() {
    let app = App::start().await;
    for nth in 0..60 {
        assert_eq!(app.get("/list", ALICE).await.status, 200, "{nth}");
    }
    let told = r#"{"message":"Too many requests. Please try again later."}"#;
    let answer = app.get("/list", ALICE).await;
    assert_eq!((answer.status, answer.body.as_str(), answer.header("content-type")), (429, told, None));
    assert_eq!(answer.header("x-retry-after"), Some("60"));
    // Whoever it is, and whatever they want.
    app.pass_ms(15_500);
    for answer in [app.get("/list", "").await, app.insert("{}", ALICE).await, app.get("/some-id", ALICE).await] {
        assert_eq!((answer.status, answer.header("x-retry-after")), (429, Some("45")));
    }
    app.pass_ms(44_500);
    assert_eq!(app.get("/list", ALICE).await.status, 200);
}
