//! Pages of events.

use std::{
    convert::Infallible,
    ops::ControlFlow,
    sync::atomic::{AtomicUsize, Ordering},
};

use indelible_proof::{EventId, Recorded};

use super::{
    model::{Cursor, Filter, Order, Page, Query},
    part::{Cancel, Part, Snapshot},
    plan::Plan,
    scan::scan,
};
use crate::{
    limits::{BLOCK_ROWS, ONE_THREAD_ROWS_MAX, PAGE_ROWS_MAX},
    parallel,
    source::{ReadError, Source, events},
};

impl Snapshot {
    /// A page of events. Reads little further than to the event behind the page, which tells that there is a next one. Large
    /// logs are read by two threads.
    pub fn query(&self, query: &Query, cancel: &Cancel) -> Result<Page, ReadError> {
        let mut rows = 0;
        let mut is_alone = |part: &&Part| {
            let before = rows;
            rows += part.read(|source| u64::from(source.rows()));
            before <= ONE_THREAD_ROWS_MAX
        };
        // Most pages are in the first parts, where a second thread would read what is not needed.
        let alone = self.in_order(query.order).iter().take_while(|part| is_alone(part)).count();
        self.query_on(alone, query, cancel)
    }

    /// The same, with so many parts read by one thread.
    pub(super) fn query_on(&self, alone: usize, query: &Query, cancel: &Cancel) -> Result<Page, ReadError> {
        let parts = self.in_order(query.order);
        let (alone, others) = parts.split_at(alone.min(parts.len()));
        let filter = behind(query);
        let limit = query.limit.clamp(1, PAGE_ROWS_MAX) as usize;
        let read = |part: &Part, wanted| {
            cancel.check()?;
            part.read(|source| self.of_source(source, &filter, query.order, wanted, cancel))
        };
        let mut events = Vec::new();
        for part in alone {
            if events.len() <= limit {
                events.extend(read(part, limit + 1 - events.len())?);
            }
        }
        let wanted = (limit + 1).saturating_sub(events.len());
        let others = if wanted > 0 { others } else { &[] };
        let found = AtomicUsize::new(0);
        let Ok(read) = parallel::in_order_on(2, others.len(), |nth| {
            // Parts are begun in their order: what comes after those that have enough is not needed.
            let part = others.get(nth).filter(|_| found.load(Ordering::Relaxed) < wanted);
            let of_part = part.map_or_else(|| Ok(Vec::new()), |part| read(part, wanted));
            found.fetch_add(of_part.as_ref().map_or(0, Vec::len), Ordering::Relaxed);
            Ok::<_, Infallible>(of_part)
        });
        for of_part in read {
            if events.len() <= limit {
                events.extend(of_part?);
            }
        }
        let mut page = Page { events, next: None };
        if page.events.len() > limit {
            page.events.truncate(limit);
            page.next = page.events.last().map(|last| Cursor { seq: last.seq });
        }
        Ok(page)
    }

    fn in_order(&self, order: Order) -> Vec<&Part> {
        match order {
            Order::NewestFirst => self.parts.iter().rev().collect(),
            Order::OldestFirst => self.parts.iter().collect(),
        }
    }

    /// The event at a sequence number, if it is a tenant's.
    pub fn get(&self, tenant: Option<&str>, seq: u64) -> Result<Option<Recorded>, ReadError> {
        let filter = Filter {
            tenant: tenant.map(str::to_owned),
            seq_from: Some(seq),
            seq_to: Some(seq.saturating_add(1)),
            ..Filter::default()
        };
        let query = Query { limit: 1, ..Query::newest(filter) };
        Ok(self.query(&query, &Cancel::default())?.events.pop())
    }

    fn of_source(
        &self,
        source: &dyn Source,
        filter: &Filter,
        order: Order,
        wanted: usize,
        cancel: &Cancel,
    ) -> Result<Vec<Recorded>, ReadError> {
        let Some(plan) = Plan::new(source, filter, self.end_seq)? else { return Ok(Vec::new()) };
        let mut rows: Vec<u32> = Vec::new();
        scan(source, &plan, order, cancel, &mut |block, mask| {
            let first = block * BLOCK_ROWS;
            let left = wanted - rows.len();
            match order {
                Order::OldestFirst => rows.extend(mask.rows().take(left).map(|row| first + row)),
                Order::NewestFirst => {
                    let skipped = (mask.count() as usize).saturating_sub(left);
                    let newest: Vec<u32> = mask.rows().skip(skipped).collect();
                    rows.extend(newest.into_iter().rev().map(|row| first + row));
                }
            }
            Ok(if rows.len() < wanted { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })?;
        rows.sort_unstable();
        let whole = events(source, &rows)?;
        let recorded = rows.iter().zip(whole).map(|(&row, event)| {
            let seq = source.first_seq() + u64::from(row);
            let recorded_at = event.recorded_at.unwrap_or(indelible_proof::Timestamp::MIN);
            Recorded { id: EventId::new(recorded_at, self.log_number, seq), seq, event }
        });
        let mut recorded: Vec<Recorded> = recorded.collect();
        if order == Order::NewestFirst {
            recorded.reverse();
        }
        Ok(recorded)
    }
}

/// The filter without what stands on the pages before.
fn behind(query: &Query) -> Filter {
    let mut filter = query.filter.clone();
    match (query.after, query.order) {
        (None, _) => {}
        (Some(Cursor { seq }), Order::NewestFirst) => {
            filter.seq_to = Some(filter.seq_to.map_or(seq, |to| to.min(seq)));
        }
        (Some(Cursor { seq }), Order::OldestFirst) => {
            let next = seq.saturating_add(1);
            filter.seq_from = Some(filter.seq_from.map_or(next, |from| from.max(next)));
        }
    }
    filter
}
