//! What only a look into Podman shows; the examples run there in `examples::on_podman`.

use crate::harness::{Project, podman};

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
