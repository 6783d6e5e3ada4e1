use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
        mpsc,
    },
};

use indelible::{Decision, Durability, Event, Log, LogConfig, Recorder, Store, Timestamp};
use serde_json::{Value, json};
use tokio::{runtime::Runtime, sync::oneshot};

use super::Server;
use crate::{
    clock,
    config::{Config, Options},
};

const DAY_US: i64 = 24 * 3_600_000_000;

/// A log with three events of a hundred days ago and one of today, whose recorder waits before it tells of retention.
fn old_log(data: &Path, go_on: mpsc::Receiver<()>) -> (Arc<Log>, Recorder) {
    let now = clock::now().as_micros();
    let time = Arc::new(AtomicI64::new(now - 100 * DAY_US));
    let tell = {
        let time = Arc::clone(&time);
        move || Timestamp::saturating_from_micros(time.load(Ordering::Relaxed))
    };
    let log = Arc::new(Log::open(LogConfig::new(data, Arc::new(tell.clone()))).unwrap());
    let go_on = Mutex::new(go_on);
    let recorder =
        Recorder::builder(Arc::clone(&log) as Arc<dyn Store>).clock(tell).before(move |event: &mut Event| {
            if event.action == "audit.retention.applied" {
                go_on.lock().unwrap().recv().unwrap();
            }
            Decision::Record
        });
    let recorder = recorder.build();
    recorder.record_all(vec![Event::new("a.b"); 3], Durability::Durable).unwrap();
    time.store(now, Ordering::Relaxed);
    recorder.record(Event::new("a.b")).unwrap();
    log.seal_now().unwrap();
    (log, recorder)
}

#[test]
fn a_removal_that_takes_long_goes_on_behind_its_answer() {
    let directory = tempfile::tempdir().unwrap();
    let (go_on, waits) = mpsc::channel();
    let (log, recorder) = old_log(directory.path(), waits);
    let config = Config {
        data: directory.path().to_owned(),
        listen: ([127, 0, 0, 1], 0).into(),
        request_timeout_s: 1,
        ..Config::load(Options::default(), None).unwrap()
    };
    let runtime = Runtime::new().unwrap();
    let server = runtime.block_on(Server::bind(log, recorder, config)).unwrap();
    let (url, key) = (server.url(), server.first_key.as_ref().unwrap().expose().to_owned());
    let (stop, stopped) = oneshot::channel::<()>();
    let running = runtime.spawn(server.run(async { drop(stopped.await) }));

    let retain = |asked: Value| {
        let request = ureq::post(format!("{url}/v1/retention")).header("authorization", format!("Bearer {key}"));
        let mut answer = request.send(asked.to_string()).unwrap();
        let told: Value = serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap();
        (answer.status().as_u16(), told)
    };
    let (status, begun) = retain(json!({"days": 90}));
    assert_eq!(
        (status, &begun["done"], &begun["events"], &begun["first_seq"]),
        (202, &false.into(), &3.into(), &3.into())
    );
    let (status, planned) = retain(json!({"days": 90, "dry_run": true}));
    assert_eq!(
        (status, &planned["dry_run"], &planned["done"]),
        (200, &true.into(), &true.into()),
        "who asks need not wait"
    );
    go_on.send(()).unwrap();
    // It has its turn after the first one.
    let (status, again) = retain(json!({"days": 90}));
    assert_eq!((status, &again["events"], &again["first_seq"]), (200, &0.into(), &3.into()));
    stop.send(()).unwrap();
    runtime.block_on(running).unwrap();
}
