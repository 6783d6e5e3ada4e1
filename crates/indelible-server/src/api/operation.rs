//! One route: what serves it and what is said of it.

use axum::routing::MethodRouter;
use serde_json::Value;

use super::{App, params::Parameter};
use crate::keys::Ability;

/// One method of one path.
pub(super) struct Operation {
    pub(super) path: &'static str,
    pub(super) method: &'static str,
    pub(super) summary: &'static str,
    /// What an API key must allow; `None` when none is needed.
    pub(super) ability: Option<Ability>,
    pub(super) parameters: Vec<Parameter>,
    /// Whether it tells of the events of one tenant, which a header may name.
    pub(super) of_tenant: bool,
    /// Examples of the body, when there is one: see [`Answer::examples`].
    pub(super) request: Vec<Value>,
    /// What the body is sent as.
    pub(super) takes: &'static str,
    pub(super) answers: Vec<Answer>,
    pub(super) handler: MethodRouter<App>,
}

/// What a success looks like.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) media_type: &'static str,
    /// The first is shown; all together tell what may be left out or be null.
    pub(super) examples: Vec<Value>,
}

impl Operation {
    pub(super) fn new(
        method: &'static str,
        path: &'static str,
        summary: &'static str,
        handler: MethodRouter<App>,
    ) -> Self {
        Self {
            path,
            method,
            summary,
            ability: None,
            parameters: Vec::new(),
            of_tenant: false,
            request: Vec::new(),
            takes: "application/json",
            answers: Vec::new(),
            handler,
        }
    }

    pub(super) fn needs(mut self, ability: Ability) -> Self {
        self.ability = Some(ability);
        self
    }

    pub(super) fn parameters<'a>(mut self, parameters: impl IntoIterator<Item = &'a Parameter>) -> Self {
        self.parameters.extend(parameters);
        self
    }

    /// Tells of the events of one tenant.
    pub(super) fn of_tenant(mut self) -> Self {
        self.of_tenant = true;
        self
    }

    /// Says what the body is sent as, when not as JSON.
    pub(super) fn takes(mut self, media_type: &'static str) -> Self {
        self.takes = media_type;
        self
    }

    /// Adds an example of the body.
    pub(super) fn request(mut self, example: Value) -> Self {
        self.request.push(example);
        self
    }

    /// Adds an answer in JSON.
    pub(super) fn answers(mut self, status: u16, example: Value) -> Self {
        self.answers.push(Answer { status, media_type: "application/json", examples: vec![example] });
        self
    }

    /// Adds an answer without a body.
    pub(super) fn empty(mut self, status: u16) -> Self {
        self.answers.push(Answer { status, media_type: "", examples: Vec::new() });
        self
    }

    /// Adds another example of the last answer.
    pub(super) fn or(mut self, example: Value) -> Self {
        if let Some(answer) = self.answers.last_mut() {
            answer.examples.push(example);
        }
        self
    }

    /// Adds an answer of another media type.
    pub(super) fn streams(mut self, media_type: &'static str, example: &str) -> Self {
        self.answers.push(Answer { status: 200, media_type, examples: vec![example.into()] });
        self
    }
}
