//! A log in a data directory, which this process has to itself while it works.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use indelible::{Builder, Durability, RecordError, Recorder, Recording, Status, Store, geo::News};
use indelible_engine::{
    log::{Log, LogConfig, OpenError, Pass, TreeError, Verified, VerifyError},
    query::{Aggregate, Cancel, Cursor, Filter, Query},
    store::AppendError,
};
use indelible_proof::{Actor, Event, Recorded, checkpoint::Checkpoint, note::Note, rotation::Rotation, tree::Hash};

use super::{
    error::Failure,
    escaping::visible,
    progress::Progress,
    question::{Answer, Events, PageOf, ProvenReceipts, Question, Receipt, Which, typed_wrongly},
};
use crate::{
    clock,
    config::GeoConfig,
    cosigning,
    retention::{Asked, Keep, Retained},
    rotation,
};

/// Opens a log, or makes one. One that is known to have forked takes no events.
pub(crate) fn open_with(config: LogConfig) -> Result<Log, Failure> {
    let directory = config.path.clone();
    let log = Log::open(config).map_err(|error| {
        let advice = match error {
            OpenError::Locked { .. } => "\n  if that is `indelible serve`, name its address with --url",
            _ => "",
        };
        Failure::Failed(format!("{error}{advice}"))
    })?;
    cosigning::heed(&directory, &log).map_err(Failure::because)?;
    Ok(log)
}

/// What records into a log, wherever that is done: events say where they come from. Tells what becomes of the databases of
/// places.
pub(crate) fn recorder(
    log: &Arc<Log>,
    geo: &GeoConfig,
    tell: impl Fn(&News) + Send + Sync + 'static,
) -> Result<Recorder, Failure> {
    let recorder = Recorder::builder(Arc::clone(log) as Arc<dyn Store>);
    let places = geo.places(tell).map_err(Failure::because)?;
    Ok(places.into_iter().fold(recorder, Builder::places).build())
}

/// Refuses a directory that has no log.
pub(crate) fn must_be_there(directory: &Path) -> Result<(), Failure> {
    if directory.join("log.toml").exists() {
        return Ok(());
    }
    Err(Failure::Failed(format!(
        "there is no log in {}; name its directory with --data, or its server with --url\n  \
         `indelible record`, `indelible import` and `indelible serve` make a new one",
        directory.display()
    )))
}

/// An open data directory.
#[derive(Debug)]
pub(crate) struct Local {
    directory: PathBuf,
    log: Arc<Log>,
    recorder: Recorder,
}

impl Local {
    /// Opens a log that is there, for what needs no places.
    pub(crate) fn open(directory: &Path) -> Result<Self, Failure> {
        must_be_there(directory)?;
        Self::open_or_create(directory, &GeoConfig::default())
    }

    /// Opens a log, or makes one.
    pub(crate) fn open_or_create(directory: &Path, geo: &GeoConfig) -> Result<Self, Failure> {
        Self::open_with(LogConfig::new(directory, Arc::new(clock::now)), geo)
    }

    /// The same with other values than the defaults.
    pub(crate) fn open_with(config: LogConfig, geo: &GeoConfig) -> Result<Self, Failure> {
        let directory = config.path.clone();
        let log = Arc::new(open_with(config)?);
        let recorder = recorder(&log, geo, |news| {
            if !matches!(news, News::Loaded { .. }) {
                drop(writeln!(io::stderr().lock(), "note: {}", visible(&news.to_string())));
            }
        })?;
        Ok(Self { directory, log, recorder })
    }

    /// The data directory.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// The log's state.
    pub(crate) fn status(&self) -> Status {
        self.log.status()
    }

    /// The log itself.
    pub(crate) fn log(&self) -> Arc<Log> {
        Arc::clone(&self.log)
    }

    /// What records into it.
    pub(crate) fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    pub(crate) fn record(&self, events: Vec<Event>) -> Result<Vec<Receipt>, Failure> {
        let recordings = self.recorder.record_all(events, Durability::Durable).map_err(refused)?;
        Ok(recordings.iter().filter_map(Recording::receipt).map(receipt).collect())
    }

    pub(crate) fn record_with_proofs(&self, events: Vec<Event>) -> Result<ProvenReceipts, Failure> {
        let mut receipts = self.record(events)?;
        let seqs: Vec<u64> = receipts.iter().map(|receipt| receipt.seq).collect();
        let checkpoint = self.log.checkpoint();
        let size = checkpoint.text().parse::<Checkpoint>().map_err(Failure::because)?.size();
        let proofs = self.log.inclusions(&seqs, size).map_err(Failure::because)?;
        for (receipt, hashes) in receipts.iter_mut().zip(proofs) {
            receipt.proof = Some(hashes.iter().map(Hash::to_string).collect());
        }
        Ok(ProvenReceipts { receipts, size, checkpoint: checkpoint.to_string() })
    }

    pub(crate) fn page(&self, page: &PageOf) -> Result<Events, Failure> {
        let after: Option<Cursor> = page.cursor.as_deref().map(str::parse).transpose().map_err(Failure::because)?;
        let query = Query { filter: filter(&page.filter)?, order: page.order, limit: page.limit, after };
        let page = self.log.query(&query, &Cancel::default()).map_err(Failure::because)?;
        Ok(Events { events: page.events, next: page.next.map(|cursor| cursor.to_string()) })
    }

    /// How many events a filter lets through.
    pub(crate) fn count(&self, filter: &str) -> Result<u64, Failure> {
        let question = Question { filter: filter.to_owned(), ..Question::default() };
        let answer = self.aggregate(&question)?;
        Ok(answer.rows.first().and_then(|row| row.first()?.as_u64()).unwrap_or(0))
    }

    pub(crate) fn get(&self, which: Which) -> Result<Option<Recorded>, Failure> {
        let (seq, id) = match which {
            Which::Id(id) => (id.seq(), Some(id)),
            Which::Seq(seq) => (seq, None),
        };
        let found = self.log.get(None, seq).map_err(Failure::because)?;
        if let Some(retention) = self.log.retention().filter(|retention| found.is_none() && seq < retention.first_seq) {
            return Err(Failure::because(TreeError::removed(seq, &retention)));
        }
        Ok(found.filter(|event| id.is_none_or(|id| event.id == id)))
    }

    /// Verifies everything, behind a progress bar.
    pub(crate) fn verify(&self, kept: &[Note]) -> Result<Verified, VerifyError> {
        let status = self.log.status();
        behind_bar(status.next_seq - status.first_seq, |progress| self.log.verify(kept, progress))
    }

    /// Removes what has expired, behind a progress bar.
    pub(crate) fn retain(&self, asked: &Asked) -> Result<Retained, Failure> {
        let days = asked.days(Keep::default()).map_err(Failure::because)?;
        let expired = self.log.expired(days.before(clock::now())).map_or(0, |expired| expired.events);
        let by = |event: Event| event.actor(Actor::new("system", "indelible"));
        let mut asked = asked.clone();
        let published = self.checkpoint()?.text().parse::<Checkpoint>().map_err(Failure::because)?;
        asked.sizes.push(published.size());
        behind_bar(expired, |progress| asked.run(&self.log, &self.recorder, days, progress, by))
            .map_err(Failure::because)
    }

    /// The evidence of an event.
    pub(crate) fn evidence(&self, seq: u64) -> Result<String, Failure> {
        let checkpoint = self.checkpoint()?;
        let evidence = self.log.evidence(seq, &checkpoint).map_err(Failure::because)?;
        let evidence = evidence.ok_or_else(|| {
            Failure::Failed(
                "no published checkpoint covers the event yet\n  `indelible serve` has the newest cosigned by the witnesses of its \
                 configuration; where there are none any more, remove witnesses/cosigned from the data directory"
                    .to_owned(),
            )
        })?;
        Ok(evidence.to_string())
    }

    /// The checkpoint that was published last.
    pub(crate) fn checkpoint(&self) -> Result<Arc<Note>, Failure> {
        cosigning::last_published(&self.directory, &self.log).map_err(Failure::because)
    }

    /// Changes the log's signing key, and records that.
    pub(crate) fn rotate_key(&self) -> Result<Rotation, Failure> {
        let rotation = self.log.rotate_key().map_err(Failure::because)?;
        self.record(vec![rotation::event(&rotation).actor(Actor::new("system", "indelible"))])?;
        Ok(rotation)
    }

    pub(crate) fn aggregate(&self, question: &Question) -> Result<Answer, Failure> {
        let table = self.log.aggregate(&aggregate(question)?, &Cancel::default()).map_err(Failure::because)?;
        let json = |value| serde_json::to_value(value).unwrap_or_default();
        let rows = table.rows.iter().map(|row| row.iter().map(json).collect()).collect();
        Ok(Answer { columns: table.columns, rows, exact: table.exact, groups: table.groups })
    }
}

/// Shows how far the verification of some events is.
fn behind_bar<T>(events: u64, verify: impl FnOnce(&(dyn Fn(Pass, u64) + Sync)) -> T) -> T {
    let bar = Mutex::new(Progress::new("verify", Some(2 * events)));
    let (segments, tree) = (AtomicU64::new(0), AtomicU64::new(0));
    verify(&|pass, events| {
        let counter = if pass == Pass::Tree { &tree } else { &segments };
        counter.fetch_add(events, Ordering::Relaxed);
        if let Ok(mut bar) = bar.try_lock() {
            let (segments, tree) = (segments.load(Ordering::Relaxed), tree.load(Ordering::Relaxed));
            bar.at(segments + tree, tree);
        }
    })
}

/// What was queued is written before the process ends.
impl Drop for Local {
    fn drop(&mut self) {
        self.recorder.close();
        self.log.close();
    }
}

fn refused(error: RecordError) -> Failure {
    match error {
        RecordError::Append(AppendError::Busy { retry_after_ms }) => {
            Failure::Busy { retry_after: Duration::from_millis(retry_after_ms), message: error.to_string() }
        }
        error => Failure::because(error),
    }
}

fn receipt(receipt: &indelible::Receipt) -> Receipt {
    let indelible::Receipt { id, seq, leaf, duplicate } = *receipt;
    Receipt { id, seq, leaf_hash: leaf.to_string(), duplicate, proof: None }
}

/// A filter line as the store wants it.
pub(crate) fn filter(line: &str) -> Result<Filter, Failure> {
    Filter::parse(line, clock::now()).map_err(|error| typed_wrongly("filter", line, &error))
}

/// An aggregate as the store wants it.
pub(crate) fn aggregate(question: &Question) -> Result<Aggregate, Failure> {
    let text = question.text();
    Aggregate::parse(filter(&question.filter)?, &text).map_err(|error| {
        let line = match error.text {
            "group_by" => text.group_by,
            "measure" => text.measure,
            "having" => text.having,
            "order" => text.order,
            "time_zone" => text.time_zone,
            _ => "",
        };
        typed_wrongly(error.text, line, &error.error)
    })
}
