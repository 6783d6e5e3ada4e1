//! A log behind a server's HTTP interface.

use std::{fmt::Write as _, io::Read, time::Duration};

use indelible_engine::query::Order;
use indelible_proof::{Event, Recorded};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use ureq::{
    Agent, Body, Error, RequestBuilder,
    http::{HeaderValue, Response, StatusCode},
};

use super::{
    error::Failure,
    question::{Answer, Events, PageOf, ProvenReceipts, Question, Receipt, Which},
    terminal::visible,
};
use crate::{
    api::TENANT_HEADER,
    limits::{ANSWER_BYTES_MAX, CONNECT_TIMEOUT, CONNECTIONS_KEPT, READ_TIMEOUT},
};

/// A server and the key to it.
#[derive(Debug, Clone)]
pub(crate) struct Remote {
    agent: Agent,
    base: String,
    key: Option<String>,
    tenant: Option<HeaderValue>,
}

/// Why a request did not succeed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RequestError {
    /// The server could not be reached, or went away.
    #[error("cannot reach {url}: {cause}; is the server running there?")]
    Unreachable {
        /// Server.
        url: String,
        /// The system's words.
        cause: String,
    },
    /// The server said no.
    #[error("{message}")]
    Refused {
        /// Status.
        status: StatusCode,
        /// Milliseconds after which it may say yes.
        retry_after: Option<Duration>,
        /// What it said.
        message: String,
    },
    /// The server said something that we do not understand.
    #[error("{url} gave an answer that is not an Indelible server's: {cause}")]
    Garbled {
        /// Server.
        url: String,
        /// What is wrong with it.
        cause: String,
    },
}

impl RequestError {
    /// How long to wait before the same request may succeed; `None` when it never will.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        const DEFAULT: Duration = Duration::from_millis(500);
        match self {
            Self::Unreachable { .. } => Some(DEFAULT),
            Self::Refused { status, retry_after, .. }
                if *status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() =>
            {
                Some(retry_after.unwrap_or(DEFAULT))
            }
            _ => None,
        }
    }

    /// Whether what was asked for does not exist.
    fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status: StatusCode::NOT_FOUND, .. })
    }
}

impl From<RequestError> for Failure {
    fn from(error: RequestError) -> Self {
        match (error.retry_after(), error) {
            (Some(retry_after), error) => Self::Busy { retry_after, message: error.to_string() },
            (None, RequestError::Refused { status, message, .. }) => Self::refused(status, message),
            (None, error) => Self::Failed(error.to_string()),
        }
    }
}

/// RFC 9457.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Problem {
    title: String,
    detail: String,
}

/// An event that a server left out.
#[derive(Debug, Deserialize)]
pub(crate) struct Rejected {
    /// Its number among those sent, from 1.
    pub(crate) line: usize,
    /// The field that is wrong; empty for the event as a whole.
    #[serde(default)]
    pub(crate) field: String,
    /// What is wrong.
    pub(crate) detail: String,
}

impl Remote {
    /// A server by its address. Nothing is sent yet.
    pub(crate) fn new(url: &str, key: Option<&str>) -> Result<Self, Failure> {
        let base = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
        let base = base.trim_end_matches('/').to_owned();
        if !base.starts_with("http://") && !base.starts_with("https://") {
            return Err(Failure::Usage(format!("--url {url}: write http:// or https://")));
        }
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_per_read(Some(READ_TIMEOUT))
            .max_idle_connections(CONNECTIONS_KEPT)
            .max_idle_connections_per_host(CONNECTIONS_KEPT)
            .user_agent(concat!("indelible/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Self { agent: config.into(), base, key: key.map(str::to_owned), tenant: None })
    }

    /// The same in one tenant, for a key of all.
    pub(crate) fn within(mut self, tenant: Option<&str>) -> Result<Self, Failure> {
        let header = tenant.map(|tenant| HeaderValue::from_bytes(tenant.as_bytes())).transpose();
        self.tenant = header.map_err(|_| Failure::Usage("--tenant: write it without control characters".to_owned()))?;
        Ok(self)
    }

    /// The server's address.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// The API key.
    pub(crate) fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// Sends events, all or nothing.
    pub(crate) fn record(&self, events: &[Event]) -> Result<Vec<Receipt>, Failure> {
        #[derive(Deserialize)]
        struct Receipts {
            receipts: Vec<Receipt>,
        }
        Ok(self.decode::<Receipts>(self.send("/v1/events", events)?)?.receipts)
    }

    /// Sends events; those that are valid are stored all or nothing. Gives the others.
    pub(crate) fn record_valid(&self, events: &[Event]) -> Result<Vec<Rejected>, RequestError> {
        #[derive(Deserialize)]
        struct Answer {
            rejected_count: usize,
            #[serde(default)]
            rejected: Vec<Rejected>,
        }
        let answer: Answer = self.decode(self.send("/v1/events?on_error=skip", events)?)?;
        if answer.rejected_count != answer.rejected.len() {
            return Err(self.garbled("it does not list every event that it left out"));
        }
        Ok(answer.rejected)
    }

    /// The same, with proofs of what was recorded.
    pub(crate) fn record_with_proofs(&self, events: &[Event]) -> Result<ProvenReceipts, Failure> {
        Ok(self.decode(self.send("/v1/events?proof=true", events)?)?)
    }

    fn send(&self, path: &str, events: &[Event]) -> Result<Response<Body>, RequestError> {
        let mut body = Vec::new();
        for event in events {
            serde_json::to_writer(&mut body, event).map_err(|error| self.garbled(error))?;
            body.push(b'\n');
        }
        let request = self.signed(self.agent.post(format!("{}{path}", self.base)));
        self.checked(request.content_type("application/x-ndjson").send(&body[..]))
    }

    pub(crate) fn page(&self, page: &PageOf) -> Result<Events, Failure> {
        let limit = page.limit.to_string();
        let order = match page.order {
            Order::NewestFirst => "newest",
            Order::OldestFirst => "oldest",
        };
        let mut query = vec![("q", page.filter.as_str()), ("limit", &limit), ("order", order)];
        query.extend(page.cursor.as_deref().map(|cursor| ("cursor", cursor)));
        Ok(self.decode(self.get_path("/v1/events", &query)?)?)
    }

    pub(crate) fn get(&self, which: Which) -> Result<Option<Recorded>, Failure> {
        let name = match which {
            Which::Id(id) => id.to_string(),
            Which::Seq(seq) => seq.to_string(),
        };
        match self.get_path(&format!("/v1/events/{name}"), &[]) {
            Ok(response) => Ok(Some(self.decode(response)?)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) fn aggregate(&self, question: &Question) -> Result<Answer, Failure> {
        let limit = question.limit.map(|limit| limit.to_string());
        let query = [
            ("q", question.filter.as_str()),
            ("group_by", &question.group_by),
            ("measure", &question.measure),
            ("having", &question.having),
            ("order", &question.order),
            ("tz", &question.tz),
            ("limit", limit.as_deref().unwrap_or_default()),
        ];
        Ok(self.decode(self.get_path("/v1/aggregate", &query)?)?)
    }

    /// Asks for a path and reads the answer.
    pub(crate) fn fetch<T: DeserializeOwned>(&self, path: &str) -> Result<T, RequestError> {
        self.fetch_with(path, &[])
    }

    /// The same with a question.
    pub(crate) fn fetch_with<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T, RequestError> {
        self.decode(self.get_path(path, query)?)
    }

    /// The same with conditions. One that is null is none; one that is empty was meant to be one, and would not be sent.
    pub(crate) fn fetch_where<T: DeserializeOwned>(
        &self,
        path: &str,
        conditions: &Map<String, Value>,
    ) -> Result<T, Failure> {
        if let Some((name, _)) = conditions.iter().find(|(_, value)| *value == "") {
            return Err(Failure::Usage(format!("{name}: is empty: leave it out, or say which")));
        }
        let words: Vec<(&str, String)> = conditions.iter().map(|(name, value)| (name.as_str(), word(value))).collect();
        let query: Vec<(&str, &str)> = words.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Ok(self.fetch_with(path, &query)?)
    }

    /// Asks for a path that is answered with text.
    pub(crate) fn text(&self, path: &str, query: &[(&str, &str)]) -> Result<String, RequestError> {
        let mut body = self.get_path(path, query)?.into_body();
        let text = body.with_config().limit(ANSWER_BYTES_MAX).read_to_string();
        text.map_err(|error| self.failed(error))
    }

    /// Sends a value to a path and reads the answer.
    pub(crate) fn post<T: DeserializeOwned>(&self, path: &str, value: &impl Serialize) -> Result<T, RequestError> {
        let json = serde_json::to_vec(value).map_err(|error| self.garbled(error))?;
        let request = self.signed(self.agent.post(format!("{}{path}", self.base)));
        self.decode(self.checked(request.content_type("application/json").send(&json[..]))?)
    }

    /// Deletes what is at a path and reads the answer.
    pub(crate) fn delete<T: DeserializeOwned>(&self, path: &str) -> Result<T, RequestError> {
        let request = self.signed(self.agent.delete(format!("{}{path}", self.base)));
        self.decode(self.checked(request.call())?)
    }

    /// Asks for a path; the body of the answer is still to come.
    pub(crate) fn get_path(&self, path: &str, query: &[(&str, &str)]) -> Result<Response<Body>, RequestError> {
        self.get_with(path, query, None)
    }

    /// Follows a stream of server-sent events from behind an event on.
    pub(crate) fn follow(&self, query: &[(&str, &str)], last_id: Option<&str>) -> Result<Response<Body>, RequestError> {
        self.get_with("/v1/tail", query, last_id)
    }

    fn get_with(
        &self,
        path: &str,
        query: &[(&str, &str)],
        last_id: Option<&str>,
    ) -> Result<Response<Body>, RequestError> {
        let mut request = self.signed(self.agent.get(format!("{}{path}", self.base)));
        request = request.query_pairs(query.iter().filter(|(_, value)| !value.is_empty()).copied());
        if let Some(id) = last_id {
            request = request.header("last-event-id", id);
        }
        self.checked(request.call())
    }

    fn signed<B>(&self, request: RequestBuilder<B>) -> RequestBuilder<B> {
        let request = match &self.key {
            Some(key) => request.header("authorization", format!("Bearer {key}")),
            None => request,
        };
        match &self.tenant {
            Some(tenant) => request.header(TENANT_HEADER, tenant),
            None => request,
        }
    }

    fn checked(&self, result: Result<Response<Body>, Error>) -> Result<Response<Body>, RequestError> {
        let response = result.map_err(|error| self.failed(error))?;
        if response.status().is_success() { Ok(response) } else { Err(self.refused(response)) }
    }

    fn failed(&self, error: Error) -> RequestError {
        let url = self.base.clone();
        match error {
            Error::Io(error) => RequestError::Unreachable { url, cause: error.to_string() },
            Error::HostNotFound => RequestError::Unreachable { url, cause: "no such host".to_owned() },
            Error::Timeout(_) | Error::ConnectionFailed => RequestError::Unreachable { url, cause: error.to_string() },
            error => RequestError::Garbled { url, cause: error.to_string() },
        }
    }

    fn refused(&self, mut response: Response<Body>) -> RequestError {
        let status = response.status();
        let retry_after = response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
        let problem = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_string().ok();
        let problem: Problem = problem.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default();
        let said = if problem.detail.is_empty() { problem.title } else { problem.detail };
        let said = visible(&said).into_owned();
        let mut message = if said.is_empty() { format!("{} answered {status}", self.base) } else { said };
        if status == StatusCode::UNAUTHORIZED {
            let _ = write!(message, "\n  give the server's API key with --key or INDELIBLE_KEY");
        }
        RequestError::Refused { status, retry_after: retry_after.map(Duration::from_secs), message }
    }

    fn decode<T: DeserializeOwned>(&self, response: Response<Body>) -> Result<T, RequestError> {
        let mut json = Vec::new();
        let mut body = response.into_body().into_reader().take(ANSWER_BYTES_MAX);
        body.read_to_end(&mut json).map_err(|error| self.failed(Error::Io(error)))?;
        serde_json::from_slice(&json).map_err(|error| self.garbled(error))
    }

    #[expect(clippy::needless_pass_by_value, reason = "it is what map_err calls")]
    fn garbled(&self, error: impl ToString) -> RequestError {
        RequestError::Garbled { url: self.base.clone(), cause: error.to_string() }
    }
}

/// A value as it stands in a query string.
fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
