//! What a user may choose for all commands, by variables of the environment.

use gofer_cli::Refused;
use gofer_core::run::Keep;

/// Why each choice that cannot be followed cannot.
pub(crate) fn refused() -> Vec<Refused> {
    let all = [
        keep().map(drop),
        reads_directly().map(drop),
        log_cap().map(drop),
    ];
    all.into_iter().filter_map(Result::err).collect()
}

/// Whose containers are kept.
pub(crate) fn keep() -> Result<Keep, Refused> {
    let name = "GOFER_KEEP";
    match chosen(name).as_deref() {
        None | Some("failed") => Ok(Keep::Failed),
        Some("none") => Ok(Keep::None),
        Some(other) => Err(neither(name, other, "failed", "none")),
    }
}

/// Whether what tasks leave may be read where the engine keeps it.
pub(crate) fn reads_directly() -> Result<bool, Refused> {
    let name = "GOFER_COLLECT";
    match chosen(name).as_deref() {
        None | Some("auto") => Ok(true),
        Some("engine") => Ok(false),
        Some(other) => Err(neither(name, other, "auto", "engine")),
    }
}

/// How much of each log is kept.
pub(crate) fn log_cap() -> Result<Option<u64>, Refused> {
    let Some(chosen) = chosen("GOFER_LOG_CAP") else {
        return Ok(None);
    };
    gofer_core::quantity::memory(&chosen)
        .map(Some)
        .map_err(|error| Refused {
            message: format!("GOFER_LOG_CAP: {error}"),
            remedy: Some("without it, all of each log is kept".into()),
            not_allowed: false,
        })
}

/// An empty one counts as none.
fn chosen(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|chosen| !chosen.is_empty())
}

fn neither(name: &str, chosen: &str, usual: &str, other: &str) -> Refused {
    Refused {
        message: format!("{name} is {chosen:?}"),
        remedy: Some(format!(
            "it is `{usual}`, which is the default, or `{other}`"
        )),
        not_allowed: false,
    }
}
