//! What a server would find beside its log: databases of places, keys, secrets.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use indelible::{Timestamp, geo::News, read_key};

use super::Finding;
use crate::{
    cli::error::Failure,
    clock,
    config::{Config, GeoConfig, ReceiversConfig},
    limits::GEO_OLD,
    receivers::Receivers,
    tokens::key_file,
};

pub(super) fn examine(directory: &Path, config: Result<Config, Failure>) -> Vec<Finding> {
    let mut findings = vec![fingerprints(directory)];
    match config {
        Ok(config) => {
            findings.extend(config.tokens.vault_key_file.as_deref().map(vault));
            findings.extend(places(&config.geo));
            findings.extend(receivers(&config.receivers));
        }
        Err(error) => {
            let advice = "mend the file, or name another with --config";
            findings.push(Finding::problem("config", error.to_string(), advice));
        }
    }
    findings
}

fn fingerprints(directory: &Path) -> Finding {
    let path = key_file(directory);
    match read_key(&path) {
        Ok(_) => Finding::ok("fingerprint", format!("{} holds the key of fingerprints", path.display())),
        Err(error) if error.is_missing() && !directory.join("state.db").exists() => Finding::ok(
            "fingerprint",
            "no key of fingerprints yet: it is made with the first token or at the server's start",
        ),
        Err(error) => Finding::problem(
            "fingerprint",
            error.to_string(),
            "restore the key from a copy: with another, no token that somebody holds is found in the log",
        ),
    }
}

fn vault(path: &Path) -> Finding {
    match read_key(path) {
        Ok(_) => Finding::ok("vault", format!("{} holds the key of revealable tokens", path.display())),
        Err(error) => Finding::problem(
            "vault",
            error.to_string(),
            "without this key no token is revealed, and the server does not start",
        ),
    }
}

fn places(geo: &GeoConfig) -> Vec<Finding> {
    let told = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&told);
    let opened = geo.places(move |news| heard.lock().unwrap_or_else(PoisonError::into_inner).push(news.clone()));
    if let Err(error) = opened {
        return vec![Finding::problem("places", error.to_string(), "let this user start threads")];
    }
    let told = told.lock().unwrap_or_else(PoisonError::into_inner);
    told.iter().map(|news| database(news, geo, clock::now())).collect()
}

fn database(news: &News, geo: &GeoConfig, now: Timestamp) -> Finding {
    let found = news.to_string();
    let News::Loaded { path, kind, built_at } = news else {
        return Finding::warning("places", found, "fetch the database, and let this user read it");
    };
    let age_us = now.as_micros().saturating_sub(built_at.as_micros());
    if !geo.is_for(path, kind) {
        Finding::warning("places", found, "[geo] has city for cities or countries, and asn for autonomous systems")
    } else if u128::from(age_us.max(0).unsigned_abs()) > GEO_OLD.as_micros() {
        Finding::warning("places", found, "it is old, and addresses move: fetch it anew, and regularly")
    } else {
        Finding::ok("places", found)
    }
}

fn receivers(config: &ReceiversConfig) -> Option<Finding> {
    let advice = "the server does not start like this";
    match Receivers::open(config) {
        Ok(Receivers { webhooks, issuers }) if webhooks.is_empty() && issuers.is_empty() => None,
        Ok(Receivers { webhooks, issuers }) => {
            let names: Vec<&str> = webhooks.keys().chain(issuers.keys()).map(String::as_str).collect();
            Some(Finding::ok("receivers", format!("the secrets and keys of {} are there", names.join(", "))))
        }
        Err(error) => Some(Finding::problem("receivers", error.to_string(), advice)),
    }
}
