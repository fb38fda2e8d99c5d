//! Every example of the repository, run as its README says, ends as it should.

use crate::harness::{Docker, Project, demo_image, podman};
use serde_json::Value;
use std::{collections::BTreeSet, fs, path::Path};

/// What an example comes to.
struct Example {
    name: &'static str,
    args: &'static [&'static str],
    code: i32,
    /// `TASK STATE`, or `TASK STATE REASON`, in order of name.
    tasks: &'static [&'static str],
    /// `TASK.KEY=VALUE`.
    outputs: &'static [&'static str],
}

const fn example(
    name: &'static str,
    args: &'static [&'static str],
    code: i32,
    tasks: &'static [&'static str],
    outputs: &'static [&'static str],
) -> Example {
    Example {
        name,
        args,
        code,
        tasks,
        outputs,
    }
}

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../examples"))
}

/// A project with the files of an example, on the machine's engine.
fn project(name: &str) -> Project {
    demo_image();
    project_on(&Docker::shared(), name)
}

fn project_on(docker: &Docker, name: &str) -> Project {
    let project = Project::on(docker);
    for file in fs::read_dir(folder().join(name)).unwrap() {
        let file = file.unwrap().path();
        let to = project.folder.join(file.file_name().unwrap());
        fs::copy(&file, to).unwrap();
    }
    project
}

impl Example {
    fn run_in(&self, project: &Project) -> Value {
        let (done, run) = project.run(self.args);
        done.assert_code(self.code);
        let tasks: Vec<String> = run["tasks"].as_array().unwrap().iter().map(line).collect();
        let is_as_said = tasks.len() == self.tasks.len()
            && tasks
                .iter()
                .zip(self.tasks)
                .all(|(found, said)| found == said || found.starts_with(&format!("{said} ")));
        assert!(is_as_said, "{}: {tasks:#?}\n{run:#}", self.name);
        for said in self.outputs {
            let (place, value) = said.split_once('=').unwrap();
            let (task, key) = place.split_once('.').unwrap();
            let tasks = run["tasks"].as_array().unwrap();
            let task = tasks.iter().find(|it| it["name"] == task).unwrap();
            assert_eq!(task["outputs"][key], value, "{}: {said}", self.name);
        }
        run
    }
}

/// `TASK STATE REASON`
fn line(task: &Value) -> String {
    let word = |key: &str| task[key].as_str().unwrap_or_default().to_owned();
    format!("{} {} {}", word("name"), word("state"), word("reason"))
        .trim_end()
        .to_owned()
}

macro_rules! examples {
    ($($function:ident: $name:literal $args:expr => $code:literal, $tasks:expr, $outputs:expr;)*) => {
        const ALL: &[Example] = &[$(example($name, &$args, $code, &$tasks, &$outputs)),*];

        $(#[test]
        fn $function() {
            let example = example($name, &$args, $code, &$tasks, &$outputs);
            let project = project(example.name);
            example.run_in(&project);
            project.assert_nothing_of_a_run_left();
        })*

        /// The same there, to the last word.
        mod on_podman {
            use super::*;

            $(#[test]
            fn $function() {
                let example = example($name, &$args, $code, &$tasks, &$outputs);
                let Some(podman) = podman() else { return };
                let project = project_on(&podman, example.name);
                example.run_in(&project);
                project.assert_nothing_of_a_run_left();
            })*
        }
    };
}

examples! {
    hello: "hello" [] => 0, ["hello succeeded"], [];
    etl: "etl" [] => 0,
        ["clean_up succeeded", "list succeeded", "load succeeded", "rates succeeded", "report succeeded"],
        [r#"load.rows=["120","240","360","480"]"#, "rates.eur_usd=1.08"];
    diamond: "diamond" [] => 0,
        ["begin succeeded", "end succeeded", "left succeeded", "right succeeded"],
        ["left.by=left", "end.by=end"];
    matrix: "matrix" [] => 0, ["summary succeeded", "test succeeded"],
        [r#"test.result=["ok","ok","ok","ok","ok","ok"]"#];
    matrix_except: "matrix-except" [] => 0, ["summary succeeded", "test succeeded"],
        [r#"summary.pairs=["debian-firefox","alpine-firefox","debian-chrome"]"#];
    loop_records: "loop-records" [] => 0, ["greet succeeded"], [r#"greet.said=["hello","hola"]"#];
    shards: "shards" [] => 0, ["check succeeded", "work succeeded"],
        [r#"work.first=["1","26","51","76"]"#];
    collect: "collect" [] => 2, ["probe failed exit_code", "summary succeeded"],
        [r#"summary.answers=["alpha-ok","gamma-ok"]"#];
    map_reduce: "map-reduce" [] => 0, ["add succeeded", "count succeeded", "split succeeded"],
        ["add.total=45150"];
    conditions: "conditions" [] => 0,
        ["announce succeeded", "build succeeded", "check succeeded", "publish succeeded"], [];
    conditions_with_nothing_to_do: "conditions" ["--param", "changed=0"] => 0,
        ["announce succeeded", "build skipped condition_false", "check succeeded", "publish skipped upstream_skipped"], [];
    route: "route" [] => 0,
        ["anything_else skipped condition_false", "done succeeded", "image succeeded", "look succeeded", "text skipped condition_false"], [];
    route_of_something_else: "route" ["--param", "kind=video"] => 0,
        ["anything_else succeeded", "done succeeded", "image skipped condition_false", "look succeeded", "text skipped condition_false"], [];
    default_values: "default-values" [] => 0,
        ["full skipped condition_false", "quick succeeded", "report succeeded"], ["report.rows=10"];
    default_values_of_the_other_branch: "default-values" ["--param", "mode=full"] => 0,
        ["full succeeded", "quick skipped condition_false", "report succeeded"], ["report.rows=5000"];
    exit_codes: "exit-codes" [] => 0,
        ["apply succeeded", "complain skipped condition_false", "diff failed exit_code", "report succeeded"],
        ["report.seen=failed/2/exit_code"];
    failure_handling: "failure-handling" [] => 2,
        ["deploy failed exit_code", "lint failed exit_code", "notify succeeded", "roll_back succeeded", "smoke_test skipped upstream_failed"], [];
    retry: "retry" [] => 2,
        ["choosy failed exit_code", "flaky succeeded", "hopeless failed exit_code"], ["flaky.took=3"];
    timeouts: "timeouts" [] => 2,
        ["hangs timed_out timeout", "on_time_out succeeded", "slow_at_first succeeded", "too_slow timed_out timeout"], [];
    at_the_end: "at-the-end" [] => 0,
        ["alarm skipped condition_false", "celebrate succeeded", "tidy succeeded", "work succeeded"], [];
    at_the_end_of_a_failure: "at-the-end" ["--param", "works=false"] => 2,
        ["alarm succeeded", "celebrate skipped condition_false", "tidy succeeded", "work failed exit_code"], [];
    params_and_secrets: "params-and-secrets" ["--param", "region=eu", "--secrets", "secrets.env"] => 0,
        ["deploy succeeded"], [];
    typed_params: "typed-params" ["--param", "who=you", "--param", r#"regions=["east"]"#] => 0,
        ["each succeeded", "show succeeded"], ["show.all=you 3 0.25 true 2026-11-24 small"];
    mutex: "mutex" [] => 0, ["backup succeeded", "migrate succeeded", "scan succeeded"], [];
    artifacts: "artifacts" [] => 0, ["build succeeded", "check succeeded"], ["check.program=program 1.0"];
    volumes: "volumes" [] => 0, ["build succeeded", "checkout succeeded"], ["build.builds=1"];
    objects: "objects" [] => 0, ["count succeeded", "show succeeded"], ["show.now=1"];
    sidecar: "sidecar" [] => 0, ["ask succeeded"], ["ask.page=hello from the service"];
    calling: "calling" [] => 0, ["load succeeded", "report succeeded"],
        ["load.extract.rows=120", "report.rows=120"];
    loop_body: "loop-body" [] => 0, ["each succeeded", "regions succeeded", "sum_up succeeded"],
        [r#"sum_up.all=["5","5","4"]"#];
    from_a_program: "from-a-program" [] => 0,
        ["customers succeeded", "orders succeeded", "payments succeeded"], ["payments.table=payments"];
    from_the_original: "from-the-original" ["--secrets", "secrets.env"] => 0,
        ["alarm skipped upstream_succeeded", "extract succeeded", "load succeeded"], [];
}

impl Project {
    /// Nothing but what outlives its run by design: persistent volumes, and failed attempts that
    /// are kept to be looked into.
    fn assert_nothing_of_a_run_left(&self) {
        self.gofer(&["clean", "--yes"]).assert_code(0);
        let left: Vec<String> = self
            .left()
            .into_iter()
            .filter(|line| !line.contains("volume") && !line.contains("kept"))
            .collect();
        assert!(left.is_empty(), "left behind:\n{}", left.join("\n"));
    }
}

#[test]
fn every_example_is_run_by_a_test() {
    let run: BTreeSet<&str> = ALL.iter().map(|example| example.name).collect();
    let there: BTreeSet<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(there.len() >= 20, "{there:?}");
    assert_eq!(run, there.iter().map(String::as_str).collect());
    for name in there {
        let readme = fs::read_to_string(folder().join(&name).join("README.md")).unwrap();
        let lines: Vec<&str> = readme.lines().collect();
        assert_eq!((lines.len(), lines[0]), (3, format!("# {name}").as_str()));
    }
}

#[test]
fn what_outlives_a_run_is_there_for_the_next_one() {
    let seconds: [(&str, &'static [&'static str]); 2] = [
        ("volumes", &["build.builds=2"]),
        ("objects", &["show.now=2"]),
    ];
    for (name, outputs) in seconds {
        let project = project(name);
        let first = ALL.iter().find(|example| example.name == name).unwrap();
        first.run_in(&project);
        example(first.name, first.args, 0, first.tasks, outputs).run_in(&project);
    }
}

#[test]
fn tasks_of_one_pool_never_run_at_the_same_time() {
    let project = project("mutex");
    let (done, run) = project.run(&[]);
    done.assert_code(0);
    let times = |task: &str| {
        let tasks = run["tasks"].as_array().unwrap();
        let attempt = &tasks.iter().find(|it| it["name"] == task).unwrap()["attempts"][0];
        let at = |key: &str| attempt[key].as_str().unwrap().to_owned();
        (at("started_at"), at("ended_at"))
    };
    let (backup, migrate) = (times("backup"), times("migrate"));
    assert!(
        backup.1 <= migrate.0 || migrate.1 <= backup.0,
        "{backup:?} {migrate:?}"
    );
}
