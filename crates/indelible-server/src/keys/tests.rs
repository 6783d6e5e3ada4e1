use std::{path::Path, sync::Arc};

use indelible::{MemoryStore, Recorder};
use indelible_proof::{Actor, Event, Timestamp};

use super::{Ability, Keys, KeysError, NewKey, Reach, Refused};

fn at(seconds: i64) -> Timestamp {
    Timestamp::saturating_from_micros(seconds * 1_000_000)
}

fn new(tenant: &str) -> NewKey {
    NewKey {
        name: "test".to_owned(),
        tenant: Reach::from(tenant.to_owned()),
        abilities: vec![Ability::EventsRead],
        expires_at: None,
    }
}

fn open(data: &Path) -> Keys {
    Keys::open(data).unwrap()
}

#[test]
fn a_key_counts_after_a_restart_and_its_secret_is_nowhere_on_disk() {
    let data = tempfile::tempdir().unwrap();
    let (key, secret) = open(data.path()).create(new("acme"), at(1), None).unwrap();
    assert_eq!(open(data.path()).authenticate(secret.expose(), at(2)).unwrap().id, key.id);
    let file = std::fs::read_to_string(data.path().join("keys/api-keys.json")).unwrap();
    assert!(!file.contains(secret.expose()));
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let data = tempfile::tempdir().unwrap();
    open(data.path()).create(new("acme"), at(1), None).unwrap();
    let metadata = std::fs::metadata(data.path().join("keys/api-keys.json")).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
}

#[test]
fn unknown_expired_and_revoked_keys_are_refused() {
    let data = tempfile::tempdir().unwrap();
    let keys = open(data.path());
    let (_, expiring) = keys.create(NewKey { expires_at: Some(at(10)), ..new("acme") }, at(1), None).unwrap();
    let (revoked_key, revoked) = keys.create(new("acme"), at(1), None).unwrap();
    keys.revoke(&revoked_key.id, &Reach::All, at(2), &|event| event).unwrap().unwrap();
    assert!(keys.authenticate(expiring.expose(), at(9)).is_ok());
    assert_eq!(keys.authenticate(expiring.expose(), at(10)).unwrap_err().0, Refused::Expired);
    assert_eq!(keys.authenticate(revoked.expose(), at(3)).unwrap_err().0, Refused::Revoked);
    assert_eq!(keys.authenticate("ik_0", at(3)).unwrap_err().0, Refused::Unknown);
}

#[test]
fn a_key_out_of_reach_cannot_be_revoked() {
    let data = tempfile::tempdir().unwrap();
    let keys = open(data.path());
    let (key, secret) = keys.create(new("acme"), at(1), None).unwrap();
    assert!(keys.revoke(&key.id, &Reach::Tenant("globex".to_owned()), at(2), &|event| event).unwrap().is_none());
    assert!(keys.authenticate(secret.expose(), at(3)).is_ok());
}

#[test]
fn the_last_use_is_written_down_and_never_goes_back() {
    let data = tempfile::tempdir().unwrap();
    let keys = open(data.path());
    let (_, secret) = keys.create(new("acme"), at(1), None).unwrap();
    for second in [50, 40] {
        keys.authenticate(secret.expose(), at(second)).unwrap();
        keys.note_uses().unwrap();
    }
    assert_eq!(open(data.path()).list().unwrap()[0].last_used_at, Some(at(50)));
}

#[test]
fn changes_of_two_openers_are_both_kept() {
    let data = tempfile::tempdir().unwrap();
    let (one, other) = (open(data.path()), open(data.path()));
    one.create(new("acme"), at(1), None).unwrap();
    other.create(new("globex"), at(1), None).unwrap();
    one.create(new("acme"), at(1), None).unwrap();
    assert_eq!(other.list().unwrap().len(), 3);
}

#[test]
fn a_wrong_field_of_a_new_key_is_named() {
    let data = tempfile::tempdir().unwrap();
    let keys = open(data.path());
    let field = |new: NewKey| match keys.create(new, at(5), None) {
        Err(KeysError::Invalid { field, .. }) => field,
        other => panic!("{other:?}"),
    };
    assert_eq!(field(NewKey { name: String::new(), ..new("acme") }), "name");
    assert_eq!(field(new("")), "tenant");
    assert_eq!(field(NewKey { abilities: Vec::new(), ..new("acme") }), "abilities");
    assert_eq!(field(NewKey { expires_at: Some(at(5)), ..new("acme") }), "expires_at");
}

#[test]
fn a_damaged_file_is_reported_not_replaced() {
    let data = tempfile::tempdir().unwrap();
    std::fs::create_dir(data.path().join("keys")).unwrap();
    let path = data.path().join("keys/api-keys.json");
    std::fs::write(&path, "{\"keys\": [").unwrap();
    assert!(matches!(Keys::open(data.path()), Err(KeysError::Damaged { .. })));
    assert_eq!(std::fs::read_to_string(path).unwrap(), "{\"keys\": [");
}

#[test]
fn what_was_done_to_a_key_is_kept_until_the_log_has_it() {
    let data = tempfile::tempdir().unwrap();
    let keys = open(data.path());
    let sign = |event: Event| event.actor(Actor::user("42"));
    let (key, _) = keys.create(new("acme"), at(1), Some(&sign)).unwrap();
    let closed = Recorder::new(Arc::new(MemoryStore::default()));
    closed.close();
    assert!(matches!(keys.tell(&closed), Err(KeysError::Untold(_))));
    for _ in 0..2 {
        open(data.path()).revoke(&key.id, &Reach::All, at(2), &sign).unwrap();
    }
    keys.note_uses().unwrap();
    let store = Arc::new(MemoryStore::default());
    for _ in 0..2 {
        open(data.path()).tell(&Recorder::new(store.clone())).unwrap();
    }
    let told: Vec<Event> = store.recorded().into_iter().map(|recorded| recorded.event).collect();
    let actions: Vec<&str> = told.iter().map(|event| event.action.as_str()).collect();
    assert_eq!(actions, ["audit.api_key.created", "audit.api_key.revoked"]);
    for event in &told {
        assert_eq!((event.tenant.as_deref(), event.targets[0].id.as_ref()), (Some("acme"), Some(&key.id)));
        assert_eq!(event.actor, Some(Actor::user("42")));
    }
    assert_ne!(told[0].idempotency_key, told[1].idempotency_key);
}
