//! Archives as others make them, and as nobody should.

use bytes::Bytes;
use gofer_archive::{Cleaner, Limits, Listed, Refusal};
use std::io::Read;

/// One entry that is written without a look at what it says.
#[derive(Clone, Debug)]
pub(crate) struct Wild {
    pub(crate) flag: u8,
    pub(crate) name: Vec<u8>,
    pub(crate) target: Vec<u8>,
    pub(crate) content: Vec<u8>,
    /// Instead of the length of the content.
    pub(crate) size: Option<u64>,
    pub(crate) mode: u32,
}

pub(crate) fn wild(flag: u8, name: &str, target: &str) -> Wild {
    Wild {
        flag,
        name: name.into(),
        target: target.into(),
        content: Vec::new(),
        size: None,
        mode: 0o644,
    }
}

pub(crate) fn file(name: &str, content: &str) -> Wild {
    Wild {
        content: content.into(),
        ..wild(b'0', name, "")
    }
}

pub(crate) fn folder(name: &str) -> Wild {
    Wild {
        mode: 0o755,
        ..wild(b'5', name, "")
    }
}

/// The bytes of a tar of these. Long names come as GNU writes them.
pub(crate) fn tar(entries: &[Wild]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in entries {
        for (flag, long) in [(b'L', &entry.name), (b'K', &entry.target)] {
            if long.len() > 100 {
                let size = long.len() as u64 + 1;
                bytes.extend(block(flag, b"././@LongLink", b"", size, 0));
                bytes.extend(long);
                bytes.push(0);
                fill(&mut bytes);
            }
        }
        let size = entry.size.unwrap_or(entry.content.len() as u64);
        bytes.extend(block(
            entry.flag,
            &entry.name,
            &entry.target,
            size,
            entry.mode,
        ));
        bytes.extend(&entry.content);
        fill(&mut bytes);
    }
    bytes.extend([0; 1024]);
    bytes
}

fn fill(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(512), 0);
}

fn block(flag: u8, name: &[u8], target: &[u8], size: u64, mode: u32) -> Vec<u8> {
    let mut block = vec![0; 512];
    let cut = |text: &[u8]| text[..text.len().min(100)].to_vec();
    block.splice(0..name.len().min(100), cut(name));
    block.splice(100..107, format!("{mode:07o}").into_bytes());
    if size < 1 << 33 {
        block.splice(124..135, format!("{size:011o}").into_bytes());
    } else {
        block[124] = 0x80;
        block.splice(128..136, size.to_be_bytes());
    }
    block.splice(136..147, b"00000000017".to_vec());
    block[156] = flag;
    block.splice(157..157 + target.len().min(100), cut(target));
    block.splice(257..265, b"ustar  \0".to_vec());
    block.splice(148..156, b"        ".to_vec());
    let sum: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
    block.splice(148..156, format!("{sum:06o}\0 ").into_bytes());
    assert_eq!(block.len(), 512);
    block
}

/// What comes out of a cleaner that is fed in pieces of this size.
pub(crate) fn clean(
    tar: &[u8],
    piece: usize,
    limits: Limits,
    root: Option<&'static str>,
) -> Result<(Vec<u8>, Vec<Listed>), Refusal> {
    let (mut cleaner, mut out) = (Cleaner::new(limits, root), Vec::new());
    for piece in tar.chunks(piece.max(1)) {
        cleaner.feed(Bytes::copy_from_slice(piece), &mut out)?;
    }
    let listed = cleaner.finish(&mut out)?;
    Ok((out.concat(), listed))
}

pub(crate) fn cleaned(entries: &[Wild]) -> Result<(Vec<u8>, Vec<Listed>), Refusal> {
    clean(&tar(entries), 512, Limits::default(), Some("artifacts"))
}

/// What another reader finds: path, what it is, content or target, mode.
pub(crate) fn read(tar: &[u8]) -> Vec<(String, u8, String, u32)> {
    let mut archive = tar::Archive::new(tar);
    let mut found = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut content = String::new();
        entry.read_to_string(&mut content).unwrap();
        if let Some(target) = entry.link_name_bytes() {
            content = String::from_utf8(target.into_owned()).unwrap();
        }
        let path = String::from_utf8(entry.path_bytes().into_owned()).unwrap();
        let header = entry.header();
        found.push((
            path,
            header.entry_type().as_byte(),
            content,
            header.mode().unwrap(),
        ));
    }
    found
}
