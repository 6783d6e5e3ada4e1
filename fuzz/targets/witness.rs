//! Any bytes as a request to a witness: a refusal, or a request that is written again as the same bytes, and that is
//! granted only when it starts where the witness stands and leads to the checkpoint's own tree.
#![no_main]

use indelible_fuzz::log_key;
use indelible_proof::{
    tree::{EMPTY_ROOT, leaf},
    witness::{AddCheckpoint, Seen, decide},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let request = match AddCheckpoint::parse(bytes) {
        Ok(request) => request,
        Err(refusal) => {
            assert!((400..500).contains(&refusal.status()), "{refusal}");
            return;
        }
    };
    assert_eq!(request.to_string().as_bytes(), bytes);
    assert_eq!(decide(&request, &[], None).unwrap_err().status(), 404, "no keys: an unknown log");
    let keys = [log_key().verifier().clone()];
    let known = [None, Some(Seen { size: 0, root: EMPTY_ROOT }), Some(Seen { size: 1, root: leaf(b"0") })];
    for seen in known {
        if let Ok(now) = decide(&request, &keys, seen.as_ref()) {
            assert_eq!((now.size, now.root), (request.checkpoint().size(), *request.checkpoint().root()));
            assert!(now.size >= seen.map_or(0, |seen| seen.size), "a witness never goes back");
        }
    }
});
