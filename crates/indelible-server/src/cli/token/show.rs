//! Tokens for people.

use indelible::{
    Timestamp,
    tokens::{Entity, Standing},
};
use serde_json::Value;

use crate::{
    cli::{
        error::Failure,
        table::{self, Cell, Column},
        terminal::{Screen, short_time, style, visible},
    },
    tokens::{GroupView, IssuedView, Revealed, TokenView, Verdict},
};

/// A token and its text.
pub(super) fn issued(issued: &IssuedView, screen: &mut Screen) -> Result<(), Failure> {
    if screen.wants_json() {
        return screen.json(issued);
    }
    list(std::slice::from_ref(&issued.token), screen)?;
    screen.line("")?;
    screen.line(&format!("The token, shown this once: {}", visible(&issued.plaintext)))
}

/// Tokens that were issued together, and their texts.
pub(super) fn group(group: &GroupView, screen: &mut Screen) -> Result<(), Failure> {
    if screen.wants_json() {
        return screen.json(group);
    }
    let tokens: Vec<TokenView> = group.tokens.iter().map(|issued| issued.token.clone()).collect();
    list(&tokens, screen)?;
    screen.line("")?;
    screen.line(&format!("The tokens of {}, shown this once:", visible(group.group.as_deref().unwrap_or_default())))?;
    group.tokens.iter().try_for_each(|issued| screen.line(&visible(&issued.plaintext)))
}

/// A text, alone: for a pipe.
pub(super) fn revealed(revealed: &Revealed, screen: &mut Screen) -> Result<(), Failure> {
    if screen.wants_json() { screen.json(revealed) } else { screen.line(&visible(&revealed.plaintext)) }
}

/// Some tokens, one a line.
pub(super) fn list(tokens: &[TokenView], screen: &mut Screen) -> Result<(), Failure> {
    if screen.wants_json() {
        return tokens.iter().try_for_each(|token| screen.json(token));
    }
    let columns = vec![
        Column::whole("id"),
        Column::text("name", 8),
        Column::text("owner", 8),
        Column::text("abilities", 9),
        Column::whole("token"),
        Column::whole("last used"),
        Column::whole("state"),
    ];
    let rows: Vec<Vec<Cell>> = tokens.iter().map(row).collect();
    table::print(columns, &rows, screen)
}

fn row(view: &TokenView) -> Vec<Cell> {
    let token = &view.token;
    let (state, colour) = match (view.state, token.revoked_at.or(token.expires_at)) {
        (Standing::Active, None) => ("active".to_owned(), style::GOOD),
        (Standing::Active, Some(end)) => (format!("until {}", short_time(end)), style::PLAIN),
        (over, _) => (over.as_str().to_owned(), style::FAINT),
    };
    vec![
        Cell::new(&token.id, style::NAME),
        Cell::plain(&token.name),
        Cell::plain(&format!("{}:{}", token.owner.r#type, token.owner.id)),
        Cell::plain(&token.abilities.join(" ")),
        Cell::plain(&view.display),
        Cell::plain(&token.last_used_at.map_or_else(|| "never".to_owned(), short_time)),
        Cell::new(&state, colour),
    ]
}

/// One token with all that is known of it.
pub(super) fn one(view: &TokenView, screen: &mut Screen) -> Result<(), Failure> {
    if screen.wants_json() {
        return screen.json(view);
    }
    let TokenView { token, state, display } = view;
    let entity = |entity: &Option<Entity>| entity.as_ref().map(|one| format!("{}:{}", one.r#type, one.id));
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
    let lines = [
        ("id", Some(token.id.clone())),
        ("name", Some(token.name.clone())),
        ("state", Some(state.as_str().to_owned())),
        ("token", Some(display.clone())),
        ("type", Some(token.kind.clone())),
        ("environment", Some(token.environment.clone())),
        ("tenant", Some(token.tenant.clone())),
        ("owner", entity(&Some(token.owner.clone()))),
        ("context", entity(&token.context)),
        ("boundary", entity(&token.boundary)),
        ("abilities", Some(token.abilities.join(" "))),
        ("allowed ips", Some(Vec::from(token.allowed_ips.clone()).join(" "))),
        ("allowed domains", Some(Vec::from(token.allowed_domains.clone()).join(" "))),
        ("uses a minute", token.rate_limit.map(|limit| limit.to_string())),
        ("group", token.group.clone()),
        ("parent", token.parent.clone()),
        ("rotated from", token.rotated_from.clone()),
        ("rotated to", token.rotated_to.clone()),
        ("imported id", token.imported_id.clone()),
        ("created", time(Some(token.created_at))),
        ("expires", time(token.expires_at)),
        ("revoked", time(token.revoked_at)),
        ("reason", token.revocation_reason.clone()),
        ("last used", time(token.last_used_at)),
        ("metadata", (!token.metadata.is_empty()).then(|| Value::from(token.metadata.clone()).to_string())),
    ];
    for (name, value) in lines {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            screen.line(&format!("{name:<17}{}", visible(&value)))?;
        }
    }
    Ok(())
}

/// Whether a token is good.
pub(super) fn verdict(verdict: &Verdict, screen: &mut Screen) -> Result<(), Failure> {
    if screen.wants_json() {
        return screen.json(verdict);
    }
    match (&verdict.token, &verdict.refused) {
        (Some(view), _) => {
            screen.line(&screen.paint(style::GOOD, "good"))?;
            one(view, screen)
        }
        (None, Some(refused)) => {
            let bad = screen.paint(style::BAD, "not good");
            screen.line(&format!("{bad}  {} ({})", visible(&refused.message), visible(&refused.reason)))
        }
        (None, None) => Err(Failure::Failed("the server did not say whether the token is good".to_owned())),
    }
}
