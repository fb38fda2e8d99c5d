//! A program that prints a pipeline, run with what its author has on the machine.

use crate::{LoadError, document::MOST_BYTES};
use std::{
    env, fs,
    io::{self, Read},
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

/// What `gofer.config.` can end in without being executable by itself.
pub(crate) const LANGUAGES: [&str; 6] = ["go", "rs", "py", "ts", "js", "mjs"];

const LIMIT: Duration = Duration::from_mins(1);

/// Runs the program at `path` in its folder, and gives what it printed.
pub(crate) fn run(path: &Path, folder: &Path) -> Result<Vec<u8>, LoadError> {
    let unreadable = |source| LoadError::Read {
        path: path.to_owned(),
        source,
    };
    let file = std::path::absolute(path).map_err(unreadable)?;
    fs::metadata(&file).map_err(unreadable)?;
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let language = name.strip_prefix("gofer.config.");
    match language {
        Some("rs") => compiled(path, &file, folder),
        Some(language) if LANGUAGES.contains(&language) => {
            let command = interpreter(language, &file).ok_or_else(|| LoadError::NoToolchain {
                path: path.to_owned(),
                tried: tried(language),
            })?;
            output(command, folder, LIMIT)
        }
        _ if is_executable(&file) => output(Command::new(file), folder, LIMIT),
        _ => Err(LoadError::Unknown {
            path: path.to_owned(),
        }),
    }
}

/// What runs each language, in the order of preference; the file comes last.
fn interpreters(language: &str) -> &'static [&'static [&'static str]] {
    match language {
        "go" => &[&["go", "run"]],
        "py" => &[&["python3"], &["python"]],
        "ts" => &[
            &["tsx"],
            &["bun", "run"],
            &["deno", "run", "--allow-read", "--allow-env"],
            &["node", "--no-warnings", "--experimental-strip-types"],
        ],
        _ => &[&["node"], &["bun", "run"]],
    }
}

fn interpreter(language: &str, file: &Path) -> Option<Command> {
    interpreters(language).iter().find_map(|words| {
        let (program, arguments) = words.split_first()?;
        let program = installed(program, file)?;
        let mut command = Command::new(&program);
        command.args(arguments).arg(file);
        knows(&program, arguments).then_some(command)
    })
}

/// Whether a program that was found knows the options: node before 22.6 runs no TypeScript.
fn knows(program: &Path, arguments: &[&str]) -> bool {
    if !arguments
        .iter()
        .any(|argument| argument.starts_with("--experimental"))
    {
        return true;
    }
    let asked = Command::new(program)
        .args(arguments)
        .arg("--version")
        .stdin(Stdio::null())
        .output();
    asked.is_ok_and(|answer| answer.status.success())
}

fn tried(language: &str) -> String {
    let names = interpreters(language)
        .iter()
        .filter_map(|words| words.first().copied());
    let names: Vec<&str> = names
        .map(|name| match (language, name) {
            ("ts", "node") => "node from 22.6 on",
            _ => name,
        })
        .collect();
    match names.as_slice() {
        [only] => (*only).to_owned(),
        names => format!("one of {}", names.join(", ")),
    }
}

/// Whether a file can be run as it is.
pub(crate) fn is_executable(path: &Path) -> bool {
    fs::metadata(path)
        .is_ok_and(|rights| rights.is_file() && rights.permissions().mode() & 0o111 != 0)
}

/// A program of the project first, then of the machine.
fn installed(program: &str, file: &Path) -> Option<PathBuf> {
    let project = file
        .ancestors()
        .skip(1)
        .map(|folder| folder.join("node_modules/.bin"));
    let machine = env::var_os("PATH");
    let machine = machine.iter().flat_map(env::split_paths);
    project
        .chain(machine)
        .map(|folder| folder.join(program))
        .find(|path| is_executable(path))
}

fn compiled(path: &Path, file: &Path, folder: &Path) -> Result<Vec<u8>, LoadError> {
    let rustc = installed("rustc", file).ok_or_else(|| LoadError::NoToolchain {
        path: path.to_owned(),
        tried: "rustc".to_owned(),
    })?;
    let built = tempfile::tempdir().map_err(|source| LoadError::Read {
        path: env::temp_dir(),
        source,
    })?;
    let program = built.path().join("gofer-config");
    let mut command = Command::new(rustc);
    // The file's own name is not one that a crate can have.
    command
        .args(["--edition", "2024", "--crate-name", "gofer_config", "-o"])
        .arg(&program)
        .arg(file);
    output(command, folder, LIMIT)?;
    output(Command::new(program), folder, LIMIT)
}

enum Ending {
    TooMuch,
    Over(Vec<u8>, ExitStatus),
}

fn output(mut command: Command, folder: &Path, limit: Duration) -> Result<Vec<u8>, LoadError> {
    let shown = shown(&command);
    let start = |source| LoadError::Start {
        command: shown.clone(),
        source,
    };
    // A group of its own, so that what it starts can be stopped with it.
    command
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .process_group(0);
    let child = command.spawn().map_err(start)?;
    let group = child.id();
    let (tell, told) = mpsc::channel();
    let watcher = thread::Builder::new()
        .name("gofer-config".to_owned())
        .spawn(move || watch(child, &tell));
    let heard = watcher
        .as_ref()
        .ok()
        .and_then(|_| told.recv_timeout(limit).ok());
    let result = match heard {
        Some(Ok(Ending::Over(printed, status))) if status.success() => return Ok(printed),
        Some(Ok(Ending::Over(_, status))) => {
            return Err(LoadError::Failed {
                command: shown,
                status,
            });
        }
        Some(Err(source)) => LoadError::Start {
            command: shown,
            source,
        },
        Some(Ok(Ending::TooMuch)) => LoadError::TooMuch {
            command: shown,
            most: MOST_BYTES,
        },
        None => LoadError::TooSlow {
            command: shown,
            limit,
        },
    };
    stop(group);
    // It waits for the child, which is over now.
    if let Ok(watcher) = watcher {
        drop(watcher.join());
    }
    Err(result)
}

fn watch(mut child: Child, tell: &mpsc::Sender<io::Result<Ending>>) {
    let most = u64::try_from(MOST_BYTES)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    let mut printed = Vec::new();
    let read = match child.stdout.take() {
        Some(stdout) => stdout.take(most).read_to_end(&mut printed),
        None => Ok(0),
    };
    let ending = match read {
        Err(error) => Err(error),
        Ok(_) if printed.len() > MOST_BYTES => Ok(Ending::TooMuch),
        Ok(_) => child.wait().map(|status| Ending::Over(printed, status)),
    };
    // Nobody listens any more when the time is up.
    drop(tell.send(ending));
    drop(child.wait());
}

fn stop(group: u32) {
    let group = i32::try_from(group)
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    if let Some(group) = group {
        // It may have ended by itself in between.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
}

fn shown(command: &Command) -> String {
    let name = |text: &std::ffi::OsStr| {
        Path::new(text)
            .file_name()
            .unwrap_or(text)
            .to_string_lossy()
            .into_owned()
    };
    [name(command.get_program())]
        .into_iter()
        .chain(command.get_args().map(name))
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests;
