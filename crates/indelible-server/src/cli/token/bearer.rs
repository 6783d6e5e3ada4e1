//! Rows of Bearer's table `access_tokens`.

use std::num::NonZeroU32;

use indelible::{
    Object, Timestamp,
    tokens::{Abilities, AllowedDomains, AllowedIps, Entity},
};
use indelible_proof::strict::Strict;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::tokens::{Imported, Later, NewToken};

/// A token of a line: a row of Bearer's, or one as we write it.
pub(super) fn imported(line: &[u8]) -> Result<Imported, String> {
    let value: Value = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    if value.get("hash").is_some() {
        return serde_json::from_value(value).map_err(|error| error.to_string());
    }
    let Strict(row) = serde_json::from_value::<Strict<Row>>(value).map_err(|error| error.to_string())?;
    row.imported()
}

/// What is read of a row; Bearer's users add columns.
#[derive(Deserialize)]
struct Row {
    id: Value,
    owner_type: String,
    owner_id: Value,
    context_type: Option<String>,
    context_id: Option<Value>,
    boundary_type: Option<String>,
    boundary_id: Option<Value>,
    r#type: String,
    environment: String,
    name: String,
    /// The hash.
    token: String,
    abilities: Option<Value>,
    metadata: Option<Value>,
    allowed_ips: Option<Value>,
    allowed_domains: Option<Value>,
    rate_limit_per_minute: Option<u32>,
    last_used_at: Option<String>,
    expires_at: Option<String>,
    revoked_at: Option<String>,
    created_at: Option<String>,
}

impl Row {
    fn imported(self) -> Result<Imported, String> {
        let both = |kind: Option<String>, id: Option<Value>| Some(entity(&kind?, &id.filter(|id| !id.is_null())?));
        let expires_at = moment("expires_at", self.expires_at)?;
        let token = NewToken {
            environment: Some(self.environment),
            context: both(self.context_type, self.context_id),
            boundary: both(self.boundary_type, self.boundary_id),
            abilities: Some(json::<Abilities>("abilities", self.abilities)?.unwrap_or_default()),
            metadata: json::<Object>("metadata", self.metadata)?,
            allowed_ips: json::<AllowedIps>("allowed_ips", self.allowed_ips)?,
            allowed_domains: json::<AllowedDomains>("allowed_domains", self.allowed_domains)?,
            rate_limit: self.rate_limit_per_minute.and_then(NonZeroU32::new),
            expires: Some(expires_at.map_or(Later::Never, Later::At)),
            ..NewToken::new(&self.r#type, &self.name, entity(&self.owner_type, &self.owner_id))
        };
        Ok(Imported {
            hash: self.token,
            token,
            id: Some(word(&self.id)),
            created_at: moment("created_at", self.created_at)?,
            revoked_at: moment("revoked_at", self.revoked_at)?,
            last_used_at: moment("last_used_at", self.last_used_at)?,
        })
    }
}

/// `App\Models\User` is a `user`; what the application maps itself stays as it is.
fn entity(kind: &str, id: &Value) -> Entity {
    let kind = kind.rsplit_once('\\').map_or_else(|| kind.to_owned(), |(_, class)| class.to_lowercase());
    Entity::new(kind, word(id))
}

fn word(id: &Value) -> String {
    id.as_str().map_or_else(|| id.to_string(), str::to_owned)
}

/// A column with JSON, which some databases give as a text.
fn json<T: DeserializeOwned>(column: &str, value: Option<Value>) -> Result<Option<T>, String> {
    let wrong = |error: serde_json::Error| format!("{column}: {error}");
    let value = match value {
        Some(Value::String(text)) => serde_json::from_str(&text).map_err(wrong)?,
        value => value.unwrap_or_default(),
    };
    match value {
        Value::Null => Ok(None),
        // An empty object of PHP's.
        Value::Array(list) if column == "metadata" && list.is_empty() => Ok(None),
        value => serde_json::from_value(value).map(Some).map_err(wrong),
    }
}

/// A time as databases write it: in UTC, as Laravel has it, where there is no zone.
fn moment(column: &str, text: Option<String>) -> Result<Option<Timestamp>, String> {
    let Some(text) = text else { return Ok(None) };
    let iso = text.replacen(' ', "T", 1);
    let at = iso.parse().or_else(|_| format!("{iso}Z").parse());
    at.map(Some).map_err(|_| format!("{column}: {text} is no time"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = r#"{"id":7,"owner_type":"App\\Models\\User","owner_id":42,"context_type":null,"context_id":null,
        "boundary_type":"team","boundary_id":"3","type":"sk","environment":"live","name":"ci key","prefix":"sk",
        "token":"5f5f","abilities":"[\"orders:*\"]","metadata":[],"allowed_ips":["203.0.113.0/24"],"allowed_domains":null,
        "rate_limit_per_minute":100,"last_used_at":null,"expires_at":"2027-01-01 00:00:00","revoked_at":null,
        "created_at":"2025-01-01T00:00:00+00:00","updated_at":"2025-01-01 00:00:00"}"#;

    #[test]
    fn a_row_of_bearer_s_is_a_token() {
        let imported = imported(ROW.as_bytes()).unwrap();
        let token = imported.token;
        assert_eq!((token.owner, token.boundary), (Entity::user("42"), Some(Entity::new("team", "3"))));
        assert_eq!((imported.id.as_deref(), imported.hash.as_str()), (Some("7"), "5f5f"));
        assert_eq!(token.expires.map(|at| at.to_string()).as_deref(), Some("2027-01-01T00:00:00.000000Z"));
        assert!(token.abilities.is_some_and(|abilities| abilities.allow("orders:read")));
        assert!(imported.created_at.is_some() && imported.revoked_at.is_none());
    }

    #[test]
    fn a_row_without_abilities_may_do_nothing_whatever_its_type_may() {
        let row = ROW.replace(r#""[\"orders:*\"]""#, "null");
        assert!(imported(row.as_bytes()).unwrap().token.abilities.is_some_and(|abilities| abilities.is_empty()));
    }

    #[test]
    fn a_column_that_makes_no_sense_is_named() {
        let row = ROW.replace("2027-01-01 00:00:00", "soon");
        assert_eq!(imported(row.as_bytes()).err().as_deref(), Some("expires_at: soon is no time"));
    }
}
