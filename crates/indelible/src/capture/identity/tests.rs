use super::*;

fn user(id: &str) -> Identity {
    Identity::new(Actor::user(id)).session(format!("s-{id}"))
}

fn actor(action: &str, before: Option<Identity>, after: Option<Identity>) -> Option<String> {
    settle(action, before, after).actor.and_then(|actor| actor.id)
}

#[test]
fn who_signs_in_is_who_they_are_afterwards() {
    assert_eq!(actor("auth.login.succeeded", Some(user("a")), Some(user("b"))).as_deref(), Some("b"));
    assert_eq!(actor("account.created", None, Some(user("b"))).as_deref(), Some("b"));
    assert_eq!(actor("auth.login.failed", Some(user("a")), None).as_deref(), Some("a"));
}

#[test]
fn all_else_is_done_by_who_sent_the_request() {
    assert_eq!(actor("auth.password.changed", Some(user("a")), Some(user("b"))).as_deref(), Some("a"));
    assert_eq!(actor("auth.verification.succeeded", None, Some(user("b"))).as_deref(), Some("b"));
    assert_eq!(actor("auth.password.changed", None, None), None);
}

#[test]
fn impersonation_ends_by_whom_it_began_also_when_sessions_do_not_tell() {
    let target = |who: &Who| who.target.as_ref().and_then(|target| target.id.clone());
    for impersonated in [user("u").acted_by(Actor::user("admin")), user("u")] {
        let who = settle("session.impersonation.started", Some(user("admin")), Some(impersonated.clone()));
        assert_eq!((who.actor.clone(), target(&who).as_deref()), (Some(Actor::user("admin")), Some("u")));
        assert_eq!(who.session_id.as_deref(), Some("s-u"));
        let who = settle("session.impersonation.ended", Some(impersonated), Some(user("admin")));
        assert_eq!((who.actor.clone(), target(&who).as_deref()), (Some(Actor::user("admin")), Some("u")));
        assert_eq!(who.on_behalf_of, [Actor::user("u")]);
    }
}

#[test]
fn a_refused_impersonation_has_no_target_of_its_own() {
    let who = settle("session.impersonation.started", Some(user("a")), None);
    assert_eq!((who.actor, who.target), (Some(Actor::user("a")), None));
}
