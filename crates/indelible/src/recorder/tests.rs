//! What the recorder promises, over a store whose answers the test decides.

mod queued;
mod store;
mod waited;
