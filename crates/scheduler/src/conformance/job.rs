use crate::Stream;
use std::{fmt::Write, time::Duration};

/// What a container is to do, in words that every machine understands.
#[derive(Clone, Debug, Default)]
pub struct Job {
    /// What it writes first, in this order.
    pub says: Vec<Say>,
    /// What it leaves in `$GOFER_OUTPUT`.
    pub output: Option<Vec<u8>>,
    /// How long it waits then.
    pub takes: Duration,
    /// Exits with 0 on SIGTERM, though it has not finished; `None`: the signal ends it.
    pub on_term: Option<OnTerm>,
    /// How it ends.
    pub ending: Ending,
}

/// What a job does when it is asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnTerm {
    /// Nothing.
    Ignores,
    /// Exits with 0, though it has not finished.
    ExitsWith0,
}

/// How a job ends, or does not begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With this code.
    Code(i32),
    /// Its process kills itself with SIGKILL.
    KillsItself,
    /// It takes all memory that it can get.
    EatsMemory,
    /// Its image is nowhere.
    NoImage,
    /// Its command is not in the image.
    NoCommand,
    /// Its command is a file that may not be executed.
    NotExecutable,
}

impl Default for Ending {
    fn default() -> Self {
        Self::Code(0)
    }
}

/// One thing that a job writes.
#[derive(Clone, Debug)]
pub struct Say {
    /// To where.
    pub stream: Stream,
    /// What.
    pub bytes: Vec<u8>,
    /// How many times over.
    pub times: usize,
}

impl Say {
    /// Once.
    pub fn once(stream: Stream, bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            stream,
            bytes: bytes.into(),
            times: 1,
        }
    }
}

impl Job {
    /// One that ends at once.
    pub fn exit(code: i32) -> Self {
        Self {
            ending: Ending::Code(code),
            ..Self::default()
        }
    }

    /// One that takes a while.
    pub fn takes(seconds: u64) -> Self {
        Self {
            takes: Duration::from_secs(seconds),
            ..Self::default()
        }
    }

    /// One that writes.
    pub fn says(says: impl Into<Vec<Say>>) -> Self {
        Self {
            says: says.into(),
            ..Self::default()
        }
    }
}

/// The job as a script for a POSIX shell with `awk`.
pub fn script(job: &Job) -> String {
    let mut script = String::new();
    let mut line = |text: std::fmt::Arguments<'_>| {
        // Writing into a `String` cannot fail.
        let _ = script.write_fmt(text);
        script.push('\n');
    };
    match job.on_term {
        None => {}
        Some(OnTerm::Ignores) => line(format_args!("trap '' TERM")),
        Some(OnTerm::ExitsWith0) => line(format_args!("trap 'exit 0' TERM")),
    }
    for Say {
        stream,
        bytes,
        times,
    } in &job.says
    {
        let to = if *stream == Stream::Stderr {
            " >&2"
        } else {
            ""
        };
        let text = escaped(bytes);
        if *times == 1 {
            line(format_args!("printf '{text}'{to}"));
        } else {
            line(format_args!(
                "awk 'BEGIN{{for(i=0;i<{times};i++)printf \"{text}\"}}'{to}"
            ));
        }
    }
    if let Some(output) = &job.output {
        if let Some(first) = output
            .first()
            .filter(|first| output.iter().all(|b| b == *first))
        {
            let (count, first) = (output.len(), escaped(&[*first]));
            let all = format!("for(i=0;i<{count};i++)printf \"{first}\"");
            line(format_args!("awk 'BEGIN{{{all}}}' > \"$GOFER_OUTPUT\""));
        } else {
            line(format_args!(
                "printf '{}' > \"$GOFER_OUTPUT\"",
                escaped(output)
            ));
        }
    }
    // In steps, and in the background: a shell takes signals only between commands.
    let tenths = job.takes.as_millis() / 100;
    if tenths > 0 {
        let wait = "sleep 0.1 & wait $! || true; i=$((i+1))";
        line(format_args!(
            "i=0; while [ $i -lt {tenths} ]; do {wait}; done"
        ));
    }
    match &job.ending {
        Ending::Code(code) => line(format_args!("exit {code}")),
        Ending::KillsItself => line(format_args!("kill -9 $$")),
        Ending::EatsMemory => line(format_args!("x=xxxxxxxxxxxxxxxx; while :; do x=$x$x; done")),
        Ending::NoImage | Ending::NoCommand | Ending::NotExecutable => {}
    }
    script
}

/// Every byte in octal where it could mean something else.
fn escaped(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        let plain = byte.is_ascii_alphanumeric() || b" .,:=_-".contains(byte);
        let written = if plain {
            text.write_char(char::from(*byte))
        } else {
            write!(text, "\\{byte:03o}")
        };
        // Writing into a `String` cannot fail.
        let _ = written;
    }
    text
}
