//! Which events go together, within what the service takes at once.

use indelible::{Recorded, Timestamp, drivers::Refused};

use super::service::{CloudWatchError, LogEvent, Rejected, Service};

/// Bytes of a batch: of its messages, and so many more for each.
const BATCH_BYTES_MAX: usize = 1 << 20;
const OVERHEAD_BYTES: usize = 26;
/// Events of a batch.
const BATCH_EVENTS_MAX: usize = 10_000;
/// From the first to the last event of a batch.
const BATCH_SPAN_MS: i64 = 24 * 3_600_000;
/// Bytes of a message: what fits into a batch by itself.
pub(super) const EVENT_BYTES_MAX: usize = BATCH_BYTES_MAX - OVERHEAD_BYTES;

/// Consecutive events that are sent at once.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// In the order of their times, which is that of the log but for a clock that went back.
    events: Vec<LogEvent>,
    /// Not sent, because they are too large.
    refused: Vec<Refused>,
}

impl Batch {
    /// As many of the first events as go together, and how many these are.
    pub(super) fn first_of(events: &[Recorded], event_bytes_max: usize) -> Result<(Self, usize), CloudWatchError> {
        let mut batch = Self::default();
        let (mut bytes, mut earliest, mut latest) = (0, i64::MAX, i64::MIN);
        let mut taken = 0;
        for recorded @ Recorded { seq, event, .. } in events {
            let message = serde_json::to_string(recorded).map_err(CloudWatchError::Unwritable)?;
            let size = message.len();
            if size > event_bytes_max {
                let why = format!("it has {size} bytes, the service takes {event_bytes_max}");
                batch.refused.push(Refused { seqs: *seq..seq + 1, why });
                taken += 1;
                continue;
            }
            let timestamp = event.recorded_at.unwrap_or(Timestamp::MIN).as_micros().div_euclid(1000);
            bytes += size + OVERHEAD_BYTES;
            (earliest, latest) = (earliest.min(timestamp), latest.max(timestamp));
            if bytes > BATCH_BYTES_MAX || batch.events.len() == BATCH_EVENTS_MAX || latest - earliest >= BATCH_SPAN_MS {
                break;
            }
            batch.events.push(LogEvent { timestamp, message, seq: *seq });
            taken += 1;
        }
        batch.events.sort_by_key(|event| event.timestamp);
        Ok((batch, taken))
    }

    /// Sends it; what is given back will never be taken.
    pub(super) fn deliver(mut self, service: &mut Service) -> Result<Vec<Refused>, CloudWatchError> {
        if !self.events.is_empty() {
            let rejected = service.put(&self.events)?;
            self.refuse(&rejected);
        }
        Ok(self.refused)
    }

    /// Times and messages, as they are sent.
    #[cfg(test)]
    pub(super) fn sent(&self) -> impl Iterator<Item = (i64, String)> {
        self.events.iter().map(|event| (event.timestamp, event.message.clone()))
    }

    fn refuse(&mut self, rejected: &Rejected) {
        // The service gives an index only where there is something rejected: a range of none would be one that counts
        // the other way.
        let old = rejected.too_old_log_event_end_index.map_or(0, |index| index.max(1));
        let expired = rejected.expired_log_event_end_index.map_or(0, |index| index.max(1));
        let new = rejected.too_new_log_event_start_index.unwrap_or(usize::MAX);
        let reasons = [
            (0..old, "it is older than 14 days"),
            (old..expired, "it is older than the retention of the log group"),
            (new..usize::MAX, "it is more than two hours ahead of the service's clock"),
        ];
        for (indexes, why) in reasons {
            let indexed = self.events.iter().enumerate().filter(|(index, _)| indexes.contains(index));
            let mut seqs: Vec<u64> = indexed.map(|(_, event)| event.seq).collect();
            seqs.sort_unstable();
            let runs = seqs.chunk_by(|a, b| a + 1 == *b).filter_map(|run| Some(*run.first()?..run.last()? + 1));
            self.refused.extend(runs.map(|seqs| Refused { seqs, why: why.to_owned() }));
        }
    }
}
