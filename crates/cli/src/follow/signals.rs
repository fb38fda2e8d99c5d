//! SIGINT, SIGTERM and SIGHUP, counted.

use std::{fs, io};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that cancel. From when there is one, none of them ends the process.
pub(crate) struct Signals {
    listened: Vec<Signal>,
}

impl Signals {
    /// Listens. A hangup that the process was started to ignore, as by `nohup`, stays ignored; an
    /// interrupt does not, although a script's `&` asks for that: it is how a run is cancelled.
    pub(crate) fn listen() -> io::Result<Self> {
        let mut kinds = vec![SignalKind::interrupt(), SignalKind::terminate()];
        let hangup = SignalKind::hangup();
        if !is_in(ignored(), hangup.as_raw_value()) {
            kinds.push(hangup);
        }
        Ok(Self {
            listened: kinds.into_iter().map(signal).collect::<io::Result<_>>()?,
        })
    }

    /// Completes when one comes.
    pub(crate) async fn next(&mut self) {
        std::future::poll_fn(|context| {
            let mut polls = self
                .listened
                .iter_mut()
                .map(|signal| signal.poll_recv(context));
            if polls.any(|poll| poll.is_ready()) {
                std::task::Poll::Ready(())
            } else {
                std::task::Poll::Pending
            }
        })
        .await;
    }
}

/// Which signals this process ignores, as the kernel tells it; none where it does not.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}

fn is_in(mask: u64, signal: i32) -> bool {
    let place = u32::try_from(signal)
        .ok()
        .and_then(|signal| signal.checked_sub(1));
    place
        .and_then(|place| mask.checked_shr(place))
        .is_some_and(|mask| mask & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_of_the_kernel_begins_with_signal_one() {
        assert!(is_in(0x1, 1));
        assert!(is_in(0x4001, 15));
        assert!(!is_in(0x4001, 2));
        assert!(!is_in(u64::MAX, 0));
    }
}
