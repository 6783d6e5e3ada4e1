//! How many tokens are checked in a second when each check is logged:
//! `cargo run --release -p indelible --features tokens --example token_cost`.
//!
//! A thousand tokens are checked over and over, by one thread and by two, while the recorder's own thread makes an event
//! of each check and stores it in a log on disk. The figures count until the last event is on disk: what a thread can
//! check in a burst says nothing of what can be kept up. Who checks faster than the log writes waits here; a service
//! that does not wait loses events, and the log says how many. Beside them stands the processor time of all threads for
//! one check, which others on the machine blur less.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use indelible::{
    Context, Http, Log, LogConfig, NullStore, Object, Recorder, Store, system_time,
    tokens::{Abilities, Attempt, Entity, Import, Issue, Plaintext, Requirement, Tokens},
};

const ROUNDS: usize = 5;
const TOKENS: usize = 1_000;
const CHECKS: usize = 200_000;
const QUEUE_EVENTS: usize = 1 << 16;

fn main() {
    let directory = tempfile::tempdir().unwrap();
    println!("{:<32}{:>26}{:>32}", "smallest, median, largest", "checks a second", "processor ns a check");
    let log = || Arc::new(Log::open(LogConfig::new(directory.path().join("log"), Arc::new(system_time))).unwrap());
    measure("not logged", Arc::new(NullStore::default()), directory.path().join("0.db"), false);
    measure("logged, thrown away", Arc::new(NullStore::default()), directory.path().join("1.db"), true);
    measure("logged, on disk", log(), directory.path().join("2.db"), true);
}

fn measure(name: &str, store: Arc<dyn Store>, file: std::path::PathBuf, log_usage: bool) {
    let recorder = Recorder::builder(store).queue_events_max(QUEUE_EVENTS).build();
    let tokens = Tokens::builder(recorder.clone()).log_usage(log_usage).open(file).unwrap();
    let texts = texts(&tokens);
    let needs = Requirement::default().all(["orders:read"]);
    for threads in [1, 2] {
        let (mut rates, mut costs) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let (start, start_ns) = (Instant::now(), cpu_ns());
            thread::scope(|scope| {
                for _ in 0..threads {
                    scope.spawn(|| check(&tokens, &recorder, &texts, &needs, CHECKS / threads));
                }
            });
            recorder.flush();
            rates.push(CHECKS as f64 / start.elapsed().as_secs_f64());
            costs.push((cpu_ns() - start_ns) as f64 / CHECKS as f64);
        }
        println!("{:<32}{:>26}{:>32}", format!("{name}, {threads} threads"), spread(rates), spread(costs));
    }
    assert_eq!(recorder.stats().lost, 0);
}

/// Processor time of all threads.
fn cpu_ns() -> i64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}

fn texts(tokens: &Tokens) -> Vec<String> {
    let texts: Vec<String> =
        (0..TOKENS).map(|_| Plaintext::generate("sk", "test").unwrap().reveal().to_owned()).collect();
    let issue = || {
        Issue::new("sk", "ci key", Entity::user("42"))
            .abilities(Abilities::new(["orders:*"]).unwrap())
            .rate_limit(u32::MAX.try_into().unwrap())
    };
    let hex = |text: &str| indelible::tokens::hash(text).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let imports: Vec<_> = texts.iter().map(|text| Import::new(issue(), &hex(text)).unwrap()).collect();
    tokens.import(&imports).unwrap();
    texts
}

fn check(tokens: &Tokens, recorder: &Recorder, texts: &[String], needs: &Requirement, checks: usize) {
    let ip = "203.0.113.9".parse().ok();
    for (nth, text) in texts.iter().cycle().take(checks).enumerate() {
        if nth % 1024 == 0 {
            while recorder.stats().queued > (QUEUE_EVENTS / 2) as u64 {
                thread::sleep(Duration::from_micros(100));
            }
        }
        let context = Context { ip, user_agent: Some("client/1.0".to_owned()), ..Context::default() };
        let check = tokens.check(Attempt::new(text).from(context).needs(needs));
        let http = Http { method: Some("GET".to_owned()), status: Some(200), latency_us: Some(145), ..Http::default() };
        check.finish(Some(http), Object::new()).unwrap();
    }
}

fn spread(mut figures: Vec<f64>) -> String {
    figures.sort_by(f64::total_cmp);
    let at = |index: usize| figures.get(index).copied().unwrap_or_default();
    format!("{:.0}, {:.0}, {:.0}", at(0), at(ROUNDS / 2), at(ROUNDS - 1))
}
