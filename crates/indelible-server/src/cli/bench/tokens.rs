//! Tokens verified over HTTP: one a request, on many connections, as an application's gateway does.

use std::time::Instant;

use clap::Args;
use indelible::{Store, tokens::Entity};
use serde::Serialize;
use serde_json::json;

use super::{
    gauge::{cpu_ns, rss_max_bytes},
    report, single,
    target::Target,
};
use crate::{
    cli::{error::Failure, place::Place, terminal::Screen},
    limits::BENCH_THREADS_MAX,
    tokens::{IssuedView, NewToken},
};

/// Has a server verify tokens, each use an event of the log, and measures the rate
///
/// The tokens are issued into a data directory of their own, or, with --url, by a server: never give it one that matters.
#[derive(Debug, Args)]
pub(crate) struct VerifyTokens {
    /// How many verifications
    #[arg(long, value_name = "N", default_value_t = 500_000)]
    verifications: u64,
    /// How many tokens take turns
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    tokens: u32,
    /// Connections
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=BENCH_THREADS_MAX))]
    concurrency: u32,
    #[command(flatten)]
    target: Target,
}

/// What was measured.
#[derive(Debug, Serialize)]
struct Measured {
    verifications: u64,
    concurrency: u32,
    seconds: f64,
    verifications_per_s: u64,
    ack_p50_us: u64,
    ack_p99_us: u64,
    /// The CPU time of this process alone: without the server's when that is another process.
    cpu_ns_per_token: u64,
    /// Part of it that went into sending the requests.
    generator_ns_per_token: u64,
    /// Events that the log has of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    logged: Option<u64>,
    rss_max_bytes: u64,
}

impl VerifyTokens {
    pub(super) fn run(&self, screen: &mut Screen) -> Result<(), Failure> {
        let subject = self.target.open_or_create(self.target.config())?;
        let Place::Remote(server) = &subject.place else {
            return Err(Failure::Usage("give --http, or the --url of a server".to_owned()));
        };
        let texts: Vec<String> = (0..self.tokens).map(|_| issue(server)).collect::<Result<_, _>>()?;
        let before = subject.log.as_ref().map(|log| log.status().next_seq);
        let (cpu_before, started) = (cpu_ns(), Instant::now());
        let mut loaded = single::send(server, "/v1/tokens/verify", self.concurrency, |sender| {
            let (senders, sender) = (u64::from(self.concurrency), u64::from(sender));
            let share = self.verifications / senders + u64::from(sender < self.verifications % senders);
            let texts = texts.clone();
            (0..share).zip((0..texts.len()).cycle()).map(move |(_, which)| {
                json!({
                    "token": texts.get(which),
                    "needs": {"all": ["orders:read"]},
                    "context": {"ip": "203.0.113.9", "user_agent": "curl/8.5"},
                    "http": {"method": "GET", "route": "/orders/{id}", "status": 200, "latency_us": 1200},
                })
            })
        })?;
        let (seconds, cpu) = (started.elapsed().as_secs_f64(), cpu_ns() - cpu_before);
        let done = loaded.events.max(1);
        let log = subject.log.clone();
        subject.close();
        let logged = log.zip(before).map(|(log, before)| log.status().next_seq - before);
        let measured = Measured {
            verifications: loaded.events,
            concurrency: self.concurrency,
            seconds,
            verifications_per_s: (loaded.events as f64 / seconds.max(1e-9)) as u64,
            ack_p50_us: loaded.acks.percentile_us(50),
            ack_p99_us: loaded.acks.percentile_us(99),
            cpu_ns_per_token: cpu / done,
            generator_ns_per_token: loaded.sender_ns / done,
            logged,
            rss_max_bytes: rss_max_bytes(),
        };
        report(&measured, screen)
    }
}

fn issue(server: &crate::cli::remote::Remote) -> Result<String, Failure> {
    let new = NewToken::new("sk", "bench", Entity::new("service", "bench"));
    Ok(server.post::<IssuedView>("/v1/tokens", &new)?.plaintext)
}
