//! A stage for the service: it plays it itself, or stands before one, and does what a test wants to go wrong.

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use serde_json::{Value, json};

/// What becomes of one request.
#[derive(Debug, Clone)]
pub(super) enum Turn {
    /// It is answered so and reaches nobody.
    Answer(u16, Value),
    /// The connection ends without an answer.
    Cut,
    /// It is taken, and then the connection ends without an answer.
    TakenAndCut,
}

#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) operation: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Value,
}

#[derive(Debug, Default)]
struct State {
    turns: VecDeque<Turn>,
    taken: Vec<Request>,
}

#[derive(Debug)]
pub(super) struct Stage {
    pub(super) url: String,
    state: Arc<Mutex<State>>,
}

/// The service's way to say no.
pub(super) fn no(kind: &str) -> Turn {
    Turn::Answer(400, json!({"__type": format!("com.amazonaws.logs#{kind}"), "message": format!("{kind} it is")}))
}

impl Stage {
    /// One that goes wrong so, request by request, and then is well. It plays the service, or stands before that at an
    /// address.
    pub(super) fn start(turns: impl IntoIterator<Item = Turn>, behind: Option<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State { turns: turns.into_iter().collect(), taken: Vec::new() }));
        let own = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A peer that goes away ends its own connection.
                let _ = play(&stream, &own, behind.as_deref());
            }
        });
        Self { url, state }
    }

    /// What was taken, in order.
    pub(super) fn taken(&self) -> Vec<Request> {
        self.state.lock().unwrap().taken.clone()
    }

    /// The operations that were taken.
    pub(super) fn operations(&self) -> Vec<String> {
        self.taken().into_iter().map(|request| request.operation).collect()
    }

    /// Sequence numbers of all log events that were taken, in order.
    pub(super) fn seqs(&self) -> Vec<u64> {
        let taken = self.taken();
        let events = taken.iter().filter_map(|request| request.body["logEvents"].as_array()).flatten();
        events.map(|event| seq(event["message"].as_str().unwrap())).collect()
    }
}

pub(super) fn seq(message: &str) -> u64 {
    serde_json::from_str::<Value>(message).unwrap()["seq"].as_u64().unwrap()
}

fn play(stream: &TcpStream, state: &Mutex<State>, behind: Option<&str>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let (mut line, mut headers) = (String::new(), Vec::new());
    reader.read_line(&mut line)?;
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let header = |name: &str| headers.iter().find(|it| it.0 == name).map_or("", |it| it.1.as_str());
    let mut body = vec![0; header("content-length").parse().unwrap_or(0)];
    reader.read_exact(&mut body)?;
    let operation = header("x-amz-target").trim_start_matches("Logs_20140328.").to_owned();
    let turn = state.lock().unwrap().turns.pop_front();
    let (status, answer) = match turn {
        Some(Turn::Cut) => return Ok(()),
        Some(Turn::Answer(status, answer)) if status != 200 => (status, answer.to_string()),
        turn => {
            let answered = match (behind, &turn) {
                (Some(url), _) => pass(url, &headers, &body),
                (None, Some(Turn::Answer(status, answer))) => (*status, answer.to_string()),
                (None, _) => (200, "{}".to_owned()),
            };
            let body = serde_json::from_slice(&body).unwrap();
            state.lock().unwrap().taken.push(Request { operation, headers, body });
            if matches!(turn, Some(Turn::TakenAndCut)) {
                return Ok(());
            }
            answered
        }
    };
    write!(
        &mut &*stream,
        "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{answer}",
        answer.len()
    )
}

fn pass(url: &str, headers: &[(String, String)], body: &[u8]) -> (u16, String) {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let passed = headers.iter().filter(|(name, _)| name != "host" && name != "content-length");
    let post = passed.fold(agent.post(url), |post, (name, value)| post.header(name, value));
    let mut answer = post.send(body).unwrap();
    (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
}
