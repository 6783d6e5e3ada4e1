use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use indelible_engine::fs::SimulatedFs;
use indelible_proof::Actor;

use super::*;
use crate::{Decision, LogConfig, Store};

#[test]
fn days_are_digits_from_1_on_and_everything_else_is_refused_with_what_to_give() {
    for (text, days) in [("1", 1), ("90", 90), ("090", 90), ("36500", 36_500)] {
        assert_eq!(text.parse::<Days>().unwrap().get(), days);
    }
    for text in ["", "0", "00", "-1", "+90", "abc", "9o", "90d", "1.5", " 90", "36501", "99999999999999999999", "٩٠"]
    {
        let error = text.parse::<Days>().unwrap_err().to_string();
        assert!(error.contains(&format!("{text:?}")) && error.contains("from 1 to 36500"), "{error}");
    }
    assert!(Days::new(0).is_err());
}

#[test]
fn what_goes_is_recorded_with_who_did_it_unless_a_hook_forbids_it() {
    let clock = Arc::new(AtomicI64::new(1_795_176_000_000_000));
    let now = {
        let clock = Arc::clone(&clock);
        move || Timestamp::saturating_from_micros(clock.load(Ordering::Relaxed))
    };
    let config = LogConfig { fs: Arc::new(SimulatedFs::new(1)), ..LogConfig::new("/log", Arc::new(now.clone())) };
    let log = Arc::new(Log::open(config).unwrap());
    let recorder = Recorder::builder(Arc::clone(&log) as Arc<dyn Store>).clock(now.clone()).build();
    recorder.record(Event::new("auth.login.succeeded")).unwrap();
    clock.fetch_add(3 * DAY_US, Ordering::Relaxed);
    recorder.record(Event::new("auth.login.succeeded")).unwrap();
    log.seal_now().unwrap();

    let silent = Recorder::builder(Arc::clone(&log) as Arc<dyn Store>).before(|_| Decision::Suppress).build();
    let before = Days::new(2).unwrap().before(now());
    let error = retain(&log, &silent, before, &[], &|_, _| (), |event| event).unwrap_err();
    assert!(error.to_string().contains("a hook suppressed it"), "{error}");
    assert_eq!(log.status().first_seq, 0);

    let by = |event: Event| event.actor(Actor::new("system", "nightly job"));
    let expired = retain(&log, &recorder, before, &[], &|_, _| (), by).unwrap().unwrap();
    assert_eq!((expired.first_seq, expired.events, log.status().first_seq), (1, 1, 1));
    let told = log.get(None, log.retention().unwrap().event).unwrap().unwrap().event;
    assert_eq!(told.action, RETENTION_APPLIED);
    assert_eq!(told.actor.unwrap().id.as_deref(), Some("nightly job"));
    assert_eq!((&told.metadata["first_seq"], &told.metadata["events"]), (&1.into(), &1.into()));
    log.verify(&[], &|_, _| ()).unwrap();
}
