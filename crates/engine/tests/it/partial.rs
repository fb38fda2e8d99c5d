use crate::{
    container::Does,
    world::{World, document, etl, load, namespace, start, unit, values},
};
use gofer_core::{
    definition::Pipeline,
    run::{Mount, Reason, RunState, TaskState},
};
use gofer_engine::{Engine, Error, Start, Wanted};
use gofer_store::RunRow;
use serde_json::json;
use std::collections::BTreeMap;

fn files() -> Pipeline {
    document(json!({ "tasks": {
        "list": { "env": { "T": { "secret": "token" } } },
        "load": {
            "depends_on": { "list": "success" },
            "env": { "F": { "output": "list.files" }, "N": { "output": "list.n" } },
        },
        "report": { "depends_on": { "load": "success" }, "env": { "R": { "output": "load.rows" } } },
    }}))
}

async fn start_some(engine: &Engine, wanted: Wanted) -> Result<RunRow, Error> {
    start_with(engine, wanted, Vec::new()).await
}

async fn start_with(engine: &Engine, wanted: Wanted, mounts: Vec<Mount>) -> Result<RunRow, Error> {
    let version = engine.apply(&namespace(), files()).await?;
    engine
        .start(Start {
            namespace: namespace(),
            pipeline: etl(),
            version: version.number,
            params: BTreeMap::new(),
            secrets: values(&[]),
            trigger: "manual".to_owned(),
            calls: BTreeMap::new(),
            mounts,
            only: Some(wanted),
            like: None,
        })
        .await
}

fn task(name: &str) -> Wanted {
    Wanted {
        tasks: vec![name.to_owned()],
        ..Wanted::default()
    }
}

fn with(outputs: &[(&str, &str)], wanted: Wanted) -> Wanted {
    let text = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    Wanted {
        outputs: outputs.iter().map(text).collect(),
        ..wanted
    }
}

fn problems(refused: Result<RunRow, Error>) -> Vec<String> {
    match refused {
        Err(Error::Refused(refused)) => refused.problems,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_missing_is_said_at_once_and_nothing_is_stored() {
    let world = World::new();
    world.live(async |engine| {
        let said = problems(start_some(&engine, task("load")).await);
        assert_eq!(
            said,
            ["files", "n"].map(|key| format!(
                "output list.{key} is read, and no kept run of etl has it: pass --output \
                 list.{key}=VALUE, or run list too"
            ))
        );
        let said = problems(start_some(&engine, task("lod")).await);
        assert_eq!(said, ["etl has no task `lod`, did you mean `load`?"]);
        let outputs = [("list.filse", "x"), ("load.rows", "1"), ("files", "x")];
        let said = problems(start_some(&engine, with(&outputs, task("load"))).await);
        let said = said.join("\n");
        for part in [
            "--output list.filse: nothing that runs reads it, did you mean `files`?",
            "--output load.rows: load runs, so its outputs are its own",
            "--output files: TASK.KEY is expected",
            "output list.files is read",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
        let filter = gofer_store::Filter::default();
        let page = engine.store().runs(&filter, None, 9).await.unwrap();
        assert!(page.rows.is_empty());
    });
}

#[test]
fn outputs_come_from_the_newest_run_that_has_them_and_what_is_said_by_hand_wins() {
    let world = World::new();
    world.scheduler.script("list", |_| {
        vec![(0, Does::Output("files=one\nn=1\n")), (10, Does::Exit(0))]
    });
    world.live(async |engine| {
        let version = engine.apply(&namespace(), files()).await.unwrap();
        let whole = Start {
            namespace: namespace(),
            pipeline: etl(),
            version: version.number,
            params: BTreeMap::new(),
            secrets: values(&[("token", "abcdef")]),
            trigger: "manual".to_owned(),
            calls: BTreeMap::new(),
            mounts: Vec::new(),
            only: None,
            like: None,
        };
        let first = engine.start(whole).await.unwrap();
        engine.settled().await;
        // A newer run does not have them.
        start(
            &engine,
            crate::world::pipeline(&json!({ "other": {}, "x": {} })),
        )
        .await;
        engine.settled().await;

        let run = start_some(&engine, with(&[("list.n", "7")], task("load")))
            .await
            .unwrap();
        let given = &run.origin.partial.as_ref().unwrap().given["list"];
        assert_eq!((given.run, given.number), (Some(first.id), Some(1)));
        engine.settled().await;
        let stored = load(&engine, &run).await;
        assert_eq!(stored.row.head.state, RunState::Succeeded);
        let skipped = unit(&stored, "list");
        assert_eq!(
            (skipped.state, skipped.reason),
            (TaskState::Skipped, Some(Reason::NotSelected))
        );
        let seen = ["F", "N"].map(|name| world.scheduler.variable("load", name).unwrap());
        assert_eq!(seen, ["one", "7"]);
    });
}

#[test]
fn a_partial_run_needs_only_the_secrets_of_its_tasks_also_when_it_is_gone_on_with() {
    let world = World::new();
    world
        .scheduler
        .script("load", |_| vec![(60_000, Does::Exit(0))]);
    let outputs = [("list.files", "x"), ("list.n", "1")];
    let run = world.live(async |engine| {
        let run = start_some(&engine, with(&outputs, task("load")))
            .await
            .unwrap();
        crate::world::until(&engine, &run, "load", TaskState::Running).await;
        run
    });
    world.live(async |engine| {
        engine
            .resume(&namespace(), &etl(), Vec::new())
            .await
            .unwrap();
        engine.settled().await;
        let stored = load(&engine, &run).await;
        assert_eq!(stored.row.head.state, RunState::Succeeded);
        assert_eq!(unit(&stored, "report").reason, Some(Reason::NotSelected));
    });
}

#[test]
fn mounts_reach_the_containers_and_are_absolute() {
    let world = World::new();
    let outputs = [("list.files", "x"), ("list.n", "1")];
    let mount = |source: &str| Mount {
        source: source.to_owned(),
        target: "/src".to_owned(),
        read_only: false,
    };
    world.live(async |engine| {
        let some = || with(&outputs, task("load"));
        let refused = start_with(&engine, some(), vec![mount("src"), mount("/b")]).await;
        assert_eq!(
            problems(refused),
            [
                "mount src:/src: both paths must be absolute",
                "mount /b:/src: something else is mounted there too"
            ]
        );
        let run = start_with(&engine, some(), vec![mount("/home/me")])
            .await
            .unwrap();
        assert_eq!(run.origin.mounts, [mount("/home/me")]);
        engine.settled().await;
    });
}

#[test]
fn a_run_like_another_takes_its_params_mounts_and_tasks_where_nothing_else_is_said() {
    let world = World::new();
    world.live(async |engine| {
        let pipeline = document(json!({
            "params": { "day": {}, "n": { "type": "int", "default": 1 } },
            "tasks": { "a": {}, "b": { "depends_on": { "a": "success" } } },
        }));
        let first = engine.apply(&namespace(), pipeline).await.unwrap().number;
        let without =
            document(json!({ "params": { "n": { "default": "9" } }, "tasks": { "a": {} } }));
        let second = engine.apply(&namespace(), without).await.unwrap().number;
        let ask = |version: u32, params: &[(&str, &str)], like| Start {
            namespace: namespace(),
            pipeline: etl(),
            version,
            params: params
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            secrets: Vec::new(),
            trigger: "manual".to_owned(),
            calls: BTreeMap::new(),
            mounts: Vec::new(),
            only: None,
            like,
        };
        let mounts = vec![Mount {
            source: "/a".to_owned(),
            target: "/b".to_owned(),
            read_only: true,
        }];
        let old = Start {
            mounts: mounts.clone(),
            only: Some(task("b")),
            ..ask(first, &[("day", "monday"), ("n", "2")], None)
        };
        let old = engine.start(old).await.unwrap();
        let new = engine
            .start(ask(first, &[("n", "3")], Some(old.id)))
            .await
            .unwrap();
        assert_ne!(new.id, old.id);
        let text = |row: &RunRow| serde_json::to_value(&row.origin.params).unwrap();
        assert_eq!(text(&new), json!({ "day": "monday", "n": "3" }));
        assert_eq!(new.origin.mounts, mounts);
        assert_eq!(new.origin.partial, old.origin.partial);
        // `b` is not in the second version, so it cannot be like that one.
        let said = problems(engine.start(ask(second, &[], Some(old.id))).await);
        assert_eq!(said, ["etl has no task `b`, did you mean `a`?"]);
        let whole = Start {
            only: Some(task("a")),
            ..ask(second, &[], Some(old.id))
        };
        let whole = engine.start(whole).await.unwrap();
        assert_eq!(text(&whole), json!({ "n": "2" }));
        engine.settled().await;
    });
}
