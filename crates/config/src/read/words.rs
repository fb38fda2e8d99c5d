//! What somebody may have meant.

use crate::keys::{Section, Shape};

/// Words of other tools for keys of ours.
const ELSEWHERE: [(&str, &str); 18] = [
    ("args", "command"),
    ("cmd", "command"),
    ("dependencies", "depends_on"),
    ("environment", "env"),
    ("foreach", "for_each"),
    ("if", "when"),
    ("jobs", "tasks"),
    ("mounts", "volumes"),
    ("needs", "depends_on"),
    ("parameters", "params"),
    ("requires", "depends_on"),
    ("retries", "retry"),
    ("run", "script"),
    ("schedule", "triggers"),
    ("secrets", "env"),
    ("steps", "tasks"),
    ("tz", "timezone"),
    ("workdir", "working_dir"),
];

/// The one of `known` that was probably meant.
pub(super) fn closest<'k>(
    word: &str,
    known: impl Iterator<Item = &'k str> + Clone,
) -> Option<&'k str> {
    let plain = |text: &str| text.to_ascii_lowercase().replace(['-', '_', ' ', '.'], "");
    let wanted = plain(word);
    let other = ELSEWHERE
        .iter()
        .find(|(theirs, _)| *theirs == wanted)
        .map(|(_, ours)| *ours);
    let same = known
        .clone()
        .find(|key| Some(*key) == other || plain(key) == wanted);
    same.or_else(|| gofer_core::suggest::nearest(word, known))
}

/// The highest table of the language that has `key`, as a path.
pub(super) fn home(top: &'static Section, key: &str) -> Option<String> {
    let mut level = vec![(String::new(), top)];
    while !level.is_empty() {
        if let Some((path, _)) = level
            .iter()
            .find(|(path, section)| !path.is_empty() && section.key(key).is_some())
        {
            return Some(path.clone());
        }
        level = level
            .iter()
            .flat_map(|(path, section)| below(path, section))
            .collect();
    }
    None
}

fn below(path: &str, section: &'static Section) -> Vec<(String, &'static Section)> {
    let dot = if path.is_empty() { "" } else { "." };
    let inner = section.keys().filter_map(|(key, _)| match &key.shape {
        Shape::Table(inner) => Some((format!("{path}{dot}{}", key.name), *inner)),
        Shape::Map {
            keys,
            of: Shape::Table(inner),
            ..
        } => Some((format!("{path}{dot}{}.{}", key.name, keys.word), *inner)),
        _ => None,
    });
    inner.collect()
}
