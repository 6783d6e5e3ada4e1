//! `indelible token import`.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::PathBuf,
};

use clap::Args;
use serde_json::json;

use super::{Where, bearer, home::Home};
use crate::{
    cli::{error::Failure, terminal::Screen},
    limits::{TOKEN_IMPORT_BATCH, TOKEN_LINE_BYTES_MAX},
    tokens::{Imported, Imports},
};

/// Takes over tokens of another system: their texts stay valid, and only their hashes are needed
///
/// A file of JSON lines: rows of Bearer's table access_tokens, or objects as POST /v1/tokens/import takes them. Those that
/// are there already are left as they are, so that an import can be repeated.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  psql shop -Atc 'SELECT row_to_json(t) FROM access_tokens t' | indelible token import -
  indelible token import tokens.jsonl --tenant acme")]
pub(crate) struct Import {
    /// The file; - for the standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    place: Where,
}

impl Import {
    pub(super) fn run(&self, screen: &mut Screen) -> Result<(), Failure> {
        let (mut lines, home) = (self.open()?, Home::open(&self.place)?);
        let (mut line, mut read, mut imported) = (0, 0, 0);
        loop {
            let first = line + 1;
            let batch = batch(&mut lines, &mut line)?;
            if batch.is_empty() {
                break;
            }
            read += batch.len();
            let done = home.import(&Imports { tokens: batch, actor: None });
            let done = done.map_err(|error| Failure::Failed(format!("of lines {first} to {line}: {error}")))?;
            imported += done.tokens.len();
        }
        if screen.wants_json() {
            return screen.json(&json!({"read": read, "imported": imported}));
        }
        screen.line(&format!("{imported} imported, {} were there already", read - imported))
    }

    fn open(&self) -> Result<Box<dyn BufRead>, Failure> {
        if self.file.as_os_str() == "-" {
            return Ok(Box::new(io::stdin().lock()));
        }
        let file = File::open(&self.file);
        let file = file.map_err(|error| Failure::Failed(format!("{}: {error}", self.file.display())))?;
        Ok(Box::new(BufReader::new(file)))
    }
}

/// The next tokens, without empty lines; `number` counts the lines.
fn batch(lines: &mut dyn BufRead, number: &mut usize) -> Result<Vec<Imported>, Failure> {
    let mut batch = Vec::new();
    while batch.len() < TOKEN_IMPORT_BATCH {
        let mut line = Vec::new();
        let bytes = lines.take(TOKEN_LINE_BYTES_MAX).read_until(b'\n', &mut line).map_err(Failure::because)?;
        if bytes == 0 {
            break;
        }
        *number += 1;
        if line.trim_ascii().is_empty() {
            continue;
        }
        let wrong = |problem: &dyn std::fmt::Display| Failure::Failed(format!("line {number}: {problem}"));
        let imported = bearer::imported(&line).map_err(|error| wrong(&error))?;
        // Here it can be told in which line it is.
        imported.import().map(drop).map_err(|error| wrong(&error))?;
        batch.push(imported);
    }
    Ok(batch)
}
