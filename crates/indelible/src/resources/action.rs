//! What happens to resources.

use std::borrow::Cow;

/// What was done to a resource. A word without a dot is one of `resource.*`: `"archived"` is `resource.archived`; one with a
/// dot is an action of your own, as it stands: `"invoice.sent"`. `"rejected"` is [`Action::DENIED`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Action(Cow<'static, str>);

impl Action {
    /// It is there now.
    pub const CREATED: Self = Self(Cow::Borrowed("resource.created"));
    /// Some of its fields have other values.
    pub const UPDATED: Self = Self(Cow::Borrowed("resource.updated"));
    /// It is gone.
    pub const DELETED: Self = Self(Cow::Borrowed("resource.deleted"));
    /// Somebody wants it to be made or changed.
    pub const REQUESTED: Self = Self(Cow::Borrowed("resource.requested"));
    /// Somebody else said yes to a request.
    pub const APPROVED: Self = Self(Cow::Borrowed("resource.approved"));
    /// Somebody else said no to a request.
    pub const DENIED: Self = Self(Cow::Borrowed("resource.denied"));
    /// Whoever made a request took it back.
    pub const CANCELLED: Self = Self(Cow::Borrowed("resource.cancelled"));
    /// A request has become a resource with an id, and nothing else is to be told.
    pub const LINKED: Self = Self(Cow::Borrowed("resource.linked"));
    /// It works again.
    pub const ENABLED: Self = Self(Cow::Borrowed("resource.enabled"));
    /// It does not work for now.
    pub const DISABLED: Self = Self(Cow::Borrowed("resource.disabled"));
    /// A copy of it was taken out.
    pub const EXPORTED: Self = Self(Cow::Borrowed("resource.exported"));

    /// The action of an event.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Action {
    fn from(word: &str) -> Self {
        match word {
            "rejected" => Self::DENIED,
            own if own.contains('.') => Self(Cow::Owned(own.to_owned())),
            word => Self(Cow::Owned(format!("resource.{word}"))),
        }
    }
}
