use crate::{
    Entry, Kind, Limits, Refusal,
    rules::Rules,
    tar::{END, Piece, Reader, header, padding},
};
use bytes::Bytes;

/// Puts the entries of clean archives into folders of one new archive, readable for everybody.
#[derive(Default)]
pub struct Prefixer {
    current: Option<Current>,
    folders: std::collections::BTreeSet<String>,
}

struct Current {
    folder: String,
    reader: Reader,
    rules: Rules,
    left: u64,
    padding: usize,
}

impl Prefixer {
    /// What is fed from now on goes to this folder: a relative path.
    pub fn begin(&mut self, folder: &str, out: &mut Vec<Bytes>) {
        let ends = folder.match_indices('/').map(|(at, _)| at);
        for end in ends.chain([folder.len()]) {
            let path = folder.get(..end).unwrap_or_default().to_owned();
            if self.folders.insert(path.clone()) {
                out.push(Bytes::from(header(&Entry {
                    path,
                    kind: Kind::Folder,
                    mode: 0o755,
                    modified: 0,
                })));
            }
        }
        self.current = Some(Current {
            folder: folder.to_owned(),
            reader: Reader::default(),
            rules: Rules::new(Limits::default(), None),
            left: 0,
            padding: 0,
        });
    }

    /// Takes the next bytes of an archive in.
    pub fn feed(&mut self, mut input: Bytes, out: &mut Vec<Bytes>) -> Result<(), Refusal> {
        let Some(current) = &mut self.current else {
            return Ok(());
        };
        while let Some(piece) = current.reader.next(&mut input)? {
            match piece {
                Piece::Entry(raw) => {
                    if let Some(entry) = current.rules.check(&raw)? {
                        current.left = entry.kind.bytes();
                        current.padding = padding(current.left);
                        out.push(header(&current.moved(entry)).into());
                    }
                }
                Piece::Data(bytes) => {
                    current.left = current.left.saturating_sub(bytes.len() as u64);
                    out.push(bytes);
                    if current.left == 0 && current.padding > 0 {
                        let padding = std::mem::take(&mut current.padding);
                        out.push(Bytes::from_static(END.get(..padding).unwrap_or_default()));
                    }
                }
            }
        }
        Ok(())
    }

    /// The archive that was fed is whole.
    pub fn end(&mut self) -> Result<(), Refusal> {
        match self.current.take() {
            Some(current) => current.reader.finish(),
            None => Ok(()),
        }
    }

    /// The end of the new archive.
    pub fn finish(self, out: &mut Vec<Bytes>) {
        out.push(Bytes::from_static(&END));
    }
}

impl Current {
    fn moved(&self, entry: Entry) -> Entry {
        let within = |path: &str| format!("{}/{path}", self.folder);
        // Who reads need not be who wrote; what its owner may execute, everybody may.
        let execute = if entry.mode & 0o100 == 0 { 0 } else { 0o111 };
        let mode = match entry.kind {
            Kind::Folder => entry.mode | 0o555,
            _ => entry.mode | 0o444 | execute,
        };
        let kind = match entry.kind {
            Kind::SameAs { first } => Kind::SameAs {
                first: within(&first),
            },
            kind => kind,
        };
        Entry {
            path: within(&entry.path),
            kind,
            mode,
            modified: entry.modified,
        }
    }
}
