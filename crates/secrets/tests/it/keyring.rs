use crate::{name, secret};
use gofer_secrets::{KeyFileError, Keyring, OpenError, Sealed};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::{
        Barrier,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

/// Not random, but never the same twice.
fn random(bytes: &mut [u8]) {
    static SEED: AtomicU64 = AtomicU64::new(1);
    let mut state = SEED
        .fetch_add(1, Ordering::Relaxed)
        .wrapping_mul(0x9E37_79B9_7F4A_7C15);
    for byte in bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        *byte = state.to_le_bytes()[3];
    }
}

fn open(path: &Path) -> Keyring {
    Keyring::open_or_create(path, &mut random).unwrap()
}

#[test]
fn what_was_sealed_opens_for_its_name_and_scope_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    let keys = open(&path);
    let value = secret("the quick brown fox");
    let sealed = keys
        .seal("run-1", &name("token"), &value, &mut random)
        .unwrap();
    assert!(!sealed.as_bytes().windows(5).any(|bytes| b"quick" == bytes));

    let keys = open(&path);
    let stored = Sealed::from_bytes(sealed.clone().into_bytes());
    let opened = keys.open("run-1", &name("token"), &stored).unwrap();
    assert_eq!(opened.expose(), value.expose());
    for (scope, name) in [
        ("run-2", name("token")),
        ("run-1", name("token2")),
        ("run-1t", name("oken")),
    ] {
        let failed = keys.open(scope, &name, &sealed).unwrap_err();
        assert!(matches!(failed, OpenError::Damaged { .. }), "{failed}");
    }
    let again = keys
        .seal("run-1", &name("token"), &value, &mut random)
        .unwrap();
    assert_ne!(again, sealed);
}

#[test]
fn a_changed_or_cut_envelope_does_not_open() {
    let folder = tempfile::tempdir().unwrap();
    let keys = open(&folder.path().join("key"));
    let sealed = keys
        .seal("s", &name("n"), &secret("value"), &mut random)
        .unwrap();
    for at in 0..sealed.as_bytes().len() {
        let mut bytes = sealed.as_bytes().to_vec();
        bytes[at] ^= 1;
        assert!(
            keys.open("s", &name("n"), &Sealed::from_bytes(bytes))
                .is_err(),
            "byte {at}"
        );
        let cut = Sealed::from_bytes(sealed.as_bytes()[..at].to_vec());
        assert!(keys.open("s", &name("n"), &cut).is_err(), "cut to {at}");
    }
}

#[test]
fn another_key_file_says_that_the_key_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let sealed = open(&folder.path().join("a")).seal("s", &name("n"), &secret("v"), &mut random);
    let failed = open(&folder.path().join("b"))
        .open("s", &name("n"), &sealed.unwrap())
        .unwrap_err();
    assert!(matches!(failed, OpenError::UnknownKey { .. }), "{failed}");
}

#[test]
fn an_older_key_still_opens_what_it_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let [old, new] = ["old", "new"].map(|file| folder.path().join(file));
    let sealed = open(&old)
        .seal("s", &name("n"), &secret("value"), &mut random)
        .unwrap();
    open(&new);
    let both = fs::read_to_string(&old).unwrap() + &fs::read_to_string(&new).unwrap();
    fs::write(&old, both).unwrap();
    let keys = open(&old);
    assert_eq!(
        keys.open("s", &name("n"), &sealed).unwrap().expose(),
        "value"
    );
    let newer = keys
        .seal("s", &name("n"), &secret("value"), &mut random)
        .unwrap();
    assert!(open(&new).open("s", &name("n"), &newer).is_ok());
}

#[test]
fn many_that_make_the_key_file_at_once_end_with_one_key() {
    for _ in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let barrier = Barrier::new(8);
        let sealed: Vec<Sealed> = thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        barrier.wait();
                        open(&path)
                            .seal("s", &name("n"), &secret("value"), &mut random)
                            .unwrap()
                    })
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        let keys = open(&path);
        for sealed in sealed {
            assert_eq!(
                keys.open("s", &name("n"), &sealed).unwrap().expose(),
                "value"
            );
        }
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "drafts are left"
        );
    }
}

#[test]
fn a_key_file_that_others_can_read_is_refused_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    open(&path);
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o7777,
        0o600
    );
    for mode in [0o640, 0o604, 0o660, 0o644, 0o610] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let failed = Keyring::open_or_create(&path, &mut random).unwrap_err();
        assert!(matches!(failed, KeyFileError::Exposed { .. }));
        let message = failed.to_string();
        assert!(
            message.ends_with(&format!("chmod 600 {}", path.display())),
            "{message}"
        );
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    open(&path);
}

#[test]
fn a_damaged_key_file_is_neither_used_nor_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    open(&path);
    let text = fs::read_to_string(&path).unwrap();
    for (bad, line) in [
        (text.replace(' ', ""), 2),
        (text[..text.len() - 9].to_owned(), 2),
    ] {
        let bad = bad.replace('#', "# ");
        fs::write(&path, &bad).unwrap();
        let failed = Keyring::open_or_create(&path, &mut random).unwrap_err();
        assert!(
            matches!(failed, KeyFileError::Damaged { line: at, .. } if at == line),
            "{failed}"
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), bad);
    }
    fs::write(&path, "").unwrap();
    let failed = Keyring::open_or_create(&path, &mut random).unwrap_err();
    assert!(matches!(failed, KeyFileError::Empty { .. }), "{failed}");
    let failed = Keyring::open_or_create(&folder.path().join("no/key"), &mut random).unwrap_err();
    assert!(failed.to_string().contains("no/key"), "{failed}");
}
