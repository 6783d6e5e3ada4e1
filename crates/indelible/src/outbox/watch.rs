//! What triggers shall record of a table.

use super::OutboxError;

/// A table whose changes are to be recorded, whoever makes them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Watch {
    pub(super) table: String,
    kind: Option<String>,
    pub(super) exclude: Vec<String>,
    pub(super) mask: Vec<String>,
}

impl Watch {
    /// A table by its name, in Postgres with the schema where it is not in the search path: `billing.invoices`.
    pub fn new(table: impl Into<String>) -> Self {
        Self { table: table.into(), ..Self::default() }
    }

    /// Sets the type of the targets. Default: the table's name.
    #[must_use]
    pub fn kind(mut self, kind: impl Into<String>) -> Self {
        self.kind = Some(kind.into());
        self
    }

    /// Leaves a column out: a change of nothing else is no event.
    #[must_use]
    pub fn exclude(mut self, column: impl Into<String>) -> Self {
        self.exclude.push(column.into());
        self
    }

    /// Records that a column changed and nothing of what it holds. What the recorder's redaction knows as a secret, from
    /// the column's name, reaches no log either way, but it would be in the outbox until then.
    #[must_use]
    pub fn mask(mut self, column: impl Into<String>) -> Self {
        self.mask.push(column.into());
        self
    }

    /// The type of the targets.
    pub(super) fn target_type(&self) -> &str {
        self.kind.as_deref().unwrap_or(&self.table)
    }

    /// Refuses columns that the table does not have, and to leave out all.
    pub(super) fn check(&self, columns: &[&str]) -> Result<(), OutboxError> {
        let refused = |cause| Err(OutboxError::Watch { cause });
        let unknown = self.exclude.iter().chain(&self.mask).find(|name| !columns.contains(&name.as_str()));
        if let Some(name) = unknown {
            return refused(format!("{} has no column {name}", self.table));
        }
        if columns.iter().all(|column| self.exclude.iter().any(|excluded| excluded == column)) {
            return refused(format!("every column of {} is excluded", self.table));
        }
        Ok(())
    }
}
