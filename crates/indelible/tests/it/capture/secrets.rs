//! A secret of a request never reaches the disk: every file of the data directory is searched for it.

use std::{path::Path, sync::Arc};

use axum::{Router, body::Body, http::Request, routing::post as on_post};
use indelible::{
    Durability, Log, LogConfig, Recorder, Store as _,
    capture::{AuditLayer, Capture, Rule, RuleSet},
    system_time,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use tower::ServiceExt as _;

/// Long enough that it cannot be there by chance; and as it would be written in other ways.
const SECRET: &str = "hunter2-Zq7!x&y=";
const SECRET_ENCODED: &str = "hunter2-Zq7%21x%26y%3D";

/// What every event may carry in clear.
const MARKER: &str = "marker-of-the-agent";

const NAMES: [&str; 6] = ["password", "newPassword", "current_password", "client_secret", "refreshToken", "otp"];

/// JSON with the secret under a secret's name, in any nesting of lists, objects and texts that are JSON themselves.
fn nested() -> impl Strategy<Value = Value> {
    let field = prop::sample::select(&NAMES[..]).prop_map(|name| json!({ name: SECRET, "kept": 1 }));
    field.prop_recursive(12, 24, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|value| json!([1, value, "x"])),
            inner.clone().prop_map(|value| json!({ "user": value, "n": null })),
            inner.clone().prop_map(|value| json!({ "text": value.to_string() })),
            (inner, prop::sample::select(&NAMES[..])).prop_map(|(value, name)| json!({ name: [value] })),
        ]
    })
}

/// A form with the secret: under its name, as a member of another, in a list, and as JSON.
fn form() -> impl Strategy<Value = String> {
    let name = prop::sample::select(&NAMES[..]);
    (name, 0..5_u8, nested()).prop_map(|(name, shape, json)| match shape {
        0 => format!("email=alice%40example.com&{name}={SECRET_ENCODED}"),
        1 => format!("user%5B{name}%5D={SECRET_ENCODED}&{name}={SECRET_ENCODED}"),
        2 => format!("{name}%5B%5D={SECRET_ENCODED}&{name}[]={SECRET_ENCODED}"),
        3 => format!("users[0][{name}]={SECRET_ENCODED}"),
        _ => format!("payload={}", json.to_string().bytes().map(|byte| format!("%{byte:02X}")).collect::<String>()),
    })
}

fn app(recorder: Recorder) -> Router {
    let capture = Capture {
        request_body: true,
        response_fields: vec!["session".to_owned(), "text".to_owned()],
        ..Capture::default()
    };
    let rule = Rule::post("/reset/{token}", "auth.password.reset").identifier("email").capture(capture);
    let layer = AuditLayer::builder(recorder, RuleSet::new([rule])).durability(Durability::Queued).build().unwrap();
    let answer = json!({"session": {"access_token": SECRET}, "text": format!("{{\"secret\":\"{SECRET}\"}}")});
    Router::new().route("/reset/{token}", on_post(async move |_: String| axum::Json(answer))).layer(layer)
}

/// How many files of a directory, and of those in it, hold a text.
fn files_with(directory: &Path, text: &str) -> usize {
    let holds = |path: &Path| {
        let bytes = std::fs::read(path).unwrap();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    };
    let paths = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    paths.map(|path| if path.is_dir() { files_with(&path, text) } else { usize::from(holds(&path)) }).sum()
}

#[test]
fn no_secret_reaches_any_file_of_the_data_directory() {
    let directory = tempfile::tempdir().unwrap();
    let log = Arc::new(Log::open(LogConfig::new(directory.path(), Arc::new(system_time))).unwrap());
    let recorder = Recorder::new(log.clone());
    let app = app(recorder.clone());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let send = |kind: &str, body: String| {
        let uri = format!("/reset/{SECRET_ENCODED}?token={SECRET_ENCODED}");
        let request = Request::post(uri)
            .header("content-type", kind)
            .header("user-agent", MARKER)
            .body(Body::from(body))
            .unwrap();
        assert_eq!(runtime.block_on(app.clone().oneshot(request)).unwrap().status(), 200);
    };
    let sent = std::cell::Cell::new(0);
    proptest!(|(json in nested(), form in form())| {
        send("application/json", json.to_string());
        send("application/x-www-form-urlencoded", form);
        sent.set(sent.get() + 2);
    });
    recorder.close();
    assert_eq!((log.status().next_seq, recorder.stats().lost), (sent.get(), 0));
    for seq in 0..sent.get() {
        let event = log.get(None, seq).unwrap().unwrap();
        assert!(!format!("{event:?}").contains("hunter2"), "{event:?}");
    }
    // What is there is found by this search; so what is not found is not there.
    assert!(files_with(directory.path(), MARKER) > 0);
    for secret in [SECRET, SECRET_ENCODED, "hunter2"] {
        assert_eq!(files_with(directory.path(), secret), 0, "{secret}");
    }
}
