//! A world of our own: a folder, an environment, and paper for what is said.

use async_trait::async_trait;
use gofer_cli::{Check, Host, Need, Refused, Terminal};
use gofer_sdk::Client;
use std::{
    collections::BTreeMap,
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

#[derive(Clone, Default)]
pub(crate) struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Paper {
    fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}

/// Standard output of a process whose reader has gone.
struct Gone;

impl Write for Gone {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(crate) struct World {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) vars: BTreeMap<String, String>,
    pub(crate) stdin: String,
    pub(crate) is_reader_gone: bool,
    pub(crate) checks: Vec<Check>,
    /// Where a server listens, if there is one.
    pub(crate) socket: Option<PathBuf>,
    stdout: Paper,
    stderr: Paper,
    asked: Mutex<Vec<Need>>,
    pub(crate) preferred: Mutex<Vec<String>>,
}

/// What a command came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) code: u8,
    pub(crate) stdout: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) stderr: String,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            vars: BTreeMap::new(),
            stdin: String::new(),
            is_reader_gone: false,
            checks: Vec::new(),
            socket: None,
            stdout: Paper::default(),
            stderr: Paper::default(),
            asked: Mutex::default(),
            preferred: Mutex::default(),
        }
    }

    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let world = Self::new();
        for (name, text) in files {
            std::fs::write(world.folder.path().join(name), text).unwrap();
        }
        world
    }

    /// Types a command line, words separated by spaces.
    pub(crate) fn gofer(&self, words: &str) -> Answer {
        let argv = ["gofer"].into_iter().chain(words.split_whitespace());
        let argv = argv.map(Into::into).collect();
        self.stdout.0.lock().unwrap().clear();
        self.stderr.0.lock().unwrap().clear();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let code = runtime.block_on(gofer_cli::run(self, argv));
        let code = (0..=u8::MAX).find(|n| std::process::ExitCode::from(*n) == code);
        Answer {
            code: code.unwrap(),
            stdout: String::from_utf8_lossy(&self.stdout.bytes()).into_owned(),
            bytes: self.stdout.bytes(),
            stderr: String::from_utf8(self.stderr.bytes()).unwrap(),
        }
    }

    /// Whether anything asked for a client.
    pub(crate) fn asked(&self) -> Vec<Need> {
        self.asked.lock().unwrap().clone()
    }
}

#[async_trait]
impl Host for World {
    async fn client(&self, need: Need, _: &Path) -> Result<Client, Refused> {
        self.asked.lock().unwrap().push(need);
        if let Some(socket) = &self.socket {
            return Ok(Client::unix(socket));
        }
        Err(Refused {
            message: "no container engine answers".into(),
            remedy: Some("gofer doctor says what was tried".into()),
            not_allowed: need == Need::Read,
        })
    }

    fn prefer_engine(&self, name: &str) {
        self.preferred.lock().unwrap().push(name.to_owned());
    }

    async fn close(&self) {}

    async fn engine_facts(&self, _: &Path) -> Vec<Check> {
        self.checks.clone()
    }

    fn now(&self) -> gofer_core::Timestamp {
        "2026-11-24T12:00:00Z".parse().unwrap()
    }

    fn vars(&self) -> BTreeMap<String, String> {
        self.vars.clone()
    }

    fn var(&self, name: &str) -> Option<String> {
        self.vars.get(name).cloned()
    }

    fn cwd(&self) -> io::Result<PathBuf> {
        Ok(self.folder.path().to_owned())
    }

    fn terminal(&self) -> Terminal {
        Terminal::default()
    }

    fn stdout(&self) -> Box<dyn Write + Send> {
        if self.is_reader_gone {
            Box::new(Gone)
        } else {
            Box::new(self.stdout.clone())
        }
    }

    fn stderr(&self) -> Box<dyn Write + Send> {
        Box::new(self.stderr.clone())
    }

    fn stdin(&self) -> Box<dyn Read + Send> {
        Box::new(io::Cursor::new(self.stdin.clone().into_bytes()))
    }
}
