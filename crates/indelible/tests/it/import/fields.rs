//! Events checked by hand, field by field, against the records that they come from.

use indelible::{Event, import::Format};
use serde_json::{Value, json};

use super::sample;

/// The event as JSON without what every event has: the original, the key, and `source`, whose service is given.
fn fields(event: &Event, service: &str) -> Value {
    let mut event = serde_json::to_value(event).unwrap();
    let object = event.as_object_mut().unwrap();
    assert_eq!(object.remove("source").unwrap()["service"], service);
    assert!(object.remove("idempotency_key").is_some());
    let metadata = object["metadata"].as_object_mut().unwrap();
    assert!(metadata.remove("original").is_some());
    event
}

#[test]
fn openssh_accepted_and_refused() {
    assert_eq!(
        fields(&sample("openssh/crowdsec-accepted.log", 1), Format::Openssh.name()),
        json!({
            "occurred_at": "2024-09-06T09:57:21.000000Z",
            "action": "auth.login.succeeded",
            "outcome": "success",
            "actor": { "type": "user", "id": "vagrant", "name": "vagrant" },
            "credential": { "kind": "ssh_key", "type": "RSA", "id": "SHA256:1M4RzhMyWuFS/86uPY/ce2prh/dVTHW7iD2RhpquOZA" },
            "session_id": "bullseye:581",
            "targets": [{ "type": "host", "id": "bullseye" }],
            "context": { "ip": "192.168.121.1" },
            "metadata": {
                "original_action": "accepted",
                "message": "Accepted publickey for vagrant from 192.168.121.1 port 56296 ssh2: RSA SHA256:1M4RzhMyWuFS/86uPY/ce2prh/dVTHW7iD2RhpquOZA",
            },
        })
    );
}
