use super::*;
use serde_json::json;

fn param(value: Json) -> Param {
    serde_json::from_value(value).unwrap()
}

fn read_as(declared: Json, text: &str) -> Result<String, String> {
    let param = param(declared);
    read(param.kind.unwrap_or_default(), &param, text)
}

fn declared(value: Json) -> BTreeMap<ParamName, Param> {
    serde_json::from_value(value).unwrap()
}

fn given(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

#[test]
fn each_type_reads_its_own_text() {
    for (kind, text, canonical) in [
        ("string", " any\n", " any\n"),
        ("int", "-07", "-7"),
        ("float", "1.50", "1.5"),
        ("float", "2", "2"),
        ("bool", "true", "true"),
        ("date", "2026-11-24", "2026-11-24"),
        (
            "datetime",
            "2026-11-24T08:00:00+01:00",
            "2026-11-24T08:00:00+01:00",
        ),
        (
            "datetime",
            "2026-11-24T08:00:00.5Z",
            "2026-11-24T08:00:00.5Z",
        ),
        (
            "json",
            "{ \"b\": [1, null] , \"a\":2}",
            "{\"b\":[1,null],\"a\":2}",
        ),
    ] {
        assert_eq!(
            read_as(json!({"type": kind}), text),
            Ok(canonical.to_owned()),
            "{kind} {text}"
        );
    }
}

#[test]
fn what_is_not_of_the_type_is_refused() {
    for (kind, texts) in [
        (
            "int",
            ["", "1.5", "1e3", "x", "99999999999999999999"].as_slice(),
        ),
        ("float", &["", "NaN", "inf", "1,5", "1e999"]),
        ("bool", &["True", "1", "yes", "no", "", " true"]),
        (
            "date",
            &[
                "2026-02-30",
                "24.11.2026",
                "2026-11-24T00:00",
                "20261124",
                "",
            ],
        ),
        (
            "datetime",
            &[
                "2026-11-24T08:00:00",
                "2026-11-24 08:00:00Z",
                "2026-11-24",
                "2026-11-24T08:00Z",
                "2026-11-24T08:00:00+01:00[Europe/Berlin]",
            ],
        ),
        ("json", &["", "{", "yes", "{} {}"]),
    ] {
        for text in texts {
            assert!(
                read_as(json!({"type": kind}), text).is_err(),
                "{kind} {text:?}"
            );
        }
    }
}

#[test]
fn a_value_out_of_bounds_is_refused_with_the_bound() {
    let int = json!({"type": "int", "min": 1, "max": 10});
    assert_eq!(read_as(int.clone(), "10"), Ok("10".to_owned()));
    assert_eq!(
        read_as(int.clone(), "11"),
        Err("11 is above the most, 10".to_owned())
    );
    assert_eq!(read_as(int, "0"), Err("0 is below the least, 1".to_owned()));
    let day = json!({"type": "date", "min": "2026-01-01"});
    assert!(read_as(day.clone(), "2025-12-31").is_err());
    assert!(read_as(day, "2026-01-01").is_ok());
    let moment = json!({"type": "datetime", "max": "2026-01-01T00:00:00Z"});
    assert!(read_as(moment.clone(), "2026-01-01T00:30:00+01:00").is_ok());
    assert!(read_as(moment, "2026-01-01T00:30:00Z").is_err());
    assert!(read_as(json!({"type": "float", "max": 1.5}), "1.6").is_err());
}

#[test]
fn a_pattern_must_match_the_whole_value() {
    let declared = json!({"pattern": "a|b+"});
    assert!(read_as(declared.clone(), "bb").is_ok());
    for text in ["ab", "xa", "a\n", "\nb", ""] {
        assert!(
            read_as(declared.clone(), text)
                .unwrap_err()
                .contains("does not match a|b+"),
            "{text:?}"
        );
    }
}

#[test]
fn an_enum_takes_one_of_its_values() {
    let declared = json!({"type": "enum", "values": ["staging", "production"]});
    assert_eq!(
        read_as(declared.clone(), "staging"),
        Ok("staging".to_owned())
    );
    assert!(
        read_as(declared, "stagin")
            .unwrap_err()
            .contains("did you mean `staging`?")
    );
}

#[test]
fn a_start_fills_in_defaults_of_any_kind() {
    let declared = declared(json!({
        "a": {"default": "x"}, "b": {"type": "int", "default": 5}, "c": {"type": "bool", "default": false},
        "d": {"type": "json", "default": {"k": [1]}}, "e": {"type": "int", "default": "6"},
        "f": {"type": "float", "default": 1.5}, "g": {"default": 12}, "h": {"type": "json", "default": "[]"},
        "i": {},
    }));
    let values = start(&declared, &given(&[("i", "given"), ("b", "7")])).unwrap();
    let texts: Vec<&str> = values.values().map(String::as_str).collect();
    assert_eq!(
        texts,
        [
            "x",
            "7",
            "false",
            "{\"k\":[1]}",
            "6",
            "1.5",
            "12",
            "[]",
            "given"
        ]
    );
}

#[test]
fn a_start_names_every_problem_at_once() {
    let declared = declared(json!({
        "day": {"type": "date"}, "limit": {"type": "int", "max": 100}, "region": {"pattern": "[a-z]+"},
    }));
    let problems = start(
        &declared,
        &given(&[("dya", "x"), ("limit", "500"), ("region", "EU")]),
    )
    .unwrap_err();
    assert_eq!(
        problems,
        [
            "there is no param `dya`, did you mean `day`?",
            "param `day` is required",
            "param `limit`: 500 is above the most, 100",
            "param `region`: \"EU\" does not match [a-z]+",
        ]
    );
    let none = BTreeMap::new();
    assert_eq!(
        start(&none, &given(&[("x", "")])).unwrap_err(),
        ["there is no param `x`: this pipeline has none"]
    );
}

#[test]
fn a_value_that_does_not_fit_a_variable_is_refused() {
    assert!(
        read_as(json!({}), &"x".repeat(MOST_BYTES + 1))
            .unwrap_err()
            .contains("too long")
    );
    assert!(read_as(json!({}), &"x".repeat(MOST_BYTES)).is_ok());
    let message = read_as(json!({"type": "int"}), &"é".repeat(5_000)).unwrap_err();
    assert!(message.chars().count() < 120, "{message}");
}

/// The declaration has one problem, with `key`.
#[track_caller]
fn misdeclared(value: &Json, key: &str, expected: &str) {
    let problems = check(&param(value.clone()));
    let fits = |(at, message): &(&str, String)| *at == key && message.contains(expected);
    assert!(
        problems.len() == 1 && problems.iter().all(fits),
        "{value}: {problems:?}"
    );
}

#[test]
fn a_declaration_says_only_what_its_type_has() {
    for (value, key, expected) in [
        (json!({"type": "enum"}), "values", "an enum needs `values`"),
        (json!({"values": ["a"]}), "values", "only an enum"),
        (
            json!({"type": "int", "pattern": "a"}),
            "pattern",
            "only a string",
        ),
        (
            json!({"pattern": "("}),
            "pattern",
            "not a regular expression",
        ),
        (
            json!({"pattern": "a)(b"}),
            "pattern",
            "not a regular expression",
        ),
        (json!({"min": 1}), "min", "only numbers and dates"),
        (
            json!({"type": "int", "max": "x"}),
            "max",
            "not a whole number",
        ),
        (
            json!({"type": "date", "min": "2026-01-02", "max": "2026-01-01"}),
            "max",
            "no value fits",
        ),
    ] {
        misdeclared(&value, key, expected);
    }
}

#[test]
fn a_default_is_a_value_of_the_param() {
    for (value, expected) in [
        (json!({"type": "int", "default": "x"}), "not a whole number"),
        (
            json!({"type": "int", "max": 4, "default": 5}),
            "above the most",
        ),
        (
            json!({"type": "bool", "default": 1}),
            "neither true nor false",
        ),
        (
            json!({"type": "enum", "values": ["a"], "default": "b"}),
            "not one of the values",
        ),
        (json!({"default": 1.10}), "quote it"),
        (json!({"default": ["a"]}), "one value is expected"),
    ] {
        misdeclared(&value, "default", expected);
    }
    for value in [
        json!({}),
        json!({"type": "json", "default": [1]}),
        json!({"type": "int", "default": 0, "min": 0}),
    ] {
        assert!(check(&param(value.clone())).is_empty(), "{value}");
    }
}

#[test]
fn when_sees_numbers_and_booleans_as_such() {
    for (kind, seen) in [
        (ParamType::Int, Kind::Integer),
        (ParamType::Float, Kind::Float),
        (ParamType::Bool, Kind::Boolean),
        (ParamType::Json, Kind::Unknown),
        (ParamType::Date, Kind::Text),
        (ParamType::String, Kind::Text),
    ] {
        assert_eq!(kind_in_when(kind), seen, "{kind:?}");
    }
}
