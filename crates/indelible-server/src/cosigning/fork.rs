//! That the log forked, in words that an operator can act upon.

use std::fmt;

use indelible_proof::tree::ProofError;

/// Somebody has cosigned a history of this log that is not its own: it was rolled back or altered, or a copy of it went
/// on elsewhere. Nothing more may be recorded, for each event would deepen the fork.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fork {
    cause: String,
    after: &'static str,
}

/// What a witness says holds until an operator has looked into it.
const TOLD: &str = ". Then remove witnesses/forked from the data directory and start again. If it is the witness that \
                    is wrong, take it out of the configuration first";
/// What the data directory itself says is seen anew at each start.
const SEEN: &str = ", and start again";

impl Fork {
    /// A witness has cosigned more than there is.
    pub(super) fn behind_witness(witness: &str, seen: u64, size: u64, shown_at: &str) -> Self {
        Self::told(format!(
            "the witness {witness} has cosigned a checkpoint of this log with {seen} events, and the log has {size} \
             ({shown_at} may show that checkpoint)"
        ))
    }

    /// A witness has cosigned something else.
    pub(super) fn beside_witness(witness: &str, seen: u64, said: &str, shown_at: &str) -> Self {
        Self::told(format!(
            "the witness {witness} says that this log does not extend the checkpoint with {seen} events that it has \
             cosigned ({shown_at} may show that checkpoint): {said}"
        ))
    }

    /// The cosigned checkpoint in the data directory has more than there is.
    pub(super) fn behind_kept(kept: u64, size: u64) -> Self {
        let cause = format!(
            "witnesses/cosigned in the data directory is a checkpoint of this log with {kept} events, and the log has {size}"
        );
        Self { cause, after: SEEN }
    }

    /// The cosigned checkpoint in the data directory is of something else.
    pub(super) fn beside_kept(kept: u64, error: ProofError) -> Self {
        let cause = format!(
            "the log does not extend its own checkpoint with {kept} events in witnesses/cosigned of the data directory: {error}"
        );
        Self { cause, after: SEEN }
    }

    /// As it was written down.
    pub(super) fn from_text(text: &str) -> Self {
        Self::told(text.lines().next().unwrap_or_default().to_owned())
    }

    fn told(cause: String) -> Self {
        Self { cause, after: TOLD }
    }

    /// What contradicts the log.
    pub(super) fn cause(&self) -> &str {
        &self.cause
    }
}

impl fmt::Display for Fork {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cause, after } = self;
        write!(
            out,
            "the log forked: {cause}. It was rolled back or altered, or a copy of it went on elsewhere, so nothing is recorded \
             any more. A log that has lost events for good has to begin anew under another name; else put the data directory \
             right from where the true history is{after}"
        )
    }
}
