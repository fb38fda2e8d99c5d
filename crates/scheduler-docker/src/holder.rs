//! The image that holds a sandbox's network and gives a volume its first content: a program of a
//! few bytes and a folder that anybody may write to. It is made here; nothing is pulled.

mod code;
mod old;

pub(crate) use old::{old, remove_old};

use self::code::{AMD64, ARM64};
use crate::labels;
use bollard::{Docker, errors::Error, query_parameters::CreateImageOptionsBuilder};
use bytes::Bytes;
use futures_util::TryStreamExt;

const REPOSITORY: &str = "gofer/holder";
pub(crate) const PROGRAM: &str = "/hold";
/// Where a volume takes nothing but its mode from: anybody may write to it.
pub(crate) const EMPTY: &str = "/empty";

const HEADERS: u64 = 64 + 56;
const LOAD_AT: u64 = 0x40_0000;

/// The program for an engine's architecture, as Docker (`amd64`) or the kernel names it.
fn program(architecture: &str) -> Option<Vec<u8>> {
    match architecture {
        "amd64" | "x86_64" => Some(elf(62, &AMD64)),
        "arm64" | "aarch64" => {
            let code: Vec<u8> = ARM64.iter().flat_map(|word| word.to_le_bytes()).collect();
            Some(elf(183, &code))
        }
        _ => None,
    }
}

/// A static 64-bit little-endian executable with one segment.
fn elf(machine: u16, code: &[u8]) -> Vec<u8> {
    let size = HEADERS + code.len() as u64;
    let mut file = Vec::from(*b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0");
    let mut put = |bytes: &[u8]| file.extend_from_slice(bytes);
    put(&2_u16.to_le_bytes()); // an executable
    put(&machine.to_le_bytes());
    put(&1_u32.to_le_bytes());
    put(&(LOAD_AT + HEADERS).to_le_bytes()); // entry
    put(&64_u64.to_le_bytes()); // program headers follow
    put(&0_u64.to_le_bytes()); // no section headers
    put(&0_u32.to_le_bytes());
    for half in [64_u16, 56, 1, 0, 0, 0] {
        put(&half.to_le_bytes());
    }
    put(&1_u32.to_le_bytes()); // loaded
    put(&5_u32.to_le_bytes()); // readable, executable
    for word in [0, LOAD_AT, LOAD_AT, size, size, 0x1000] {
        put(&word.to_le_bytes());
    }
    put(code);
    file
}

fn archive(program: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    let folders = [
        ("gofer/", 0o1777),
        ("gofer/artifacts/", 0o1777),
        ("gofer/inputs/", 0o755),
        (EMPTY.trim_start_matches('/'), 0o1777),
    ];
    for (name, mode) in folders {
        let mut folder = tar::Header::new_ustar();
        folder.set_entry_type(tar::EntryType::Directory);
        folder.set_mode(mode);
        folder.set_size(0);
        tar.append_data(&mut folder, name, std::io::empty())?;
    }
    let mut file = tar::Header::new_ustar();
    file.set_mode(0o755);
    file.set_size(program.len() as u64);
    tar.append_data(&mut file, PROGRAM.trim_start_matches('/'), program)?;
    tar.into_inner()
}

pub(crate) fn has_program(architecture: &str) -> bool {
    program(architecture).is_some()
}

/// What the image for this machine is called.
fn name_for(architecture: &str) -> std::io::Result<String> {
    let archive = archive(&program(architecture).unwrap_or_default())?;
    Ok(format!("{REPOSITORY}:{}", labels::digest(&archive, 6)))
}

/// Makes sure that the engine has the image, and says its name.
pub(crate) async fn ensure(docker: &Docker, architecture: &str) -> Result<String, Error> {
    let archive = archive(&program(architecture).unwrap_or_default())?;
    let tag = labels::digest(&archive, 6);
    let name = format!("{REPOSITORY}:{tag}");
    if docker.inspect_image(&name).await.is_ok() {
        return Ok(name);
    }
    let options = CreateImageOptionsBuilder::new()
        .from_src("-")
        // With its tag, which Podman takes from nowhere else.
        .repo(&name)
        .build();
    let body = bollard::body_full(Bytes::from(archive));
    docker
        .create_image(Some(options), Some(body), None)
        .try_collect::<Vec<_>>()
        .await?;
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_a_few_bytes_and_starts_at_its_code() {
        let amd64 = program("x86_64").unwrap();
        assert_eq!(amd64.len(), 350);
        assert_eq!(amd64[120..], AMD64);
        assert_eq!(
            u64::from_le_bytes(amd64[24..32].try_into().unwrap()),
            LOAD_AT + 120
        );
        let arm64 = program("arm64").unwrap();
        assert_eq!(arm64.len(), 404);
        assert_eq!(arm64[18..20], 183_u16.to_le_bytes());
        assert_eq!(program("riscv64"), None);
    }

    /// Runs it as this machine's own program.
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    #[test]
    fn the_program_says_which_ports_are_open_when_they_are() {
        use std::{
            io::{BufRead, BufReader},
            net::TcpListener,
            os::unix::fs::PermissionsExt,
            process::{Command, Stdio},
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hold");
        std::fs::write(&path, program(std::env::consts::ARCH).unwrap()).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        let listen = |port| TcpListener::bind(("127.0.0.1", port)).unwrap();
        let [early, late] = [listen(0), listen(0)].map(|one| one.local_addr().unwrap().port());
        let mut running = Command::new(&path)
            .args([late, early].map(|port| port.to_string()))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(running.stdout.take().unwrap()).lines();
        let _first = listen(early);
        assert_eq!(lines.next().unwrap().unwrap(), early.to_string());
        let _second = listen(late);
        assert_eq!(lines.next().unwrap().unwrap(), late.to_string());
        assert_eq!(running.try_wait().unwrap(), None, "it holds on");
        running.kill().unwrap();
        running.wait().unwrap();
        assert!(lines.next().is_none(), "each is said once");
    }
}
