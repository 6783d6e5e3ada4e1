//! A search for tokens in SQL.

use indelible_proof::Timestamp;
use rusqlite::{Params, params_from_iter, types::Value};

use crate::tokens::{
    find::{Find, FindOrder, Grouped},
    model::Entity,
    standing::Standing,
};

/// A query with its values, in the order of their question marks.
pub(super) struct Selection {
    pub(super) sql: String,
    values: Vec<Value>,
}

impl Selection {
    /// A page of what is looked for.
    pub(super) fn page(tenant: &str, find: &Find) -> Self {
        let mut selection = Self::of("*", tenant, find);
        // Nothing that was used is as old as what never was.
        let key = match find.order {
            FindOrder::Created => "created_at",
            FindOrder::LastUsed => "ifnull(last_used_at, -1)",
        };
        if let Some(after) = &find.after {
            let values = [after.at.map_or(-1, Timestamp::as_micros).into(), after.id.clone().into()];
            selection.and(&format!("({key}, id) < (?, ?)"), values);
        }
        selection.sql.push_str(&format!(" ORDER BY {key} DESC, id DESC LIMIT ?"));
        selection.values.push(find.tokens_max().into());
        selection
    }

    /// How many there are of each type in each environment.
    pub(super) fn tally(tenant: &str, find: &Find) -> Self {
        let mut selection = Self::of("kind, environment, count(*)", tenant, find);
        selection.sql.push_str(" GROUP BY kind, environment");
        selection
    }

    pub(super) fn values(&self) -> impl Params {
        params_from_iter(&self.values)
    }

    fn of(what: &str, tenant: &str, find: &Find) -> Self {
        let sql = format!("SELECT {what} FROM tokens WHERE tenant = ?");
        let mut selection = Self { sql, values: vec![tenant.to_owned().into()] };
        let texts = [
            ("id = ?", &find.id),
            ("kind = ?", &find.kind),
            ("environment = ?", &find.environment),
            ("prefix = ?", &find.prefix),
            ("parent = ?", &find.parent),
        ];
        for (condition, text) in texts {
            selection.and_all(condition, text.clone());
        }
        selection.and_entity("owner", find.owner.as_ref());
        selection.and_entity("context", find.context.as_ref());
        selection.and_entity("boundary", find.boundary.as_ref());
        match &find.grouped {
            Some(Grouped::In(group)) => selection.and("group_id = ?", [group.clone().into()]),
            Some(Grouped::Nowhere) => selection.and("group_id IS NULL", []),
            None => {}
        }
        if let Some(ability) = &find.ability {
            selection.and_ability(ability);
        }
        if let Some(standing) = find.standing {
            selection.and_standing(standing, find.now.unwrap_or(Timestamp::MIN));
        }
        if let Some(since) = find.unused_since {
            selection.and("ifnull(last_used_at, created_at) < ?", [since.as_micros().into()]);
        }
        if find.never_used {
            selection.and("last_used_at IS NULL", []);
        }
        if let Some(before) = find.ended_before {
            let before = before.as_micros();
            selection.and("(expires_at < ? OR revoked_at < ?)", [before.into(), before.into()]);
        }
        if find.childless {
            selection
                .and("NOT EXISTS (SELECT 1 FROM tokens c WHERE c.tenant = tokens.tenant AND c.parent = tokens.id)", []);
        }
        selection
    }

    fn and(&mut self, condition: &str, values: impl IntoIterator<Item = Value>) {
        self.sql.push_str(" AND ");
        self.sql.push_str(condition);
        self.values.extend(values);
    }

    fn and_all(&mut self, condition: &str, text: Option<String>) {
        if let Some(text) = text {
            self.and(condition, [text.into()]);
        }
    }

    fn and_entity(&mut self, role: &str, entity: Option<&Entity>) {
        if let Some(Entity { r#type, id }) = entity {
            let values = [r#type.clone().into(), id.clone().into()];
            self.and(&format!("({role}_type, {role}_id) = (?, ?)"), values);
        }
    }

    /// Has it by name, or by a wildcard above it: `*`, `orders:*`.
    fn and_ability(&mut self, ability: &str) {
        let above = ability.match_indices(':').filter_map(|(at, _)| ability.get(..=at)).map(|stem| format!("{stem}*"));
        let granting: Vec<Value> =
            ["*", ability].map(str::to_owned).into_iter().chain(above).map(Value::from).collect();
        let marks = vec!["?"; granting.len()].join(", ");
        let condition = format!("EXISTS (SELECT 1 FROM json_each(abilities) WHERE value IN ({marks}))");
        self.and(&condition, granting);
    }

    fn and_standing(&mut self, standing: Standing, now: Timestamp) {
        let now = now.as_micros();
        let revoked = "(revoked OR revoked_at <= ?)";
        let not_revoked = "NOT revoked AND ifnull(revoked_at > ?, true)";
        match standing {
            Standing::Revoked => self.and(revoked, [now.into()]),
            Standing::Expired => self.and(&format!("{not_revoked} AND expires_at <= ?"), [now.into(), now.into()]),
            Standing::Active => {
                self.and(&format!("{not_revoked} AND ifnull(expires_at > ?, true)"), [now.into(), now.into()]);
            }
        }
    }
}
