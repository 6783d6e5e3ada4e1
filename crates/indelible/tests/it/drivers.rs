//! Drivers by name, stacks, and the logs that are read through them.

mod activity;
mod followers;
mod setup;
mod token_log;

use std::sync::Arc;

use indelible::{
    Event, MemoryStore, NullStore, Recorder, Store,
    drivers::{DriverError, Drivers},
};

fn record(store: &Arc<dyn Store>, action: &str) {
    Recorder::new(Arc::clone(store)).record(Event::new(action)).unwrap();
}

#[test]
fn a_driver_is_found_by_its_name_and_the_default_is_always_said() {
    let main = Arc::new(MemoryStore::default());
    let mut drivers = Drivers::new("main", main.clone());
    drivers.register("archive", Arc::new(MemoryStore::default())).unwrap();
    drivers.register("off", Arc::new(NullStore::default())).unwrap();
    assert_eq!(drivers.names().collect::<Vec<_>>(), ["archive", "main", "off"]);
    assert!(drivers.has("off") && !drivers.has("other") && drivers.get("other").is_none());
    assert_eq!(drivers.default_name(), "main", "what is registered later changes nothing");
    record(drivers.default(), "token.created");
    main.assert_recorded("action:token.created");

    drivers.set_default("archive").unwrap();
    record(drivers.default(), "token.rotated");
    main.assert_not_recorded("action:token.rotated");
    assert_eq!(drivers.get("archive").unwrap().status().next_seq, 1);
}

#[test]
fn a_name_stands_for_one_driver_and_none_is_replaced_silently() {
    let mut drivers = Drivers::new("main", Arc::new(MemoryStore::default()));
    let again = drivers.register("main", Arc::new(NullStore::default()));
    assert!(matches!(again, Err(DriverError::Taken(name)) if name == "main"));
    assert!(matches!(drivers.set_default("other"), Err(DriverError::Unknown(name)) if name == "other"));
    assert!(matches!(drivers.register_activity("a", "other", "a"), Err(DriverError::Unknown(_))));
    assert_eq!(drivers.default_name(), "main");
}

#[test]
fn closing_closes_every_store() {
    let (main, other) = (Arc::new(MemoryStore::default()), Arc::new(MemoryStore::default()));
    let mut drivers = Drivers::new("main", main.clone());
    drivers.register("other", other.clone()).unwrap();
    drivers.close();
    for store in [main, other] {
        assert!(Recorder::new(store).record(Event::new("token.created")).is_err());
    }
}
