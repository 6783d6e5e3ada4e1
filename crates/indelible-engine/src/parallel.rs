//! Independent work on all cores.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

/// Does the jobs 0, 1, ... on all cores; gives their results in that order, or the first failure in that order. After a
/// failure no further job is begun.
pub(crate) fn in_order<T: Send, E: Send>(
    jobs: usize,
    work: impl Fn(usize) -> Result<T, E> + Sync,
) -> Result<Vec<T>, E> {
    in_order_on(std::thread::available_parallelism().map_or(1, usize::from), jobs, work)
}

/// The same on at most so many threads.
pub(crate) fn in_order_on<T: Send, E: Send>(
    threads: usize,
    jobs: usize,
    work: impl Fn(usize) -> Result<T, E> + Sync,
) -> Result<Vec<T>, E> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(jobs));
    let worker = || {
        loop {
            let job = next.fetch_add(1, Ordering::Relaxed);
            if job >= jobs {
                return;
            }
            let result = work(job);
            if result.is_err() {
                next.store(jobs, Ordering::Relaxed);
            }
            done.lock().unwrap_or_else(PoisonError::into_inner).push((job, result));
        }
    };
    std::thread::scope(|scope| {
        (1..threads.min(jobs)).for_each(|_| drop(scope.spawn(worker)));
        worker();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|&(job, _)| job);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_jobs() {
        let squares = in_order(1000, |job| Ok::<_, ()>(job * job)).unwrap();
        assert!(squares.iter().enumerate().all(|(job, square)| job * job == *square) && squares.len() == 1000);
        assert_eq!(in_order(0, Ok::<usize, ()>), Ok(vec![]));
    }

    #[test]
    fn the_first_failure_is_the_result_and_later_jobs_are_left_out() {
        let begun = AtomicUsize::new(0);
        let result = in_order(1_000_000, |job| {
            begun.fetch_add(1, Ordering::Relaxed);
            if job < 10 { Ok(job) } else { Err(job) }
        });
        assert_eq!(result, Err(10));
        assert!(begun.into_inner() < 1_000_000);
    }
}
