//! The columns of the file: the log's own, with `id` and `seq` in front.

use std::{fmt::Write, sync::Arc};

use indelible_engine::column::{Column, Kind};
use parquet::{
    errors::Result,
    schema::{parser::parse_message_type, types::Type},
};

/// How a column of the log looks in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Text,
    Texts,
    Json,
    Int,
    Time,
}

pub(super) fn shape(column: Column) -> Shape {
    match (column.kind(), column) {
        (
            _,
            Column::RecordedAt | Column::OccurredAt | Column::CredentialExpiresAt | Column::FirstAt | Column::LastAt,
        ) => Shape::Time,
        (
            _,
            Column::Tags
            | Column::CredentialScopes
            | Column::OauthScopesRequested
            | Column::OauthScopesGranted
            | Column::OnBehalfOfType
            | Column::OnBehalfOfId
            | Column::OnBehalfOfName
            | Column::OnBehalfOfEmail
            | Column::TargetsType
            | Column::TargetsId
            | Column::TargetsName,
        ) => Shape::Texts,
        (Kind::Terms, _) => Shape::Text,
        (Kind::Ints, _) => Shape::Int,
        (Kind::Blob, _) => Shape::Json,
    }
}

/// The file's schema.
pub(super) fn message() -> Result<Arc<Type>> {
    let mut text = "message event { required binary id (STRING); required int64 seq;".to_owned();
    for &column in Column::ALL {
        let name = column.path().replace('.', "_");
        // Writing to a text cannot fail.
        let _ = match shape(column) {
            Shape::Text if column == Column::Action => write!(text, "required binary {name} (STRING);"),
            Shape::Text => write!(text, "optional binary {name} (STRING);"),
            Shape::Json => write!(text, "optional binary {name} (JSON);"),
            Shape::Int => write!(text, "optional int64 {name};"),
            Shape::Time => write!(text, "optional int64 {name} (TIMESTAMP(MICROS,true));"),
            Shape::Texts => write!(
                text,
                "optional group {name} (LIST) {{ repeated group list {{ optional binary element (STRING); }} }}"
            ),
        };
    }
    text.push('}');
    parse_message_type(&text).map(Arc::new)
}
