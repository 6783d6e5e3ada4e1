//! Other products' names for our actions.
//!
//! One table a product, sorted by name, in a file of its family. A name says which action an event was; whether
//! it succeeded is the event's outcome, except where the product has a name of its own for the failure.

mod applications;
mod cloud;
mod development;
mod identity;
mod okta;
mod servers;
mod workplace;

/// A product's names, sorted, each with our action.
type Names = &'static [(&'static str, &'static str)];

/// Every product there is a table for.
const PRODUCTS: &[(&str, Names)] = &[
    ("1password", workplace::ONEPASSWORD),
    ("anthropic", development::ANTHROPIC),
    ("asana", workplace::ASANA),
    ("atlassian", workplace::ATLASSIAN),
    ("auth0", identity::AUTH0),
    ("aws", cloud::AWS),
    ("bearer", applications::BEARER),
    ("better-auth", applications::BETTER_AUTH),
    ("box", workplace::BOX),
    ("databricks", development::DATABRICKS),
    ("dropbox", workplace::DROPBOX),
    ("duo", identity::DUO),
    ("entra", identity::ENTRA),
    ("gcp", cloud::GCP),
    ("github", development::GITHUB),
    ("gitlab", development::GITLAB),
    ("google-workspace", workplace::GOOGLE_WORKSPACE),
    ("keycloak", identity::KEYCLOAK),
    ("kratos", servers::KRATOS),
    ("microsoft-365", workplace::MICROSOFT_365),
    ("mongodb", development::MONGODB),
    ("notion", workplace::NOTION),
    ("oauth", applications::OAUTH),
    ("okta", okta::OKTA),
    ("onelogin", identity::ONELOGIN),
    ("openai", development::OPENAI),
    ("salesforce", workplace::SALESFORCE),
    ("security-events", servers::SECURITY_EVENTS),
    ("slack", workplace::SLACK),
    ("snowflake", workplace::SNOWFLAKE),
    ("snyk", development::SNYK),
    ("tines", workplace::TINES),
    ("zitadel", servers::ZITADEL),
];

/// Names shorter than this are codes that mean something only beside their product (`s`, `f`, `5`).
const TELLING_BYTES_MIN: usize = 4;

/// Our action for another product's name, or `None` when no table has it, when products mean different things by
/// it, or when it is a mere code of fewer than four bytes.
///
/// ```
/// use indelible_proof::action_of;
///
/// assert_eq!(action_of("sign-in:email"), Some("auth.login.succeeded"));
/// assert_eq!(action_of("/sign-in/email"), Some("auth.login.succeeded"));
/// assert_eq!(action_of("TokenRotated"), Some("token.rotated"));
/// assert_eq!(action_of("DescribeInstances"), None);
/// ```
pub fn action_of(name: &str) -> Option<&'static str> {
    if name.len() < TELLING_BYTES_MIN {
        return None;
    }
    let mut meanings = PRODUCTS.iter().filter_map(|(product, _)| action_of_product(product, name));
    let first = meanings.next()?;
    meanings.all(|other| other == first).then_some(first)
}

/// Our action for a product's name. The products are those of [`products`].
///
/// A name of Better Auth may be a path (`/sign-in/email`) or the form that its audit plugin makes of it
/// (`sign-in:email`).
///
/// ```
/// use indelible_proof::action_of_product;
///
/// assert_eq!(action_of_product("better-auth", "/two-factor/enable"), Some("auth.mfa.enrolled"));
/// assert_eq!(action_of_product("no such product", "login"), None);
/// ```
pub fn action_of_product(product: &str, name: &str) -> Option<&'static str> {
    let (_, names) = PRODUCTS.iter().find(|(known, _)| *known == product)?;
    let find = |name: &str| {
        let at = names.binary_search_by(|(known, _)| (*known).cmp(name)).ok()?;
        names.get(at).map(|(_, action)| *action)
    };
    if product == "better-auth" && name.starts_with('/') && name.len() <= crate::limits::ACTION_BYTES_MAX {
        return find(&name.trim_start_matches('/').replace('/', ":"));
    }
    find(name)
}

/// The products that there are tables for.
pub fn products() -> impl Iterator<Item = &'static str> {
    PRODUCTS.iter().map(|(product, _)| *product)
}

/// Every name of a product with our action.
pub fn aliases(product: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let names = PRODUCTS.iter().find(|(known, _)| *known == product).map_or(&[][..], |(_, names)| names);
    names.iter().copied()
}

#[cfg(test)]
mod tests;
