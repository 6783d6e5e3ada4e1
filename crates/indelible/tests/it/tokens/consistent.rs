//! What holds of database and log at any time that nothing is on its way between them.

use std::collections::HashSet;

use indelible::{
    Cancel, Event, Filter, Query, Store,
    tokens::{Find, Token, Tokens},
};

/// All that the log has, oldest first.
pub(super) fn recorded(store: &dyn Store) -> Vec<Event> {
    let mut query = Query { limit: 1000, ..Query::newest(Filter::default()) };
    let mut events = Vec::new();
    loop {
        let page = store.query(&query, &Cancel::default()).unwrap();
        events.extend(page.events.into_iter().map(|recorded| recorded.event));
        query.after = page.next;
        if query.after.is_none() {
            events.reverse();
            return events;
        }
    }
}

/// All tokens, newest first.
pub(super) fn kept(tokens: &Tokens) -> Vec<Token> {
    let mut kept = Vec::new();
    let mut find = Find::default().limit(1000);
    loop {
        let (page, next) = tokens.find(find.clone()).unwrap();
        kept.extend(page);
        match next {
            Some(next) => find = find.after(next),
            None => return kept,
        }
    }
}

/// Each token has its `token.created` and what became of it, each event its token, and none is there twice.
#[track_caller]
pub(super) fn assert_consistent(tokens: &Tokens, store: &dyn Store) {
    let (kept, events) = (kept(tokens), recorded(store));
    let events: Vec<_> = events.into_iter().filter(|event| event.idempotency_key.is_some()).collect();
    let keys: HashSet<_> = events.iter().map(|event| &event.idempotency_key).collect();
    assert_eq!(keys.len(), events.len(), "an event is there twice");
    let of = |action: &str| -> Vec<&str> {
        let targets = events.iter().filter(|event| event.action == action).filter_map(|event| event.targets.first());
        targets.filter_map(|target| target.id.as_deref()).collect()
    };
    let (mut created, mut ids) = (of("token.created"), kept.iter().map(|token| token.id.as_str()).collect::<Vec<_>>());
    created.sort_unstable();
    ids.sort_unstable();
    assert_eq!(created, ids, "each token has one event of its making, and each such event a token");
    let (told, rotated) = (of("token.revoked"), of("token.rotated"));
    for token in &kept {
        let (was_revoked, was_rotated) = (told.contains(&&*token.id), rotated.contains(&&*token.id));
        assert!(token.revoked_at.is_some() || !was_revoked, "the log says that a token was revoked, and it is not");
        assert!(token.revoked_at.is_none() || was_revoked || was_rotated, "a revocation that the log knows nothing of");
        assert_eq!(token.rotated_to.is_some(), was_rotated);
    }
}
