//! An identity as an event may carry it; an application may make any.

use indelible_proof::{
    Actor,
    limits::{ID_BYTES_MAX, NAME_BYTES_MAX, SCOPE_BYTES_MAX, SCOPES_MAX, TENANT_BYTES_MAX, WORD_BYTES_MAX},
    vocabulary,
};

use super::Identity;
use crate::text::clipped;

impl Identity {
    /// Takes away what no event may carry; whether anything was lost by it. A name is cut. What tells somebody from
    /// others is left out: cut, it could be another's.
    pub(crate) fn fit(&mut self) -> bool {
        let mut is_less = false;
        for actor in std::iter::once(&mut self.subject).chain(&mut self.acting) {
            is_less |= fit_actor(actor);
        }
        is_less |= leave_out(&mut self.session_id, ID_BYTES_MAX) | leave_out(&mut self.tenant, TENANT_BYTES_MAX);
        if let Some(credential) = &mut self.credential {
            for word in
                [&mut credential.kind, &mut credential.r#type, &mut credential.environment, &mut credential.prefix]
            {
                is_less |= leave_out(word, WORD_BYTES_MAX);
            }
            is_less |=
                leave_out(&mut credential.id, ID_BYTES_MAX) | leave_out(&mut credential.fingerprint, ID_BYTES_MAX);
            let scopes = credential.scopes.len();
            credential.scopes.retain(|scope| !scope.is_empty() && is_fit(scope, SCOPE_BYTES_MAX));
            credential.scopes.truncate(SCOPES_MAX);
            is_less |= credential.scopes.len() < scopes;
        }
        is_less
    }
}

fn fit_actor(actor: &mut Actor) -> bool {
    let mut is_less = leave_out(&mut actor.id, ID_BYTES_MAX);
    is_less |= actor.r#type.take_if(|kind| !vocabulary::is_actor_type(kind)).is_some();
    for name in [&mut actor.name, &mut actor.email] {
        if let Some(text) = name.as_mut().filter(|text| !is_fit(text, NAME_BYTES_MAX)) {
            *text = clipped(text, NAME_BYTES_MAX);
            is_less = true;
        }
        name.take_if(|text| text.is_empty());
    }
    is_less
}

/// Leaves a text out that does not fit. An empty one says nothing, and is no loss.
fn leave_out(text: &mut Option<String>, bytes_max: usize) -> bool {
    text.take_if(|text| text.is_empty() || !is_fit(text, bytes_max)).is_some_and(|text| !text.is_empty())
}

fn is_fit(text: &str, bytes_max: usize) -> bool {
    text.len() <= bytes_max && !text.contains('\0')
}
