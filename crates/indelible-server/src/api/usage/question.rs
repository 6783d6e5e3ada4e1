//! The questions about the usage of tokens, declared once: a path, a word of the command line, and what it asks.

use crate::api::question::questions;

questions! {
    /// A question about the usage of tokens.
    Question under "/v1/usage/" {
        /// How many uses, the first and the last
        Total = "total",
        /// Uses on each day that has any
        Daily = "daily",
        /// Uses in each hour of the day
        Hours = "hours",
        /// The addresses with the most uses
        Ips = "ips",
        /// The endpoints with the most uses
        Endpoints = "endpoints",
        /// The statuses of responses, the most frequent first
        Statuses = "statuses",
        /// How long responses took, as percentiles
        Latency = "latency",
        /// From how many addresses
        UniqueIps = "unique-ips",
        /// The tokens with the most uses
        Tokens = "tokens",
        /// The abilities that requests needed, the most frequent first
        Abilities = "abilities",
        /// Abilities that tokens have and no use needed
        UnusedAbilities = "unused-abilities",
        /// Failed attempts by cause, the most frequent first
        Failures = "failures",
        /// Addresses from which many attempts failed
        SuspiciousIps = "suspicious-ips",
        /// What happened to tokens, the oldest first
        Lifecycle = "lifecycle",
        /// Active tokens that were never used
        NeverUsed = "never-used",
        /// Active tokens that were not used for long, nor issued since
        Stale = "stale",
        /// The figures of a dashboard
        Statistics = "statistics",
    }
}

impl Question {
    /// Its word.
    pub(crate) fn word(self) -> &'static str {
        self.path().rsplit('/').next().unwrap_or_default()
    }
}
