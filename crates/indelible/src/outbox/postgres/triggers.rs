//! Triggers that put the changes of a table into the outbox, whoever makes them.

use tokio_postgres::types::Type;

use super::{Postgres, described, wait};
use crate::outbox::{OutboxError, Watch};

impl Postgres {
    /// The SQL of triggers that insert `resource.created`, `resource.updated` and `resource.deleted` for each row of a
    /// table that is changed, and one event when it is emptied. Applying it again replaces them.
    pub fn triggers(&self, watch: &Watch) -> Result<String, OutboxError> {
        let refused = |problem: &str| OutboxError::Watch { cause: format!("{} {problem}", watch.table) };
        let found = self.ask(
            "SELECT format('%I.%I', relnamespace::regnamespace, relname), \
                    ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped), \
                    quote_literal(ARRAY(SELECT attname FROM pg_index, unnest(indkey) WITH ORDINALITY AS part (number, nth), pg_attribute \
                        WHERE indrelid = pg_class.oid AND indisprimary AND attrelid = indrelid AND attnum = number ORDER BY nth)::text), \
                    concat_ws(', ', quote_literal($2::text[]::text), quote_literal($3::text[]::text)), quote_literal($4) \
             FROM pg_class WHERE oid = to_regclass($1)",
            &[
                (&watch.table, Type::TEXT),
                (&watch.exclude, Type::TEXT_ARRAY),
                (&watch.mask, Type::TEXT_ARRAY),
                (&watch.target_type(), Type::TEXT),
            ],
        )?;
        let row = found.first().ok_or_else(|| refused("is no table here"))?;
        let text = |column| row.try_get::<_, &str>(column).map_err(described);
        let (table, key, lists, kind) = (text(0)?, text(2)?, text(3)?, text(4)?);
        watch.check(&row.try_get::<_, Vec<&str>>(1).map_err(described)?)?;
        if key == "'{}'" {
            return Err(refused("has no primary key, which tells its rows apart"));
        }
        let call = self.qualified(&format!("EXECUTE FUNCTION public.indelible_changes({kind}, {key}, {lists})"));
        Ok(format!(
            "DROP TRIGGER IF EXISTS indelible_changes ON {table};\n\
             CREATE TRIGGER indelible_changes AFTER INSERT OR UPDATE OR DELETE ON {table}\n    FOR EACH ROW {call};\n\
             DROP TRIGGER IF EXISTS indelible_truncated ON {table};\n\
             CREATE TRIGGER indelible_truncated AFTER TRUNCATE ON {table}\n    FOR EACH STATEMENT {call};\n"
        ))
    }

    /// Applies the SQL that [`Postgres::triggers`] makes.
    pub fn watch(&self, watch: &Watch) -> Result<(), OutboxError> {
        wait(self.client()?.batch_execute(&self.triggers(watch)?)).map_err(described)
    }
}
