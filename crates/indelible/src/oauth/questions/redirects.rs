//! Where clients have their users sent back to.

use std::collections::BTreeMap;

use indelible_engine::{column::Column, limits::AGGREGATE_ROWS_MAX, query::Match, source::ReadError};
use serde::Serialize;

use super::{Listed, Questions, Uses};
use crate::asking::{matches, text};

/// The code of a user who said no, which is not the fault of where the answer goes.
const REFUSED_BY_USER: &str = "access_denied";

/// A redirect URI that a client gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RedirectUri {
    /// The client's id.
    pub client: Option<String>,
    /// The URI.
    pub redirect_uri: String,
    /// How often and when.
    #[serde(flatten)]
    pub uses: Uses,
    /// How many of these failed, or were denied by somebody else than the user.
    pub failed: u64,
    /// The codes that they failed with, and how often; empty for those without a code.
    pub reasons: BTreeMap<String, u64>,
}

impl Questions<'_> {
    /// The redirect URIs of each client: those with the most failures first, then the most frequent.
    pub fn redirect_uris(&self, limit: u32) -> Result<Listed<RedirectUri>, ReadError> {
        let by = [Column::ClientId, Column::OauthRedirectUri, Column::Outcome, Column::Reason];
        let any = matches(Column::OauthRedirectUri, vec![Match::Prefix(String::new())]);
        let seen = self.asking.grouped(self.filter([any]), &by, &Uses::MEASURES, AGGREGATE_ROWS_MAX)?;
        let mut uris: BTreeMap<(Option<String>, String), RedirectUri> = BTreeMap::new();
        for row in &seen.rows {
            let Some(([client, uri, outcome, reason], measures)) = row.split_first_chunk() else { continue };
            let (client, redirect_uri) = (text(client), text(uri).unwrap_or_default());
            let slot = uris.entry((client.clone(), redirect_uri.clone())).or_insert_with(|| RedirectUri {
                client,
                redirect_uri,
                uses: Uses::default(),
                failed: 0,
                reasons: BTreeMap::new(),
            });
            let uses = Uses::of(measures);
            slot.uses.add(uses);
            let reason = text(reason).unwrap_or_default();
            if matches!(text(outcome).as_deref(), Some("failure" | "denied")) && reason != REFUSED_BY_USER {
                slot.failed += uses.count;
                *slot.reasons.entry(reason).or_default() += uses.count;
            }
        }
        let mut uris: Vec<RedirectUri> = uris.into_values().collect();
        // What is equal stays in the order of clients and URIs.
        uris.sort_by_key(|uri| std::cmp::Reverse((uri.failed, uri.uses.count)));
        Ok(Listed::first(uris, limit))
    }
}
