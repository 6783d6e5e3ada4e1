//! An end to waiting, on any runtime: a thread wakes who has waited long enough.
//!
//! It looks every [`ALARM_TICK`](limits::ALARM_TICK) while anybody waits, and sleeps otherwise; an end may come so much
//! late.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, Weak},
    task::{Poll, Waker},
    thread,
    time::{Duration, Instant},
};

use crate::limits;

/// What a future gives, unless that takes longer.
pub(crate) async fn within<F: Future>(wait: Duration, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut alarm = None;
    poll_fn(|context| {
        if let Poll::Ready(output) = future.as_mut().poll(context) {
            return Poll::Ready(Some(output));
        }
        // Most are ready at once, and need none.
        let is_over = alarm.get_or_insert_with(|| Alarm::set(wait)).rings(context.waker());
        if is_over { Poll::Ready(None) } else { Poll::Pending }
    })
    .await
}

type Slot = Mutex<Option<Waker>>;

struct Alarm {
    at: Instant,
    slot: Arc<Slot>,
}

impl Alarm {
    fn set(wait: Duration) -> Self {
        static IS_WATCHED: OnceLock<bool> = OnceLock::new();
        let alarm = Self { at: Instant::now() + wait, slot: Arc::default() };
        // Without a thread nobody is woken: then there is no end but that of what is waited for.
        if *IS_WATCHED.get_or_init(|| thread::Builder::new().name("indelible-alarm".into()).spawn(watch).is_ok()) {
            let mut alarms = lock(&ALARMS);
            if alarms.is_empty() {
                SET.notify_one();
            }
            alarms.push((alarm.at, Arc::downgrade(&alarm.slot)));
        }
        alarm
    }

    fn rings(&self, waker: &Waker) -> bool {
        *lock(&self.slot) = Some(waker.clone());
        // Asked afterwards: whoever came too late to be woken sees it here.
        Instant::now() >= self.at
    }
}

/// All that are set; those dropped meanwhile too.
static ALARMS: Mutex<Vec<(Instant, Weak<Slot>)>> = Mutex::new(Vec::new());
/// The first was set.
static SET: Condvar = Condvar::new();

fn watch() {
    loop {
        due().into_iter().for_each(Waker::wake);
        thread::sleep(limits::ALARM_TICK);
    }
}

fn due() -> Vec<Waker> {
    let mut alarms = SET.wait_while(lock(&ALARMS), |alarms| alarms.is_empty()).unwrap_or_else(PoisonError::into_inner);
    let (now, mut due) = (Instant::now(), Vec::new());
    alarms.retain(|(at, slot)| {
        let slot = slot.upgrade();
        let is_due = *at <= now;
        due.extend(slot.as_ref().filter(|_| is_due).and_then(|slot| lock(slot).take()));
        slot.is_some() && !is_due
    });
    due
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
