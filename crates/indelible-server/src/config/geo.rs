//! Where events come from: `[geo]` of the file.

use std::{
    io,
    path::{Path, PathBuf},
};

use indelible::geo::{Files, News, Places};
use serde::{Deserialize, Serialize};

/// A file, of which this is a part.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Section {
    pub(super) geo: GeoConfig,
}

/// The section `[geo]`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct GeoConfig {
    /// Database of cities or countries.
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<PathBuf>,
    /// Database of autonomous systems.
    #[serde(skip_serializing_if = "Option::is_none")]
    asn: Option<PathBuf>,
}

impl GeoConfig {
    /// The databases, when there is to be one; tells what becomes of them.
    pub(crate) fn places(&self, tell: impl Fn(&News) + Send + Sync + 'static) -> io::Result<Option<Places>> {
        if *self == Self::default() {
            return Ok(None);
        }
        Places::open(Files { city: self.city.clone(), asn: self.asn.clone() }, tell).map(Some)
    }

    /// Whether what a database calls itself may be what its file is named for.
    pub(crate) fn is_for(&self, path: &Path, kind: &str) -> bool {
        let kind = kind.to_ascii_lowercase();
        let has = |words: [&str; 4]| words.iter().any(|word| kind.contains(word));
        let named = |file: &Option<PathBuf>| file.as_deref() == Some(path);
        (!named(&self.city) || has(["city", "country", "location", "enterprise"]))
            && (!named(&self.asn) || has(["asn", "isp", "as-", "enterprise"]))
    }

    /// Its lines of an `indelible.toml`, or an example where there are none.
    pub(super) fn to_toml(&self) -> String {
        let heading = "\n# Where the addresses of events are: databases in MaxMind's format. They are looked into before an event is stored, taken when\n\
                       # they appear, and read again when they change.\n";
        let example = "# [geo]\n# city = \"/usr/share/GeoIP/GeoLite2-City.mmdb\"\n# asn = \"/usr/share/GeoIP/GeoLite2-ASN.mmdb\"\n";
        let lines = match toml::to_string(&Section { geo: self.clone() }) {
            Ok(lines) if *self != Self::default() => lines,
            // Only a path that is not Unicode cannot be written as TOML.
            _ => example.to_owned(),
        };
        format!("{heading}{lines}")
    }
}
