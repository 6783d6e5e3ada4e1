//! Where events come from: country, region, city and autonomous system of their addresses, by databases in MaxMind's
//! format that the operator supplies.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use indelible::{MemoryStore, Recorder, geo::{Files, Places}};
//!
//! let files = Files { city: Some("GeoLite2-City.mmdb".into()), asn: Some("GeoLite2-ASN.mmdb".into()) };
//! let places = Places::open(files, |news| eprintln!("{news}"))?;
//! let recorder = Recorder::builder(Arc::new(MemoryStore::default())).places(places).build();
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! Events are looked up before they are stored: what a later database says of an address does not change what was
//! recorded. What the producer says itself is kept, and addresses that are nobody's in public are not looked up.

mod database;
#[cfg(test)]
mod tests;

use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
    sync::{
        Arc, Weak,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
};

use indelible_proof::{Event, Geo, Timestamp};

use crate::limits::GEO_RECHECK;
use database::{Database, Place, System};

/// The databases.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files {
    /// One of cities, or of countries.
    pub city: Option<PathBuf>,
    /// One of autonomous systems.
    pub asn: Option<PathBuf>,
}

/// What became of a database's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// It is used from now on.
    Loaded {
        /// The file.
        path: PathBuf,
        /// What its maker calls it, e.g. `GeoLite2-City`.
        kind: String,
        /// When it was made.
        built_at: Timestamp,
    },
    /// There is none. One that was there before stays in use.
    Missing(PathBuf),
    /// It cannot be used. One that was there before stays in use.
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
}

impl fmt::Display for News {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loaded { path, kind, built_at } => {
                let day = built_at.to_string();
                let day = day.get(..10).unwrap_or_default();
                write!(out, "{}: addresses are looked up in it ({kind} of {day})", path.display())
            }
            Self::Missing(path) => {
                write!(out, "{}: there is no such file yet; it is taken when it appears", path.display())
            }
            Self::Unusable { path, problem } => {
                write!(out, "{}: no database of places ({problem}); it is tried again when it changes", path.display())
            }
        }
    }
}

/// Databases that are looked into for each event. Clones share them.
///
/// A file that changes is read again within five seconds, by a thread of its own; while it is not there, or is broken,
/// what was read before stays in use.
#[derive(Debug, Clone)]
pub struct Places(Arc<Shared>);

struct Shared {
    city: Option<Database>,
    asn: Option<Database>,
    tell: Box<dyn Fn(&News) + Send + Sync>,
    /// Its end stops the thread.
    _stop: mpsc::Sender<()>,
}

impl Places {
    /// Reads the databases, and tells what became of each now and whenever it changes. A file that is missing or broken
    /// is no error; that the system gives no thread is.
    pub fn open(files: Files, tell: impl Fn(&News) + Send + Sync + 'static) -> io::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let [city, asn] = [files.city, files.asn].map(|path| path.map(Database::at));
        let places = Self(Arc::new(Shared { city, asn, tell: Box::new(tell), _stop: stop }));
        places.0.refresh();
        let shared = Arc::downgrade(&places.0);
        thread::Builder::new().name("indelible-geo".to_owned()).spawn(move || watch(&shared, &stopped))?;
        Ok(places)
    }

    /// Says where an event comes from, as far as it does not say so itself.
    pub(crate) fn fill_in(&self, event: &mut Event) {
        let Some(context) = &mut event.context else { return };
        let Some(ip) = context.ip.map(|ip| ip.to_canonical()).filter(|ip| is_public(*ip)) else { return };
        if context.geo.as_ref().is_none_or(|geo| *geo == Geo::default()) {
            context.geo = self.0.city.as_ref().and_then(|city| city.look_up(ip, |place: Place| place.geo()));
        }
        if context.asn.is_none() {
            context.asn = self.0.asn.as_ref().and_then(|asn| asn.look_up(ip, |system: System| system.number()));
        }
    }
}

fn watch(shared: &Weak<Shared>, stopped: &mpsc::Receiver<()>) {
    while stopped.recv_timeout(GEO_RECHECK) == Err(RecvTimeoutError::Timeout) {
        let Some(shared) = shared.upgrade() else { return };
        shared.refresh();
    }
}

impl Shared {
    fn refresh(&self) {
        [&self.city, &self.asn].into_iter().flatten().filter_map(Database::refresh).for_each(|news| (self.tell)(&news));
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Places").field("city", &self.city).field("asn", &self.asn).finish_non_exhaustive()
    }
}

/// Whether an address may be somebody's whom everyone reaches.
fn is_public(address: IpAddr) -> bool {
    // RFC 6598: what carriers use inside.
    let is_shared = |ip: Ipv4Addr| matches!(ip.octets(), [100, 64..128, ..]);
    !match address {
        IpAddr::V4(ip) => {
            ip.is_private()
                || ip.is_loopback()
                || ip.is_link_local()
                || ip.is_unspecified()
                || ip.is_broadcast()
                || ip.is_multicast()
                || is_shared(ip)
        }
        IpAddr::V6(ip) => {
            ip.is_loopback()
                || ip.is_unspecified()
                || ip.is_unique_local()
                || ip.is_unicast_link_local()
                || ip.is_multicast()
        }
    }
}
