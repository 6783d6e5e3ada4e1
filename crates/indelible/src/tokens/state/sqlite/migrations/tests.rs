use super::*;

#[test]
fn what_was_revoked_before_the_second_version_stays_revoked_and_what_is_to_be_is_not_yet() {
    let mut connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(MIGRATIONS[0]).unwrap();
    for (id, revoked_at) in [("a", None), ("b", Some(1)), ("c", Some(i64::MAX))] {
        let insert =
            "INSERT INTO tokens (id, tenant, kind, environment, prefix, last_four, hash, owner_type, owner_id, name,
            abilities, metadata, allowed_ips, allowed_domains, depth, created_at, revision, revoked_at)
            VALUES (?1, '', '', '', '', '', CAST(?1 AS BLOB), '', '', '', '[]', '{}', '[]', '[]', 0, 0, 1, ?2)";
        connection.execute(insert, rusqlite::params![id, revoked_at]).unwrap();
    }
    connection.pragma_update(None, "user_version", 1).unwrap();
    run(&mut connection).unwrap();
    let mut revoked = connection.prepare("SELECT revoked FROM tokens ORDER BY id").unwrap();
    let revoked: Vec<bool> = revoked.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert_eq!(revoked, [false, true, false]);
}
