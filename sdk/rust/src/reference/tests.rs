use super::*;
use proptest::prelude::*;

fn of(pipeline: &str, which: Which) -> RunRef {
    RunRef::Of {
        namespace: "default".into(),
        pipeline: pipeline.into(),
        which,
    }
}

fn parsed(text: &str) -> Reference {
    text.parse().unwrap()
}

#[test]
fn a_run_is_named_by_number_by_place_or_by_id() {
    let id = "01890a5d-ac96-774b-bcce-b302099a8057";
    for (text, run) in [
        ("etl/42", of("etl", Which::Number(42))),
        ("etl/latest", of("etl", Which::Back(1))),
        ("etl/-1", of("etl", Which::Back(1))),
        ("etl/-3", of("etl", Which::Back(3))),
        ("latest", RunRef::Any(Which::Back(1))),
        ("-2", RunRef::Any(Which::Back(2))),
        (id, RunRef::Id(id.parse().unwrap())),
    ] {
        assert_eq!(
            parsed(text),
            Reference {
                run,
                task: None,
                item: None
            },
            "{text}"
        );
    }
}

#[test]
fn a_task_and_an_item_follow_the_run() {
    let reference = parsed("etl/42/load/3");
    assert_eq!(reference.run, of("etl", Which::Number(42)));
    assert_eq!(
        (reference.task.as_deref(), reference.item),
        (Some("load"), Some(3))
    );
    assert_eq!(parsed("latest/load").run, RunRef::Any(Which::Back(1)));
    assert_eq!(parsed("latest/7").run, of("latest", Which::Number(7)));
}

#[test]
fn what_names_no_run_is_refused_with_the_reason() {
    for (text, why) in [
        ("", "cannot be a pipeline"),
        ("etl", "which of its runs is not said"),
        ("etl/", "which of its runs is not said"),
        ("42", "of which pipeline is not said"),
        ("etl/0", "which of its runs is not said"),
        ("Etl/1", "\"Etl\" cannot be a pipeline"),
        ("etl/1/", "\"\" cannot be a task"),
        ("etl/1/load/x", "no index"),
        ("etl/1/load/+1", "no index"),
        ("etl/1/load/1/2", "too many parts"),
        ("etl/99999999999999999999", "which of its runs is not said"),
    ] {
        let error = text.parse::<Reference>().unwrap_err().to_string();
        assert!(error.contains(why), "{text}: {error}");
    }
    assert!(
        "etl/1/load"
            .parse::<RunRef>()
            .unwrap_err()
            .to_string()
            .contains("a run is wanted")
    );
}

proptest! {
    #[test]
    fn what_is_printed_is_read_back(
        pipeline in "[a-z][a-z0-9_-]{0,62}",
        number in 1u64..,
        back in any::<bool>(),
        tail in proptest::option::of(("[a-z][a-z0-9_-]{0,62}", proptest::option::of(any::<u32>()))),
    ) {
        let which = if back { Which::Back(number) } else { Which::Number(number) };
        let (task, item) = tail.map_or((None, None), |(task, item)| (Some(task), item));
        let reference = Reference { run: of(&pipeline, which), task, item };
        prop_assert_eq!(parsed(&reference.to_string()), reference);
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC*", near in "[a-z0-9/-]{0,40}") {
        let _ = text.parse::<Reference>();
        let _ = near.parse::<Reference>();
    }
}
