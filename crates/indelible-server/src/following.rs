//! What follows the log: the drivers of the configuration.

use std::sync::Arc;

use indelible::drivers::{Follower, Kinds, Notice, SetupError, Spec};
use indelible_engine::log::Log;
use indelible_stores::cloudwatch::CloudWatch;

use crate::config::Config;

/// Makes the drivers and starts them. They end when they are dropped.
pub(crate) fn start(config: &Config, log: &Arc<Log>) -> Result<Vec<Follower>, SetupError> {
    let mut kinds = Kinds::default();
    kinds.register("cloudwatch", CloudWatch::kind(config.data.join("drivers")));
    let follow = |(name, spec): (&String, &Spec)| {
        let sink = kinds.make(name, spec)?.into_sink();
        let started = Follower::start(name, log.clone(), sink, tell);
        started.map_err(|error| SetupError::Driver { name: name.clone(), cause: error.into() })
    };
    config.followers.drivers.iter().map(follow).collect()
}

fn tell(driver: &str, notice: &Notice) {
    match notice {
        Notice::Failed { error, again_in } => {
            tracing::warn!(
                driver,
                error,
                ?again_in,
                "the driver took nothing; it is asked again and gets everything in order"
            );
        }
        Notice::Resumed => tracing::info!(driver, "the driver takes events again"),
        Notice::Refused(refused) => {
            tracing::error!(driver, seqs = ?refused.seqs, why = refused.why, "the driver will never take these events");
        }
        Notice::Missed(seqs) => {
            tracing::error!(driver, ?seqs, "these events were gone before the driver got them");
        }
        _ => {}
    }
}
