//! Events of a server whose operator has a database of places.

#[path = "../../../indelible/src/geo/tests/mmdb.rs"]
mod mmdb;

use serde_json::json;

use crate::server::{JSON, Server};

#[test]
fn the_server_says_where_events_come_from_and_starts_without_the_database() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("indelible.toml"), "[geo]\ncity = \"city.mmdb\"\nasn = \"asn.mmdb\"\n")
        .unwrap();
    let city = json!({"country": {"iso_code": "DE"}, "city": {"names": {"en": "Berlin"}}});
    let city = mmdb::database("GeoLite2-City", &[("203.0.113.0/24", city)]);
    std::fs::write(directory.path().join("city.mmdb"), city).unwrap();
    let server = Server::start_in(directory, &[]);
    let event = json!({"action": "auth.login.succeeded", "context": {"ip": "203.0.113.9"}});
    assert_eq!(server.post("/v1/events", JSON, event.to_string()).status, 201);
    let page = server.get("/v1/events?q=country:DE").json();
    assert_eq!(page["events"][0]["context"]["geo"], json!({"country": "DE", "city": "Berlin"}), "{page}");
    assert_eq!(page["events"].as_array().unwrap().len(), 1);
}
