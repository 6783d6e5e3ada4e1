//! Rule sets for what many applications have. Each is a table in a file of its own.

mod better_auth;
mod oauth2;
mod session_auth;
#[cfg(test)]
mod tests;

pub use better_auth::better_auth;
pub use oauth2::oauth2;
pub use session_auth::session_auth;
