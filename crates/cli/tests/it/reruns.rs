//! `gofer rerun`, and the words of `gofer run` that are about some of the tasks.

use crate::{
    host::{Answer, World},
    server::{Script, Server},
};
use gofer_cli::Need;
use serde_json::{Value, json};

const FILE: &str = "name = \"etl\"\n[tasks.load]\nimage = \"i\"\nenv = { K = { secret = \"key\" } }\n[tasks.report]\nimage = \"i\"\ndepends_on = [\"load\"]\n";
/// What the server says that the run was made of.
const SAME: &str = "name = \"etl\"\n[tasks.load]\nimage = \"i\"\n[tasks.report]\nimage = \"i\"\ndepends_on = [\"load\"]\n";

fn script(state: &str) -> Script {
    let task = |name: &str| {
        json!({
            "name": name, "state": "succeeded", "reason": null, "message": null,
            "allow_failure": false, "outputs": {}, "attempts": [], "items": [],
        })
    };
    let run = json!({
        "id": "019ab3f0-0000-7000-8000-000000000001", "namespace": "default", "pipeline": "etl",
        "number": 42, "version": 3, "state": state, "reason": null, "message": null,
        "trigger": "manual", "params": {}, "created_at": "2026-11-24T11:59:00Z",
        "started_at": "2026-11-24T11:59:00Z", "ended_at": "2026-11-24T11:59:03Z",
        "tasks": [task("load"), task("report")],
    });
    Script {
        run,
        ..Script::default()
    }
}

fn world(script: Script) -> (World, Server) {
    let server = Server::start(script);
    let mut world = World::with(&[("gofer.toml", FILE), ("s.env", "key=value-1\n")]);
    world.socket = Some(server.socket.clone());
    (world, server)
}

fn bodies(server: &Server) -> Vec<Value> {
    let heard = server.heard();
    heard
        .iter()
        .map(|body| serde_json::from_str(body).unwrap())
        .collect()
}

fn usage(answer: &Answer, part: &str) {
    assert_eq!(answer.code, 64, "{}", answer.stderr);
    assert!(answer.stderr.contains(part), "{part}: {}", answer.stderr);
}

#[test]
fn a_rerun_says_what_runs_again_and_that_the_file_has_changed() {
    let (world, server) = world(script("succeeded"));
    let answer = world.gofer("rerun etl/42 --from load/3 --from report --secrets s.env");
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert!(
        answer
            .stdout
            .starts_with("etl/42 (version 3) runs again from load/3 and report\n"),
        "{}",
        answer.stdout
    );
    assert_eq!(
        answer.stderr,
        "note: gofer.toml has changed since; this runs version 3 again (--file gofer.toml makes a new run like etl/42)\n"
    );
    let expected = json!({
        "failed": false, "from": ["load/3", "report"], "secrets": { "key": "value-1" },
    });
    assert_eq!(bodies(&server), [expected]);
    assert_eq!(world.asked(), [Need::Read, Need::Drive]);
    std::fs::write(world.folder.path().join("gofer.toml"), SAME).unwrap();
    let answer = world.gofer("rerun etl/42 --failed");
    assert_eq!((answer.code, answer.stderr.as_str()), (0, ""));
    assert!(
        answer.stdout.contains("runs again: what failed"),
        "{}",
        answer.stdout
    );
}

#[test]
fn a_run_that_goes_on_is_not_rerun_and_no_engine_is_looked_for() {
    let (world, server) = world(script("running"));
    let answer = world.gofer("rerun etl/42");
    assert_eq!(answer.code, 1);
    assert_eq!(
        answer.stderr,
        "error: etl/42 is not over yet\n  → gofer cancel etl/42 stops it\n"
    );
    assert_eq!(world.asked(), [Need::Read]);
    assert!(server.heard().is_empty());
}

#[test]
fn with_a_param_a_version_or_a_file_it_is_a_new_run_like_the_old_one() {
    let (world, server) = world(script("succeeded"));
    for (typed, version, params) in [
        ("--param day=x", 3, json!({ "day": "x" })),
        ("--version 2", 2, json!({})),
        ("--file gofer.toml --param n=1", 1, json!({ "n": "1" })),
    ] {
        let answer = world.gofer(&format!("rerun etl/42 {typed}"));
        assert_eq!(answer.code, 0, "{typed}: {}", answer.stderr);
        assert!(
            answer.stdout.contains("is a new run, made from etl/42"),
            "{typed}: {}",
            answer.stdout
        );
        let body = bodies(&server).pop().unwrap();
        assert_eq!(
            (&body["version"], &body["params"], &body["like"]),
            (
                &json!(version),
                &params,
                &json!("019ab3f0-0000-7000-8000-000000000001")
            ),
            "{typed}"
        );
    }
    usage(
        &world.gofer("rerun etl/42 --failed --param a=b"),
        "cannot be used with",
    );
    usage(
        &world.gofer("rerun etl/42 --failed --from a"),
        "cannot be used with",
    );
}

#[test]
fn a_run_of_some_tasks_sends_which_and_needs_no_secrets_of_others() {
    let (world, server) = world(script("succeeded"));
    let answer = world.gofer("run --task report --output load.rows=7 --mount .:/src:ro -o text");
    assert_eq!((answer.code, answer.stderr.as_str()), (0, ""));
    let body = bodies(&server).pop().unwrap();
    assert_eq!(
        body["only"],
        json!({ "tasks": ["report"], "with_ancestors": false, "outputs": { "load.rows": "7" } })
    );
    let source = world.folder.path().canonicalize().unwrap();
    let mount = json!({ "source": source, "target": "/src", "read_only": true });
    assert_eq!(body["mounts"], json!([mount]));
    let answer = world.gofer("run --until report");
    assert_eq!(answer.code, 1);
    assert!(
        answer.stderr.contains("secret `key` is missing"),
        "{}",
        answer.stderr
    );
    let shown = world.gofer("run --task report --dry-run").stdout;
    assert!(
        shown.contains("would run 1 task") && !shown.contains("load  "),
        "{shown}"
    );
}

#[test]
fn what_makes_no_sense_is_said_before_anything_is_asked_for() {
    let (world, server) = world(script("succeeded"));
    usage(
        &world.gofer("run --task reprot"),
        "etl has no task `reprot`, did you mean `report`?",
    );
    usage(
        &world.gofer("run --output a.b=c"),
        "say which: --task or --until",
    );
    usage(
        &world.gofer("run --task report --output a.b=c --output a.b=d"),
        "given twice",
    );
    usage(
        &world.gofer("run --task report --output a.b"),
        "--output a.b: TASK.KEY=VALUE is expected",
    );
    usage(
        &world.gofer("runs --output a.b=c"),
        "only `gofer run` takes outputs of tasks",
    );
    usage(&world.gofer("runs -o yaml"), "possible values: text, json");
    usage(
        &world.gofer("run --task load --until load"),
        "cannot be used with",
    );
    usage(&world.gofer("run --mount x"), "SRC:DST is expected");
    usage(
        &world.gofer("run --mount .:src"),
        "no absolute path in the container",
    );
    let gone = world.gofer("run --mount gone:/src --secrets s.env");
    assert_eq!(gone.code, 1);
    assert!(
        gone.stderr.contains("--mount gone:/src: there is no "),
        "{}",
        gone.stderr
    );
    assert!(world.asked().is_empty() && server.heard().is_empty());
}

#[test]
fn a_run_says_where_outputs_are_from() {
    let mut script = script("succeeded");
    let given = |number: Option<u64>| json!({ "run": null, "number": number, "outputs": {} });
    script.run["partial"] = json!({
        "only": ["report"],
        "given": { "list": given(Some(41)), "load": given(Some(40)), "x": given(None) },
    });
    let (world, _server) = world(script);
    let answer = world.gofer("run --task report");
    assert_eq!(
        answer.stderr,
        "outputs of list from etl/41 and load from etl/40\n"
    );
}

#[test]
fn an_engine_that_is_named_is_asked_for() {
    let (world, _server) = world(script("succeeded"));
    world.gofer("run --scheduler podman --secrets s.env");
    world.gofer("rerun etl/42 --scheduler docker");
    assert_eq!(*world.preferred.lock().unwrap(), ["podman", "docker"]);
}
