//! The questions about resources, over events that are made for them.

use clap::Args;
use indelible::{
    Page, ReadError, Store, Timestamp,
    resources::{REQUEST, Trail},
};

use super::{
    asked::{Ask, Asked, Asks, newest},
    changes::{ResourceEvents, decider, resource},
    events::{DAY_US, user},
};
use crate::cli::{error::Failure, terminal::Screen};

/// Asks every question about resources and measures the answers
///
/// The events that they are asked of are made first, where the data directory has none: never give it one that matters.
#[derive(Debug, Args)]
pub(crate) struct ResourcesOf {
    #[command(flatten)]
    asked: Asked,
}

impl ResourcesOf {
    pub(super) fn run(&self, screen: &mut Screen) -> Result<(), Failure> {
        self.asked.run(screen, ResourceEvents::new, asks)
    }
}

fn asks(store: &dyn Store) -> Asks<'_> {
    let approved = newest(store, "action:resource.approved")?.event;
    let id = |nth: usize| approved.targets.get(nth).and_then(|target| target.id.clone()).unwrap_or_default();
    let (allowed, request) = (id(0), id(1));
    let ago = approved
        .occurred_at
        .map_or(Timestamp::MIN, |end| Timestamp::saturating_from_micros(end.as_micros() - 15 * DAY_US));
    let all = move || Trail::of(store);
    let log = move |number: u64, trail: &Trail<'_>| {
        let (kind, id) = resource(number);
        trail.history(kind, &id, 50, None)
    };
    let state = move |number: u64, at: Option<Timestamp>| {
        let (kind, id) = resource(number);
        Ok(all().state(kind, &id, at)?.events as u64)
    };
    Ok(vec![
        ("log of the busiest", page(move || log(0, &all()))),
        ("log of a busy one", page(move || log(1000, &all()))),
        ("log of a rare one", page(move || log(900_000, &all()))),
        ("log of the busiest, deleted", page(move || log(0, &all().action("deleted")))),
        ("log of the busiest, by a user", page(move || log(0, &all().actor(format!("user:{}", user(900)))))),
        ("log of one that was requested", page(move || all().history("network", &allowed, 50, None))),
        ("log of a request", page(move || all().history(REQUEST, &request, 50, None))),
        ("state of the busiest", Box::new(move || state(0, None))),
        ("state of a busy one", Box::new(move || state(1000, None))),
        ("state of a busy one, 15 days ago", Box::new(move || state(1000, Some(ago)))),
        ("state of a rare one", Box::new(move || state(900_000, None))),
        ("feed", page(move || all().feed(50, None))),
        ("feed, 15 days ago", page(move || all().until(ago).feed(50, None))),
        ("feed of a type", page(move || all().kind("customer").feed(50, None))),
        ("feed of an action", page(move || all().action("exported").feed(50, None))),
        ("feed of an own action", page(move || all().action("invoice.*").feed(50, None))),
        ("feed of the busiest user", page(move || all().actor(format!("user:{}", user(0))).feed(50, None))),
        ("feed of a rare user", page(move || all().actor(format!("user:{}", user(90_000))).feed(50, None))),
        ("feed of nobody", page(move || all().actor("nobody").feed(50, None))),
        ("decisions", Box::new(move || Ok(all().decisions(50)?.len() as u64))),
        ("decisions of a user", Box::new(move || Ok(all().actor(decider(3)).decisions(50)?.len() as u64))),
        (
            "decisions, denied, 15 days ago",
            Box::new(move || Ok(all().action("denied").until(ago).decisions(50)?.len() as u64)),
        ),
        ("requests that are open", Box::new(move || Ok(all().open_requests(50)?.len() as u64))),
    ])
}

fn page<'a>(ask: impl Fn() -> Result<Page, ReadError> + 'a) -> Ask<'a> {
    Box::new(move || Ok(ask()?.events.len() as u64))
}
