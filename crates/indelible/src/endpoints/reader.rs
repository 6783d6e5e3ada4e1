//! Reading from the store, away from the threads that serve.

use std::sync::Arc;

use indelible_engine::{
    limits::PAGE_ROWS_MAX,
    query::{Aggregate, Cancel, Filter, Query, Value},
    source::ReadError,
    store::Store,
};
use indelible_proof::{EventId, Recorded};
use tokio::task::{JoinError, spawn_blocking};

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The store panicked, or the runtime ends.
    #[error("the log was not read: {0}")]
    Ended(#[from] JoinError),
}

/// The newest entries of a filter behind an offset, and how many there are in all.
pub(super) async fn list(
    store: Arc<dyn Store>,
    filter: Filter,
    offset: u32,
    limit: u32,
) -> Result<(Vec<Recorded>, u64), Failed> {
    let cancel = Cancel::default();
    // Who goes away stops what they asked for.
    let _guard = Guard(cancel.clone());
    Ok(spawn_blocking(move || page(&*store, filter, offset, limit, &cancel)).await??)
}

/// The event with an id, written as we write it, of a tenant.
pub(super) async fn get(store: Arc<dyn Store>, tenant: String, id: String) -> Result<Option<Recorded>, Failed> {
    let Ok(known) = id.parse::<EventId>() else { return Ok(None) };
    let found = spawn_blocking(move || store.get(Some(&tenant), known.seq())).await??;
    Ok(found.filter(|recorded| recorded.id.to_string() == id))
}

fn page(
    store: &dyn Store,
    mut filter: Filter,
    offset: u32,
    limit: u32,
    cancel: &Cancel,
) -> Result<(Vec<Recorded>, u64), ReadError> {
    // The log as it is now, for the count and for every page.
    filter.seq_to = Some(store.status().next_seq);
    let counted = store.aggregate(&Aggregate::count(filter.clone()), cancel)?;
    let total = match counted.rows.first().and_then(|row| row.first()) {
        Some(Value::Int(count)) => count.unsigned_abs(),
        _ => 0,
    };
    let (mut left_out, limit) = (offset as usize, limit as usize);
    let mut events = Vec::new();
    let mut query = Query::newest(filter);
    while events.len() < limit && u64::from(offset) < total {
        let wanted = left_out.saturating_add(limit - events.len());
        query.limit = u32::try_from(wanted).unwrap_or(PAGE_ROWS_MAX).min(PAGE_ROWS_MAX);
        let page = store.query(&query, cancel)?;
        let skipped = left_out.min(page.events.len());
        left_out -= skipped;
        events.extend(page.events.into_iter().skip(skipped));
        query.after = page.next;
        if query.after.is_none() {
            break;
        }
    }
    Ok((events, total))
}

struct Guard(Cancel);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.cancel();
    }
}
