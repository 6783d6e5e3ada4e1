//! A server that is killed in the middle: each token that there is has its event, once.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::new;
use crate::server::{Server, agent, bearer};

const ROUNDS: usize = 5;
const ISSUED_BEFORE: usize = 20;

#[test]
fn a_server_killed_while_it_issues_has_each_token_s_event_exactly_once() {
    let mut server = Server::start();
    for _ in 0..ROUNDS {
        let directory = std::thread::scope(|scope| {
            let (done, issued) = std::sync::mpsc::channel();
            for _ in 0..4 {
                let (url, key, done) = (server.url("/v1/tokens"), bearer(&server.key), done.clone());
                // Until the server is gone.
                scope.spawn(move || {
                    let agent = agent();
                    let issue = || agent.post(&url).header("authorization", &key).send(&new(&json!({}))).is_ok();
                    while issue() {
                        let _ = done.send(());
                    }
                });
            }
            drop(done);
            assert_eq!(issued.iter().take(ISSUED_BEFORE).count(), ISSUED_BEFORE);
            server.kill()
        });
        server = Server::start_in(directory, &[]);
    }
    let created: Vec<Value> = server.events().into_iter().filter(|event| event["action"] == "token.created").collect();
    let mut told: HashMap<String, usize> = HashMap::new();
    for event in &created {
        *told.entry(event["targets"][0]["id"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    let tokens = server.get("/v1/tokens?limit=1000").json();
    let tokens = tokens["tokens"].as_array().unwrap();
    assert!(tokens.len() >= ROUNDS * ISSUED_BEFORE);
    for token in tokens {
        assert_eq!(told.remove(token["id"].as_str().unwrap()), Some(1), "{token}");
    }
    assert!(told.is_empty(), "events without a token: {told:?}");
}
