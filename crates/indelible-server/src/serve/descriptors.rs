//! Open files: every connection is one, and the log must never lack any.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::limits::LOG_FILES_KEPT;

/// Raises the limit of open files as far as the system lets this process; gives how many of the connections that are
/// wanted fit below it.
pub(crate) fn connections_within(wanted: usize) -> usize {
    let hard = getrlimit(Resource::Nofile).maximum;
    // Where this is refused the old limit holds, and is what counts below.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: hard, maximum: hard });
    let connections = fitting(wanted, getrlimit(Resource::Nofile).current);
    if connections < wanted {
        tracing::warn!(
            connections,
            wanted,
            "fewer connections than configured, for want of open files: raise the hard limit (ulimit -Hn, LimitNOFILE)"
        );
    }
    connections
}

/// At least half of a very low limit goes to connections.
fn fitting(wanted: usize, files: Option<u64>) -> usize {
    files.map_or(wanted, |files| {
        let room = files.saturating_sub(LOG_FILES_KEPT).max(files / 2);
        wanted.min(usize::try_from(room).unwrap_or(usize::MAX))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_the_log() {
        assert_eq!(fitting(1024, None), 1024);
        assert_eq!(fitting(1024, Some(1 << 20)), 1024);
        assert_eq!(fitting(1024, Some(1024)), 1024 - LOG_FILES_KEPT as usize);
        assert_eq!(fitting(1024, Some(100)), 50);
        assert_eq!(connections_within(10), 10);
    }
}
