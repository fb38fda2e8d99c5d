//! Panics are caught inside the engine, as they should be; here each is a violation.

use std::{cell::RefCell, sync::Once};

thread_local! {
    static SEEN: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

static HOOK: Once = Once::new();

/// Panics of this thread are kept from now on.
pub(super) fn keep() {
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let is_ours = SEEN.with_borrow_mut(|seen| {
                seen.as_mut()
                    .map(|seen| seen.push(format!("panic: {panic}")))
                    .is_some()
            });
            if !is_ours {
                before(panic);
            }
        }));
    });
    SEEN.set(Some(Vec::new()));
}

/// Those that came since.
pub(super) fn take() -> Vec<String> {
    SEEN.take().unwrap_or_default()
}
