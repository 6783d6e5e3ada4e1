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
    pub(super) parameters: &'static [Parameter],
    /// An example of the body, when there is one.
    pub(super) request: Option<Value>,
    /// The status of success.
    pub(super) status: u16,
    /// The media type of the answer.
    pub(super) media_type: &'static str,
    /// An example of the answer.
    pub(super) answer: Value,
    pub(super) handler: MethodRouter<App>,
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
            parameters: &[],
            request: None,
            status: 200,
            media_type: "application/json",
            answer: Value::Null,
            handler,
        }
    }

    pub(super) fn needs(mut self, ability: Ability) -> Self {
        self.ability = Some(ability);
        self
    }

    pub(super) fn parameters(mut self, parameters: &'static [Parameter]) -> Self {
        self.parameters = parameters;
        self
    }

    pub(super) fn request(mut self, example: Value) -> Self {
        self.request = Some(example);
        self
    }

    pub(super) fn answers(mut self, status: u16, example: Value) -> Self {
        self.status = status;
        self.answer = example;
        self
    }

    pub(super) fn streams(mut self, media_type: &'static str, example: &str) -> Self {
        self.media_type = media_type;
        self.answer = example.into();
        self
    }
}
