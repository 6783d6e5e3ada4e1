//! How fast one core appends to the tree and hashes leaves:
//! `cargo run --release -p indelible-proof --example append [leaves]`

#![allow(clippy::print_stdout)]

use std::time::Instant;

use indelible_proof::tree::{CompactRange, Hash};
use indelible_proof::{Entry, LeafHash};

fn main() {
    let count: u64 = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(4_000_000);

    let began = Instant::now();
    let mut entry = Entry([7; 96]);
    let leaves: Vec<Hash> = (0..count)
        .map(|n| {
            entry.0[..8].copy_from_slice(&n.to_le_bytes());
            entry.leaf_hash()
        })
        .map(|leaf: LeafHash| leaf.into())
        .collect();
    report("leaf hashes of entries", count, began);

    let began = Instant::now();
    let mut log = CompactRange::new();
    let mut stored = 0_u64;
    log.extend(&leaves, |node, _| stored += u64::from(node.level % 8 == 0));
    report("leaves appended", count, began);
    println!("{stored} hashes to store in tiles above level 0; root {:?}", log.root());
}

fn report(what: &str, count: u64, began: Instant) {
    let seconds = began.elapsed().as_secs_f64();
    println!("{what}: {count} in {seconds:.3} s, {:.2} M/s", count as f64 / seconds / 1e6);
}
