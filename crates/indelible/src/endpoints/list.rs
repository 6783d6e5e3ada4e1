//! What a list is asked for.

use indelible_engine::column::Column;
use indelible_engine::query::{Clause, Field, Filter, Match, Test};
use indelible_proof::{Actor, Object, Outcome, Timestamp};
use serde_json::Value;

use super::{
    answer::Refusal,
    entry::{ORIGINAL_ACTION, Status},
    insert, moment,
    number::number,
};
use crate::{capture::read_form, limits};

/// A list, as it was asked for.
#[derive(Debug, PartialEq)]
pub(super) struct List {
    /// Whose entries; only an administrator may ask for others'.
    pub(super) user_id: Option<String>,
    action: Option<String>,
    status: Option<Status>,
    /// Milliseconds since 1970, both inclusive.
    from: Option<i64>,
    to: Option<i64>,
    pub(super) limit: u32,
    pub(super) offset: u32,
}

impl List {
    /// Reads a query; unknown names in it say nothing.
    pub(super) fn parse(query: &str) -> Result<Self, Refusal> {
        let mut asked = Asked { query: read_form(query), wrong: Vec::new() };
        let list = Self {
            user_id: asked.text("userId"),
            action: asked.text("action").filter(|action| !action.is_empty()),
            status: asked.status(),
            from: asked.moment("from"),
            to: asked.moment("to"),
            limit: asked.whole("limit", 1, limits::LIST_ENTRIES_MAX).unwrap_or(limits::LIST_ENTRIES_DEFAULT),
            offset: asked.whole("offset", 0, limits::LIST_OFFSET_MAX).unwrap_or(0),
        };
        if asked.wrong.is_empty() { Ok(list) } else { Err(Refusal::Invalid(asked.wrong.join("; "))) }
    }

    /// The events that it means: of somebody, or for an administrator of anybody.
    pub(super) fn filter(&self, tenant: &str, whose: Option<&Actor>) -> Filter {
        let mut clauses = Vec::new();
        if let Some(actor) = whose {
            // To the letter, by id alone: an e-mail address may be another's id.
            clauses.push(is(Column::ActorId, actor.id.as_deref().unwrap_or_default()));
            clauses.extend(actor.r#type.as_deref().map(|kind| is(Column::ActorType, kind)));
        }
        if let Some(action) = &self.action {
            let original = Field::Json(Column::Metadata, vec![ORIGINAL_ACTION.to_owned()]);
            let is_ours = insert::dotted(action) == *action;
            clauses.push(if is_ours { is(Column::Action, action) } else { holds(original, action) });
        }
        if let Some(status) = self.status {
            let succeeded = is(Column::Outcome, Outcome::Success.as_str());
            clauses.push(Clause { negated: status == Status::Failed, ..succeeded });
        }
        Filter {
            tenant: Some(tenant.to_owned()),
            since: self.from.map(at),
            // The log's end is exclusive.
            until: self.to.map(|to| at(to.saturating_add(1))),
            clauses,
            ..Filter::default()
        }
    }
}

fn is(column: Column, value: &str) -> Clause {
    holds(Field::Column(column), value)
}

fn holds(field: Field, value: &str) -> Clause {
    Clause { negated: false, test: Test::Field(field, vec![Match::Is(value.to_owned())]) }
}

fn at(millis: i64) -> Timestamp {
    Timestamp::saturating_from_micros(millis.saturating_mul(1000))
}

/// A query while it is read, and what is wrong with it.
struct Asked {
    query: Object,
    wrong: Vec<String>,
}

impl Asked {
    fn complain(&mut self, name: &str, problem: &str) {
        self.wrong.push(format!("[query.{name}] {problem}"));
    }

    fn text(&mut self, name: &str) -> Option<String> {
        match self.query.remove(name)? {
            Value::String(text) => Some(text),
            other => {
                let problem = format!("Invalid input: expected string, received {}", insert::kind(Some(&other)));
                self.complain(name, &problem);
                None
            }
        }
    }

    fn status(&mut self) -> Option<Status> {
        let status = Status::parse(self.query.remove("status")?.as_str().unwrap_or_default());
        if status.is_none() {
            self.complain("status", Status::OPTIONS);
        }
        status
    }

    fn moment(&mut self, name: &str) -> Option<i64> {
        let text = self.text(name).filter(|text| !text.is_empty())?;
        let millis = moment::millis(&text);
        if millis.is_none() {
            self.complain(name, "Invalid date");
        }
        millis
    }

    fn whole(&mut self, name: &str, min: u32, max: u32) -> Option<u32> {
        let value = self.query.remove(name)?.as_str().map_or(f64::NAN, number);
        let problem = if !value.is_finite() {
            let received = if value.is_nan() {
                "NaN"
            } else if value > 0.0 {
                "Infinity"
            } else {
                "-Infinity"
            };
            format!("Invalid input: expected number, received {received}")
        } else if value.fract() != 0.0 {
            "Invalid input: expected int, received number".to_owned()
        } else if value < f64::from(min) {
            format!("Too small: expected number to be >={min}")
        } else if value > f64::from(max) {
            format!("Too big: expected number to be <={max}")
        } else {
            return Some(value as u32);
        };
        self.complain(name, &problem);
        None
    }
}

#[cfg(test)]
mod tests;
