use crate::server::{TestServer, program, soon, task, until};
use futures_util::TryStreamExt;
use gofer_scheduler::fake::Program;
use gofer_sdk::{
    Error, RunEvent, RunRef,
    types::{Mount, OnlyTasks, RerunRun, Run, RunState, StartRun, TaskState},
};
use serde_json::json;
use std::collections::BTreeMap;

async fn ended(server: &TestServer, run: &Run) -> Run {
    soon(server.client.events(run.id, None).try_collect::<Vec<_>>())
        .await
        .unwrap();
    server.client.run(&RunRef::Id(run.id)).await.unwrap()
}

#[expect(clippy::panic, reason = "a test")]
fn refused(answer: Result<Run, Error>) -> (String, u16, String) {
    match answer {
        Err(Error::Problem(problem)) => {
            let said = [vec![problem.to_string()], problem.problems.clone()].concat();
            (problem.word().to_owned(), problem.status, said.join("\n"))
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
#[expect(
    clippy::too_many_lines,
    reason = "one story from its beginning to its end"
)]
async fn a_rerun_adds_attempts_to_the_same_run_and_is_followed_like_the_first_time() {
    let server = TestServer::new();
    server.program(
        "load",
        Program {
            code: 1,
            ..program(5, b"no")
        },
    );
    let run = server.start(json!({"list": task(), "load": task()})).await;
    let run = ended(&server, &run).await;
    assert_eq!(run.state, RunState::Failed);

    server.program("load", program(300, b"yes"));
    let failed = RerunRun {
        failed: true,
        ..RerunRun::default()
    };
    let again = server.client.rerun(run.id, &failed).await.unwrap();
    assert_eq!(
        (again.id, again.number, again.state),
        (run.id, 1, RunState::Running)
    );
    let (word, status, said) = refused(server.client.rerun(run.id, &failed).await);
    assert_eq!((word.as_str(), status), ("not_rerun", 409));
    assert!(
        said.contains("etl/1 cannot be rerun so: it is not over"),
        "{said}"
    );

    let events: Vec<RunEvent> = soon(server.client.events(run.id, None).try_collect())
        .await
        .unwrap();
    assert!(matches!(events.last(), Some(RunEvent::End(_))));
    let run = server.client.run(&RunRef::Id(run.id)).await.unwrap();
    assert_eq!(run.state, RunState::Succeeded);
    let attempts = ["list", "load"].map(|task| run.task(task).unwrap().attempts.len());
    assert_eq!(attempts, [1, 2]);

    let from = |from: &[&str]| RerunRun {
        from: from.iter().map(|from| (*from).to_owned()).collect(),
        ..RerunRun::default()
    };
    for (wrong, part) in [
        (from(&["lod"]), "no task `lod`, did you mean `load`?"),
        (
            from(&["load/x"]),
            "\"load/x\" is neither TASK nor TASK/INDEX",
        ),
        (failed.clone(), "nothing of it failed"),
        (
            RerunRun {
                failed: true,
                ..from(&["load"])
            },
            "do not go together",
        ),
    ] {
        let (_, _, said) = until(async || {
            // What was held for the run is given back a moment after its end.
            Some(refused(server.client.rerun(run.id, &wrong).await))
        })
        .await;
        assert!(said.contains(part), "{part}: {said}");
    }
    server.client.rerun(run.id, &from(&["list"])).await.unwrap();
    let run = ended(&server, &run).await;
    assert_eq!(run.task("list").unwrap().attempts.len(), 2);
    server.stop().await;
}

#[tokio::test]
#[expect(
    clippy::too_many_lines,
    reason = "one story from its beginning to its end"
)]
async fn a_run_of_some_tasks_says_what_it_is_about_and_where_the_rest_is_from() {
    let server = TestServer::new();
    let output = Some(b"files=a,b\n".to_vec());
    server.program(
        "list",
        Program {
            output,
            ..program(5, b"")
        },
    );
    let mut load = task();
    load["depends_on"] = json!({"list": "success"});
    load["env"] = json!({"F": {"output": "list.files"}});
    let whole = server.start(json!({"list": task(), "load": load})).await;
    let whole = ended(&server, &whole).await;
    assert!(whole.partial.is_none() && whole.mounts.is_empty());

    let mount = Mount {
        source: "/tmp".into(),
        target: "/src".into(),
        read_only: true,
    };
    let start = StartRun {
        version: whole.version,
        mounts: vec![mount.clone()],
        only: Some(OnlyTasks {
            tasks: vec!["load".into()],
            ..OnlyTasks::default()
        }),
        ..StartRun::default()
    };
    let run = server
        .client
        .start_run("default", "etl", &start)
        .await
        .unwrap();
    let run = ended(&server, &run).await;
    assert_eq!(run.state, RunState::Succeeded);
    let partial = run.partial.clone().unwrap();
    assert_eq!(partial.only, ["load"]);
    let given = &partial.given["list"];
    assert_eq!((given.run, given.number), (Some(whole.id), Some(1)));
    assert_eq!(
        given.outputs,
        BTreeMap::from([("files".into(), "a,b".into())])
    );
    assert_eq!(run.mounts, [mount]);
    let list = run.task("list").unwrap();
    assert_eq!(
        (list.state, list.reason.as_deref()),
        (TaskState::Skipped, Some("not_selected"))
    );

    let like = StartRun {
        version: whole.version,
        like: Some(run.id),
        ..StartRun::default()
    };
    let alike = server
        .client
        .start_run("default", "etl", &like)
        .await
        .unwrap();
    assert_eq!((alike.partial, alike.mounts), (run.partial, run.mounts));
    let start = StartRun {
        only: Some(OnlyTasks {
            tasks: vec!["laod".into()],
            outputs: BTreeMap::from([("list.x".into(), "1".into())]),
            ..OnlyTasks::default()
        }),
        ..start
    };
    let (word, _, said) = refused(server.client.start_run("default", "etl", &start).await);
    assert_eq!(word, "refused");
    for part in ["no task `laod`, did you mean `load`?", "--output list.x"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    server.stop().await;
}
