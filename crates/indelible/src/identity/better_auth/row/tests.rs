use serde_json::json;

use super::*;

const NOW: &str = "2026-11-20T12:00:00Z";

fn identity(session: Value, user: Value) -> Result<Option<Identity>, ResolveError> {
    let object = |value: Value| value.as_object().unwrap().clone();
    Found { session: object(session), user: object(user) }.identity(NOW.parse().unwrap())
}

#[test]
fn a_time_is_read_as_each_adapter_writes_it() {
    let at = Some("2026-11-20T12:00:01Z".parse().unwrap());
    for value in [
        json!("2026-11-20T12:00:01.000Z"),
        json!("2026-11-20T13:00:01+01:00"),
        json!("2026-11-20T12:00:01"),
        json!("2026-11-20 12:00:01"),
        json!(1_795_176_001),
        json!(1_795_176_001_000_i64),
        json!(1_795_176_001_000.0),
    ] {
        assert_eq!(moment(&value), at, "{value}");
    }
    for value in [json!(null), json!("soon"), json!(true), json!(i64::MAX), json!(-1)] {
        assert_eq!(moment(&value), None, "{value}");
    }
}

#[test]
fn a_session_counts_until_the_moment_at_which_it_expires() {
    for (expires, is_valid) in
        [("2026-11-20T12:00:00.001Z", true), ("2026-11-20T12:00:00.000Z", false), ("2020-01-01T00:00:00.000Z", false)]
    {
        let found = identity(json!({"id": "s1", "userId": "u1", "expiresAt": expires}), json!({"id": "u1"}));
        assert_eq!(found.unwrap().is_some(), is_valid, "{expires}");
    }
}

#[test]
fn columns_are_found_however_they_are_spelled() {
    let user = json!({"id": 7, "name": "Alice", "email": "alice@example.com", "role": "user, admin"});
    for session in [
        json!({"id": "s1", "expiresAt": "2027-01-01", "impersonatedBy": "a1"}),
        json!({"id": "s1", "expires_at": "2027-01-01", "impersonated_by": "a1"}),
    ] {
        let found = identity(session, user.clone()).unwrap().unwrap();
        assert_eq!(found.subject, Actor::user("7").name("Alice").email("alice@example.com"));
        assert_eq!((found.actor(), found.session_id.as_deref()), (&Actor::user("a1"), Some("s1")));
        assert!(found.has_scope("admin") && found.has_scope("user") && !found.has_scope("owner"));
    }
}

#[test]
fn what_an_event_could_not_carry_is_left_out() {
    let user = json!({"id": "u1", "name": "", "email": "x".repeat(2000), "role": null});
    let found = identity(json!({"id": "s1", "expiresAt": "2027-01-01", "impersonatedBy": null}), user);
    let found = found.unwrap().unwrap();
    assert_eq!((found.subject, found.acting.len()), (Actor::user("u1"), 0));
    assert!(found.credential.unwrap().scopes.is_empty());
}

#[test]
fn a_table_of_another_shape_is_an_error_and_nobodys_session() {
    assert!(identity(json!({"id": "s1"}), json!({"id": "u1"})).is_err());
    assert!(identity(json!({"id": "s1", "expiresAt": "soon"}), json!({"id": "u1"})).is_err());
    assert!(identity(json!({"id": "s1", "expiresAt": "2027-01-01"}), json!({})).is_err());
}

#[test]
fn names_of_tables_and_columns_are_quoted() {
    let tables = Tables::named("auth.session", r#"us"er"#);
    let session = json!({"user_id": "u1"});
    assert_eq!(
        tables.user_of(session.as_object().unwrap(), "u.*", "?1").unwrap(),
        r#"SELECT u.* FROM "us""er" u JOIN "auth"."session" s ON s."user_id" = u."id" WHERE s."token" = ?1"#
    );
}
