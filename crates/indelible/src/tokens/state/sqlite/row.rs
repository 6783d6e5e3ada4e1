//! A token as a row, there and back.

use std::num::NonZeroU32;

use indelible_proof::Timestamp;
use rusqlite::{Connection, Row, named_params, params, types::FromSql};
use serde::{Serialize, de::DeserializeOwned};

use crate::tokens::{
    model::{Entity, Token},
    state::StateError,
};

const INSERT: &str = "INSERT INTO tokens (
    id, tenant, kind, environment, prefix, last_four, hash, sealed, owner_type, owner_id, context_type, context_id,
    boundary_type, boundary_id, name, abilities, metadata, allowed_ips, allowed_domains, rate_limit, group_id, parent,
    depth, created_at, expires_at, revoked_at, revocation_reason, last_used_at, rotated_from, rotated_to, imported_id,
    revoked, revision
) VALUES (
    :id, :tenant, :kind, :environment, :prefix, :last_four, :hash, :sealed, :owner_type, :owner_id, :context_type,
    :context_id, :boundary_type, :boundary_id, :name, :abilities, :metadata, :allowed_ips, :allowed_domains,
    :rate_limit, :group_id, :parent, :depth, :created_at, :expires_at, :revoked_at, :revocation_reason, :last_used_at,
    :rotated_from, :rotated_to, :imported_id, :revoked, 1
)";

/// Writes what an operation can change of a token that exists; all else of it is for ever.
const UPDATE: &str = "UPDATE tokens SET parent = ?1, revoked_at = ?2, revocation_reason = ?3, rotated_to = ?4,
    revoked = ?7, revision = ?6 WHERE id = ?5 AND revision = ?6 - 1";

/// Writes a token and gives the number of rows written: none when the database has another revision of it.
pub(super) fn write(connection: &Connection, token: &Token) -> Result<usize, StateError> {
    if token.revision <= 1 {
        return insert(connection, token);
    }
    let mut update = connection.prepare_cached(UPDATE)?;
    let revoked_at = micros(token.revoked_at);
    let (reason, revision) = (&token.revocation_reason, integer(token.revision));
    let is_revoked = token.is_revoked;
    Ok(update.execute(params![token.parent, revoked_at, reason, token.rotated_to, token.id, revision, is_revoked])?)
}

fn insert(connection: &Connection, token: &Token) -> Result<usize, StateError> {
    let (context_type, context_id) = parts(token.context.as_ref());
    let (boundary_type, boundary_id) = parts(token.boundary.as_ref());
    let values = named_params! {
        ":id": token.id, ":tenant": token.tenant, ":kind": token.kind, ":environment": token.environment,
        ":prefix": token.prefix, ":last_four": token.last_four, ":hash": token.hash, ":sealed": token.sealed,
        ":owner_type": token.owner.r#type, ":owner_id": token.owner.id,
        ":context_type": context_type, ":context_id": context_id,
        ":boundary_type": boundary_type, ":boundary_id": boundary_id,
        ":name": token.name, ":abilities": json(&token.abilities)?, ":metadata": json(&token.metadata)?,
        ":allowed_ips": json(&token.allowed_ips)?, ":allowed_domains": json(&token.allowed_domains)?,
        ":rate_limit": token.rate_limit.map(NonZeroU32::get), ":group_id": token.group, ":parent": token.parent, ":depth": token.depth,
        ":created_at": token.created_at.as_micros(), ":expires_at": micros(token.expires_at),
        ":revoked_at": micros(token.revoked_at), ":revocation_reason": token.revocation_reason,
        ":last_used_at": micros(token.last_used_at), ":rotated_from": token.rotated_from,
        ":rotated_to": token.rotated_to, ":imported_id": token.imported_id, ":revoked": token.is_revoked,
    };
    Ok(connection.prepare_cached(INSERT)?.execute(values)?)
}

/// Reads a token.
pub(super) fn read(row: &Row<'_>) -> Result<Token, StateError> {
    let id: String = row.get("id")?;
    let damaged = |cause: String| StateError::Damaged { place: format!("tokens {id}"), cause };
    let read = || -> Result<Token, String> {
        Ok(Token {
            id: id.clone(),
            tenant: column(row, "tenant")?,
            kind: column(row, "kind")?,
            environment: column(row, "environment")?,
            prefix: column(row, "prefix")?,
            last_four: column(row, "last_four")?,
            hash: column(row, "hash")?,
            sealed: column(row, "sealed")?,
            owner: Entity::new(column::<String>(row, "owner_type")?, column::<String>(row, "owner_id")?),
            context: entity(column(row, "context_type")?, column(row, "context_id")?),
            boundary: entity(column(row, "boundary_type")?, column(row, "boundary_id")?),
            name: column(row, "name")?,
            abilities: parsed(row, "abilities")?,
            metadata: parsed(row, "metadata")?,
            allowed_ips: parsed(row, "allowed_ips")?,
            allowed_domains: parsed(row, "allowed_domains")?,
            rate_limit: column::<Option<u32>>(row, "rate_limit")?.and_then(NonZeroU32::new),
            group: column(row, "group_id")?,
            parent: column(row, "parent")?,
            depth: column(row, "depth")?,
            created_at: time(row, "created_at")?.ok_or("created_at is missing")?,
            expires_at: time(row, "expires_at")?,
            revoked_at: time(row, "revoked_at")?,
            is_revoked: column(row, "revoked")?,
            revocation_reason: column(row, "revocation_reason")?,
            last_used_at: time(row, "last_used_at")?,
            rotated_from: column(row, "rotated_from")?,
            rotated_to: column(row, "rotated_to")?,
            imported_id: column(row, "imported_id")?,
            revision: column::<i64>(row, "revision")?.unsigned_abs(),
        })
    };
    read().map_err(damaged)
}

fn column<T: FromSql>(row: &Row<'_>, name: &str) -> Result<T, String> {
    row.get(name).map_err(|error| error.to_string())
}

fn parsed<T: DeserializeOwned>(row: &Row<'_>, name: &str) -> Result<T, String> {
    let text: String = column(row, name)?;
    serde_json::from_str(&text).map_err(|error| format!("{name}: {error}"))
}

fn time(row: &Row<'_>, name: &str) -> Result<Option<Timestamp>, String> {
    let micros: Option<i64> = column(row, name)?;
    micros.map(Timestamp::from_micros).transpose().map_err(|error| format!("{name}: {error}"))
}

fn entity(r#type: Option<String>, id: Option<String>) -> Option<Entity> {
    Some(Entity { r#type: r#type?, id: id? })
}

fn parts(entity: Option<&Entity>) -> (Option<&str>, Option<&str>) {
    entity.map(|entity| (entity.r#type.as_str(), entity.id.as_str())).unzip()
}

fn micros(time: Option<Timestamp>) -> Option<i64> {
    time.map(Timestamp::as_micros)
}

fn json(value: &impl Serialize) -> Result<String, StateError> {
    serde_json::to_string(value).map_err(|error| StateError::Failed { cause: error.to_string() })
}

/// A revision as SQLite has it.
pub(super) fn integer(revision: u64) -> i64 {
    i64::try_from(revision).unwrap_or(i64::MAX)
}
