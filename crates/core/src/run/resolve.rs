//! From references to text: what a container is told.

use super::{
    Key, Reason, TaskState,
    book::{Book, Place},
};
use crate::{
    container::{self, Exec, Limits, Text},
    definition::{Call, Container, Json, Literal, ParamType, Reference, TaskField, Value},
    name::{EnvName, ParamName},
    plan::{DEFAULT_STOP_GRACE, Kind, MOST_ITEMS},
    quantity,
    when::{Expr, Name, Step},
};
use std::{collections::BTreeMap, time::Duration};

/// Bytes of one value in the environment; Linux allows no more.
const MOST_ENV_BYTES: usize = 128 * 1024;

type Failure = (Reason, String);

impl Book {
    /// Everything of an attempt but the secrets.
    pub(super) fn resolve(
        &self,
        task: &crate::plan::Task,
        said: &Container,
        place: Place,
        number: u32,
    ) -> Result<container::Attempt, Failure> {
        let mut main = self.container(said, self.environment(place, number), place)?;
        self.mount(&mut main.volumes);
        let mut services = Vec::new();
        for (name, service) in &said.services {
            let ready = service.ready.as_ref();
            services.push(container::Service {
                name: name.clone(),
                container: self.container(&service.container, BTreeMap::new(), place)?,
                ready_tcp: ready.and_then(|ready| ready.tcp),
                ready_command: ready.and_then(|ready| ready.command.clone()),
                ready_timeout: ready
                    .and_then(|ready| ready.timeout)
                    .map_or(Duration::from_mins(1), Into::into),
            });
        }
        Ok(container::Attempt {
            main,
            services,
            inputs: self.inputs(&said.inputs),
            labels: task.labels.clone().into_iter().collect(),
        })
    }

    fn container(
        &self,
        said: &Container,
        mut env: BTreeMap<EnvName, Text>,
        place: Place,
    ) -> Result<container::Container, Failure> {
        for (name, value) in &said.env {
            let text = self.value(value, place, &format!("env.{name}"))?;
            if let Text::Plain(text) = &text
                && text.len() > MOST_ENV_BYTES
            {
                let message = format!(
                    "env.{name} has {} bytes; at most {MOST_ENV_BYTES} fit into a variable. Use `files`",
                    text.len()
                );
                return Err((Reason::StartFailed, message));
            }
            env.insert(name.clone(), text);
        }
        let mut files = Vec::new();
        for (path, value) in &said.files {
            files.push((
                path.clone(),
                self.value(value, place, &format!("files.{path}"))?,
            ));
        }
        let volumes = said.volumes.iter().map(|(path, volume)| {
            (
                path.clone(),
                volume.source.clone(),
                volume.read_only.unwrap_or(false),
            )
        });
        Ok(container::Container {
            image: self.image(said, place)?,
            exec: exec(said),
            env: env.into_iter().collect(),
            files,
            volumes: volumes.collect(),
            limits: limits(said)?,
            user: said.user.clone(),
            working_dir: said.working_dir.clone(),
            read_only: said.read_only.unwrap_or(false),
            pull: said.pull.unwrap_or_default(),
            registry: said
                .registry
                .as_ref()
                .map(|registry| (registry.username.clone(), registry.password.secret.clone())),
            stop_grace: said.stop_grace.map_or(DEFAULT_STOP_GRACE, Into::into),
        })
    }

    /// The image that a task or an item names, with what is known now.
    pub fn image_of(&self, key: &Key) -> Option<String> {
        let place = self.place(key)?;
        match &self.plan.tasks.get(place.0)?.kind {
            Kind::Container(said) => self.image(said, place).ok(),
            Kind::Approval(_) | Kind::Call(_) => None,
        }
    }

    fn image(&self, said: &Container, place: Place) -> Result<String, Failure> {
        let no_image = || (Reason::ImageNotFound, "the task names no image".to_owned());
        let value = said.image.as_ref().ok_or_else(no_image)?;
        let Text::Plain(image) = self.value(value, place, "image")? else {
            return Err((
                Reason::ImageNotFound,
                "an image cannot be a secret".to_owned(),
            ));
        };
        let fits =
            !image.is_empty() && image.len() <= 512 && image.chars().all(|c| c.is_ascii_graphic());
        if fits {
            Ok(image)
        } else {
            Err((
                Reason::ImageNotFound,
                format!("{image:?} cannot be the name of an image"),
            ))
        }
    }

    pub(super) fn resolve_params(
        &self,
        call: &Call,
        place: Place,
    ) -> Result<BTreeMap<ParamName, String>, Failure> {
        let mut params = BTreeMap::new();
        for (name, value) in &call.params {
            match self.value(value, place, &format!("pipeline.params.{name}"))? {
                Text::Plain(text) => params.insert(name.clone(), text),
                Text::Secret(_) => {
                    let message = format!("pipeline.params.{name}: a param cannot be a secret");
                    return Err((Reason::MissingValue, message));
                }
            };
        }
        Ok(params)
    }

    /// A value's text. `at` says in messages where it stands.
    fn value(&self, value: &Value, place: Place, at: &str) -> Result<Text, Failure> {
        let reference = match value {
            Value::Literal(literal) => return Ok(Text::Plain(literal.to_text())),
            Value::Reference(Reference::Secret(name)) => return Ok(Text::Secret(name.clone())),
            Value::Reference(reference) => reference,
        };
        let missing = |why: String| (Reason::MissingValue, format!("{at}: {why}"));
        match self.look_up(reference, place) {
            Ok(text) => Ok(Text::Plain(text)),
            Err(why) => match default_of(reference) {
                Some(default) => Ok(Text::Plain(default.to_text())),
                None => Err(missing(why)),
            },
        }
    }

    /// What a reference gives, or why it gives nothing.
    fn look_up(&self, reference: &Reference, place: Place) -> Result<String, String> {
        match reference {
            Reference::Param { name, .. } => self
                .origin
                .params
                .get(name)
                .cloned()
                .ok_or_else(|| format!("param {name} is not set")),
            Reference::Output { task, key, .. } => {
                self.output(task.as_str(), key).map(Output::into_text)
            }
            Reference::Item { field, .. } => self.item(field.as_deref(), place),
            Reference::Task { task, field, .. } => Ok(self.about(task.as_str(), *field)),
            Reference::Object { key, of_run, .. } => self.object(key, *of_run),
            Reference::Event { path, .. } => Err(format!("there is no event to take {path} from")),
            Reference::Secret(name) => Err(format!("secret {name} cannot stand here")),
        }
    }

    pub(super) fn output(&self, task: &str, key: &str) -> Result<Output, String> {
        let at = self
            .plan
            .position(task)
            .ok_or_else(|| format!("there is no task {task}"))?;
        if !self.is_selected(at) {
            return self.given_output(at, key);
        }
        let found = self
            .run
            .tasks
            .get(at)
            .ok_or_else(|| format!("there is no task {task}"))?;
        let is_fan_out = self
            .plan
            .tasks
            .get(at)
            .is_some_and(|said| said.fan_out.is_some());
        if is_fan_out {
            if !found.own.expanded {
                return Err(format!(
                    "{task} ended as {}, without items",
                    found.own.state
                ));
            }
            let succeeded = found
                .items
                .iter()
                .filter(|item| item.state == TaskState::Succeeded);
            let texts = succeeded.filter_map(|item| item.outputs.get(key).cloned());
            return Ok(Output::Gathered(texts.collect()));
        }
        let outputs = &found.own.outputs;
        outputs.get(key).cloned().map(Output::One).ok_or_else(|| {
            let written: Vec<&str> = outputs.keys().map(String::as_str).collect();
            let state = found.own.state;
            if written.is_empty() {
                format!("{task} ({state}) wrote no output {key}; it wrote none at all")
            } else {
                format!(
                    "{task} ({state}) wrote no output {key}; it wrote {}",
                    written.join(", ")
                )
            }
        })
    }

    fn item(&self, field: Option<&str>, place: Place) -> Result<String, String> {
        let value = self.at(place).and_then(|unit| unit.value.as_ref());
        let value = value.ok_or("this task has no items")?;
        match field {
            None => Ok(as_text(value)),
            Some(field) => value.get(field).map(as_text).ok_or_else(|| {
                format!(
                    "this item has no field {field}: {}",
                    shortened(&value.to_string())
                )
            }),
        }
    }

    fn about(&self, task: &str, field: TaskField) -> String {
        let at = self.plan.position(task);
        if let Some(at) = at.filter(|at| !self.is_selected(*at)) {
            return self.given_about(at, field);
        }
        let Some(task) = at.and_then(|at| self.run.tasks.get(at)) else {
            return String::new();
        };
        match field {
            TaskField::State => task.own.state.to_string(),
            TaskField::Reason => task.own.reason.map(|r| r.to_string()).unwrap_or_default(),
            TaskField::ExitCode => task
                .own
                .attempts
                .last()
                .and_then(|attempt| attempt.exit_code)
                .map(|code| code.to_string())
                .unwrap_or_default(),
        }
    }

    /// The list of a fan-out.
    pub(super) fn list(&self, reference: &Reference, place: Place) -> Result<Vec<Json>, Failure> {
        let text = match self.value(&Value::Reference(reference.clone()), place, "for_each")? {
            Text::Plain(text) => text,
            Text::Secret(_) => String::new(),
        };
        match serde_json::from_str::<Json>(&text) {
            Ok(Json::Array(items)) if items.len() > MOST_ITEMS => Ok(items),
            Ok(Json::Array(items)) => match items.iter().position(|item| !is_item(item)) {
                None => Ok(items),
                Some(at) => Err((
                    Reason::NotAList,
                    format!("for_each: item {at} is neither text, number, boolean nor record"),
                )),
            },
            _ => Err((
                Reason::NotAList,
                format!("for_each: this is not a JSON list: {}", shortened(&text)),
            )),
        }
    }

    /// Asks a `when`.
    pub(super) fn ask(&self, when: &Expr, place: Place) -> Result<bool, String> {
        let with_default: Vec<&Name> = when
            .names()
            .into_iter()
            .filter_map(|(name, _, has_default)| has_default.then_some(name))
            .collect();
        let look_up = |name: &Name| match self.named(name, place) {
            Err(_) if with_default.contains(&name) => Ok(None),
            found => found,
        };
        when.eval(&look_up).map_err(|failure| failure.message)
    }

    fn named(&self, name: &Name, place: Place) -> Result<Option<Json>, String> {
        match name {
            Name::Param(name) => Ok(self.param(name)),
            Name::Output { task, key } => self.output(task, key).map(|found| match found {
                Output::One(text) => Some(Json::String(text)),
                Output::Gathered(texts) => Some(Json::from(texts)),
            }),
            Name::Task { task, field } => Ok(Some(Json::String(self.about(task, *field)))),
            Name::Item(steps) => {
                let value = self.at(place).and_then(|unit| unit.value.clone());
                Ok(value.and_then(|value| walk(value, steps)))
            }
            Name::RunTrigger => Ok(Some(Json::String(self.origin.trigger.clone()))),
            Name::RunState => Ok(Some(Json::String(self.verdict(false).0.to_string()))),
            Name::Event(_) => Ok(None),
        }
    }

    fn param(&self, name: &str) -> Option<Json> {
        let text = self.origin.params.get(name)?;
        let kind = self
            .plan
            .pipeline
            .params
            .get(name)?
            .kind
            .unwrap_or_default();
        match kind {
            ParamType::Int | ParamType::Float | ParamType::Bool | ParamType::Json => {
                serde_json::from_str(text).ok()
            }
            _ => Some(Json::String(text.clone())),
        }
    }
}

/// What an output holds.
pub(super) enum Output {
    One(String),
    Gathered(Vec<String>),
}

impl Output {
    pub(super) fn into_text(self) -> String {
        match self {
            Self::One(text) => text,
            Self::Gathered(texts) => Json::from(texts).to_string(),
        }
    }
}

fn default_of(reference: &Reference) -> Option<&Literal> {
    match reference {
        Reference::Secret(_) => None,
        Reference::Param { default, .. }
        | Reference::Output { default, .. }
        | Reference::Object { default, .. }
        | Reference::Item { default, .. }
        | Reference::Task { default, .. }
        | Reference::Event { default, .. } => default.as_ref(),
    }
}

fn exec(said: &Container) -> Exec {
    match &said.script {
        Some(script) => Exec::Script(script.clone()),
        None => Exec::Argv {
            entrypoint: said.entrypoint.clone(),
            command: said.command.clone(),
        },
    }
}

fn limits(said: &Container) -> Result<Limits, Failure> {
    let Some(resources) = &said.resources else {
        return Ok(Limits::default());
    };
    let wrong = |error: String| (Reason::StartFailed, format!("resources: {error}"));
    Ok(Limits {
        cpu_millis: resources
            .cpu
            .as_deref()
            .map(quantity::cpu)
            .transpose()
            .map_err(|error| wrong(error.to_string()))?,
        memory_bytes: resources
            .memory
            .as_deref()
            .map(quantity::memory)
            .transpose()
            .map_err(|error| wrong(error.to_string()))?,
        gpus: resources.gpu,
    })
}

/// A scalar as text, a record as compact JSON.
pub(super) fn as_text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn is_item(value: &Json) -> bool {
    !matches!(value, Json::Null | Json::Array(_))
}

fn walk(mut value: Json, steps: &[Step]) -> Option<Json> {
    for step in steps {
        value = match step {
            Step::Key(key) => value.get_mut(key.as_str())?.take(),
            Step::Index(index) => value.get_mut(*index)?.take(),
        };
    }
    Some(value)
}

/// The first 80 characters, so that a message stays a sentence.
fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(80).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("{short:?}")
}
