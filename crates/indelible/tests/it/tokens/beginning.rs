//! A service that could never do what it was told does not begin.

use std::sync::Arc;

use indelible::{
    MemoryStore, Recorder,
    tokens::{Builder, Kind, Kinds, Rates, StartError, Tokens},
};
use serde_json::json;

use super::bench::sk;

/// Why a service that was told something does not begin.
fn refused(told: impl FnOnce(Builder) -> Builder) -> Option<StartError> {
    let directory = tempfile::tempdir().unwrap();
    let builder = Tokens::builder(Recorder::new(Arc::new(MemoryStore::default())));
    told(builder).open(directory.path().join("state.db")).err()
}

#[test]
fn the_files_of_a_database_stay_so_that_it_opens_again_where_none_can_be_made() {
    let directory = tempfile::tempdir().unwrap();
    let builder = Tokens::builder(Recorder::new(Arc::new(MemoryStore::default())));
    let tokens = builder.open(directory.path().join("state.db")).unwrap();
    tokens.issue(&sk()).unwrap();
    tokens.close();
    drop(tokens);
    for file in ["state.db-wal", "state.db-shm"] {
        assert!(directory.path().join(file).exists(), "{file}");
    }
}

#[test]
fn what_is_revealable_needs_a_vault() {
    let kinds = Kinds::default().with("rv", Kind { revealable: true, ..Kind::new("Revealable", "rv") }).unwrap();
    assert!(matches!(refused(|builder| builder.kinds(kinds)), Some(StartError::NoVault { kind }) if kind == "rv"));
}

#[test]
fn some_type_is_for_the_environment_of_those_who_say_none() {
    for nowhere in ["", "production", "pröd"] {
        let error = refused(|builder| builder.environment(nowhere)).unwrap();
        assert!(matches!(&error, StartError::NoSuchEnvironment { environment } if environment == nowhere), "{error}");
    }
    let kind = Kind { environments: vec!["production".to_owned()], ..Kind::new("Integration", "int") };
    let kinds = Kinds::default().with("int", kind).unwrap();
    assert!(refused(|builder| builder.environment("production").kinds(kinds)).is_none());
}

#[test]
fn a_rate_is_of_a_type_and_an_environment_that_there_are() {
    let rates = |rates| serde_json::from_value::<Rates>(json!({ "types": rates })).unwrap();
    for of_nothing in [json!({"kk": {"live": 5}}), json!({"sk": {"moon": 5}})] {
        let error = refused(|builder| builder.rates(rates(of_nothing))).unwrap();
        assert!(matches!(&error, StartError::RateOfNothing { .. }), "{error}");
    }
    assert!(refused(|builder| builder.rates(rates(json!({"sk": {"live": 5}})))).is_none());
}
