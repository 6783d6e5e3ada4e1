use http::Method;
use indelible_proof::{Event, action_of_product, aliases, vocabulary};

use super::*;
use crate::capture::{Rule, RuleSet, index::Index};

fn all() -> RuleSet {
    better_auth().under("/api/auth").and(oauth2().under("/oauth")).and(session_auth())
}

#[test]
fn the_ready_sets_stand_beside_each_other() {
    Index::new(all()).unwrap();
}

#[test]
fn every_action_of_a_ready_set_is_one_that_an_event_may_have() {
    let actions = |rule: &Rule| {
        rule.action.clone().into_iter().chain(rule.when.iter().map(|(_, action)| action.clone())).collect::<Vec<_>>()
    };
    for action in all().rules().iter().flat_map(actions) {
        Event::new(&action).validate().unwrap();
        assert!(vocabulary::is_action(&action), "{action}");
    }
}

#[test]
fn every_endpoint_of_better_auth_has_the_action_that_the_vocabulary_has_for_its_name() {
    let set = better_auth();
    for (name, action) in aliases("better-auth") {
        let rule = set.rules().iter().find(|rule| rule.original_action.as_deref() == Some(name));
        // The endpoints of the audit plugin record for themselves.
        assert!(rule.is_some() || name.starts_with("audit-log"), "{name}");
        assert!(rule.is_none_or(|rule| rule.action.as_deref() == Some(action)), "{name}: {action}, {rule:?}");
    }
}

#[test]
fn a_rule_of_better_auth_means_what_its_name_means_wherever_it_is_read() {
    for rule in better_auth().rules() {
        let (Some(name), Some(action)) = (&rule.original_action, &rule.action) else { continue };
        let known = action_of_product("better-auth", name);
        assert!(known.is_none_or(|known| known == action), "{name} is {known:?} elsewhere");
    }
}

#[test]
fn names_are_paths_without_the_slash_and_with_colons() {
    let index = Index::new(better_auth()).unwrap();
    for (path, name) in [
        ("/sign-in/email", "sign-in:email"),
        ("/two-factor/totp/verify", "two-factor:totp:verify"),
        ("/callback/github", "callback::id"),
        ("/sign-out", "sign-out"),
    ] {
        let found = index.find(&Method::POST, path).unwrap();
        assert_eq!(found.rule().original_action.as_deref(), Some(name));
    }
}
