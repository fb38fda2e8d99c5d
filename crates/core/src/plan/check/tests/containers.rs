use super::*;

fn one(key: &str, value: Json) -> Json {
    let task = Json::from_iter([(key, value)]);
    tasks(Json::from_iter([("a", task)]))
}

#[test]
fn files_and_volumes_stand_at_absolute_paths_of_their_own() {
    for (path, expected) in [
        ("etc/x", "is not an absolute path"),
        ("/etc/../x", "has a `..` in it"),
        ("/", "the root itself"),
        ("/gofer", "is Gofer's own"),
        ("/gofer/output", "is Gofer's own"),
    ] {
        refused(
            one("files", json!({path: ""})),
            &format!("tasks.a.files.{path}"),
            expected,
        );
        refused(
            one("volumes", json!({path: {"scratch": "w"}})),
            &format!("tasks.a.volumes.{path}"),
            expected,
        );
    }
    accepted(one("files", json!({"/gofers": "", "/etc/x": ""})));
    refused(
        one("volumes", json!({"/w": {"host": "srv"}})),
        "tasks.a.volumes./w.host",
        "not an absolute path",
    );
    refused(
        one("working_dir", json!("work")),
        "tasks.a.working_dir",
        "not an absolute path",
    );
    refused(
        json!({"defaults": {"image": "x", "files": {"x": ""}}}),
        "defaults.files.x",
        "not an absolute path",
    );
}

#[test]
fn a_file_directly_below_a_read_only_root_is_refused() {
    refused(
        tasks(json!({"a": {"read_only": true, "files": {"/x": ""}}})),
        "tasks.a.files./x",
        "with `read_only` a file cannot stand directly under /",
    );
    refused(
        json!({"defaults": {"image": "x", "files": {"/x": ""}}, "tasks": {"a": {"read_only": true}, "b": {"read_only": true}}}),
        "defaults.files./x",
        "directly under /",
    );
    accepted(tasks(
        json!({"a": {"read_only": true, "files": {"/etc/x": ""}}, "b": {"files": {"/x": ""}}}),
    ));
}

#[test]
fn a_file_is_neither_where_the_engine_hides_it_nor_in_a_volume() {
    for (path, expected) in [
        ("/etc/hosts", "/etc/hosts is the engine's own"),
        (
            "/etc//./resolv.conf",
            "/etc/resolv.conf is the engine's own",
        ),
        ("/proc/1/x", "/proc is the engine's own"),
    ] {
        let place = format!("tasks.a.files.{path}");
        refused(one("files", json!({path: ""})), &place, expected);
    }
    accepted(one("files", json!({"/etc/hosts.d/x": "", "/process": ""})));
    refused(
        one("volumes", json!({"/sys/x": {"scratch": "w"}})),
        "tasks.a.volumes./sys/x",
        "the kernel's own",
    );
    let volumes = json!({"/data": {"persistent": "d"}});
    refused(
        tasks(json!({"a": {"files": {"/data/x": ""}, "volumes": volumes}})),
        "tasks.a.files./data/x",
        "it lies in the volume at /data",
    );
    refused(
        json!({"defaults": {"image": "x", "files": {"/data/x": ""}}, "tasks": {"a": {"volumes": volumes}}}),
        "defaults.files./data/x",
        "it lies in the volume at /data",
    );
    let service = json!({"image": "x", "files": {"/x": ""}, "read_only": true});
    refused(
        one("services", json!({"db": service})),
        "tasks.a.services.db.files./x",
        "directly under /",
    );
    accepted(tasks(
        json!({"a": {"files": {"/database": ""}, "volumes": {"/data": {"scratch": "d"}}}}),
    ));
}

#[test]
fn amounts_are_checked_wherever_they_stand() {
    refused(
        one("resources", json!({"cpu": "lots"})),
        "tasks.a.resources.cpu",
        "\"500m\"",
    );
    refused(
        one("resources", json!({"memory": "512m"})),
        "tasks.a.resources.memory",
        "did you mean \"512Mi\"?",
    );
    refused(
        one("resources", json!({"memory": "1Mi"})),
        "tasks.a.resources.memory",
        "out of bounds",
    );
    refused(
        json!({"defaults": {"image": "x", "resources": {"cpu": "0"}}}),
        "defaults.resources.cpu",
        "out of bounds",
    );
}

#[test]
fn an_image_that_cannot_be_one_is_refused() {
    for image in ["", "a b", "ä"] {
        refused(
            one("image", json!(image)),
            "tasks.a.image",
            "cannot be the name of an image",
        );
    }
}

#[test]
fn inputs_come_from_tasks_upstream_that_have_artifacts() {
    let with = |input: &str| {
        tasks(
            json!({"a": {}, "b": {}, "ask": {"approval": {"message": "?"}},
                     "z": {"depends_on": {"a": "success", "ask": "success"}, "inputs": [input]}}),
        )
    };
    accepted(with("a"));
    refused(with("b"), "tasks.z.inputs[0]", "not upstream");
    refused(with("aa"), "tasks.z.inputs[0]", "there is no task `aa`");
    refused(
        with("ask"),
        "tasks.z.inputs[0]",
        "is an approval and has no artifacts",
    );
}

#[test]
fn a_service_says_its_image_and_one_way_to_be_ready() {
    let with = |service: Json| one("services", json!({"db": service}));
    refused(with(json!({})), "tasks.a.services.db", "no image");
    let ready = |ready: Json| with(json!({"image": "db", "ready": ready}));
    let path = "tasks.a.services.db.ready";
    refused(ready(json!({})), path, "exactly one of them");
    refused(
        ready(json!({"tcp": 1, "command": ["x"]})),
        path,
        "exactly one of them",
    );
    accepted(ready(json!({"tcp": 1})));
    accepted(ready(json!({"command": ["x"]})));
    refused(
        one("services", json!({"localhost": {"image": "x"}})),
        "tasks.a.services.localhost",
        "the task itself",
    );
}

#[test]
fn two_services_of_one_task_do_not_share_a_port() {
    let service = |port: u16| json!({"image": "db", "ready": {"tcp": port}});
    refused(
        one(
            "services",
            json!({"db": service(5432), "old": service(5432)}),
        ),
        "tasks.a.services.old.ready.tcp",
        "port 5432 is that of service `db`",
    );
    let apart = json!({"a": {"services": {"db": service(5432), "old": service(5433)}}, "b": {"services": {"db": service(5432)}}});
    accepted(tasks(apart));
}
