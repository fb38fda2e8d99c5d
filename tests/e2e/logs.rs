//! Every byte a container wrote is stored, whatever it is and whenever Gofer dies.

use crate::harness::{Live, Project, Since, Stage, number, wait_for};
use std::time::Duration;

/// What a task writes, as a script and as bytes. Each pauses in the middle of a line.
struct Writing {
    task: &'static str,
    script: String,
    bytes: Vec<u8>,
}

fn writings(lines: usize) -> Vec<Writing> {
    let half = lines / 2;
    let count = |from: usize, to: usize| {
        (from..=to).fold(String::new(), |text, n| text + &format!("{n}\n"))
    };
    let odd = [
        // A character of two bytes across each mark of 16 KiB, with nothing that ends a line.
        "head -c 16383 /dev/zero | tr '\\000' a; printf '\\303\\251'",
        "head -c 16383 /dev/zero | tr '\\000' b; printf '\\303'; sleep 0.4; printf '\\251'",
        "printf 'nul\\000nul \\377\\376\\n\\r\\n\\n'; printf '\\033[31mred\\033[0m\\n'",
        "printf '\\303\\n\\303'; printf '\\000'; printf 'no newline'",
    ];
    let mut odd_bytes = b"a".repeat(16383);
    odd_bytes.extend_from_slice("é".as_bytes());
    odd_bytes.extend(b"b".repeat(16383));
    odd_bytes.extend_from_slice("é".as_bytes());
    odd_bytes
        .extend_from_slice(b"nul\0nul \xff\xfe\n\r\n\n\x1b[31mred\x1b[0m\n\xc3\n\xc3\0no newline");
    vec![
        Writing {
            task: "odd",
            script: odd.join("\n"),
            bytes: odd_bytes,
        },
        Writing {
            task: "long",
            script: "head -c 4999999 /dev/zero | tr '\\000' x; sleep 0.4\nhead -c 5000001 /dev/zero | tr '\\000' y".into(),
            bytes: [b"x".repeat(4_999_999), b"y".repeat(5_000_001)].concat(),
        },
        Writing {
            task: "many",
            script: format!("seq 1 {half}; printf 'half a '; sleep 0.4; echo line\nseq {} {lines}", half + 1),
            bytes: [
                count(1, half),
                "half a line\n".into(),
                count(half + 1, lines),
            ]
            .concat()
            .into_bytes(),
        },
        Writing {
            task: "slow",
            script: "for n in $(seq 1 60); do printf \"$n\"; sleep 0.03; done".into(),
            bytes: (1..=60).map(|n: u32| n.to_string()).collect::<String>().into_bytes(),
        },
        Writing {
            task: "wide",
            script: "sleep 1; for n in 16383 16384 16385 20000 32767 32768 40000; do head -c $n /dev/zero | tr '\\000' w; echo; echo next; done".into(),
            bytes: [16383, 16384, 16385, 20000, 32767, 32768, 40000]
                .iter()
                .flat_map(|n| [vec![b'w'; *n], b"\nnext\n".to_vec()].concat())
                .collect(),
        },
        Writing {
            task: "nothing",
            script: "true".into(),
            bytes: Vec::new(),
        },
    ]
}

fn project(writings: &[Writing]) -> Project {
    let tasks = writings.iter().map(|writing| {
        format!(
            "[tasks.{}]\nscript = '''\n{}\n'''\n",
            writing.task,
            writing.script.replace("'''", "")
        )
    });
    let head = "name = \"torture\"\n[defaults]\nimage = \"gofer-demo:1\"\n";
    Project::new(&(head.to_owned() + &tasks.collect::<String>()))
}

fn assert_whole(project: &Project, run: u32, writings: &[Writing]) {
    for writing in writings {
        let found = project.logs(&format!("torture/{run}/{}", writing.task));
        if found != writing.bytes {
            let same = found
                .iter()
                .zip(&writing.bytes)
                .take_while(|(a, b)| a == b)
                .count();
            let around = |bytes: &[u8]| {
                let piece =
                    &bytes[same.saturating_sub(20).min(bytes.len())..(same + 20).min(bytes.len())];
                String::from_utf8_lossy(piece).into_owned()
            };
            panic!(
                "{} of run {run}: {} bytes instead of {}, different from byte {same} on: {:?} instead of {:?}",
                writing.task,
                found.len(),
                writing.bytes.len(),
                around(&found),
                around(&writing.bytes),
            );
        }
    }
}

#[test]
fn every_byte_is_stored() {
    let writings = writings(number("GOFER_E2E_LINES", 300_000));
    let project = project(&writings);
    let done = project.gofer(&["run", "--quiet"]);
    done.assert_code(0);
    println!("took {:?}", done.took);
    assert_whole(&project, 1, &writings);
    project.assert_nothing_left();
}

#[test]
fn every_byte_is_stored_although_gofer_is_killed_in_the_middle_of_a_line() {
    let writings = writings(number("GOFER_E2E_LINES", 300_000));
    let project = project(&writings);
    for (run, pauses) in (1..).zip([[30, 300], [250, 50], [600, 700]]) {
        let live = project.spawn(&["run", "--quiet"]);
        let begun = |count: usize| {
            let records = crate::harness::Records::open(&project.data)?;
            let rows = records.attempts();
            let started = rows.iter().filter(|row| row.stage >= Stage::Started);
            (records.runs().0 == i64::from(run) && started.count() >= count).then_some(())
        };
        wait_for("tasks to begin", Duration::from_secs(30), || begun(3));
        std::thread::sleep(Duration::from_millis(pauses[0]));
        live.kill();
        let live = project.spawn(&["run", "--resume", "--quiet"]);
        std::thread::sleep(Duration::from_millis(pauses[1]));
        live.kill();
        let begun = Since::now();
        project
            .gofer(&["run", "--resume", "--quiet"])
            .assert_code(0);
        println!("run {run}: the rest took {:?}", begun.elapsed());
        assert_eq!(project.records().runs(), (i64::from(run), 0));
        assert_whole(&project, run, &writings);
        project.assert_nothing_left();
    }
}

/// Digits go to one stream and letters to the other, so that each byte tells whence it came, wherever the
/// engine cuts a line.
#[test]
fn each_stream_keeps_its_order() {
    let project = Project::new(
        r#"
name = "streams"
[tasks.both]
image = "gofer-demo:1"
script = '''
awk 'BEGIN {
  for (n = 1; n <= 2000; n++) {
    print n ","; fflush()
    letters = ""
    for (m = n; m > 0; m = int(m / 10)) letters = substr("abcdefghij", m % 10 + 1, 1) letters
    print letters ";" > "/dev/stderr"; fflush("/dev/stderr")
  }
}'
'''
"#,
    );
    project.gofer(&["run", "--quiet"]).assert_code(0);
    let log = String::from_utf8(project.logs("streams/1/both")).unwrap();
    let of = |is_its: fn(&char) -> bool| log.chars().filter(is_its).collect::<String>();
    let out: String = (1..=2000).map(|n| format!("{n},")).collect();
    let letter =
        |digit: char| char::from(b'a' + u8::try_from(digit.to_digit(10).unwrap()).unwrap());
    let letters = |n: u32| n.to_string().chars().map(letter).collect::<String>() + ";";
    let err: String = (1..=2000).map(letters).collect();
    assert_eq!(of(|it| it.is_ascii_digit() || *it == ','), out);
    assert_eq!(of(|it| it.is_ascii_lowercase() || *it == ';'), err);
    assert_eq!(log.lines().count(), 4000);
}

#[test]
fn a_log_is_followed_to_its_end() {
    let project = Project::new(
        r#"
name = "follow"
[tasks.only]
image = "gofer-demo:1"
script = 'for n in $(seq 1 20); do echo "line $n"; sleep 0.05; done; printf end'
"#,
    );
    let mut live = project.spawn(&["run"]);
    live.until_it_says("line 2");
    let follower = project.spawn(&["logs", "-f", "follow/1/only"]);
    live.done().assert_code(0);
    let done = follower.done();
    done.assert_code(0);
    assert_eq!(done.stdout, project.logs("follow/1/only"));
    assert!(done.out().ends_with("line 20\nend"), "{}", done.out());
}

#[test]
fn of_a_log_beyond_its_cap_the_beginning_is_kept_and_the_rest_is_said() {
    let script = "head -c 7000000 /dev/zero | tr '\\\\0' x";
    let project = Project::new(&format!(
        "name = \"etl\"\n[tasks.a]\nimage = \"gofer-demo:1\"\nscript = \"{script}\"\n"
    ));
    let mut command = project.command(&["run"]);
    command.env("GOFER_LOG_CAP", "6Mi");
    let done = Live::new(command).done();
    done.assert_code(0);
    let words = "the log ends here, the last 708 kB were not kept";
    assert!(done.out().contains(&format!("a ! {words}")));
    let logs = project.gofer(&["logs", "etl/1/a"]);
    assert_eq!(logs.stdout, vec![b'x'; 6 << 20]);
    let err = logs.assert_code(0).err();
    assert!(err.starts_with(&format!("note: etl/1/a: {words}")), "{err}");
    let mut command = project.command(&["run"]);
    command.env("GOFER_LOG_CAP", "lots");
    let done = Live::new(command).done();
    assert!(done.assert_code(1).err().contains("GOFER_LOG_CAP"));
    project.assert_nothing_left();
}
