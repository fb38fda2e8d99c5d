//! `kill -9` of Gofer at every stage of an attempt's life, and what is true afterwards.

mod aim;
mod scenario;

use crate::harness::{Canaries, Docker, Events, Listener, Live, Project, Since, number, sha256};
use aim::{Aim, Class};
use scenario::{PLAIN, RICH, Scenario, expected_log};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

/// What happened in all trials together.
#[derive(Default)]
struct Tally {
    hit: BTreeMap<Class, usize>,
    recoveries: Vec<Duration>,
}

impl Tally {
    fn kills(&self) -> usize {
        self.hit.values().sum()
    }

    /// The class that was hit least.
    fn wanted(&self) -> Class {
        let hits = |class: &&Class| self.hit.get(class).copied().unwrap_or(0);
        *Class::ALL
            .iter()
            .min_by_key(hits)
            .expect("there are classes")
    }
}

#[test]
fn a_killed_run_goes_on_where_it_was() {
    kill_often(&PLAIN, number("GOFER_E2E_KILLS", 24));
}

#[test]
fn a_killed_run_with_services_volumes_inputs_and_a_child_goes_on_where_it_was() {
    kill_often(&RICH, number("GOFER_E2E_KILLS", 24) / 2);
}

fn kill_often(scenario: &'static Scenario, kills: usize) {
    let tally = Arc::new(Mutex::new(Tally::default()));
    let workers: Vec<_> = (0..number("GOFER_E2E_WORKERS", 3))
        .map(|worker| {
            let tally = Arc::clone(&tally);
            std::thread::spawn(move || work(scenario, worker, kills, &tally))
        })
        .collect();
    for worker in workers {
        worker.join().expect("a worker found something wrong");
    }
    let mut tally = Arc::into_inner(tally).unwrap().into_inner().unwrap();
    tally.recoveries.sort();
    let longest = tally.recoveries.last().expect("something was killed");
    println!("{} kills: {:?}", tally.kills(), tally.hit);
    println!("the longest time to the first change after a kill: {longest:?}");
    for class in Class::ALL {
        let hits = tally.hit.get(&class).copied().unwrap_or(0);
        assert!(
            hits * 10 >= kills,
            "{class:?} was hit {hits} times only: {:?}",
            tally.hit
        );
    }
}

fn work(scenario: &'static Scenario, worker: usize, kills: usize, tally: &Mutex<Tally>) {
    let docker = Docker::shared();
    let listener = Listener::new(&docker);
    let project = Project::new(&(scenario.pipeline)(&listener));
    project.write("child.toml", &scenario::child(&listener));
    let store = project.store();
    let canaries = Canaries::new(&docker, &store);
    for trial in 0.. {
        let (done, class) = {
            let tally = tally.lock().unwrap();
            let least = tally.hit.get(&tally.wanted()).copied().unwrap_or(0);
            let done = tally.kills() >= kills && least * 10 >= kills;
            (done || tally.kills() > 3 * kills, tally.wanted())
        };
        if done {
            break;
        }
        let aim = Aim {
            class,
            unit: scenario.containers[(trial + 2 * worker) % scenario.containers.len()],
            delay: spread(worker * 1000 + trial),
        };
        let trial = Trial {
            scenario,
            project: &project,
            listener: &listener,
            events: Events::listen(&docker, &store),
            name: format!("worker {worker}, trial {trial}, {aim:?}"),
        };
        trial.run(&aim, tally);
    }
    canaries.assert_untouched();
    project.records().assert_sound();
}

/// From 0 to 1, evenly over the trials.
fn spread(n: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a few thousand trials")]
    let turns = n as f64 * 0.618_033_988_749;
    turns.fract()
}

struct Trial<'a> {
    scenario: &'static Scenario,
    project: &'a Project,
    listener: &'a Listener,
    events: Events,
    name: String,
}

impl Trial<'_> {
    fn run(&self, aim: &Aim, tally: &Mutex<Tally>) {
        let before = self.project.records().runs_of("kills").0;
        let mut first = self.project.command(&["run"]);
        first.env(
            "GOFER_COLLECT",
            if aim.asks_engine() { "engine" } else { "auto" },
        );
        let mut live = Live::new(first);
        aim.wait(self.project, &self.events, &mut live);
        live.kill();
        let hit = aim.what_was_hit(self.project, &self.events);
        // Every other time Gofer is killed again while it recovers.
        if aim.delay > 0.5 {
            let live = self.project.spawn(&["run", "--resume"]);
            std::thread::sleep(Duration::from_secs_f64(aim.delay - 0.45));
            live.kill();
            if hit.is_some() && self.project.records().runs_of("kills") == (before + 1, 0) {
                return self.over(before, hit, tally);
            }
        }
        let begun = Since::now();
        let mut live = self.project.spawn(&["run", "--resume", "-o", "json"]);
        live.until_it_says("kills/");
        let recovery = begun.elapsed();
        let done = live.done();
        assert_eq!(
            done.code,
            Some(0),
            "{}:\n{}\n{}",
            self.name,
            done.out(),
            done.err()
        );
        let run = done.json();
        if self.project.records().runs_of("kills").0 == before + 1 {
            self.judge(&run, before);
        } else {
            // It was over before it was killed, or was killed before it was accepted: a new run.
            assert_eq!(hit, None, "{}: a run was lost", self.name);
            self.listener.take();
        }
        self.assert_nothing_left();
        if let Some(class) = hit {
            let mut tally = tally.lock().unwrap();
            *tally.hit.entry(class).or_default() += 1;
            tally.recoveries.push(recovery);
        }
    }

    /// The recovery had ended the run when it was killed. What it left, the next run takes away.
    fn over(&self, before: i64, hit: Option<Class>, tally: &Mutex<Tally>) {
        let shown = self.project.gofer(&["show", "kills/latest", "-o", "json"]);
        shown.assert_code(0);
        self.judge(&shown.json(), before);
        self.project.gofer(&["run"]).assert_code(0);
        self.listener.take();
        self.assert_nothing_left();
        if let Some(class) = hit {
            *tally.lock().unwrap().hit.entry(class).or_default() += 1;
        }
    }

    fn assert_nothing_left(&self) {
        let left = self.project.left();
        assert!(left.is_empty(), "{}: left behind {left:#?}", self.name);
    }

    fn judge(&self, run: &Value, before: i64) {
        let name = &self.name;
        assert_eq!(run["state"], "succeeded", "{name}: {run:#}");
        assert_eq!(
            self.project.records().runs_of("kills"),
            (before + 1, 0),
            "{name}"
        );
        let Scenario {
            attempts: made,
            containers,
            services,
            ..
        } = self.scenario;
        assert_eq!(attempts(run), *made, "{name}: attempts of the document");
        assert_eq!(
            self.events.starts("attempt"),
            *containers,
            "{name}: starts of the engine"
        );
        assert_eq!(
            self.events.starts("service"),
            *services,
            "{name}: starts of services"
        );
        let heard = self.listener.take();
        assert_eq!(heard, *containers, "{name}: lines of the containers");
        let outputs = |task: &str| {
            let tasks = run["tasks"].as_array().into_iter().flatten();
            let found: Vec<_> = tasks.filter(|found| found["name"] == task).collect();
            found[0]["outputs"].clone()
        };
        assert_eq!(outputs("two"), json!({ "name": r#"["a","b"]"# }), "{name}");
        assert_eq!(outputs("three"), json!({ "try": "2" }), "{name}");
        let run = format!("kills/{}", run["number"]);
        let logs = [
            (vec!["one"], ""),
            (vec!["three", "--attempt", "1"], ""),
            (vec!["three", "--attempt", "2"], ""),
            (vec!["two/0"], "no newline"),
            (vec!["two/1"], "no newline"),
        ];
        for (part, end) in logs {
            let of = format!("{run}/{}", part[0]);
            let done = self
                .project
                .gofer(&[&["logs", of.as_str()], &part[1..]].concat());
            assert_eq!(done.code, Some(0), "{name}: {}", done.err());
            let lines = done.out().lines().count();
            assert_eq!(
                sha256(&done.stdout),
                expected_log(end),
                "{name}: {part:?} has {lines} lines"
            );
        }
    }
}

#[test]
fn what_a_dead_process_left_of_a_finished_run_is_taken_away_by_the_next_one() {
    let file = "name = \"one\"\n[tasks.only]\nimage = \"gofer-demo:1\"\nscript = \"true\"\n";
    let project = Project::new(file);
    let (done, run) = project.run(&[]);
    done.assert_code(0);
    let labels = [
        format!("gofer.store={}", project.store()),
        format!("gofer.run={}", run["id"].as_str().unwrap()),
    ];
    let labels = ["--label", labels[0].as_str(), "--label", labels[1].as_str()];
    let [sandbox, volume] = ["sandbox", "volume"].map(|role| format!("gofer.role={role}"));
    let docker = project.docker();
    let container = ["--label", sandbox.as_str(), "gofer-demo:1", "sleep", "3600"];
    docker.cli(&[&["run", "--detach", "--init"], &labels[..], &container].concat());
    docker.cli(
        &[
            &["volume", "create", "--label", volume.as_str()],
            &labels[..],
        ]
        .concat(),
    );
    assert_eq!(project.left().len(), 2);
    project.gofer(&["run"]).assert_code(0);
    project.assert_nothing_left();
}

/// `TASK/ITEM/ATTEMPT` of each attempt in a run's document.
fn attempts(run: &Value) -> Vec<String> {
    let mut all = Vec::new();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    for task in list(&run["tasks"]) {
        let name = task["name"].as_str().unwrap_or_default();
        for attempt in list(&task["attempts"]) {
            all.push(format!("{name}//{}", attempt["number"]));
        }
        for item in list(&task["items"]) {
            for attempt in list(&item["attempts"]) {
                all.push(format!("{name}/{}/{}", item["index"], attempt["number"]));
            }
        }
    }
    all.sort();
    all
}
