//! What the log fills in before an event is encoded.

use crate::alias;
use crate::event::{Actor, Changes, Client, Context, Credential, Event, Geo, Http, OAuth, Outcome, Source};
use crate::time::Timestamp;
use crate::validate::is_action;
use crate::vocabulary;

/// The tenant of an event that names none.
pub const TENANT_DEFAULT: &str = "default";

/// Where another product's name for the action is kept, inside `metadata`.
const ORIGINAL_ACTION: &str = "original_action";

impl Event {
    /// Makes the event complete: sets `recorded_at` (whatever it was), and where they are absent `occurred_at`,
    /// `tenant`, `outcome` and `severity`; brings the address into its canonical form and drops empty sections.
    ///
    /// An action that is not of our form but another product's name for one of ours (`sign-in:email`,
    /// `TokenRotated`) becomes ours (with an
    /// outcome of `failure` or `denied` the one for that), and the original is kept in `metadata.original_action`. A dotted lower-case
    /// action is never renamed, also when another product uses it: the set of actions is open.
    ///
    /// ```
    /// use indelible_proof::{Event, Outcome, Timestamp};
    ///
    /// let mut event = Event::new("TokenRotated");
    /// event.complete("2026-11-20T12:00:00Z".parse()?);
    /// assert_eq!(event.action, "token.rotated");
    /// assert_eq!(event.outcome, Some(Outcome::Success));
    /// assert_eq!(event.metadata["original_action"], "TokenRotated");
    /// # Ok::<(), indelible_proof::TimestampError>(())
    /// ```
    pub fn complete(&mut self, now: Timestamp) {
        self.rename_action();
        self.recorded_at = Some(now);
        self.occurred_at.get_or_insert(now);
        self.tenant.get_or_insert_with(|| TENANT_DEFAULT.to_owned());
        if let Some(context) = &mut self.context {
            context.ip = context.ip.map(|ip| ip.to_canonical());
        }
        self.drop_empty_sections();
        if self.outcome.is_none() {
            self.outcome = Some(vocabulary::outcome_of(&self.action));
        }
        if self.severity.is_none() {
            self.severity = Some(vocabulary::severity_of(self));
        }
    }

    fn rename_action(&mut self) {
        if is_action(&self.action) {
            return;
        }
        if let Some(mut ours) = alias::action_of(&self.action) {
            if matches!(self.outcome, Some(Outcome::Failure | Outcome::Denied)) {
                ours = vocabulary::failed_form(ours).unwrap_or(ours);
            }
            let original = std::mem::replace(&mut self.action, ours.to_owned());
            self.metadata.entry(ORIGINAL_ACTION).or_insert_with(|| original.into());
        }
    }

    pub(crate) fn drop_empty_sections(&mut self) {
        self.source.take_if(|it| *it == Source::default());
        self.actor.take_if(|it| *it == Actor::default());
        self.credential.take_if(|it| *it == Credential::default());
        self.client.take_if(|it| *it == Client::default());
        self.oauth.take_if(|it| *it == OAuth::default());
        self.changes.take_if(|it| *it == Changes::default());
        self.http.take_if(|it| *it == Http::default());
        if let Some(context) = &mut self.context {
            context.geo.take_if(|it| *it == Geo::default());
        }
        self.context.take_if(|it| *it == Context::default());
    }
}

#[cfg(test)]
mod tests;
