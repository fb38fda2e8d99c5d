//! What `gofer doctor` shows of an engine.

use crate::{Brand, Docker, remedy, removal};
use gofer_scheduler::{Error, Ours};

/// Facts about the engine, as it says them.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Probe {
    /// Whose it is.
    pub brand: Brand,
    /// The engine's version.
    pub version: Option<String>,
    /// The version of the API that we agreed on.
    pub api: String,
    /// Such as `linux/amd64`.
    pub platform: String,
    /// The machine's name.
    pub node: Option<String>,
    /// Such as `1` with `cgroupfs`.
    pub cgroup: Option<String>,
    /// What keeps images and layers.
    pub storage: Option<String>,
    /// It runs without root's rights.
    pub is_rootless: bool,
    /// Containers outlive a restart of the engine.
    pub live_restore: bool,
    /// `resources.memory` works.
    pub can_limit_memory: bool,
    /// `resources.cpu` works.
    pub can_limit_cpu: bool,
    /// The number of processes can be limited.
    pub can_limit_processes: bool,
    /// The engine has an init for containers.
    pub has_init: bool,
    /// Where its data is.
    pub data_root: Option<String>,
    /// Bytes free there, if that is on this machine.
    pub free_bytes: Option<u64>,
    /// What the engine itself warns of.
    pub warnings: Vec<String>,
    /// What of this store is on it.
    pub ours: Vec<Ours>,
}

impl Docker {
    /// Asks the engine about itself.
    pub async fn probe(&self) -> Result<Probe, Error> {
        let engine = &self.engine;
        let (info, version, ours) = tokio::join!(
            engine.docker.info(),
            engine.docker.version(),
            removal::list(engine)
        );
        let info = info.map_err(remedy::plain)?;
        let version = version.map_err(remedy::plain)?;
        let security = info.security_options.unwrap_or_default();
        let cgroup = info.cgroup_version.map(|version| match info.cgroup_driver {
            Some(driver) => format!("{version} with {driver}"),
            None => version.to_string(),
        });
        let api = engine.docker.client_version();
        let is_podman = engine.brand == Brand::Podman;
        let os = info.os_type.unwrap_or_else(|| "linux".to_owned());
        Ok(Probe {
            brand: engine.brand,
            version: info.server_version,
            api: format!("{}.{}", api.major_version, api.minor_version),
            platform: format!("{os}/{}", version.arch.unwrap_or_default()),
            node: info.name,
            cgroup,
            storage: info.driver,
            is_rootless: security.iter().any(|option| option.contains("rootless")),
            // Podman's containers do not depend on its service.
            live_restore: is_podman || info.live_restore_enabled.unwrap_or(false),
            can_limit_memory: info.memory_limit.unwrap_or(false),
            can_limit_cpu: info.cpu_cfs_quota.unwrap_or(false),
            can_limit_processes: info.pids_limit.unwrap_or(false),
            // Podman has no word for it; a start says if it is missing.
            has_init: is_podman || info.init_binary.is_some_and(|name| !name.is_empty()),
            free_bytes: info
                .docker_root_dir
                .as_deref()
                .and_then(|root| self.free_bytes(root)),
            data_root: info.docker_root_dir,
            warnings: info.warnings.unwrap_or_default(),
            ours: ours?,
        })
    }

    fn free_bytes(&self, root: &str) -> Option<u64> {
        if !self.engine.endpoint.is_local() {
            return None;
        }
        let room = rustix::fs::statvfs(root).ok()?;
        Some(room.f_bavail.saturating_mul(room.f_frsize))
    }
}
