//! Work that blocks.

use super::problem::Problem;

/// Does something on a thread that may block. It is done also when nobody waits for it any more.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.map_err(|panic| Problem::internal(&panic))
}
