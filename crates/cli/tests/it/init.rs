use crate::host::World;

#[test]
fn what_init_writes_is_valid_and_never_overwritten() {
    for (flag, file) in [
        ("", "gofer.toml"),
        ("--yaml", "gofer.yaml"),
        ("--json", "gofer.json"),
    ] {
        let world = World::new();
        let answer = world.gofer(&format!("init {flag}"));
        assert_eq!((answer.code, answer.stdout), (0, format!("wrote {file}\n")));
        assert_eq!(world.gofer("validate").code, 0, "{file}");
        let before = std::fs::read(world.folder.path().join(file)).unwrap();
        // Another form beside it would leave `gofer run` with two files to choose from.
        for again in ["init", "init --yaml", "init --example hello"] {
            let answer = world.gofer(again);
            assert_eq!(answer.code, 1, "{again}");
            assert!(answer.stderr.contains("already there"), "{}", answer.stderr);
        }
        assert_eq!(
            std::fs::read(world.folder.path().join(file)).unwrap(),
            before
        );
        assert_eq!(std::fs::read_dir(world.folder.path()).unwrap().count(), 1);
    }
}

#[test]
fn an_example_is_copied_whole_into_a_new_folder() {
    let world = World::new();
    let answer = world.gofer("init --example params-and-secrets deploy/prod");
    assert_eq!(answer.code, 0, "{answer:?}");
    assert!(
        answer.stderr.contains("gofer -C deploy/prod run"),
        "{}",
        answer.stderr
    );
    for file in ["gofer.toml", "README.md", "secrets.env"] {
        assert!(
            world.folder.path().join("deploy/prod").join(file).is_file(),
            "{file}"
        );
    }
    assert_eq!(world.gofer("validate deploy/prod").code, 0);
}

#[test]
fn the_examples_are_listed_for_people_and_programs() {
    let world = World::new();
    assert!(
        world
            .gofer("init --list")
            .stdout
            .contains("failure-handling")
    );
    assert_eq!(
        world.gofer("init --list -q").stdout.lines().next(),
        Some("hello")
    );
    let all: serde_json::Value =
        serde_json::from_str(&world.gofer("init --list -o json").stdout).unwrap();
    assert_eq!(all[0]["name"], "hello");
}
