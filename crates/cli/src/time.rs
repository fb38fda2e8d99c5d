//! Times and durations as people read them.

use gofer_core::Timestamp;
use std::time::Duration;

/// `0.4s`, `12s`, `3m 05s`, `2h 10m`, `3d 4h`.
pub(crate) fn lasted(duration: Duration) -> String {
    let tenths = (duration.as_millis() + 50) / 100;
    let seconds = duration.as_secs().max(10);
    if tenths < 100 {
        return format!("{}.{}s", tenths / 10, tenths % 10);
    }
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match () {
        () if seconds < 60 => format!("{seconds}s"),
        () if minutes < 60 => format!("{minutes}m {:02}s", seconds % 60),
        () if hours < 24 => format!("{hours}h {:02}m", minutes % 60),
        () => format!("{days}d {}h", hours % 24),
    }
}

/// From one time to another; nothing if they are the wrong way round.
pub(crate) fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

/// `just now`, `3m ago`, `2d ago`.
pub(crate) fn ago(then: Timestamp, now: Timestamp) -> String {
    let seconds = between(then, now).as_secs();
    match seconds {
        0..5 => "just now".to_owned(),
        5..60 => format!("{seconds}s ago"),
        60..3_600 => format!("{}m ago", seconds / 60),
        3_600..86_400 => format!("{}h ago", seconds / 3_600),
        _ => format!("{}d ago", seconds / 86_400),
    }
}

/// When something was, relative or in UTC.
pub(crate) fn when(then: Timestamp, now: Timestamp, utc: bool) -> String {
    if utc {
        then.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    } else {
        ago(then, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_as_exact_as_it_is_short() {
        for (ms, text) in [
            (0, "0.0s"),
            (449, "0.4s"),
            (9_949, "9.9s"),
            (9_960, "10s"),
            (12_900, "12s"),
            (185_000, "3m 05s"),
            (7_800_000, "2h 10m"),
            (273_600_000, "3d 4h"),
        ] {
            assert_eq!(lasted(Duration::from_millis(ms)), text, "{ms}");
        }
    }

    #[test]
    fn a_time_is_told_from_now_or_in_utc() {
        let now: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
        let then: Timestamp = "2026-11-24T11:57:00.5Z".parse().unwrap();
        assert_eq!(when(then, now, false), "2m ago");
        assert_eq!(when(then, now, true), "2026-11-24T11:57:00Z");
        assert_eq!(ago(now, then), "just now", "a clock that went back");
        assert_eq!(ago("2026-11-20T12:00:00Z".parse().unwrap(), now), "4d ago");
    }
}
