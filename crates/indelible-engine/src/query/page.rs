//! Pages of events.

use std::ops::ControlFlow;

use indelible_proof::{EventId, Recorded};

use super::{
    model::{Cursor, Filter, Order, Page, Query},
    part::{Cancel, Snapshot},
    plan::Plan,
    scan::scan,
};
use crate::{
    limits::{BLOCK_ROWS, PAGE_ROWS_MAX},
    source::{ReadError, Source, events},
};

impl Snapshot {
    /// A page of events. Reads no further than to the event behind the page, which tells that there is a next one.
    pub fn query(&self, query: &Query, cancel: &Cancel) -> Result<Page, ReadError> {
        let filter = behind(query);
        let limit = query.limit.clamp(1, PAGE_ROWS_MAX) as usize;
        let mut page = Page::default();
        let mut parts = self.parts.iter();
        while let Some(part) = match query.order {
            Order::NewestFirst => parts.next_back(),
            Order::OldestFirst => parts.next(),
        } {
            cancel.check()?;
            let wanted = limit + 1 - page.events.len();
            page.events.extend(part.read(|source| self.of_source(source, &filter, query.order, wanted, cancel))?);
            if page.events.len() > limit {
                page.events.truncate(limit);
                page.next = page.events.last().map(|last| Cursor { seq: last.seq });
                break;
            }
        }
        Ok(page)
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
