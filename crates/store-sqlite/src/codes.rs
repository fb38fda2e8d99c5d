//! How single values are stored.

use crate::failure::Failure;
use gofer_core::{
    Timestamp,
    run::{Reason, RunReason, RunState, RunStop, Stage, Stop, TaskState},
};
use rusqlite::{Row, types::FromSql};

/// A word of the rule book that is stored as a number.
pub(crate) trait Code: Sized + Copy {
    /// For the error about a number that means nothing.
    const WHAT: &'static str;
    fn of(code: u8) -> Option<Self>;
}

macro_rules! words {
    ($($name:ident $what:literal,)*) => {$(
        impl Code for $name {
            const WHAT: &'static str = $what;
            fn of(code: u8) -> Option<Self> {
                Self::from_code(code)
            }
        }
    )*};
}

words! {
    RunState "a run's state",
    RunReason "a run's reason",
    TaskState "a task's state",
    Reason "a task's reason",
}

macro_rules! numbered {
    ($($name:ident $what:literal $function:ident { $($variant:ident = $code:literal,)* })*) => {$(
        impl Code for $name {
            const WHAT: &'static str = $what;
            fn of(code: u8) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)* _ => None }
            }
        }

        pub(crate) const fn $function(word: $name) -> u8 {
            match word { $($name::$variant => $code,)* }
        }
    )*};
}

numbered! {
    Stage "an attempt's stage" stage {
        Creating = 0, Starting = 1, Started = 2, Ended = 3, Removed = 4, Kept = 5,
    }
    RunStop "a run's stop" run_stop { Person = 0, Replaced = 1, Timeout = 2, }
    Stop "an attempt's stop" stop { Timeout = 0, Run = 1, }
}

/// A count as SQLite holds it.
pub(crate) fn whole(number: u64) -> Result<i64, Failure> {
    number
        .try_into()
        .map_err(|_| Failure::Damaged(format!("{number} is too large a number")))
}

/// When a run was accepted: most other times are stored as what passed since.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Base(pub(crate) i64);

impl Base {
    pub(crate) fn of(at: Timestamp) -> Self {
        Self(at.as_microsecond())
    }

    /// Microseconds since then.
    pub(crate) fn after(self, at: Timestamp) -> i64 {
        at.as_microsecond().saturating_sub(self.0)
    }

    pub(crate) fn maybe_after(self, at: Option<Timestamp>) -> Option<i64> {
        at.map(|at| self.after(at))
    }
}

/// A row's columns, one after the other.
pub(crate) struct Columns<'a> {
    row: &'a Row<'a>,
    next: usize,
}

impl<'a> Columns<'a> {
    pub(crate) fn of(row: &'a Row<'a>) -> Self {
        Self { row, next: 0 }
    }

    pub(crate) fn take<T: FromSql>(&mut self) -> Result<T, Failure> {
        let column = self.next;
        self.next += 1;
        Ok(self.row.get(column)?)
    }

    pub(crate) fn maybe_code<T: Code>(&mut self) -> Result<Option<T>, Failure> {
        let Some(code) = self.take::<Option<u8>>()? else {
            return Ok(None);
        };
        let word = T::of(code);
        word.map(Some)
            .ok_or_else(|| Failure::Damaged(format!("{code} is not {}", T::WHAT)))
    }

    pub(crate) fn code<T: Code>(&mut self) -> Result<T, Failure> {
        self.maybe_code()?
            .ok_or_else(|| Failure::Damaged(format!("{} is missing", T::WHAT)))
    }

    /// A time that is stored as what passed since then.
    pub(crate) fn maybe_after(&mut self, base: Base) -> Result<Option<Timestamp>, Failure> {
        let after = self.take::<Option<i64>>()?;
        after
            .map(|after| time(base.0.saturating_add(after)))
            .transpose()
    }

    pub(crate) fn after(&mut self, base: Base) -> Result<Timestamp, Failure> {
        time(base.0.saturating_add(self.take()?))
    }

    pub(crate) fn time(&mut self) -> Result<Timestamp, Failure> {
        time(self.take()?)
    }

    /// A count.
    pub(crate) fn count(&mut self) -> Result<u64, Failure> {
        self.take::<i64>().and_then(count)
    }

    /// Text that becomes a name.
    pub(crate) fn parse<T: std::str::FromStr>(&mut self) -> Result<T, Failure> {
        let text: String = self.take()?;
        text.parse()
            .map_err(|_| Failure::Damaged(format!("{text:?} is not a name")))
    }

    /// JSON, or nothing.
    pub(crate) fn maybe_json<T: serde::de::DeserializeOwned>(
        &mut self,
    ) -> Result<Option<T>, Failure> {
        let Some(text) = self.take::<Option<String>>()? else {
            return Ok(None);
        };
        json(&text).map(Some)
    }

    pub(crate) fn uuid(&mut self) -> Result<uuid::Uuid, Failure> {
        Ok(uuid::Uuid::from_bytes(self.take()?))
    }

    pub(crate) fn maybe_uuid(&mut self) -> Result<Option<uuid::Uuid>, Failure> {
        Ok(self.take::<Option<[u8; 16]>>()?.map(uuid::Uuid::from_bytes))
    }
}

pub(crate) fn count(number: i64) -> Result<u64, Failure> {
    number
        .try_into()
        .map_err(|_| Failure::Damaged(format!("{number} is not a count")))
}

pub(crate) fn time(micros: i64) -> Result<Timestamp, Failure> {
    Timestamp::from_microsecond(micros)
        .map_err(|_| Failure::Damaged(format!("{micros} is not a time")))
}

pub(crate) fn json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Failure> {
    serde_json::from_str(text).map_err(|error| Failure::Damaged(format!("JSON: {error}")))
}

pub(crate) fn to_json<T: serde::Serialize + ?Sized>(value: &T) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(|error| Failure::Damaged(format!("JSON: {error}")))
}
