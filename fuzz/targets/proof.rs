//! Any bytes as a proof file, as evidence and as an export: an error, or what is written again as the same bytes.
#![no_main]

use indelible_fuzz::{log_key, witness};
use indelible_proof::{
    cosignature::Quorum, disclosure::Disclosure, evidence::Evidence, export::ExportVerifier, tlog_proof::TlogProof,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let log = [log_key().verifier().clone()];
    let quorum = Quorum::new(vec![witness().verifier().clone()], 1).unwrap();
    if let Ok(disclosure) = Disclosure::from_json(bytes) {
        assert_eq!(disclosure.to_json(), bytes);
        let entry = disclosure.entry();
        let _ = disclosure.event();
        assert_eq!(disclosure.without_who().without_what().entry(), entry, "what is withheld changes no leaf");
    }
    if let Ok(proof) = TlogProof::parse(bytes) {
        assert_eq!(proof.to_string().as_bytes(), bytes);
    }
    if let Ok(evidence) = Evidence::parse(bytes) {
        assert_eq!(evidence.to_string().as_bytes(), bytes);
        if let Ok(proven) = evidence.verify(&log, &quorum) {
            assert!(proven.seq < proven.checkpoint.size() && proven.witnesses.len() == 1);
        }
    }
    let mut export = ExportVerifier::new();
    if bytes.split_inclusive(|byte| *byte == b'\n').all(|line| export.line(line).is_ok()) {
        if let Ok(proven) = export.finish(&log, &quorum) {
            assert!(proven.events <= proven.checkpoint.size() && proven.witnesses.len() == 1);
            assert_eq!(proven.is_whole(), proven.events == proven.checkpoint.size());
        }
    }
});
