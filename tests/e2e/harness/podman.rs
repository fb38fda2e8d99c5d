//! Debian's Podman, whose service is started for the tests on a socket and in a storage of their
//! own, with the demo image in it.

use super::{Docker, IMAGE, demo_image};
use std::{
    fs::File,
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, Stdio},
    sync::LazyLock,
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
const SETTINGS: &str =
    "[containers]\ndefault_ulimits = [\"nofile=1024:1024\", \"nproc=4096:4096\"]\n";

/// `None`: it cannot be had here, which is said.
pub(crate) fn podman() -> Option<Docker> {
    static SERVICE: LazyLock<Result<Docker, String>> = LazyLock::new(|| {
        install()?;
        demo_image();
        let service = serve();
        if !service.has_image(IMAGE) {
            load(&service);
        }
        Ok(service)
    });
    match &*SERVICE {
        Ok(service) => Some(service.clone()),
        Err(why) => {
            println!("skipped: podman cannot be installed: {why}");
            None
        }
    }
}

fn shell(script: &str) -> Result<(), String> {
    let done = Command::new("sh").args(["-ec", script]).output();
    let done = done.map_err(|error| error.to_string())?;
    let words = String::from_utf8_lossy(&done.stderr);
    done.status.success().then_some(()).ok_or(words.into())
}

fn install() -> Result<(), String> {
    let is_missing = |program: &&(&str, &str)| shell(&format!("command -v {}", program.0)).is_err();
    let missing = PROGRAMS.iter().filter(is_missing);
    let packages: Vec<&str> = missing.map(|(_, package)| *package).collect();
    if packages.is_empty() {
        return Ok(());
    }
    let packages = packages.join(" ");
    let install = "DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends";
    // One at a time: every test is a process of its own.
    let lock = std::env::temp_dir().join("gofer-e2e-apt.lock");
    let lock = lock.display();
    shell(&format!(
        "flock {lock} sh -ec 'apt-get update -qq && {install} {packages}'"
    ))
}

/// The storage is one for all processes that test, and stays. The service ends by itself when
/// nobody asks it anything any more.
#[expect(
    clippy::zombie_processes,
    reason = "it ends by itself, after whoever asked it last"
)]
fn serve() -> Docker {
    let folder = std::env::temp_dir().join("gofer-e2e-podman");
    std::fs::create_dir_all(&folder).unwrap();
    let socket = folder.join(format!("{}.sock", std::process::id()));
    let settings = folder.join("containers.conf");
    std::fs::write(&settings, SETTINGS).unwrap();
    let said = socket.with_extension("log");
    let log = File::create(&said).unwrap();
    let mut command = Command::new("podman");
    for (flag, name) in [
        ("--root", "root"),
        ("--runroot", "run"),
        ("--tmpdir", "tmp"),
    ] {
        command.arg(flag).arg(folder.join(name));
    }
    command
        .env("CONTAINERS_CONF", settings)
        .current_dir(&folder)
        .args(["system", "service", "--time=20"])
        .arg(format!("unix://{}", socket.display()))
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        // Not ended by what ends a test.
        .process_group(0)
        .spawn()
        .unwrap();
    let service = Docker::at(&socket);
    for _ in 0..300 {
        if service.answers() {
            return service;
        }
        sleep(Duration::from_millis(50));
    }
    panic!("podman's service does not answer:\n{}", read(&said));
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

fn load(service: &Docker) {
    let from = Docker::shared().host();
    let to = service.host();
    let done = shell(&format!(
        "docker -H {from} save {IMAGE} | docker -H {to} load"
    ));
    done.unwrap_or_else(|words| panic!("the image cannot be brought to podman: {words}"));
    assert!(service.has_image(IMAGE), "it has another name there");
}
