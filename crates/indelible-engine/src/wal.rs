//! The write-ahead log: where an event is when it is acknowledged.
//!
//! A file `wal/<first seq>.wal` is a header and then frames; a frame is what one commit wrote. An event in it is
//! its three canonical parts, so that replay can hash it again without encoding it again.
//! docs/FORMAT.md has every byte.
//!
//! What makes a torn end tell itself apart from damage: each frame says up to where the file was durable when it was
//! written. A bad frame with nothing behind it that knew it to be durable was in flight when the
//! power went; any other bad byte is damage, and is never cut away.

mod reader;
mod record;
mod replay;
mod writer;

pub(crate) use reader::{Signed, scan};
pub use record::WalError;
pub(crate) use replay::{Replayed, replay};
pub(crate) use writer::Writer;

#[cfg(test)]
mod tests;
