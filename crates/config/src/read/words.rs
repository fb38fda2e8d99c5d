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

/// The closest of `known`, if it is close enough to be meant.
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
    if let Some(same) = known
        .clone()
        .find(|key| Some(*key) == other || plain(key) == wanted)
    {
        return Some(same);
    }
    // Beyond this length nothing of ours is close, and the comparison is quadratic.
    if word.len() > 64 {
        return None;
    }
    let far = |key: &str| strsim::damerau_levenshtein(&wanted, &plain(key));
    known
        .map(|key| (far(key), key))
        .filter(|(far, key)| *far <= (key.len() / 3).clamp(1, 3))
        .min()
        .map(|(_, key)| key)
}

/// The table in which `key` is known, as a path, if it is in none above it.
pub(super) fn home(section: &'static Section, key: &str, depth: usize) -> Option<String> {
    let nested = section.keys().filter_map(|(outer, _)| match &outer.shape {
        Shape::Table(inner) => Some((outer.name.to_owned(), *inner)),
        Shape::Map {
            keys,
            of: Shape::Table(inner),
            ..
        } => Some((format!("{}.{}", outer.name, keys.word), *inner)),
        _ => None,
    });
    let nested: Vec<_> = nested.collect();
    let here = nested
        .iter()
        .rev()
        .find(|(_, inner)| inner.key(key).is_some());
    here.map(|(path, _)| path.clone()).or_else(|| {
        let below = |(path, inner): &(String, &'static Section)| {
            home(inner, key, depth.checked_sub(1)?).map(|rest| format!("{path}.{rest}"))
        };
        nested.iter().filter_map(below).next_back()
    })
}
