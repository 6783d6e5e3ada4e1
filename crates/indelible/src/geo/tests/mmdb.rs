//! A small writer of MaxMind's format, version 2.0: as much of it as tests need.

use std::net::IpAddr;

use serde_json::{Map, Value, json};

/// Bytes between the tree and the data.
const GAP: usize = 16;

enum Record {
    Node(usize),
    Data(usize),
}

/// A database of networks, such as `203.0.113.0/24`, none inside another, and what is known of each.
pub(crate) fn database(kind: &str, entries: &[(&str, Value)]) -> Vec<u8> {
    let mut tree: Vec<[Option<Record>; 2]> = vec![[None, None]];
    let mut data = Vec::new();
    for (network, value) in entries {
        let (bits, prefix) = bits(network);
        let mut node = 0;
        for depth in 0..prefix - 1 {
            let side = (bits >> (127 - depth) & 1) as usize;
            node = match tree[node][side] {
                Some(Record::Node(next)) => next,
                _ => {
                    tree.push([None, None]);
                    let next = tree.len() - 1;
                    tree[node][side] = Some(Record::Node(next));
                    next
                }
            };
        }
        tree[node][(bits >> (128 - prefix) & 1) as usize] = Some(Record::Data(data.len()));
        encode(value, &mut data);
    }
    let nodes = tree.len();
    let number = |record: &Option<Record>| match record {
        None => nodes,
        Some(Record::Node(at)) => *at,
        Some(Record::Data(at)) => nodes + GAP + at,
    };
    let mut file: Vec<u8> =
        tree.iter().flatten().flat_map(|record| (number(record) as u32).to_be_bytes()[1..].to_vec()).collect();
    file.extend([0; GAP]);
    file.extend(data);
    file.extend(b"\xab\xcd\xefMaxMind.com");
    let metadata = json!({
        "binary_format_major_version": 2,
        "binary_format_minor_version": 0,
        "build_epoch": 1_700_000_000,
        "database_type": kind,
        "description": {"en": "made by a test"},
        "ip_version": 6,
        "languages": ["en"],
        "node_count": nodes,
        "record_size": 24,
    });
    encode(&metadata, &mut file);
    file
}

/// A network as one of v6, where v4 stands in `::/96`.
fn bits(network: &str) -> (u128, u32) {
    let (address, prefix) = network.split_once('/').unwrap();
    let prefix: u32 = prefix.parse().unwrap();
    match address.parse().unwrap() {
        IpAddr::V4(ip) => (ip.to_bits().into(), prefix + 96),
        IpAddr::V6(ip) => (ip.to_bits(), prefix),
    }
}

fn encode(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::String(text) => {
            head(2, text.len(), out);
            out.extend(text.bytes());
        }
        Value::Number(number) => integer(6, 4, number.as_u64().unwrap(), out),
        Value::Object(fields) => map(fields, out),
        Value::Array(items) => {
            head(11, items.len(), out);
            items.iter().for_each(|item| encode(item, out));
        }
        other => unimplemented!("{other}"),
    }
}

fn map(fields: &Map<String, Value>, out: &mut Vec<u8>) {
    head(7, fields.len(), out);
    for (name, value) in fields {
        encode(&name.clone().into(), out);
        match (name.as_str(), value.as_u64()) {
            ("build_epoch", Some(number)) => integer(9, 8, number, out),
            ("ip_version" | "record_size", Some(number)) => integer(5, 2, number, out),
            (name, Some(number)) if name.starts_with("binary_format") => integer(5, 2, number, out),
            _ => encode(value, out),
        }
    }
}

fn integer(kind: u8, bytes: usize, number: u64, out: &mut Vec<u8>) {
    head(kind, bytes, out);
    out.extend(&number.to_be_bytes()[8 - bytes..]);
}

/// Type and size of what follows.
fn head(kind: u8, size: usize, out: &mut Vec<u8>) {
    let (short, more) = if size < 29 { (size as u8, None) } else { (29, Some((size - 29) as u8)) };
    match kind {
        1..=7 => out.push(kind << 5 | short),
        _ => out.extend([short, kind - 7]),
    }
    out.extend(more);
}
