//! What the server proves, to a client that shares no code with it: the crates `tlog_tiles` and `signed_note`.

use std::cell::RefCell;

use indelible_proof::{cosignature::Quorum, evidence::Evidence, note::SigningKey};
use serde_json::{Value, json};
use signed_note::{StandardVerifier, VerifierList};
use tlog_tiles::{
    Hash, Tile, TileHashReader, TileReader, check_record, check_tree, prove_record, prove_tree, record_hash,
};

use crate::server::{Answer, JSON, NDJSON, Server, agent, answer};

/// More than two full tiles of level 0, and one that is partial.
const EVENTS: usize = 700;
const FOR_EVER: &str = "max-age=31536000, immutable";

fn record(server: &Server, count: usize) {
    let lines: String = (0..count).map(|n| format!("{{\"action\":\"a.b\",\"request_id\":\"r{n}\"}}\n")).collect();
    assert_eq!(server.post("/v1/events", NDJSON, lines).status, 201);
}

fn full() -> Server {
    let server = Server::start();
    record(&server, EVENTS);
    server
}

fn without_key(server: &Server, path: &str) -> Answer {
    answer(agent().get(server.url(path)).call())
}

/// A tree as its checkpoint says, verified by others' code.
struct Tree {
    size: u64,
    root: Hash,
}

fn newest(server: &Server) -> Tree {
    let skey = std::fs::read_to_string(server.data().join("keys/signing.key")).unwrap();
    let vkey = SigningKey::from_skey(skey.trim()).unwrap().verifier().to_string();
    let known = VerifierList::new(vec![Box::new(StandardVerifier::new(&vkey).unwrap())]);
    let note = signed_note::Note::from_bytes(&server.bytes("/checkpoint")).unwrap();
    note.verify(&known).unwrap();
    let checkpoint = tlog_tiles::Checkpoint::from_bytes(note.text()).unwrap();
    assert_eq!(checkpoint.origin(), vkey.split('+').next().unwrap());
    Tree { size: checkpoint.size(), root: *checkpoint.hash() }
}

/// Tiles as they are served, which their reader verifies against the root.
struct Tiles<'a> {
    server: &'a Server,
    paths: RefCell<Vec<String>>,
}

impl<'a> Tiles<'a> {
    fn of(server: &'a Server) -> Self {
        Self { server, paths: RefCell::default() }
    }
}

impl TileReader for Tiles<'_> {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
        let read = |tile: &Tile| {
            let path = format!("/{}", tile.path().replacen("tile/8/", "tile/", 1));
            self.paths.borrow_mut().push(path.clone());
            self.server.bytes(&path)
        };
        Ok(tiles.iter().map(read).collect())
    }

    fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
}

/// The entry of an event, from the bundle that it is in.
fn entry(server: &Server, seq: u64, size: u64) -> Vec<u8> {
    let (index, width) = (seq / 256, (size - seq / 256 * 256).min(256));
    let partial = if width < 256 { format!(".p/{width}") } else { String::new() };
    let bytes = server.bytes(&format!("/tile/entries/{index:03}{partial}"));
    assert_eq!(bytes.len() as u64, width * 98);
    let at = (seq % 256) as usize * 98;
    assert_eq!(bytes[at..at + 2], [0, 96]);
    bytes[at + 2..at + 98].to_vec()
}

fn hashes(proof: &Value) -> Vec<Hash> {
    let byte = |digits: &[u8]| u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap();
    let hash = |hex: &Value| {
        let bytes: Vec<u8> = hex.as_str().unwrap().as_bytes().chunks(2).map(byte).collect();
        Hash(bytes.try_into().unwrap())
    };
    proof.as_array().unwrap().iter().map(hash).collect()
}

#[test]
fn an_independent_client_verifies_events_and_growth_from_the_tiles_alone() {
    let server = full();
    let older = newest(&server);
    assert!(older.size >= EVENTS as u64);
    record(&server, 400);
    let tree = newest(&server);
    let tiles = Tiles::of(&server);
    let reader = TileHashReader::new(tree.size, tree.root, &tiles);
    for seq in [0, 1, 255, 256, 511, 699, tree.size - 1] {
        let leaf = record_hash(&entry(&server, seq, tree.size));
        let proof = prove_record(tree.size, seq, &reader).unwrap();
        check_record(&proof, tree.size, tree.root, seq, leaf).unwrap();
        assert!(check_record(&proof, tree.size, tree.root, seq ^ 1, leaf).is_err());
    }
    let proof = prove_tree(tree.size, older.size, &reader).unwrap();
    check_tree(&proof, tree.size, tree.root, older.size, older.root).unwrap();
    let paths = tiles.paths.into_inner();
    assert!(paths.iter().any(|path| path.starts_with("/tile/1/000.p/")), "{paths:?}");
    // Tiles of the older tree are there for those who have its checkpoint.
    let tiles = Tiles::of(&server);
    let reader = TileHashReader::new(older.size, older.root, &tiles);
    let proof = prove_record(older.size, 600, &reader).unwrap();
    check_record(&proof, older.size, older.root, 600, record_hash(&entry(&server, 600, older.size))).unwrap();
}

#[test]
fn the_proofs_that_are_served_are_those_that_an_independent_client_accepts() {
    let server = full();
    let older = newest(&server);
    record(&server, 41);
    let tree = newest(&server);
    for which in ["0", "255", "700"] {
        let told = server.get(&format!("/v1/events/{which}/proof")).json();
        let (seq, size) = (told["seq"].as_u64().unwrap(), told["size"].as_u64().unwrap());
        let note = signed_note::Note::from_bytes(told["checkpoint"].as_str().unwrap().as_bytes()).unwrap();
        let checkpoint = tlog_tiles::Checkpoint::from_bytes(note.text()).unwrap();
        assert_eq!((seq.to_string().as_str(), size), (which, checkpoint.size()));
        let leaf = record_hash(&entry(&server, seq, size));
        assert_eq!(hashes(&json!([told["leaf"]])), [leaf]);
        check_record(&hashes(&told["proof"]), size, *checkpoint.hash(), seq, leaf).unwrap();
    }
    let path = format!("/v1/consistency?from={}&to={}", older.size, tree.size);
    let told = server.get(&path).json();
    assert_eq!((told["from"].as_u64(), told["to"].as_u64()), (Some(older.size), Some(tree.size)));
    check_tree(&hashes(&told["proof"]), tree.size, tree.root, older.size, older.root).unwrap();
    assert_eq!(server.get(&format!("/v1/consistency?from=0&to={}", tree.size)).json()["proof"], json!([]));
}

#[test]
fn a_proof_file_proves_the_event_by_itself() {
    let server = full();
    let receipt = server.record(&json!({"action": "token.revoked", "actor": {"type": "user", "id": "42"}}));
    let id = receipt["id"].as_str().unwrap();
    let answer = server.get(&format!("/v1/events/{id}/proof?format=tlog-proof"));
    assert_eq!((answer.status, answer.header("content-type")), (200, "text/plain; charset=utf-8"));
    let skey = std::fs::read_to_string(server.data().join("keys/signing.key")).unwrap();
    let keys = [SigningKey::from_skey(skey.trim()).unwrap().verifier().clone()];
    let evidence = Evidence::parse(answer.text.as_bytes()).unwrap();
    let nobody = Quorum::new(Vec::new(), 0).unwrap();
    assert_eq!(evidence.verify(&keys, &nobody).unwrap().seq, receipt["seq"].as_u64().unwrap());
    assert!(evidence.verify(&[SigningKey::new("indelible", &[1; 32]).unwrap().verifier().clone()], &nobody).is_err());
}

#[test]
fn tiles_last_in_caches_and_checkpoints_do_not() {
    let server = full();
    let header = |path: &str, name: &str| {
        let response = agent().get(server.url(path)).header("authorization", format!("Bearer {}", server.key)).call();
        let response = response.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        response.headers()[name].to_str().unwrap().to_owned()
    };
    assert_eq!(header("/checkpoint", "cache-control"), "no-store");
    assert_eq!(header("/checkpoint", "content-type"), "text/plain; charset=utf-8");
    for path in ["/tile/0/000", "/tile/0/001.p/7", "/tile/1/000.p/2", "/tile/entries/001", "/tile/entries/002.p/100"] {
        assert_eq!(header(path, "cache-control"), format!("private, {FOR_EVER}"), "{path}");
        assert_eq!(header(path, "content-type"), "application/octet-stream", "{path}");
    }
    let public = Server::start_with(&["--public-tree", "true"]);
    record(&public, 300);
    let answer = agent().get(public.url("/tile/0/000")).call().unwrap();
    assert_eq!(answer.headers()["cache-control"].to_str().unwrap(), format!("public, {FOR_EVER}"));
}

#[test]
fn the_tree_is_for_those_who_may_read_unless_it_is_public() {
    let server = full();
    let paths = ["/checkpoint", "/tile/0/000", "/tile/entries/000", "/v1/consistency?from=1"];
    let (reader, writer) = (server.make_key("acme", &["events:read"]), server.make_key("acme", &["events:write"]));
    for path in paths.into_iter().chain(["/v1/events/0/proof"]) {
        without_key(&server, path).assert_problem(401, "unauthorized");
        server.get_as(&writer, path).assert_problem(403, "forbidden");
    }
    let get = |key: &str, path: &str| {
        let request = agent().get(server.url(path)).header("authorization", format!("Bearer {key}"));
        request.call().unwrap().status().as_u16()
    };
    let auditor = server.make_key("*", &["events:read"]);
    for path in paths {
        assert_eq!(get(&auditor, path), 200, "{path}");
        let entries = path.contains("entries");
        assert_eq!(
            get(&reader, path),
            if entries { 403 } else { 200 },
            "{path}: a guess at a record can be tried on it"
        );
    }

    let public = Server::start_with(&["--public-tree", "true"]);
    record(&public, 300);
    for path in paths {
        assert_eq!(agent().get(public.url(path)).call().unwrap().status(), 200, "{path}");
    }
    without_key(&public, "/v1/events/0/proof").assert_problem(401, "unauthorized");
    without_key(&public, "/v1/events").assert_problem(401, "unauthorized");
}

#[test]
fn another_tenants_event_is_not_proven() {
    let server = Server::start();
    let (acme, globex) =
        (server.make_key("acme", &["events:read", "events:write"]), server.make_key("globex", &["events:read"]));
    let receipt = server.post_as(&acme, "/v1/events", JSON, json!({"action": "a.b"}).to_string()).json();
    let id = receipt["receipts"][0]["id"].as_str().unwrap();
    for which in ["0", id] {
        for format in ["", "?format=json", "?format=tlog-proof"] {
            let path = format!("/v1/events/{which}/proof{format}");
            assert_eq!(server.get_as(&acme, &path).status, 200);
            let hidden = server.get_as(&globex, &path);
            hidden.assert_problem(404, "not-found");
            assert_eq!(hidden.text, server.get_as(&globex, &format!("/v1/events/77/proof{format}")).text);
        }
    }
}

#[test]
fn what_is_not_in_the_tree_is_refused_with_a_reason() {
    let server = full();
    let size = newest(&server).size;
    for tile in [
        "0/003",
        "0/002",
        "0/002.p/255",
        "1/000",
        "1/000.p/3",
        "1/001.p/1",
        "2/000.p/1",
        "8/000",
        "64/000",
        "0/0",
        "0/000.p/0",
        "0/000.p/256",
        "0/000.p/01",
        "00/000",
        "0/x000/000",
        "0/",
        "entries/002",
        "entries/003.p/1",
        "entries/0",
        "x",
        "0/-01",
        "0/000/../000",
        "entries/x018/x446/x744/x073/x709/x551/615",
    ] {
        let problem = server.get(&format!("/tile/{tile}")).assert_problem(404, "not-found");
        assert!(problem["detail"].as_str().unwrap().contains("no such"), "{tile}: {problem}");
    }
    let too_new = format!("from=1&to={}", size + 1000);
    for (query, field) in
        [("", "from"), ("from=x", "from"), ("from=5&to=4", "from"), (&too_new, "to"), ("from=99999", "from")]
    {
        let problem = server.get(&format!("/v1/consistency?{query}")).assert_problem(400, "invalid-parameter");
        assert_eq!(problem["field"], field, "{query}: {problem}");
    }
    server.get("/v1/events/99999/proof").assert_problem(404, "not-found");
    server.get("/v1/events/nonsense/proof").assert_problem(400, "invalid-parameter");
    server.get("/v1/events/0/proof?format=pdf").assert_problem(400, "invalid-parameter");
}

#[test]
fn an_empty_log_has_a_checkpoint_and_no_tile() {
    let server = Server::start();
    assert_eq!(newest(&server).size, 0);
    for path in ["/tile/0/000", "/tile/0/000.p/1", "/tile/entries/000.p/1", "/tile/1/000.p/1"] {
        server.get(path).assert_problem(404, "not-found");
    }
    assert_eq!(server.get("/v1/consistency?from=0").json()["proof"], json!([]));
}
