//! The story of docs/RESOURCES.md, on a real Postgres: `tests/postgres.sh` starts one.

use axum::{
    body::{Body, to_bytes},
    http::{Method, Request, StatusCode, header},
};
use indelible::{MemoryStore, outbox::drain};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::*;

struct World {
    app: Router,
    outbox: Arc<Postgres>,
    recorder: Recorder,
}

impl World {
    async fn new() -> Self {
        let config: Config = env::var("INDELIBLE_POSTGRES").unwrap().parse().unwrap();
        let (client, outbox) = connect(config).await.unwrap();
        client.batch_execute("TRUNCATE networks, requests, indelible_outbox RESTART IDENTITY").await.unwrap();
        let log = Arc::new(MemoryStore::default());
        let recorder = Recorder::new(log.clone());
        Self { app: app(Registry { database: Mutex::new(client), log }), outbox: Arc::new(outbox), recorder }
    }

    async fn send(&self, method: Method, path: &str, user: &str, body: &Value) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("x-user", user)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        let answer = self.app.clone().oneshot(request).await.unwrap();
        let status = answer.status();
        let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    async fn get(&self, path: &str) -> Value {
        self.send(Method::GET, path, "alice", &Value::Null).await.1
    }

    /// Brings what was committed into the log; gives how many events that were.
    async fn drain(&self) -> u64 {
        let (outbox, recorder) = (Arc::clone(&self.outbox), self.recorder.clone());
        spawn_blocking(move || drain(&*outbox, &recorder, system_time()).unwrap()).await.unwrap().settled
    }
}

fn words(trail: &Value) -> Vec<String> {
    let word = |event: &Value| {
        let action = event["action"].as_str().unwrap().trim_start_matches("resource.");
        format!("{action} by {}", event["actor"]["id"].as_str().unwrap())
    };
    trail.as_array().unwrap().iter().map(word).collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Postgres: tests/postgres.sh"]
async fn a_network_is_asked_for_allowed_changed_and_deleted_and_its_trail_tells_all_of_it() {
    let world = World::new().await;
    let office = |mtu: i32| json!({"name": "office", "address": "10.7.0.0/24", "mtu": mtu});
    let (_, asked) = world.send(Method::POST, "/requests", "bob", &office(1500)).await;
    let (_, denied) = world.send(Method::POST, "/requests", "bob", &office(9000)).await;
    let decide = async |request: &Value, word: &str| {
        let path = format!("/requests/{}/{word}", request["request"]);
        world.send(Method::POST, &path, "alice", &Value::Null).await
    };
    assert_eq!(decide(&denied, "deny").await.0, StatusCode::NO_CONTENT);
    let network = format!("/networks/{}", decide(&asked, "approve").await.1["id"]);
    assert_eq!(decide(&asked, "approve").await.0, StatusCode::NOT_FOUND);

    // A change that does not commit, one that changes nothing, and one by nobody leave no event.
    let (status, _) = world.send(Method::POST, "/networks", "bob", &office(1500)).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!(world.send(Method::PUT, &network, "bob", &office(1500)).await.0, StatusCode::OK);
    assert_eq!(world.drain().await, 5);

    assert_eq!(world.send(Method::PUT, &network, "bob", &office(1400)).await.0, StatusCode::OK);
    assert_eq!(world.get(&network).await["mtu"], 1400);
    assert_eq!(world.send(Method::DELETE, &network, "alice", &Value::Null).await.0, StatusCode::NO_CONTENT);
    assert_eq!(world.drain().await, 2);

    let trail = world.get(&format!("{network}/trail")).await;
    assert_eq!(
        words(&trail),
        ["deleted by alice", "updated by bob", "created by alice", "approved by alice", "requested by bob"]
    );
    assert_eq!(trail[1]["changes"], json!({"before": {"mtu": 1500}, "after": {"mtu": 1400}}));
    assert_eq!(trail[4]["changes"]["after"]["mtu"], 1500);
    let state = world.get(&format!("{network}/state")).await;
    assert_eq!((&state["standing"], &state["fields"]), (&json!("deleted"), &office(1400)));
    let created = trail[2]["occurred_at"].as_str().unwrap();
    let state = world.get(&format!("{network}/state?at={created}")).await;
    assert_eq!(
        (&state["standing"], &state["fields"], &state["unknown"]),
        (&json!("present"), &office(1500), &json!([]))
    );
}
