//! What a task finds when it starts, and what stays of it: files, scripts, users and volumes.

use crate::harness::{Project, sha256};
use serde_json::Value;
use std::fs;

fn task<'a>(run: &'a Value, name: &str) -> &'a Value {
    let tasks = run["tasks"].as_array().expect("tasks");
    let found = tasks.iter().find(|task| task["name"] == name);
    found.unwrap_or_else(|| panic!("no task {name}: {run}"))
}

#[test]
fn files_arrive_byte_for_byte_with_no_newline_added() {
    let project = Project::new(
        r##"
name = "bytes"
[params.given]
default = ""
[defaults]
image = "gofer-demo:1"
files = { "/opt/everywhere" = "here" }
[tasks.first]
script = 'echo "rows=[1, 2]" >> "$GOFER_OUTPUT"'
[tasks.second]
depends_on = ["first"]
user = "4711"
script = '''
for file in plain given handed; do sha256sum < "/no/such/folder/$file" | cut -d " " -f 1; done
cat /opt/everywhere; echo "|"; /opt/tool; cat /opt/empty
if (echo more >> /opt/everywhere) 2> /dev/null; then echo written; fi
'''
[tasks.second.files]
"/no/such/folder/plain" = "a\u0001ä\r\nno newline"
"/no/such/folder/given" = { param = "given" }
"/no/such/folder/handed" = { output = "first.rows" }
"/opt/tool" = "#!/bin/sh\necho a tool\n"
"/opt/empty" = ""
"##,
    );
    let given = "$(exit 9);reboot\n\n 'q' \"";
    let (done, _) = project.run(&["--param", &format!("given={given}")]);
    done.assert_code(0);
    let log = String::from_utf8(project.logs("bytes/1/second")).unwrap();
    let expected: String = ["a\u{1}ä\r\nno newline", given, "[1, 2]"]
        .iter()
        .map(|text| sha256(text.as_bytes()) + "\n")
        .collect();
    let rest = log
        .strip_prefix(&expected)
        .unwrap_or_else(|| panic!("{log}"));
    assert!(rest.starts_with("here|\na tool\n"), "{log}");
    assert!(!log.contains("written"), "files are for reading: {log}");
    project.assert_nothing_left();
}

const CLOSED: &str = r#"
name = "closed"
[tasks.only]
image = "gofer-demo:1"
user = "worker"
read_only = true
working_dir = "/not/there/yet"
files = { "/etc/app/token" = { secret = "token" }, "/srv/plain" = "for all" }
script = '''
#!/bin/sh -e
id -un; pwd
wc -c < /etc/app/token; ls -ln /etc/app/token | cut -d " " -f 1
cat /srv/plain; echo
grep -c worker /etc/passwd
if touch /home/worker/x 2> /dev/null; then echo "the root can be written"; fi
echo "who=$(id -u)" >> "$GOFER_OUTPUT"
mkdir "$GOFER_ARTIFACTS/sub"
echo artifact > "$GOFER_ARTIFACTS/sub/file"
'''
"#;

#[test]
fn a_user_that_only_the_image_knows_works_on_a_read_only_root_and_reads_a_secret_file() {
    let project = Project::new(CLOSED);
    let secrets = project.write("secrets.env", "token=not-to-be-seen\n");
    let (done, run) = project.run(&["--secrets", secrets.to_str().unwrap()]);
    done.assert_code(0);
    let log = String::from_utf8(project.logs("closed/1/only")).unwrap();
    let expected = "worker\n/not/there/yet\n14\n-r--------\nfor all\n1\n";
    assert_eq!(log, expected);
    assert_eq!(task(&run, "only")["outputs"]["who"], "1234");
    let to = project.folder.join("out");
    let fetched = project.gofer(&["artifacts", "closed/1/only", "--to", to.to_str().unwrap()]);
    fetched.assert_code(0);
    let find = |at: &str| fs::read(to.join(at)).ok();
    let file = find("sub/file").or_else(|| find("only/sub/file"));
    assert_eq!(
        file.as_deref(),
        Some(&b"artifact\n"[..]),
        "{}",
        fetched.out()
    );
    project.assert_nothing_left();
}

/// The image has a folder for root alone where the volume is.
const SHARED: &str = r#"
name = "shared"
[defaults]
image = "gofer-demo:1"
user = "worker"
volumes = { "/work" = { scratch = "work" }, "/kept" = { persistent = "cache" } }
[tasks.write]
script = '''
ls -A /work
cat /kept/count 2> /dev/null || echo none
echo x >> /kept/count
echo 1 > /work/f
'''
[tasks.read]
depends_on = ["write"]
user = "root"
volumes = { "/work" = { scratch = "work", read_only = true } }
script = 'cat /work/f; touch /work/g 2> /dev/null || echo closed'
"#;

#[test]
fn a_scratch_volume_is_empty_at_the_start_of_a_run_and_gone_after_its_end() {
    let project = Project::new(SHARED);
    for (number, before) in [(1, "none\n"), (2, "x\n"), (3, "x\nx\n")] {
        project.gofer(&["run"]).assert_code(0);
        let logs = |task: &str| {
            let log = project.logs(&format!("shared/{number}/{task}"));
            String::from_utf8(log).unwrap()
        };
        assert_eq!(logs("write"), before, "run {number}");
        assert_eq!(logs("read"), "1\nclosed\n", "run {number}");
        // A persistent one is never removed with a run, and is all that stays.
        let left = project.left();
        assert_eq!(left.len(), 1, "{left:?}");
        assert!(left[0].starts_with("volume "), "{left:?}");
    }
}

#[test]
fn a_scratch_volume_is_gone_after_a_run_that_was_cancelled_too() {
    let project = Project::new(
        r#"
name = "ends"
[tasks.only]
image = "gofer-demo:1"
volumes = { "/work" = { scratch = "work" } }
script = 'echo 1 > /work/f; echo begun; sleep 60'
"#,
    );
    let mut live = project.spawn(&["run"]);
    live.until_it_says("| begun");
    live.signal(rustix::process::Signal::INT);
    live.done();
    project.assert_nothing_left();
}

#[test]
fn a_host_volume_is_the_users_folder_and_a_missing_one_is_said_and_not_made() {
    let project = Project::new("");
    let host = project.folder.join("data");
    fs::create_dir(&host).unwrap();
    let file = |path: &std::path::Path| {
        format!(
            r#"
name = "host"
[tasks.only]
image = "gofer-demo:1"
volumes = {{ "/data" = {{ host = "{}" }} }}
script = 'cat /data/in > /data/out'
"#,
            path.display()
        )
    };
    fs::write(host.join("in"), "from outside").unwrap();
    project.write("gofer.toml", &file(&host));
    let said = project.gofer(&["validate"]);
    let words = said.out() + &said.err();
    assert!(words.contains("of this machine"), "{words}");
    project.gofer(&["run"]).assert_code(0);
    assert_eq!(fs::read(host.join("out")).unwrap(), b"from outside");

    let missing = project.folder.join("missing");
    project.write("gofer.toml", &file(&missing));
    let (done, run) = project.run(&[]);
    done.assert_code(2);
    let only = task(&run, "only");
    assert_eq!(only["reason"], "start_failed", "{only}");
    let message = only["message"].as_str().unwrap();
    let path = missing.display().to_string();
    assert!(
        message.contains("mkdir -p") && message.contains(&path),
        "{message}"
    );
    assert!(!missing.exists(), "it was made");
    project.assert_nothing_left();
}

#[test]
fn what_cannot_be_put_where_it_should_be_is_said_with_a_remedy() {
    for (keys, reason, words) in [
        (
            r#"files = { "/tmp" = "x" }"#,
            "start_failed",
            "the image has a folder where `files` puts a file",
        ),
        (
            r#"files = { "/etc/passwd/x" = "x" }"#,
            "start_failed",
            "the image has a file where `files` needs a folder",
        ),
        (
            r#"volumes = { "/etc/passwd" = { scratch = "w" } }"#,
            "start_failed",
            "`volumes` puts a folder where the image has a file",
        ),
        (
            r#"working_dir = "/etc/passwd""#,
            "start_failed",
            "`working_dir` is a file in the image",
        ),
        (
            "user = \"nosuchuser\"\nfiles = { \"/s\" = { secret = \"token\" } }",
            "start_failed",
            "the image does not know this user",
        ),
    ] {
        let project = Project::new(&format!(
            "name = \"odd\"\n[tasks.only]\nimage = \"gofer-demo:1\"\nscript = \"true\"\n{keys}\n"
        ));
        let secrets = project.write("secrets.env", "token=not-to-be-seen\n");
        let (done, run) = project.run(&["--secrets", secrets.to_str().unwrap()]);
        done.assert_code(2);
        let only = task(&run, "only");
        assert_eq!(only["reason"], reason, "{only}");
        let message = only["message"].as_str().unwrap();
        assert!(message.contains(words), "{keys}: {message}");
        project.assert_nothing_left();
    }
}
