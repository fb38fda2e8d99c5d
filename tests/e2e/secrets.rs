//! What a secret's value must never be found in.

use crate::harness::Project;
use std::{
    fs,
    path::{Path, PathBuf},
};

const VALUE: &str = "Zq7/canary+\"deep\" & wide#41x";

/// The value as it may be written somewhere: as it is, and in the encodings that a task may use.
fn spellings() -> Vec<String> {
    let bytes = VALUE.as_bytes();
    let hex = |upper: bool| -> String {
        let digit = |byte: &u8| {
            if upper {
                format!("{byte:02X}")
            } else {
                format!("{byte:02x}")
            }
        };
        bytes.iter().map(digit).collect()
    };
    let url: String = bytes
        .iter()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(*byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect();
    let json = serde_json::to_string(VALUE).unwrap();
    vec![
        VALUE.to_owned(),
        base64(bytes),
        hex(false),
        hex(true),
        url,
        json.trim_matches('"').to_owned(),
    ]
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for group in bytes.chunks(3) {
        let number = group
            .iter()
            .fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte))
            << (8 * (3 - group.len()));
        for place in 0..=group.len() {
            out.push(char::from(LETTERS[number >> (18 - 6 * place) & 63]));
        }
    }
    out
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.is_file() {
            found.push(path);
        }
    }
    found
}

fn assert_without(bytes: &[u8], place: &str) {
    for spelling in spellings() {
        let is_there = bytes
            .windows(spelling.len())
            .any(|window| window == spelling.as_bytes());
        assert!(!is_there, "{place} shows the secret as {spelling}");
    }
}

#[test]
fn a_secret_is_nowhere_to_be_read() {
    let project = Project::new(
        r#"
name = "discreet"
[defaults]
image = "gofer-demo:1"
env = { TOKEN = { secret = "token" } }
[tasks.tells]
script = '''
echo "plain $TOKEN"
echo "$TOKEN" >&2
printf '%s' "$TOKEN" | base64 -w 0; echo
printf '%s' "$TOKEN" | xxd -p -c 256
printf '%s' "$TOKEN" | xxd -p -u -c 256 || true
for part in "Zq7/canary+" '"deep" & wide#41x'; do printf '%s' "$part"; sleep 0.2; done; echo
echo "value=$TOKEN" >> "$GOFER_OUTPUT"
echo "begun"
sleep 1
'''
[tasks.fails]
depends_on = { tells = "any" }
allow_failure = true
script = 'echo "last words: $TOKEN"; exit 3'
[tasks.reads]
depends_on = { tells = "any" }
env = { HANDED = { output = "tells.value", default = "nothing" } }
script = 'test -n "$TOKEN" && echo "handed $HANDED"'
"#,
    );
    // The file that the user keeps it in lies outside of what is searched.
    let secrets = project.write("secrets.env", &format!("token={VALUE}\n"));
    let mut live = project.spawn(&["run", "--secrets", secrets.to_str().unwrap(), "-o", "json"]);
    live.until_it_says("| begun");
    let cmdline = fs::read(format!("/proc/{}/cmdline", live.pid())).unwrap();
    assert_without(&cmdline, "the command line");
    assert_without(
        &fs::read(format!("/proc/{}/environ", live.pid())).unwrap(),
        "the environment",
    );
    for file in files(&project.data) {
        assert_without(
            &fs::read(&file).unwrap(),
            &format!("{} meanwhile", file.display()),
        );
    }
    let done = live.done();
    assert_without(&done.stdout, "the document");
    assert_without(&done.stderr, "what was told");
    for file in files(&project.data) {
        assert_without(&fs::read(&file).unwrap(), &file.display().to_string());
    }
    for args in [
        &["logs", "discreet/1/tells"][..],
        &["logs", "discreet/1"],
        &["logs", "discreet/1/fails", "--timestamps"],
        &["logs", "discreet/1/reads"],
        &["show", "discreet/1", "-o", "json"],
        &["show", "discreet/1", "--config"],
        &["explain", "discreet/1"],
        &["runs", "-o", "json"],
    ] {
        let done = project.gofer(args);
        let words = format!("gofer {}", args.join(" "));
        assert_without(&done.stdout, &words);
        assert_without(&done.stderr, &words);
    }
    let log = String::from_utf8(project.logs("discreet/1/tells")).unwrap();
    assert!(
        log.contains("plain ***"),
        "it is masked, not left out: {log}"
    );
    project.assert_nothing_left();
}

#[test]
fn sealed_secrets_are_used_again_after_a_kill_and_gone_after_the_end() {
    let project = Project::new(
        r#"
name = "sealed"
[defaults]
image = "gofer-demo:1"
env = { TOKEN = { secret = "token" } }
[tasks.first]
script = 'echo begun; sleep 2; echo "first ${#TOKEN} $TOKEN"'
[tasks.second]
depends_on = ["first"]
script = 'echo "second ${#TOKEN} $TOKEN"'
"#,
    );
    let secrets = project.write("secrets.env", &format!("token='{VALUE}'\n"));
    let mut live = project.spawn(&["run", "--secrets", secrets.to_str().unwrap()]);
    live.until_it_says("| begun");
    live.kill();
    let keys = project.data.join("keys");
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&keys).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let done = project.gofer(&["run", "--resume", "-o", "json"]);
    done.assert_code(0);
    let length = VALUE.len();
    assert_eq!(
        project.logs("sealed/1/first"),
        format!("begun\nfirst {length} ***\n").as_bytes()
    );
    assert_eq!(
        project.logs("sealed/1/second"),
        format!("second {length} ***\n").as_bytes()
    );
    for file in files(&project.data) {
        assert_without(&fs::read(&file).unwrap(), &file.display().to_string());
    }
    let db = rusqlite::Connection::open(project.data.join("gofer.db")).unwrap();
    let sealed: i64 = db
        .query_row("SELECT count(*) FROM sealed", [], |row| row.get(0))
        .unwrap();
    assert_eq!(sealed, 0, "sealed values stay longer than they are needed");
}
