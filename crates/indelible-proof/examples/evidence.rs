//! Writes a small log's evidence and exports, as other programs may use them to test how they read them:
//! `cargo run -p indelible-proof --example evidence -- DIRECTORY`. The files in `testvectors/evidence` are these.

use std::collections::HashMap;
use std::error::Error;
use std::fs;
use std::path::Path;

use indelible_proof::checkpoint::Checkpoint;
use indelible_proof::cosignature::Cosigner;
use indelible_proof::disclosure::Disclosure;
use indelible_proof::evidence::Evidence;
use indelible_proof::export::{ExportWriteError, ExportWriter};
use indelible_proof::note::SigningKey;
use indelible_proof::tree::{CompactRange, Hash, Node, ProofError, inclusion_proof};
use indelible_proof::{Canonical, EpochKey, Event, EventId, Recorded, Timestamp};

const EVENTS: [&str; 3] = [
    r#"{"action":"auth.login.failed","outcome":"failure","reason":"invalid_credentials","actor":{"type":"user","id":"42",
        "email":"alice@example.com"},"context":{"ip":"192.0.2.7"},"http":{"method":"POST","path":"/login","status":401}}"#,
    r#"{"action":"token.revoked","actor":{"type":"user","id":"42"},"targets":[{"type":"token","id":"tok_7"}],
        "metadata":{"text":"naïve \"€\"\n","numbers":[0,-1.5,1e15,1e-7,9007199254740991],"none":null}}"#,
    r#"{"action":"oauth.token.issued","client":{"id":"app"},"tags":["a","b"]}"#,
];

fn main() -> Result<(), Box<dyn Error>> {
    let directory = std::env::args().nth(1).ok_or("say where to write the files")?;
    let directory = Path::new(&directory);
    fs::create_dir_all(directory)?;
    let events = (0..11_u64).map(recorded).collect::<Result<Vec<_>, _>>()?;
    let leaves: Vec<Hash> = events.iter().map(|(_, told)| told.entry().leaf_hash().into()).collect();
    let mut nodes: HashMap<Node, Hash> =
        (0..).zip(&leaves).map(|(index, hash)| (Node { level: 0, index }, *hash)).collect();
    let mut tree = CompactRange::new();
    tree.extend(&leaves, |node, hash| {
        nodes.insert(node, hash);
    });

    let log = SigningKey::new("log.example.com", &[1; 32])?;
    let witness = Cosigner::new("witness.example.com", &[2; 32])?;
    let mut signed = Checkpoint::new("log.example.com", 11, tree.root().ok_or("no root")?)?.sign(&log);
    let cosignature = witness.cosign(signed.text(), 1_795_176_060);
    signed.add([cosignature]);
    fs::write(directory.join("log.vkey"), format!("{}\n", log.verifier()))?;
    fs::write(directory.join("witness.vkey"), format!("{}\n", witness.verifier()))?;

    let node = |node: Node| nodes.get(&node).copied().ok_or(ProofError::NoSuchLeaf { index: node.index, size: 11 });
    for seq in [0, 4, 10] {
        let proof = inclusion_proof(seq, 11, node)?;
        let told = events.get(usize::try_from(seq)?).ok_or("no such event")?.1.clone();
        let withheld = Evidence::new(told.clone().without_who(), seq, proof.clone(), signed.clone())?;
        fs::write(directory.join(format!("event-{seq}-without-who.tlog-proof")), withheld.to_string())?;
        let whole = Evidence::new(told, seq, proof, signed.clone())?;
        fs::write(directory.join(format!("event-{seq}.tlog-proof")), whole.to_string())?;
    }

    let node = |it| node(it).map_err(|_| ExportWriteError::Newer { seq: 0, size: 0 });
    for (name, every) in [("whole", 1), ("filtered", 3)] {
        let mut writer = ExportWriter::new(signed.clone())?;
        let mut lines = Vec::new();
        for (recorded, told) in events.iter().filter(|(recorded, _)| recorded.seq % every == 0) {
            lines.extend(writer.line(recorded, told, node)?);
        }
        lines.extend(writer.end(node)?);
        fs::write(directory.join(format!("{name}.jsonl")), lines)?;
    }
    Ok(())
}

fn recorded(seq: u64) -> Result<(Recorded, Disclosure), Box<dyn Error>> {
    let json = EVENTS.get(usize::try_from(seq)? % EVENTS.len()).ok_or("no such event")?;
    let mut event = Event::from_json(json.as_bytes())?;
    let now = Timestamp::from_micros(1_795_176_000_000_000 + 1_000_000 * seq.cast_signed())?;
    event.complete(now);
    let told = Disclosure::of(&Canonical::checked(&event)?, &EpochKey([7; 32]));
    Ok((Recorded { id: EventId::new(now, 7, seq), seq, event }, told))
}
