//! Against moto's server, whose address is in `INDELIBLE_MOTO`: see tests/cloudwatch.sh.

use std::{collections::BTreeSet, sync::Arc};

use indelible::{Event, MemoryStore, Recorder, Timestamp, drivers::Notice, system_time};
use serde_json::{Value, json};

use super::{LONG, Stage, Turn, follow, no, place, record, seq};

/// A stage before moto, forgotten of all before.
fn stage(turns: impl IntoIterator<Item = Turn>) -> Stage {
    Stage::start(turns, Some(moto()))
}

fn moto() -> String {
    std::env::var("INDELIBLE_MOTO").expect("INDELIBLE_MOTO is the address of a moto server")
}

/// Every log event of the stream, in its order.
fn stored() -> Vec<Value> {
    let mut events = Vec::new();
    let mut token = Value::Null;
    loop {
        let mut ask =
            json!({"logGroupName": "/acme/audit", "logStreamName": "main", "startFromHead": true, "limit": 1000});
        if token.is_string() {
            ask["nextToken"] = token.clone();
        }
        let post = ureq::post(moto()).header("x-amz-target", "Logs_20140328.GetLogEvents");
        let region = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261120/eu-central-1/logs/aws4_request, SignedHeaders=host, Signature=0";
        let mut answer = post
            .header("authorization", region)
            .content_type("application/x-amz-json-1.1")
            .send(ask.to_string())
            .unwrap();
        let page: Value = serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap();
        events.extend(page["events"].as_array().unwrap().iter().cloned());
        if page["nextForwardToken"] == token {
            return events;
        }
        token = page["nextForwardToken"].clone();
    }
}

fn forget() {
    ureq::post(format!("{}/moto-api/reset", moto())).send_empty().unwrap();
}

/// One test, because they share the service and it forgets all at once.
#[test]
#[ignore = "needs moto: tests/cloudwatch.sh"]
fn moto_has_every_event_once_and_in_order() {
    forget();
    let (place, store) = (place(), Arc::new(MemoryStore::default()));
    record(&store, 2500);
    let trouble = [no("ThrottlingException"), Turn::Cut, Turn::Answer(503, json!({}))];
    let stage = stage(trouble);
    let (follower, _) = follow(&store, place.path(), &stage.url);
    record(&store, 500);
    assert!(follower.flush(LONG));
    let seqs: Vec<u64> = stored().iter().map(|event| seq(event["message"].as_str().unwrap())).collect();
    assert!(seqs.into_iter().eq(0..3000));

    forget();
    moto_says_what_is_too_old();
    forget();
    an_answer_that_is_lost_brings_nothing_but_duplicates();
}

fn moto_says_what_is_too_old() {
    let (place, store) = (place(), Arc::new(MemoryStore::default()));
    let day_us = 24 * 3_600_000_000_i64;
    for days in [20, 20, 16, 0] {
        let clock = move || Timestamp::saturating_from_micros(system_time().as_micros() - days * day_us);
        Recorder::builder(store.clone()).clock(clock).build().record(Event::new("token.created")).unwrap();
    }
    let (follower, heard) = follow(&store, place.path(), &moto());
    assert!(follower.flush(LONG));
    follower.end();
    let refused: BTreeSet<u64> = heard
        .iter()
        .flat_map(|notice| match notice {
            Notice::Refused(refused) => refused.seqs,
            other => panic!("{other:?}"),
        })
        .collect();
    // moto gives the index of the last that is too old, where the service gives the one behind it.
    assert!(refused.contains(&0) && refused.contains(&2) && !refused.contains(&3), "{refused:?}");
    let seqs: Vec<u64> = stored().iter().map(|event| seq(event["message"].as_str().unwrap())).collect();
    assert_eq!(seqs, [3]);
}

fn an_answer_that_is_lost_brings_nothing_but_duplicates() {
    let (place, store) = (place(), Arc::new(MemoryStore::default()));
    record(&store, 1000);
    // The first three are for a group and a stream that are not there.
    let well = Turn::Answer(200, json!({}));
    let stage = stage([well.clone(), well.clone(), well, Turn::TakenAndCut]);
    assert!(follow(&store, place.path(), &stage.url).0.flush(LONG));
    let mut seqs: Vec<u64> = stored().iter().map(|event| seq(event["message"].as_str().unwrap())).collect();
    assert_eq!(seqs.len(), 2000);
    seqs.sort_unstable();
    seqs.dedup();
    assert!(seqs.into_iter().eq(0..1000));
}
