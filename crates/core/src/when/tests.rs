use super::*;
use crate::definition::TaskField;
use serde_json::json;

mod same_as_jinja;

fn refusal(text: &str) -> String {
    match Expr::parse(text) {
        Ok(_) => panic!("{text} was accepted"),
        Err(error) => error.message,
    }
}

/// The message, and the piece of the text that it points at.
fn pointed(text: &str) -> (String, String) {
    let error = Expr::parse(text).unwrap_err();
    (error.message, text[error.at].to_owned())
}

fn kinds(name: &Name) -> Option<Kind> {
    match name {
        Name::Output { .. } | Name::Task { .. } | Name::RunTrigger | Name::RunState => {
            Some(Kind::Text)
        }
        Name::Param(name) => match name.as_str() {
            "n" => Some(Kind::Integer),
            "f" => Some(Kind::Float),
            "yes" => Some(Kind::Boolean),
            "list" => Some(Kind::List),
            _ => Some(Kind::Text),
        },
        _ => None,
    }
}

fn type_errors(text: &str) -> Vec<String> {
    let expr = Expr::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    expr.check_types(&kinds)
        .into_iter()
        .map(|error| error.message)
        .collect()
}

fn values(name: &Name) -> Result<Option<Json>, String> {
    Ok(match name.to_string().as_str() {
        "outputs.a.rows" => Some(json!("120")),
        "outputs.a.word" => Some(json!("false")),
        "outputs[\"load-it\"].n" => Some(json!("7")),
        "outputs.call.load.rows" => Some(json!("9")),
        "outputs.a.misspelt" => return Err("a wrote rows and word, not misspelt".to_owned()),
        "params.n" => Some(json!(5)),
        "params.f" => Some(json!(2.5)),
        "params.yes" => Some(json!(true)),
        "params.list" => Some(json!(["x", "y"])),
        "params.text" => Some(json!(" Gofer ")),
        "item" => Some(json!({"city": "Bonn", "zone-id": 4, "tags": ["a", 1]})),
        "item.city" => Some(json!("Bonn")),
        "item[\"zone-id\"]" => Some(json!(4)),
        "item.tags" => Some(json!(["a", 1])),
        "item.nothing" => Some(Json::Null),
        "event.commits[0].id" => Some(json!("c0")),
        "run.trigger" => Some(json!("manual")),
        "tasks.a.exit_code" => Some(json!("")),
        _ => None,
    })
}

fn ask(text: &str) -> Result<bool, String> {
    let expr = Expr::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    expr.eval(&values).map_err(|failure| failure.message)
}

#[test]
fn the_text_false_is_never_true() {
    assert_eq!(
        type_errors("outputs.a.x"),
        ["`outputs.a.x` is text, not true or false: compare it, as in `outputs.a.x == \"true\"`"]
    );
    assert_eq!(
        ask("outputs.a.word"),
        Err("`outputs.a.word` is \"false\", not true or false".to_owned())
    );
    for text in [
        "not outputs.a.x",
        "true and outputs.a.x",
        "outputs.a.x or true",
        "\"x\"",
        "1",
    ] {
        assert_eq!(type_errors(text).len(), 1, "{text}");
    }
    assert!(ask("1").is_err());
    assert!(type_errors("params.yes and not params.yes").is_empty());
}

#[test]
fn rows_over_100_is_refused_with_write_int_and_with_it_compares_numbers() {
    assert_eq!(
        type_errors("outputs.a.rows > 100"),
        [
            "`outputs.a.rows` is text and `100` is a number: write `| int`, as in `outputs.a.rows | int`"
        ]
    );
    assert!(type_errors("outputs.a.rows | int > 100").is_empty());
    assert_eq!(ask("outputs.a.rows | int > 100"), Ok(true));
    assert_eq!(ask("outputs.a.rows | int > 1000"), Ok(false));
    assert_eq!(
        ask("outputs.a.rows == 120"),
        Err(
            "text cannot be compared with a number, write `| int` after the text: \
             `outputs.a.rows` is \"120\", 120"
                .to_owned()
        )
    );
}

#[test]
fn kinds_that_can_never_be_compared_are_found_before_anything_runs() {
    for (text, expected) in [
        ("params.n == \"5\"", "write the number without quotes"),
        ("outputs.a.x > 1.5", "write `| float`"),
        ("outputs.a.x == true", "compare with the text \"true\""),
        ("params.yes == \"true\"", "can never be compared"),
        (
            "params.yes < true",
            "`<` orders two numbers or two texts, not true or false",
        ),
        ("params.list < [1]", "orders two numbers or two texts"),
        ("params.list == 1", "can never be compared"),
        ("outputs.a.x in [1, 2]", "holds none: write `| int`"),
        ("params.n in \"123\"", "only text can be `in` the text"),
        ("params.n in params.n", "`in` needs a list or a text"),
        (
            "params.n | lower == \"x\"",
            "`lower` cannot be asked of a number",
        ),
        (
            "params.yes | int == 1",
            "`int` cannot be asked of true or false",
        ),
        (
            "params.n is startingwith(\"1\")",
            "`startingwith` asks a text",
        ),
        (
            "outputs.a.x | default(0) > 1",
            "write `| int`, as in `outputs.a.x | default(0) | int`",
        ),
        (
            "params.n | length > 1",
            "`length` cannot be asked of a number",
        ),
    ] {
        let errors = type_errors(text);
        assert!(
            errors.iter().any(|error| error.contains(expected)),
            "{text}: {errors:?}"
        );
    }
    for text in [
        "params.n == params.f",
        "params.n in [1, 2]",
        "\"a\" in outputs.a.x",
        "outputs.a.x | default(0) | int > 1",
        "params.list | length > 0",
        "outputs.a.x | split(\",\") == [\"a\"]",
        "item.x > 1 and item.x in item.y",
        "(params.n == 1) == true",
    ] {
        assert_eq!(type_errors(text), [""; 0], "{text}");
    }
}

#[test]
fn an_error_points_at_the_bytes_that_are_meant() {
    let expr = Expr::parse("params.yes and (outputs.a.rows > 100)").unwrap();
    let at = expr.check_types(&kinds).remove(0).at;
    assert_eq!(&expr.text[at], "(outputs.a.rows > 100)");
    assert_eq!(pointed("params.n + 1").1, "+");
    assert_eq!(pointed("é == $x").1, "é");
    assert_eq!(pointed("params.n == \"x").1, "\"x");
}

/// What Jinja or another language has, and a word of the answer.
const REFUSED: &[(&str, &str)] = &[
    ("", "the expression ends"),
    ("params.n >", "the expression ends"),
    ("1 < params.n < 5", "do not chain"),
    ("params.n == 1 == true", "do not chain"),
    ("params.t is startingwith(\"a\") == true", "do not chain"),
    ("params.n == params.t is endingwith(\"a\")", "do not chain"),
    ("params.n not in [1] not in [2]", "do not chain"),
    ("params.n + 1 > 2", "no arithmetic"),
    ("params.n - 1 > 2", "no arithmetic"),
    ("1 -1 == 0", "no arithmetic"),
    ("- params.n == 0", "no arithmetic"),
    ("params.n % 2 == 0", "no arithmetic"),
    ("params.n // 2 == 0", "no arithmetic"),
    ("params.a ~ \"x\" == \"\"", "cannot be joined"),
    ("'a''b' == \"ab\"", "side by side"),
    ("\"a\" \"b\" == \"ab\"", "side by side"),
    ("range(3)", "nothing can be called"),
    ("params.a.upper() == \"A\"", "nothing can be called"),
    ("\"a\"() == \"a\"", "nothing can be called"),
    ("true if params.yes else false", "no `if`"),
    ("if params.yes", "no `if`"),
    ("item[1:2] == []", "no slices"),
    ("item[:2] == []", "no slices"),
    ("item[-1] == 1", "from the front"),
    ("item[99999999999999999999] == 1", "too large"),
    ("params.n # five", "no comments"),
    ("{# x #} true", "no comments"),
    ("{{ params.yes }}", "without `{{`"),
    ("params.yes && params.yes", "write `and`"),
    ("params.yes || params.yes", "write `or`"),
    ("params.yes AND params.yes", "write `and`"),
    ("!params.yes", "write `not`"),
    ("params.n = 5", "write `==`"),
    ("params.n === 5", "value is expected"),
    ("params.yes == True", "write `true`"),
    ("params.t == none", "there is no `none`"),
    ("params.t is defined", "default(…)"),
    ("params.t is even", "unknown test `even`"),
    ("params.t is starting(\"a\")", "unknown test `starting`"),
    ("params.t is startingwith(1)", "takes a text"),
    ("params.t | upper == \"A\"", "unknown filter `upper`"),
    ("params.t | lenght > 1", "did you mean `length`?"),
    ("params.t | int(3) > 1", "takes nothing in brackets"),
    ("params.t | split == []", "`(` is expected after `split`"),
    ("params.t | split(\"\") == []", "not empty"),
    ("params.t | default() == \"\"", "takes one text"),
    ("params.t | == \"\"", "a filter is expected"),
    ("(params.yes", "not closed"),
    ("params.yes)", "closes nothing"),
    ("params.n in [1, 2", "not closed"),
    ("params.n in [1 2]", "`,` is expected"),
    ("params.n in [1, ]", "holds texts, numbers"),
    ("params.n in [params.n]", "holds texts, numbers"),
    ("params.t == \"x", "no closing"),
    ("params.t == “x”", "not a quote"),
    ("params.t == \"\\q\"", "after a backslash"),
    ("${{ params.t }}", "without `$`"),
    ("params.n == 1e5", "a number is written"),
    ("params.n == 0x10", "a number is written"),
    ("params.n == 1.", "a number is written"),
    ("params.n == 1_000", "a number is written"),
    ("params.n == 99999999999999999999", "too large"),
    ("params.n == {}", "no records"),
    ("5.a == 1", "a number is written"),
    ("\"a\".b == 1", "only a name has parts"),
    ("(item).b == 1", "only a name has parts"),
    ("and true", "before `and`"),
    ("item.0 == 1", "a key is expected after `.`"),
    ("true true", "`and`, `or` or a comparison"),
    ("@", "no meaning"),
];

#[test]
fn what_is_not_part_of_the_language_is_refused_by_name() {
    for (text, expected) in REFUSED {
        let message = refusal(text);
        assert!(message.contains(expected), "{text}: {message}");
    }
}

#[test]
fn a_hyphen_needs_brackets_and_the_message_shows_them() {
    assert!(refusal("tasks.load-it.state == \"failed\"").contains("tasks[\"load-it\"].state"));
    assert!(refusal("outputs.load-it.n == \"1\"").contains("outputs[\"load-it\"].rows"));
    assert_eq!(ask("outputs[\"load-it\"].n == '7'"), Ok(true));
}

#[test]
fn a_misspelt_root_or_field_is_refused_with_the_word_that_was_meant() {
    for (text, expected) in [
        (
            "param.day == \"x\"",
            "unknown name `param`, did you mean `params`?",
        ),
        ("foo == \"x\"", "there are `params`, `outputs`"),
        (
            "run.stat == \"x\"",
            "a run has no `stat`, did you mean `state`?",
        ),
        ("run == \"x\"", "`run.trigger` or `run.state`"),
        (
            "tasks.a.status == \"x\"",
            "a task has no `status`, did you mean `state`?",
        ),
        ("tasks.a == \"x\"", "`tasks.TASK.state`"),
        ("outputs.a == \"x\"", "`outputs.TASK.KEY`"),
        ("params == \"x\"", "`params.NAME`"),
        ("params.a.b == \"x\"", "one value, without parts"),
        ("params[0] == \"x\"", "`params.NAME`"),
    ] {
        let message = refusal(text);
        assert!(message.contains(expected), "{text}: {message}");
    }
}

#[test]
fn names_are_listed_with_their_place_and_whether_a_default_follows() {
    let text =
        "outputs.a.n | default(\"0\") | int > 1 and (tasks[\"b-c\"].state) | lower == item.x[0]";
    let expr = Expr::parse(text).unwrap();
    let names = expr.names();
    let shown: Vec<_> = names
        .iter()
        .map(|(name, at, d)| (name.to_string(), &text[at.clone()], *d))
        .collect();
    assert_eq!(
        shown,
        [
            ("outputs.a.n".to_owned(), "outputs.a.n", true),
            (
                "tasks[\"b-c\"].state".to_owned(),
                "(tasks[\"b-c\"].state)",
                false
            ),
            ("item.x[0]".to_owned(), "item.x[0]", false),
        ]
    );
    assert!(expr.uses_item());
    assert!(!Expr::parse("params.items").unwrap().uses_item());
    assert_eq!(
        *names[1].0,
        Name::Task {
            task: "b-c".to_owned(),
            field: TaskField::State
        }
    );
    assert_eq!(
        *Expr::parse("outputs.call.load.rows == \"1\"")
            .unwrap()
            .names()[0]
            .0,
        Name::Output {
            task: "call".to_owned(),
            key: "load.rows".to_owned()
        }
    );
}

#[test]
fn a_default_stands_in_only_for_what_is_not_there() {
    assert_eq!(ask("outputs.a.gone | default(\"0\") | int == 0"), Ok(true));
    assert_eq!(ask("outputs.a.rows | default(\"0\") | int == 0"), Ok(false));
    assert_eq!(ask("item.nothing | default(\"x\") == \"x\""), Ok(true));
    assert_eq!(
        ask("outputs.a.gone == \"\""),
        Err("`outputs.a.gone` is not there".to_owned())
    );
    assert_eq!(
        ask("outputs.a.gone | lower | default(\"x\") == \"x\""),
        Err("`outputs.a.gone` is not there".to_owned())
    );
    assert_eq!(
        ask("outputs.a.misspelt == \"\""),
        Err("a wrote rows and word, not misspelt".to_owned())
    );
}

#[test]
fn conditions_are_answered() {
    for (text, expected) in [
        ("true", true),
        ("not true or true", true),
        ("false and true or true", true),
        ("false or true and false", false),
        ("not (true and false)", true),
        ("not not true", true),
        ("params.n == 5.0 and params.n != -5", true),
        (
            "params.f <= 2.5 and params.f >= 2.5 and not params.f < 2.5",
            true,
        ),
        ("params.f | int == 2", true),
        ("\"10\" < \"9\"", true),
        ("\"x\" in params.list and \"z\" not in params.list", true),
        ("\"of\" in params.text", true),
        ("params.text | trim | lower == \"gofer\"", true),
        (
            "params.text is not startingwith(\"G\") and params.text | trim is endingwith('r')",
            true,
        ),
        (
            "outputs.a.rows | length == 3 and item.tags | length == 2 and item | length == 3",
            true,
        ),
        ("outputs.a.rows | split(\"2\") == [\"1\", \"0\"]", true),
        (
            "item.city in [\"Bonn\", \"Ulm\"] and item[\"zone-id\"] == 4",
            true,
        ),
        ("1 in item.tags", true),
        ("event.commits[0].id == \"c0\"", true),
        ("outputs.call.load.rows | int == 9", true),
        ("run.trigger == \"manual\"", true),
        ("\"a\\n\\\"\" == 'a\\n\"'", true),
        ("params.n in [-1, 5]", true),
        ("params.n in []", false),
        // What stands after a decided `and` or `or` is not asked.
        ("false and outputs.a.gone == \"\"", false),
        ("true or outputs.a.gone == \"\"", true),
    ] {
        assert_eq!(ask(text), Ok(expected), "{text}");
    }
}

#[test]
fn an_error_at_run_time_shows_the_values_seen_and_is_capped() {
    for (text, expected) in [
        (
            "outputs.a.word | int > 1",
            "`outputs.a.word | int`: \"false\" is not a whole number",
        ),
        (
            "tasks.a.exit_code | int > 1",
            "`tasks.a.exit_code | int`: \"\" is not a whole number",
        ),
        (
            "outputs.a.word | trim | float > 1",
            "`outputs.a.word | trim | float`: \"false\" is not a number",
        ),
        (
            "item > 1",
            "a record cannot be compared with a number: `item` is {\"city\":",
        ),
        ("item.tags > item.tags", "a list has no order"),
        (
            "true in item.tags",
            "the list holds nothing like true or false",
        ),
        (
            "\"a\" in item[\"zone-id\"]",
            "a number is neither a list nor a text",
        ),
        (
            "item.tags is startingwith(\"a\")",
            "asks a text, not [\"a\",1]",
        ),
        ("item[\"zone-id\"] | lower == \"a\"", "not for a number 4"),
    ] {
        let message = ask(text).unwrap_err();
        assert!(message.contains(expected), "{text}: {message}");
    }
    let long = |_: &Name| Ok(Some(json!("é".repeat(10_000))));
    let message = Expr::parse("item | int > 1")
        .unwrap()
        .eval(&long)
        .unwrap_err()
        .message;
    assert!(message.chars().count() < 200, "{message}");
}

#[test]
fn deep_nesting_and_long_texts_are_refused() {
    let nested =
        |open: &str, close: &str, n: usize| format!("{}true{}", open.repeat(n), close.repeat(n));
    assert!(Expr::parse(&nested("(", ")", 50)).is_ok());
    assert!(refusal(&nested("(", ")", 51)).contains("more than 50 deep"));
    assert!(refusal(&nested("not ", "", 51)).contains("more than 50 deep"));
    assert!(refusal(&nested("(", "", 1_900)).contains("more than 50 deep"));
    assert!(
        refusal(&format!("\"{}\"", "é".repeat(2_000)))
            .contains("at most 2000 characters, this one has 2002")
    );
    assert!(Expr::parse(&format!("\"{}\" == \"\"", "é".repeat(1_990))).is_ok());
    let wide = vec!["true"; 220].join(" and ");
    assert!(Expr::parse(&wide).unwrap().eval(&values).unwrap());
}
