//! The engine that the tests run on: the machine's own, or one that is started for them, and the
//! image of a Debian package.

use bollard::{Docker as Client, query_parameters::CreateImageOptionsBuilder};
use futures_util::TryStreamExt;
use gofer_scheduler_docker::{Endpoint, Environment, Found, find};
use gofer_test_support::packages;
use std::{
    process::{Command, Stdio},
    sync::LazyLock,
    thread::sleep,
    time::Duration,
};
use tokio::sync::OnceCell;

pub(crate) const IMAGE: &str = "gofer-test/busybox:1";

const BUSYBOX: &str = "/bin/busybox";

/// The engine of this machine. It is left running: other tests find it.
static FOUND: LazyLock<Result<Found, String>> = LazyLock::new(|| {
    let environment = Environment::of_process();
    let mut last = match find(&environment) {
        Ok(found) => return Ok(found),
        Err(error) => error.to_string(),
    };
    let log = std::fs::File::create(std::env::temp_dir().join("gofer-test-dockerd.log"))
        .map_err(|error| error.to_string())?;
    Command::new("dockerd")
        .stdin(Stdio::null())
        .stdout(log.try_clone().map_err(|error| error.to_string())?)
        .stderr(log)
        .spawn()
        .map_err(|error| format!("{last}; and dockerd cannot be started: {error}"))?;
    for _ in 0..300 {
        sleep(Duration::from_millis(100));
        match find(&environment) {
            Ok(found) => return Ok(found),
            Err(error) => last = error.to_string(),
        }
    }
    Err(last)
});

static READY: OnceCell<()> = OnceCell::const_new();

/// Where the engine is, with the test image on it.
pub(crate) async fn found() -> Found {
    let found = FOUND.clone().expect("these tests need a container engine");
    READY.get_or_init(|| import(client(&found))).await;
    found
}

pub(crate) fn client(found: &Found) -> Client {
    let Endpoint::Unix(path) = &found.endpoint else {
        panic!("the tests need a local engine")
    };
    let version = bollard::API_DEFAULT_VERSION;
    Client::connect_with_unix(&path.to_string_lossy(), 120, version).unwrap()
}

/// Makes the test image out of the `busybox-static` package, if it is not there.
pub(crate) async fn import(client: Client) {
    let client = client.negotiate_version().await.unwrap();
    if client.inspect_image(IMAGE).await.is_ok() {
        return;
    }
    let options = CreateImageOptionsBuilder::new()
        .from_src("-")
        // With its tag, which Podman takes from nowhere else.
        .repo(IMAGE)
        .build();
    let body = bollard::body_full(archive().into());
    client
        .create_image(Some(options), Some(body), None)
        .try_collect::<Vec<_>>()
        .await
        .unwrap();
}

fn archive() -> Vec<u8> {
    packages::have(BUSYBOX, "busybox-static").unwrap();
    let busybox = std::fs::read(BUSYBOX).unwrap();
    let listed = Command::new(BUSYBOX).arg("--list").output().unwrap().stdout;
    let mut tar = tar::Builder::new(Vec::new());
    let mut put = |path: &str, mode: u32, content: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_mode(mode);
        header.set_size(content.len() as u64);
        if path.ends_with('/') {
            header.set_entry_type(tar::EntryType::Directory);
        }
        tar.append_data(&mut header, path, content).unwrap();
    };
    put("bin/", 0o755, b"");
    put("tmp/", 0o1777, b"");
    put("bin/busybox", 0o755, &busybox);
    put(
        "etc/passwd",
        0o644,
        b"root:x:0:0::/root:/bin/sh\nworker:x:1000:1000::/tmp:/bin/sh\n",
    );
    put("etc/group", 0o644, b"root:x:0:\nworker:x:1000:\n");
    for name in String::from_utf8(listed)
        .unwrap()
        .lines()
        .filter(|name| *name != "busybox")
    {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        tar.append_link(&mut header, format!("bin/{name}"), "busybox")
            .unwrap();
    }
    tar.into_inner().unwrap()
}
