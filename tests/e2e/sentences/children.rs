//! Called pipelines.

use super::assert_says;
use crate::harness::Project;

/// A pipeline that calls another.
fn calls(name: &str, other: &str) -> String {
    format!("name = \"{name}\"\n[tasks.calls]\npipeline = {{ name = \"{other}\" }}\n")
}

fn does(name: &str) -> String {
    format!("name = \"{name}\"\n[tasks.work]\nimage = \"gofer-demo:1\"\nscript = \"true\"\n")
}

fn refusal(project: &Project) -> String {
    let done = project.gofer(&["run"]);
    done.assert_code(1);
    assert!(
        !project.data.join("gofer.db").exists() || project.records().runs().0 == 0,
        "no run was made"
    );
    done.err()
}

#[test]
fn s81_a_pipeline_that_calls_itself_is_refused_and_depth_8_is_the_most() {
    let itself = Project::new(&calls("p", "p"));
    assert_says(&refusal(&itself), &["p", "itself"]);

    let ring = Project::new(&calls("p", "q"));
    ring.write("q.toml", &calls("q", "r"));
    ring.write("r.toml", &calls("r", "p"));
    assert_says(&refusal(&ring), &["p", "q", "r"]);

    let chain = Project::new(&calls("p", "p1"));
    for depth in 1..9 {
        let (name, next) = (format!("p{depth}"), format!("p{}", depth + 1));
        chain.write(&format!("{name}.toml"), &calls(&name, &next));
    }
    chain.write("p9.toml", &does("p9"));
    assert_says(&refusal(&chain), &["8"]);
}
