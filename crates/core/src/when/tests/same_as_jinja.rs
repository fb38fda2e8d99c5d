//! What is accepted here means the same to minijinja, wherever minijinja accepts it too.

use super::{Expr, Json, Name, Step};
use minijinja::{Environment, UndefinedBehavior};
use proptest::prelude::*;
use serde_json::json;

fn world() -> Json {
    json!({
        "params": {"n": 5, "f": 2.5, "yes": true, "no": false, "text": " Gofer ", "list": ["x", "1"]},
        "outputs": {"a": {"rows": "120", "word": "false"}, "load-it": {"n": "-7"}},
        "tasks": {"a": {"state": "succeeded", "exit_code": "0", "reason": ""}},
        "item": {"city": "Bonn", "zone-id": 4, "tags": ["a", "b"]},
        "run": {"trigger": "manual", "state": "failed"},
        "event": {"commits": [{"id": "c0"}]},
    })
}

fn find(world: &Json, root: &str, steps: &[Step]) -> Option<Json> {
    let start = world.get(root);
    let step = |value: Option<&Json>, step: &Step| -> Option<Json> {
        match step {
            Step::Key(key) => value?.get(key).cloned(),
            Step::Index(index) => value?.get(index).cloned(),
        }
    };
    steps
        .iter()
        .fold(start.cloned(), |value, next| step(value.as_ref(), next))
}

fn look_up(name: &Name) -> Option<Json> {
    let key = |key: &str| Step::Key(key.to_owned());
    let world = world();
    match name {
        Name::Param(name) => find(&world, "params", &[key(name)]),
        Name::Output { task, key: k } => find(&world, "outputs", &[key(task), key(k)]),
        Name::Task { task, field } => find(&world, "tasks", &[key(task), key(field.as_str())]),
        Name::Item(steps) => find(&world, "item", steps),
        Name::RunTrigger => find(&world, "run", &[key("trigger")]),
        Name::RunState => find(&world, "run", &[key("state")]),
        Name::Event(steps) => find(&world, "event", steps),
    }
}

fn jinja(text: &str) -> Result<bool, String> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let expression = environment
        .compile_expression(text)
        .map_err(|e| e.to_string())?;
    let value = expression
        .eval(serde_json::from_value::<minijinja::Value>(world()).unwrap())
        .map_err(|e| e.to_string())?;
    bool::try_from(value).map_err(|e| e.to_string())
}

fn text_literal() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z1-9 ,é]{0,4}".prop_map(|text| format!("\"{text}\"")),
        "[a-z\"]{0,3}".prop_map(|text| format!("'{text}'")),
        Just("\"a\\n\\\\\\\"\"".to_owned()),
        Just("\"succeeded\"".to_owned()),
        Just("\"120\"".to_owned()),
    ]
}

fn literal() -> impl Strategy<Value = String> {
    prop_oneof![
        text_literal(),
        (-200i64..200).prop_map(|n| n.to_string()),
        (-20i32..20).prop_map(|n| format!("{:.1}", f64::from(n) / 4.0)),
        any::<bool>().prop_map(|b| b.to_string()),
    ]
}

fn name() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "params.n",
        "params.f",
        "params.yes",
        "params.no",
        "params.text",
        "params.list",
        "params[\"n\"]",
        "params.gone",
        "outputs.a.rows",
        "outputs['load-it'].n",
        "outputs.a.word",
        "outputs.a.gone",
        "tasks.a.state",
        "tasks.a.exit_code",
        "item",
        "item.city",
        "item[\"zone-id\"]",
        "item.tags",
        "item.tags[1]",
        "run.trigger",
        "run.state",
        "event.commits[0].id",
        "item.gone",
    ])
    .prop_map(str::to_owned)
}

fn filter() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec!["| int", "|float", "| length", "| lower", "|trim"])
            .prop_map(str::to_owned),
        "[,a-c]{1,2}".prop_map(|by| format!("| split(\"{by}\")")),
        literal().prop_map(|literal| format!("| default({literal})")),
    ]
}

fn atom() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => literal(),
        4 => name(),
        1 => prop::collection::vec(literal(), 0..4).prop_map(|items| format!("[{}]", items.join(", "))),
    ]
}

fn value() -> impl Strategy<Value = String> {
    (atom(), prop::collection::vec(filter(), 0..3))
        .prop_map(|(atom, filters)| format!("{atom} {}", filters.join(" ")))
}

/// Values of one kind, so that most comparisons have an answer.
fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        (-9i64..9).prop_map(|n| n.to_string()),
        (-20i32..20).prop_map(|n| format!("{:.2}", f64::from(n) / 4.0)),
        prop::sample::select(vec![
            "params.n",
            "params.f",
            "params.f | int",
            "-1.5|int",
            "outputs.a.rows | int",
            "outputs['load-it'].n | int",
            "item.tags | length",
            "item | length",
            "item[\"zone-id\"]",
            "tasks.a.exit_code | float",
            "params.gone | default(5)",
            "params.text | length",
            "(5)",
        ])
        .prop_map(str::to_owned),
    ]
}

fn text() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "params.text",
        "outputs.a.rows",
        "tasks.a.state",
        "item.city",
        "item.tags[1]",
        "run.trigger",
        "event.commits[0].id",
        "outputs.a.gone | default(\"120\")",
    ]);
    let filter = prop::sample::select(vec!["", "| trim", "| lower", "| lower | trim"]);
    prop_oneof![
        text_literal(),
        (name, filter).prop_map(|(name, filter)| format!("{name} {filter}")),
    ]
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "params.list",
            "item.tags",
            "params.text | split(\"o\")",
            "\"a,b\" | split(',')"
        ])
        .prop_map(str::to_owned),
        prop::collection::vec(text_literal(), 0..4)
            .prop_map(|items| format!("[{}]", items.join(","))),
    ]
}

fn answerable() -> impl Strategy<Value = String> {
    let order = || prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">="]);
    let contains = || prop::sample::select(vec!["in", "not in"]);
    let pair = |(a, op, b): (String, &str, String)| format!("{a} {op} {b}");
    prop_oneof![
        (number(), order(), number()).prop_map(pair),
        (text(), order(), text()).prop_map(pair),
        (text(), contains(), text()).prop_map(pair),
        (text(), contains(), texts()).prop_map(pair),
        (texts(), prop::sample::select(vec!["==", "!="]), texts()).prop_map(pair),
        prop::sample::select(vec!["true", "params.no", "params.yes"]).prop_map(str::to_owned),
    ]
}

fn test() -> impl Strategy<Value = String> {
    let operator = prop::sample::select(vec![
        "==", "!=", "<", "<=", ">", ">=", "in", "not in", "not  in",
    ]);
    let affix = prop::sample::select(vec![
        "is startingwith",
        "is endingwith",
        "is not startingwith",
    ]);
    prop_oneof![
        20 => answerable(),
        5 => (value(), operator, value()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        2 => (value(), affix, text_literal()).prop_map(|(a, test, b)| format!("{a} {test}({b})")),
        1 => value(),
    ]
}

fn expression() -> impl Strategy<Value = String> {
    test().prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} and {b}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} or\n{b}")),
            inner.clone().prop_map(|a| format!("not {a}")),
            inner.clone().prop_map(|a| format!("({a})")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("({a}) == ({b})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, ..ProptestConfig::default() })]

    #[test]
    fn what_is_accepted_means_the_same_to_minijinja(text in expression()) {
        // A chain of the generator is refused, which is its own test.
        let Ok(expr) = Expr::parse(&text) else { return Ok(()) };
        let Ok(ours) = expr.eval(&|name| Ok(look_up(name))) else { return Ok(()) };
        prop_assert_eq!(Ok(ours), jinja(&text), "{}", text);
    }

    #[test]
    fn no_text_whatever_makes_the_reader_panic(text in ".{0,60}") {
        let _ = Expr::parse(&text);
    }

    #[test]
    fn no_heap_of_tokens_makes_the_reader_panic(
        tokens in prop::collection::vec(prop::sample::select(vec![
            "params.n", "outputs", ".", "[", "]", "(", ")", "|", "default", "int", "\"a\"", "'", "1", "-",
            "1.5", "and", "or", "not", "in", "is", "startingwith", "==", "<", "true", ",", " ", "é", "#", ":",
        ]), 0..40)
    ) {
        let text = tokens.join(" ");
        if let Ok(expr) = Expr::parse(&text) {
            let _ = expr.check_types(&|_| None);
            let _ = expr.eval(&|name| Ok(look_up(name)));
        }
    }
}

#[test]
fn the_comparison_with_minijinja_is_not_empty() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let strategy = expression();
    let answered = (0..1_000)
        .filter_map(|_| Expr::parse(&strategy.new_tree(&mut runner).ok()?.current()).ok())
        .filter(|expr| expr.eval(&|name| Ok(look_up(name))).is_ok())
        .count();
    assert!(answered > 400, "{answered}");
}
