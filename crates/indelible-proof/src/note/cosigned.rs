//! What a cosignature signs and how it is laid out: C2SP tlog-cosignature.

/// The largest time that a cosignature may state.
pub(crate) const TIME_MAX_S: u64 = i64::MAX as u64;

/// What is signed.
pub(crate) fn message(checkpoint: &str, time_s: u64) -> String {
    format!("cosignature/v1\ntime {time_s}\n{checkpoint}")
}

/// Time and Ed25519 signature of a cosignature's bytes.
pub(crate) fn split(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (time_s, signature) = bytes.split_first_chunk()?;
    let time_s = u64::from_be_bytes(*time_s);
    (time_s <= TIME_MAX_S).then_some((time_s, signature))
}
