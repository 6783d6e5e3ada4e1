//! Triggers that put the changes of a table into the outbox, whoever makes them.

use std::fmt::Write as _;

use rusqlite::Connection;

use super::Sqlite;
use crate::outbox::{OutboxError, Watch};

struct Column {
    name: String,
    /// Its place in the primary key, from 1.
    key: u32,
}

impl Sqlite {
    /// The SQL of triggers that insert `resource.created`, `resource.updated` and `resource.deleted` for each row of a
    /// table that is changed. Applying it again replaces them; it must be made anew when the columns change.
    pub fn triggers(&self, watch: &Watch) -> Result<String, OutboxError> {
        let columns = columns(&self.connection(), &watch.table)?;
        if columns.is_empty() {
            return Err(OutboxError::Watch { cause: format!("there is no table {}", watch.table) });
        }
        watch.check(&columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>())?;
        let mut sql = String::from(ACTOR);
        trigger(&mut sql, watch, &columns, ("created", "INSERT", None, Some("NEW")));
        trigger(&mut sql, watch, &columns, ("updated", "UPDATE", Some("OLD"), Some("NEW")));
        trigger(&mut sql, watch, &columns, ("deleted", "DELETE", Some("OLD"), None));
        Ok(sql)
    }

    /// Applies the SQL that [`Sqlite::triggers`] makes.
    pub fn watch(&self, watch: &Watch) -> Result<(), OutboxError> {
        let sql = self.triggers(watch)?;
        Ok(self.connection().execute_batch(&format!("BEGIN IMMEDIATE;\n{}\n{sql}\nCOMMIT", Self::SCHEMA))?)
    }
}

fn columns(connection: &Connection, table: &str) -> Result<Vec<Column>, OutboxError> {
    let mut statement = connection.prepare("SELECT name, pk FROM pragma_table_info(?1)")?;
    let found = statement.query_map([table], |row| Ok(Column { name: row.get(0)?, key: row.get(1)? }))?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

/// Who acts: a row that stands there only within the transaction of those who act.
const ACTOR: &str = "\
-- Who acts, within one transaction: INSERT INTO indelible_actor (actor) VALUES ('42') after it begins, DELETE FROM
-- indelible_actor before it is committed. The foreign key refuses a commit that leaves the row behind.
CREATE TABLE IF NOT EXISTS indelible_actor (
    -- The id of a user, or an actor as JSON.
    actor TEXT NOT NULL,
    -- More fields of the events, e.g. {\"tenant\": \"acme\", \"request_id\": \"r1\"}.
    event TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(event)),
    until_deleted INTEGER NOT NULL DEFAULT 1 REFERENCES indelible_nothing (id) DEFERRABLE INITIALLY DEFERRED
);
CREATE TABLE IF NOT EXISTS indelible_nothing (id INTEGER PRIMARY KEY CHECK (id IS NULL));
";

fn trigger(
    sql: &mut String,
    watch: &Watch,
    columns: &[Column],
    (name, statement, before, after): (&str, &str, Option<&str>, Option<&str>),
) {
    let row = after.or(before).unwrap_or_default();
    let trigger = quoted(&format!("indelible_{}_{name}", watch.table));
    let shown: Vec<&Column> = columns.iter().filter(|column| !watch.exclude.contains(&column.name)).collect();
    let differs = |column: &&Column| match (before, after) {
        (Some(before), Some(after)) => {
            let name = quoted(&column.name);
            format!("{before}.{name} IS NOT {after}.{name}")
        }
        _ => "true".to_owned(),
    };
    let value = |row: &str, column: &Column| match watch.mask.contains(&column.name) {
        true => "'[REDACTED]'".to_owned(),
        false => value(&format!("{row}.{}", quoted(&column.name))),
    };
    let side = |row: Option<&str>| {
        let Some(row) = row else { return "NULL".to_owned() };
        let fields =
            shown.iter().map(|column| format!("({}, {}, {})", text(&column.name), value(row, column), differs(column)));
        let fields = fields.collect::<Vec<_>>().join(",\n            ");
        format!("json((SELECT json_group_object(column1, column2) FROM (VALUES\n            {fields}) WHERE column3))")
    };
    let changed =
        if shown.is_empty() { "true".to_owned() } else { shown.iter().map(differs).collect::<Vec<_>>().join(" OR ") };
    let _ = write!(
        sql,
        "DROP TRIGGER IF EXISTS {trigger};
CREATE TRIGGER {trigger} AFTER {statement} ON {table} WHEN {changed} BEGIN
    INSERT INTO indelible_outbox (event) SELECT json_set(json_patch(coalesce((SELECT event FROM indelible_actor), '{{}}'), json_object(
        'action', 'resource.{name}',
        'actor', json(coalesce((SELECT CASE WHEN json_valid(actor) AND json_type(actor) = 'object' THEN actor
            ELSE json_object('type', 'user', 'id', actor) END FROM indelible_actor), '{{\"type\":\"system\",\"id\":\"sqlite\"}}')),
        'targets', json_array(json_object('type', {kind}, 'id', {id}))
    )), '$.changes', json_object('before', {before}, 'after', {after}));
END;
",
        table = quoted(&watch.table),
        kind = text(watch.target_type()),
        id = key(columns, row),
        before = side(before),
        after = side(after),
    );
}

/// The primary key of a row as one text: a JSON array where it has several columns.
fn key(columns: &[Column], row: &str) -> String {
    let mut key: Vec<&Column> = columns.iter().filter(|column| column.key > 0).collect();
    key.sort_by_key(|column| column.key);
    let id = match &key[..] {
        [] => format!("{row}.rowid"),
        [one] => format!("{row}.{}", quoted(&one.name)),
        several => {
            let names: Vec<String> = several.iter().map(|column| format!("{row}.{}", quoted(&column.name))).collect();
            format!("json_array({})", names.join(", "))
        }
    };
    // An empty text is no id, and the log takes 512 bytes.
    format!(
        "coalesce(nullif(substr(CASE typeof({id}) WHEN 'blob' THEN hex({id}) ELSE CAST({id} AS TEXT) END, 1, 128), ''), '\"\"')"
    )
}

/// A value that JSON and the log can hold: what is long is cut, with a mark, and what a double would not hold is text.
fn value(column: &str) -> String {
    format!(
        "CASE typeof({column}) WHEN 'blob' THEN '[' || length({column}) || ' bytes]'
                WHEN 'text' THEN CASE WHEN length({column}) > 1000 THEN substr({column}, 1, 200) || '... [' || length({column}) || ' characters]' ELSE {column} END
                WHEN 'integer' THEN CASE WHEN {column} BETWEEN -9007199254740991 AND 9007199254740991 THEN {column} ELSE CAST({column} AS TEXT) END
                WHEN 'real' THEN CASE WHEN abs({column}) <= 1.7976931348623157e308 THEN {column} ELSE CAST({column} AS TEXT) END END"
    )
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
