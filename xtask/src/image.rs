//! The demo image: one static program from a Debian package, nothing pulled.

use crate::shell::{output, run, say, succeeds, target};
use anyhow::{Context, Result};
use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
};

/// The name under which the examples and the tests find it.
pub(crate) const DEMO: &str = "gofer-demo:1";

/// Makes the demo image unless the engine has it.
pub(crate) fn demo() -> Result<()> {
    if succeeds("docker", &["image", "inspect", DEMO]) {
        say(&format!("image: {DEMO} is there"));
        return Ok(());
    }
    let folder = target().join("demo-image");
    let root = folder.join("root");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&root)?;
    let busybox = busybox(&folder)?;
    fill(&root, &busybox)?;
    let archive = folder.join("root.tar");
    let (archive, root) = (archive.to_string_lossy(), root.to_string_lossy());
    run(
        "tar",
        &["--owner=0", "--group=0", "-C", &root, "-cf", &archive, "."],
    )?;
    run(
        "docker",
        &["import", "--change", "CMD [\"/bin/sh\"]", &archive, DEMO],
    )
}

/// The static busybox of Debian's package `busybox-static`.
fn busybox(folder: &Path) -> Result<std::path::PathBuf> {
    say("image: taking busybox from Debian's package busybox-static");
    let package = folder.join("package");
    fs::create_dir_all(&package)?;
    let fetch = || -> Result<()> {
        let script = format!(
            "cd {} && apt-get download -qq busybox-static && dpkg-deb -x busybox-static_*.deb .",
            folder.join("package").display()
        );
        run("sh", &["-ec", &script])
    };
    if fetch().is_err() {
        run("apt-get", &["update", "-qq"])?;
        fetch().context("the package busybox-static could not be had")?;
    }
    let found = ["bin/busybox", "usr/bin/busybox"].map(|path| package.join(path));
    found
        .into_iter()
        .find(|path| path.exists())
        .context("the package holds no busybox")
}

fn fill(root: &Path, busybox: &Path) -> Result<()> {
    for folder in ["bin", "etc", "tmp", "home/worker", "work"] {
        fs::create_dir_all(root.join(folder))?;
    }
    fs::set_permissions(root.join("tmp"), fs::Permissions::from_mode(0o1777))?;
    let own = root.join("bin/busybox");
    fs::copy(busybox, &own)?;
    fs::set_permissions(&own, fs::Permissions::from_mode(0o755))?;
    let applets = output(&own.to_string_lossy(), &["--list"])?;
    for applet in applets.lines().filter(|name| *name != "busybox") {
        symlink("busybox", root.join("bin").join(applet))?;
    }
    let users = "root:x:0:0:root:/root:/bin/sh\nworker:x:1234:1234:worker:/home/worker:/bin/sh\n";
    fs::write(root.join("etc/passwd"), users)?;
    fs::write(root.join("etc/group"), "root:x:0:\nworker:x:1234:\n")?;
    Ok(())
}
