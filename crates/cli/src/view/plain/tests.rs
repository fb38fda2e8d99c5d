use super::*;
use crate::view::sample::{at, change, middle};
use std::sync::{Arc, Mutex};

#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Paper {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

fn plain() -> (Plain, Paper) {
    let paper = Paper::default();
    let view = Plain::new(Box::new(paper.clone()), &middle(), true, at(0));
    (view, paper)
}

#[test]
fn each_thing_that_happens_is_a_line_with_its_task_in_front() {
    let (mut view, paper) = plain();
    let run = middle();
    let (list, load): (Key, Key) = (("list".into(), None), ("load".into(), Some(1)));
    view.changed(&run, &[change("list", None, Some(1), TaskState::Running)]);
    view.opened(&list);
    view.wrote(&list, b"looking\n\x1b[1mfound 2\x1b[0m fi");
    view.wrote(&list, b"les\nno newline");
    view.changed(&run, &[change("list", None, None, TaskState::Succeeded)]);
    view.closed(&list);
    view.opened(&load);
    view.changed(
        &run,
        &[
            change("load", Some(1), Some(1), TaskState::Running),
            change("load", Some(1), Some(1), TaskState::Failed),
            change("load", Some(1), None, TaskState::Failed),
            change("notify", None, None, TaskState::Skipped),
            change("rates", None, None, TaskState::Retrying),
            change("rates", None, Some(2), TaskState::Running),
            change("lint", None, None, TaskState::Failed),
        ],
    );
    view.wrote(&load, b"oh no\n");
    view.closed(&load);
    view.end();
    insta::assert_snapshot!(paper.text(), @r##"
    list     ● running
    list     | looking
    list     | found 2 files
    list     | no newline
    list     ✓ succeeded in 2.0s
    load[1]  ● running
    rates    ◌ retrying after attempt 1: it exited with code 1
    rates    ● running (attempt 2)
    lint     ✗ failed after 1.0s: the command exited with code 1
    load[1]  | oh no
    load[1]  ✗ failed after 1.0s: the command exited with code 7
    notify   ⊘ skipped: `when` is false: outputs.list.files == "[]"
    "##);
}

#[test]
fn what_is_missing_is_said_where_it_is_missing() {
    let (mut view, paper) = plain();
    let key: Key = ("load".into(), Some(1));
    view.opened(&key);
    view.wrote(&key, b"one\ntw");
    view.missing(&key, "3 B of the log are missing here");
    view.wrote(&key, b"ree\n");
    view.closed(&key);
    insta::assert_snapshot!(paper.text(), @"
    load[1]  | one
    load[1]  | tw
    load[1]  ! 3 B of the log are missing here
    load[1]  | ree
    ");
}

#[test]
fn a_task_is_not_over_before_its_log_is_told() {
    let (mut view, paper) = plain();
    let key: Key = ("load".into(), Some(0));
    view.opened(&key);
    view.changed(
        &middle(),
        &[
            change("load", Some(0), None, TaskState::Succeeded),
            change("load", None, None, TaskState::Failed),
        ],
    );
    assert_eq!(paper.text(), "", "both wait for the item's log");
    view.wrote(&key, b"last words\n");
    view.closed(&key);
    let lines: Vec<String> = paper.text().lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[0].ends_with("| last words"), "{lines:?}");
}

#[test]
fn what_follows_from_an_end_is_not_said_before_it() {
    let (mut view, paper) = plain();
    let key: Key = ("list".into(), None);
    view.opened(&key);
    view.changed(
        &middle(),
        &[
            change("list", None, None, TaskState::Failed),
            change("load", None, None, TaskState::Skipped),
        ],
    );
    assert_eq!(paper.text(), "");
    view.closed(&key);
    let lines: Vec<String> = paper.text().lines().map(str::to_owned).collect();
    assert!(lines[0].starts_with("list"), "{lines:?}");
    assert!(lines[1].starts_with("load"), "{lines:?}");
}

#[test]
fn a_log_that_never_ends_holds_nothing_back_for_good() {
    let (mut view, paper) = plain();
    view.opened(&("list".into(), None));
    view.changed(
        &middle(),
        &[change("list", None, None, TaskState::Succeeded)],
    );
    view.end();
    assert!(paper.text().contains("✓ succeeded"));
}

#[test]
fn progress_is_said_now_and_then() {
    let (mut view, paper) = plain();
    for second in 0..25 {
        view.tick(at(second));
        view.progress(&Progress {
            task: "list".into(),
            item: None,
            message: Some(format!("pulling, {second} MB")),
        });
    }
    assert_eq!(paper.text().lines().count(), 3);
}

#[test]
fn a_line_without_end_is_told_in_pieces() {
    let (mut view, paper) = plain();
    let key: Key = ("list".into(), None);
    for _ in 0..100 {
        view.wrote(&key, &[b'x'; 10_000]);
    }
    view.closed(&key);
    assert!(paper.text().lines().count() > 10);
    let written = paper.text().bytes().filter(|byte| *byte == b'x').count();
    assert_eq!(written, 1_000_000);
}

#[test]
fn a_cancel_speaks_of_finally_tasks_where_there_may_be_some() {
    let said = |goes_on: bool| {
        let paper = Paper::default();
        let mut view = Plain::new(Box::new(paper.clone()), &middle(), goes_on, at(0));
        view.cancelled(1);
        view.cancelled(2);
        paper.text()
    };
    insta::assert_snapshot!(said(true), @"
    cancelling; its finally tasks still run, a second signal stops them too
    stopping its finally tasks too; a third signal leaves, the containers go on
    ");
    insta::assert_snapshot!(said(false), @"
    cancelling; its tasks are being stopped
    its tasks are being stopped; a third signal leaves, the containers go on
    ");
}
