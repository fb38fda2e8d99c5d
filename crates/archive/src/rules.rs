//! What may be in an archive.

use crate::{Entry, Kind, Refusal, tar::Raw};
use std::collections::HashMap;

/// How much an archive may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Files, folders and links together, also folders that are only implied.
    pub entries: u32,
    /// In all files together.
    pub bytes: u64,
    /// In all names together.
    pub names: usize,
}

impl Default for Limits {
    /// What a task may leave as artifacts.
    fn default() -> Self {
        Self {
            entries: 100_000,
            bytes: 10 << 30,
            names: 16 << 20,
        }
    }
}

/// Linux allows no longer names and paths.
const MOST_OF_A_NAME: usize = 255;
const MOST_OF_A_PATH: usize = 4_095;
const DEEPEST: usize = 256;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    File,
    Folder,
    /// A folder that no entry has named so far.
    Implied,
    Link,
}

/// Checks one entry after the other.
pub(crate) struct Rules {
    limits: Limits,
    /// All entries lie in this folder, which goes from their paths.
    root: Option<&'static str>,
    seen: HashMap<String, Seen>,
    names: usize,
    bytes: u64,
}

impl Rules {
    pub(crate) fn new(limits: Limits, root: Option<&'static str>) -> Self {
        Self {
            limits,
            root,
            seen: HashMap::new(),
            names: 0,
            bytes: 0,
        }
    }

    /// The entry as it may be kept. `None`: the root itself.
    pub(crate) fn check(&mut self, raw: &Raw) -> Result<Option<Entry>, Refusal> {
        let Some(path) = self.path(&raw.name)? else {
            // Only a folder can have others in it.
            return match raw.flag {
                b'5' => Ok(None),
                _ => Err(Refusal::NoFolder(shown(&raw.name))),
            };
        };
        let kind = self.kind(raw, &path)?;
        self.count_bytes(&path, kind.bytes())?;
        self.parents(&path)?;
        let seen = match &kind {
            Kind::File { .. } | Kind::SameAs { .. } => Seen::File,
            Kind::Folder => Seen::Folder,
            Kind::Link { .. } => Seen::Link,
        };
        self.remember(&path, seen)?;
        Ok(Some(Entry {
            path,
            kind,
            mode: raw.mode & 0o777,
            modified: raw.modified,
        }))
    }

    fn kind(&self, raw: &Raw, path: &str) -> Result<Kind, Refusal> {
        let special = |what| {
            let name = path.to_owned();
            Err(Refusal::Special { name, what })
        };
        match raw.flag {
            // Old archives have no sign for a folder but the slash at its end.
            0 if raw.name.ends_with(b"/") => Ok(Kind::Folder),
            0 | b'0' | b'7' => Ok(Kind::File { bytes: raw.bytes }),
            b'5' => Ok(Kind::Folder),
            b'1' => self.same_as(raw, path),
            b'2' => link(raw, path),
            b'3' | b'4' => special("a device"),
            b'6' => special("a pipe"),
            b'S' => special("a sparse file in a form that is not read"),
            _ => special("of an unknown kind"),
        }
    }

    /// Another name of a file: the file must be in the archive, and in front.
    fn same_as(&self, raw: &Raw, path: &str) -> Result<Kind, Refusal> {
        let wrong = |why| Refusal::Link {
            name: path.to_owned(),
            target: shown(&raw.target),
            why,
        };
        let target = self.path(&raw.target).ok().flatten();
        let target = target.ok_or_else(|| wrong("that is not inside"))?;
        match self.seen.get(&target) {
            Some(Seen::File) => Ok(Kind::SameAs { first: target }),
            _ => Err(wrong("no file of that name came before it")),
        }
    }

    /// A path in its simplest form; `None` for the root.
    fn path(&self, name: &[u8]) -> Result<Option<String>, Refusal> {
        let not_a_path = |why| Refusal::NotAPath {
            name: shown(name),
            why,
        };
        let text = std::str::from_utf8(name).map_err(|_| not_a_path("it is not UTF-8"))?;
        if text.is_empty() || text.contains('\0') {
            return Err(not_a_path("it is empty, or has a zero in it"));
        }
        if text.starts_with('/') {
            return Err(Refusal::Absolute(shown(name)));
        }
        let mut parts: Vec<&str> = text
            .split('/')
            .filter(|part| !matches!(*part, "" | "."))
            .collect();
        if parts.contains(&"..") {
            return Err(Refusal::Upward(shown(name)));
        }
        if let Some(root) = self.root {
            if parts.first() != Some(&root) {
                return Err(Refusal::Elsewhere(shown(name)));
            }
            parts.remove(0);
        }
        if parts.iter().any(|part| part.len() > MOST_OF_A_NAME) {
            return Err(not_a_path("a name in it has more than 255 bytes"));
        }
        if parts.len() > DEEPEST || text.len() > MOST_OF_A_PATH {
            return Err(not_a_path("it is too long, or too deep"));
        }
        Ok((!parts.is_empty()).then(|| parts.join("/")))
    }

    /// Everything above is a folder, or becomes one.
    fn parents(&mut self, path: &str) -> Result<(), Refusal> {
        for (at, _) in path.match_indices('/') {
            let parent = path.get(..at).unwrap_or_default();
            match self.seen.get(parent) {
                Some(Seen::Folder | Seen::Implied) => {}
                Some(Seen::File | Seen::Link) => {
                    return Err(Refusal::NotInAFolder {
                        name: shown(path.as_bytes()),
                        parent: shown(parent.as_bytes()),
                    });
                }
                None => self.remember(parent, Seen::Implied)?,
            }
        }
        Ok(())
    }

    fn remember(&mut self, path: &str, as_what: Seen) -> Result<(), Refusal> {
        if let Some(seen) = self.seen.get_mut(path) {
            if (*seen, as_what) == (Seen::Implied, Seen::Folder) {
                *seen = Seen::Folder;
                return Ok(());
            }
            return Err(Refusal::Twice(shown(path.as_bytes())));
        }
        if self.seen.len() >= self.limits.entries as usize {
            return Err(Refusal::too_many(&self.limits));
        }
        self.names += path.len();
        if self.names > self.limits.names {
            return Err(Refusal::LongNames(self.limits.names));
        }
        self.seen.insert(path.to_owned(), as_what);
        Ok(())
    }

    fn count_bytes(&mut self, path: &str, bytes: u64) -> Result<(), Refusal> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes <= self.limits.bytes {
            return Ok(());
        }
        Err(Refusal::TooLarge {
            name: shown(path.as_bytes()),
            bytes: self.bytes,
            most: self.limits.bytes,
        })
    }
}

/// A link may climb only at its beginning: there every folder is a real one, so that what is
/// climbed is what is counted. Behind a name, `..` would depend on where another link leads.
fn link(raw: &Raw, path: &str) -> Result<Kind, Refusal> {
    let wrong = |why| Refusal::Link {
        name: shown(path.as_bytes()),
        target: shown(&raw.target),
        why,
    };
    let target = std::str::from_utf8(&raw.target).map_err(|_| wrong("that is not UTF-8"))?;
    if target.is_empty() || target.len() > MOST_OF_A_PATH || target.contains('\0') {
        return Err(wrong("that cannot be a path"));
    }
    if target.starts_with('/') {
        return Err(wrong("that is an absolute path; make it relative"));
    }
    let mut parts = target.split('/').filter(|part| !matches!(*part, "" | "."));
    let depth = path.matches('/').count();
    let climbs = parts.by_ref().take_while(|part| *part == "..").count();
    if climbs > depth {
        return Err(wrong("that is outside"));
    }
    if parts.any(|part| part == "..") {
        return Err(wrong("it climbs after it has gone down"));
    }
    Ok(Kind::Link {
        target: target.to_owned(),
    })
}

/// Fit for a sentence: quoted, and not too long.
pub(crate) fn shown(name: &[u8]) -> String {
    let text = String::from_utf8_lossy(name);
    let mut short: String = text.chars().take(200).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("{short:?}")
}
