//! History lines, packed: a few bytes each.
//!
//! A line is: the time since the line before (of a row's first one: since the run was accepted) in
//! microseconds, a byte that says what follows, the state, the reason if there is one, the task's
//! place, the item if there is one, and of an attempt its number. Numbers are little-endian base
//! 128; times may be negative and are zigzagged.

use crate::{codes::Base, failure::Failure};
use gofer_core::{
    Timestamp,
    name::TaskName,
    run::{Change, Key, RunState, Subject, TaskState},
};

const RUN: u8 = 0;
const UNIT: u8 = 1;
const ATTEMPT: u8 = 2;
const KIND: u8 = 3;
const HAS_ITEM: u8 = 4;
const HAS_REASON: u8 = 8;

/// Packs the lines of one commit. `place` knows the tasks.
pub(crate) fn pack(
    accepted: Base,
    changes: &[Change],
    place: impl Fn(&TaskName) -> Result<u64, Failure>,
) -> Result<Vec<u8>, Failure> {
    let mut out = Vec::with_capacity(changes.len() * 8);
    let mut before = accepted.0;
    for change in changes {
        let at = change.at.as_microsecond();
        put(&mut out, zigzag(at.wrapping_sub(before)));
        before = at;
        let (kind, state, key, number) = match &change.of {
            Subject::Run(state) => (RUN, state.code(), None, None),
            Subject::Unit(key, state) => (UNIT, state.code(), Some(key), None),
            Subject::Attempt(key, number, state) => {
                (ATTEMPT, state.code(), Some(key), Some(*number))
            }
        };
        let item = key.and_then(|key| key.item);
        let with_item = if item.is_some() { HAS_ITEM } else { 0 };
        let with_reason = if change.reason.is_some() {
            HAS_REASON
        } else {
            0
        };
        out.extend([kind | with_item | with_reason, state]);
        out.extend(change.reason);
        if let Some(key) = key {
            put(&mut out, place(&key.task)?);
        }
        for number in [item, number].into_iter().flatten() {
            put(&mut out, u64::from(number));
        }
    }
    Ok(out)
}

/// The lines of one row.
pub(crate) fn unpack(
    accepted: Base,
    bytes: &[u8],
    tasks: &[TaskName],
) -> Result<Vec<Change>, Failure> {
    let mut rest = Rest(bytes);
    let mut before = accepted.0;
    let mut changes = Vec::new();
    while !rest.0.is_empty() {
        let change = rest.change(&mut before, tasks);
        changes.push(change.ok_or_else(|| Failure::Damaged("a line of history".to_owned()))?);
    }
    Ok(changes)
}

struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn change(&mut self, before: &mut i64, tasks: &[TaskName]) -> Option<Change> {
        *before = before.wrapping_add(unzigzag(self.number()?));
        let at = Timestamp::from_microsecond(*before).ok()?;
        let what = self.byte()?;
        let state = self.byte()?;
        let reason = if what & HAS_REASON == 0 {
            None
        } else {
            Some(self.byte()?)
        };
        let of = match what & KIND {
            RUN => Subject::Run(RunState::from_code(state)?),
            UNIT => Subject::Unit(self.key(what, tasks)?, TaskState::from_code(state)?),
            ATTEMPT => {
                let key = self.key(what, tasks)?;
                Subject::Attempt(key, self.small()?, TaskState::from_code(state)?)
            }
            _ => return None,
        };
        Some(Change { at, of, reason })
    }

    fn key(&mut self, what: u8, tasks: &[TaskName]) -> Option<Key> {
        let task = tasks.get(usize::try_from(self.number()?).ok()?)?.clone();
        let item = if what & HAS_ITEM == 0 {
            None
        } else {
            Some(self.small()?)
        };
        Some(Key { task, item })
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn small(&mut self) -> Option<u32> {
        self.number()?.try_into().ok()
    }
}

fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_comes_back_as_it_went() {
        for number in [
            0,
            1,
            -1,
            63,
            64,
            -65,
            i64::from(u32::MAX),
            i64::MIN,
            i64::MAX,
        ] {
            let mut bytes = Vec::new();
            put(&mut bytes, zigzag(number));
            assert_eq!(Rest(&bytes).number().map(unzigzag), Some(number));
        }
    }

    #[test]
    fn bytes_that_nobody_packed_are_refused() {
        for bytes in [
            &[0x80][..],
            &[0, RUN],
            &[0, RUN, 99],
            &[0, KIND, 0],
            &[0, UNIT, 0, 7],
        ] {
            assert!(
                matches!(unpack(Base(0), bytes, &[]), Err(Failure::Damaged(_))),
                "{bytes:?}"
            );
        }
    }
}
