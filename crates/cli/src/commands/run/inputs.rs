//! Params and secrets of a start, and everything that is wrong with them at once.

use crate::{
    args::{Run as Args, Secrets},
    failure::{Failure, Result},
    outline,
    session::Session,
    text,
};
use gofer_core::{
    name::{ParamName, TaskName},
    params,
    plan::Plan,
};
use gofer_sdk::types::SecretValue;
use gofer_secrets::LEAST_BYTES;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

pub(super) struct Inputs {
    /// As they were given.
    pub(super) given: BTreeMap<String, String>,
    /// With defaults; nothing if there are problems.
    pub(super) values: BTreeMap<ParamName, String>,
    /// Those that the pipeline names.
    pub(super) secrets: BTreeMap<String, SecretValue>,
    /// What keeps the run from starting.
    problems: Vec<String>,
    is_secret_missing: bool,
}

impl Inputs {
    /// `called` are the pipelines that it calls, whose secrets are asked for with its own.
    pub(super) fn gather(
        session: &Session<'_>,
        plan: &Plan,
        called: &[&Plan],
        only: Option<&BTreeSet<TaskName>>,
        args: &Args,
    ) -> Result<Self> {
        let (given, mut problems) = parse_params(&args.params)?;
        let values = params::start(&plan.pipeline.params, &given);
        let values = values.unwrap_or_else(|wrong| {
            problems.extend(wrong);
            BTreeMap::new()
        });
        let mut all = read_secrets(session, &args.secrets)?;
        let mut needed: BTreeSet<String> = outline::secrets(plan, only).into_iter().collect();
        needed.extend(called.iter().flat_map(|plan| outline::secrets(plan, None)));
        let missing: Vec<&String> = needed
            .iter()
            .filter(|name| !all.contains_key(*name))
            .collect();
        problems.extend(
            missing
                .iter()
                .map(|name| format!("secret `{name}` is missing")),
        );
        let is_secret_missing = !missing.is_empty();
        all.retain(|name, _| needed.contains(name));
        note_unmasked(session, &all);
        Ok(Self {
            given,
            values,
            secrets: all,
            problems,
            is_secret_missing,
        })
    }

    pub(super) fn problems(&self) -> &[String] {
        &self.problems
    }

    pub(super) fn refuse_if_incomplete(&self) -> Result<()> {
        if self.problems.is_empty() {
            return Ok(());
        }
        let failure = Failure::new("this run cannot start:").with_problems(self.problems.clone());
        let is_param_wrong = self
            .problems
            .iter()
            .any(|problem| problem.contains("param `"));
        let remedy = match (is_param_wrong, self.is_secret_missing) {
            (true, true) => {
                "--param NAME=VALUE sets a param, --secrets FILE reads NAME=value lines"
            }
            (false, true) => {
                "--secrets FILE reads NAME=value lines, --secrets-from-env PREFIX the environment"
            }
            (true, false) => "--param NAME=VALUE sets a param",
            (false, false) => return Err(failure),
        };
        Err(failure.with_remedy(remedy))
    }
}

/// The values of params as they were typed, and what is wrong with them.
pub(super) fn parse_params(params: &[String]) -> Result<(BTreeMap<String, String>, Vec<String>)> {
    let (mut given, mut problems) = (BTreeMap::new(), Vec::new());
    for param in params {
        match param.split_once('=') {
            Some((name, value)) if given.insert(name.to_owned(), value.to_owned()).is_none() => {}
            Some((name, _)) => problems.push(format!("param `{name}` is given twice")),
            None => {
                let message = format!("{:?} is not NAME=VALUE", text::safe(param.as_bytes()));
                return Err(
                    Failure::usage(message).with_remedy("for example: --param day=2026-11-24")
                );
            }
        }
    }
    Ok((given, problems))
}

/// Secrets that are too short to be masked are said to be.
pub(super) fn note_unmasked(session: &Session<'_>, secrets: &BTreeMap<String, SecretValue>) {
    for (name, value) in secrets {
        if value.0.trim().len() < LEAST_BYTES {
            session.note(format_args!(
                "note: secret `{name}` has fewer than {LEAST_BYTES} bytes, so it is not masked in logs and outputs"
            ));
        }
    }
}

/// Files in order, then the environment; what comes later wins.
pub(super) fn read_secrets(
    session: &Session<'_>,
    args: &Secrets,
) -> Result<BTreeMap<String, SecretValue>> {
    let mut all = BTreeMap::new();
    for file in &args.files {
        for (name, value) in read_file(&session.here.join(file), file)? {
            all.insert(name, value);
        }
    }
    if let Some(prefix) = &args.from_env {
        let found =
            gofer_secrets::from_env_prefix(session.host.vars(), prefix).map_err(|errors| {
                let problems = errors.iter().map(ToString::to_string).collect();
                Failure::new("the environment has variables that are no secrets:")
                    .with_problems(problems)
            })?;
        all.extend(
            found
                .into_iter()
                .map(|(name, value)| (name.to_string(), SecretValue(value.expose().to_owned()))),
        );
    }
    Ok(all)
}

fn read_file(path: &Path, shown: &Path) -> Result<Vec<(String, SecretValue)>> {
    let shown = shown.display();
    let text = fs::read_to_string(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::InvalidData => Failure::new(format!("{shown} is not UTF-8 text")),
        _ => Failure::new(format!("the secrets in {shown} cannot be read: {error}")),
    })?;
    let secrets = gofer_secrets::parse_file(&text).map_err(|errors| {
        let problems = errors
            .iter()
            .map(|error| format!("{shown}: {error}"))
            .collect();
        Failure::new("the secrets cannot be read:").with_problems(problems)
    })?;
    Ok(secrets
        .into_iter()
        .map(|(name, value)| (name.to_string(), SecretValue(value.expose().to_owned())))
        .collect())
}
