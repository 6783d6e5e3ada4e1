//! Tokens as the server and the command line speak of them: started from the configuration, asked and answered in JSON.

mod answers;
mod moments;
mod requests;
mod start;
mod verification;

pub(crate) use answers::{GroupView, IssuedView, Page, Pruned, Revealed, TokenView, Tokens};
pub(crate) use moments::{Later, Span, named};
pub(crate) use requests::{
    Derivation, Imported, Imports, NewGroup, NewToken, Pruning, Revelation, Revocation, Rotation, RotationWord,
};
pub(crate) use start::{StartError, key_file, start};
pub(crate) use verification::{Needs, Verdict, Verification};
