//! How long requests took, counted.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// Upper bounds of the time buckets, in seconds.
pub(super) const BOUNDS_S: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0];

/// The counters of the HTTP interface. Routes are templates, so their number is bounded.
#[derive(Debug, Default)]
pub(in crate::api) struct Metrics(Mutex<Vec<Times>>);

/// How long the requests of a method to a route that were answered with a status took until their answer began.
#[derive(Debug, Default, Clone)]
pub(super) struct Times {
    pub(super) method: &'static str,
    pub(super) route: String,
    pub(super) status: u16,
    pub(super) count: u64,
    pub(super) sum: Duration,
    /// Of each bound: how many took at most that long.
    pub(super) within: [u64; BOUNDS_S.len()],
}

impl Metrics {
    pub(super) fn observe(&self, method: &'static str, route: &str, status: u16, took: Duration) {
        let mut requests = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // There are few, and nothing is allocated for one that is there.
        let same = |times: &Times| times.status == status && times.method == method && times.route == route;
        let at = requests.iter().position(same).unwrap_or_else(|| {
            requests.push(Times { method, route: route.to_owned(), status, ..Times::default() });
            requests.len() - 1
        });
        let Some(times) = requests.get_mut(at) else { return };
        times.count += 1;
        times.sum += took;
        for (within, bound) in times.within.iter_mut().zip(BOUNDS_S) {
            *within += u64::from(took.as_secs_f64() <= bound);
        }
    }

    pub(super) fn all(&self) -> Vec<Times> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
