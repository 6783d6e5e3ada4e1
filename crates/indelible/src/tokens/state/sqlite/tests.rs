use super::*;

#[test]
fn a_look_up_does_not_wait_for_a_search() {
    let directory = tempfile::tempdir().unwrap();
    let state = Sqlite::open(&directory.path().join("state.db")).unwrap();
    let _searching = state.searcher();
    assert!(state.by_hash("acme", &[0; 32]).unwrap().is_none());
    assert!(state.get("acme", "tok_7").unwrap().is_none());
}
