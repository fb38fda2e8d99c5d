//! What containers do, from a seed.

use super::dice::Dice;
use gofer_core::{id::AttemptId, run::Reason};
use gofer_scheduler::{StartError, Stream, fake::Program};
use std::time::Duration;

/// The longest that anything runs by itself.
pub(crate) const LONGEST: Duration = Duration::from_secs(90);

const START_ERRORS: [Reason; 9] = [
    Reason::ImageNotFound,
    Reason::BadCommand,
    Reason::StartFailed,
    Reason::ServiceFailed,
    Reason::Unauthorized,
    Reason::WrongPlatform,
    Reason::NoSpace,
    Reason::PidsExhausted,
    Reason::EngineError,
];

/// Gives every attempt its part; the same in every life.
pub(crate) struct Cast(pub(crate) u64);

impl Cast {
    pub(crate) fn program(&self, attempt: &AttemptId) -> Program {
        let mut dice = Dice::of(self.0, &attempt.to_string());
        let takes = match dice.below(10) {
            0 => Duration::ZERO,
            1..8 => Duration::from_millis(dice.below(5_000)),
            _ => Duration::from_secs(dice.below(LONGEST.as_secs())),
        };
        let code = match dice.below(12) {
            0 | 1 => 1 + i32::try_from(dice.below(3)).unwrap_or(0),
            2 => 137,
            _ => 0,
        };
        let on_term = match dice.below(5) {
            0 => None,
            1 => Some(0),
            2 => Some(7),
            _ => Some(143),
        };
        let start_error = dice.one_in(12).then(|| StartError::Failed {
            reason: dice
                .pick(&START_ERRORS)
                .copied()
                .unwrap_or(Reason::StartFailed),
            message: "it cannot start".to_owned(),
            never_again: dice.one_in(3),
        });
        Program {
            takes,
            code,
            on_term,
            log: log(&mut dice, attempt, takes),
            output: output(&mut dice),
            artifacts: artifacts(&mut dice, attempt),
            start_error,
            out_of_memory: code == 137 && dice.one_in(2),
            bad_command: (code == 1 && dice.one_in(8)).then(|| "no such file".to_owned()),
        }
    }
}

fn log(dice: &mut Dice, attempt: &AttemptId, takes: Duration) -> Vec<(Duration, Stream, Vec<u8>)> {
    let count = u32::try_from(dice.below(5)).unwrap_or(0);
    let piece = |nth: u32| {
        let stream = if dice.one_in(3) {
            Stream::Stderr
        } else {
            Stream::Stdout
        };
        let end = if dice.one_in(3) { "" } else { "\n" };
        let text = format!(
            "{}.{} says {nth} {}{end}",
            attempt.task,
            attempt.number,
            dice.below(1_000)
        );
        (takes * nth / 5, stream, text.into_bytes())
    };
    (0..count).map(piece).collect()
}

fn output(dice: &mut Dice) -> Option<Vec<u8>> {
    let value = match dice.below(24) {
        0 | 1 => return None,
        2 => return Some(b"not a pair".to_vec()),
        3..9 => "[1,2,3]".to_owned(),
        9 => format!("[{}1]", "1,".repeat(1_000)),
        _ => dice.below(100).to_string(),
    };
    Some(format!("n={value}\n").into_bytes())
}

/// Some leave a file, some too much, some what may not be kept.
fn artifacts(dice: &mut Dice, attempt: &AttemptId) -> Option<Vec<u8>> {
    let mut builder = tar::Builder::new(Vec::new());
    let (name, kind, size) = match dice.below(24) {
        0..14 => return None,
        14 => ("artifacts/pipe", tar::EntryType::Fifo, None),
        15 => ("artifacts/large", tar::EntryType::Regular, Some(1 << 40)),
        _ => ("artifacts/file", tar::EntryType::Regular, None),
    };
    let text = if kind.is_file() {
        format!("left by {attempt}")
    } else {
        String::new()
    };
    let mut header = tar::Header::new_gnu();
    header.set_size(size.unwrap_or(text.len() as u64));
    header.set_entry_type(kind);
    let added = builder.append_data(&mut header, name, text.as_bytes());
    added.and_then(|()| builder.into_inner()).ok()
}
