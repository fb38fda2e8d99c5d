//! Colour. It only repeats what a symbol or a word says.

/// Puts colour on text, or leaves it alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Paint {
    on: bool,
}

impl Paint {
    #[cfg(test)]
    pub(crate) const PLAIN: Self = Self { on: false };

    /// `NO_COLOR` wins, then `CLICOLOR_FORCE`, then whether it is a terminal that knows colours.
    pub(crate) fn choose(var: impl Fn(&str) -> Option<String>, terminal: bool) -> Self {
        let forced = var("CLICOLOR_FORCE").is_some_and(|value| value != "0");
        let able = terminal && var("TERM").is_none_or(|term| term != "dumb");
        Self {
            on: var("NO_COLOR").is_none() && (forced || able),
        }
    }

    pub(crate) fn is_on(self) -> bool {
        self.on
    }

    fn wrap(self, code: &str, text: &str) -> String {
        if self.on && !text.is_empty() {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    pub(crate) fn colour(self, hue: Hue, text: &str) -> String {
        let code = match hue {
            Hue::Good => "32",
            Hue::Bad => "31",
            Hue::Warn => "33",
            Hue::Live => "36",
            Hue::Faint => "2",
            Hue::Strong => "1",
            Hue::Plain => return text.to_owned(),
        };
        self.wrap(code, text)
    }
}

/// What a colour means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hue {
    Good,
    Bad,
    Warn,
    Live,
    Faint,
    Strong,
    Plain,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(vars: &[(&str, &str)], terminal: bool) -> bool {
        let var = |name: &str| {
            let found = vars.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Paint::choose(var, terminal).is_on()
    }

    #[test]
    fn no_color_beats_clicolor_force_beats_the_terminal() {
        assert!(on(&[], true));
        assert!(!on(&[], false));
        assert!(on(&[("CLICOLOR_FORCE", "1")], false));
        assert!(!on(&[("CLICOLOR_FORCE", "0")], false));
        assert!(!on(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], true));
        assert!(!on(&[("TERM", "dumb")], true));
    }
}
