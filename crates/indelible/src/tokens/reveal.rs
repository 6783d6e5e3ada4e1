//! Showing the text of a token again.

use super::{Tokens, error::TokenError, events, format::Plaintext, model::Token, state::Change};

impl Tokens {
    /// The text of a token whose type is revealable. The log gets `token.revealed` before anybody sees it.
    pub fn reveal(&self, id: &str) -> Result<Plaintext, TokenError> {
        self.change(|now| {
            let token = self.existing(id)?;
            let opened = match (&self.service.settings.vault, &token.sealed) {
                (Some(vault), Some(sealed)) => vault.open(&token.id, sealed)?,
                _ => return Err(TokenError::NotRevealable { id: token.id }),
            };
            let events = vec![events::lifecycle(&self.scope, "token.revealed", &token, now)];
            Ok((Change { events, ..Change::default() }, opened))
        })
    }

    /// The text of a new token, sealed where its type is revealable.
    pub(super) fn seal(&self, token: &Token, text: &Plaintext) -> Result<Option<Vec<u8>>, TokenError> {
        let is_revealable = self.kinds().get(&token.kind).is_some_and(|kind| kind.revealable);
        let vault = self.service.settings.vault.as_ref().filter(|_| is_revealable);
        Ok(vault.map(|vault| vault.seal(&token.id, text)).transpose()?)
    }
}
