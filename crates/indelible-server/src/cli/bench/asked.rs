//! A list of questions, over events that are made for them.

use clap::Args;
use indelible::{Cancel, Event, Filter, Query as Newest, ReadError, Recorded, Store, Timestamp};

use super::{
    load::Load,
    rounds::{Measured, Rounds, print},
    target::{Subject, Target},
};
use crate::{
    cli::{error::Failure, terminal::Screen},
    clock,
};

/// How many events, how often each question, and where.
#[derive(Debug, Args)]
pub(super) struct Asked {
    #[command(flatten)]
    load: Load,
    #[command(flatten)]
    rounds: Rounds,
    #[command(flatten)]
    target: Target,
}

/// Gives how many rows an answer has.
pub(super) type Ask<'a> = Box<dyn Fn() -> Result<u64, ReadError> + 'a>;

/// What is asked of a store, of things that are there.
pub(super) type Asks<'a> = Result<Vec<(&'static str, Ask<'a>)>, Failure>;

impl Asked {
    /// Makes the events by a seed, how many, and when they end, where there are none; then asks.
    pub(super) fn run<E: Iterator<Item = Event> + Clone>(
        &self,
        screen: &mut Screen,
        make: impl Fn(u64, u64, Timestamp) -> E + Sync,
        asks: impl Fn(&dyn Store) -> Asks<'_>,
    ) -> Result<(), Failure> {
        let subject = self.target.open_or_create(self.target.config())?;
        let measured = self.fill(&subject, make).and_then(|()| self.measure_all(asks(subject.store()?)?, screen));
        subject.close();
        print(&measured?, screen)
    }

    fn fill<E: Iterator<Item = Event> + Clone>(
        &self,
        subject: &Subject,
        make: impl Fn(u64, u64, Timestamp) -> E + Sync,
    ) -> Result<(), Failure> {
        let Some(log) = subject.log.as_ref().filter(|log| log.status().next_seq == 0) else { return Ok(()) };
        let end = clock::now();
        self.load.batches(&subject.place, |sender| {
            let share = self.load.share(sender);
            let events = make(self.load.seed.wrapping_add(u64::from(sender) << 32), share, end);
            events.take(usize::try_from(share).unwrap_or(usize::MAX))
        })?;
        log.seal_now().map_err(Failure::because)
    }

    fn measure_all(&self, asks: Vec<(&'static str, Ask<'_>)>, screen: &mut Screen) -> Result<Vec<Measured>, Failure> {
        let measured = |(name, ask): (&str, Ask<'_>)| {
            self.rounds.measure((name, ""), || ask().map(|rows| (rows, true)).map_err(Failure::because), screen)
        };
        asks.into_iter().map(measured).collect()
    }
}

/// The newest event of a filter line.
pub(super) fn newest(store: &dyn Store, filter: &str) -> Result<Recorded, Failure> {
    let filter = Filter::parse(filter, clock::now()).map_err(Failure::because)?;
    let page = store.query(&Newest { limit: 1, ..Newest::newest(filter) }, &Cancel::default());
    let found = page.map_err(Failure::because)?.events.pop();
    found.ok_or_else(|| {
        Failure::Failed("there are too few events: give --data a directory that is not there yet".to_owned())
    })
}
