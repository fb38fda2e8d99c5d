//! How fast a log is written, read back and jumped about in.
//!
//! `cargo run --release -p gofer-logs --example logging [LINES]`

use gofer_core::{
    Timestamp,
    id::{AttemptId, RunId},
};
use gofer_logs::{Chunk, Disk, FsDisk, More, Options, Reader, Start, Stream, Writer};
use std::{error::Error, fmt::Write as _, io::Write as _, sync::Arc, time::Duration};

fn main() -> Result<(), Box<dyn Error>> {
    let lines: u64 = std::env::args()
        .nth(1)
        .map_or(Ok(3_000_000), |text| text.parse())?;
    let folder = std::env::temp_dir().join(format!("gofer-logs-{}", std::process::id()));
    let disk: Arc<dyn Disk> = Arc::new(FsDisk::new(&folder));
    let measured = measure(&disk, lines);
    std::fs::remove_dir_all(&folder)?;
    measured
}

fn measure(disk: &Arc<dyn Disk>, lines: u64) -> Result<(), Box<dyn Error>> {
    let mut text = String::new();
    for line in 0..lines {
        writeln!(
            text,
            "{line:>9} step {} of the job took {} ms",
            line % 97,
            line * 31 % 1013
        )?;
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "{lines} lines, {} MB", text.len() / 1_000_000)?;

    let ways: [(&str, Way); 3] = [
        ("chunks of 32 KiB", each_piece),
        ("a chunk a line", each_line),
        ("batches of lines", batches),
    ];
    for (number, (name, way)) in (1..).zip(ways) {
        let attempt = AttemptId {
            run: RunId(uuid::Uuid::from_u128(1)),
            task: "speed".parse()?,
            item: None,
            number,
        };
        let mut writer = Writer::open(Arc::clone(disk), &attempt, Options::default())?;
        let clock = Clock::start();
        way(&mut writer, text.as_bytes())?;
        let write = clock.stop(text.len());
        let clock = Clock::start();
        let end = writer.finish(now(0))?;
        let finish = clock.stop(0);
        assert_eq!(end.stored.stdout, text.len() as u64);
        writeln!(out, "{name:<18} write {write}; finish {finish}")?;
        let mut reader = Reader::open(Arc::clone(disk), &attempt);
        read_back(&mut reader, text.len() as u64, &mut out)?;
    }
    Ok(())
}

type Way = fn(&mut Writer, &[u8]) -> Result<(), gofer_logs::Error>;

fn read_back(
    reader: &mut Reader,
    length: u64,
    out: &mut dyn std::io::Write,
) -> Result<(), Box<dyn Error>> {
    let clock = Clock::start();
    let mut found = 0;
    reader.write_to(&mut Count(&mut found))?;
    let read = clock.stop(found);
    assert_eq!(found as u64, length);
    let clock = Clock::start();
    for step in 0..100 {
        reader.seek(Start::Byte(length / 100 * step), None)?;
        assert!(matches!(reader.read_more()?, More::Frames(_)));
    }
    let seek = clock.stop(0);
    let clock = Clock::start();
    reader.seek(Start::LastLines(100), None)?;
    let last = clock.stop(0);
    writeln!(
        out,
        "{:<18} read {read}; 100 seeks {seek}; last 100 lines {last}",
        ""
    )?;
    Ok(())
}

fn each_piece(writer: &mut Writer, text: &[u8]) -> Result<(), gofer_logs::Error> {
    for chunk in text.chunks(32 * 1024) {
        writer.append(now(0), Stream::Stdout, chunk.len() as u64, chunk)?;
    }
    Ok(())
}

fn each_line(writer: &mut Writer, text: &[u8]) -> Result<(), gofer_logs::Error> {
    for (time, line) in text.split_inclusive(|&byte| byte == b'\n').enumerate() {
        writer.append(now(time), Stream::Stdout, line.len() as u64, line)?;
    }
    Ok(())
}

fn batches(writer: &mut Writer, text: &[u8]) -> Result<(), gofer_logs::Error> {
    let lines: Vec<&[u8]> = text.split_inclusive(|&byte| byte == b'\n').collect();
    for (time, lines) in lines.chunks(100).enumerate() {
        let at = now(time);
        let chunks: Vec<Chunk<'_>> = lines
            .iter()
            .map(|line| Chunk {
                at,
                stream: Stream::Stdout,
                engine: line.len() as u64,
                stored: line,
            })
            .collect();
        writer.append_all(&chunks)?;
    }
    Ok(())
}

fn now(offset: usize) -> Timestamp {
    let micros = 1_700_000_000_000_000 + i64::try_from(offset).unwrap_or(0);
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH)
}

struct Count<'a>(&'a mut usize);

impl std::io::Write for Count<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        *self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Wall and processor time of this process.
struct Clock {
    wall: std::time::Instant,
    cpu: Duration,
}

impl Clock {
    #[expect(
        clippy::disallowed_methods,
        reason = "measuring is what this program is for"
    )]
    fn start() -> Self {
        Self {
            wall: std::time::Instant::now(),
            cpu: cpu(),
        }
    }

    fn stop(&self, bytes: usize) -> String {
        let (wall, cpu) = (self.wall.elapsed(), cpu().saturating_sub(self.cpu));
        let mut text = format!(
            "{:.1} ms, {:.0} ms CPU",
            wall.as_secs_f64() * 1e3,
            cpu.as_secs_f64() * 1e3
        );
        if bytes > 0 {
            let speed =
                u32::try_from(bytes / 1000).map_or(0.0, f64::from) / 1e3 / wall.as_secs_f64();
            let _ = write!(text, ", {speed:.0} MB/s");
        }
        text
    }
}

/// User and system time, in hundredths of a second, from `/proc`.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .flat_map(str::parse::<u64>)
        .sum();
    Duration::from_millis(ticks * 10)
}
