use std::{fs, path::Path};

/// The simulator replays what it saw, so nothing in the engine may be left to chance.
#[test]
fn nothing_in_the_engine_is_left_to_chance() {
    let banned = [
        "tokio::time",
        "spawn_blocking",
        "HashMap",
        "HashSet",
        "rand::",
        "Instant::now",
        "SystemTime",
        "Timestamp::now",
        "join_all",
        "FuturesUnordered",
    ];
    let mut selects = 0;
    let mut found = Vec::new();
    each(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("src").as_path(),
        &mut |path, text| {
            let lines: Vec<&str> = text.lines().map(str::trim).collect();
            for (at, line) in lines.iter().enumerate() {
                if banned.iter().any(|banned| line.contains(banned)) {
                    found.push(format!("{}:{}: {line}", path.display(), at + 1));
                }
                if line.contains("select!") {
                    selects += 1;
                    if lines.get(at + 1) != Some(&"biased;") {
                        found.push(format!("{}:{}: not biased", path.display(), at + 1));
                    }
                }
            }
        },
    );
    assert_eq!(found, [""; 0]);
    assert!(selects > 3, "the sources were not found");
}

fn each(folder: &Path, look: &mut dyn FnMut(&Path, &str)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            each(&path, look);
        } else if path.extension().is_some_and(|end| end == "rs") {
            look(&path, &fs::read_to_string(&path).unwrap());
        }
    }
}
