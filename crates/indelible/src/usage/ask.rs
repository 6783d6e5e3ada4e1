//! A question as an aggregate of the store.

use indelible_engine::{
    column::Column,
    query::{Aggregate, Filter, Group, Measure, Table},
    source::ReadError,
};
use indelible_proof::{Actor, limits::ID_BYTES_MAX};

use super::{Scope, USE, Usage};
use crate::{asking::is, text::clipped};

impl Usage<'_> {
    /// Measures of the uses in the scope.
    pub(super) fn uses(&self, group_by: &[Group], measures: &[Measure], limit: u32) -> Result<Table, ReadError> {
        let (group_by, measures, time_zone) = (group_by.to_vec(), measures.to_vec(), self.time_zone.clone());
        let uses = Aggregate::count(self.filter(&[USE]));
        self.asking.aggregate(&Aggregate { group_by, measures, time_zone, limit, approximate: true, ..uses })
    }

    /// The events of some actions in the scope; the actions come first.
    pub(super) fn filter(&self, actions: &[&str]) -> Filter {
        let (column, of) = match &self.scope {
            Scope::Token(id) => (Column::CredentialId, vec![id.clone()]),
            Scope::Tokens(ids) => (Column::CredentialId, ids.clone()),
            Scope::Owner { r#type, id } => (Column::ActorId, owner_as_actor(r#type, id).id.into_iter().collect()),
            Scope::Type(kind) => (Column::CredentialType, vec![kind.clone()]),
            Scope::Environment(environment) => (Column::CredentialEnvironment, vec![environment.clone()]),
            Scope::All => (Column::CredentialId, Vec::new()),
        };
        let mut clauses = vec![is(Column::Action, actions.iter().copied())];
        if self.scope != Scope::All {
            clauses.push(is(column, of));
        }
        self.asking.filter(clauses)
    }
}

/// The owner of a token as whoever uses it. There are few types of actors: an owner that is none of them is a service, whose
/// id tells the type too, so that it is nobody else's.
pub(crate) fn owner_as_actor(r#type: &str, id: &str) -> Actor {
    match r#type {
        "user" | "service" | "token" | "client" | "agent" | "system" => Actor::new(r#type, id),
        _ => Actor::new("service", clipped(&format!("{}:{id}", r#type), ID_BYTES_MAX)),
    }
}
