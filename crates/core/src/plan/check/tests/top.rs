use super::*;

#[test]
fn a_param_whose_own_default_is_refused_is_refused() {
    refused(
        json!({"params": {"n": {"type": "int", "default": "x"}}}),
        "params.n.default",
        "not a whole number",
    );
    refused(
        json!({"params": {"n": {"type": "enum"}}}),
        "params.n.values",
        "an enum needs `values`",
    );
}

#[test]
fn the_key_of_concurrency_is_a_declared_param() {
    refused(
        json!({"concurrency": {"key": {"param": "day"}}}),
        "concurrency.key",
        "there is no param `day`: this pipeline has none",
    );
    refused(
        json!({"concurrency": {"key": {"secret": "s"}}}),
        "concurrency.key",
        "the key is a param",
    );
}

#[test]
fn a_pool_is_named_once() {
    refused(json!({"pools": ["a", "b", "a"]}), "pools[2]", "there twice");
}

#[test]
fn some_keys_cannot_stand_in_defaults() {
    for (key, value) in [
        ("services", json!({"db": {"image": "x"}})),
        ("inputs", json!(["a"])),
        ("objects", json!(["x"])),
        ("cache", json!({"ttl": "1h"})),
    ] {
        refused(
            json!({"defaults": {"image": "x", key: value}}),
            &format!("defaults.{key}"),
            "belongs to a task",
        );
    }
}

#[test]
fn a_rule_of_notify_has_one_channel() {
    let with = |rule: Json| json!({"notify": [rule]});
    let slack = json!({"secret": "s"});
    let email = json!({"to": ["a@example.com"]});
    refused(
        with(json!({"events": ["failed"]})),
        "notify[0]",
        "exactly one of",
    );
    refused(
        with(json!({"events": ["failed"], "slack": slack, "email": email})),
        "notify[0]",
        "exactly one of",
    );
    refused(
        with(json!({"events": [], "slack": slack})),
        "notify[0].events",
        "no events",
    );
    let webhook = |url: &str| with(json!({"events": ["failed"], "webhook": {"url": url}}));
    refused(
        webhook("example.com"),
        "notify[0].webhook.url",
        "begins with https://",
    );
    accepted(webhook("https://example.com/x"));
}
