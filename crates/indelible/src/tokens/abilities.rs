//! What a token may do.

use std::ops::Deref;

use serde::{Deserialize, Serialize};

use crate::limits;

/// What a token may do: names like `read` or `orders:read`. `*` is everything, and at the end, after a colon, everything
/// below: `orders:*` is `orders:read` and `orders:items:read`, but not `orders`. Case matters.
///
/// Sorted, each once. Default: nothing.
///
/// ```
/// use indelible::tokens::Abilities;
///
/// let abilities = Abilities::new(["orders:*", "invoices:read"])?;
/// assert!(abilities.allow("orders:write") && !abilities.allow("invoices:write"));
/// # Ok::<(), indelible::tokens::AbilityError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Abilities(Vec<String>);

/// Why a list is none of abilities.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AbilityError {
    /// A text that is no ability.
    #[error("\"{0}\" is no ability: write read, orders:read, orders:* or *, in at most 256 bytes")]
    Malformed(String),
    /// More than a token can have.
    #[error("{0} abilities are too many: at most 256, so bring some together as orders:*")]
    TooMany(usize),
}

impl Abilities {
    /// These abilities.
    pub fn new(names: impl IntoIterator<Item = impl Into<String>>) -> Result<Self, AbilityError> {
        let mut names: Vec<String> = names.into_iter().map(Into::into).collect();
        if let Some(name) = names.iter().find(|name| !is_ability(name)) {
            return Err(AbilityError::Malformed(name.chars().take(64).collect()));
        }
        names.sort();
        names.dedup();
        if names.len() > limits::ABILITIES_MAX { Err(AbilityError::TooMany(names.len())) } else { Ok(Self(names)) }
    }

    /// Whether they allow what an ability names. One with a wildcard is allowed when all of it is.
    pub fn allow(&self, needed: &str) -> bool {
        self.0.iter().any(|own| match own.strip_suffix('*') {
            // What `needed` names below the stem is never empty: `orders:` alone is no ability.
            Some(stem) => needed.len() > stem.len() && needed.starts_with(stem),
            None => own == needed,
        })
    }

    /// Whether they allow everything that others allow: those of a derived token, say.
    pub fn cover(&self, others: &Self) -> bool {
        others.iter().all(|other| self.allow(other))
    }
}

fn is_ability(text: &str) -> bool {
    let is_name = |part: &str| !part.is_empty() && !part.contains(|char: char| char == '*' || char.is_control());
    let (above, last) = text.rsplit_once(':').map_or((None, text), |(above, last)| (Some(above), last));
    text.len() <= limits::ABILITY_BYTES_MAX
        && (last == "*" || is_name(last))
        && above.is_none_or(|above| above.split(':').all(is_name))
}

impl Deref for Abilities {
    type Target = [String];

    fn deref(&self) -> &[String] {
        &self.0
    }
}

impl TryFrom<Vec<String>> for Abilities {
    type Error = AbilityError;

    fn try_from(names: Vec<String>) -> Result<Self, AbilityError> {
        Self::new(names)
    }
}

impl From<Abilities> for Vec<String> {
    fn from(abilities: Abilities) -> Self {
        abilities.0
    }
}

#[cfg(test)]
mod tests;
