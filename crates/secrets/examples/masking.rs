//! How fast secrets are looked for in ordinary output.
//!
//! `cargo run --release -p gofer-secrets --example masking [SECRETS]`

use gofer_secrets::{Masker, Patterns, SecretText, Stream};
use std::{error::Error, fmt::Write as _, hint::black_box, io::Write as _, sync::Arc};

const CHUNK: usize = 32 * 1024;

fn main() -> Result<(), Box<dyn Error>> {
    let most: u64 = std::env::args()
        .nth(1)
        .map_or(Ok(100_u64), |text| text.parse())?;
    let mut text = String::new();
    for line in 0..2_000_000_u64 {
        writeln!(
            text,
            "2026-11-24T08:51:{:02}Z INFO job::step[{line}] wrote {} rows to s3://bucket/part-{:05}.parquet",
            line % 60,
            line * 7919 % 100_003,
            line % 4096,
        )?;
    }
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{} MB of lines, in chunks of {} KiB",
        text.len() / 1_000_000,
        CHUNK / 1024
    )?;
    for count in [0, 1, 3, 10, 30, 100]
        .into_iter()
        .filter(|&count| count <= most)
    {
        let secrets: Vec<SecretText> = (0..count).map(value).collect();
        let named: Vec<_> = secrets
            .iter()
            .map(|value| ("name".parse(), value))
            .collect();
        let named: Result<Vec<_>, _> = named
            .into_iter()
            .map(|(name, value)| name.map(|name| (name, value)))
            .collect();
        let build = Clock::start();
        let (patterns, _) = Masker::new(&named?);
        let build = build.seconds();
        for (how, is_copied) in [("lent", false), ("copied", true)] {
            let speed = speed(&patterns, text.as_bytes(), is_copied);
            let built = build * 1e3;
            writeln!(
                out,
                "{count:>3} secrets, {how:<6} {speed:>7.0} MB/s (built in {built:.1} ms)"
            )?;
        }
    }
    Ok(())
}

/// In megabytes a second.
fn speed(patterns: &Arc<Patterns>, text: &[u8], is_copied: bool) -> f64 {
    let mut stream = Stream::new(Arc::clone(patterns));
    let mut scratch = Vec::with_capacity(2 * CHUNK);
    let mut length = 0;
    let clock = Clock::start();
    for chunk in text.chunks(CHUNK) {
        if is_copied {
            scratch.clear();
            stream.push(chunk, &mut scratch);
            length += black_box(&scratch).len();
        } else {
            length += black_box(stream.mask(chunk, &mut scratch).0).len();
        }
    }
    let seconds = clock.seconds();
    scratch.clear();
    stream.finish(&mut scratch);
    assert_eq!(length + scratch.len(), text.len());
    u32::try_from(text.len()).map_or(0.0, f64::from) / 1e6 / seconds
}

/// A password, a token, a URL or a key of several lines.
fn value(number: u64) -> SecretText {
    let mut state = number.wrapping_add(77).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut letters = |count: usize| -> String {
        let mut letter = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let alphabet = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/";
            char::from(alphabet[usize::from(state.to_le_bytes()[4] % 64)])
        };
        (0..count).map(|_| letter()).collect()
    };
    SecretText::new(match number % 4 {
        0 => format!("ghp_{}", letters(36)),
        1 => letters(12),
        2 => format!("postgres://app:{}@db.internal:5432/main", letters(16)),
        _ => {
            let lines: Vec<String> = (0..26).map(|_| letters(64)).collect();
            format!(
                "-----BEGIN KEY-----\n{}\n-----END KEY-----\n",
                lines.join("\n")
            )
        }
    })
}

struct Clock(std::time::Instant);

impl Clock {
    #[expect(
        clippy::disallowed_methods,
        reason = "measuring is what this program is for"
    )]
    fn start() -> Self {
        Self(std::time::Instant::now())
    }

    fn seconds(&self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }
}
