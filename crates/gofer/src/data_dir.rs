//! Where a project's runs are kept: under the user's state directory, never in the project.

use gofer_cli::Refused;
use sha2::{Digest, Sha256};
use std::{
    fmt::Write,
    fs::DirBuilder,
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

/// Moves the data directory.
const VARIABLE: &str = "GOFER_DATA_DIR";

/// Where a project's data is, as the environment says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    /// `GOFER_DATA_DIR`.
    pub(crate) moved: Option<PathBuf>,
    /// `XDG_STATE_HOME`.
    pub(crate) state: Option<PathBuf>,
    /// The user's home.
    pub(crate) home: Option<PathBuf>,
}

/// A project's data directory and what is in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct DataDir(PathBuf);

impl Places {
    /// As this process's environment says.
    pub(crate) fn of_process() -> Self {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        Self {
            moved: set(VARIABLE).map(PathBuf::from),
            // A relative one is to be passed over, says the XDG specification.
            state: set("XDG_STATE_HOME")
                .map(PathBuf::from)
                .filter(|path| path.is_absolute()),
            home: etcetera::home_dir().ok(),
        }
    }

    /// The data directory of the project in this folder. Nothing is made.
    pub(crate) fn of(&self, project: &Path) -> Result<DataDir, Refused> {
        if let Some(moved) = &self.moved {
            return std::path::absolute(moved)
                .map(DataDir)
                .map_err(|error| refused("read", moved, &error));
        }
        let projects = self.projects()?;
        let project = project
            .canonicalize()
            .map_err(|error| refused("read", project, &error))?;
        Ok(DataDir(projects.join(folder_name(&project))))
    }

    /// Every data directory of this user, by name.
    pub(crate) fn all(&self) -> Result<Vec<(String, DataDir)>, Refused> {
        if let Some(moved) = &self.moved {
            return Ok(vec![(moved.display().to_string(), DataDir(moved.clone()))]);
        }
        let projects = self.projects()?;
        let entries = match std::fs::read_dir(&projects) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|error| refused("read", &projects, &error))?,
        };
        let named = entries.flatten().map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, DataDir(entry.path()))
        });
        let mut all: Vec<_> = named.collect();
        all.sort();
        Ok(all)
    }

    /// Where data directories are that nobody moved.
    fn projects(&self) -> Result<PathBuf, Refused> {
        let state = self
            .state
            .clone()
            .or_else(|| Some(self.home.as_ref()?.join(".local/state")));
        let Some(state) = state else {
            return Err(Refused {
                message: "there is no home directory to keep runs in".into(),
                remedy: Some(format!("set {VARIABLE} to a folder for them")),
                not_allowed: false,
            });
        };
        Ok(state.join("gofer/projects"))
    }
}

impl DataDir {
    /// The folder itself.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Makes it, readable for its owner only.
    pub(crate) fn make(&self) -> Result<(), Refused> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.0)
            .map_err(|error| refused("make", &self.0, &error))
    }

    /// Where logs are.
    pub(crate) fn logs(&self) -> PathBuf {
        self.0.join("logs")
    }

    /// Where artifacts are.
    pub(crate) fn objects(&self) -> PathBuf {
        self.0.join("objects")
    }

    /// What an engine says of its machine.
    pub(crate) fn machine(&self) -> PathBuf {
        self.0.join("engine.json")
    }

    /// What seals secrets.
    pub(crate) fn keys(&self) -> PathBuf {
        self.0.join("keys")
    }
}

/// The folder's own name for people, and a hash of the whole path for Gofer.
fn folder_name(project: &Path) -> String {
    let readable: String = project
        .file_name()
        .map(|name| name.to_string_lossy())
        .unwrap_or_default()
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '_' {
                c
            } else {
                '-'
            }
        })
        .take(24)
        .collect();
    let name = if readable.is_empty() {
        "root"
    } else {
        &readable
    };
    format!("{name}-{}", short_hash(project))
}

/// Twelve digits that stand for a path.
pub(crate) fn short_hash(path: &Path) -> String {
    let mut short = String::new();
    for byte in Sha256::digest(path.as_os_str().as_encoded_bytes())
        .iter()
        .take(6)
    {
        // Writing to a String cannot fail.
        let _ = write!(short, "{byte:02x}");
    }
    short
}

fn refused(what: &str, path: &Path, error: &io::Error) -> Refused {
    let not_allowed = error.kind() == io::ErrorKind::PermissionDenied;
    Refused {
        message: format!("cannot {what} {}: {error}", path.display()),
        remedy: Some(format!(
            "give this user the right to it, or set {VARIABLE} to another folder"
        )),
        not_allowed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn places(state: &Path) -> Places {
        Places {
            moved: None,
            state: Some(state.to_owned()),
            home: None,
        }
    }

    #[test]
    fn a_projects_runs_are_under_the_state_directory_and_not_in_the_project() {
        let folder = tempfile::tempdir().unwrap();
        let project = folder.path().join("My project é");
        std::fs::create_dir(&project).unwrap();
        let dir = places(&folder.path().join("state")).of(&project).unwrap();
        let name = dir.path().file_name().unwrap().to_str().unwrap();
        assert!(name.starts_with("My-project---"), "{name}");
        assert_eq!(
            dir.path().parent().unwrap(),
            folder.path().join("state/gofer/projects")
        );
        assert!(!dir.path().exists());
        dir.make().unwrap();
        let mode = std::fs::metadata(dir.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }

    #[test]
    fn one_folder_has_one_data_directory_whatever_path_leads_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let (project, link) = (folder.path().join("a"), folder.path().join("b"));
        std::fs::create_dir(&project).unwrap();
        std::os::unix::fs::symlink(&project, &link).unwrap();
        let places = places(folder.path());
        assert_eq!(places.of(&project).unwrap(), places.of(&link).unwrap());
        assert_eq!(
            places.of(&project.join(".")).unwrap(),
            places.of(&link).unwrap()
        );
        assert_ne!(
            places.of(&project).unwrap(),
            places.of(folder.path()).unwrap()
        );
    }

    #[test]
    fn the_home_directory_has_a_state_directory_of_its_own() {
        let home = tempfile::tempdir().unwrap();
        let places = Places {
            moved: None,
            state: None,
            home: Some(home.path().to_owned()),
        };
        let dir = places.of(home.path()).unwrap();
        assert!(
            dir.path()
                .starts_with(home.path().join(".local/state/gofer/projects"))
        );
        let error = Places::default().of(home.path()).unwrap_err();
        assert!(error.remedy.unwrap().contains("GOFER_DATA_DIR"));
    }

    #[test]
    fn the_variable_names_the_very_folder() {
        let places = Places {
            moved: Some("/x/data".into()),
            ..Places::default()
        };
        assert_eq!(
            places.of(Path::new("/nowhere")).unwrap().path(),
            Path::new("/x/data")
        );
    }
}
