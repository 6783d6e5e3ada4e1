//! Amazon CloudWatch Logs as a sink: what a log records is in a log stream a moment later.
//!
//! Each event is one log event: its message is the event's JSON with `id` and `seq`, its time `recorded_at`. Group and stream
//! are made when they are not there. An event is delivered at least once and in the order of the log; the cursor is written
//! after each batch, so what a crash can bring twice is one batch, which `seq` tells.
//!
//! The service never takes events that are older than 14 days or than the retention of the group, or more than two hours ahead
//! of its clock, nor one that is too large: these are reported as refused. Whatever else fails, throttling and wrong
//! credentials among it, stops the delivery until it is mended: a [`Follower`](indelible::drivers::Follower) tries again.

mod batch;
mod credentials;
mod service;
mod sigv4;
#[cfg(test)]
mod tests;

use std::{mem, path::PathBuf};

use indelible::{
    Object, Recorded,
    drivers::{CursorFile, Made, Refused, Sink, SinkError, options_of},
};
use serde::Deserialize;

use batch::{Batch, EVENT_BYTES_MAX};
pub use credentials::{Credentials, CredentialsError};
pub use service::CloudWatchError;
use service::Service;

/// Where the events go, and as whom.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// The log group, e.g. `/acme/audit`.
    pub log_group: String,
    /// The log stream. Two logs must not share one.
    pub log_stream: String,
    /// The region, e.g. `eu-central-1`.
    pub region: String,
    /// Where the service is. Default: `https://logs.<region>.amazonaws.com`.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// A file of credentials as other tools of the service write it, with `aws_access_key_id` and `aws_secret_access_key` below
    /// a profile. It is read for each batch, so it may change. Default: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and
    /// `AWS_SESSION_TOKEN` of the environment.
    #[serde(default)]
    pub credentials_file: Option<PathBuf>,
    /// The profile in that file. Default: `default`.
    #[serde(default)]
    pub profile: Option<String>,
    /// Bytes of the largest event that is sent: 262118 where the service takes 256 KiB. Default: 1048550.
    #[serde(default)]
    pub event_bytes_max: Option<usize>,
}

/// A log stream, and how far it is.
#[derive(Debug)]
pub struct CloudWatch {
    service: Service,
    cursor: CursorFile,
    event_bytes_max: usize,
    /// Of batches that were delivered before one that failed.
    refused: Vec<Refused>,
}

impl CloudWatch {
    /// A log stream, with a cursor file of its own. Asks nobody yet.
    pub fn new(options: Options, cursor: CursorFile) -> Result<Self, CloudWatchError> {
        let event_bytes_max = options.event_bytes_max.unwrap_or(EVENT_BYTES_MAX).min(EVENT_BYTES_MAX);
        Ok(Self { service: Service::new(options)?, cursor, event_bytes_max, refused: Vec::new() })
    }

    /// The kind `cloudwatch`, for [`Kinds::register`](indelible::drivers::Kinds::register): with [`Options`], and for each
    /// driver a cursor file of its name in a directory.
    pub fn kind(cursors: PathBuf) -> impl Fn(&str, &Object) -> Result<Made, SinkError> + Send + Sync + 'static {
        move |name, options| {
            if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
                return Err("its cursor is a file of its name: use letters, digits, - and _ only".into());
            }
            let cursor = CursorFile::at(cursors.join(format!("{name}.cursor")))?;
            Ok(Made::Sink(Box::new(Self::new(options_of(options)?, cursor)?)))
        }
    }
}

impl Sink for CloudWatch {
    fn next_seq(&mut self) -> Result<u64, SinkError> {
        Ok(self.cursor.read()?)
    }

    fn deliver(&mut self, events: &[Recorded]) -> Result<Vec<Refused>, SinkError> {
        let mut rest = events;
        while !rest.is_empty() {
            let (batch, taken) = Batch::first_of(rest, self.event_bytes_max)?;
            let refused = batch.deliver(&mut self.service)?;
            let (done, left) = rest.split_at(taken);
            if let Some(last) = done.last() {
                self.cursor.write(last.seq + 1)?;
            }
            self.refused.extend(refused);
            rest = left;
        }
        Ok(mem::take(&mut self.refused))
    }
}
