use super::*;

fn with(trigger: Json) -> Json {
    let triggers = Json::from_iter([("t", trigger)]);
    Json::from_iter([("triggers", triggers)])
}

#[test]
fn the_names_of_runs_that_no_trigger_starts_are_taken() {
    for name in ["manual", "call"] {
        refused(
            json!({"triggers": {name: {"every": "1h"}}}),
            &format!("triggers.{name}"),
            "choose another",
        );
    }
}

#[test]
fn a_cron_line_is_checked() {
    refused(
        with(json!({"cron": "0 0 3 * * *"})),
        "triggers.t.cron",
        "five fields are expected",
    );
    refused(
        with(json!({"cron": "0 25 * * *"})),
        "triggers.t.cron",
        "hour \"25\": 25 is not 0 to 23",
    );
    refused(
        with(json!({"cron": "0 0 30 2 *"})),
        "triggers.t.cron",
        "never fires",
    );
    accepted(with(json!({"cron": "@daily"})));
}

#[test]
fn a_time_zone_must_exist() {
    refused(
        with(json!({"cron": "@daily", "timezone": "Europe/Berlim"})),
        "triggers.t.timezone",
        "there is no time zone \"Europe/Berlim\", did you mean `Europe/Berlin`?",
    );
    refused(
        with(json!({"cron": "@daily", "timezone": "x"})),
        "triggers.t.timezone",
        "written Europe/Berlin",
    );
    accepted(with(
        json!({"cron": "@daily", "timezone": "America/New_York"}),
    ));
    accepted(with(json!({"cron": "@daily", "timezone": "UTC"})));
}

#[test]
fn at_is_a_moment() {
    for text in [
        "2026-12-24T18:00:00",
        "2026-12-24T18:00:00+01:00",
        "2026-12-24T18:00:00Z",
        "2026-12-24T18:00",
    ] {
        accepted(with(json!({"at": text})));
    }
    for text in [
        "tomorrow",
        "2026-12-24",
        "18:00",
        "2026-02-30T00:00:00",
        "2026-12-24T18:00:00[Europe/Berlin]",
    ] {
        refused(with(json!({"at": text})), "triggers.t.at", "is no moment");
    }
}

#[test]
fn keys_of_time_belong_to_triggers_of_time() {
    for (kind, value) in [
        ("every", json!("1h")),
        ("pipeline", json!({"name": "other"})),
    ] {
        refused(
            with(json!({kind: value, "timezone": "UTC"})),
            "triggers.t.timezone",
            "has no `timezone`",
        );
    }
    for (key, value) in [
        ("catchup", json!("all")),
        ("catchup_window", json!("1h")),
        ("jitter", json!("1m")),
        ("skip", json!({"dates": []})),
    ] {
        refused(
            with(json!({"at": "2026-12-24T18:00:00", key: value})),
            &format!("triggers.t.{key}"),
            "of this kind",
        );
        accepted(with(json!({"cron": "@daily", key: value})));
        accepted(with(json!({"every": "1h", key: value})));
    }
    refused(
        with(json!({"every": "1h", "skip": {"dates": ["2026-12-25", "25.12."]}})),
        "triggers.t.skip.dates[1]",
        "is not a date",
    );
}

#[test]
fn a_webhook_signed_by_hmac_names_its_header_and_no_other_does() {
    let hook = |value: Json| with(json!({"webhook": value}));
    refused(
        hook(json!({"secret": "s", "signature": "hmac-sha256"})),
        "triggers.t.webhook",
        "needs `header`",
    );
    refused(
        hook(json!({"secret": "s", "header": "X"})),
        "triggers.t.webhook.header",
        "only the signature",
    );
    accepted(hook(
        json!({"secret": "s", "signature": "hmac-sha256", "header": "X"}),
    ));
}

#[test]
fn a_repository_is_owner_and_name() {
    for repository in ["app", "me/", "/app", "https://x/me/app"] {
        refused(
            with(json!({"github": {"repository": repository, "secret": "s"}})),
            "triggers.t.github.repository",
            "is not OWNER/NAME",
        );
    }
    accepted(with(
        json!({"github": {"repository": "me/app", "secret": "s"}}),
    ));
}

#[test]
fn a_trigger_that_leaves_a_required_param_unset_is_refused() {
    let params = json!({"day": {"type": "date"}, "limit": {"default": "1"}});
    refused(
        json!({"params": params, "triggers": {"t": {"cron": "@daily"}}}),
        "triggers.t.params",
        "leaves param `day` unset, which has no default",
    );
    accepted(
        json!({"params": params, "triggers": {"t": {"cron": "@daily", "params": {"day": {"event": "date"}}}}}),
    );
}

#[test]
fn a_trigger_sets_declared_params_to_values_of_their_type() {
    let set = |value: Json| json!({"params": {"n": {"type": "int", "max": 9, "default": 1}}, "triggers": {"t": {"every": "1h", "params": value}}});
    refused(
        set(json!({"m": 1})),
        "triggers.t.params.m",
        "there is no param `m`, did you mean `n`?",
    );
    refused(
        set(json!({"n": 10})),
        "triggers.t.params.n",
        "above the most",
    );
    refused(
        set(json!({"n": {"event": "x", "default": "y"}})),
        "triggers.t.params.n",
        "not a whole number",
    );
    refused(
        set(json!({"n": {"secret": "s"}})),
        "triggers.t.params.n",
        "a part of its event",
    );
    accepted(set(json!({"n": {"event": "x", "default": 3}})));
}

#[test]
fn the_when_of_a_trigger_sees_only_the_event() {
    accepted(with(
        json!({"every": "1h", "when": "event.ref == \"main\" and event.tags[0] in [\"a\"]"}),
    ));
    refused(
        with(json!({"every": "1h", "when": "params.x == \"a\""})),
        "triggers.t.when",
        "sees only `event`, not `params.x`",
    );
    refused(
        with(json!({"every": "1h", "when": "event.ref = 1"})),
        "triggers.t.when",
        "write `==`",
    );
    refused(
        with(json!({"every": "1h", "when": "\"a\" > 1"})),
        "triggers.t.when",
        "write the number without quotes",
    );
}

#[test]
fn a_pipeline_that_starts_itself_again_is_a_warning() {
    let warnings =
        |name: &str| found(with(json!({"pipeline": {"name": name}})), Severity::Warning).len();
    assert_eq!((warnings("etl"), warnings("other")), (1, 0));
}
