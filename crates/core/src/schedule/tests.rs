use super::*;
use proptest::prelude::*;

fn refusal(line: &str) -> String {
    line.parse::<Cron>()
        .map_or_else(|error| error.to_string(), |cron| panic!("{line}: {cron:?}"))
}

#[test]
fn a_line_is_said_in_words() {
    for (line, words) in [
        ("0 3 * * *", "at 03:00"),
        ("*/15 * * * *", "every 15 minutes"),
        ("30 2 * * 1-5", "at 02:30, Monday to Friday"),
        ("* * * * *", "every minute"),
        ("0 * * * *", "every hour"),
        ("5 * * * *", "at minute 5 of every hour"),
        ("0,30 * * * *", "at minute 0 and 30 of every hour"),
        ("0 */2 * * *", "every 2 hours"),
        (
            "0 8-18 * * mon-fri",
            "every hour from 08:00 to 18:00, Monday to Friday",
        ),
        ("*/10 8-18 * * *", "every 10 minutes from 08:00 to 18:59"),
        ("5/20 * * * *", "every 20 minutes from minute 5"),
        ("0 6,18 * * *", "at 06:00 and 18:00"),
        (
            "30 17,9 * * sat,sun",
            "at 09:30 and 17:30, Saturday and Sunday",
        ),
        ("0 0 1 * *", "at 00:00, on the 1st"),
        ("0 0 1,15 * *", "at 00:00, on the 1st and the 15th"),
        ("0 0 L * *", "at 00:00, on the last day of the month"),
        ("0 0 LW * *", "at 00:00, on the last workday of the month"),
        (
            "0 0 15W * *",
            "at 00:00, on the workday nearest to the 15th",
        ),
        ("0 0 * * 5L", "at 00:00, the last Friday of the month"),
        ("0 0 * * fri#2", "at 00:00, the 2nd Friday of the month"),
        ("0 0 13 * 5", "at 00:00, on the 13th and on every Friday"),
        (
            "0 0 */2 * 5",
            "at 00:00, on every 2nd day of the month from the 1st if it is Friday",
        ),
        ("0 0 1 1,7 *", "at 00:00, on the 1st, in January and July"),
        ("0 0 * jun-aug *", "at 00:00, in June to August"),
        ("0 0 * * 5-7", "at 00:00, Friday to Sunday"),
        ("H H * * *", "once a day at a time of its own"),
        ("H * * * *", "once an hour at a minute of its own"),
        ("H 4 * * *", "at a minute of its own after 04:00"),
        ("H/15 * * * *", "every 15 minutes from a minute of its own"),
        ("@daily", "at 00:00"),
        ("@midnight", "at 00:00"),
        ("@hourly", "every hour"),
        ("@weekly", "at 00:00, Sunday"),
        ("@monthly", "at 00:00, on the 1st"),
        ("@yearly", "at 00:00, on the 1st, in January"),
        ("@annually", "at 00:00, on the 1st, in January"),
        ("0 0 ? * MON", "at 00:00, Monday"),
    ] {
        assert_eq!(describe(line), Ok(words.to_owned()), "{line}");
    }
}

#[test]
fn what_is_not_a_line_names_the_field_and_the_cause() {
    for (line, expected) in [
        ("0 0 3 * * *", "five fields are expected"),
        ("0 0 3 * * *", "this has 6: leave out the seconds"),
        ("0 3 * *", "this has 4"),
        ("", "this has 0"),
        ("60 * * * *", "minute \"60\": 60 is not 0 to 59"),
        ("* 24 * * *", "hour \"24\": 24 is not 0 to 23"),
        ("* * 0 * *", "day of the month \"0\": 0 is not 1 to 31"),
        ("* * * 13 *", "month \"13\": 13 is not 1 to 12"),
        ("* * * * 8", "day of the week \"8\": 8 is not 0 to 7"),
        ("* * * foo *", "neither 1 to 12 nor jan to dec"),
        ("* * * * monday", "neither 0 to 7 nor sun to sat"),
        ("x * * * *", "is not a number from 0 to 59"),
        ("-1 * * * *", "is not a number"),
        ("+1 * * * *", "is not a number"),
        ("1,,2 * * * *", "missing beside a comma"),
        ("5-1 * * * *", "runs backwards"),
        ("*/0 * * * *", "after `/` stands 1 to 59"),
        ("*/60 * * * *", "after `/` stands"),
        ("1/ * * * *", "after `/` stands"),
        ("L * * * *", "is not a number"),
        ("* * * * L", "which day"),
        ("* * * * 5#6", "after `#` stands 1 to 5"),
        ("* * * * 9#1", "9 is not 0 to 7"),
        ("* * 32W * *", "32 is not 1 to 31"),
        ("H(5-70) * * * *", "70 is not 0 to 59"),
        ("H(9-5) * * * *", "not a range"),
        ("Hx * * * *", "H, H/15 or H(0-29)"),
        ("? * * * *", "is not a number"),
        ("@dayly", "did you mean `@daily`?"),
        ("@reboot", "none of @yearly"),
        ("999999999999999999999 * * * *", "is not 0 to 59"),
    ] {
        let message = refusal(line);
        assert!(message.contains(expected), "{line}: {message}");
    }
}

#[test]
fn a_line_that_can_never_fire_is_refused() {
    assert_eq!(
        refusal("0 0 30 2 *"),
        "this never fires: there is no such day in February"
    );
    for line in [
        "0 0 31 4,6,9,11 *",
        "0 0 31 2-2 *",
        "0 0 30,31 feb *",
        "0 0 30W 2 *",
        "0 0 30-31 2 */2",
    ] {
        assert!(refusal(line).contains("never fires"), "{line}");
    }
    for line in [
        "0 0 29 2 *",
        "0 0 31 * *",
        "0 0 31 4,5 *",
        "0 0 L 2 *",
        "0 0 30 2 1",
        "0 0 H 2 *",
        "0 0 */30 2 *",
    ] {
        assert!(line.parse::<Cron>().is_ok(), "{line}");
    }
}

#[test]
fn a_star_at_the_beginning_is_remembered_because_it_decides_how_two_days_join() {
    let cron = |line: &str| line.parse::<Cron>().unwrap();
    assert!(cron("0 0 13 * 5").either_day());
    assert!(!cron("0 0 */2 * 5").either_day());
    assert!(!cron("0 0 13 * *").either_day());
    assert!(cron("0 0 1-31 * 5").either_day());
}

#[test]
fn a_field_knows_which_values_it_asks_for() {
    let minutes = |text: &str| {
        let field = "minute".replace("minute", text);
        let field = format!("{field} * * * *").parse::<Cron>().unwrap().minute;
        (0..60)
            .filter(|value| field.includes(*value))
            .collect::<Vec<u8>>()
    };
    assert_eq!(minutes("*/20"), [0, 20, 40]);
    assert_eq!(minutes("5-15/5,59"), [5, 10, 15, 59]);
    assert_eq!(minutes("50/5"), [50, 55]);
    let weekday = "* * * * 6-7".parse::<Cron>().unwrap().weekday;
    assert_eq!(
        (0..7)
            .filter(|day| weekday.includes(*day))
            .collect::<Vec<u8>>(),
        [0, 6]
    );
    assert_eq!("* * * * 7".parse::<Cron>(), "* * * * sun".parse());
}

proptest! {
    #[test]
    fn no_text_whatever_makes_the_reader_panic(text in "[0-9*/,LWH#@? a-z()-]{0,30}|.{0,30}") {
        if let Ok(words) = describe(&text) {
            prop_assert!(!words.is_empty());
        }
    }

    #[test]
    fn no_heap_of_fields_makes_the_reader_panic(
        fields in prop::collection::vec("(\\*|[0-9]{1,2}|H|L|mon|jan)(/[0-9]{1,2}|-[0-9]{1,2}|W|L|#[0-9])?(,[0-9])?", 5)
    ) {
        let _ = describe(&fields.join(" "));
    }
}
