//! The formats that can be imported.

use std::{fmt, str::FromStr};

use serde_json::Value;

use super::{
    Options,
    layout::Layout,
    record::{Mapped, Record},
};
use super::{
    apereo_cas, auditd, auth0, authelia, authentik, azure_ad, bitbucket, cloudtrail, duo, gcp_audit, gitea, github,
    gitlab, google_workspace, grafana, harbor, keycloak, kubernetes, microsoft365, nextcloud, ocsf, okta, onelogin,
    onepassword, openssh, ory, proxmox, saas, security_events, slack, teleport, vaultwarden, zitadel,
};

/// How the records of a format are read.
pub(super) enum Reading {
    /// Our own events.
    Own,
    /// JSON objects whose fields a table tells.
    Table(&'static Layout),
    /// JSON objects.
    Json(fn(Record<'_>) -> Mapped),
    /// JSON objects, of which one may hold several records.
    Nested { split: fn(Value) -> Vec<Value>, map: fn(Record<'_>) -> Mapped },
    /// Lines of text.
    Text(fn(&str, &Options) -> Mapped),
    /// Lines of text or JSON objects.
    Either { text: fn(&str, &Options) -> Mapped, json: fn(Record<'_>) -> Mapped },
}

macro_rules! formats {
    ($($variant:ident $name:literal $about:literal $reading:expr;)*) => {
        /// A product's audit records, as [`super::Importer`] reads them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Format {
            $(#[doc = $about] $variant,)*
        }

        impl Format {
            /// All formats, our own first, then in the order of their names.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name on the command line.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What the format is, in a line for help.
            pub const fn about(self) -> &'static str {
                match self { $(Self::$variant => $about,)* }
            }

            pub(super) const fn reading(self) -> Reading {
                match self { $(Self::$variant => $reading,)* }
            }
        }
    };
}

formats! {
    Indelible "indelible" "Indelible events, one JSON object a line" Reading::Own;
    Anthropic "anthropic" "Anthropic activity feed" Reading::Table(&saas::ANTHROPIC);
    ApereoCas "apereo-cas" "Apereo CAS audit log" Reading::Text(apereo_cas::map);
    Asana "asana" "Asana audit log events" Reading::Json(saas::asana);
    Atlassian "atlassian" "Atlassian organization audit log" Reading::Json(saas::atlassian);
    Auditd "auditd" "Linux audit log (auditd, plain or enriched)" Reading::Text(auditd::map);
    Auth0 "auth0" "Auth0 tenant logs, as streamed or exported" Reading::Json(auth0::map);
    Authelia "authelia" "Authelia log, text or JSON" Reading::Either { text: authelia::map_text, json: authelia::map };
    Authentik "authentik" "authentik events and server log" Reading::Json(authentik::map);
    AzureAd "azure-ad" "Microsoft Entra ID sign-ins and directory audit, Azure activity log" Reading::Json(azure_ad::map);
    Bitbucket "bitbucket" "Bitbucket Data Center audit log" Reading::Text(bitbucket::map);
    Box "box" "Box enterprise events" Reading::Table(&saas::BOX);
    Cloudflare "cloudflare" "Cloudflare audit and firewall events" Reading::Json(saas::cloudflare);
    Cloudtrail "cloudtrail" "AWS CloudTrail records, files and lookup output" Reading::Nested { split: cloudtrail::split, map: cloudtrail::map };
    Databricks "databricks" "Databricks audit log" Reading::Json(saas::databricks);
    Docusign "docusign" "Docusign Connect events" Reading::Table(&saas::DOCUSIGN);
    Doppler "doppler" "Doppler activity log" Reading::Table(&saas::DOPPLER);
    Dropbox "dropbox" "Dropbox team log" Reading::Table(&saas::DROPBOX);
    Duo "duo" "Duo administrator actions and authentications" Reading::Json(duo::map);
    GcpAudit "gcp-audit" "Google Cloud Audit Logs" Reading::Json(gcp_audit::map);
    Gitea "gitea" "Gitea log" Reading::Text(gitea::map);
    Github "github" "GitHub audit log entries and webhook payloads" Reading::Json(github::map);
    Gitlab "gitlab" "GitLab audit events and request log" Reading::Json(gitlab::map);
    GoogleWorkspace "google-workspace" "Google Workspace activities (Reports API)" Reading::Nested { split: google_workspace::split, map: google_workspace::map };
    Grafana "grafana" "Grafana server log" Reading::Either { text: grafana::map_text, json: grafana::map };
    Harbor "harbor" "Harbor core log" Reading::Text(harbor::map);
    Hydra "hydra" "Ory Hydra token hook" Reading::Json(ory::hydra);
    Intune "intune" "Microsoft Intune audit and operational logs" Reading::Json(azure_ad::intune);
    Jfrog "jfrog" "JFrog Platform access audit" Reading::Json(saas::jfrog);
    Keycloak "keycloak" "Keycloak login and admin events, log lines or JSON" Reading::Either { text: keycloak::map_text, json: keycloak::map };
    Kratos "kratos" "Ory Kratos webhooks" Reading::Json(ory::kratos);
    Kubernetes "kubernetes" "Kubernetes API server audit (native, EKS, GKE, AKS)" Reading::Json(kubernetes::map);
    Microsoft365 "microsoft-365" "Microsoft 365 unified audit log" Reading::Json(microsoft365::map);
    Mongodb "mongodb" "MongoDB Atlas events" Reading::Table(&saas::MONGODB);
    Nextcloud "nextcloud" "Nextcloud log" Reading::Either { text: nextcloud::map_text, json: nextcloud::map };
    Notion "notion" "Notion audit log" Reading::Json(saas::notion);
    Ocsf "ocsf" "OCSF events" Reading::Json(ocsf::map);
    Okta "okta" "Okta System Log and event hooks" Reading::Nested { split: okta::split, map: okta::map };
    Onelogin "onelogin" "OneLogin events" Reading::Json(onelogin::map);
    Onepassword "onepassword" "1Password Events API" Reading::Json(onepassword::map);
    Openai "openai" "OpenAI organization audit log" Reading::Json(saas::openai);
    Openssh "openssh" "OpenSSH server log (syslog)" Reading::Text(openssh::map);
    Panther "panther" "Panther audit log" Reading::Table(&saas::PANTHER);
    Proxmox "proxmox" "Proxmox VE and Backup Server authentication log" Reading::Text(proxmox::map);
    Salesforce "salesforce" "Salesforce event log" Reading::Json(saas::salesforce);
    SecurityEvents "security-events" "Claims of Security Event Tokens (CAEP, RISC)" Reading::Nested { split: security_events::split, map: security_events::map };
    Slack "slack" "Slack audit logs" Reading::Json(slack::map);
    Snowflake "snowflake" "Snowflake login and query history" Reading::Json(saas::snowflake);
    Snyk "snyk" "Snyk audit log" Reading::Json(saas::snyk);
    Sym "sym" "Sym approvals" Reading::Json(saas::sym);
    Tailscale "tailscale" "Tailscale configuration audit log" Reading::Json(saas::tailscale);
    Teleport "teleport" "Teleport audit events" Reading::Json(teleport::map);
    Tines "tines" "Tines audit log" Reading::Table(&saas::TINES);
    Vaultwarden "vaultwarden" "Vaultwarden log" Reading::Text(vaultwarden::map);
    Wiz "wiz" "Wiz audit log" Reading::Json(saas::wiz);
    Zendesk "zendesk" "Zendesk audit log" Reading::Json(saas::zendesk);
    Zitadel "zitadel" "Zitadel events and calls, as Actions v2 sends them" Reading::Json(zitadel::map);
    Zoom "zoom" "Zoom operation log" Reading::Json(saas::zoom);
}

impl fmt::Display for Format {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// A word that names no format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown format {name:?}{}: see the list of formats in the help", .meant.map(|f| format!(", did you mean {f}")).unwrap_or_default())]
pub struct UnknownFormat {
    /// The word.
    pub name: String,
    /// A format whose name contains the word or is contained in it.
    pub meant: Option<Format>,
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        let known = |format: &&Self| format.name().eq_ignore_ascii_case(name);
        let near = |format: &&Self| format.name().contains(name) || name.contains(format.name());
        Self::ALL.iter().find(known).copied().ok_or_else(|| UnknownFormat {
            name: name.chars().take(64).collect(),
            meant: Self::ALL.iter().find(near).copied().filter(|_| !name.is_empty()),
        })
    }
}
