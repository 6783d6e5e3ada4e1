//! Ctrl-C as the ordinary end of a command that would go on for ever.

use std::{io, process, thread};

use super::error::Failure;

/// From now on Ctrl-C ends the process as a success. Every line is handed over whole before the next is awaited,
/// so nothing is cut.
pub(crate) fn ends_the_process() -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::Failed(format!("cannot listen for Ctrl-C: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().map_err(failed)?;
    thread::spawn(move || {
        if runtime.block_on(tokio::signal::ctrl_c()).is_ok() {
            process::exit(0);
        }
    });
    Ok(())
}
