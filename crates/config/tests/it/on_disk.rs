//! Files and programs.

use gofer_config::{LoadError, NotCalled, NotFound, find, find_called, load};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

const PRINTED: &str = r#"{"name": "made", "tasks": {"a": {"image": "alpine", "script": "true"}}}"#;

fn write(folder: &Path, name: &str, text: &str, mode: u32) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    path
}

fn name(path: &Path) -> String {
    let loaded = load(path).unwrap_or_else(|error| panic!("{error}"));
    let pipeline = loaded
        .reading
        .pipeline
        .unwrap_or_else(|| panic!("{:?}", loaded.reading.findings));
    assert_eq!(loaded.beside, path.parent().unwrap());
    pipeline.name.to_string()
}

#[test]
fn the_nearest_file_upwards_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("a/b");
    fs::create_dir_all(&deep).unwrap();
    assert!(matches!(find(&deep), Err(NotFound::Nothing { .. })));
    let top = write(folder.path(), "gofer.yml", "", 0o644);
    assert_eq!(find(&deep).unwrap(), top);
    let near = write(&folder.path().join("a"), "gofer.config.py", "", 0o644);
    write(&folder.path().join("a"), "gofer.config.py.bak", "", 0o644);
    assert_eq!(find(&deep).unwrap(), near);
}

#[test]
fn two_files_in_one_folder_are_an_error_that_names_both() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "gofer.toml", "", 0o644);
    write(folder.path(), "gofer.config.ts", "", 0o644);
    let message = find(folder.path()).unwrap_err().to_string();
    assert!(
        message.contains("gofer.toml and ") && message.contains("gofer.config.ts are both there"),
        "{message}"
    );
}

#[test]
fn a_program_in_any_language_of_the_machine_prints_a_pipeline() {
    let folder = tempfile::tempdir().unwrap();
    let python =
        format!("import json, sys\nprint('building', file=sys.stderr)\nprint('''{PRINTED}''')\n");
    assert_eq!(
        name(&write(folder.path(), "gofer.config.py", &python, 0o644)),
        "made"
    );
    let rust = format!("fn main() {{ println!(\"{{}}\", r#\"{PRINTED}\"#); }}\n");
    assert_eq!(
        name(&write(folder.path(), "gofer.config.rs", &rust, 0o644)),
        "made"
    );
    let shell = format!("#!/bin/sh\ncd . && test -f gofer.config.py && echo '{PRINTED}'\n");
    assert_eq!(
        name(&write(folder.path(), "pipeline", &shell, 0o755)),
        "made"
    );
}

#[test]
fn typescript_runs_on_what_there_is_or_says_what_was_tried() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("const made: string = '{PRINTED}';\nconsole.log(made);\n");
    match load(&write(folder.path(), "gofer.config.ts", &text, 0o644)) {
        Ok(loaded) => assert_eq!(loaded.reading.pipeline.unwrap().name.as_str(), "made"),
        Err(LoadError::NoToolchain { tried, .. }) => {
            assert_eq!(tried, "one of tsx, bun, deno, node from 22.6 on");
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn javascript_runs_on_what_there_is_or_says_what_was_tried() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("console.error('building');\nconsole.log('{PRINTED}');\n");
    for file in ["gofer.config.js", "gofer.config.mjs"] {
        match load(&write(folder.path(), file, &text, 0o644)) {
            Ok(loaded) => assert_eq!(loaded.reading.pipeline.unwrap().name.as_str(), "made"),
            Err(LoadError::NoToolchain { tried, .. }) => assert_eq!(tried, "one of node, bun"),
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn go_and_typescript_are_run_as_their_tools_want_it_in_the_folder_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let tools = folder.path().join("node_modules/.bin");
    fs::create_dir_all(&tools).unwrap();
    let says = |words: &str| {
        format!("#!/bin/sh\n[ \"$*\" = \"{words}\" ] && test -f beside && echo '{PRINTED}'\n")
    };
    write(folder.path(), "beside", "", 0o644);
    let (go, ts) = ("gofer.config.go", "gofer.config.ts");
    let at = |file: &str| folder.path().join(file).display().to_string();
    write(&tools, "go", &says(&format!("run {}", at(go))), 0o755);
    write(&tools, "tsx", &says(&at(ts)), 0o755);
    assert_eq!(
        name(&write(folder.path(), go, "package main", 0o644)),
        "made"
    );
    assert_eq!(name(&write(folder.path(), ts, "", 0o644)), "made");
    write(&tools, "go", "#!/bin/sh\nexit 1\n", 0o755);
    let message = load(&folder.path().join(go)).unwrap_err().to_string();
    let said = "`go run gofer.config.go` failed (exit status: 1); what it says stands above";
    assert_eq!(message, said);
}

#[test]
fn a_tool_that_is_not_there_is_named_with_what_to_do() {
    let error = |tried: &str| LoadError::NoToolchain {
        path: "gofer.config.go".into(),
        tried: tried.to_owned(),
    };
    assert_eq!(
        error("go").to_string(),
        "nothing here runs gofer.config.go: install go, or keep what it prints as gofer.json"
    );
}

#[test]
fn a_document_is_never_run_whatever_its_rights() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("mark");
    let script = format!("#!/bin/sh\ntouch {}\necho '{PRINTED}'\n", mark.display());
    for file in ["gofer.toml", "gofer.yaml", "gofer.YML", "other.json"] {
        let loaded = load(&write(folder.path(), file, &script, 0o755)).unwrap();
        assert!(loaded.reading.pipeline.is_none(), "{file}");
    }
    assert!(!mark.exists());
}

#[test]
fn what_cannot_be_loaded_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let message = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        load(&path)
            .unwrap_err()
            .to_string()
            .replace(folder.path().to_str().unwrap(), "F")
    };
    assert_eq!(
        message("a.toml", b"name = '\xff'"),
        "F/a.toml is not UTF-8 text: byte 8 begins no character"
    );
    assert_eq!(
        message("notes.txt", b"hello"),
        "F/notes.txt is neither .toml, .yaml, .yml or .json nor a program: `chmod +x` makes it one"
    );
    assert_eq!(
        message("gofer.config.py", b"import sys\nsys.exit(3)\n"),
        "`python3 gofer.config.py` failed (exit status: 3); what it says stands above"
    );
    assert!(matches!(
        load(&folder.path().join("none.toml")),
        Err(LoadError::Read { .. })
    ));
    assert!(matches!(
        load(folder.path()),
        Err(LoadError::Unknown { .. })
    ));
}

#[test]
fn a_mistake_in_what_a_program_prints_points_into_its_output() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(
        folder.path(),
        "gofer.config.py",
        "print('{\"name\": 3}')\n",
        0o644,
    );
    let loaded = load(&path).unwrap();
    let text = gofer_config::one_line(&loaded.source, &loaded.reading.findings);
    assert!(
        text.starts_with("output of ") && text.contains("gofer.config.py:1:10"),
        "{text}"
    );
}

#[test]
fn the_file_of_a_called_pipeline_is_beside_its_caller_or_in_a_folder_of_its_name() {
    let root = tempfile::tempdir().unwrap();
    let [here, above] = ["flows/etl", "flows"].map(|name| root.path().join(name));
    for folder in ["flows/etl/deep", "flows/beside", "flows/etl/coded"] {
        fs::create_dir_all(root.path().join(folder)).unwrap();
    }
    for (file, mode) in [
        ("flows/etl/load.toml", 0o644),
        ("flows/etl/clean.gofer.yaml", 0o644),
        ("flows/etl/deep/gofer.json", 0o644),
        ("flows/etl/coded/gofer.config.py", 0o644),
        ("flows/beside/gofer.toml", 0o644),
        ("flows/above.toml", 0o644),
        ("flows/etl/twice.toml", 0o644),
        ("flows/etl/twice.gofer.yml", 0o644),
    ] {
        write(root.path(), file, "", mode);
    }
    let folders = [here.clone(), above];
    let found = |name: &str| {
        let found = find_called(&folders, name).unwrap_or_else(|error| panic!("{error}"));
        found
            .strip_prefix(root.path())
            .unwrap()
            .display()
            .to_string()
    };
    assert_eq!(found("load"), "flows/etl/load.toml");
    assert_eq!(found("clean"), "flows/etl/clean.gofer.yaml");
    assert_eq!(found("deep"), "flows/etl/deep/gofer.json");
    assert_eq!(found("coded"), "flows/etl/coded/gofer.config.py");
    assert_eq!(
        found("above"),
        "flows/above.toml",
        "where its caller's caller is"
    );
    assert_eq!(found("beside"), "flows/beside/gofer.toml");
    let beside = find_called(&folders[..1], "beside").unwrap();
    assert!(beside.ends_with("flows/beside/gofer.toml"));
    let twice = find_called(&folders, "twice");
    assert!(matches!(twice, Err(NotCalled::Several { .. })), "{twice:?}");
    let nothing = find_called(&folders[..1], "nothing")
        .unwrap_err()
        .to_string();
    let place = here.display().to_string();
    assert!(
        nothing.contains("`nothing`")
            && nothing.contains(&place)
            && nothing.contains("nothing/gofer.*"),
        "{nothing}"
    );
}
