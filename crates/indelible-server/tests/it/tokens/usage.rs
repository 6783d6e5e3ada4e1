//! Each question about the usage of tokens, over two tenants that do the same.

use serde_json::{Value, json};

use super::{id_of, new, text_of};
use crate::server::{JSON, Server};

const ALL: &[&str] = &["tokens:read", "tokens:write", "tokens:verify"];
const QUESTIONS: &[&str] = &[
    "total",
    "daily",
    "hours",
    "ips",
    "endpoints",
    "statuses",
    "latency",
    "unique-ips",
    "tokens",
    "abilities",
    "unused-abilities",
    "failures",
    "suspicious-ips",
    "lifecycle",
    "never-used",
    "stale",
    "statistics",
];

struct Scenario {
    server: Server,
    /// A key to the tenant where everything happened, and one to a tenant where nothing did.
    acme: String,
    globex: String,
    used: String,
    unused: String,
    group: String,
}

/// Three uses of one of two tokens, and two refusals.
fn scenario() -> Scenario {
    let server = Server::start();
    let (acme, globex) = (server.make_key("acme", ALL), server.make_key("globex", ALL));
    let issue = |fields: Value| server.post_as(&acme, "/v1/tokens", JSON, new(&fields)).json();
    let used = issue(json!({"abilities": ["orders:read", "orders:write"]}));
    let group = json!({"tokens": [{"type": "pk", "name": "shop", "owner": {"type": "team", "id": "7"}, "environment": "live"}]});
    let group = server.post_as(&acme, "/v1/token-groups", JSON, group.to_string()).json();
    let verify = |text: &str, need: &str, ip: &str, status: u16| {
        let request = json!({
            "token": text, "needs": {"all": [need]}, "context": {"ip": ip},
            "http": {"method": "GET", "route": "/orders", "status": status, "latency_us": 1000},
        });
        assert_eq!(server.post_as(&acme, "/v1/tokens/verify", JSON, request.to_string()).status, 200);
    };
    verify(text_of(&used), "orders:read", "203.0.113.9", 200);
    verify(text_of(&used), "orders:read", "203.0.113.9", 200);
    verify(text_of(&used), "orders:read", "203.0.113.10", 404);
    verify(text_of(&used), "users:read", "198.51.100.7", 403);
    verify("nonsense", "users:read", "198.51.100.7", 403);
    let (used, unused) = (id_of(&used).to_owned(), id_of(&group["tokens"][0]).to_owned());
    let group = group["group"].as_str().unwrap().to_owned();
    Scenario { server: server.restart(), acme, globex, used, unused, group }
}

impl Scenario {
    #[track_caller]
    fn ask(&self, question: &str) -> Value {
        let answer = self.server.get_as(&self.acme, &format!("/v1/usage/{question}"));
        assert_eq!(answer.status, 200, "{question}: {}", answer.text);
        answer.json()
    }
}

#[test]
fn each_question_is_answered_right() {
    let all = scenario();
    let total = all.ask("total");
    assert_eq!(total["uses"], 3);
    assert!(total["first_at"].as_str() <= total["last_at"].as_str() && total["first_at"].is_string(), "{total}");
    assert_eq!(
        all.ask("daily?tz=Asia/Tokyo")["rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["uses"].as_u64().unwrap())
            .sum::<u64>(),
        3
    );
    let hours = all.ask("hours");
    assert_eq!(hours["rows"].as_array().unwrap().len(), 24);
    assert_eq!(
        all.ask("ips"),
        json!({"rows": [{"value": "203.0.113.9", "uses": 2}, {"value": "203.0.113.10", "uses": 1}], "exact": true})
    );
    assert_eq!(all.ask("ips?limit=1")["rows"].as_array().unwrap().len(), 1);
    assert_eq!(all.ask("endpoints")["rows"], json!([{"method": "GET", "route": "/orders", "uses": 3}]));
    assert_eq!(all.ask("statuses")["rows"], json!([{"value": "200", "uses": 2}, {"value": "404", "uses": 1}]));
    assert_eq!(all.ask("latency")["p99_us"], 1000);
    assert_eq!(all.ask("unique-ips"), json!({"count": 2, "exact": true}));
    assert_eq!(all.ask("tokens")["rows"], json!([{"value": all.used, "uses": 3}]));
    assert_eq!(all.ask("abilities")["rows"], json!([{"value": "orders:read", "uses": 3}]));
    let unused = all.ask(&format!("unused-abilities?token={}", all.used));
    assert_eq!(unused, json!({"abilities": ["orders:write"], "exact": true}));
    let failures = all.ask("failures");
    let reasons: Vec<&str> =
        failures["rows"].as_array().unwrap().iter().map(|row| row["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons, ["x_token_malformed", "insufficient_scope"]);
    assert_eq!(all.ask("suspicious-ips")["rows"], json!([]));
    assert_eq!(all.ask("suspicious-ips?over=1")["rows"], json!([{"value": "198.51.100.7", "attempts": 2}]));
    let life = all.ask(&format!("lifecycle?token={}", all.used));
    assert_eq!((&life["events"][0]["action"], life["events"].as_array().unwrap().len()), (&json!("token.created"), 1));
    assert_eq!(all.ask("never-used")["tokens"][0]["id"], all.unused);
    assert_eq!(
        (all.ask("stale")["tokens"].as_array().unwrap().len(), &all.ask("stale?since=2999-01-01")["tokens"][1]["id"]),
        (0, &json!(all.used))
    );
    assert_eq!(
        all.ask("statistics"),
        json!({
            "total_tokens": 2, "active_tokens": 2, "total_requests": 3, "unique_ips": 2, "failed_attempts": 2,
            "by_environment": {"live": 1, "test": 1}, "by_type": {"pk": 1, "rk": 0, "sk": 1},
        })
    );
}

#[test]
fn a_scope_says_whose_usage_is_meant() {
    let all = scenario();
    for (scope, uses, tokens) in [
        (format!("token={}", all.used), 3, 1),
        (format!("token={}", all.unused), 0, 1),
        ("owner=user:42".to_owned(), 3, 1),
        ("owner=team:7".to_owned(), 0, 1),
        (format!("group={}", all.group), 0, 1),
        ("type=sk".to_owned(), 3, 1),
        ("type=rk".to_owned(), 0, 0),
        ("environment=live".to_owned(), 0, 1),
    ] {
        assert_eq!(all.ask(&format!("total?{scope}"))["uses"], uses, "{scope}");
        assert_eq!(all.ask(&format!("statistics?{scope}"))["total_tokens"], tokens, "{scope}");
    }
    assert_eq!(all.ask("total?until=2020-01-01")["uses"], 0);
    all.server.get_as(&all.acme, "/v1/usage/total?group=grp_none").assert_problem(404, "not-found");
}

#[test]
fn nothing_of_another_tenant_is_counted_or_shown() {
    let all = scenario();
    for question in QUESTIONS {
        for scope in ["", &format!("?token={}", all.used), "?owner=user:42", "?type=sk"] {
            let answer = all.server.get_as(&all.globex, &format!("/v1/usage/{question}{scope}"));
            assert_eq!(answer.status, 200, "{question}: {}", answer.text);
            for theirs in [&*all.used, &all.unused, "203.0.113", "198.51.100", "orders:", "/orders"] {
                assert!(!answer.text.contains(theirs), "{question}{scope}: {}", answer.text);
            }
            let answer = answer.json();
            for count in ["uses", "count", "total_tokens", "total_requests", "failed_attempts"] {
                assert!(answer.get(count).is_none_or(|count| *count == 0), "{question}{scope}: {answer}");
            }
        }
    }
    let of_group = format!("/v1/usage/total?group={}", all.group);
    all.server.get_as(&all.globex, &of_group).assert_problem(404, "not-found");
    // A key of all tenants asks about one: the default one, when it says none.
    assert_eq!(all.server.get("/v1/usage/total").json()["uses"], 0);
}

#[test]
fn what_is_asked_wrongly_is_refused_and_what_is_read_is_told() {
    let all = scenario();
    for (query, field) in [
        ("owner=42", "owner"),
        ("token=a&type=sk", "type"),
        ("since=soon", "since"),
        ("tz=Europe/Atlantis", "tz"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("over=-1", "over"),
        ("whose=mine", "whose"),
    ] {
        let answer = all.server.get_as(&all.acme, &format!("/v1/usage/total?{query}"));
        assert_eq!(answer.assert_problem(400, "invalid-parameter")["field"], field);
    }
    all.server.get_as(&all.acme, "/v1/usage/nothing").assert_problem(404, "not-found");
    let without = all.server.make_key("acme", &["events:read", "tokens:write", "tokens:verify"]);
    all.server.get_as(&without, "/v1/usage/total").assert_problem(403, "forbidden");
    all.ask("total");
    let told = all.server.restart().events();
    let told = told.iter().find(|event| event["targets"][0]["id"] == "usage").unwrap();
    assert_eq!(
        (&told["action"], &told["tenant"], &told["count"]),
        (&json!("audit.log.read"), &json!("acme"), &json!(1))
    );
}
