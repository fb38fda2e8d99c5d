//! A project folder with a data directory of its own, and `gofer` in it.

use super::{Docker, Records, Since, demo_image, gofer, wait_for};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::{
    io::Read,
    path::PathBuf,
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};
use tempfile::TempDir;

/// No command of a test takes longer.
const PATIENCE: Duration = Duration::from_mins(3);

/// Removed with all that is on the engine of it.
pub(crate) struct Project {
    _root: TempDir,
    pub(crate) folder: PathBuf,
    pub(crate) data: PathBuf,
    docker: Docker,
}

impl Project {
    /// With this `gofer.toml`, on the machine's engine.
    pub(crate) fn new(file: &str) -> Self {
        demo_image();
        let project = Self::on(&Docker::shared());
        project.write("gofer.toml", file);
        project
    }

    /// Empty, on this engine.
    pub(crate) fn on(docker: &Docker) -> Self {
        let root = tempfile::Builder::new()
            .prefix("gofer-e2e-")
            .tempdir()
            .expect("room in /tmp");
        let [folder, data] = ["project", "data"].map(|name| root.path().join(name));
        std::fs::create_dir(&folder).unwrap();
        Self {
            folder,
            data,
            docker: docker.clone(),
            _root: root,
        }
    }

    pub(crate) fn docker(&self) -> &Docker {
        &self.docker
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(gofer());
        self.settle(command.args(args));
        command
    }

    /// The folder, the environment and the streams that each command has.
    pub(crate) fn settle(&self, command: &mut Command) {
        command
            .current_dir(&self.folder)
            .env("GOFER_DATA_DIR", &self.data)
            .env("DOCKER_HOST", self.docker.host())
            .env_remove("DOCKER_CONTEXT")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
    }

    pub(crate) fn gofer(&self, args: &[&str]) -> Done {
        self.spawn(args).done()
    }

    pub(crate) fn spawn(&self, args: &[&str]) -> Live {
        Live::new(self.command(args))
    }

    /// `gofer run -o json` with more arguments, and its document.
    pub(crate) fn run(&self, args: &[&str]) -> (Done, Value) {
        let done = self.gofer(&[&["run", "-o", "json"], args].concat());
        let document = done.json();
        (done, document)
    }

    /// The bytes of `gofer logs`.
    pub(crate) fn logs(&self, of: &str) -> Vec<u8> {
        let done = self.gofer(&["logs", of]);
        assert_eq!(done.code, Some(0), "{}", done.err());
        done.stdout
    }

    /// The store's UUID. If there is none yet, a run of nothing makes it.
    pub(crate) fn store(&self) -> String {
        let stored = || Records::open(&self.data)?.store();
        stored().unwrap_or_else(|| {
            let nothing = "name = \"nothing\"\n[tasks.none]\nimage = \"none\"\nwhen = \"1 == 2\"\n";
            self.write("nothing.toml", nothing);
            let done = self.gofer(&["run", "nothing.toml"]);
            stored().unwrap_or_else(|| panic!("no store: {}", done.err()))
        })
    }

    pub(crate) fn records(&self) -> Records {
        Records::open(&self.data).expect("there is a database")
    }

    /// What of ours is on the engine besides what is kept of failed attempts.
    pub(crate) fn left(&self) -> Vec<String> {
        let Some(records) = Records::open(&self.data) else {
            return Vec::new();
        };
        let Some(store) = records.store() else {
            return Vec::new();
        };
        let kept = records.kept();
        assert!(kept.len() <= 8, "{} containers are kept", kept.len());
        let well = kept.iter().filter(|row| !row.is_failure);
        let well: Vec<&str> = well.map(|row| row.name.as_str()).collect();
        assert!(well.is_empty(), "kept without a failure: {well:?}");
        let label = format!("gofer.store={store}");
        self.docker.leftovers(&label, &kept)
    }

    /// Nothing of ours is on the engine but what is kept of failed attempts: `gofer doctor` says
    /// how many these are, and `gofer clean --dry-run` names each.
    pub(crate) fn assert_nothing_left(&self) {
        let left = self.left();
        assert!(left.is_empty(), "left behind:\n{}", left.join("\n"));
        let kept = Records::open(&self.data).map(|records| records.kept());
        let kept = kept.unwrap_or_default();
        if kept.is_empty() {
            return;
        }
        let said = self.gofer(&["doctor"]).out();
        let count = match kept.len() {
            1 => "the container of 1 failed attempt,".to_owned(),
            count => format!("the containers of {count} failed attempts,"),
        };
        assert!(said.contains(&count), "{count:?} is not in:\n{said}");
        let said = self.gofer(&["clean", "--dry-run"]).out();
        for row in kept {
            assert!(said.contains(&row.name), "{} is not in:\n{said}", row.name);
        }
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        let store = Records::open(&self.data).and_then(|records| records.store());
        if let Some(store) = store.filter(|_| self.docker.answers()) {
            self.docker.sweep(&format!("gofer.store={store}"));
        }
    }
}

/// How a command ended.
pub(crate) struct Done {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    pub(crate) took: Duration,
}

impl Done {
    pub(crate) fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    pub(crate) fn err(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// Standard output is exactly one document.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {:?}\n{}", self.out(), self.err()))
    }

    pub(crate) fn assert_code(&self, code: i32) -> &Self {
        let (out, err) = (self.out(), self.err());
        assert_eq!(self.code, Some(code), "stdout:\n{out}\nstderr:\n{err}");
        assert!(!err.contains("panicked"), "{err}");
        self
    }
}

/// A command that goes on.
pub(crate) struct Live {
    child: Child,
    out: Arc<Mutex<Vec<u8>>>,
    err: Arc<Mutex<Vec<u8>>>,
    readers: Vec<std::thread::JoinHandle<()>>,
    begun: Since,
}

impl Live {
    pub(crate) fn new(mut command: Command) -> Self {
        let begun = Since::now();
        let mut child = command.spawn().expect("gofer can be run");
        let (out, err) = (Arc::default(), Arc::default());
        let readers = vec![
            collect(child.stdout.take().expect("a pipe"), &out),
            collect(child.stderr.take().expect("a pipe"), &err),
        ];
        Self {
            child,
            out,
            err,
            readers,
            begun,
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn is_going(&mut self) -> bool {
        self.child.try_wait().expect("it is our child").is_none()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).expect("it is our child");
    }

    /// Tells it something, and then that there is no more.
    pub(crate) fn input(&mut self, tell: impl FnOnce(&mut ChildStdin)) {
        let mut stdin = self.child.stdin.take().expect("a pipe");
        tell(&mut stdin);
    }

    /// `kill -9`, and its end.
    pub(crate) fn kill(mut self) -> Done {
        let _ = self.child.kill();
        self.done_at_last()
    }

    /// What it wrote on both streams until now.
    pub(crate) fn said(&self) -> String {
        let streams = [&self.out, &self.err].map(|stream| stream.lock().unwrap().clone());
        String::from_utf8_lossy(&streams.concat()).into_owned()
    }

    /// Waits until it has written this.
    pub(crate) fn until_it_says(&mut self, words: &str) {
        wait_for(words, PATIENCE, || {
            let said = self.said();
            let is_going = self.is_going();
            assert!(
                is_going || self.said().contains(words),
                "it ended without {words:?}:\n{}",
                self.said()
            );
            said.contains(words).then_some(())
        });
    }

    pub(crate) fn done(mut self) -> Done {
        wait_for("its end", PATIENCE, || {
            if self.is_going()
                && self.begun.elapsed() > PATIENCE.saturating_sub(Duration::from_secs(5))
            {
                let _ = self.child.kill();
                panic!("it does not end:\n{}", self.said());
            }
            (!self.is_going()).then_some(())
        });
        self.done_at_last()
    }

    fn done_at_last(mut self) -> Done {
        let status = self.child.wait().expect("it is our child");
        let took = self.begun.elapsed();
        for reader in self.readers.drain(..) {
            let _ = reader.join();
        }
        Done {
            code: status.code(),
            stdout: std::mem::take(&mut self.out.lock().unwrap()),
            stderr: std::mem::take(&mut self.err.lock().unwrap()),
            took,
        }
    }
}

impl Drop for Live {
    /// A test that failed leaves no process behind.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn collect(
    mut from: impl Read + Send + 'static,
    into: &Arc<Mutex<Vec<u8>>>,
) -> std::thread::JoinHandle<()> {
    let into = Arc::clone(into);
    std::thread::spawn(move || {
        let mut piece = vec![0; 64 * 1024];
        while let Ok(read @ 1..) = from.read(&mut piece) {
            into.lock().unwrap().extend_from_slice(&piece[..read]);
        }
    })
}
