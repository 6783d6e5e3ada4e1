//! From who somebody was before and is after a request, to who did it.

use indelible_proof::{Actor, Credential, Target};

use crate::identity::Identity;

/// The people of an event.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Who {
    pub(super) actor: Option<Actor>,
    pub(super) on_behalf_of: Vec<Actor>,
    pub(super) target: Option<Target>,
    pub(super) session_id: Option<String>,
    pub(super) credential: Option<Credential>,
    pub(super) tenant: Option<String>,
}

/// Who did it:
///
/// - whoever takes on another's name did it themselves, and the other is the target; so did who gives it back;
/// - who signs in is who they are afterwards, whoever's session they had before;
/// - all else is done by who sent the request; where that was nobody, by who it made them: a link in a mail was opened.
pub(super) fn settle(action: &str, before: Option<Identity>, after: Option<Identity>) -> Who {
    match action {
        "session.impersonation.started" => started(before, after.as_ref()),
        "session.impersonation.ended" => ended(before, after),
        _ if makes_a_session(action) => after.or(before).map_or_else(Who::default, own),
        _ => before.or(after).map_or_else(Who::default, own),
    }
}

/// Whether somebody signed in: there is a session that there was not before.
pub(super) fn is_signed_in(action: &str, before: Option<&Identity>, after: Option<&Identity>) -> bool {
    let session = |identity: &Identity| (identity.subject.id.clone(), identity.session_id.clone());
    let is_new = |after: &Identity| after.subject.id.is_some() && before.map(session) != Some(session(after));
    makes_a_session(action) && after.is_some_and(is_new)
}

fn makes_a_session(action: &str) -> bool {
    action.starts_with("auth.login.") || action == "account.created" || action == "session.created"
}

fn own(identity: Identity) -> Who {
    Who {
        actor: Some(identity.actor().clone()),
        on_behalf_of: identity.on_behalf_of(),
        target: None,
        session_id: identity.session_id,
        credential: identity.credential,
        tenant: identity.tenant,
    }
}

fn started(before: Option<Identity>, after: Option<&Identity>) -> Who {
    let taken = after.map(|identity| identity.subject.clone());
    // Without a session before, the new one may tell who is behind it.
    let acting = after.and_then(|identity| identity.acting.first().cloned());
    let session_id = after.and_then(|identity| identity.session_id.clone());
    let mut who = before.map_or_else(Who::default, own);
    who.actor = who.actor.or(acting);
    who.session_id = session_id.or(who.session_id);
    who.target = taken.filter(|taken| Some(taken) != who.actor.as_ref()).map(target_of);
    who
}

fn ended(before: Option<Identity>, after: Option<Identity>) -> Who {
    let given_back = before.as_ref().map(|identity| identity.subject.clone());
    let mut who = before.map_or_else(Who::default, own);
    // A session that does not say who was behind it: who it became does.
    if who.on_behalf_of.is_empty()
        && let Some(after) = after
    {
        who.on_behalf_of = who.actor.take().filter(|subject| *subject != after.subject).into_iter().collect();
        who.actor = Some(after.subject);
    }
    who.target = given_back.filter(|subject| Some(subject) != who.actor.as_ref()).map(target_of);
    who
}

fn target_of(actor: Actor) -> Target {
    Target { r#type: actor.r#type, id: actor.id, name: actor.name.or(actor.email), ..Target::default() }
}

#[cfg(test)]
mod tests;
