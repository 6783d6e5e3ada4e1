//! What is answered. A token's text is in nothing but what was issued and what was revealed.

use indelible::tokens::{Issued, Plaintext, Standing, Token};
use serde::{Deserialize, Serialize};

use crate::clock;

/// A token as it is shown.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TokenView {
    #[serde(flatten)]
    pub(crate) token: Token,
    /// Whether it can be used now, as far as it is for itself to say.
    pub(crate) state: Standing,
    /// Its beginning and end.
    pub(crate) display: String,
}

/// A token and its text, which is shown this once. It cannot be printed by accident.
#[derive(Serialize, Deserialize)]
pub(crate) struct IssuedView {
    pub(crate) token: TokenView,
    pub(crate) plaintext: String,
}

/// Tokens that were issued together.
#[derive(Serialize, Deserialize)]
pub(crate) struct GroupView {
    pub(crate) group: Option<String>,
    pub(crate) tokens: Vec<IssuedView>,
}

/// A text that was kept. It cannot be printed by accident.
#[derive(Serialize, Deserialize)]
pub(crate) struct Revealed {
    pub(crate) plaintext: String,
}

/// Some tokens.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Tokens {
    pub(crate) tokens: Vec<TokenView>,
}

/// A page of tokens.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Page {
    pub(crate) tokens: Vec<TokenView>,
    /// What to give as `cursor` for the next page; null at the end.
    pub(crate) next: Option<String>,
}

/// How many tokens were cleared away.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Pruned {
    pub(crate) deleted: u64,
}

impl From<Token> for TokenView {
    fn from(token: Token) -> Self {
        Self { state: token.standing(clock::now()), display: token.display(), token }
    }
}

impl From<Issued> for IssuedView {
    fn from(issued: Issued) -> Self {
        Self { plaintext: issued.plaintext.reveal().to_owned(), token: issued.token.into() }
    }
}

impl From<Plaintext> for Revealed {
    fn from(plaintext: Plaintext) -> Self {
        Self { plaintext: plaintext.reveal().to_owned() }
    }
}

impl From<Vec<Issued>> for GroupView {
    fn from(issued: Vec<Issued>) -> Self {
        let tokens: Vec<IssuedView> = issued.into_iter().map(Into::into).collect();
        Self { group: tokens.first().and_then(|one| one.token.token.group.clone()), tokens }
    }
}

impl From<Vec<Token>> for Tokens {
    fn from(tokens: Vec<Token>) -> Self {
        Self { tokens: tokens.into_iter().map(Into::into).collect() }
    }
}
