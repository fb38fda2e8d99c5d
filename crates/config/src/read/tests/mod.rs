mod any;

use super::*;
use crate::{Format, Source};
use proptest::prelude::*;

const FORMS: [Format; 3] = [Format::Toml, Format::Yaml, Format::Json];
const ORDERS: [(Format, &str); 3] = [
    (
        Format::Toml,
        include_str!("../../../tests/it/forms/orders.toml"),
    ),
    (
        Format::Yaml,
        include_str!("../../../tests/it/forms/orders.yaml"),
    ),
    (
        Format::Json,
        include_str!("../../../tests/it/forms/orders.json"),
    ),
];

fn source(format: Format, text: &str) -> Source {
    Source {
        name: "gofer".to_owned(),
        text: text.to_owned(),
        format,
    }
}

/// Every place is inside the text, and on a character's edge.
fn assert_right_places(source: &Source, reading: &Reading) {
    for finding in &reading.findings {
        assert!(
            source.text.get(finding.span.clone()).is_some(),
            "{finding:?}"
        );
        assert!(finding.line >= 1 && finding.column >= 1, "{finding:?}");
        assert!(
            !finding.message.ends_with('.') && !finding.message.contains('\n'),
            "{finding:?}"
        );
    }
    crate::render(source, &reading.findings, true);
    crate::one_line(source, &reading.findings);
}

proptest! {
    #[test]
    fn the_canonical_text_of_any_pipeline_is_read_back_as_the_same(pipeline in any::pipeline()) {
        let text = pipeline.canonical().unwrap();
        // Such JSON is YAML too, so one text tries two readers.
        let is_yaml = !text.contains(|c: char| c.is_control() || matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}'));
        for format in [Format::Json, Format::Yaml].into_iter().take(1 + usize::from(is_yaml)) {
            let (tree, faults) = document::parse(format, &text);
            prop_assert!(faults.is_empty(), "{format:?} {faults:?}\n{text}");
            let shaped = shape(&tree.unwrap());
            prop_assert!(shaped.spots.is_empty(), "{format:?} {:?}\n{text}", shaped.spots);
            prop_assert_eq!(shaped.pipeline.as_ref(), Some(&pipeline));
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in ".{0,400}", nth in 0..3_usize) {
        let source = source(FORMS[nth], &text);
        assert_right_places(&source, &read(&source));
    }

    #[test]
    fn no_text_of_syntax_makes_the_reader_panic(
        text in "([a-c\\[\\]{}:,'\"&*!|>#<\\-=.0-9 \\n\té]|: |name|tasks|<<|null|\"\"\"|\\\\u00)*",
        nth in 0..3_usize,
    ) {
        let source = source(FORMS[nth], &text);
        assert_right_places(&source, &read(&source));
    }

    #[test]
    fn no_damage_to_a_file_makes_the_reader_panic(
        nth in 0..3_usize,
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0..12_usize, "[\\PC\\n]{0,4}"), 1..6),
    ) {
        let (format, text) = ORDERS[nth];
        let mut text: Vec<char> = text.chars().collect();
        for (at, length, put) in cuts {
            let at = at.index(text.len() + 1);
            let end = (at + length).min(text.len());
            text.splice(at..end, put.chars());
        }
        let source = source(format, &text.into_iter().collect::<String>());
        let reading = read(&source);
        assert_right_places(&source, &reading);
        let is_refused = reading.findings.iter().any(|finding| finding.severity == Severity::Error);
        prop_assert_eq!(reading.pipeline.is_none(), is_refused);
    }
}

#[test]
fn what_is_left_out_for_a_mistake_of_its_own_leaves_the_rest_to_be_checked() {
    let tree = |text| document::parse(Format::Toml, text).0.unwrap();
    let sound = shape(&tree(
        "name = 'a'\n[tasks.a]\nimage = 'x'\ncomand = ['y']\ntimeout = 3",
    ));
    assert!(
        sound.is_sound && sound.pipeline.is_some(),
        "{:?}",
        sound.spots
    );
    let nameless = shape(&tree("[tasks.a]\nimage = 'x'"));
    assert!(
        nameless.is_sound && nameless.pipeline.is_some(),
        "{:?}",
        nameless.spots
    );
    for text in [
        "name = 'a'\n[tasks.a]\nimage = 'x'\ndepend_on = ['b']",
        "name = 'a'\n[tasks.a]\nimage = 'x'\nsomething = ['b']",
        "name = 'a'\n[tasks.A]\nimage = 'x'\n[tasks.b]\nimage = 'x'",
        "name = 'a'\n[tasks.a]\nimage = 'x'\nfinally = 'yes'",
    ] {
        assert!(!shape(&tree(text)).is_sound, "{text}");
    }
}

#[test]
fn a_place_in_an_expression_is_found_in_its_text() {
    let text = "name: a\ntasks:\n  a: { image: x, when: 'item == 1' }\n  b: { image: x, when: \"a\\u0020b\" }\n";
    let (tree, _) = document::parse(Format::Yaml, text);
    let tree = tree.unwrap();
    let at = |task: &str| Problem {
        within: Some(5..7),
        ..Problem::error(Path::top().at("tasks").at(task).at("when"), "")
    };
    let span = inside(&at("a"), &tree, text).unwrap();
    assert_eq!(&text[span], "==");
    assert_eq!(
        inside(&at("b"), &tree, text),
        None,
        "its text is not what stands there"
    );
    let whole = tree.place(&at("b").path);
    assert_eq!(&text[whole], "\"a\\u0020b\"");
}

#[test]
fn a_path_to_nothing_is_shown_at_the_nearest_thing_there_is() {
    let text = "name = 'a'\n[tasks.load]\nimage = 'x'\ndepends_on = ['list', 'b']\n";
    let (tree, _) = document::parse(Format::Toml, text);
    let tree = tree.unwrap();
    let place = |steps: &[&str]| {
        let path = steps.iter().fold(Path::top(), |path, step| path.at(*step));
        &text[tree.place(&path)]
    };
    assert_eq!(place(&["tasks", "load", "env", "A"]), "load");
    assert_eq!(place(&["tasks", "load"]), "load");
    assert_eq!(place(&["tasks", "load", "image"]), "'x'");
    assert_eq!(place(&["tasks", "load", "depends_on", "b"]), "'b'");
    assert_eq!(place(&["tasks", "load", "depends_on", "c"]), "depends_on");
    assert_eq!(place(&[]), "");
}

#[test]
fn problems_found_later_are_put_where_they_stand() {
    let source = source(
        Format::Toml,
        "name = 'a'\n[tasks.b]\nimage = 'x'\n[tasks.a]\nimage = 'y'\n",
    );
    let at = |task: &str| Problem::error(Path::top().at("tasks").at(task).at("image"), "no");
    let places: Vec<_> = point(&source, vec![at("a"), at("b")])
        .iter()
        .map(|found| (found.line, found.column))
        .collect();
    assert_eq!(places, [(3, 9), (5, 9)]);
}
