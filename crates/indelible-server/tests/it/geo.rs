//! Events of a server whose operator has a database of places.

#[path = "../../../indelible/src/geo/tests/mmdb.rs"]
mod mmdb;

use std::{fs::Permissions, os::unix::fs::PermissionsExt};

use serde_json::{Value, json};

use crate::{
    cli::Shell,
    server::{JSON, Server},
};

fn cities() -> Vec<u8> {
    let city = json!({"country": {"iso_code": "DE"}, "city": {"names": {"en": "Berlin"}}});
    mmdb::database("GeoLite2-City", &[("203.0.113.0/24", city)])
}

#[test]
fn commands_that_write_a_data_directory_say_where_events_come_from_as_the_server_does() {
    let shell = Shell::new();
    shell.write("city.mmdb", cities());
    shell.write("other.toml", "[geo]\ncity = \"city.mmdb\"\n");
    shell.write("events.jsonl", r#"{"action":"auth.logout","context":{"ip":"203.0.113.9"}}"#);
    shell.run(&["import", "events.jsonl", "--format", "indelible", "--config", "other.toml", "--json"]).ok();
    shell.write("indelible.toml", "[geo]\ncity = \"city.mmdb\"\nasn = \"asn.mmdb\"\n");
    let done = shell.run(&["record", "auth.login.succeeded", "--ip", "203.0.113.9"]);
    assert_eq!(
        (done.code, done.err.as_str()),
        (Some(0), "note: asn.mmdb: there is no such file yet; it is taken when it appears\n")
    );
    let found = shell.run(&["list", "country:DE city:Berlin", "--json"]).ok();
    let actions: Vec<Value> =
        found.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["action"].clone()).collect();
    assert_eq!(actions, ["auth.login.succeeded", "auth.logout"]);
}

#[test]
fn the_doctor_knows_the_databases_keys_and_secrets_of_the_configuration() {
    let shell = Shell::new();
    shell.run(&["record", "auth.logout"]).ok();
    shell.write("city.mmdb", cities());
    shell.write("hook.secret", "correct horse battery");
    std::fs::set_permissions(shell.path("hook.secret"), Permissions::from_mode(0o600)).unwrap();
    let hook = "[webhooks.code]\nformat = \"github\"\nsecret_file = \"hook.secret\"\n";
    shell.write("indelible.toml", format!("[geo]\ncity = \"city.mmdb\"\nasn = \"city.mmdb\"\n{hook}"));
    let found = shell.run(&["doctor"]).ok();
    assert!(
        found.contains("warning  places       city.mmdb: addresses are looked up in it (GeoLite2-City of 2023-11-14)"),
        "{found}"
    );
    assert!(found.contains("[geo] has city for cities or countries") && !found.contains("addresses move"), "{found}");
    assert!(found.contains("ok       receivers    the secrets and keys of code are there"), "{found}");
    assert!(found.contains("ok       fingerprint  no key of fingerprints yet"), "{found}");
    shell.write(
        "indelible.toml",
        format!("[geo]\ncity = \"city.mmdb\"\nasn = \"asn.mmdb\"\n[tokens]\nvault_key_file = \"vault\"\n{hook}"),
    );
    shell.write("data/state.db", "");
    std::fs::set_permissions(shell.path("hook.secret"), Permissions::from_mode(0o604)).unwrap();
    let done = shell.run(&["doctor"]);
    assert_eq!(done.code, Some(1));
    for line in [
        "addresses move",
        "warning  places       asn.mmdb: there is no such file yet",
        "problem  receivers    [webhooks.code]: hook.secret: others than its owner",
        "problem  fingerprint  data/keys/fingerprint.key: ",
        "problem  vault        vault: ",
    ] {
        assert!(done.out.contains(line), "{line}: {}", done.out);
    }
    shell.write("indelible.toml", "geos = 1");
    assert!(shell.run(&["doctor"]).out.contains("problem  config       indelible.toml: unknown option `geos`"));
}

#[test]
fn the_server_says_where_events_come_from_and_starts_without_the_database() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("indelible.toml"), "[geo]\ncity = \"city.mmdb\"\nasn = \"asn.mmdb\"\n")
        .unwrap();
    std::fs::write(directory.path().join("city.mmdb"), cities()).unwrap();
    let server = Server::start_in(directory, &[]);
    let event = json!({"action": "auth.login.succeeded", "context": {"ip": "203.0.113.9"}});
    assert_eq!(server.post("/v1/events", JSON, event.to_string()).status, 201);
    let page = server.get("/v1/events?q=country:DE").json();
    assert_eq!(page["events"][0]["context"]["geo"], json!({"country": "DE", "city": "Berlin"}), "{page}");
    assert_eq!(page["events"].as_array().unwrap().len(), 1);
}
