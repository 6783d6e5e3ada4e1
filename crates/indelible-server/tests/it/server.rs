//! A running server, and ways to talk to it.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
};

use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const JSON: &str = "application/json";
pub(crate) const NDJSON: &str = "application/x-ndjson";

/// A server with a data directory; it is stopped when this is dropped.
pub(crate) struct Server {
    child: Child,
    address: String,
    directory: Option<TempDir>,
    pub(crate) key: String,
}

/// What a request was answered with.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: ureq::http::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The problem, of which `detail` is not compared.
    #[track_caller]
    pub(crate) fn assert_problem(&self, status: u16, kind: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["type"], format!("urn:indelible:problem:{kind}"), "{problem}");
        assert_eq!(problem["status"], status);
        assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{problem}");
        problem
    }
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    pub(crate) fn start_with(arguments: &[&str]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), arguments)
    }

    pub(crate) fn start_in(directory: TempDir, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_indelible"))
            .args(["serve", "--listen", "127.0.0.1:0", "--log-level", "error", "--data"])
            .arg(directory.path().join("data"))
            .args(arguments)
            .current_dir(directory.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut banner = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        banner.read_line(&mut line).unwrap();
        let address = line.split("http://").nth(1).and_then(|rest| rest.split(',').next()).expect("no address");
        let address = address.trim().to_owned();
        std::thread::spawn(move || std::io::copy(&mut banner, &mut std::io::sink()));
        let key = std::fs::read_to_string(directory.path().join("data/keys/admin.key")).unwrap().trim().to_owned();
        Self { child, address, directory: Some(directory), key }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.directory.as_ref().unwrap().path().join("data")
    }

    /// Asks the process to stop, and waits until it has.
    pub(crate) fn terminate(&mut self) -> ExitStatus {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        self.child.wait().unwrap()
    }

    /// Stops, and gives the directory back.
    pub(crate) fn stop(mut self) -> TempDir {
        assert!(self.terminate().success());
        self.directory.take().unwrap()
    }

    /// Ends the process as a loss of power would, and gives the directory back.
    pub(crate) fn kill(mut self) -> TempDir {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.directory.take().unwrap()
    }

    /// Stops, and starts again on the same directory.
    pub(crate) fn restart(self) -> Self {
        Self::start_in(self.stop(), &[])
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.get_as(&self.key, path)
    }

    pub(crate) fn get_as(&self, key: &str, path: &str) -> Answer {
        let request = agent().get(self.url(path)).header("authorization", bearer(key));
        answer(request.call())
    }

    /// What is asked about a tenant, which a key of all may name.
    pub(crate) fn get_of(&self, key: &str, tenant: &str, path: &str) -> Answer {
        let request = agent().get(self.url(path)).header("authorization", bearer(key));
        answer(request.header("indelible-tenant", tenant).call())
    }

    /// The body of an answer that is no text.
    pub(crate) fn bytes(&self, path: &str) -> Vec<u8> {
        let request = agent().get(self.url(path)).header("authorization", bearer(&self.key));
        request.call().unwrap().body_mut().read_to_vec().unwrap()
    }

    pub(crate) fn post(&self, path: &str, content_type: &str, body: impl AsRef<[u8]>) -> Answer {
        self.post_as(&self.key, path, content_type, body)
    }

    pub(crate) fn post_as(&self, key: &str, path: &str, content_type: &str, body: impl AsRef<[u8]>) -> Answer {
        let headers = [("content-type", content_type), ("authorization", &bearer(key))];
        self.post_with(path, &headers, body)
    }

    pub(crate) fn post_with(&self, path: &str, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Answer {
        let mut request = agent().post(self.url(path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(request.send(body.as_ref()))
    }

    pub(crate) fn delete_as(&self, key: &str, path: &str) -> Answer {
        answer(agent().delete(self.url(path)).header("authorization", bearer(key)).call())
    }

    /// Records one event as the administrator.
    #[track_caller]
    pub(crate) fn record(&self, event: &Value) -> Value {
        let answer = self.post("/v1/events", JSON, event.to_string());
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()["receipts"][0].clone()
    }

    /// All events, oldest first.
    pub(crate) fn events(&self) -> Vec<Value> {
        let page = self.get("/v1/events?order=oldest&limit=1000").json();
        page["events"].as_array().unwrap().clone()
    }

    /// Makes a key and gives its secret.
    #[track_caller]
    pub(crate) fn make_key(&self, tenant: &str, abilities: &[&str]) -> String {
        let new = json!({"name": "test", "tenant": tenant, "abilities": abilities});
        let answer = self.post("/v1/keys", JSON, new.to_string());
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()["secret"].as_str().unwrap().to_owned()
    }

    /// A connection without a client's manners.
    pub(crate) fn connect(&self) -> TcpStream {
        TcpStream::connect(&self.address).unwrap()
    }

    /// Sends bytes as they are and reads until the server closes.
    pub(crate) fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect();
        // The server may answer and close before it has read all.
        let _ = stream.write_all(bytes);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Opens a stream of server-sent events.
    pub(crate) fn tail_as(&self, key: &str, path: &str, last_id: Option<&str>) -> Tail {
        let mut stream = self.connect();
        let last_id = last_id.map(|id| format!("last-event-id: {id}\r\n")).unwrap_or_default();
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: {}\r\n{last_id}\r\n", bearer(key));
        stream.write_all(request.as_bytes()).unwrap();
        Tail(BufReader::new(stream))
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A live tail.
pub(crate) struct Tail(BufReader<TcpStream>);

impl Tail {
    /// The next line that begins with a word, without it; `None` at the end of the stream.
    pub(crate) fn next_of(&mut self, word: &str) -> Option<String> {
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).unwrap_or(0) == 0 {
                return None;
            }
            if let Some(rest) = line.strip_prefix(word) {
                return Some(rest.trim().to_owned());
            }
        }
    }

    /// The next event.
    pub(crate) fn next_event(&mut self) -> Value {
        serde_json::from_str(&self.next_of("data: ").expect("the tail ended")).unwrap()
    }
}

pub(crate) fn bearer(key: &str) -> String {
    format!("Bearer {key}")
}

pub(crate) fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).build().into()
}

pub(crate) fn answer(result: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Answer {
    let mut response = result.unwrap();
    Answer {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        text: response.body_mut().read_to_string().unwrap(),
    }
}
