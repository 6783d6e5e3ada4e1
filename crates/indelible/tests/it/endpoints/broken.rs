//! When the log or the sessions cannot be read, or the log not written.

use std::sync::{Arc, Mutex};

use indelible::{
    Actor, Aggregate, AppendError, Cancel, Page, Pending, Query, ReadError, Recorder, Status, Store, Table,
    endpoints::Endpoints,
    engine::store::{Durability, Ready},
    identity::{Identity, ResolveError, SessionCookie},
};
use indelible::{Event, Recorded};

use super::app::{ALICE, mounted};
use crate::capture::client::{get, post};

/// A store on a disk that died.
struct Dead;

fn dead<T>() -> Result<T, ReadError> {
    Err(ReadError::Io { path: "segments".to_owned(), problem: "dead".to_owned() })
}

impl Store for Dead {
    fn append(&self, _: Vec<Ready>, _: Durability) -> Result<Pending, AppendError> {
        Ok(Pending::completed(Err(AppendError::Unavailable { cause: "dead".to_owned() })))
    }

    fn get(&self, _: Option<&str>, _: u64) -> Result<Option<Recorded>, ReadError> {
        dead()
    }

    fn query(&self, _: &Query, _: &Cancel) -> Result<Page, ReadError> {
        dead()
    }

    fn aggregate(&self, _: &Aggregate, _: &Cancel) -> Result<Table, ReadError> {
        dead()
    }

    fn status(&self) -> Status {
        Status::default()
    }

    fn on_commit(&self, _: Box<dyn Fn(u64) -> bool + Send + Sync>) {}

    fn close(&self) {}
}

type Told = Arc<Mutex<Vec<String>>>;

fn telling(endpoints: Endpoints) -> (Endpoints, Told) {
    let told = Told::default();
    let kept = Arc::clone(&told);
    (endpoints.on_error(move |error| kept.lock().unwrap().push(error.to_string())), told)
}

const LIST: &str = "/api/auth/audit-log/list";
const ENTRY: &str = "/api/auth/audit-log/019386f0-4c00-7abc-8123-0000000004d2";
const INSERT: &str = "/api/auth/audit-log/insert";

#[tokio::test]
async fn a_log_that_fails_is_told_to_the_operator_and_not_to_the_client() {
    let sessions = SessionCookie::new("session", async |_| Ok(Some(Identity::new(Actor::user("u1")))));
    let (endpoints, told) = telling(Endpoints::new(Recorder::new(Arc::new(Dead))).resolver(sessions));
    let address = mounted(endpoints).await;
    let body = r#"{"action":"invoice.paid"}"#;
    for (answer, message) in [
        (get(address, LIST, &[ALICE]).await, "Failed to retrieve audit logs"),
        (get(address, ENTRY, &[ALICE]).await, "Failed to retrieve audit log entry"),
        (post(address, INSERT, &[ALICE, "Origin: http://localhost"], body).await, "Failed to insert audit log entry"),
    ] {
        assert_eq!((answer.status, answer.body), (500, format!(r#"{{"message":"{message}"}}"#)));
    }
    let told = told.lock().unwrap();
    assert_eq!(told.len(), 3);
    assert!(told.iter().all(|cause| cause.contains("dead")), "{told:?}");
}

#[tokio::test]
async fn sessions_that_cannot_be_read_are_nobodys() {
    let sessions = SessionCookie::new("session", async |_| Err(ResolveError::new("the database is away")));
    let recorder = Recorder::new(Arc::new(indelible::MemoryStore::default()));
    recorder.record(Event::new("invoice.paid").actor(Actor::user("u1"))).unwrap();
    let (endpoints, told) = telling(Endpoints::new(recorder).resolver(sessions));
    let answer = get(mounted(endpoints).await, LIST, &[ALICE]).await;
    let body = r#"{"message":"Failed to get session","code":"FAILED_TO_GET_SESSION"}"#;
    assert_eq!((answer.status, answer.body.as_str()), (500, body));
    assert_eq!(*told.lock().unwrap(), ["cannot find out whose session it is: the database is away"]);
}

#[tokio::test]
async fn a_resolver_that_panics_is_an_error_of_that_request_alone() {
    let sessions = SessionCookie::new("session", |token| {
        assert_ne!(token, "bad", "panics");
        async { Ok(Some(Identity::new(Actor::user("u1")))) }
    });
    let recorder = Recorder::new(Arc::new(indelible::MemoryStore::default()));
    let address = mounted(Endpoints::new(recorder).resolver(sessions)).await;
    assert_eq!(get(address, LIST, &["Cookie: session=bad"]).await.status, 500);
    assert_eq!(get(address, LIST, &["Cookie: session=good"]).await.status, 200);
}
