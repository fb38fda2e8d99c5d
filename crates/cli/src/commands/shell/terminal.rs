//! The terminal that we were started in, handed over to the command.

use crate::host::Host;
use gofer_sdk::types::TerminalSize;
use rustix::{
    io::Errno,
    termios::{OptionalActions, Termios, tcgetattr, tcsetattr},
};
use std::io::{self, IsTerminal};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Both what is typed and what is shown go to a terminal.
pub(super) fn is_there(host: &dyn Host) -> bool {
    host.terminal().stdout && io::stdin().is_terminal()
}

pub(super) fn size(host: &dyn Host) -> TerminalSize {
    let (columns, rows) = host.terminal().size.unwrap_or((80, 24));
    TerminalSize { columns, rows }
}

/// Every key goes to the command, Ctrl-C among them. Dropped: the terminal is as it was.
pub(super) struct RawTerminal {
    before: Termios,
}

impl RawTerminal {
    pub(super) fn enter() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        set(&raw)?;
        Ok(Self { before })
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing.
        let _ = set(&self.before);
    }
}

fn set(wanted: &Termios) -> io::Result<()> {
    loop {
        match tcsetattr(io::stdin(), OptionalActions::Drain, wanted) {
            Err(Errno::INTR) => {}
            done => return Ok(done?),
        }
    }
}

/// Says when the terminal has another size.
pub(super) struct Resized(Signal);

impl Resized {
    pub(super) fn listen() -> io::Result<Self> {
        signal(SignalKind::window_change()).map(Self)
    }

    /// False: there will be no more.
    pub(super) async fn next(&mut self) -> bool {
        self.0.recv().await.is_some()
    }
}
