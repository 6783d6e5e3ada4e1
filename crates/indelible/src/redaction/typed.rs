//! The text fields of the event itself, outside its free data.

use indelible_proof::{Actor, Event};

use super::rules::Path;

/// Visits the fields that are URLs, whose queries may hold secrets.
pub(super) fn urls(event: &mut Event, mut visit: impl FnMut(&Path<'_>, &mut String)) {
    if let Some(path) = event.http.as_mut().and_then(|http| http.path.as_mut()) {
        visit(&Path::root("http").to("path"), path);
    }
    if let Some(uri) = event.oauth.as_mut().and_then(|oauth| oauth.redirect_uri.as_mut()) {
        visit(&Path::root("oauth").to("redirect_uri"), uri);
    }
}

/// Asks of each field that says who, with what and from where: `None` leaves it, `Some` gives what it becomes.
///
/// An address cannot become a text, so `context.ip` goes away when anything is to become of it.
pub(super) fn hide(event: &mut Event, ask: impl Fn(&Path<'_>, &str) -> Option<Option<String>>) {
    let field = |path: &Path<'_>, field: &mut Option<String>| {
        if let Some(answer) = field.as_deref().and_then(|text| ask(path, text)) {
            *field = answer;
        }
    };
    let section = |name: &str, fields: &mut [(&str, &mut Option<String>)]| {
        let path = Path::root(name);
        for (name, text) in fields {
            field(&path.to(name), text);
        }
    };
    let actor = |name: &str, actor: &mut Actor| {
        section(name, &mut [("id", &mut actor.id), ("name", &mut actor.name), ("email", &mut actor.email)]);
    };
    if let Some(it) = &mut event.actor {
        actor("actor", it);
    }
    for it in &mut event.on_behalf_of {
        actor("on_behalf_of", it);
    }
    if let Some(it) = &mut event.credential {
        let fields = &mut [("id", &mut it.id), ("prefix", &mut it.prefix), ("fingerprint", &mut it.fingerprint)];
        section("credential", fields);
    }
    if let Some(it) = &mut event.client {
        section("client", &mut [("id", &mut it.id), ("name", &mut it.name)]);
    }
    if let Some(it) = &mut event.oauth {
        let fields = &mut [("redirect_uri", &mut it.redirect_uri), ("token_family", &mut it.token_family)];
        section("oauth", fields);
    }
    for it in &mut event.targets {
        section("targets", &mut [("id", &mut it.id), ("name", &mut it.name)]);
    }
    if let Some(it) = &mut event.http {
        section("http", &mut [("path", &mut it.path)]);
    }
    if let Some(it) = &mut event.context {
        let fields = &mut [
            ("forwarded_for", &mut it.forwarded_for),
            ("user_agent", &mut it.user_agent),
            ("device_id", &mut it.device_id),
        ];
        section("context", fields);
        it.ip.take_if(|ip| ask(&Path::root("context").to("ip"), &ip.to_string()).is_some());
        if let Some(geo) = &mut it.geo {
            let (context, fields) = (Path::root("context"), [&mut geo.country, &mut geo.region, &mut geo.city]);
            for (name, text) in ["country", "region", "city"].into_iter().zip(fields) {
                field(&context.to("geo").to(name), text);
            }
        }
    }
    let ids = [&mut event.session_id, &mut event.request_id, &mut event.correlation_id];
    for (name, text) in ["session_id", "request_id", "correlation_id"].into_iter().zip(ids) {
        field(&Path::root(name), text);
    }
}
