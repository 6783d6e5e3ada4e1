//! What is sent, when the service is well and when it is not.

mod moto;
mod stage;

use std::{
    path::Path,
    sync::{Arc, mpsc},
    time::Duration,
};

use indelible::{
    Event, MemoryStore, Recorded, Recorder, Timestamp,
    drivers::{CursorFile, Follower, Kinds, Notice, Refused, Setup, Sink},
    system_time,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{CloudWatch, Credentials, CredentialsError, Options, batch::Batch};
use stage::{Stage, Turn, no, seq};

const LONG: Duration = Duration::from_secs(120);
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// A place for cursor and credentials.
fn place() -> TempDir {
    let place = tempfile::tempdir().unwrap();
    let profile =
        |name: &str, id: &str| format!("[{name}]\naws_access_key_id = {id}\naws_secret_access_key={SECRET}\n");
    let text =
        format!("{}aws_session_token = session\n{}", profile("default", "AKIDEXAMPLE"), profile("audit", "AKIDAUDIT"));
    std::fs::write(place.path().join("credentials"), text).unwrap();
    place
}

fn options(place: &Path, url: &str) -> Options {
    Options {
        log_group: "/acme/audit".to_owned(),
        log_stream: "main".to_owned(),
        region: "eu-central-1".to_owned(),
        endpoint: Some(url.to_owned()),
        credentials_file: Some(place.join("credentials")),
        profile: None,
        event_bytes_max: None,
    }
}

fn sink(place: &Path, url: &str) -> CloudWatch {
    CloudWatch::new(options(place, url), CursorFile::at(place.join("cursor")).unwrap()).unwrap()
}

fn follow(store: &Arc<MemoryStore>, place: &Path, url: &str) -> (Follower, mpsc::Receiver<Notice>) {
    let (tell, heard) = mpsc::channel();
    let notice = move |_: &str, notice: &Notice| drop(tell.send(notice.clone()));
    (Follower::start("cloud", store.clone(), Box::new(sink(place, url)), notice).unwrap(), heard)
}

fn record(store: &Arc<MemoryStore>, events: u64) {
    let recorder = Recorder::new(store.clone());
    let event = |nth| Event::new("token.authenticated").meta("nth", nth);
    recorder.record_all((0..events).map(event).collect(), indelible::Durability::Durable).unwrap();
}

/// Events that were recorded at these times, with so much in them.
fn recorded(events: impl IntoIterator<Item = (i64, usize)>) -> Vec<Recorded> {
    let store = Arc::new(MemoryStore::default());
    for (at_ms, bytes) in events {
        let clock = move || Timestamp::saturating_from_micros(at_ms * 1000);
        let recorder = Recorder::builder(store.clone()).clock(clock).build();
        let mut event = Event::new("resource.updated");
        if bytes > 0 {
            let fields = [("text".to_owned(), Value::from("x".repeat(bytes)))];
            event = event.changes(indelible::Object::new(), fields.into_iter().collect());
        }
        recorder.record(event).unwrap();
    }
    store.recorded()
}

#[test]
fn a_log_is_in_the_stream_in_order_and_signed() {
    let (place, stage, store) = (place(), Stage::start([], None), Arc::new(MemoryStore::default()));
    let (follower, _) = follow(&store, place.path(), &stage.url);
    record(&store, 2500);
    assert!(follower.flush(LONG));
    assert!(stage.seqs().into_iter().eq(0..2500));
    assert_eq!(std::fs::read_to_string(place.path().join("cursor")).unwrap(), "2500\n");

    let request = stage.taken().remove(0);
    assert_eq!(request.operation, "PutLogEvents");
    assert_eq!(
        (&request.body["logGroupName"], &request.body["logStreamName"]),
        (&json!("/acme/audit"), &json!("main"))
    );
    let first = &request.body["logEvents"][0];
    let stored = store.recorded().remove(0);
    let message: Value = serde_json::from_str(first["message"].as_str().unwrap()).unwrap();
    assert_eq!(message, serde_json::to_value(&stored).unwrap(), "the whole event");
    assert_eq!(first["timestamp"], stored.event.recorded_at.unwrap().as_micros() / 1000);

    let header = |name: &str| request.headers.iter().find(|it| it.0 == name).map_or("", |it| it.1.as_str());
    let signed = header("authorization");
    assert!(signed.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"), "{signed}");
    assert!(signed.contains("/eu-central-1/logs/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, "), "{signed}");
    assert_eq!(format!("http://{}", header("host")), stage.url);
    assert_eq!((header("x-amz-security-token"), header("content-type")), ("session", "application/x-amz-json-1.1"));
}

#[test]
fn group_and_stream_are_made_where_they_are_not_there() {
    let (place, store) = (place(), Arc::new(MemoryStore::default()));
    record(&store, 1);
    let stage = Stage::start([no("ResourceNotFoundException"), no("ResourceAlreadyExistsException")], None);
    let (follower, heard) = follow(&store, place.path(), &stage.url);
    assert!(follower.flush(LONG));
    assert_eq!(stage.operations(), ["CreateLogStream", "PutLogEvents"], "the group was there already");
    follower.end();
    assert!(heard.try_recv().is_err(), "nothing failed");

    let place = self::place();
    let stage = Stage::start([no("ResourceNotFoundException")], None);
    assert!(follow(&store, place.path(), &stage.url).0.flush(LONG));
    assert_eq!(stage.operations(), ["CreateLogGroup", "CreateLogStream", "PutLogEvents"]);
}

#[test]
fn throttling_failures_and_cut_connections_lose_nothing_and_change_no_order() {
    let (place, store) = (place(), Arc::new(MemoryStore::default()));
    record(&store, 2200);
    let turns = [
        no("ThrottlingException"),
        Turn::Answer(503, json!({"__type": "ServiceUnavailableException"})),
        Turn::Cut,
        Turn::Answer(200, json!({"nextSequenceToken": "7"})),
        Turn::Answer(500, Value::Null),
        no("ThrottlingException"),
    ];
    let stage = Stage::start(turns, None);
    let (follower, heard) = follow(&store, place.path(), &stage.url);
    assert!(follower.flush(LONG));
    follower.end();
    assert!(stage.seqs().into_iter().eq(0..2200));
    let notices: Vec<Notice> = heard.iter().collect();
    let Some(Notice::Failed { error, again_in }) = notices.first() else { panic!("{notices:?}") };
    assert_eq!(error, "PutLogEvents was answered 400 ThrottlingException: ThrottlingException it is");
    assert!(!again_in.is_zero());
    let failed = notices.iter().filter(|notice| matches!(notice, Notice::Failed { .. })).count();
    assert_eq!((failed, notices.iter().filter(|notice| **notice == Notice::Resumed).count()), (5, 2));
}

#[test]
fn an_answer_that_is_lost_brings_one_batch_a_second_time_and_no_more() {
    let (place, store) = (place(), Arc::new(MemoryStore::default()));
    record(&store, 2200);
    let well = Turn::Answer(200, json!({}));
    let stage = Stage::start([well, Turn::TakenAndCut], None);
    assert!(follow(&store, place.path(), &stage.url).0.flush(LONG));
    assert!(stage.seqs().into_iter().eq((0..2000).chain(1000..2200)));
}

#[test]
fn what_the_service_will_never_take_is_told_by_its_sequence_numbers() {
    let now = system_time().as_micros() / 1000;
    // The clock went back once, so the times of the batch are not in the order of the log.
    let events = recorded([(now, 0), (now - 5, 0), (now - 4, 0), (now + 1, 0), (now + 2, 0)]);
    let rejected = json!({"tooOldLogEventEndIndex": 1, "expiredLogEventEndIndex": 2, "tooNewLogEventStartIndex": 4});
    let stage = Stage::start([Turn::Answer(200, json!({"rejectedLogEventsInfo": rejected}))], None);
    let place = place();
    let refused = sink(place.path(), &stage.url).deliver(&events).unwrap();
    let refused: Vec<_> = refused.into_iter().map(|Refused { seqs, why }| (seqs, why.contains("14 days"))).collect();
    assert_eq!(refused, [(1..2, true), (2..3, false), (4..5, false)]);
    let senseless = json!({"tooOldLogEventEndIndex": 99, "tooNewLogEventStartIndex": 99});
    let stage = Stage::start([Turn::Answer(200, json!({"rejectedLogEventsInfo": senseless}))], None);
    let refused = sink(place.path(), &stage.url).deliver(&events).unwrap();
    assert_eq!(refused.len(), 1, "whatever the service says: {refused:?}");
}

#[test]
fn an_event_that_is_too_large_is_refused_and_the_others_go() {
    let (place, stage) = (place(), Stage::start([], None));
    let options = Options { event_bytes_max: Some(1000), ..options(place.path(), &stage.url) };
    let mut sink = CloudWatch::new(options, CursorFile::at(place.path().join("cursor")).unwrap()).unwrap();
    let refused = sink.deliver(&recorded([(0, 0), (0, 2000), (0, 0)])).unwrap();
    assert!(matches!(refused.as_slice(), [Refused { seqs, .. }] if *seqs == (1..2)), "{refused:?}");
    assert_eq!((stage.seqs(), sink.next_seq().unwrap()), (vec![0, 2], 3));
    let refused = sink.deliver(&recorded([(0, 2000)])).unwrap();
    assert_eq!((refused.len(), stage.taken().len()), (1, 1), "a batch of nothing is not sent");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn every_batch_is_within_what_the_service_takes(
        events in prop::collection::vec((-90_000_000_i64..90_000_000, prop_oneof![Just(0), 0..200_000_usize]), 1..40)
    ) {
        let start = system_time().as_micros() / 1000;
        let events = recorded(events.into_iter().map(|(at, bytes)| (start + at, bytes)));
        let mut rest = &events[..];
        while let Some(first) = rest.first() {
            let (batch, taken) = Batch::first_of(rest, 1 << 20).unwrap();
            prop_assert!(taken > 0);
            let sent: Vec<(i64, String)> = batch.sent().collect();
            let bytes: usize = sent.iter().map(|it| it.1.len() + 26).sum();
            prop_assert!(bytes <= 1 << 20);
            prop_assert!(sent.is_sorted_by_key(|it| it.0));
            prop_assert!(sent.last().unwrap().0 - sent.first().unwrap().0 < 24 * 3_600_000);
            let mut seqs: Vec<u64> = sent.iter().map(|it| seq(&it.1)).collect();
            seqs.sort_unstable();
            prop_assert!(seqs.into_iter().eq(first.seq..first.seq + taken as u64));
            rest = &rest[taken..];
        }
    }
}

#[test]
fn credentials_come_from_a_profile_and_are_never_shown() {
    let place = place();
    let file = place.path().join("credentials");
    let read = |profile: &str| Credentials::from_file(&file, profile);
    let audit = read("audit").unwrap();
    assert_eq!((audit.access_key_id.as_str(), audit.session_token.is_some()), ("AKIDAUDIT", false));
    assert_eq!(format!("{audit:?}"), "Credentials { access_key_id: \"AKIDAUDIT\", .. }");
    assert!(read("default").unwrap().session_token.is_some());
    assert!(matches!(read("other"), Err(CredentialsError::Missing { name: "aws_access_key_id", .. })));
    assert!(matches!(Credentials::from_file(place.path(), "default"), Err(CredentialsError::Unreadable { .. })));

    let stage = Stage::start([no("AccessDeniedException")], None);
    let error = sink(place.path(), &stage.url).deliver(&recorded([(0, 0)])).unwrap_err();
    assert!(!format!("{error} {error:?}").contains(SECRET));
}

#[test]
fn it_is_a_kind_of_driver_with_a_cursor_of_its_name() {
    let (place, stage) = (place(), Stage::start([], None));
    let mut kinds = Kinds::default();
    kinds.register("cloudwatch", CloudWatch::kind(place.path().join("drivers")));
    let setup = |cloud: &str, region: &str| -> Setup {
        let options = json!({
            "driver": "cloudwatch", "log_group": "/acme/audit", "log_stream": "main", "endpoint": stage.url, region: "eu-central-1",
            "credentials_file": place.path().join("credentials"),
        });
        let all = json!({"driver": "stack", "authoritative": "main", "followers": [cloud]});
        serde_json::from_value(
            json!({"default": "all", "drivers": {"main": {"driver": "memory"}, "all": all, cloud: options}}),
        )
        .unwrap()
    };
    let drivers = setup("cloud", "region").open(&kinds, |_, _| {}).unwrap();
    Recorder::new(drivers.default().clone()).record(Event::new("token.created")).unwrap();
    assert!(drivers.flush(LONG));
    assert_eq!((stage.seqs(), place.path().join("drivers/cloud.cursor").exists()), (vec![0], true));
    let refused = |setup: &Setup| setup.open(&kinds, |_, _| {}).unwrap_err().to_string();
    assert!(refused(&setup("cloud", "regoin")).contains("unknown field `regoin`"));
    assert!(refused(&setup("../cloud", "region")).contains("use letters, digits"));
}

#[test]
fn an_address_that_is_none_is_refused() {
    let place = place();
    for url in ["", "logs.example.com", "ftp://logs.example.com", "http://"] {
        let cursor = CursorFile::at(place.path().join("cursor")).unwrap();
        assert!(CloudWatch::new(options(place.path(), url), cursor).is_err(), "{url}");
    }
}
