//! Who there is, and who is signed in. In memory and with passwords in clear, as no real application would have them.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use indelible::{Actor, identity::Identity};

pub(crate) struct Accounts(Mutex<State>);

struct State {
    /// By e-mail address.
    passwords: HashMap<String, String>,
    /// By token: whose session it is.
    sessions: HashMap<String, String>,
}

impl Default for Accounts {
    fn default() -> Self {
        let passwords = HashMap::from([("alice@example.com".to_owned(), "correct horse".to_owned())]);
        Self(Mutex::new(State { passwords, sessions: HashMap::new() }))
    }
}

impl Accounts {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The token of a new session.
    pub(crate) fn sign_in(&self, email: &str, password: &str) -> Option<String> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).ok()?;
        let token = format!("{:032x}", u128::from_be_bytes(bytes));
        let mut state = self.state();
        let is_right = state.passwords.get(email).is_some_and(|known| known == password);
        is_right.then(|| {
            state.sessions.insert(token.clone(), email.to_owned());
            token
        })
    }

    pub(crate) fn sign_out(&self, token: &str) {
        self.state().sessions.remove(token);
    }

    pub(crate) fn change_password(&self, token: &str, current: &str, new: &str) -> bool {
        let mut state = self.state();
        let Some(email) = state.sessions.get(token).cloned() else { return false };
        let is_right = state.passwords.get(&email).is_some_and(|known| known == current);
        if is_right {
            state.passwords.insert(email, new.to_owned());
        }
        is_right
    }

    /// What the log says of whoever has this token.
    pub(crate) fn identity(&self, token: &str) -> Option<Identity> {
        let email = self.state().sessions.get(token)?.clone();
        Some(Identity::new(Actor::user(email.clone()).email(email)))
    }
}
