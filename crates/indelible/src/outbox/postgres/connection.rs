//! A connection to Postgres that is used from threads: whoever asks waits, and needs no runtime.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::{Arc, mpsc},
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
};

use tokio::runtime;
use tokio_postgres::{
    AsyncMessage, Client, Config, Error, Socket,
    tls::{MakeTlsConnect, TlsConnect},
};

use super::described;
use crate::outbox::OutboxError;

/// Connects. A thread of its own moves the bytes until the client is dropped; it calls `notified` for each notification,
/// and when the connection has ended.
pub(super) fn connect<T>(config: Config, tls: T, notified: impl Fn() + Send + 'static) -> Result<Client, OutboxError>
where
    T: MakeTlsConnect<Socket> + Send + 'static,
    T::Stream: Send,
    T::TlsConnect: Send,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    let failed = |error: std::io::Error| OutboxError::Database { cause: error.to_string() };
    let runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let (told, heard) = mpsc::sync_channel::<Result<Client, Error>>(1);
    let moves = move || {
        runtime.block_on(async move {
            let (client, mut connection) = match config.connect(tls).await {
                Ok(connected) => connected,
                Err(error) => return drop(told.send(Err(error))),
            };
            drop(told.send(Ok(client)));
            while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
                if matches!(message, AsyncMessage::Notification(_)) {
                    notified();
                }
            }
            notified();
        });
    };
    thread::Builder::new().name("indelible-outbox-postgres".to_owned()).spawn(moves).map_err(failed)?;
    let ended = |_| OutboxError::Database { cause: "the connection was lost".to_owned() };
    heard.recv().map_err(ended)?.map_err(described)
}

/// Waits for an answer. It does not matter whether this thread belongs to somebody's runtime.
pub(super) fn wait<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
