//! Many at once, on the same tokens.

use std::{
    collections::HashMap,
    sync::{
        Barrier, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use indelible::tokens::{Attempt, RevocationMode, Revoke, Rotate, RotationMode, TokenError};

use super::{Bench, bench::sk, consistent::assert_consistent};

const TASKS: usize = 64;
const TOKENS: usize = 8;

/// A token's text, and whether its revocation was acknowledged.
struct Watched {
    id: String,
    text: String,
    is_revoked: AtomicBool,
}

#[test]
fn no_check_succeeds_after_the_revocation_was_acknowledged() {
    let bench = Bench::with(|builder| builder.log_usage(false));
    let watch = |issued: indelible::tokens::Issued| Watched {
        id: issued.token.id,
        text: issued.plaintext.reveal().to_owned(),
        is_revoked: AtomicBool::new(false),
    };
    let all: Mutex<Vec<&'static Watched>> = Mutex::default();
    let add = |watched: Watched| all.lock().unwrap().push(Box::leak(Box::new(watched)));
    (0..TOKENS).for_each(|_| add(watch(bench.secret_key())));
    let pick = |at: usize| {
        let all = all.lock().unwrap();
        all[at % all.len()]
    };
    let (start, accepted, refused) = (Barrier::new(TASKS), AtomicUsize::new(0), AtomicUsize::new(0));
    let verify = |at: usize| {
        let watched = pick(at);
        let was_revoked = watched.is_revoked.load(Ordering::SeqCst);
        match bench.tokens.verify(Attempt::new(&watched.text)) {
            Ok(_) => {
                assert!(!was_revoked, "accepted after its revocation was acknowledged");
                accepted.fetch_add(1, Ordering::Relaxed);
            }
            Err(_) => _ = refused.fetch_add(1, Ordering::Relaxed),
        }
    };
    let change = |at: usize| {
        let watched = pick(at);
        if at.is_multiple_of(3) {
            bench.tokens.revoke(&Revoke::new(&watched.id).mode(RevocationMode::Descendants)).unwrap();
            watched.is_revoked.store(true, Ordering::SeqCst);
        } else {
            let mode = if at.is_multiple_of(2) { RotationMode::Dual } else { RotationMode::Immediate };
            match bench.tokens.rotate(&Rotate::new(&watched.id).mode(mode)) {
                Ok(issued) => {
                    add(watch(issued));
                    let is_ended = mode == RotationMode::Immediate;
                    watched.is_revoked.fetch_or(is_ended, Ordering::SeqCst);
                }
                Err(TokenError::NotActive { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
    };
    thread::scope(|scope| {
        for task in 0..TASKS {
            let (start, verify, change) = (&start, &verify, &change);
            scope.spawn(move || {
                start.wait();
                for turn in 0..40 {
                    (0..5).for_each(|nth| verify(7 * task + 3 * turn + nth));
                    if turn % 10 == task % 10 {
                        change(task + turn);
                    }
                }
            });
        }
    });
    assert!(accepted.into_inner() > 0 && refused.into_inner() > 0);
    let by_id: HashMap<_, _> = all.lock().unwrap().iter().map(|watched| (watched.id.as_str(), *watched)).collect();
    assert_eq!(super::consistent::kept(&bench.tokens).len(), by_id.len());
    assert_consistent(&bench.tokens, &*bench.store);
}

#[test]
fn a_rate_limit_holds_however_many_ask_at_once() {
    let bench = Bench::new();
    let issued = bench.tokens.issue(&sk().rate_limit(100.try_into().unwrap())).unwrap();
    let accepted = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..TASKS {
            scope.spawn(|| {
                let verify = || bench.tokens.verify(Attempt::new(issued.plaintext.reveal())).is_ok();
                accepted.fetch_add((0..10).filter(|_| verify()).count(), Ordering::Relaxed);
            });
        }
    });
    assert_eq!(accepted.into_inner(), 100);
}
