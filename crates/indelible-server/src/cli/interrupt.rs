//! Ctrl-C: as the ordinary end of a command that would go on for ever, or as what else is to be done.

use std::{io, process, thread};

use super::error::Failure;

/// From now on Ctrl-C ends the process as a success. Every line is handed over whole before the next is awaited,
/// so nothing is cut.
pub(crate) fn ends_the_process() -> Result<(), Failure> {
    then(|| process::exit(0))
}

/// From now on Ctrl-C does this, and nothing else.
pub(crate) fn then(act: impl FnOnce() + Send + 'static) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::Failed(format!("cannot listen for Ctrl-C: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().map_err(failed)?;
    // Before anything else, so that none that comes from here on ends the process in its own way.
    let mut listening = {
        let _inside = runtime.enter();
        interrupts().map_err(failed)?
    };
    thread::spawn(move || {
        if runtime.block_on(listening.recv()).is_some() {
            act();
        }
    });
    Ok(())
}

#[cfg(unix)]
fn interrupts() -> io::Result<tokio::signal::unix::Signal> {
    tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())
}

#[cfg(not(unix))]
fn interrupts() -> io::Result<tokio::signal::windows::CtrlC> {
    tokio::signal::windows::ctrl_c()
}
