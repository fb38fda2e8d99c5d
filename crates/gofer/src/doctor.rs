//! What `gofer doctor` finds out.

use crate::{
    choices,
    clock::SystemClock,
    data_dir::{DataDir, Places},
    engine_link::EngineLink,
    ids::RandomIds,
};
use gofer_cli::{Check, Verdict};
use gofer_core::id::{Ids, StoreId};
use gofer_engine::LONGEST_KEPT;
use gofer_scheduler::{Ours, Role, Scheduler};
use gofer_scheduler_docker::{Brand, Found, Options, Probe};
use gofer_store::{KeptRow, Store};
use gofer_store_sqlite::SqliteStore;
use std::{path::Path, sync::Arc};

/// Less than this, and a large image or log may not fit.
const SCARCE: u64 = 2 << 30;
/// Less than this, and hardly anything fits.
const NOTHING: u64 = 100 << 20;

/// Looks at everything that a run needs. Nothing is made and nothing is changed.
pub(crate) async fn examine(places: &Places, project: &Path) -> Vec<Check> {
    let mut checks = vec![fine(
        "gofer",
        format!("version {}", env!("CARGO_PKG_VERSION")),
    )];
    checks.extend(choices::refused().into_iter().map(|refused| {
        let remedy = refused.remedy.unwrap_or_default();
        problem("settings", refused.message, remedy)
    }));
    let store = match places.of(project) {
        Ok(data) => look_at_data(&data, &mut checks).await,
        Err(refused) => {
            let remedy = refused.remedy.unwrap_or_default();
            checks.push(problem("data", refused.message, remedy));
            None
        }
    };
    // Without a store nothing on the engine can be ours.
    let id = store
        .as_ref()
        .map_or_else(|| StoreId(RandomIds.next()), Store::id);
    if let Some(store) = &store {
        look_at_kept(store, &mut checks).await;
    }
    let link = EngineLink::new(id, Arc::new(SystemClock::new()), Options::default());
    look_at_engine(&link, &mut checks).await;
    link.close().await;
    checks
}

async fn look_at_data(data: &DataDir, checks: &mut Vec<Check>) -> Option<SqliteStore> {
    let path = data.path().display();
    if !SqliteStore::is_in(data.path()) {
        checks.push(fine("data", format!("{path}; the first run makes it")));
        room(checks, "data disk", data.path());
        return None;
    }
    let folder = data.path().to_owned();
    let opened = tokio::task::spawn_blocking(move || {
        SqliteStore::open(&folder, &RandomIds, &gofer_store_sqlite::Options::default())
    });
    let store = match opened.await {
        Ok(Ok(store)) => {
            checks.push(fine("data", path.to_string()));
            Some(store)
        }
        Ok(Err(error)) => {
            let remedy = "set GOFER_DATA_DIR to another folder, or repair this one";
            checks.push(problem("data", error.to_string(), remedy));
            None
        }
        Err(error) => {
            checks.push(problem(
                "data",
                error.to_string(),
                "report this: it is a mistake of ours",
            ));
            None
        }
    };
    room(checks, "data disk", data.path());
    store
}

/// Containers that stay on the engine on purpose.
async fn look_at_kept(store: &SqliteStore, checks: &mut Vec<Check>) {
    match store.kept().await {
        Ok(kept) => checks.push(fine("kept", described(&kept))),
        Err(error) => checks.push(problem("kept", error.to_string(), "run this again")),
    }
}

fn described(kept: &[KeptRow]) -> String {
    let [first, ..] = kept else {
        return "no container of a failed task".into();
    };
    let names: Vec<String> = kept.iter().map(name).collect();
    let containers = match kept.len() {
        1 => "the container of 1 failed attempt".to_owned(),
        count => format!("the containers of {count} failed attempts"),
    };
    let named = some_of(&names);
    let (shell, hours) = (name(first), LONGEST_KEPT.as_secs() / 3_600);
    format!(
        "{containers}, for {hours} h at most: {named}; `gofer shell {shell}` looks into it, \
         `gofer clean --dry-run` lists what `gofer clean` removes"
    )
}

/// `etl/42/load/3`
fn name(kept: &KeptRow) -> String {
    let KeptRow {
        attempt,
        pipeline,
        number,
        ..
    } = kept;
    let item = attempt.item.map(|item| format!("/{item}"));
    let item = item.unwrap_or_default();
    format!("{pipeline}/{number}/{}{item}", attempt.task)
}

async fn look_at_engine(link: &EngineLink, checks: &mut Vec<Check>) {
    let (found, docker) = match link.connect().await {
        Ok(connected) => connected,
        Err(error) => {
            let name = if error.is_forbidden() {
                "rights"
            } else {
                "engine"
            };
            let remedy = if error.is_forbidden() {
                "sudo usermod -aG docker $USER, then log in again"
            } else {
                "install Docker or Podman and start it, or set DOCKER_HOST to one that runs"
            };
            checks.push(problem(name, error.to_string(), remedy));
            return;
        }
    };
    match docker.probe().await {
        Ok(probe) => describe(found, &probe, checks),
        Err(error) => {
            let remedy = "see the engine's own log (journalctl -u docker)";
            checks.push(problem(
                "engine",
                format!("{}: {error}", found.endpoint),
                remedy,
            ));
        }
    }
}

fn describe(found: &Found, probe: &Probe, checks: &mut Vec<Check>) {
    let brand = match probe.brand {
        Brand::Docker => "Docker",
        Brand::Podman => "Podman",
    };
    let version = probe.version.as_deref().unwrap_or("of an unknown version");
    let Probe { api, platform, .. } = probe;
    let Found { endpoint, why } = found;
    checks.push(fine(
        "engine",
        format!("{brand} {version} at {endpoint} ({why}), API {api}"),
    ));
    let node = probe.node.as_deref().unwrap_or("this machine");
    let rights = if probe.is_rootless {
        "without root's rights"
    } else {
        "with root's rights"
    };
    checks.push(fine(
        "rights",
        format!("this user may use it; it runs {rights}"),
    ));
    checks.push(fine("platform", format!("{platform} on {node}")));
    checks.push(limits(probe));
    if !probe.has_init {
        let message = "the engine has no init for containers, so processes left behind pile up";
        checks.push(note(
            "init",
            message,
            "install the engine's init (docker-init or catatonit)",
        ));
    }
    let restart = if probe.live_restore {
        "containers outlive a restart of the engine"
    } else {
        "containers end when the engine restarts, and their tasks are lost"
    };
    checks.push(fine("restart", restart.to_owned()));
    if let (Some(root), Some(free)) = (&probe.data_root, probe.free_bytes) {
        checks.push(space("engine disk", root, free));
    }
    checks.extend(probe.warnings.iter().map(|warning| {
        note(
            "warning",
            warning.trim_start_matches("WARNING: "),
            "see the engine's own manual",
        )
    }));
    checks.push(fine("ours", held(&probe.ours)));
}

fn limits(probe: &Probe) -> Check {
    let kinds = [
        ("memory", probe.can_limit_memory),
        ("cpu", probe.can_limit_cpu),
        ("processes", probe.can_limit_processes),
    ];
    let of = |wanted: bool| {
        let named = kinds.iter().filter(|(_, works)| *works == wanted);
        named.map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    };
    let (works, missing) = (of(true), of(false));
    let cgroup = probe
        .cgroup
        .as_deref()
        .map(|it| format!(" (cgroup {it})"))
        .unwrap_or_default();
    if missing.is_empty() {
        return fine("limits", format!("{works}{cgroup}"));
    }
    let message =
        format!("the engine cannot limit {missing}{cgroup}; such limits are refused or ignored");
    note(
        "limits",
        message,
        "turn on the controllers of cgroup 2 for the engine's user",
    )
}

/// What of this project's is on the engine, in words.
fn held(ours: &[Ours]) -> String {
    if ours.is_empty() {
        return "nothing of this project is on the engine".into();
    }
    let kinds = [
        (Role::Attempt, "task container"),
        (Role::Service, "service container"),
        (Role::Sandbox, "network sandbox"),
        (Role::Volume, "volume"),
        (Role::Network, "network"),
        (Role::Shell, "shell"),
    ];
    let counted = kinds.iter().filter_map(|(role, name)| {
        let count = ours.iter().filter(|thing| thing.role == *role).count();
        let plural = match (count, name.ends_with('x')) {
            (1, _) => "",
            (_, true) => "es",
            (_, false) => "s",
        };
        (count > 0).then(|| format!("{count} {name}{plural}"))
    });
    let counted: Vec<String> = counted.collect();
    let names: Vec<&str> = ours.iter().map(|thing| thing.name.as_str()).collect();
    format!(
        "{} of this project: {}",
        counted.join(", "),
        some_of(&names)
    )
}

/// The first of them, and how many more there are.
fn some_of(names: &[impl AsRef<str>]) -> String {
    const MOST: usize = 5;
    let shown: Vec<&str> = names.iter().take(MOST).map(AsRef::as_ref).collect();
    match names.len().saturating_sub(MOST) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// How much room there is where the folder is, or will be.
fn room(checks: &mut Vec<Check>, name: &str, folder: &Path) {
    let exists = folder.ancestors().find(|folder| folder.exists());
    if let Some(exists) = exists
        && let Ok(found) = rustix::fs::statvfs(exists)
    {
        let free = found.f_bavail.saturating_mul(found.f_frsize);
        checks.push(space(name, &folder.display().to_string(), free));
    }
}

fn space(name: &str, place: &str, free: u64) -> Check {
    let message = format!("{} free in {place}", size(free));
    let remedy = "make room there; `docker system df` shows what the engine keeps";
    match free {
        ..NOTHING => problem(name, message, remedy),
        NOTHING..SCARCE => note(name, message, remedy),
        _ => fine(name, message),
    }
}

fn size(bytes: u64) -> String {
    let (unit, name) = if bytes >= 1 << 30 {
        (1 << 30, "GiB")
    } else {
        (1 << 20, "MiB")
    };
    let tenths = bytes.saturating_mul(10) / unit;
    format!("{}.{} {name}", tenths / 10, tenths % 10)
}

fn fine(name: &str, message: String) -> Check {
    Check {
        name: name.into(),
        verdict: Verdict::Fine,
        message,
        remedy: None,
    }
}

fn note(name: &str, message: impl Into<String>, remedy: &str) -> Check {
    let (message, remedy) = (message.into(), Some(remedy.to_owned()));
    Check {
        name: name.into(),
        verdict: Verdict::Note,
        message,
        remedy,
    }
}

fn problem(name: &str, message: impl Into<String>, remedy: impl Into<String>) -> Check {
    let remedy = Some(remedy.into()).filter(|remedy| !remedy.is_empty());
    Check {
        name: name.into(),
        verdict: Verdict::Problem,
        message: message.into(),
        remedy,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_judged_by_what_fits() {
        let verdict = |free| space("disk", "/x", free).verdict;
        assert_eq!(verdict(50 << 20), Verdict::Problem);
        assert_eq!(verdict(1 << 30), Verdict::Note);
        assert_eq!(verdict(20 << 30), Verdict::Fine);
        assert_eq!(
            space("disk", "/x", 1_610_612_736).message,
            "1.5 GiB free in /x"
        );
    }

    #[test]
    fn what_is_ours_is_counted_and_named() {
        let thing = |role, name: &str| Ours {
            role,
            run: None,
            attempt: None,
            epoch: None,
            owner: None,
            name: name.into(),
            running: true,
        };
        let ours = [
            thing(Role::Sandbox, "a"),
            thing(Role::Sandbox, "b"),
            thing(Role::Volume, "c"),
        ];
        assert_eq!(
            held(&ours),
            "2 network sandboxes, 1 volume of this project: a, b, c"
        );
        assert!(held(&[]).starts_with("nothing"));
    }

    #[test]
    fn of_many_names_the_first_are_said_and_how_many_more_there_are() {
        assert_eq!(some_of(&["a", "b", "c", "d", "e"]), "a, b, c, d, e");
        let all = ["a", "b", "c", "d", "e", "f", "g"];
        assert_eq!(some_of(&all), "a, b, c, d, e and 2 more");
    }
}
