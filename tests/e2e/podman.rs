//! What only a look into Podman shows; the examples run there in `examples::on_podman`.

use crate::harness::{Project, podman};

const FAILS: &str = r#"
name = "etl"

[tasks.load]
image = "gofer-demo:1"
env = { PW = { secret = "pw" } }
script = "echo left > /tmp/state; exit 3"
"#;

#[test]
fn a_shell_in_what_failed_leaves_no_image_with_podman() {
    let Some(podman) = podman() else { return };
    let project = Project::on(&podman);
    project.write("gofer.toml", FAILS);
    let secrets = project.write("secrets", "pw=hunter2-podman\n");
    let done = project.gofer(&["run", "--secrets", secrets.to_str().unwrap()]);
    done.assert_code(2);
    let look = "cat /tmp/state; echo $PW; exit 7";
    let done = project.gofer(&["shell", "etl/1/load", "--", "sh", "-c", look]);
    assert_eq!(done.code, Some(7), "{}", done.err());
    assert_eq!(done.out(), "left\nhunter2-podman\n");
    project.assert_nothing_left();
}

#[test]
fn the_doctor_finds_nothing_amiss_with_podman() {
    let Some(podman) = podman() else { return };
    let project = Project::on(&podman);
    let done = project.gofer(&["doctor"]);
    done.assert_code(0);
    let said = done.out();
    assert!(said.contains("Podman 4."), "{said}");
    assert!(!said.contains("tasks are lost"), "{said}");
    assert!(!said.contains("has no init"), "{said}");
}
