//! What is killed.

use crate::harness::{Listener, sha256};

/// A pipeline, and what a run of it comes to, however often Gofer dies.
pub(super) struct Scenario {
    pub(super) pipeline: fn(&Listener) -> String,
    /// Attempts of its document, as `TASK/ITEM/ATTEMPT`.
    pub(super) attempts: &'static [&'static str],
    /// Attempts that have a container, those of called pipelines among them.
    pub(super) containers: &'static [&'static str],
    /// Attempts beside which a service runs.
    pub(super) services: &'static [&'static str],
}

/// A DAG with an output handed on, a fan-out and a retry.
pub(super) const PLAIN: Scenario = Scenario {
    pipeline: plain,
    attempts: &["one//1", "three//1", "three//2", "two/0/1", "two/1/1"],
    containers: &["one//1", "three//1", "three//2", "two/0/1", "two/1/1"],
    services: &[],
};

/// The same with artifacts and a scratch volume handed on, a service and a called pipeline.
pub(super) const RICH: Scenario = Scenario {
    pipeline: rich,
    attempts: &[
        "kid//1", "one//1", "three//1", "three//2", "two/0/1", "two/1/1",
    ],
    containers: &[
        "hello//1", "one//1", "three//1", "three//2", "two/0/1", "two/1/1",
    ],
    services: &["three//1", "three//2"],
};

/// Each container says that it began, and writes before and after a pause.
fn begin(listener: &Listener) -> String {
    format!("{}seq 1 2000\nsleep 0.3\nseq 2001 4000", listener.script())
}

/// The log of a container that does so.
pub(super) fn expected_log(end: &str) -> String {
    let lines: String = (1..=4000).map(|line| format!("{line}\n")).collect();
    sha256((lines + end).as_bytes())
}

fn plain(listener: &Listener) -> String {
    let begin = begin(listener);
    format!(
        r#"
name = "kills"
[defaults]
image = "gofer-demo:1"
[tasks.one]
script = '''
{begin}
echo 'list=["a","b"]' >> "$GOFER_OUTPUT"
'''
[tasks.two]
depends_on = ["one"]
for_each = {{ output = "one.list" }}
script = '''
{begin}
echo "name=$GOFER_ITEM" >> "$GOFER_OUTPUT"
printf "no newline"
'''
[tasks.three]
depends_on = ["one"]
retry = {{ limit = 2, delay = "0s" }}
script = '''
{begin}
echo "try=$GOFER_ATTEMPT" >> "$GOFER_OUTPUT"
test "$GOFER_ATTEMPT" -eq 2
'''
"#
    )
}

fn rich(listener: &Listener) -> String {
    let begin = begin(listener);
    format!(
        r#"
name = "kills"
[defaults]
image = "gofer-demo:1"
[tasks.one]
volumes = {{ "/work" = {{ scratch = "work" }} }}
script = '''
{begin}
seq 1 50000 > /work/data
cp /work/data "$GOFER_ARTIFACTS/data"
echo 'list=["a","b"]' >> "$GOFER_OUTPUT"
'''
[tasks.two]
depends_on = ["one"]
for_each = {{ output = "one.list" }}
inputs = ["one"]
volumes = {{ "/work" = {{ scratch = "work" }} }}
files = {{ "/etc/mode" = "two" }}
script = '''
{begin}
cmp /work/data "$GOFER_INPUTS/one/data"
test "$(cat /etc/mode)" = two
echo "name=$GOFER_ITEM" >> "$GOFER_OUTPUT"
printf "no newline"
'''
[tasks.three]
depends_on = ["one"]
retry = {{ limit = 2, delay = "0s" }}
script = '''
{begin}
echo "try=$GOFER_ATTEMPT" >> "$GOFER_OUTPUT"
test "$GOFER_ATTEMPT" -eq 2
'''
[tasks.three.services.db]
image = "gofer-demo:1"
script = "while true; do nc -l -p 5432 < /dev/null > /dev/null; done"
ready = {{ tcp = 5432 }}
[tasks.kid]
depends_on = ["one"]
pipeline = {{ name = "child" }}
"#
    )
}

/// What [`RICH`] calls.
pub(super) fn child(listener: &Listener) -> String {
    let begin = begin(listener);
    format!(
        r#"
name = "child"
[tasks.hello]
image = "gofer-demo:1"
script = '''
{begin}
'''
"#
    )
}
