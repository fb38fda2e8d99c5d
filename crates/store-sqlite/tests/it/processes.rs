use crate::support::{accept, open, parents_dir, start, step};
use gofer_core::id::{Epoch, InstanceId, RunId};
use gofer_store::{Adoption, Claim, Store};
use std::{
    fs,
    io::{BufRead, BufReader, Write},
    os::unix::fs::FileExt,
    thread,
    time::{Duration, Instant},
};

fn words(line: &str, word: &str) -> Option<Vec<String>> {
    let rest = line.strip_prefix(word)?;
    Some(rest.split_whitespace().map(str::to_owned).collect())
}

#[test]
fn what_was_acknowledged_before_a_kill_is_there_after_it() {
    let dir = tempfile::tempdir().unwrap();
    for turn in 0..10 {
        let mut child = start("processes::commits_until_killed", dir.path());
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let claim = loop {
            let line = lines.next().unwrap().unwrap();
            if let Some(words) = words(&line, "run ") {
                let run = RunId(words[0].parse().unwrap());
                break Claim {
                    run,
                    owner: InstanceId(words[1].parse().unwrap()),
                    epoch: Epoch(1),
                };
            }
        };
        thread::sleep(Duration::from_millis(20 + 37 * turn));
        child.kill().unwrap();
        child.wait().unwrap();
        let last = lines
            .filter_map(|line| words(&line.unwrap(), "stored "))
            .last();
        let acknowledged: u64 = last.map_or(0, |words| words[0].parse().unwrap());
        assert!(acknowledged > 0);
        let store = open(dir.path());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async {
            let history = store.history(claim.run, 0, u32::MAX).await.unwrap();
            let commits = (history.len() as u64 - 1) / 2;
            println!("{acknowledged} acknowledged, {commits} found");
            assert!(commits == acknowledged || commits == acknowledged + 1);
            let adopted = store.adopt(claim.run).await.unwrap();
            assert!(matches!(adopted, Adoption::Ours(ours) if ours.epoch == Epoch(2)));
            assert_eq!(store.attempts_of_a(claim.run).await, 1);
        });
        let db = rusqlite::Connection::open(dir.path().join("gofer.db")).unwrap();
        let sound: String = db
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(sound, "ok");
    }
}

trait Count {
    async fn attempts_of_a(&self, run: RunId) -> usize;
}

impl<T: Store> Count for T {
    async fn attempts_of_a(&self, run: RunId) -> usize {
        self.load(run).await.unwrap().run.tasks[0]
            .own
            .attempts
            .len()
    }
}

#[test]
#[ignore = "started by another test in a process of its own"]
fn commits_until_killed() {
    let Some(dir) = parents_dir() else { return };
    let store = open(&dir);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let claim = accept(&store).await;
        let mut out = std::io::stdout();
        writeln!(out, "\nrun {} {}", claim.run, claim.owner).unwrap();
        for number in 1..100_000 {
            store.commit(step(claim, 3000)).await.unwrap();
            writeln!(out, "stored {number}").unwrap();
        }
    });
}

/// What one of two processes measured, in microseconds.
#[derive(Debug)]
struct Figures {
    commits: u64,
    half: u64,
    most: u64,
    longest: u64,
    /// The same of a file of its own, which says how busy the machine is with other things.
    floor: u64,
}

fn measure_two() -> [Figures; 2] {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    let pair = [0; 2].map(|_| start("processes::commits_every_millisecond", dir.path()));
    pair.map(|child| {
        let done = child.wait_with_output().unwrap();
        let said = String::from_utf8(done.stdout).unwrap();
        assert!(done.status.success(), "{said}");
        let line = said
            .lines()
            .find_map(|line| words(line, "micros "))
            .unwrap();
        let figures: Vec<u64> = line.iter().map(|figure| figure.parse().unwrap()).collect();
        let [commits, half, most, longest, floor] = figures.try_into().unwrap();
        Figures {
            commits,
            half,
            most,
            longest,
            floor,
        }
    })
}

#[test]
fn two_processes_that_commit_every_millisecond_do_not_starve_each_other() {
    // A test machine does other things as well: one undisturbed time of three is enough.
    for _ in 0..3 {
        let pair = measure_two();
        println!("{pair:?}");
        let is_fair =
            pair[0].commits.min(pair[1].commits) * 2 > pair[0].commits.max(pair[1].commits);
        let is_prompt = pair.iter().all(|one| {
            one.most <= 20_000 + 2 * one.floor && one.longest <= 500_000 && one.half <= one.most
        });
        if is_fair && is_prompt {
            return;
        }
    }
    panic!("one waits too long for the other");
}

#[test]
#[ignore = "started by another test in a process of its own"]
#[expect(clippy::disallowed_methods, reason = "it measures")]
fn commits_every_millisecond() {
    let Some(dir) = parents_dir() else { return };
    let store = open(&dir);
    let file = fs::File::create(dir.join(store.instance().to_string())).unwrap();
    file.write_all_at(&[1; 4096], 0).unwrap();
    file.sync_all().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let (waited, floor) = runtime.block_on(async {
        let claim = accept(&store).await;
        tokio::time::sleep(Duration::from_millis(600)).await;
        let (mut waited, mut floor) = (Vec::new(), Vec::new());
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(4) {
            let commit = Instant::now();
            store.commit(step(claim, 0)).await.unwrap();
            waited.push(commit.elapsed().as_micros());
            let write = Instant::now();
            file.write_all_at(&[2; 4096], 0).unwrap();
            file.sync_data().unwrap();
            floor.push(write.elapsed().as_micros());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        waited.sort_unstable();
        floor.sort_unstable();
        (waited, floor)
    });
    let at = |of: &[u128], part: usize| of[of.len() * part / 1000];
    let (half, most) = (at(&waited, 500), at(&waited, 990));
    let longest = waited[waited.len() - 1];
    println!(
        "\nmicros {} {half} {most} {longest} {}",
        waited.len(),
        at(&floor, 990)
    );
}
