//! What follows the log: `[drivers.NAME]` of the file.

use std::collections::BTreeMap;

use indelible::drivers::Spec;
use serde::{Deserialize, Serialize};

/// The drivers beside the log itself, which is the authoritative one: each gets all that is recorded, behind a cursor of
/// its own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Followers {
    /// By name.
    pub(crate) drivers: BTreeMap<String, Spec>,
}

impl Followers {
    /// Their lines of an `indelible.toml`, or an example where there are none.
    pub(super) fn to_toml(&self) -> String {
        let heading = "\n# Where all that is recorded goes too, each behind a cursor of its own in data/drivers/. The log is the authoritative \
                       one:\n# what it refuses goes nowhere, and a driver that fails stops nobody. Kinds: cloudwatch, local (a second log, e.g. on\n\
                       # another disk). AWS credentials: from the environment, or credentials_file and profile.\n";
        let lines = if self.drivers.is_empty() {
            "# [drivers.cloud]\n# driver = \"cloudwatch\"\n# log_group = \"/acme/audit\"\n# log_stream = \"main\"\n# region = \"eu-central-1\"\n\
             # [drivers.second]\n# driver = \"local\"\n# path = \"/mnt/second/audit\"\n"
                .to_owned()
        } else {
            // It came out of TOML: it can be written.
            toml::to_string(self).unwrap_or_default()
        };
        format!("{heading}{lines}")
    }
}
