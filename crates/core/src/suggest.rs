//! "Did you mean": the nearest known word to one that is not known.

/// The known word nearest to `word`, if it is near enough to have been meant.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = match word.chars().count() {
        0..=3 => 1,
        4..=6 => 2,
        _ => 3,
    };
    known
        .into_iter()
        .map(|candidate| (distance(word, candidate, most), candidate))
        .filter(|(distance, _)| *distance <= most)
        .min()
        .map(|(_, candidate)| candidate)
}

/// `, did you mean `x`?`, or nothing.
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, known).map_or_else(String::new, |word| format!(", did you mean `{word}`?"))
}

/// `, did you mean `x`?`, or what there is.
pub fn or_list<'a, I>(word: &str, known: I) -> String
where
    I: IntoIterator<Item = &'a str> + Clone,
{
    let meant = did_you_mean(word, known.clone());
    if !meant.is_empty() {
        return meant;
    }
    let all: Vec<String> = known
        .into_iter()
        .take(12)
        .map(|word| format!("`{word}`"))
        .collect();
    match all.split_last() {
        None => String::new(),
        Some((only, [])) => format!(": there is only {only}"),
        Some((last, rest)) => format!(": there are {} and {last}", rest.join(", ")),
    }
}

/// Edits between two words (a swap of neighbours is one); anything above `most` is `most + 1`.
fn distance(a: &str, b: &str, most: usize) -> usize {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    if a.len().abs_diff(b.len()) > most {
        return most + 1;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (row, x) in a.iter().enumerate() {
        let mut line = vec![row + 1];
        for (column, y) in b.iter().enumerate() {
            let cell = |line: &[usize], at: usize| line.get(at).copied().unwrap_or(most + 1);
            let mut least = (cell(&above, column) + usize::from(x != y))
                .min(cell(&above, column + 1) + 1)
                .min(cell(&line, column) + 1);
            let swapped =
                row > 0 && column > 0 && a.get(row - 1) == Some(y) && b.get(column - 1) == Some(x);
            if swapped {
                least = least.min(cell(&before, column - 1) + 1);
            }
            line.push(least);
        }
        if line.iter().min().is_some_and(|least| *least > most) {
            return most + 1;
        }
        before = std::mem::replace(&mut above, line);
    }
    above.last().copied().unwrap_or(most + 1).min(most + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_suggested_and_a_far_one_is_not() {
        assert_eq!(nearest("comand", ["command", "image"]), Some("command"));
        assert_eq!(nearest("retires", ["retry", "retries"]), Some("retries"));
        assert_eq!(nearest("day", ["limit", "region"]), None);
        assert_eq!(nearest("x", []), None);
        assert_eq!(nearest("laod", ["load", "lead"]), Some("load"));
    }

    #[test]
    fn without_a_near_word_all_are_listed() {
        assert_eq!(or_list("state", ["stat", "b"]), ", did you mean `stat`?");
        assert_eq!(
            or_list("xyz", ["a", "b", "c"]),
            ": there are `a`, `b` and `c`"
        );
        assert_eq!(or_list("xyz", ["abcdef"]), ": there is only `abcdef`");
        assert_eq!(or_list("xyz", []), "");
    }
}
