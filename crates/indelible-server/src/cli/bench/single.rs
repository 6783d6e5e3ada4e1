//! One thing a request over HTTP on many connections, with as little work on this side as there can be: one thread, raw
//! connections that are kept, and requests that differ in their bodies alone. So it is the server that is measured.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde::Serialize;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    runtime,
    task::JoinSet,
};

use super::{
    gauge::thread_cpu_ns,
    load::{Counter, Loaded},
};
use crate::{
    cli::{error::Failure, remote::Remote},
    limits::{BENCH_ANSWER_BYTES_MAX, HEADERS_MAX, SEND_PATIENCE},
};

/// Wait before a request is sent again that the server was too busy for.
const BUSY_PAUSE: Duration = Duration::from_millis(50);

/// Posts one body a request, on so many connections, each with bodies of its own.
pub(super) fn send<B>(
    server: &Remote,
    path: &str,
    connections: u32,
    bodies: impl Fn(u32) -> B,
) -> Result<Loaded, Failure>
where
    B: Iterator<Item: Serialize + Send> + Send + 'static,
{
    let runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::because)?;
    let cpu_before = thread_cpu_ns();
    let mut loaded = runtime.block_on(async {
        let counter = Arc::new(Counter::new());
        let mut senders = JoinSet::new();
        for sender in 0..connections {
            let connection = Connection::open(server, path).await?;
            senders.spawn(connection.send(bodies(sender), Arc::clone(&counter)));
        }
        let mut loaded = Loaded::default();
        while let Some(ended) = senders.join_next().await {
            loaded.add(ended.map_err(Failure::because)??);
        }
        Ok::<_, Failure>(loaded)
    })?;
    loaded.sender_ns = thread_cpu_ns() - cpu_before;
    Ok(loaded)
}

struct Connection {
    stream: TcpStream,
    /// Everything of a request but the length of its body and the body.
    head: String,
    request: Vec<u8>,
    answer: Vec<u8>,
}

impl Connection {
    async fn open(server: &Remote, path: &str) -> Result<Self, Failure> {
        let host = server
            .base()
            .strip_prefix("http://")
            .ok_or_else(|| Failure::Usage("single requests go over http:// alone".to_owned()))?;
        let stream = TcpStream::connect(host).await.map_err(Failure::because)?;
        stream.set_nodelay(true).map_err(Failure::because)?;
        let key = server.key().map_or_else(String::new, |key| format!("authorization: Bearer {key}\r\n"));
        let head = format!("POST {path} HTTP/1.1\r\nhost: {host}\r\n{key}content-type: application/json\r\n");
        Ok(Self { stream, head, request: Vec::new(), answer: Vec::new() })
    }

    async fn send(mut self, bodies: impl Iterator<Item: Serialize>, counter: Arc<Counter>) -> Result<Loaded, Failure> {
        let mut loaded = Loaded::default();
        for body in bodies {
            self.write(&body)?;
            let sent = Instant::now();
            loop {
                self.stream.write_all(&self.request).await.map_err(Failure::because)?;
                let answer = self.answer().await?;
                match answer.status {
                    200 | 201 => break,
                    429 | 503 if sent.elapsed() < SEND_PATIENCE => {
                        loaded.busy += 1;
                        tokio::time::sleep(BUSY_PAUSE).await;
                    }
                    status => {
                        let body = self.answer.get(answer.head_bytes..).unwrap_or_default();
                        let body = String::from_utf8_lossy(body);
                        return Err(Failure::Failed(format!("the server answered {status}: {body}")));
                    }
                }
            }
            loaded.acks.add(sent.elapsed());
            loaded.events += 1;
            counter.add(1);
        }
        Ok(loaded)
    }

    fn write(&mut self, body: &impl Serialize) -> Result<(), Failure> {
        // Used for the body first, whose length stands before it.
        self.answer.clear();
        serde_json::to_writer(&mut self.answer, body).map_err(Failure::because)?;
        self.request.clear();
        self.request.extend_from_slice(self.head.as_bytes());
        self.request.extend_from_slice(format!("content-length: {}\r\n\r\n", self.answer.len()).as_bytes());
        self.request.extend_from_slice(&self.answer);
        Ok(())
    }

    /// Reads one whole answer.
    async fn answer(&mut self) -> Result<Answer, Failure> {
        self.answer.clear();
        loop {
            if self.stream.read_buf(&mut self.answer).await.map_err(Failure::because)? == 0 {
                return Err(Failure::Failed("the server closed the connection".to_owned()));
            }
            match Answer::parse(&self.answer)? {
                Some(answer) if self.answer.len() >= answer.head_bytes + answer.body_bytes => return Ok(answer),
                _ if self.answer.len() > BENCH_ANSWER_BYTES_MAX => return Err(garbled("it is too long")),
                _ => {}
            }
        }
    }
}

#[derive(Debug, PartialEq)]
struct Answer {
    status: u16,
    head_bytes: usize,
    body_bytes: usize,
}

impl Answer {
    /// `None` when the head is not complete.
    fn parse(bytes: &[u8]) -> Result<Option<Self>, Failure> {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut response = httparse::Response::new(&mut headers);
        let parsed = response.parse(bytes).map_err(|error| garbled(&error.to_string()))?;
        let (httparse::Status::Complete(head_bytes), Some(status)) = (parsed, response.code) else { return Ok(None) };
        let length = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
        let length = length.and_then(|header| std::str::from_utf8(header.value).ok()?.parse().ok());
        let body_bytes: usize = length.ok_or_else(|| garbled("it does not tell its length"))?;
        Ok(Some(Self { status, head_bytes, body_bytes: body_bytes.min(BENCH_ANSWER_BYTES_MAX) }))
    }
}

fn garbled(problem: &str) -> Failure {
    Failure::Failed(format!("the answer is not an Indelible server's: {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_known_by_its_head() {
        let head = b"HTTP/1.1 201 Created\r\ncontent-length: 7\r\n\r\n";
        let parsed = Answer::parse(&[head, &b"{\"a\":1}"[..]].concat()).unwrap();
        assert_eq!(parsed, Some(Answer { status: 201, head_bytes: head.len(), body_bytes: 7 }));
        assert_eq!(Answer::parse(&head[..20]).unwrap(), None);
        assert!(Answer::parse(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
        assert!(Answer::parse(b"SSH-2.0").is_err());
    }
}
