//! Bugs on purpose, which the simulator has to find. Without the feature `planted` there are none.

/// Is this bug planted?
#[cfg(not(feature = "planted"))]
#[inline]
pub const fn is(_bug: u8) -> bool {
    false
}

#[cfg(feature = "planted")]
pub use on_purpose::{is, plant};

#[cfg(feature = "planted")]
mod on_purpose {
    use std::sync::atomic::{AtomicU8, Ordering};

    static BUG: AtomicU8 = AtomicU8::new(0);

    /// Is this bug planted?
    pub fn is(bug: u8) -> bool {
        BUG.load(Ordering::Relaxed) == bug
    }

    /// Plants one in this process; 0 plants none.
    pub fn plant(bug: u8) {
        BUG.store(bug, Ordering::Relaxed);
    }
}
