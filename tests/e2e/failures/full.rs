//! An engine without room, and one without processes to give.

use super::task;
use crate::harness::{Private, Project};

#[test]
fn an_engine_whose_disk_is_full_says_so() {
    let engine = Private::new(&[], Some("64m"));
    let project = Project::on(&engine.docker());
    project.write(
        "gofer.toml",
        r#"
name = "full"
[tasks.fills]
image = "gofer-demo:1"
script = "head -c 200000000 /dev/zero > /big || { echo 'the job saw it'; exit 5; }"
"#,
    );
    // A job that fills the disk sees it itself, and its words are kept.
    let (done, run) = project.run(&[]);
    done.assert_code(2);
    let fills = task(&run, "fills");
    assert_eq!(fills["reason"], "exit_code", "{fills:#}");
    assert_eq!(fills["attempts"][0]["exit_code"], 5, "{fills:#}");
    assert!(project.left().is_empty(), "{:#?}", project.left());
    // One that comes to a full disk cannot even be made.
    let filler = engine.path("data").join("filler");
    let _ = std::fs::write(&filler, vec![0; 64 << 20]);
    let (done, run) = project.run(&[]);
    println!("{}", done.err());
    done.assert_code(2);
    let fills = task(&run, "fills");
    assert_eq!(fills["reason"], "no_space", "{fills:#}");
    let message = fills["message"].as_str().unwrap();
    assert!(
        message.contains("disk is full") && message.contains("docker system df"),
        "{message}"
    );
    std::fs::remove_file(&filler).unwrap();
    // What could not be taken away then is taken away by the next one.
    project.gofer(&["run"]);
    assert!(project.left().is_empty(), "{:#?}", project.left());
}

#[test]
fn a_container_that_may_have_no_process_says_so() {
    let engine = Private::new(&["--default-ulimit", "nproc=1:1"], None);
    let project = Project::on(&engine.docker());
    project.write(
        "gofer.toml",
        "name = \"none\"\n[tasks.only]\nimage = \"gofer-demo:1\"\nuser = \"1234\"\nscript = \"true\"\n",
    );
    let (done, run) = project.run(&[]);
    println!("{}", done.err());
    done.assert_code(2);
    let only = task(&run, "only");
    assert_eq!(only["reason"], "pids_exhausted", "{only:#}");
    let message = only["message"].as_str().unwrap();
    assert!(message.contains("limit on processes"), "{message}");
    assert!(project.left().is_empty(), "{:#?}", project.left());
}

#[test]
fn an_engine_that_is_gone_for_good_can_be_left_and_nothing_is_lost() {
    let mut engine = Private::new(&[], None);
    let project = Project::on(&engine.docker());
    project.write(
        "gofer.toml",
        "name = \"away\"\n[tasks.only]\nimage = \"gofer-demo:1\"\nscript = \"echo begun; sleep 60\"\n",
    );
    let mut live = project.spawn(&["run", "-o", "json"]);
    live.until_it_says("| begun");
    engine.end(rustix::process::Signal::KILL);
    std::thread::sleep(std::time::Duration::from_secs(1));
    assert!(live.is_going());
    let shown = project.gofer(&["show", "away/1", "-o", "json"]).json();
    assert_eq!(shown["tasks"][0]["state"], "running", "{shown:#}");
    for _ in 0..3 {
        live.signal(rustix::process::Signal::INT);
        std::thread::sleep(std::time::Duration::from_millis(300));
    }
    let done = live.done();
    done.assert_code(3);
    assert!(done.err().contains("gofer run --resume"), "{}", done.err());
    engine.start();
    let (done, run) = project.run(&["--resume"]);
    done.assert_code(3);
    assert_eq!(run["state"], "cancelled", "{run:#}");
    assert_eq!(run["number"], 1);
    assert!(project.left().is_empty(), "{:#?}", project.left());
}
