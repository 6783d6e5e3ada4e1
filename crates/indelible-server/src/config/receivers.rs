//! Who may send events without an API key: `[webhooks.NAME]` and `[security_events.NAME]` of the file.

use std::{collections::BTreeMap, path::PathBuf};

use indelible::import::Format;
use indelible_proof::TENANT_DEFAULT;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// Where events come from besides.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ReceiversConfig {
    /// By the name in their path.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) webhooks: BTreeMap<String, WebhookConfig>,
    /// By the name in their path.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) security_events: BTreeMap<String, IssuerConfig>,
}

/// A sender of webhooks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookConfig {
    /// What it sends.
    #[serde(serialize_with = "name_of", deserialize_with = "format_of")]
    pub(crate) format: Format,
    /// File with the secret that is shared with it, or several, one a line.
    pub(crate) secret_file: PathBuf,
    /// The header with the secret or the signature. Default: the one that the sender uses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) header: Option<String>,
    /// Whose events they are.
    #[serde(default = "tenant")]
    pub(crate) tenant: String,
}

/// An issuer of Security Event Tokens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IssuerConfig {
    /// Claim `iss` of its tokens.
    pub(crate) issuer: String,
    /// What must be in their claim `aud`.
    pub(crate) audience: String,
    /// Its public keys: a file or an address, https:// except on this machine.
    pub(crate) jwks: String,
    /// File with what it sends in `Authorization`, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) secret_file: Option<PathBuf>,
    /// Whose events they are.
    #[serde(default = "tenant")]
    pub(crate) tenant: String,
}

fn tenant() -> String {
    TENANT_DEFAULT.to_owned()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "it is what serde calls")]
fn name_of<S: Serializer>(format: &Format, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(format.name())
}

fn format_of<'de, D: Deserializer<'de>>(input: D) -> Result<Format, D::Error> {
    String::deserialize(input)?.replace('_', "-").parse().map_err(D::Error::custom)
}

impl ReceiversConfig {
    /// Their lines of an `indelible.toml`, or an example where there are none.
    pub(super) fn to_toml(&self) -> String {
        let heading = "\n# Who may send events without an API key: webhooks, to POST /v1/webhooks/NAME, and issuers of Security Event Tokens, to\n\
                       # POST /v1/security-events/NAME. The file of a secret is for its owner alone (mode 0600); while a secret is changed it has\n\
                       # the old and the new, each on a line.\n";
        let lines = if *self == Self::default() {
            "# [webhooks.okta]\n# format = \"okta\"\n# secret_file = \"/etc/indelible/okta.secret\"\n# tenant = \"acme\"\n\
             # [security_events.idp]\n# issuer = \"https://idp.example.com\"\n# audience = \"https://audit.example.com\"\n\
             # jwks = \"https://idp.example.com/jwks.json\"\n"
                .to_owned()
        } else {
            // It came out of TOML: it can be written.
            toml::to_string(self).unwrap_or_default()
        };
        format!("{heading}{lines}")
    }
}
