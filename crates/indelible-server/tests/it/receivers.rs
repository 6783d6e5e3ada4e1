//! What others send without an API key: webhooks and Security Event Tokens.

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Command,
    sync::Arc,
    time::SystemTime,
};

use base16ct::lower::encode_string as hex;
use base64ct::{Base64UrlUnpadded, Encoding as _};
use indelible::{
    Durability, Log, LogConfig, Recorder, Store, Timestamp,
    import::{Format, delivery},
    system_time,
};
use ring::{
    hmac,
    signature::{Ed25519KeyPair, KeyPair as _},
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::{Answer, JSON, Server, agent, answer};

const SECRET: &str = "correct horse battery";

const HOOKS: &str = "
[webhooks.code]
format = \"github\"
secret_file = \"hook.secret\"
tenant = \"acme\"
[webhooks.people]
format = \"okta\"
secret_file = \"hook.secret\"
[webhooks.ours]
format = \"indelible\"
secret_file = \"hook.secret\"
[webhooks.id]
format = \"zitadel\"
secret_file = \"hook.secret\"
[webhooks.space]
format = \"google_workspace\"
secret_file = \"hook.secret\"
[security_events.idp]
issuer = \"https://idp.example.com\"
audience = \"https://log.example.com\"
jwks = \"idp.json\"
tenant = \"acme\"
";

fn private(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

fn configured(toml: &str) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("indelible.toml"), toml).unwrap();
    private(&directory.path().join("hook.secret"), SECRET);
    fs::write(directory.path().join("idp.json"), jwks(&[("one", 1)])).unwrap();
    directory
}

fn server() -> Server {
    Server::start_in(configured(HOOKS), &[])
}

/// What was received, without what the server notes of itself.
fn received(server: &Server) -> Vec<Value> {
    server.events().into_iter().filter(|event| event["metadata"]["received_by"].is_string()).collect()
}

/// The answer to a request whose body never comes.
fn announce(server: &Server, path: &str, headers: &str) -> String {
    server.raw(format!("POST {path} HTTP/1.1\r\nhost: x\r\n{headers}\r\n\r\n").as_bytes())
}

fn signed(text: &str) -> String {
    hex(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes()), text.as_bytes()).as_ref())
}

fn github(server: &Server, delivery: &str, body: &str) -> Answer {
    let signature = format!("sha256={}", signed(body));
    let headers = [("content-type", JSON), ("x-hub-signature-256", &*signature), ("x-github-delivery", delivery)];
    server.post_with("/v1/webhooks/code", &headers, body)
}

fn okta(server: &Server, secret: &str, body: &Value) -> Answer {
    server.post_with("/v1/webhooks/people", &[("authorization", secret), ("content-type", JSON)], body.to_string())
}

const MEMBER: &str = r#"{"action":"added","member":{"id":7,"login":"alice"},"sender":{"id":1,"login":"bob"},"repository":{"id":2,"full_name":"acme/code"}}"#;

#[test]
fn a_delivery_of_github_is_stored_once_in_its_tenant_however_often_it_is_sent() {
    let server = server();
    for _ in 0..2 {
        let answer = github(&server, "72d3162e", MEMBER);
        assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    }
    assert_eq!(github(&server, "8a1f0000", MEMBER).status, 204, "the same happened again");
    let ping =
        r#"{"zen":"Design for failure.","hook_id":1,"hook":{"type":"Repository"},"sender":{"id":1,"login":"bob"}}"#;
    assert_eq!(github(&server, "00000000", ping).status, 204);
    let events = received(&server);
    assert_eq!(events.len(), 2);
    assert_eq!((&events[0]["action"], &events[0]["tenant"]), (&json!("member.added"), &json!("acme")));
    assert_eq!(events[0]["metadata"]["received_by"], "code");
    assert_eq!(events[0]["actor"]["name"], "bob");
}

#[test]
fn a_body_that_comes_under_another_id_is_stored_and_names_the_event_that_had_it_first() {
    let server = server();
    let other = MEMBER.replace("added", "removed");
    for (delivery, body) in [("72d3162e", MEMBER), ("00000001", &other), ("8a1f0000", MEMBER), ("8a1f0000", MEMBER)] {
        assert_eq!(github(&server, delivery, body).status, 204);
    }
    let mut events = received(&server);
    events.sort_by_key(|event| event["seq"].as_u64());
    let repeats: Vec<&Value> = events.iter().map(|event| &event["metadata"]["repeats"]).collect();
    assert_eq!(repeats, [&Value::Null, &Value::Null, &events[0]["id"]]);
    let digest = hex(&<sha2::Sha256 as sha2::Digest>::digest(MEMBER.as_bytes()));
    let filter = format!("/v1/events?q=correlation_id:sha256:{digest}");
    assert_eq!(server.get(&filter).json()["events"].as_array().unwrap().len(), 2);
}

#[test]
fn an_event_that_is_full_is_stored_without_the_name_of_its_webhook() {
    let server = server();
    for (id, bytes) in [("full", 65_536), ("roomy", 60_000)] {
        let event = json!({"action": "auth.logout", "idempotency_key": id, "metadata": {"x": "x".repeat(bytes - 8)}});
        let headers = [("authorization", SECRET), ("content-type", JSON)];
        assert_eq!(server.post_with("/v1/webhooks/ours", &headers, event.to_string()).status, 204);
    }
    let events: Vec<Value> = server.events().into_iter().filter(|event| event["action"] == "auth.logout").collect();
    assert_eq!(events.len(), 2);
    let of = |id: &str| {
        events.iter().find(|event| event["idempotency_key"] == format!("indelible:{id}")).unwrap()["metadata"]["received_by"].clone()
    };
    assert_eq!((of("full"), of("roomy")), (Value::Null, json!("ours")));
}

#[test]
fn what_was_answered_outlives_a_kill() {
    let server = server();
    assert_eq!(github(&server, "72d3162e", MEMBER).status, 204);
    let server = Server::start_in(server.kill(), &[]);
    assert_eq!(github(&server, "72d3162e", MEMBER).status, 204);
    assert_eq!(received(&server).len(), 1);
}

#[test]
fn a_delivery_that_does_not_say_of_when_it_is_stores_nothing_when_it_comes_again_after_days() {
    let directory = configured(HOOKS);
    let then = system_time().as_micros() - 2 * 24 * 3_600_000_000;
    let clock = move || Timestamp::saturating_from_micros(then);
    let log = Arc::new(Log::open(LogConfig::new(directory.path().join("data"), Arc::new(clock))).unwrap());
    let recorder = Recorder::builder(Arc::clone(&log) as Arc<dyn Store>).clock(clock).build();
    let event = delivery(Format::Github, Some("72d3162e"), MEMBER.as_bytes()).remove(0).tenant("acme");
    recorder.record_all(vec![event], Durability::Durable).unwrap();
    recorder.close();
    log.close();
    let server = Server::start_in(directory, &[]);
    assert_eq!(github(&server, "72d3162e", MEMBER).status, 204);
    assert_eq!(received(&server), Vec::<Value>::new());
    assert_eq!(github(&server, "8a1f0000", MEMBER).status, 204);
    assert_eq!(received(&server).len(), 1);
}

#[test]
fn nothing_comes_in_without_its_proof_and_who_tries_is_counted_in_the_log() {
    let server = server();
    let json_body = [("content-type", JSON)];
    server.post_with("/v1/webhooks/none", &json_body, "{}").assert_problem(404, "not-found");
    let missing = server.post_with("/v1/webhooks/code", &json_body, MEMBER).assert_problem(401, "delivery-refused");
    assert_eq!(missing["field"], "x-hub-signature-256");
    let forged = format!("sha256={}", signed("{}"));
    let headers = [("x-hub-signature-256", &*forged), ("content-type", JSON)];
    for _ in 0..3 {
        server.post_with("/v1/webhooks/code", &headers, MEMBER).assert_problem(401, "delivery-refused");
    }
    okta(&server, "Bearer something else", &json!({})).assert_problem(401, "delivery-refused");
    server.get("/v1/webhooks/code").assert_problem(404, "not-found");
    // A key of the API is none of a sender's.
    let key = format!("Bearer {}", server.key);
    server.post_with("/v1/webhooks/people", &[("authorization", &key)], "{}").assert_problem(401, "delivery-refused");
    assert_eq!(received(&server), Vec::<Value>::new());

    let server = server.restart();
    let refused: Vec<Value> =
        server.events().into_iter().filter(|event| event["action"] == "delivery.refused").collect();
    let of_github = refused.iter().find(|event| event["tenant"] == "acme").unwrap();
    assert_eq!(of_github["count"], 4);
    assert_eq!((&of_github["outcome"], &of_github["reason"]), (&json!("denied"), &json!("invalid_credentials")));
    assert_eq!(of_github["targets"], json!([{"type": "receiver", "id": "code"}]));
    assert_eq!(of_github["context"]["ip"], "127.0.0.1");
    assert_eq!(refused.len(), 2);
}

#[test]
fn okta_verifies_its_hook_and_delivers_several_records_at_once() {
    let server = server();
    let request = agent().get(server.url("/v1/webhooks/people")).header("x-okta-verification-challenge", "abc\"1");
    let verified = answer(request.call());
    assert_eq!((verified.status, verified.json()), (200, json!({"verification": "abc\"1"})));

    let record = |id: &str, name: &str| json!({"uuid": id, "eventType": name, "published": "2022-06-09T06:29:21.068Z"});
    let hook = json!({
        "eventType": "com.okta.event_hook", "eventTypeVersion": "1.0", "eventId": "b5a1",
        "data": {"events": [record("u-1", "user.session.start"), record("u-2", "app.oauth2.token.grant"), {"uuid": "u-3"}]},
    });
    for secret in [SECRET.to_owned(), format!("Bearer {SECRET}")] {
        assert_eq!(okta(&server, &secret, &hook).status, 204);
    }
    let actions: Vec<Value> = received(&server).into_iter().map(|mut event| event["action"].take()).collect();
    assert_eq!(actions, ["auth.login.succeeded", "oauth.token.issued", "okta.unread"], "and what is no record is kept");
}

fn stamped(at: u64, body: &str) -> String {
    format!("t={at},v1={}", signed(&format!("{at}.{body}")))
}

#[test]
fn what_zitadel_tells_of_passwords_and_tokens_as_it_stores_them_is_in_no_event() {
    let server = server();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let secret = "f00d-not-to-be-kept";
    for (name, payload) in [
        ("user.human.added", json!({"userName": "alice", "encodedHash": secret})),
        ("user.human.password.changed", json!({"encodedHash": secret, "changeRequired": false})),
        ("user.machine.secret.set", json!({"hashedSecret": secret})),
        ("user.human.mfa.otp.added", json!({"otpSecret": {"crypted": secret}})),
        ("idpintent.succeeded", json!({"idpAccessToken": {"crypted": secret}, "idpIdToken": secret})),
    ] {
        let body = json!({"aggregateID": "42", "aggregateType": "user", "event_type": name, "userID": "7", "event_payload": payload});
        let header = stamped(now, &body.to_string());
        let headers = [("content-type", JSON), ("zitadel-signature", &*header)];
        assert_eq!(server.post_with("/v1/webhooks/id", &headers, body.to_string()).status, 204);
    }
    let events = received(&server);
    assert_eq!(events.len(), 5);
    assert!(!Value::from(events).to_string().contains(secret));
}

#[test]
fn what_was_signed_long_ago_is_refused() {
    let server = server();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let body = json!({"aggregateID": "42", "aggregateType": "user", "sequence": 1, "event_type": "user.locked", "userID": "7"}).to_string();
    let send = |at: u64| {
        let header = stamped(at, &body);
        server.post_with("/v1/webhooks/id", &[("zitadel-signature", &header)], &body)
    };
    send(now - 3600).assert_problem(401, "delivery-refused");
    assert_eq!(send(now).status, 204);
    assert_eq!(received(&server)[0]["action"], "account.locked");
}

#[test]
fn a_delivery_has_a_size_and_may_be_empty_and_no_secret_in_it_is_stored() {
    let server = server();
    let token = [("x-goog-channel-token", SECRET)];
    assert_eq!(server.post_with("/v1/webhooks/space", &token, "").status, 204, "the first of a channel");
    let large = format!("x-goog-channel-token: {SECRET}\r\ncontent-length: {}", 5 << 20);
    assert!(announce(&server, "/v1/webhooks/space", &large).starts_with("HTTP/1.1 413"));
    let body = json!({"nonsense": {"access_token": "ya29.secret"}}).to_string();
    assert_eq!(server.post_with("/v1/webhooks/space", &token, body).status, 204);
    let events = received(&server);
    assert_eq!(events[0]["action"], "google_workspace.unread");
    assert_eq!(events[0]["metadata"]["original"]["nonsense"]["access_token"], "[REDACTED]");
}

#[test]
fn a_secret_may_be_one_that_a_service_manager_lets_the_group_read() {
    let directory = configured(HOOKS);
    fs::set_permissions(directory.path().join("hook.secret"), fs::Permissions::from_mode(0o440)).unwrap();
    assert_eq!(github(&Server::start_in(directory, &[]), "72d3162e", MEMBER).status, 204);
}

#[test]
fn a_configuration_that_protects_nothing_does_not_start() {
    let refused = |toml: &str, prepare: &dyn Fn(&Path)| {
        let directory = configured(toml);
        prepare(directory.path());
        let mut command = Command::new(env!("CARGO_BIN_EXE_indelible"));
        let serve = command.args(["serve", "--listen", "127.0.0.1:0"]).current_dir(directory.path());
        let output = serve.output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let open = |directory: &Path, mode| {
        fs::set_permissions(directory.join("hook.secret"), fs::Permissions::from_mode(mode)).unwrap();
    };
    for mode in [0o644, 0o604, 0o660] {
        let message = refused(HOOKS, &|directory| open(directory, mode));
        assert!(message.contains("[webhooks.code]: hook.secret: others than its owner can read"), "{message}");
    }
    let message = refused(HOOKS, &|directory| private(&directory.join("hook.secret"), "short"));
    assert!(message.contains("fewer than 8 characters") && !message.contains("short\""), "{message}");
    let message = refused(&HOOKS.replace("github", "githup"), &|_| ());
    assert!(message.contains("unknown format \"githup\""), "{message}");
    let message = refused(&HOOKS.replace("idp.json", "http://idp.example.com/jwks"), &|_| ());
    assert!(message.contains("[security_events.idp]") && message.contains("https://"), "{message}");
    let message = refused(&HOOKS.replace("idp.json", "https://"), &|_| ());
    assert!(message.contains("jwks = \"https://\": write"), "{message}");
    let message = refused(HOOKS, &|directory| fs::write(directory.join("hook.secret"), [0xff; 40]).unwrap());
    assert!(message.contains("hook.secret: this is no text"), "{message}");
    let message = refused(HOOKS, &|directory| private(&directory.join("hook.secret"), &"s".repeat(5000)));
    assert!(message.contains("at most 4096 bytes"), "{message}");
    let message = refused(&HOOKS.replace("format = \"github\"", "format = \"github\"\nheader = \"X Hub\""), &|_| ());
    assert!(message.contains("[webhooks.code]: header = \"X Hub\": this is no name of a header"), "{message}");
    let message = refused(&HOOKS.replace("acme", ""), &|_| ());
    assert!(message.contains("[webhooks.code]: tenant = \"\""), "{message}");
    let message = refused(HOOKS, &|directory| fs::write(directory.join("idp.json"), "{\"keys\":[]}").unwrap());
    assert!(message.contains("no key for signatures"), "{message}");
}

fn pair(seed: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()
}

fn text(bytes: impl AsRef<[u8]>) -> String {
    Base64UrlUnpadded::encode_string(bytes.as_ref())
}

fn jwks(keys: &[(&str, u8)]) -> String {
    let key = |(id, seed): &(&str, u8)| json!({"kty": "OKP", "crv": "Ed25519", "kid": id, "x": text(pair(*seed).public_key())});
    json!({"keys": keys.iter().map(key).collect::<Vec<_>>()}).to_string()
}

/// A token about a revoked session.
fn token(id: &str, audience: &str, key: (&str, u8)) -> String {
    let claims = json!({
        "iss": "https://idp.example.com", "aud": audience, "jti": id, "iat": 1_767_323_045,
        "sub_id": {"format": "email", "email": "alice@example.com"},
        "events": {"https://schemas.openid.net/secevent/caep/event-type/session-revoked": {"initiating_entity": "admin"}},
    });
    let header = json!({"alg": "EdDSA", "typ": "secevent+jwt", "kid": key.0});
    let message = format!("{}.{}", text(header.to_string()), text(claims.to_string()));
    format!("{message}.{}", text(pair(key.1).sign(message.as_bytes())))
}

const AUDIENCE: &str = "https://log.example.com";
const ONE: (&str, u8) = ("one", 1);

fn push(server: &Server, token: &str) -> Answer {
    server.post_with("/v1/security-events/idp", &[("content-type", "application/secevent+jwt")], token)
}

#[track_caller]
fn assert_declined(answer: &Answer, code: &str) {
    assert_eq!((answer.status, answer.header("content-type"), answer.header("content-language")), (400, JSON, "en"));
    assert_eq!(answer.json()["err"], code, "{}", answer.text);
    assert!(answer.json()["description"].is_string());
}

#[test]
fn a_token_of_the_issuer_is_stored_once_and_answered_each_time() {
    let server = server();
    for _ in 0..2 {
        let answer = push(&server, &token("t-1", AUDIENCE, ONE));
        assert_eq!((answer.status, answer.text.as_str()), (202, ""));
    }
    assert_eq!(push(&server, &token("t-2", AUDIENCE, ONE)).status, 202);
    let events = received(&server);
    assert_eq!(events.len(), 2);
    assert_eq!((&events[0]["action"], &events[0]["tenant"]), (&json!("session.revoked"), &json!("acme")));
    assert_eq!(events[0]["targets"][0]["id"], "alice@example.com");
    assert_eq!(events[0]["oauth"]["issuer"], "https://idp.example.com");
}

#[test]
fn a_token_that_does_not_count_is_declined_as_the_standard_says() {
    let server = server();
    assert_declined(&push(&server, "nonsense"), "invalid_request");
    assert_declined(&push(&server, &"x".repeat(70_000).replace('x', ".")[..65_537]), "invalid_request");
    assert_declined(&push(&server, &token("t", "https://other.example.com", ONE)), "invalid_audience");
    assert_declined(&push(&server, &token("t", AUDIENCE, ("one", 2))), "invalid_key");
    let as_json = server.post_with("/v1/security-events/idp", &[("content-type", JSON)], token("t", AUDIENCE, ONE));
    assert_declined(&as_json, "invalid_request");
    server.post_with("/v1/security-events/none", &[], "").assert_problem(404, "not-found");
    let large = "content-type: application/secevent+jwt\r\ncontent-length: 100000";
    assert!(announce(&server, "/v1/security-events/idp", large).starts_with("HTTP/1.1 413"));
    assert_eq!(received(&server), Vec::<Value>::new());
    let server = server.restart();
    let refused: Vec<Value> = server.events().into_iter().filter(|it| it["action"] == "delivery.refused").collect();
    assert_eq!(refused.iter().map(|event| event["count"].as_u64().unwrap()).sum::<u64>(), 5);
}

#[test]
fn a_key_that_the_issuer_added_is_learnt_when_a_token_names_it() {
    let directory = configured(HOOKS);
    let keys = directory.path().join("idp.json");
    let server = Server::start_in(directory, &[]);
    fs::write(keys, jwks(&[ONE, ("two", 2)])).unwrap();
    assert_eq!(push(&server, &token("t-1", AUDIENCE, ("two", 2))).status, 202);
    assert_declined(&push(&server, &token("t-2", AUDIENCE, ("three", 3))), "invalid_key");
}

#[test]
fn keys_come_from_an_address_and_without_them_a_sender_is_told_to_come_back() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let toml = HOOKS.replace("idp.json", &format!("http://{address}/jwks"));
    let server = Server::start_in(configured(&toml), &[]);
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]).unwrap();
        let keys = jwks(&[ONE]);
        write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{keys}", keys.len()).unwrap();
    });
    for id in ["t-1", "t-2"] {
        assert_eq!(push(&server, &token(id, AUDIENCE, ONE)).status, 202);
    }
    assert_eq!(received(&server).len(), 2);

    let gone = HOOKS.replace("idp.json", "http://127.0.0.1:1/jwks");
    let server = Server::start_in(configured(&gone), &[]);
    for _ in 0..2 {
        push(&server, &token("t", AUDIENCE, ONE)).assert_problem(503, "unavailable");
    }
}

#[test]
fn whoever_lets_their_own_wait_keeps_no_token_of_others_out() {
    let server = server();
    let head = "POST /v1/security-events/idp HTTP/1.1\r\nhost: x\r\ncontent-type: application/secevent+jwt\r\ncontent-length: 1000\r\nexpect: 100-continue\r\n\r\n";
    let begin = |_| {
        let mut stream = server.connect();
        stream.write_all(head.as_bytes()).unwrap();
        stream.read_exact(&mut [0; 12]).unwrap();
        stream
    };
    let waiting: Vec<_> = (0..20).map(begin).collect();
    assert_eq!(push(&server, &token("t-1", AUDIENCE, ONE)).status, 202);
    drop(waiting);
}

#[test]
fn who_sends_tokens_may_have_to_prove_it_too() {
    let server = Server::start_in(configured(&format!("{HOOKS}secret_file = \"hook.secret\"\n")), &[]);
    assert_declined(&push(&server, &token("t", AUDIENCE, ONE)), "authentication_failed");
    let secret = format!("Bearer {SECRET}");
    let headers = [("content-type", "application/secevent+jwt"), ("authorization", &*secret)];
    assert_eq!(server.post_with("/v1/security-events/idp", &headers, token("t", AUDIENCE, ONE)).status, 202);
}
