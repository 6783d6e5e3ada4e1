//! The activities of a store, found by who, what and to what.

use std::sync::Arc;

use indelible_engine::{
    column::Column,
    query::{Aggregate, Cancel, Clause, Field, Filter, Match, Order, Query, Role, RoleMatch, Test, Value},
    source::ReadError,
    store::Store,
};
use indelible_proof::{Actor, Target, Timestamp};

use super::activity::{Activity, is_word, log_tag};

/// A question for activities of one tenant: each word narrows it, and the last one answers it.
#[derive(Debug, Clone)]
#[must_use]
pub struct Activities {
    store: Arc<dyn Store>,
    filter: Filter,
}

impl Activities {
    /// Everything that a store holds for a tenant, also events that were not recorded as activities.
    pub fn new(store: Arc<dyn Store>, tenant: impl Into<String>) -> Self {
        Self { store, filter: Filter { tenant: Some(tenant.into()), ..Filter::default() } }
    }

    /// Those of one of these logs.
    pub fn in_log<S: AsRef<str>>(self, names: impl IntoIterator<Item = S>) -> Self {
        let tags = names.into_iter().map(|name| Match::Is(log_tag(name.as_ref())));
        self.whose(Column::Tags, tags.collect())
    }

    /// Those that this one did, by type and id.
    pub fn caused_by(self, causer: &Actor) -> Self {
        // Not by the role of a filter line: that knows people by their e-mail address too, which may be another's id.
        let is = |value: &Option<String>| vec![Match::Is(value.clone().unwrap_or_default())];
        self.whose(Column::ActorType, is(&causer.r#type)).whose(Column::ActorId, is(&causer.id))
    }

    /// Those that were done to this one, by type and id.
    pub fn for_subject(self, subject: &Target) -> Self {
        let id = Match::Is(subject.id.clone().unwrap_or_default());
        let subject = RoleMatch { r#type: subject.r#type.clone(), id };
        self.and(false, Test::Role(Role::Target, vec![subject]))
    }

    /// Those in which this was done: by its word, to whatever, or by its whole action.
    pub fn for_event(self, event: &str) -> Self {
        let action = |action| Test::Field(Field::Column(Column::Action), vec![action]);
        if !is_word(event) {
            return self.and(false, action(Match::Is(event.to_owned())));
        }
        let two_words = action(Match::Glob(format!("*.{event}")));
        self.and(false, two_words).and(true, action(Match::Glob(format!("*.*.{event}"))))
    }

    /// Those from this moment on.
    pub fn since(mut self, at: Timestamp) -> Self {
        self.filter.since = Some(at);
        self
    }

    /// Those before this moment.
    pub fn until(mut self, at: Timestamp) -> Self {
        self.filter.until = Some(at);
        self
    }

    /// The newest, so many at most (1,000).
    pub fn newest(&self, limit: u32) -> Result<Vec<Activity>, ReadError> {
        self.page(Order::NewestFirst, limit)
    }

    /// The oldest, so many at most (1,000).
    pub fn oldest(&self, limit: u32) -> Result<Vec<Activity>, ReadError> {
        self.page(Order::OldestFirst, limit)
    }

    /// How many there are.
    pub fn count(&self) -> Result<u64, ReadError> {
        let table = self.store.aggregate(&Aggregate::count(self.filter.clone()), &Cancel::default())?;
        Ok(match table.rows.first().and_then(|row| row.first()) {
            Some(Value::Int(count)) => count.unsigned_abs(),
            _ => 0,
        })
    }

    fn page(&self, order: Order, limit: u32) -> Result<Vec<Activity>, ReadError> {
        let query = Query { order, limit, ..Query::newest(self.filter.clone()) };
        let page = self.store.query(&query, &Cancel::default())?;
        Ok(page.events.into_iter().map(Activity::from).collect())
    }

    fn whose(self, column: Column, is: Vec<Match>) -> Self {
        self.and(false, Test::Field(Field::Column(column), is))
    }

    fn and(mut self, negated: bool, test: Test) -> Self {
        self.filter.clauses.push(Clause { negated, test });
        self
    }
}
