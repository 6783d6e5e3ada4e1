//! Where a witness stands, for whoever watches over the log.

use indelible_proof::{
    Timestamp,
    checkpoint::Checkpoint,
    note::{Note, VerifierKey},
};

use crate::config::WitnessAt;

/// What is known of a witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    /// What it is called in the configuration.
    pub(crate) name: String,
    /// Where it is.
    pub(crate) url: String,
    /// The last cosignature, if there was one.
    pub(crate) last: Option<Cosigned>,
    /// Why it did not cosign when it was asked last.
    pub(crate) error: Option<String>,
}

/// What a witness cosigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cosigned {
    /// Events of the checkpoint.
    pub(crate) size: u64,
    /// When, by the witness's clock.
    pub(crate) at: Timestamp,
}

impl Standing {
    /// Where a witness stands as far as the checkpoint tells that is kept.
    pub(super) fn new(at: &WitnessAt, key: &VerifierKey, kept: Option<&(Note, Checkpoint)>) -> Self {
        let last = kept.and_then(|(note, checkpoint)| {
            let verified = note.verify(std::slice::from_ref(key)).ok()?;
            Some(Cosigned::new(checkpoint.size(), verified.iter().find_map(|it| it.time_s)?))
        });
        let url = at.url.trim_end_matches('/').to_owned();
        Self { name: at.name.clone(), url, last, error: None }
    }
}

impl Cosigned {
    /// A cosignature of a time in seconds since 1970.
    pub(super) fn new(size: u64, time_s: u64) -> Self {
        let micros = i64::try_from(time_s).unwrap_or(i64::MAX).saturating_mul(1_000_000);
        Self { size, at: Timestamp::saturating_from_micros(micros) }
    }
}
