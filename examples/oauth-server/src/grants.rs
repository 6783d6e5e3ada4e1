//! What was granted to whom, and the codes and tokens that stand for it. In memory.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use indelible::{Actor, Timestamp, oauth::TokenKind, system_time};

/// Seconds for which an access token is valid.
pub(crate) const LIFETIME_S: i64 = 3600;

/// What a code or a token stands for.
#[derive(Debug, Clone)]
pub(crate) struct Grant {
    pub(crate) client: &'static str,
    /// Who granted it: a user, or nobody when a client asks for itself.
    pub(crate) user: Option<Actor>,
    pub(crate) scope: String,
    /// Common to all tokens that descend from one authorization.
    pub(crate) family: String,
}

/// What a code may be redeemed with.
pub(crate) struct Code {
    pub(crate) grant: Grant,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: String,
}

/// New tokens, as the client gets them.
pub(crate) struct Issued {
    pub(crate) access: String,
    pub(crate) expires_at: Timestamp,
    pub(crate) refresh: Option<String>,
}

/// What became of a refresh token.
pub(crate) enum Refresh {
    Good(Grant),
    Unknown,
    /// It had been used before: its family is burnt, and these tokens with it.
    Reused(Grant, Vec<(TokenKind, String)>),
}

#[derive(Default)]
pub(crate) struct Grants(Mutex<State>);

#[derive(Default)]
struct State {
    codes: HashMap<String, Code>,
    access: HashMap<String, (Grant, Timestamp)>,
    /// With whether it was used.
    refresh: HashMap<String, (Grant, bool)>,
}

impl Grants {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add_code(&self, code: Code) -> Option<String> {
        let text = random()?;
        self.state().codes.insert(text.clone(), code);
        Some(text)
    }

    /// A code counts once.
    pub(crate) fn take_code(&self, code: &str) -> Option<Code> {
        self.state().codes.remove(code)
    }

    /// An access token, and for a user's grant a refresh token.
    pub(crate) fn issue(&self, grant: &Grant) -> Option<Issued> {
        let refresh = if grant.user.is_some() { Some(random()?) } else { None };
        let expires_at = Timestamp::saturating_from_micros(system_time().as_micros() + LIFETIME_S * 1_000_000);
        let issued = Issued { access: random()?, expires_at, refresh };
        let mut state = self.state();
        state.access.insert(issued.access.clone(), (grant.clone(), expires_at));
        state.refresh.extend(issued.refresh.clone().map(|token| (token, (grant.clone(), false))));
        Some(issued)
    }

    pub(crate) fn refresh(&self, token: &str, client: &str) -> Refresh {
        let mut state = self.state();
        let Some((grant, is_used)) = state.refresh.get_mut(token).filter(|(grant, _)| grant.client == client) else {
            return Refresh::Unknown;
        };
        let grant = grant.clone();
        if std::mem::replace(is_used, true) {
            let burnt = state.burn(&grant.family);
            return Refresh::Reused(grant, burnt);
        }
        Refresh::Good(grant)
    }

    /// What a good access token stands for, and until when.
    pub(crate) fn access(&self, token: &str) -> Option<(Grant, Timestamp)> {
        self.state().access.get(token).filter(|(_, expires_at)| *expires_at > system_time()).cloned()
    }

    /// Takes a token of the client back, and with a refresh token its family.
    pub(crate) fn revoke(&self, token: &str, client: &str) -> Option<(Grant, Vec<(TokenKind, String)>)> {
        let mut state = self.state();
        let is_own = |grant: &Grant| grant.client == client;
        if let Some((grant, _)) = state.refresh.get(token).filter(|(grant, _)| is_own(grant)).cloned() {
            let burnt = state.burn(&grant.family);
            return Some((grant, burnt));
        }
        state.access.get(token).filter(|(grant, _)| is_own(grant))?;
        let (grant, _) = state.access.remove(token)?;
        Some((grant, vec![(TokenKind::AccessToken, token.to_owned())]))
    }
}

impl State {
    fn burn(&mut self, family: &str) -> Vec<(TokenKind, String)> {
        let access = self.access.extract_if(|_, (grant, _)| grant.family == family);
        let mut burnt: Vec<_> = access.map(|(token, _)| (TokenKind::AccessToken, token)).collect();
        // Those that were used are kept: whoever presents one again is found out again.
        let unused = self.refresh.iter_mut().filter(|(_, (grant, is_used))| grant.family == family && !is_used);
        for (token, (_, is_used)) in unused {
            *is_used = true;
            burnt.push((TokenKind::RefreshToken, token.clone()));
        }
        burnt
    }
}

/// A text that nobody guesses.
pub(crate) fn random() -> Option<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    Some(format!("{:032x}", u128::from_be_bytes(bytes)))
}
