use super::*;
use std::{fs, os::unix::fs::PermissionsExt};

fn folder(config: &serde_json::Value) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
    folder
}

#[test]
fn a_name_says_its_registry_or_means_the_hub() {
    for (image, expected) in [
        ("alpine", "docker.io"),
        ("team/app:1", "docker.io"),
        ("ghcr.io/team/app:1", "ghcr.io"),
        ("localhost:5000/app", "localhost:5000"),
        ("localhost/app", "localhost"),
    ] {
        assert_eq!(host(image), expected, "{image}");
    }
    assert_eq!(key("docker.io"), "https://index.docker.io/v1/");
}

#[tokio::test]
async fn what_the_users_client_wrote_down_is_found_under_all_the_names_of_a_registry() {
    // "ann:s3cret:x" in base64.
    let written = serde_json::json!({"auth": "YW5uOnMzY3JldDp4"});
    for (name, host) in [
        ("reg.example:5000", "reg.example:5000"),
        ("https://reg.example/v1/", "reg.example"),
        ("https://index.docker.io/v1/", "docker.io"),
    ] {
        let folder = folder(&serde_json::json!({"auths": {name: written}}));
        let found = of_user(Some(folder.path()), host).await.unwrap().unwrap();
        assert_eq!(found.username.as_deref(), Some("ann"), "{name}");
        assert_eq!(found.password.as_deref(), Some("s3cret:x"), "{name}");
        let other = of_user(Some(folder.path()), "other.example").await.unwrap();
        assert!(other.is_none(), "{name}");
    }
    assert!(of_user(None, "reg.example").await.unwrap().is_none());
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_named_and_not_quoted() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("config.json"), r#"{"auths": "s3cret"}"#).unwrap();
    let problem = of_user(Some(folder.path()), "reg.example")
        .await
        .unwrap_err();
    assert!(problem.contains("config.json"), "{problem}");
    assert!(!problem.contains("s3cret"), "{problem}");
    let odd = serde_json::json!({"auths": {"reg.example": {"auth": "czNjcmV0"}}});
    let folder = self::folder(&odd);
    let problem = of_user(Some(folder.path()), "reg.example")
        .await
        .unwrap_err();
    assert!(problem.contains("reg.example"), "{problem}");
    assert!(!problem.contains("czNjcmV0"), "{problem}");
}

#[test]
fn a_registrys_own_helper_comes_before_the_store_and_the_store_before_the_file() {
    let folder = folder(&serde_json::json!({
        "auths": {"a.example": {"auth": "YW5uOnMzY3JldDp4"}},
        "credsStore": "store",
        "credHelpers": {"b.example": "own"},
    }));
    let config = config::read(folder.path()).unwrap().unwrap();
    assert_eq!(config.helper("a.example"), Some("store"));
    assert_eq!(config.helper("b.example"), Some("own"));
}

/// The search path of a process is one for all its tests: this one alone changes nothing, because it
/// names the program by where it lies.
async fn asked(script: &str) -> Result<Option<DockerCredentials>, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("helper");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    helper::ask_program(path.to_str().unwrap(), "reg.example").await
}

#[tokio::test]
async fn a_helper_is_told_the_registry_and_its_answer_is_taken() {
    let script = r#"read server; [ "$1 $server" = "get reg.example" ] || exit 9
echo '{"ServerURL":"x","Username":"ann","Secret":"s3cret"}'"#;
    let found = asked(script).await.unwrap().unwrap();
    assert_eq!(found.username.as_deref(), Some("ann"));
    assert_eq!(found.password.as_deref(), Some("s3cret"));
    let script = r#"echo '{"Username":"<token>","Secret":"t0ken"}'"#;
    let found = asked(script).await.unwrap().unwrap();
    assert_eq!(
        (found.username, found.identitytoken.as_deref()),
        (None, Some("t0ken"))
    );
}

#[tokio::test]
async fn a_helper_that_fails_is_named_and_not_quoted() {
    let none = "echo credentials not found in native keychain; exit 1";
    assert!(asked(none).await.unwrap().is_none());
    for script in ["echo s3cret; exit 2", "echo s3cret"] {
        let problem = asked(script).await.unwrap_err();
        assert!(problem.contains("helper"), "{problem}");
        assert!(!problem.contains("s3cret"), "{problem}");
    }
    let missing = helper::ask("no-such-helper", "reg.example")
        .await
        .unwrap_err();
    assert!(
        missing.contains("docker-credential-no-such-helper cannot be run"),
        "{missing}"
    );
    assert!(helper::ask("../x", "reg.example").await.is_err());
}

#[test]
fn a_refusal_says_whether_there_were_credentials() {
    let refused = || remedy::failed(Reason::Unauthorized, "no");
    let text = |has, problem| explained(refused(), "reg.example/app", has, problem).to_string();
    assert!(text(false, None).contains("no credentials for reg.example"));
    assert!(text(true, None).contains("were not accepted"));
    assert!(text(false, Some("config.json: broken")).contains("could not be read: config.json"));
    let other = explained(remedy::not_here("x"), "x", false, None);
    assert_eq!(other, remedy::not_here("x"));
}
