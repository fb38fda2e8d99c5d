//! How fast it is on this machine: `cargo run --release -p gofer-store-sqlite --example commits`
#![expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
#![expect(clippy::print_stdout, reason = "it prints what it measured")]

use gofer_core::{
    Timestamp,
    id::Ids,
    run::{Attempt, Change, Head, Key, Reason, RunState, Stage, Subject, TaskState, Unit},
};
use gofer_store::{
    Claim, Commit, NewRun, Store,
    conformance::{attempt, change, claim, head, key, new_run, time, unit},
};
use gofer_store_sqlite::{Options, SqliteStore};
use std::{
    error::Error,
    fs::File,
    os::unix::fs::FileExt,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
use uuid::Uuid;

type Anyhow = Result<(), Box<dyn Error>>;

struct Random;

impl Ids for Random {
    fn next(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// The argument is the folder to measure in.
fn main() -> Anyhow {
    let place = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    let place = Path::new(&place);
    let dir = tempfile::tempdir_in(place)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let begun = Instant::now();
    let store = Arc::new(SqliteStore::open(dir.path(), &Random, &Options::default())?);
    println!("first open: {:?}", begun.elapsed());
    let begun = Instant::now();
    drop(SqliteStore::open(dir.path(), &Random, &Options::default())?);
    println!("second open and close: {:?}", begun.elapsed());
    // So that the log is grown.
    std::thread::sleep(Duration::from_secs(1));
    let floor = Floor::new(dir.path())?;
    runtime.block_on(measure(store, &floor))?;
    runtime.block_on(bytes_per_run(place))?;
    let begun = Instant::now();
    drop(SqliteStore::open(dir.path(), &Random, &Options::default())?);
    println!("open and close after it: {:?}", begun.elapsed());
    Ok(())
}

/// What the disk costs without us.
struct Floor(File);

impl Floor {
    const PAGES: u64 = 6 * 4096;
    const TURNS: u64 = 256;

    fn new(dir: &Path) -> std::io::Result<Self> {
        let file = File::create(dir.join("floor"))?;
        file.write_all_at(
            &vec![1; usize::try_from(Self::PAGES * Self::TURNS).unwrap_or(0)],
            0,
        )?;
        file.sync_all()?;
        Ok(Self(file))
    }

    fn write(&self, turn: u64) -> std::io::Result<Duration> {
        let begun = Instant::now();
        let page = vec![2; 4096];
        for at in (0..Self::PAGES).step_by(page.len()) {
            self.0
                .write_all_at(&page, turn % Self::TURNS * Self::PAGES + at)?;
        }
        self.0.sync_data()?;
        Ok(begun.elapsed())
    }
}

/// What a driver stores when an attempt starts: the head, a unit, an attempt and two lines.
fn step(claim: Claim, key: &Key) -> Commit {
    let line = Subject::Unit(key.clone(), TaskState::Running);
    let second = Subject::Attempt(key.clone(), 1, TaskState::Running);
    Commit {
        head: Some(head(RunState::Running)),
        units: vec![(key.clone(), unit(TaskState::Running))],
        attempts: vec![(key.clone(), attempt(1, TaskState::Running))],
        changes: [line, second]
            .map(|of| Change {
                at: time(5),
                of,
                reason: Some(Reason::ExitCode.code()),
            })
            .into(),
        ..Commit::new(claim)
    }
}

async fn accept(store: &SqliteStore) -> Result<Claim, Box<dyn Error>> {
    let new = NewRun {
        id: gofer_core::id::RunId(Uuid::now_v7()),
        ..new_run("etl", &["a"])?
    };
    store
        .put_version(&new.namespace, &new.pipeline, "the document", time(0))
        .await?;
    Ok(claim(&store.create_run(new).await?)?)
}

async fn measure(store: Arc<SqliteStore>, floor: &Floor) -> Anyhow {
    let a = key("a", None)?;
    let claim = accept(&store).await?;
    let (mut lone, mut least) = (Vec::new(), Vec::new());
    for turn in 0..2000 {
        least.push(floor.write(turn)?);
        let commit = step(claim, &a);
        let begun = Instant::now();
        store.commit(commit).await?;
        lone.push(begun.elapsed());
    }
    report("floor (six pages written over, fdatasync)", least);
    report("lone commit, in turn with the floor", lone);
    for drivers in [8, 64, 256] {
        grouped(&store, drivers, &a).await?;
    }
    Ok(())
}

async fn grouped(store: &Arc<SqliteStore>, drivers: usize, a: &Key) -> Anyhow {
    const EACH: usize = 500;
    let mut claims = Vec::new();
    for _ in 0..drivers {
        claims.push(accept(store).await?);
    }
    let begun = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for claim in claims {
        let (store, a) = (Arc::clone(store), a.clone());
        tasks.spawn(async move {
            let mut waited = Vec::new();
            for _ in 0..EACH {
                let commit = step(claim, &a);
                let begun = Instant::now();
                store.commit(commit).await?;
                waited.push(begun.elapsed());
            }
            Ok::<_, gofer_store::Error>(waited)
        });
    }
    let mut waited = Vec::new();
    while let Some(done) = tasks.join_next().await {
        waited.extend(done??);
    }
    let rate = waited.len() as u128 * 1_000_000 / begun.elapsed().as_micros().max(1);
    report(&format!("{drivers} drivers, {rate} commits/s"), waited);
    Ok(())
}

fn report(what: &str, mut waited: Vec<Duration>) {
    waited.sort();
    let at = |part: usize| waited.get((waited.len() * part / 1000).min(waited.len() - 1));
    if let (Some(half), Some(most), Some(last)) = (at(500), at(990), waited.last()) {
        println!("{what}: p50 {half:?}, p99 {most:?}, max {last:?}");
    }
}

/// One container per task, four commits per task as the engine makes them.
async fn bytes_per_run(place: &Path) -> Anyhow {
    const RUNS: i64 = 20_000;
    for tasks in [1, 2, 5] {
        let dir = tempfile::tempdir_in(place)?;
        let store = Arc::new(SqliteStore::open(dir.path(), &Random, &Options::default())?);
        let mut going = tokio::task::JoinSet::new();
        for _ in 0..RUNS {
            let store = Arc::clone(&store);
            going.spawn(async move { whole_run(&store, tasks).await.map_err(|e| e.to_string()) });
            if going.len() >= 64 {
                going.join_next().await.transpose()?.transpose()?;
            }
        }
        while let Some(done) = going.join_next().await {
            done??;
        }
        drop(store);
        let bytes = size(dir.path())?;
        println!("{tasks} tasks a run: {} bytes a run", bytes / RUNS);
    }
    Ok(())
}

fn size(dir: &Path) -> Result<i64, Box<dyn Error>> {
    let db = rusqlite::Connection::open(dir.join("gofer.db"))?;
    let pages: i64 = db.query_row("PRAGMA page_count", [], |row| row.get(0))?;
    let mut largest = db.prepare(
        "SELECT name, sum(pgsize), sum(payload), sum(ncell) FROM dbstat GROUP BY name ORDER BY 2 DESC LIMIT 9",
    )?;
    let mut rows = largest.query([])?;
    while let Some(row) = rows.next()? {
        let (name, size, payload, cells): (String, i64, i64, i64) =
            (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        println!("  {name}: {size} bytes, {payload} of payload, {cells} cells");
    }
    Ok(pages * 4096)
}

async fn whole_run(store: &SqliteStore, tasks: usize) -> Anyhow {
    let names = &["a", "b", "c", "d", "e"][..tasks];
    let now = Timestamp::now();
    let mut new = new_run("etl", names)?;
    new.id = gofer_core::id::RunId(Uuid::now_v7());
    new.run.head.created_at = now;
    new.changes = vec![Change {
        at: now,
        ..change(0, RunState::Queued)
    }];
    new.origin.scheduled_at = now.to_string();
    store
        .put_version(&new.namespace, &new.pipeline, "the document", time(0))
        .await?;
    let claim = claim(&store.create_run(new).await?)?;
    let mut at = now;
    for name in names {
        let key = key(name, None)?;
        for state in [
            TaskState::Starting,
            TaskState::Running,
            TaskState::Succeeded,
        ] {
            at += Duration::from_micros(45_678);
            store.commit(reached(claim, &key, state, now, at)).await?;
        }
    }
    let mut commit = Commit::new(claim);
    let ended = head(RunState::Succeeded);
    commit.head = Some(Head {
        started_at: Some(now),
        ended_at: Some(at),
        ..ended
    });
    commit.changes = vec![Change {
        at,
        ..change(0, RunState::Succeeded)
    }];
    commit.release = true;
    Ok(store.commit(commit).await?)
}

/// A task and its attempt came to a state.
fn reached(claim: Claim, key: &Key, state: TaskState, begun: Timestamp, at: Timestamp) -> Commit {
    let ended_at = state.is_over().then_some(at);
    let attempt = Attempt {
        stage: Stage::Ended,
        created_at: begun,
        started_at: ended_at.map(|_| begun),
        ended_at,
        exit_code: ended_at.map(|_| 0),
        image: Some(format!("docker.io/library/alpine@sha256:{:064x}", 7)),
        node: Some("host".to_owned()),
        ..attempt(1, state)
    };
    let lines = [
        Subject::Attempt(key.clone(), 1, state),
        Subject::Unit(key.clone(), state),
    ];
    let mut commit = Commit::new(claim);
    commit.units.push((
        key.clone(),
        Unit {
            ended_at,
            ..unit(state)
        },
    ));
    commit.attempts.push((key.clone(), attempt));
    commit.changes = lines
        .map(|of| Change {
            at,
            of,
            reason: None,
        })
        .into();
    commit
}
