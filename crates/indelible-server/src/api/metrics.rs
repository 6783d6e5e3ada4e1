//! What the server counts, in the text format of Prometheus.

use std::fmt::{Display, Write};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use indelible::drivers::{self, Follower};
use tokio::time::Instant;

use super::{
    App,
    app::Operator,
    problem::Problem,
    times::{BOUNDS_S, Times},
};
use crate::cosigning::Standing;

/// Counts a request and times it until its answer begins. One that does not begin in time is answered for: what was
/// handed to the log is stored all the same.
pub(super) async fn observe(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = known(request.method());
    let path = request.extensions().get::<MatchedPath>().cloned();
    // The body has a time of its own, and so has what follows it.
    let answered = tokio::time::timeout(app.request_timeout() * 2, next.run(request)).await;
    let response = answered.unwrap_or_else(|_| {
        Problem::unavailable(
            "no answer in time; events that were sent may be stored: send them again with the same idempotency keys",
        )
        .into_response()
    });
    let route = path.as_ref().map_or("none", MatchedPath::as_str);
    let status = response.status().as_u16();
    tracing::debug!(%method, route, status, took = ?started.elapsed(), "request");
    app.metrics().observe(method, route, status, started.elapsed());
    response
}

/// A client may name any method: those of its own invention count as one.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}

/// All figures.
pub(super) async fn metrics(operator: Operator, State(app): State<App>) -> Result<Response, Problem> {
    let status = operator.status().await?;
    let stats = operator.stats();
    let mut page = Page(String::new());
    page.one("build_info", "gauge", "Version.", concat!("{version=\"", env!("CARGO_PKG_VERSION"), "\"}"), 1);
    page.one("log_next_seq", "counter", "Events ever recorded in the log.", "", status.next_seq);
    page.one("log_first_seq", "gauge", "First event that is still there.", "", status.first_seq);
    page.one("log_tail_events", "gauge", "Events not sealed yet.", "", status.tail_events);
    page.one("log_queued_events", "gauge", "Events waiting to be written.", "", status.queued_events);
    page.one("log_segments", "gauge", "Sealed segments.", "", status.segments);
    page.one("log_disk_bytes", "gauge", "Bytes on disk.", "", status.disk_bytes);
    page.one("log_fsyncs_total", "counter", "fsyncs done.", "", status.fsyncs);
    page.one("log_seals_total", "counter", "Seals and merges done.", "", status.seals);
    page.one("log_halted", "gauge", "1 while the log cannot write.", "", u8::from(status.halted.is_some()));
    page.one(
        "log_seal_failing",
        "gauge",
        "1 when the last seal or merge failed.",
        "",
        u8::from(status.seal_error.is_some()),
    );
    page.one("events_recorded_total", "counter", "Events acknowledged.", "", stats.recorded);
    page.one("events_duplicate_total", "counter", "Events whose idempotency key was known.", "", stats.duplicates);
    page.one("events_failed_total", "counter", "Events of refused requests.", "", stats.failed);
    page.one("events_lost_total", "counter", "Queued events that were lost.", "", stats.lost);
    page.one(
        "log_stopped",
        "gauge",
        "1 when the log forked and takes no more events.",
        "",
        u8::from(operator.stopped().is_some()),
    );
    page.one("checkpoint_quorum", "gauge", "Cosignatures that a checkpoint needs.", "", operator.cosigning().needed());
    if let Some(size) = operator.cosigning().published_size() {
        page.one("checkpoint_published_size", "gauge", "Events of the published checkpoint.", "", size);
    }
    page.witnesses(&operator.cosigning().standings());
    page.followers(operator.followers());
    page.one("tails", "gauge", "Live tails open.", "", operator.tails());
    page.one("exports", "gauge", "Exports running.", "", operator.exports());
    page.requests(app.metrics().all());
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], page.0).into_response())
}

/// Writing to a string cannot fail, so results are dropped.
struct Page(String);

impl Page {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP indelible_{name} {help}\n# TYPE indelible_{name} {kind}");
    }

    fn one(&mut self, name: &str, kind: &str, help: &str, labels: &str, value: impl Display) {
        self.head(name, kind, help);
        let _ = writeln!(self.0, "indelible_{name}{labels} {value}");
    }

    /// The names come from the configuration, so their number is bounded.
    fn witnesses(&mut self, standings: &[Standing]) {
        if standings.is_empty() {
            return;
        }
        let labelled = |name| label("witness", name);
        self.head("witness_failing", "gauge", "1 when the witness did not cosign when it was asked last.");
        for Standing { name, error, .. } in standings {
            let _ = writeln!(self.0, "indelible_witness_failing{} {}", labelled(name), u8::from(error.is_some()));
        }
        self.head("witness_cosigned_size", "gauge", "Events of the checkpoint that the witness cosigned last.");
        for (name, last) in standings.iter().filter_map(|it| Some((&it.name, it.last?))) {
            let _ = writeln!(self.0, "indelible_witness_cosigned_size{} {}", labelled(name), last.size);
        }
        self.head("witness_cosigned_time_seconds", "gauge", "When the witness cosigned last, in seconds since 1970.");
        for (name, last) in standings.iter().filter_map(|it| Some((&it.name, it.last?))) {
            let at_s = last.at.as_micros() / 1_000_000;
            let _ = writeln!(self.0, "indelible_witness_cosigned_time_seconds{} {at_s}", labelled(name));
        }
    }

    /// The names come from the configuration, so their number is bounded.
    fn followers(&mut self, followers: &[Follower]) {
        if followers.is_empty() {
            return;
        }
        let standings: Vec<_> = followers.iter().map(|it| (label("driver", it.name()), it.standing())).collect();
        let mut each = |name: &str, kind: &str, help: &str, value: fn(&drivers::Standing) -> u64| {
            self.head(name, kind, help);
            for (label, standing) in &standings {
                let _ = writeln!(self.0, "indelible_{name}{label} {}", value(standing));
            }
        };
        each("driver_failing", "gauge", "1 while the driver takes nothing.", |it| u64::from(it.error.is_some()));
        each("driver_next_seq", "gauge", "The next event that the driver gets.", |it| it.next_seq);
        each("driver_delivered_total", "counter", "Events that the driver took.", |it| it.delivered);
        each("driver_refused_total", "counter", "Events that the driver will never take.", |it| it.refused);
        each("driver_missed_total", "counter", "Events that were gone before the driver got them.", |it| it.missed);
    }

    fn requests(&mut self, mut requests: Vec<Times>) {
        requests.sort_by(|a, b| (a.method, &a.route, a.status).cmp(&(b.method, &b.route, b.status)));
        let name = "http_request_duration_seconds";
        self.head(name, "histogram", "Time until an answer began.");
        for times in requests {
            let Times { method, route, status, .. } = &times;
            let labels = format!("method=\"{method}\",route=\"{route}\",status=\"{status}\"");
            for (bound, within) in BOUNDS_S.iter().zip(times.within) {
                let _ = writeln!(self.0, "indelible_{name}_bucket{{{labels},le=\"{bound}\"}} {within}");
            }
            let _ = writeln!(self.0, "indelible_{name}_bucket{{{labels},le=\"+Inf\"}} {}", times.count);
            let _ = writeln!(self.0, "indelible_{name}_sum{{{labels}}} {}", times.sum.as_secs_f64());
            let _ = writeln!(self.0, "indelible_{name}_count{{{labels}}} {}", times.count);
        }
    }
}

fn label(name: &str, value: &str) -> String {
    let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("{{{name}=\"{value}\"}}")
}
