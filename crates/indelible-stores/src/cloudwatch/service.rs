//! The service over HTTP: signed requests, and what its answers mean.

use std::{io::Read, time::Duration};

use indelible::system_time;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use ureq::{Agent, http::Uri};

use super::{
    Options,
    credentials::{Credentials, CredentialsError},
    sigv4::authorization,
};

/// A log event, as it is sent.
#[derive(Debug, Serialize)]
pub(super) struct LogEvent {
    pub(super) timestamp: i64,
    pub(super) message: String,
    #[serde(skip)]
    pub(super) seq: u64,
}

/// Time for an answer, with the connection.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes of an answer.
const ANSWER_BYTES_MAX: u64 = 64 << 10;
const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

/// Why nothing was taken.
#[derive(Debug, thiserror::Error)]
pub enum CloudWatchError {
    /// The options name no service.
    #[error("{endpoint} is no address: write http:// or https:// and a host")]
    Endpoint {
        /// What they name.
        endpoint: String,
    },
    /// Nobody to sign as.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// No answer.
    #[error("{endpoint} does not answer: {error}")]
    Unreachable {
        /// The service.
        endpoint: String,
        /// What failed.
        error: String,
    },
    /// The service said no.
    #[error("{operation} was answered {status} {kind}: {message}")]
    Answered {
        /// What was asked for.
        operation: &'static str,
        /// Status of HTTP.
        status: u16,
        /// The service's name for it, such as `ThrottlingException`.
        kind: String,
        /// Its words.
        message: String,
    },
    /// An event is no JSON.
    #[error("an event cannot be written as JSON: {0}")]
    Unwritable(serde_json::Error),
}

/// Which log events of a batch will never be taken, by their index.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Rejected {
    /// Exclusive.
    pub(super) too_old_log_event_end_index: Option<usize>,
    /// Exclusive.
    pub(super) expired_log_event_end_index: Option<usize>,
    /// Inclusive.
    pub(super) too_new_log_event_start_index: Option<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Put {
    #[serde(default)]
    rejected_log_events_info: Rejected,
}

/// One log stream of the service.
#[derive(Debug)]
pub(super) struct Service {
    agent: Agent,
    endpoint: String,
    host: String,
    options: Options,
}

impl Service {
    pub(super) fn new(options: Options) -> Result<Self, CloudWatchError> {
        let endpoint =
            options.endpoint.clone().unwrap_or_else(|| format!("https://logs.{}.amazonaws.com", options.region));
        let uri = endpoint.parse::<Uri>().ok().filter(|uri| matches!(uri.scheme_str(), Some("http" | "https")));
        let host = uri.and_then(|uri| uri.authority().map(|authority| authority.as_str().to_owned()));
        let host = host.ok_or_else(|| CloudWatchError::Endpoint { endpoint: endpoint.clone() })?;
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(TIMEOUT))
            .user_agent(concat!("indelible/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Self { agent: config.into(), endpoint, host, options })
    }

    /// Puts log events into the stream, which is made if it is not there.
    pub(super) fn put(&mut self, events: &[LogEvent]) -> Result<Rejected, CloudWatchError> {
        let (group, stream) = (&self.options.log_group, &self.options.log_stream);
        let put = json!({"logGroupName": group, "logStreamName": stream, "logEvents": events});
        let answer = match self.call("PutLogEvents", &put) {
            Err(CloudWatchError::Answered { kind, .. }) if kind == "ResourceNotFoundException" => {
                self.make("CreateLogGroup", &json!({"logGroupName": group}))?;
                self.make("CreateLogStream", &json!({"logGroupName": group, "logStreamName": stream}))?;
                self.call("PutLogEvents", &put)?
            }
            answered => answered?,
        };
        // It was taken, whatever else the answer says.
        Ok(serde_json::from_slice::<Put>(&answer).map(|put| put.rejected_log_events_info).unwrap_or_default())
    }

    /// It being there is as good.
    fn make(&self, operation: &'static str, what: &Value) -> Result<(), CloudWatchError> {
        match self.call(operation, what) {
            Err(CloudWatchError::Answered { kind, .. }) if kind == "ResourceAlreadyExistsException" => Ok(()),
            answered => answered.map(drop),
        }
    }

    fn call(&self, operation: &'static str, body: &Value) -> Result<Vec<u8>, CloudWatchError> {
        let credentials = self.credentials()?;
        let body = body.to_string();
        let (target, date) = (format!("Logs_20140328.{operation}"), date());
        let mut headers = vec![
            ("content-type", CONTENT_TYPE),
            ("host", &*self.host),
            ("x-amz-date", &*date),
            ("x-amz-target", &*target),
        ];
        if let Some(token) = &credentials.session_token {
            headers.insert(3, ("x-amz-security-token", token));
        }
        let signed = authorization(&credentials, (&self.options.region, "logs"), &date, &headers, body.as_bytes());
        let mut post = self.agent.post(&self.endpoint).header("authorization", signed);
        for (name, value) in headers {
            post = post.header(name, value);
        }
        let unreachable = |error: String| CloudWatchError::Unreachable { endpoint: self.endpoint.clone(), error };
        let response = post.send(body).map_err(|error| unreachable(error.to_string()))?;
        let status = response.status().as_u16();
        let mut answer = Vec::new();
        let read = response.into_body().into_reader().take(ANSWER_BYTES_MAX).read_to_end(&mut answer);
        read.map_err(|error| unreachable(error.to_string()))?;
        if status == 200 { Ok(answer) } else { Err(refusal(operation, status, &answer)) }
    }

    fn credentials(&self) -> Result<Credentials, CredentialsError> {
        match &self.options.credentials_file {
            Some(path) => Credentials::from_file(path, self.options.profile.as_deref().unwrap_or("default")),
            None => Credentials::from_environment(),
        }
    }
}

/// What an answer says that is none of success.
fn refusal(operation: &'static str, status: u16, answer: &[u8]) -> CloudWatchError {
    const CHARACTERS_MAX: usize = 300;
    let said: Value = serde_json::from_slice(answer).unwrap_or_default();
    let text = |name: &str| {
        let text = said.get(name).and_then(Value::as_str)?;
        Some(text.chars().take(CHARACTERS_MAX).map(|it| if it.is_control() { ' ' } else { it }).collect::<String>())
    };
    // Some answers have the name behind that of a namespace.
    let kind = text("__type").map(|kind| kind.rsplit('#').next().unwrap_or_default().to_owned());
    let message = text("message").or_else(|| text("Message"));
    CloudWatchError::Answered {
        operation,
        status,
        kind: kind.unwrap_or_default(),
        message: message.unwrap_or_default(),
    }
}

/// Now, as `x-amz-date` says it.
fn date() -> String {
    let now = system_time().to_string();
    let digits: String = now.chars().take(19).filter(|it| !matches!(it, '-' | ':')).collect();
    digits + "Z"
}
