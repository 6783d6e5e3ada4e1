//! The witnesses of the log: `[[witness]]` and `quorum` of the file.

use indelible_proof::{
    cosignature::{Quorum, QuorumError},
    note::KeyError,
};
use serde::{Deserialize, Serialize};

use crate::limits;

/// Who cosigns the checkpoints of the log, and how many have to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Witnesses {
    /// Cosignatures that a checkpoint needs before it is shown. Default: those of more than half of the witnesses. With
    /// 0 the newest checkpoint is shown at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    quorum: Option<usize>,
    /// The witnesses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) witness: Vec<WitnessAt>,
}

/// One witness.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WitnessAt {
    /// What it is called in messages.
    pub(crate) name: String,
    /// Prefix of its addresses, to which `/add-checkpoint` is added.
    pub(crate) url: String,
    /// Its public key (vkey).
    pub(crate) key: String,
}

/// Why the witnesses are no policy that could be kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WitnessesError {
    /// No key.
    #[error("the key of the witness {name}: {error}")]
    Key {
        /// The witness.
        name: String,
        /// What is wrong with its key.
        error: KeyError,
    },
    /// No address.
    #[error("the url of the witness {name} is {url}: write http:// or https://")]
    Url {
        /// The witness.
        name: String,
        /// What was written.
        url: String,
    },
    /// More of them than are ever asked.
    #[error("there are more than {} witnesses", limits::WITNESSES_MAX)]
    TooMany,
    /// The quorum cannot be reached, or two witnesses are one.
    #[error(transparent)]
    Quorum(#[from] QuorumError),
}

impl Witnesses {
    /// The keys of [`Self::witness`], in its order, and how many have to sign.
    pub(crate) fn quorum(&self) -> Result<Quorum, WitnessesError> {
        if self.witness.len() > limits::WITNESSES_MAX {
            return Err(WitnessesError::TooMany);
        }
        let mut keys = Vec::new();
        for WitnessAt { name, url, key } in &self.witness {
            if !url.starts_with("http://") && !url.starts_with("https://") {
                return Err(WitnessesError::Url { name: name.clone(), url: url.clone() });
            }
            keys.push(key.parse().map_err(|error| WitnessesError::Key { name: name.clone(), error })?);
        }
        let majority = if keys.is_empty() { 0 } else { keys.len() / 2 + 1 };
        Ok(Quorum::new(keys, self.quorum.unwrap_or(majority))?)
    }

    /// Their lines of an `indelible.toml`, or an example where there are none.
    pub(super) fn to_toml(&self) -> String {
        let heading = "# Cosignatures that a checkpoint needs before it is shown, and who may give them. Default: more than half of \
                       the\n# witnesses; with 0 the newest checkpoint is shown at once.\n";
        let lines = if *self == Self::default() {
            "# quorum = 1\n# [[witness]]\n# name = \"a name for messages\"\n# url = \"https://witness.example.com\"\n\
             # key = \"witness.example.com/w1+...\"\n"
                .to_owned()
        } else {
            // Numbers and Unicode alone: it can be written.
            toml::to_string(self).unwrap_or_default()
        };
        format!("{heading}{lines}")
    }
}
