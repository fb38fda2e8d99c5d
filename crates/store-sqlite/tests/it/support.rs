//! Directories, ids and stores for the tests.

use gofer_core::id::Ids;
use gofer_store_sqlite::{Options, SqliteStore};
use std::{
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};
use uuid::Uuid;

/// Ids of this process, unlike those of another one.
pub(crate) struct Numbered {
    next: AtomicU64,
}

pub(crate) fn ids() -> Numbered {
    Numbered {
        next: AtomicU64::new(1),
    }
}

impl Ids for Numbered {
    fn next(&self) -> Uuid {
        static SHARED: AtomicU64 = AtomicU64::new(1);
        let high = (u64::from(std::process::id()) << 16) | 0x7000;
        let low = SHARED.fetch_add(1, Ordering::Relaxed) << 16;
        Uuid::from_u64_pair(high, low | self.next.fetch_add(1, Ordering::Relaxed))
    }
}

pub(crate) fn open(dir: &Path) -> SqliteStore {
    SqliteStore::open(dir, &ids(), &Options::default()).unwrap()
}
