use crate::packages;
use gofer_scheduler_docker::{Endpoint, Found};
use std::{
    fs::File,
    io::{Read, Write},
    os::unix::net::UnixStream,
    path::Path,
    process::{Command, Stdio},
    thread::sleep,
    time::Duration,
};

/// Podman, and what Debian only recommends beside it.
const PROGRAMS: [(&str, &str); 3] = [
    ("podman", "podman"),
    ("/usr/lib/podman/netavark", "netavark"),
    ("catatonit", "catatonit"),
];

/// Its own limits may be above those of this process, which then cannot set them.
const LIMITS: &str =
    "[containers]\ndefault_ulimits = [\"nofile=1024:1024\", \"nproc=4096:4096\"]\n";

/// The storage is one for all processes that test, and stays: images are imported once. The service
/// ends by itself when nobody asks it anything any more.
#[expect(
    clippy::zombie_processes,
    reason = "it ends by itself, after whoever asked it last"
)]
pub(super) fn serve(storage: &str, settings: &str) -> Result<Found, String> {
    for (program, package) in PROGRAMS {
        packages::have(program, package)?;
    }
    let folder = std::env::temp_dir().join(storage);
    std::fs::create_dir_all(&folder).unwrap();
    let socket = folder.join(format!("{}.sock", std::process::id()));
    let all = folder.join("containers.conf");
    std::fs::write(&all, format!("{LIMITS}{settings}")).unwrap();
    let log = File::create(socket.with_extension("log")).unwrap();
    let mut command = Command::new("podman");
    for (flag, name) in [
        ("--root", "root"),
        ("--runroot", "run"),
        ("--tmpdir", "tmp"),
    ] {
        command.arg(flag).arg(folder.join(name));
    }
    command
        .env("CONTAINERS_CONF", all)
        .current_dir(&folder)
        .args(["system", "service", "--time=20"])
        .arg(format!("unix://{}", socket.display()))
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap();
    for _ in 0..300 {
        if answers(&socket) {
            return Ok(Found {
                endpoint: Endpoint::Unix(socket),
                why: "a test's own".to_owned(),
            });
        }
        sleep(Duration::from_millis(50));
    }
    let log = std::fs::read_to_string(socket.with_extension("log")).unwrap_or_default();
    panic!("podman's service does not answer:\n{log}");
}

fn answers(socket: &Path) -> bool {
    let asked = UnixStream::connect(socket).and_then(|mut stream| {
        stream.write_all(b"GET /_ping HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer.contains("200 OK"))
    });
    asked.unwrap_or(false)
}
