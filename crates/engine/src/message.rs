use gofer_core::run::{Event, Key};
use gofer_store::RequestRow;
use tokio::sync::oneshot;

/// What reaches a driver.
pub(crate) enum Message {
    /// For the rule book.
    Event(Event),
    /// A container exists and may be started, if this is answered. Dropped means no.
    Permit {
        key: Key,
        attempt: u32,
        container: String,
        granted: oneshot::Sender<()>,
    },
    /// Another process asked for something.
    Request(RequestRow),
    /// Somebody in this process asks for a stop; answered when it is stored.
    Cancel { done: oneshot::Sender<()> },
    /// Of an attempt only what is kept is left.
    Kept,
    /// What was made ahead of its decision was not needed, and nothing of it is left.
    GivenUp,
    /// The scheduler holds nothing of this run any more.
    Released,
    /// The run that an attempt called is over, and not driven here any more.
    ChildGone,
    /// Something of this run is still on the scheduler and cannot be removed.
    Left(String),
    /// Work for this run panicked.
    Panicked(String),
}
