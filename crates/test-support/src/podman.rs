//! Debian's Podman, whose service is started for tests on a socket and in a storage of their own.

use crate::packages;
use std::{
    fs::File,
    io::{Read as _, Write as _},
    os::unix::{net::UnixStream, process::CommandExt as _},
    path::{Path, PathBuf},
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

/// How often it is asked whether it answers, and after what pauses.
const LOOKS: u32 = 600;
const PAUSE: Duration = Duration::from_millis(50);

/// `Err`: it cannot be had here, and why.
pub fn install() -> Result<(), String> {
    PROGRAMS
        .iter()
        .try_for_each(|(program, package)| packages::have(program, package))
}

/// Starts it, and returns its socket. The storage is one for all processes that test, and stays:
/// images are imported once. The service ends by itself when nobody asks it anything any more.
pub fn serve(storage: &str, settings: &str) -> Result<PathBuf, String> {
    let words = |error: std::io::Error| format!("podman's service: {error}");
    let folder = std::env::temp_dir().join(storage);
    std::fs::create_dir_all(&folder).map_err(words)?;
    let socket = folder.join(format!("{}.sock", std::process::id()));
    let all = folder.join("containers.conf");
    std::fs::write(&all, format!("{LIMITS}{settings}")).map_err(words)?;
    let said = socket.with_extension("log");
    let log = File::create(&said).map_err(words)?;
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
        .stdout(log.try_clone().map_err(words)?)
        .stderr(log)
        // Not ended by what ends a test.
        .process_group(0)
        .spawn()
        .map_err(words)?;
    for _ in 0..LOOKS {
        if answers(&socket) {
            return Ok(socket);
        }
        sleep(PAUSE);
    }
    let log = std::fs::read_to_string(said).unwrap_or_default();
    Err(format!("podman's service does not answer: {log}"))
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
