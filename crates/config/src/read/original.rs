//! The configuration that the SDKs of the original Gofer print: the same tree in our words, with
//! the places of the text it came from, and a note on how each part was read.

#[cfg(test)]
mod tests;

use super::Spot;
use crate::document::{Key, Node, Value};
use gofer_core::problem::{Path, Severity};
use std::{collections::HashMap, ops::Range};

const PIPELINE: [&str; 5] = ["id", "name", "description", "parallelism", "tasks"];
const TASK: [&str; 10] = [
    "id",
    "description",
    "image",
    "registry_auth",
    "depends_on",
    "variables",
    "entrypoint",
    "command",
    "inject_api_token",
    "always_pull_newest_image",
];

/// Ours has tasks by name, and no `id`.
pub(super) fn is_original(tree: &Node) -> bool {
    let is_list = |node: &Node| matches!(node.value, Value::List(_));
    tree.get("id").is_some() && tree.get("tasks").is_some_and(is_list)
}

/// The same in our words.
pub(super) fn translate(tree: &Node) -> (Node, Vec<Spot>) {
    let mut reader = Reader { spots: Vec::new() };
    let translated = reader.pipeline(tree);
    (translated, reader.spots)
}

struct Reader {
    spots: Vec<Spot>,
}

/// A table of ours that is being made.
struct Made {
    path: Path,
    entries: Vec<(Key, Node)>,
}

impl Made {
    fn new(path: Path) -> Self {
        Self {
            path,
            entries: Vec::new(),
        }
    }

    fn put(&mut self, name: &str, node: Node) -> Path {
        let span = node.span.clone();
        let name = name.to_owned();
        let path = self.path.at(name.as_str());
        self.entries.push((Key { name, span }, node));
        path
    }

    fn node(self, span: Range<usize>) -> Node {
        Node {
            span,
            value: Value::Table(self.entries),
        }
    }
}

impl Reader {
    fn say(&mut self, severity: Severity, path: Path, span: &Range<usize>, message: String) {
        self.spots.push(Spot {
            path,
            severity,
            message,
            span: span.clone(),
        });
    }

    fn note(&mut self, path: Path, span: &Range<usize>, message: impl Into<String>) {
        self.say(Severity::Note, path, span, message.into());
    }

    fn error(&mut self, path: Path, span: &Range<usize>, message: impl Into<String>) {
        self.say(Severity::Error, path, span, message.into());
    }

    fn pipeline(&mut self, tree: &Node) -> Node {
        let mut made = Made::new(Path::top());
        self.refuse_unknown(&Path::top(), tree, &PIPELINE);
        if let Some(id) = present(tree, "id") {
            let path = made.put("name", self.name(&Path::top().at("id"), id));
            self.note(
                path,
                &id.span,
                "the configuration of an original Gofer's SDK: its `id` is read as `name`; its tasks find \
                 GOFER_PIPELINE, GOFER_RUN and GOFER_TASK instead of GOFER_PIPELINE_ID, GOFER_RUN_ID and GOFER_TASK_ID",
            );
        }
        self.description(tree, &mut made);
        self.parallelism(tree, &mut made);
        let tasks = self.tasks(tree);
        made.put("tasks", tasks);
        made.node(tree.span.clone())
    }

    fn refuse_unknown(&mut self, path: &Path, tree: &Node, known: &[&str]) {
        let Value::Table(entries) = &tree.value else {
            return;
        };
        for (key, _) in entries {
            if !known.contains(&key.name.as_str()) {
                let message = format!(
                    "`{}` is no key of the original's configuration, so it cannot be carried over; it has {}",
                    key.name,
                    known.join(", ")
                );
                self.error(path.at(key.name.as_str()), &key.span, message);
            }
        }
    }

    /// Names here are in small letters.
    fn name(&mut self, path: &Path, node: &Node) -> Node {
        let Value::Text(text) = &node.value else {
            return node.clone();
        };
        let small = text.to_ascii_lowercase();
        if small != *text {
            let message = format!("names are in small letters: `{text}` is read as `{small}`");
            self.note(path.clone(), &node.span, message);
        }
        Node {
            span: node.span.clone(),
            value: Value::Text(small),
        }
    }

    /// The human name and the description are one text here.
    fn description(&mut self, tree: &Node, made: &mut Made) {
        let text = |key: &str| {
            let node = present(tree, key)?;
            match &node.value {
                Value::Text(text) if text.is_empty() => None,
                _ => Some(node),
            }
        };
        let id = present(tree, "id").map(|id| &id.value);
        let name = text("name").filter(|name| Some(&name.value) != id);
        let node = match (name, text("description")) {
            (None, None) => return,
            (None, Some(only)) => only.clone(),
            (Some(name), about) => {
                let path = Path::top().at("description");
                self.note(path, &name.span, "`name` is read as part of `description`");
                match (&name.value, about.map(|about| &about.value)) {
                    (Value::Text(name_text), Some(Value::Text(about))) => Node {
                        span: name.span.clone(),
                        value: Value::Text(format!("{name_text}: {about}")),
                    },
                    _ => name.clone(),
                }
            }
        };
        made.put("description", node);
    }

    fn parallelism(&mut self, tree: &Node, made: &mut Made) {
        let Some(node) = present(tree, "parallelism") else {
            return;
        };
        let path = Path::top().at("concurrency");
        match &node.value {
            Value::Int(0) => {}
            Value::Int(most) if *most > 0 => {
                let mut table = Made::new(path);
                table.put("limit", node.clone());
                let path = made.put("concurrency", table.node(node.span.clone()));
                let message = format!(
                    "read as concurrency = {{ limit = {most} }}: that many runs at once; further ones queue"
                );
                self.note(path, &node.span, message);
            }
            _ => self.error(
                path,
                &node.span,
                "`parallelism` is how many runs may be active: a whole number, 0 for no limit",
            ),
        }
    }

    fn tasks(&mut self, tree: &Node) -> Node {
        let path = Path::top().at("tasks");
        let Some(list) = tree.get("tasks") else {
            return Made::new(path).node(tree.span.clone());
        };
        let Value::List(items) = &list.value else {
            return list.clone();
        };
        let mut made = Made::new(path.clone());
        let mut known: HashMap<String, usize> = HashMap::new();
        for (nth, item) in items.iter().enumerate() {
            let at = path.at(nth);
            let id = present(item, "id");
            let Some(Value::Text(id_text)) = id.map(|id| &id.value) else {
                self.error(at, &item.span, "a task with an `id` is expected");
                continue;
            };
            let name = id_text.to_ascii_lowercase();
            let span = id.map_or_else(|| item.span.clone(), |id| id.span.clone());
            if let Some(id) = id {
                self.name(&path.at(name.as_str()), id);
            }
            if let Some(first) = known.insert(name.clone(), nth) {
                let message = format!("`{name}` is the name of tasks[{first}] too");
                self.error(at, &span, message);
                continue;
            }
            let node = self.task(&path.at(name.as_str()), item);
            made.entries.push((Key { name, span }, node));
        }
        made.node(list.span.clone())
    }

    fn task(&mut self, path: &Path, tree: &Node) -> Node {
        self.refuse_unknown(path, tree, &TASK);
        let mut made = Made::new(path.clone());
        for key in ["description", "image"] {
            match present(tree, key) {
                Some(node) if key == "description" && is_empty(node) => {}
                Some(node) => drop(made.put(key, node.clone())),
                None => {}
            }
        }
        for key in ["entrypoint", "command"] {
            if let Some(node) = present(tree, key).filter(|node| !is_empty(node)) {
                made.put(key, node.clone());
            }
        }
        self.parents(tree, &mut made);
        self.variables(tree, &mut made);
        self.registry(tree, &mut made);
        let token = present(tree, "inject_api_token");
        if let Some(node) = token.filter(|node| node.value != Value::Bool(false)) {
            let path = made.put("api_token", node.clone());
            let message = "read as api_token = true: the token is in GOFER_API_TOKEN, the address in GOFER_API_URL";
            self.note(path, &node.span, message);
        }
        if let Some(node) = present(tree, "always_pull_newest_image") {
            match node.value {
                Value::Bool(false) => {}
                Value::Bool(true) => {
                    let always = text_node(node, "always");
                    let path = made.put("pull", always);
                    self.note(path, &node.span, "read as pull = \"always\"");
                }
                _ => self.error(path.at("pull"), &node.span, "true or false is expected"),
            }
        }
        made.node(tree.span.clone())
    }

    fn parents(&mut self, tree: &Node, made: &mut Made) {
        let Some(node) = present(tree, "depends_on").filter(|node| !is_empty(node)) else {
            return;
        };
        let Value::Table(entries) = &node.value else {
            made.put("depends_on", node.clone());
            return;
        };
        let path = made.path.at("depends_on");
        let mut parents = Made::new(path.clone());
        let mut words = Vec::new();
        for (key, value) in entries {
            let said = match &value.value {
                Value::Text(said) => said.to_ascii_lowercase(),
                _ => String::new(),
            };
            let parent = key.name.to_ascii_lowercase();
            if !matches!(said.as_str(), "any" | "success" | "failure") {
                let message = "the state of a parent is \"Any\", \"Success\" or \"Failure\"";
                self.error(path.at(parent.as_str()), &value.span, message);
                continue;
            }
            words.push(format!("{parent} = \"{said}\""));
            let name = Key {
                name: parent,
                span: key.span.clone(),
            };
            parents.entries.push((name, text_node(value, &said)));
        }
        if !words.is_empty() {
            let message = format!("read as depends_on = {{ {} }}", words.join(", "));
            self.note(path, &node.span, message);
        }
        made.put("depends_on", parents.node(node.span.clone()));
    }

    fn variables(&mut self, tree: &Node, made: &mut Made) {
        let Some(node) = present(tree, "variables").filter(|node| !is_empty(node)) else {
            return;
        };
        let Value::Table(entries) = &node.value else {
            made.put("env", node.clone());
            return;
        };
        let path = made.path.at("env");
        let mut env = Made::new(path.clone());
        for (key, value) in entries {
            let name = key.name.to_ascii_uppercase();
            let at = path.at(name.as_str());
            if name != key.name {
                let message = format!(
                    "variables are in capital letters: `{}` is read as `{name}`",
                    key.name
                );
                self.note(at.clone(), &key.span, message);
            }
            if env.entries.iter().any(|(known, _)| known.name == name) {
                self.error(at, &key.span, format!("`{name}` is there twice"));
                continue;
            }
            let value = self.variable(&at, value);
            let name = Key {
                name,
                span: key.span.clone(),
            };
            env.entries.push((name, value));
        }
        made.put("env", env.node(node.span.clone()));
    }

    /// A placeholder that is the whole value is a reference; inside of longer text it never was one.
    fn variable(&mut self, path: &Path, node: &Node) -> Node {
        let Value::Text(text) = &node.value else {
            return node.clone();
        };
        let Some(found) = Placeholder::read(text) else {
            if let Some(kind) = KINDS.iter().find(|kind| mentions(text, kind)) {
                let message = format!(
                    "`{kind}{{{{…}}}}` inside of longer text stays as it is, as in the original"
                );
                self.note(path.clone(), &node.span, message);
            }
            return node.clone();
        };
        let Placeholder { kind, key } = found;
        let (word, more) = match kind {
            "pipeline_secret" => ("secret", ""),
            "global_secret" => (
                "secret",
                ": one name, looked up for the pipeline, then its namespace, then the server",
            ),
            _ => (
                "object",
                ": text as its task wrote it, not base64; a task hands it on with `objects` and $GOFER_OUTPUT",
            ),
        };
        let mut reference = Made::new(path.clone());
        reference.put(word, text_node(node, &key));
        let scope = if kind == "run_object" {
            reference.put("scope", text_node(node, "run"));
            ", scope = \"run\""
        } else {
            ""
        };
        let message = format!("read as {{ {word} = \"{key}\"{scope} }}{more}");
        self.note(path.clone(), &node.span, message);
        reference.node(node.span.clone())
    }

    fn registry(&mut self, tree: &Node, made: &mut Made) {
        let Some(node) = present(tree, "registry_auth").filter(|node| !is_empty(node)) else {
            return;
        };
        let path = made.path.at("registry");
        self.refuse_unknown(&path, node, &["user", "pass"]);
        let password = present(node, "pass");
        let secret = password.and_then(|node| match &node.value {
            Value::Text(text) => Placeholder::read(text).filter(Placeholder::is_secret),
            _ => None,
        });
        let (Some(user), Some(password), Some(secret)) = (present(node, "user"), password, secret)
        else {
            let span = password.map_or(&node.span, |password| &password.span);
            let message = "a password in clear cannot be carried over: write \"pipeline_secret{{NAME}}\" with the name of a secret";
            return self.error(path, span, message);
        };
        let mut registry = Made::new(path.clone());
        registry.put("username", user.clone());
        let mut reference = Made::new(path.at("password"));
        reference.put("secret", text_node(password, &secret.key));
        registry.put("password", reference.node(password.span.clone()));
        let message = format!(
            "read as registry, with password = {{ secret = \"{}\" }}",
            secret.key
        );
        self.note(path, &node.span, message);
        made.put("registry", registry.node(node.span.clone()));
    }
}

/// The kinds of placeholders, whatever their letters.
const KINDS: [&str; 4] = [
    "pipeline_secret",
    "global_secret",
    "pipeline_object",
    "run_object",
];

/// `pipeline_secret{{key}}`; one SDK prints single braces.
struct Placeholder {
    kind: &'static str,
    key: String,
}

impl Placeholder {
    fn read(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once('{')?;
        let kind = kind.trim().to_ascii_lowercase();
        let kind = KINDS.into_iter().find(|known| *known == kind)?;
        let rest = rest.trim_end().strip_suffix('}')?;
        let inner = match rest.strip_prefix('{') {
            Some(rest) => rest.strip_suffix('}')?,
            None => rest,
        };
        let key = inner.trim();
        let is_one = !key.is_empty() && !key.contains(['{', '}']);
        is_one.then(|| Self {
            kind,
            key: key.to_owned(),
        })
    }

    fn is_secret(&self) -> bool {
        self.kind.ends_with("_secret")
    }
}

fn mentions(text: &str, kind: &str) -> bool {
    text.to_ascii_lowercase().contains(&format!("{kind}{{"))
}

/// The value of a key; `null` counts as none.
fn present<'n>(tree: &'n Node, key: &str) -> Option<&'n Node> {
    let node = tree.get(key)?;
    (!matches!(node.value, Value::Null)).then_some(node)
}

fn is_empty(node: &Node) -> bool {
    match &node.value {
        Value::Text(text) => text.is_empty(),
        Value::List(items) => items.is_empty(),
        Value::Table(entries) => entries.is_empty(),
        _ => false,
    }
}

fn text_node(of: &Node, text: &str) -> Node {
    Node {
        span: of.span.clone(),
        value: Value::Text(text.to_owned()),
    }
}
