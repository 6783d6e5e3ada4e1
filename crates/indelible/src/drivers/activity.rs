//! One entry of an activity log: the model that applications know from such packages, as a view of an event.

use std::borrow::Cow;

use indelible_proof::{Actor, Event, Object, Recorded, Target, Timestamp};
use serde_json::Value;

use super::placeholders;

/// What a tag begins with that names an activity log.
const LOG_TAG: &str = "log:";
/// Where `metadata` keeps the description.
const DESCRIPTION: &str = "description";
/// The first word of the action where there is no subject, and the whole one where nothing is said to have been done.
const NO_SUBJECT: &str = "activity";
const NO_EVENT: &str = "activity.logged";

/// Something that somebody (the causer) did to something (the subject), described in words.
///
/// It is an event seen with other words: the causer is its `actor`, the subject its first target, the properties its
/// `metadata`, old values and attributes its `changes`, the log's name a tag `log:<name>`. What was done, `created`, gets the
/// subject's type before it and is the action: `token.created`. So an activity is found, counted and proved like any other
/// event, an action of the vocabulary has its outcome and severity, and every event can be read as an activity.
///
/// The description is kept as it was written, as `metadata.description`, and its placeholders are filled in when it is read: `:subject.name`,
/// `:causer.email`, `:properties.mode`, with dots into what is nested. So it can show nothing that was redacted or erased
/// from the event. What cannot be filled in stays as it is.
///
/// ```
/// use std::sync::Arc;
///
/// use indelible::{Actor, MemoryStore, Recorder, Target, drivers::{Activities, Activity}};
///
/// let store = Arc::new(MemoryStore::default());
/// let recorder = Recorder::new(store.clone());
/// let alice = Actor::user("42").name("Alice");
/// let key = Target::new("token", "tok_7").name("ci key");
/// let activity = Activity::new(":causer.name revoked :subject.name: :properties.why")
///     .in_log("bearer")
///     .by(alice.clone())
///     .on(key.clone())
///     .done("revoked")
///     .property("why", "left the team");
/// recorder.record(activity.into())?;
///
/// let found = Activities::new(store.clone(), "default").in_log(["bearer"]).caused_by(&alice).for_subject(&key).newest(10)?;
/// assert_eq!(found[0].description(), "Alice revoked ci key: left the team");
/// assert_eq!(found[0].event(), Some("revoked"));
/// store.assert_recorded("action:token.revoked actor:user:42 target:token:tok_7 tags:log:bearer");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Activity(Event);

impl Activity {
    /// An activity with its description, in the log `default`.
    pub fn new(description: impl Into<String>) -> Self {
        let event = Event::new(NO_EVENT).tag(log_tag("default"));
        Self(event.meta(DESCRIPTION, description.into()))
    }

    /// Sets the log's name.
    #[must_use]
    pub fn in_log(mut self, name: &str) -> Self {
        self.0.tags.retain(|tag| !tag.starts_with(LOG_TAG));
        self.tap(|event| event.tag(log_tag(name)))
    }

    /// Sets the subject.
    #[must_use]
    pub fn on(mut self, subject: Target) -> Self {
        let done = self.event().map(str::to_owned);
        self.0.targets = vec![subject];
        match done {
            Some(done) => self.done(&done),
            None => self,
        }
    }

    /// Sets who did it. By default nobody is named.
    #[must_use]
    pub fn by(self, causer: Actor) -> Self {
        self.tap(|event| event.actor(causer))
    }

    /// Sets what was done: a word of a-z, 0-9, `_` and `-`, or several with dots between, which are the action as it is.
    #[must_use]
    pub fn done(mut self, event: &str) -> Self {
        self.0.action = if event.contains('.') { event.to_owned() } else { format!("{}.{event}", self.kind()) };
        self
    }

    /// Sets a property. The one named `description` is the description.
    #[must_use]
    pub fn property(self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.tap(|event| event.meta(name, value))
    }

    /// Sets what changed: the subject's values before and after.
    #[must_use]
    pub fn changes(self, old: Object, attributes: Object) -> Self {
        self.tap(|event| event.changes(old, attributes))
    }

    /// Sets when it happened. Default: now.
    #[must_use]
    pub fn created_at(self, at: Timestamp) -> Self {
        self.tap(|event| event.occurred_at(at))
    }

    /// Changes the event below, for what an activity has no word for: `.tap(|event| event.ip(address))`.
    #[must_use]
    pub fn tap(self, change: impl FnOnce(Event) -> Event) -> Self {
        Self(change(self.0))
    }

    /// The log's name; none of an event that was not recorded as an activity.
    pub fn log_name(&self) -> Option<&str> {
        self.0.tags.iter().find_map(|tag| tag.strip_prefix(LOG_TAG))
    }

    /// What happened, with its placeholders filled in; of an event without a description, its action.
    pub fn description(&self) -> Cow<'_, str> {
        match self.0.metadata.get(DESCRIPTION).and_then(Value::as_str) {
            Some(description) => placeholders::fill(description, &self.0),
            None => Cow::Borrowed(&self.0.action),
        }
    }

    /// What it was done to.
    pub fn subject(&self) -> Option<&Target> {
        self.0.targets.first()
    }

    /// What was done: the second word of an action that has two, else the whole action.
    pub fn event(&self) -> Option<&str> {
        let action = self.0.action.as_str();
        let word = action.split_once('.').map(|(_, word)| word).filter(|word| !word.contains('.'));
        (action != NO_EVENT).then(|| word.unwrap_or(action))
    }

    /// Who did it.
    pub fn causer(&self) -> Option<&Actor> {
        self.0.actor.as_ref()
    }

    /// The properties by name.
    pub fn properties(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.metadata.iter().map(|(name, value)| (name.as_str(), value)).filter(|(name, _)| *name != DESCRIPTION)
    }

    /// A property.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.metadata.get(name)
    }

    /// The subject's values before.
    pub fn old(&self) -> Option<&Object> {
        self.0.changes.as_ref().map(|changes| &changes.before)
    }

    /// The subject's values after.
    pub fn attributes(&self) -> Option<&Object> {
        self.0.changes.as_ref().map(|changes| &changes.after)
    }

    /// When it happened.
    pub fn at(&self) -> Option<Timestamp> {
        self.0.occurred_at
    }

    /// The event below.
    pub fn as_event(&self) -> &Event {
        &self.0
    }

    /// The subject's type, as far as it can be a word of an action.
    fn kind(&self) -> &str {
        let kind = self.subject().and_then(|subject| subject.r#type.as_deref());
        kind.filter(|kind| is_word(kind)).unwrap_or(NO_SUBJECT)
    }
}

/// To record it.
impl From<Activity> for Event {
    fn from(activity: Activity) -> Self {
        activity.0
    }
}

/// Any event can be read as an activity.
impl From<Recorded> for Activity {
    fn from(recorded: Recorded) -> Self {
        Self(recorded.event)
    }
}

/// The tag of an event that belongs to an activity log.
pub(super) fn log_tag(name: &str) -> String {
    format!("{LOG_TAG}{name}")
}

/// Whether it can be a word of an action.
pub(super) fn is_word(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'))
}
