//! Whether the time that a check takes tells how near a wrong token is to a right one:
//! `cargo run --release -p indelible --features tokens --example token_timing`.
//!
//! Checked in turn are tokens that are in memory, the same when they are not, texts that differ from them in their last
//! character alone, and texts that are made up, twice. None of them has a checksum, for which it could be refused.
//!
//! The last column is how far a distribution is from that of the first texts that are made up: the largest difference
//! between the two cumulated shares (Kolmogorov and Smirnov), which is 0 for equal ones and 1 for such as do not meet.
//! That of the second texts that are made up shows how large it is by chance.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::{hint::black_box, sync::Arc, time::Duration, time::Instant};

use indelible::{
    NullStore, Recorder,
    tokens::{Attempt, Entity, Import, Issue, Tokens, hash},
};

const ROUNDS: usize = 100_000;
const TOKENS: usize = 10_000;
const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

fn main() {
    let directory = tempfile::tempdir().unwrap();
    let open = |staleness| {
        let recorder = Recorder::new(Arc::new(NullStore::default()));
        let builder = Tokens::builder(recorder).staleness(staleness);
        builder.open(directory.path().join("state.db")).unwrap()
    };
    let (remembering, forgetful) = (open(Duration::from_secs(3600)), open(Duration::ZERO));
    let right = made_up();
    let imports: Vec<_> = right.iter().map(|text| import(text)).collect();
    imports.chunks(1_000).for_each(|some| _ = remembering.import(some).unwrap());
    let cases = [
        ("right, in memory", &remembering, right.clone()),
        ("right, not in memory", &forgetful, right.clone()),
        ("wrong in the last character", &forgetful, right.iter().map(|text| mistaken(text)).collect()),
        ("wrong, made up", &forgetful, made_up()),
        ("wrong, made up again", &forgetful, made_up()),
    ];
    let mut times = [const { Vec::new() }; 5];
    // In the first rounds all is cold.
    for round in 0..TOKENS + ROUNDS {
        for turn in 0..cases.len() {
            let nth = (turn + round) % cases.len();
            let (_, tokens, texts) = &cases[nth];
            let text = &texts[round % TOKENS];
            let start = Instant::now();
            let _ = black_box(tokens.verify(Attempt::new(black_box(text))));
            let time = start.elapsed();
            if round >= TOKENS {
                times[nth].push(time.as_nanos());
            }
        }
    }
    times.iter_mut().for_each(|times| times.sort_unstable());
    println!(
        "{:<30}{:>8}{:>8}{:>8}{:>8}{:>8}{:>10}",
        "µs, quantiles", "1 %", "10 %", "50 %", "90 %", "99 %", "distance"
    );
    for ((name, ..), of_case) in cases.iter().zip(&times) {
        let at = |permille: usize| of_case[of_case.len() * permille / 1000] as f64 / 1e3;
        let (distance, quantiles) = (distance(of_case, &times[3]), [10, 100, 500, 900, 990].map(at));
        let [a, b, c, d, e] = quantiles;
        println!("{name:<30}{a:>8.2}{b:>8.2}{c:>8.2}{d:>8.2}{e:>8.2}{distance:>10.3}");
    }
}

/// As Bearer for Laravel makes them.
fn made_up() -> Vec<String> {
    let one = |_| {
        let mut bytes = [0; 24];
        getrandom::fill(&mut bytes).unwrap();
        let secret = bytes.map(|byte| char::from(ALPHABET[usize::from(byte) % 58]));
        format!("sk_test_{}", secret.iter().collect::<String>())
    };
    (0..TOKENS).map(one).collect()
}

fn mistaken(text: &str) -> String {
    format!("{}{}", &text[..text.len() - 1], if text.ends_with('1') { "2" } else { "1" })
}

fn import(text: &str) -> Import {
    let sha256: String = hash(text).iter().map(|byte| format!("{byte:02x}")).collect();
    Import::new(Issue::new("sk", "ci key", Entity::user("42")), &sha256).unwrap()
}

/// The largest difference between the cumulated shares of two sorted samples.
fn distance(one: &[u128], other: &[u128]) -> f64 {
    let share = |of: &[u128], time: u128| of.partition_point(|known| *known <= time) as f64 / of.len() as f64;
    let differences = one.iter().chain(other).map(|time| (share(one, *time) - share(other, *time)).abs());
    differences.fold(0.0, f64::max)
}
