//! Drivers from a configuration.

use std::{sync::Arc, time::Duration};

use indelible::{
    MemoryStore,
    drivers::{Drivers, Kinds, Made, Setup, options_of},
};
use serde_json::json;

fn open(setup: serde_json::Value) -> Result<Drivers, String> {
    let setup: Setup = serde_json::from_value(setup).map_err(|error| error.to_string())?;
    setup.open(&Kinds::default(), |_, _| {}).map_err(|error| error.to_string())
}

#[test]
fn all_kinds_can_be_configured() {
    let directory = tempfile::tempdir().unwrap();
    let drivers = open(json!({
        "default": "all",
        "drivers": {
            "main": {"driver": "local", "path": directory.path().join("data"), "name": "audit.example.com"},
            "recent": {"driver": "memory", "events_max": 100},
            "off": {"driver": "null"},
            "all": {"driver": "stack", "authoritative": "main", "followers": ["recent"]},
            "bearer": {"driver": "activity", "over": "all"},
        },
    }))
    .unwrap();
    assert_eq!(drivers.names().collect::<Vec<_>>(), ["all", "bearer", "main", "off", "recent"]);
    assert_eq!(drivers.default_name(), "all");
    super::record(drivers.default(), "token.created");
    assert!(drivers.flush(Duration::from_secs(60)));
    for (name, events) in [("all", 1), ("main", 1), ("recent", 1), ("bearer", 1), ("off", 0)] {
        assert_eq!(drivers.get(name).unwrap().status().next_seq, events, "{name}");
    }
    assert!(drivers.activities("bearer", "default").is_some());
    assert!(drivers.activities("main", "default").is_none(), "it is no activity log");
    drivers.close();
}

#[test]
fn a_kind_of_ones_own_can_be_configured() {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Own {
        size: u64,
    }
    let mut kinds = Kinds::default();
    kinds.register("own", |name, options| {
        assert_eq!(name, "mine");
        let Own { size } = options_of(options)?;
        Ok(Made::Store(Arc::new(MemoryStore::new(size))))
    });
    let setup = |size: serde_json::Value| -> Setup {
        serde_json::from_value(json!({"default": "mine", "drivers": {"mine": {"driver": "own", "size": size}}}))
            .unwrap()
    };
    super::record(setup(json!(5)).open(&kinds, |_, _| {}).unwrap().default(), "token.created");
    let error = setup(json!("many")).open(&kinds, |_, _| {}).unwrap_err().to_string();
    assert!(error.starts_with("driver mine: "), "{error}");
}

#[test]
fn a_configuration_that_could_mean_something_else_is_refused() {
    let memory = json!({"driver": "memory"});
    let stack = |followers: serde_json::Value| {
        let all = json!({"driver": "stack", "authoritative": "m", "followers": followers});
        json!({"default": "all", "drivers": {"m": memory, "all": all}})
    };
    let refused = [
        (json!({"drivers": {"m": memory}}), "missing field `default`"),
        (json!({"default": "x", "drivers": {"m": memory}}), "there is no driver x"),
        (json!({"default": "m", "drivers": {"m": {"driver": "memry"}}}), "driver m: `memry` is no kind of driver"),
        (json!({"default": "m", "drivers": {"m": {"driver": "memory", "event_max": 5}}}), "unknown field `event_max`"),
        (json!({"default": "m", "drivers": {"m": {"driver": "null", "a": 1}}}), "unknown field `a`"),
        (json!({"default": "m", "drivers": {"m": {"driver": "local"}}}), "driver m: missing field `path`"),
        (stack(json!(["x"])), "x is none, or follows elsewhere"),
        (stack(json!(["m"])), "m cannot follow itself"),
        (json!({"default": "a", "drivers": {"a": {"driver": "activity", "over": "b"}}}), "there is no driver b"),
    ];
    for (setup, expected) in refused {
        let error = open(setup.clone()).unwrap_err();
        assert!(error.contains(expected), "{setup}: {error}");
    }
}
