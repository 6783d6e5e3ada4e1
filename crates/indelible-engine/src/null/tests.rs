use indelible_proof::{Event, Timestamp};

use super::NullStore;
use crate::{
    conformance,
    query::{Aggregate, Cancel, Filter, Query, Value},
    store::{Durability, Ready, Redacted, Store},
};

#[test]
fn it_conforms_where_nothing_is_read() {
    conformance::receipts_count_on_without_gaps(&NullStore::default());
    conformance::a_batch_too_large_stores_nothing(&NullStore::default());
    conformance::a_closed_store_takes_nothing(&NullStore::default());
    conformance::listeners_hear_of_commits_in_order(&NullStore::default());
}

#[test]
fn it_counts_and_keeps_nothing() {
    let store = NullStore::default();
    let ready = Ready::new(Redacted::vouched(Event::new("a.b")), Timestamp::MIN).unwrap();
    store.append(vec![ready], Durability::Durable).unwrap().wait().unwrap();
    assert_eq!(store.status().next_seq, 1);
    assert_eq!(store.get(None, 0).unwrap(), None);
    assert!(store.query(&Query::newest(Filter::default()), &Cancel::default()).unwrap().events.is_empty());
    let table = store.aggregate(&Aggregate::count(Filter::default()), &Cancel::default()).unwrap();
    assert_eq!(table.rows, [[Value::Int(0)]]);
}
