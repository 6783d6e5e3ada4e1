use std::sync::Arc;

use axum::{body::Body, http::Request, response::Response};
use indelible::{MemoryStore, Recorder};
use tower::ServiceExt as _;

use super::*;

async fn send(app: &Router, path: &str, cookie: &str, form: &'static str) -> Response {
    let request = Request::post(path)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("cookie", cookie)
        .body(Body::from(form))
        .unwrap();
    app.clone().oneshot(request).await.unwrap()
}

#[tokio::test]
async fn what_people_do_is_in_the_log() {
    let store = Arc::new(MemoryStore::default());
    let recorder = Recorder::new(store.clone());
    let app = app(&recorder).unwrap();
    send(&app, "/login", "", "email=alice%40example.com&password=hunter2").await;
    let answer = send(&app, "/login", "", "email=alice%40example.com&password=correct+horse").await;
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    send(&app, "/password/change", &cookie, "current_password=wrong&new_password=hunter3").await;
    send(&app, "/logout", &cookie, "").await;
    recorder.close();

    assert_eq!(store.recorded().len(), 4);
    store.assert_recorded("action:auth.login.failed outcome:failure reason:invalid_credentials");
    store.assert_recorded("action:auth.login.succeeded actor.email:alice@example.com outcome:success");
    store.assert_recorded("action:auth.password.change_failed actor.email:alice@example.com outcome:denied");
    store.assert_recorded("action:auth.logout actor.email:alice@example.com");
    assert!(!format!("{:?}", store.recorded()).contains("hunter"));
}

#[tokio::test]
async fn who_is_signed_in_sees_what_they_did() {
    let recorder = Recorder::new(Arc::new(MemoryStore::default()));
    let app = app(&recorder).unwrap();
    send(&app, "/login", "", "email=alice%40example.com&password=hunter2").await;
    let answer = send(&app, "/login", "", "email=alice%40example.com&password=correct+horse").await;
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    recorder.flush();
    let list = async |cookie: &str| {
        let request = Request::get("/audit-log/list").header("cookie", cookie).body(Body::empty()).unwrap();
        app.clone().oneshot(request).await.unwrap()
    };
    assert_eq!(list("").await.status(), StatusCode::UNAUTHORIZED);
    let body = axum::body::to_bytes(list(&cookie).await.into_body(), 1 << 20).await.unwrap();
    let body = String::from_utf8(body.to_vec()).unwrap();
    // The failed attempt was nobody's that is known.
    assert!(body.contains(r#""action":"auth.login.succeeded","status":"success""#), "{body}");
    assert!(body.ends_with(r#""total":1}"#), "{body}");
}
