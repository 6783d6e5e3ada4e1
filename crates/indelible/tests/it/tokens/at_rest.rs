//! Nothing at rest by which a token could be used.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use indelible::{
    Log, LogConfig, Recorder, Store, system_time,
    tokens::{Attempt, Derive, Entity, Issue, Kind, Kinds, Rotate, Tokens, Vault},
};

use super::{bench::sk, consistent::recorded};

fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn no_text_of_a_token_is_in_any_file() {
    let directory = tempfile::tempdir().unwrap();
    let log = Arc::new(Log::open(LogConfig::new(directory.path().join("log"), Arc::new(system_time))).unwrap());
    let kinds = Kinds::default().with("rv", Kind { revealable: true, ..Kind::new("Revealable", "rv") }).unwrap();
    let builder = Tokens::builder(Recorder::new(log.clone())).kinds(kinds).vault(Vault::new(&[7; 32]));
    let tokens = builder.open(directory.path().join("state.db")).unwrap();
    let mut texts = Vec::new();
    let issued = tokens.issue(&sk()).unwrap();
    texts.push(tokens.derive(&Derive::from(&issued.token.id)).unwrap().plaintext);
    texts.push(tokens.rotate(&Rotate::new(&issued.token.id)).unwrap().plaintext);
    let revealable = tokens.issue(&Issue::new("rv", "shown", Entity::user("42"))).unwrap();
    tokens.reveal(&revealable.token.id).unwrap();
    texts.extend([issued.plaintext, revealable.plaintext]);
    let mut secrets: Vec<String> = texts.iter().map(|text| text.reveal().to_owned()).collect();
    // One that nobody knows, and one that is none.
    secrets.push(indelible::tokens::Plaintext::generate("sk", "live").unwrap().reveal().to_owned());
    secrets.push("correct-horse-battery-staple".to_owned());
    for text in &secrets {
        drop(tokens.verify(Attempt::new(text)));
    }
    let said = format!("{tokens:?} {texts:?} {:?}", Attempt::new(&secrets[0]));
    tokens.close();
    drop(tokens);
    let told = serde_json::to_string(&recorded(&*log)).unwrap();
    assert!(told.contains("token.authenticated") && told.contains("token_unknown"));
    log.close();

    let mut read = vec![("what is said".to_owned(), said.into_bytes()), ("the log".to_owned(), told.into_bytes())];
    for file in files(directory.path()) {
        read.push((file.display().to_string(), fs::read(file).unwrap()));
    }
    assert!(read.iter().any(|(name, _)| name.ends_with("state.db")));
    for secret in secrets {
        let tail = &secret[secret.len() - 28..];
        for (name, bytes) in &read {
            assert!(!bytes.windows(tail.len()).any(|window| window == tail.as_bytes()), "{name} holds a token");
        }
    }
}
