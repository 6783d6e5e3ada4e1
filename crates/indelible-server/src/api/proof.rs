//! What proves the log: checkpoint and tiles as C2SP tlog-tiles has them, inclusion and consistency.

use axum::{
    Json,
    extract::Path,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use indelible_engine::log::TreeError;
use indelible_proof::{
    evidence::Evidence,
    note::Note,
    rotation::Rotation,
    tile::{Bundle, Tile},
    tree::Hash,
};
use serde::Serialize;

use super::{
    app::{Administrator, Prover, Reader},
    list,
    params::{Name, Params, parameters, words},
    problem::Problem,
};

/// A tile of a width never changes.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// The same where a key is asked for: a cache that is shared must not give it to those who have none.
const FOR_EVER_PRIVATE: HeaderValue = HeaderValue::from_static("private, max-age=31536000, immutable");
/// A checkpoint is soon followed by a newer one.
const NOT_AT_ALL: HeaderValue = HeaderValue::from_static("no-store");

words!(ProofFormat { Json = "json", TlogProof = "tlog-proof" });

parameters! {
    /// How a proof is written.
    ProofParams {
        /// `json`, the default, or `tlog-proof`: a file that proves the event by itself, with everything that is in it.
        format: ProofFormat, "tlog-proof";
    }
}

parameters! {
    /// Which two trees.
    ConsistencyParams {
        /// Events of the older tree.
        from: u64, "1000";
        /// Events of the newer tree. Default: that of the published checkpoint.
        to: u64, "1235";
    }
}

/// Where an event is in the tree.
#[derive(Debug, Serialize)]
pub(super) struct Inclusion {
    seq: u64,
    /// Events in the tree.
    size: u64,
    leaf: String,
    /// From the leaf's sibling upwards.
    proof: Vec<String>,
    /// The signed note.
    checkpoint: String,
}

/// That one tree extends another.
#[derive(Debug, Serialize)]
pub(super) struct Consistency {
    from: u64,
    to: u64,
    proof: Vec<String>,
}

/// What changing the key gave.
#[derive(Debug, Serialize)]
pub(super) struct Rotated {
    old: String,
    new: String,
    /// Events of the last tree that the old key has signed.
    size: u64,
}

/// Every change of the key that signs.
pub(super) async fn rotations(prover: Prover) -> Response {
    ([(header::CACHE_CONTROL, NOT_AT_ALL)], prover.log().rotations()).into_response()
}

/// Changes the key that signs.
pub(super) async fn rotate(administrator: Administrator) -> Result<(StatusCode, Json<Rotated>), Problem> {
    let Rotation { at, old, new } = administrator.rotate_log_key().await?;
    let rotated = Rotated { old: old.to_string(), new: new.to_string(), size: at.size() };
    Ok((StatusCode::CREATED, Json(rotated)))
}

/// The published checkpoint.
pub(super) async fn checkpoint(prover: Prover) -> Result<Response, Problem> {
    let text = prover.published()?.0.to_string();
    Ok(([(header::CACHE_CONTROL, NOT_AT_ALL)], text).into_response())
}

/// A tile of hashes or a bundle of entries.
pub(super) async fn tile(prover: Prover, Path(path): Path<String>) -> Result<Response, Problem> {
    let path = format!("tile/{path}");
    let size = prover.published()?.1.size();
    let unknown = || Problem::not_found("there is no such tile in the tree of the published checkpoint");
    let bytes = if let Ok(tile) = path.parse::<Tile>() {
        let largest = Tile::at(tile.level(), tile.index(), size).map_or(0, |largest| largest.width());
        let tile = (tile.width() <= largest).then_some(tile).ok_or_else(unknown)?;
        prover.read(move |log| log.tile(tile)).await?
    } else {
        let bundle: Bundle = path.parse().map_err(|_| unknown())?;
        prover.check_entries()?;
        let largest = Bundle::at(bundle.index(), size).map_or(0, |largest| largest.width());
        let bundle = (bundle.width() <= largest).then_some(bundle).ok_or_else(unknown)?;
        prover.read(move |log| log.bundle(bundle)).await?
    };
    let lasting = if prover.is_public() { FOR_EVER } else { FOR_EVER_PRIVATE };
    Ok(([(header::CACHE_CONTROL, lasting)], bytes).into_response())
}

/// The proof of an event.
pub(super) async fn event(
    reader: Reader,
    prover: Prover,
    Name(which): Name,
    Params(params): Params<ProofParams>,
) -> Result<Response, Problem> {
    let seq = list::find(&reader, &which).await?.seq;
    let (checkpoint, says) = prover.published()?;
    let note = Note::clone(&checkpoint);
    let evidence = prover.read(move |log| log.evidence(seq, &note)).await?;
    let evidence =
        evidence.ok_or_else(|| Problem::busy("no published checkpoint covers the event yet: ask again in a moment"))?;
    Ok(match params.format.unwrap_or_default() {
        ProofFormat::Json => Json(inclusion(seq, &evidence, says.size(), &checkpoint)).into_response(),
        ProofFormat::TlogProof => evidence.to_string().into_response(),
    })
}

fn inclusion(seq: u64, evidence: &Evidence, size: u64, checkpoint: &Note) -> Inclusion {
    Inclusion {
        seq,
        size,
        leaf: evidence.disclosure().entry().leaf_hash().to_string(),
        proof: written(&evidence.proof().hashes),
        checkpoint: checkpoint.to_string(),
    }
}

/// That the log only grew.
pub(super) async fn consistency(
    prover: Prover,
    Params(params): Params<ConsistencyParams>,
) -> Result<Json<Consistency>, Problem> {
    let newest = prover.published()?.1.size();
    let from = params.from.ok_or_else(|| Problem::parameter("from", "is missing: the size of the older tree"))?;
    let to = params.to.unwrap_or(newest);
    if to > newest {
        return Err(Problem::parameter("to", format!("the published checkpoint has {newest} events")));
    }
    if from > to {
        return Err(Problem::parameter("from", format!("must not be above `to`, {to}")));
    }
    let proof = prover.read(move |log| log.consistency(from, to)).await?;
    Ok(Json(Consistency { from, to, proof: written(&proof) }))
}

fn written(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(Hash::to_string).collect()
}

impl From<TreeError> for Problem {
    fn from(error: TreeError) -> Self {
        match error {
            TreeError::Read(error) => error.into(),
            TreeError::Removed { .. } => Self::gone(error.to_string()),
            other => Self::internal(&other),
        }
    }
}
