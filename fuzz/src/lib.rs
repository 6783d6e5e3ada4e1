//! What the targets share: a moment that stands still, a log on a disk in memory, and the keys that sign.

use std::{
    io,
    path::Path,
    sync::{Arc, LazyLock},
};

use indelible_engine::{
    fs::{Fs, SimulatedFs},
    log::LogConfig,
};
use indelible_proof::{Timestamp, cosignature::Cosigner, note::SigningKey};

/// 2026-11-20T12:00:00Z
pub fn now() -> Timestamp {
    Timestamp::saturating_from_micros(1_795_176_000_000_000)
}

/// Where the log is on its disk.
pub const ROOT: &str = "/log";
/// The log's number, as in [`disk`].
pub const LOG_NUMBER: u32 = 7;

/// A disk with an empty log that has its name, its number and the key of its first events.
pub fn disk() -> io::Result<SimulatedFs> {
    let disk = SimulatedFs::new(0);
    let root = Path::new(ROOT);
    for dir in ["keys/epochs", "wal", "segments"] {
        disk.create_dir_all(&root.join(dir))?;
    }
    let identity = format!("name = \"fuzz\"\nnumber = {LOG_NUMBER}\nformat = 1\ncreated_at = \"{}\"\n", now());
    put(&disk, &root.join("log.toml"), identity.as_bytes())?;
    put(&disk, &root.join("keys/epochs/00000000000000000000.key"), &[7; 32])?;
    let key = SigningKey::new("fuzz", &[7; 32]).map_err(io::Error::other)?;
    put(&disk, &root.join("keys/signing.key"), key.to_skey().as_bytes())?;
    Ok(disk)
}

/// How the log on a disk is opened.
pub fn config(disk: &SimulatedFs) -> LogConfig {
    LogConfig { fs: Arc::new(disk.clone()), ..LogConfig::new(ROOT, Arc::new(now)) }
}

/// Writes a new file.
pub fn put(disk: &SimulatedFs, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = disk.create(path)?;
    file.append(bytes)?;
    file.sync()
}

/// Reads a file.
pub fn get(disk: &SimulatedFs, path: &Path) -> io::Result<Vec<u8>> {
    let file = disk.open(path)?;
    let mut bytes = vec![0; file.size()? as usize];
    file.read_at(0, &mut bytes)?;
    Ok(bytes)
}

/// The key of the published evidence's log.
pub fn log_key() -> &'static SigningKey {
    static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::new("log.example.com", &[1; 32]).unwrap());
    &KEY
}

/// The key of its witness.
pub fn witness() -> &'static Cosigner {
    static KEY: LazyLock<Cosigner> = LazyLock::new(|| Cosigner::new("witness.example.com", &[2; 32]).unwrap());
    &KEY
}
