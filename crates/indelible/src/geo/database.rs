//! One database, which changes while it is used.

use std::{
    fmt, fs, io,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError, RwLock},
    time::SystemTime,
};

use indelible_engine::fs::{RealFs, read};
use indelible_proof::{Geo, Timestamp, limits::NAME_BYTES_MAX};
use maxminddb::Reader;
use serde::Deserialize;

use super::News;
use crate::{limits::GEO_FILE_BYTES_MAX, text::fit};

/// A file, and what was last read of it.
pub(super) struct Database {
    path: PathBuf,
    /// Replaced whole; held while one address is looked up.
    reader: RwLock<Option<Reader<Vec<u8>>>>,
    /// What there was at the last look; `None` before the first.
    seen: Mutex<Option<Option<Stamp>>>,
}

/// Tells one version of a file from the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    bytes: u64,
    inode: u64,
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(&metadata);
        #[cfg(not(unix))]
        let inode = 0;
        Some(Self { modified: metadata.modified().ok(), bytes: metadata.len(), inode })
    }
}

impl Database {
    pub(super) fn at(path: PathBuf) -> Self {
        Self { path, reader: RwLock::default(), seen: Mutex::default() }
    }

    /// Reads the file if it is another than at the last look, and says what became of that.
    pub(super) fn refresh(&self) -> Option<News> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        // Taken before the file is read: a change in between is seen at the next look.
        let stamp = Stamp::of(&self.path);
        if seen.replace(stamp) == Some(stamp) {
            return None;
        }
        let path = self.path.clone();
        let problem = match read(&RealFs, &path, GEO_FILE_BYTES_MAX).map(Reader::from_source) {
            Ok(Ok(reader)) => {
                let about = reader.metadata();
                let built_at_us = i64::try_from(about.build_epoch).unwrap_or(i64::MAX).saturating_mul(1_000_000);
                let (kind, built_at) = (about.database_type.clone(), Timestamp::saturating_from_micros(built_at_us));
                *self.reader.write().unwrap_or_else(PoisonError::into_inner) = Some(reader);
                return Some(News::Loaded { path, kind, built_at });
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Some(News::Missing(path)),
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        };
        Some(News::Unusable { path, problem })
    }

    /// What it knows of an address. A record that cannot be read says nothing.
    pub(super) fn look_up<R, T>(&self, ip: IpAddr, take: impl FnOnce(R) -> Option<T>) -> Option<T>
    where
        R: for<'de> Deserialize<'de>,
    {
        let reader = self.reader.read().unwrap_or_else(PoisonError::into_inner);
        take(reader.as_ref()?.lookup(ip).ok()?.decode().ok()??)
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.fmt(out)
    }
}

/// What is read of a record of a database of cities or countries.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Place {
    country: Part,
    registered_country: Part,
    subdivisions: Vec<Part>,
    city: Part,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Part {
    iso_code: Option<String>,
    names: Names,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Names {
    en: Option<String>,
}

impl Place {
    /// As events have it.
    pub(super) fn geo(self) -> Option<Geo> {
        let text = |text: Option<String>| fit(&text?, NAME_BYTES_MAX);
        let region = self.subdivisions.into_iter().next().unwrap_or_default();
        let geo = Geo {
            country: text(self.country.iso_code.or(self.registered_country.iso_code)),
            region: text(region.names.en.or(region.iso_code)),
            city: text(self.city.names.en),
        };
        (geo != Geo::default()).then_some(geo)
    }
}

/// What is read of a record of a database of autonomous systems.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct System {
    autonomous_system_number: Option<u32>,
}

impl System {
    pub(super) fn number(self) -> Option<u32> {
        self.autonomous_system_number
    }
}
