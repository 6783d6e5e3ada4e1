//! Who sees what.

use std::sync::Arc;

use indelible::{
    Actor, Event, MemoryStore, Outcome, Recorder, Target,
    endpoints::Endpoints,
    identity::{Identity, SessionCookie},
};
use serde_json::Value;

use super::app::{ADMIN, ADMIN_ELSEWHERE, ALICE, ALICE_ELSEWHERE, App, BOB, mounted};
use crate::capture::client::get;

/// An app in which something has happened.
async fn busy() -> App {
    let app = App::with(|endpoints| endpoints.requests_a_minute(u32::MAX)).await;
    let by = |action: &str, user: &str| Event::new(action).actor(Actor::user(user)).outcome(Outcome::Success);
    for event in [
        by("invoice.paid", "u_alice").user_agent("Browser/1"),
        by("invoice.paid", "u_bob"),
        // Alice is on the other side of these.
        by("account.disabled", "u_bob").target(Target::new("user", "u_alice")),
        by("session.impersonation.started", "u_admin").target(Target::new("user", "u_alice")),
        Event::new("auth.login.failed").actor(Actor::anonymous()).meta("original_action", "sign-in:email"),
        // Not the user, though it has her id.
        Event::new("job.run").actor(Actor::service("u_alice")),
        by("invoice.paid", "u_alice").tenant("elsewhere"),
    ] {
        app.recorder.record(event).unwrap();
    }
    app
}

fn ids(app: &App) -> Vec<String> {
    app.store.recorded().iter().map(|recorded| recorded.id.to_string()).collect()
}

#[tokio::test]
async fn users_see_what_they_did_and_nothing_else() {
    let app = busy().await;
    assert_eq!(app.list("", ALICE).await, (vec!["invoice.paid".to_owned()], 1));
    assert_eq!(app.list("", BOB).await, (vec!["account.disabled".to_owned(), "invoice.paid".to_owned()], 2));
    let ids = ids(&app);
    let visible = async |who: &str| {
        let mut seen = Vec::new();
        for (at, id) in ids.iter().enumerate() {
            let answer = app.get(&format!("/{id}"), who).await;
            let told = (answer.status, answer.body.as_str());
            assert!(answer.status == 200 || told == (404, r#"{"message":"Audit log entry not found"}"#));
            seen.extend((answer.status == 200).then_some(at));
        }
        seen
    };
    assert_eq!(visible(ALICE).await, [0]);
    assert_eq!(visible(BOB).await, [1, 2]);
    assert_eq!(visible(ADMIN).await, [0, 1, 2, 3, 4, 5]);
    assert_eq!(visible(ALICE_ELSEWHERE).await, [6]);
    assert_eq!(visible(ADMIN_ELSEWHERE).await, [6]);
}

#[tokio::test]
async fn a_user_whose_id_is_anothers_address_does_not_see_the_other() {
    let app = busy().await;
    app.recorder.record(Event::new("invoice.paid").actor(Actor::user("u9").email("alice@example.com"))).unwrap();
    assert_eq!(app.list("", "Cookie: session=named-like-alices-mail").await.1, 0);
}

#[tokio::test]
async fn an_administrator_reads_across_users_failed_sign_ins_included() {
    // On purpose: with the plugin nobody can ever read a failed sign-in, because it has no user.
    let app = busy().await;
    assert_eq!(app.list("", ADMIN).await.1, 6);
    let answer = app.get("/list?action=sign-in:email&status=failed", ADMIN).await;
    let list: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!((list["total"].as_u64(), &list["entries"][0]["userId"]), (Some(1), &Value::Null));
    assert_eq!(list["entries"][0]["metadata"], serde_json::json!({}));
    assert_eq!(app.list("?userId=u_alice", ADMIN).await, (vec!["invoice.paid".to_owned()], 1));
    assert_eq!(app.list("?userId=u_admin&action=session.impersonation.started", ADMIN).await.1, 1);
    assert_eq!(app.list("?userId=nobody", ADMIN).await.1, 0);
}

#[tokio::test]
async fn nobody_sees_another_tenant() {
    let app = busy().await;
    assert_eq!(app.list("", ALICE_ELSEWHERE).await.1, 1);
    assert_eq!(app.list("?action=invoice.paid", ADMIN_ELSEWHERE).await.1, 1);
    assert_eq!(app.list("?userId=u_bob", ADMIN_ELSEWHERE).await.1, 0);
    app.insert(r#"{"action":"invoice.sent"}"#, ALICE_ELSEWHERE).await;
    assert_eq!(app.list("?action=invoice.sent", ALICE).await.1, 0);
    assert_eq!(app.list("?action=invoice.sent", ADMIN).await.1, 0);
    assert_eq!(app.list("?action=invoice.sent", ALICE_ELSEWHERE).await.1, 1);
}

#[tokio::test]
async fn an_id_counts_as_it_was_told_and_for_its_own_event_alone() {
    let app = busy().await;
    let id = &ids(&app)[0];
    assert_eq!(app.get(&format!("/{id}"), ALICE).await.status, 200);
    let (start, seq) = id.split_at(id.len() - 12);
    let other_moment = format!("{}{seq}", start.replacen("01", "00", 1));
    for wrong in [id.to_uppercase(), other_moment, format!("{start}ffffffffffff"), format!("{id} "), format!("{id}0")] {
        assert_ne!(&wrong, id);
        let path = format!("/{}", wrong.replace(' ', "%20"));
        assert_eq!(app.get(&path, ALICE).await.status, 404, "{wrong}");
    }
}

#[tokio::test]
async fn user_agents_are_shown_only_when_asked_for() {
    // On purpose: the plugin shows them, though it says that it does not.
    let app = busy().await;
    assert!(app.get("/list", ALICE).await.body.contains(r#""userAgent":null"#));
    let app = App::with(|endpoints| endpoints.show_user_agents()).await;
    app.insert(r#"{"action":"invoice.paid"}"#, ALICE).await;
    assert!(app.get("/list", ALICE).await.body.contains(r#""userAgent":"Test/1""#));
}

#[tokio::test]
async fn that_an_administrator_read_what_others_did_is_in_the_log() {
    let app = busy().await;
    let alices = ids(&app).remove(0);
    app.list("?userId=u_admin", ADMIN).await;
    app.list("", ALICE).await;
    app.recorder.flush();
    assert_eq!(app.store.count("action:audit.log.read"), 0, "reading one's own log leaves no trace");
    for _ in 0..3 {
        app.list("", ADMIN).await;
        app.list("?userId=u_bob", ADMIN).await;
        app.get(&format!("/{alices}"), ADMIN).await;
    }
    app.recorder.flush();
    for target in ["audit_log:list", "user:u_bob", "user:u_alice"] {
        let filter = format!("action:audit.log.read actor:user:u_admin target:{target} ip:127.0.0.1");
        assert_eq!(app.store.count(&filter), 1, "{target}");
    }
    app.pass_ms(60_000);
    app.list("?userId=u_bob", ADMIN).await;
    app.recorder.flush();
    assert_eq!(app.store.count("action:audit.log.read"), 4);
}

#[tokio::test]
async fn a_look_at_whatever_user_is_recorded() {
    let app = App::start().await;
    for id in ["", "%00", &"x".repeat(600)] {
        let events = app.store.recorded().len();
        assert_eq!(app.list(&format!("?userId={id}"), ADMIN).await, (Vec::new(), 0));
        app.recorder.flush();
        assert_eq!(app.store.recorded().len(), events + 1, "{id}");
        app.store.assert_recorded("action:audit.log.read");
    }
}

#[tokio::test]
async fn an_empty_id_is_nobodys() {
    let sessions = SessionCookie::new("session", async |_| Ok(Some(Identity::new(Actor::user("")))));
    let recorder = Recorder::new(Arc::new(MemoryStore::default()));
    let address = mounted(Endpoints::new(recorder).resolver(sessions)).await;
    assert_eq!(get(address, "/api/auth/audit-log/list", &[ALICE]).await.status, 401);
}
