use crate::{
    Entry, Limits, Refusal,
    rules::Rules,
    tar::{END, Piece, Reader, header, padding},
};
use bytes::Bytes;

/// Reads an archive that may be anything, and writes one that holds only what may be kept.
pub struct Cleaner {
    reader: Reader,
    rules: Rules,
    /// Bytes of the current file that are still to come.
    left: u64,
    /// What fills its last block.
    padding: usize,
    written: u64,
    entries: Vec<Listed>,
}

/// An entry, with its place in the clean archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// What it is.
    pub entry: Entry,
    /// Where the bytes of a file begin.
    pub at: u64,
}

impl Cleaner {
    /// All entries lie in a folder of the name `root`, which does not show in the clean archive.
    pub fn new(limits: Limits, root: Option<&'static str>) -> Self {
        Self {
            reader: Reader::default(),
            rules: Rules::new(limits, root),
            left: 0,
            padding: 0,
            written: 0,
            entries: Vec::new(),
        }
    }

    /// Takes the next bytes in, and hands out what is clean. After a refusal nothing more is to be
    /// fed, and what was handed out is to be thrown away.
    pub fn feed(&mut self, mut input: Bytes, out: &mut Vec<Bytes>) -> Result<(), Refusal> {
        while let Some(piece) = self.reader.next(&mut input)? {
            match piece {
                Piece::Entry(raw) => {
                    let Some(entry) = self.rules.check(&raw)? else {
                        continue;
                    };
                    let header = header(&entry);
                    self.written += header.len() as u64;
                    out.push(header.into());
                    self.left = entry.kind.bytes();
                    self.padding = padding(self.left);
                    let at = self.written;
                    self.entries.push(Listed { entry, at });
                }
                Piece::Data(bytes) => self.data(bytes, out),
            }
        }
        Ok(())
    }

    fn data(&mut self, bytes: Bytes, out: &mut Vec<Bytes>) {
        self.left = self.left.saturating_sub(bytes.len() as u64);
        self.written += bytes.len() as u64;
        out.push(bytes);
        if self.left == 0 && self.padding > 0 {
            let padding = std::mem::take(&mut self.padding);
            self.written += padding as u64;
            out.push(Bytes::from_static(END.get(..padding).unwrap_or_default()));
        }
    }

    /// All has been fed: the end of the clean archive, and what is in it.
    pub fn finish(self, out: &mut Vec<Bytes>) -> Result<Vec<Listed>, Refusal> {
        self.reader.finish()?;
        out.push(Bytes::from_static(&END));
        Ok(self.entries)
    }
}
