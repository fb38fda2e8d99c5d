use super::*;
use crate::view::sample::{at, change, middle, run, task};

const ORDER: [&str; 8] = [
    "lint", "list", "rates", "warm_up", "load", "notify", "report", "clean_up",
];

fn picture(run: Run) -> Picture {
    let place = |name: &str| Place {
        name: name.into(),
        parents: match name {
            "report" => vec!["list".into(), "load".into(), "rates".into()],
            _ => vec![],
        },
        finally: name == "clean_up",
    };
    let mut picture = Picture::new(run, (ORDER.map(place).to_vec(), true), at(5));
    picture.wrote(
        &("load".into(), Some(2)),
        b"b.csv: 30 of 240 rows\nb.csv: \x1b[31m60\x1b[0m of 240 rows\n",
    );
    picture.progress(&Progress {
        task: "warm_up".into(),
        item: None,
        message: Some("pulling postgres:17, 31 of 84 MB".into()),
    });
    picture
}

fn page(picture: &mut Picture, columns: usize, rows: usize) -> String {
    let mut lines = picture.above(columns, Paint::PLAIN);
    lines.push("--".into());
    lines.extend(picture.region(columns, rows, Paint::PLAIN));
    for line in &lines {
        assert!(text::width(line) <= columns, "{columns}: {line:?}");
    }
    lines.join("\n")
}

#[test]
fn at_80_columns_nothing_wraps() {
    insta::assert_snapshot!(page(&mut picture(middle()), 79, 24), @r##"
    ✗ lint      failed       1.0s  the command exited with code 1
    ✓ list      succeeded    2.0s  files=["a.csv","b.csv"]
    ✗ load[1]   failed       1.0s  the command exited with code 7
    ⊘ notify    skipped            `when` is false: outputs.list.files == "[]"
    --
    ◌ rates     retrying     5.0s  after attempt 1: it exited with code 1
    ⠋ warm_up   starting           pulling postgres:17, 31 of 84 MB
    ⠋ load 2/3  running      3.0s  1 failed; [2] b.csv: 60 of 240 rows
    ◌ report    waiting            waits for load and rates
    ◌ clean_up  waiting            at the end
      etl/42  running  5.0s  3 of 8 tasks over  Ctrl-C cancels
    "##);
}

#[test]
fn at_200_columns_there_is_room_for_what_a_task_says() {
    insta::assert_snapshot!(page(&mut picture(middle()), 199, 50), @r##"
    ✗ lint      failed       1.0s  the command exited with code 1
    ✓ list      succeeded    2.0s  files=["a.csv","b.csv"]
    ✗ load[1]   failed       1.0s  the command exited with code 7
    ⊘ notify    skipped            `when` is false: outputs.list.files == "[]"
    --
    ◌ rates     retrying     5.0s  after attempt 1: it exited with code 1
    ⠋ warm_up   starting           pulling postgres:17, 31 of 84 MB
    ⠋ load 2/3  running      3.0s  1 failed; [2] b.csv: 60 of 240 rows
    ◌ report    waiting            waits for load and rates
    ◌ clean_up  waiting            at the end
      etl/42  running  5.0s  3 of 8 tasks over  Ctrl-C cancels
    "##);
}

#[test]
fn at_40_columns_the_end_is_cut() {
    insta::assert_snapshot!(page(&mut picture(middle()), 39, 24), @"
    ✗ lint      failed       1.0s  the com…
    ✓ list      succeeded    2.0s  files=[…
    ✗ load[1]   failed       1.0s  the com…
    ⊘ notify    skipped            `when` …
    --
    ◌ rates     retrying     5.0s  after a…
    ⠋ warm_up   starting           pulling…
    ⠋ load 2/3  running      3.0s  1 faile…
    ◌ report    waiting            waits f…
    ◌ clean_up  waiting            at the …
      etl/42  running  5.0s  3 of 8 tasks …
    ");
}

#[test]
fn on_a_low_screen_those_that_wait_are_left_out_first() {
    let mut picture = picture(middle());
    picture.above(79, Paint::PLAIN);
    insta::assert_snapshot!(picture.region(79, 6, Paint::PLAIN).join("\n"), @"
    ◌ rates     retrying     5.0s  after attempt 1: it exited with code 1
    ⠋ warm_up   starting           pulling postgres:17, 31 of 84 MB
    ⠋ load 2/3  running      3.0s  1 failed; [2] b.csv: 60 of 240 rows
      … and 2 more
      etl/42  running  5.0s  3 of 8 tasks over  Ctrl-C cancels
    ");
    for rows in 1..12 {
        let lines = picture.region(79, rows, Paint::PLAIN).len();
        assert!(lines <= rows.max(3), "{rows}: {lines}");
    }
}

#[test]
fn what_is_over_is_told_once() {
    let mut picture = picture(middle());
    assert_eq!(
        picture.above(79, Paint::PLAIN).len(),
        4,
        "three tasks and a failed item"
    );
    assert_eq!(picture.above(79, Paint::PLAIN), Vec::<String>::new());
}

#[test]
fn a_new_attempt_begins_without_the_last_ones_words() {
    let mut picture = picture(middle());
    let key = ("rates".to_owned(), None);
    picture.wrote(&key, b"503 service unavailable\n");
    picture.changed(
        &middle(),
        &[change("rates", None, Some(2), TaskState::Starting)],
    );
    assert_eq!(picture.passing.lines.get(&key), None);
}

#[test]
fn a_cancel_says_what_the_next_signal_does() {
    let mut picture = picture(run(
        RunState::Running,
        vec![task("a", TaskState::Running, None, vec![])],
    ));
    picture.cancels = 1;
    insta::assert_snapshot!(picture.region(99, 24, Paint::PLAIN).join("\n"), @"
    ⠋ a  running
      etl/42  cancelling  5.0s  0 of 1 task over  its finally tasks still run; Ctrl-C again stops them…
    ");
    picture.goes_on = false;
    let alone = picture.footer(99, Paint::PLAIN);
    assert!(alone.ends_with("its tasks are being stopped"), "{alone}");
    picture.cancels = 2;
    assert!(
        picture
            .footer(99, Paint::PLAIN)
            .contains("Ctrl-C again leaves")
    );
}

#[test]
fn the_last_line_is_the_last_with_something_on_it() {
    for (piece, line) in [
        (&b"one\ntwo\n"[..], Some("two")),
        (b"one\ntw", Some("tw")),
        (b"one\n\n\n", Some("one")),
        (b"10%\r20%", Some("20%")),
        (b"\n", None),
        (b"", None),
    ] {
        assert_eq!(last_line(piece).as_deref(), line, "{piece:?}");
    }
}

#[test]
fn what_is_missing_of_a_log_scrolls_up_once_and_wraps_at_words() {
    let mut picture = picture(middle());
    let words = "part of the log may be missing here, nobody knows how much: the engine went away";
    picture.missing(&("load".into(), Some(2)), words);
    let above = picture.above(60, Paint::PLAIN);
    assert_eq!(
        above.get(..2).unwrap(),
        [
            "! load[2]  part of the log may be missing here, nobody knows",
            "how much: the engine went away"
        ]
    );
    assert!(picture.above(60, Paint::PLAIN).is_empty());
}
