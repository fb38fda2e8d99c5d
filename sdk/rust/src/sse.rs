//! Server-sent events, as the HTML standard has them, fed in pieces of any size.

/// No event of ours comes near this; whatever does is not ours.
const MOST: usize = 16 << 20;

/// One event with data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// Its type; `message` unless said.
    pub(crate) kind: String,
    /// The last id that was sent up to here.
    pub(crate) id: Option<String>,
    /// Its data.
    pub(crate) data: String,
}

/// An event that is too long.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooLong;

/// Takes bytes, gives events.
#[derive(Debug, Default)]
pub(crate) struct Parser {
    line: Vec<u8>,
    after_cr: bool,
    begun: bool,
    kind: String,
    id: Option<String>,
    data: Option<String>,
}

impl Parser {
    /// Adds bytes; the events that they complete are appended to `events`.
    pub(crate) fn push(&mut self, bytes: &[u8], events: &mut Vec<Event>) -> Result<(), TooLong> {
        for &byte in bytes {
            let after_cr = std::mem::replace(&mut self.after_cr, byte == b'\r');
            match byte {
                b'\n' if after_cr => {}
                b'\n' | b'\r' => self.end_line(events),
                _ => self.line.push(byte),
            }
            if self.line.len() + self.data.as_ref().map_or(0, String::len) > MOST {
                return Err(TooLong);
            }
        }
        Ok(())
    }

    fn end_line(&mut self, events: &mut Vec<Event>) {
        let line = std::mem::take(&mut self.line);
        let mut line: &[u8] = &line;
        if !std::mem::replace(&mut self.begun, true) {
            line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        }
        let line = String::from_utf8_lossy(line);
        if line.is_empty() {
            self.dispatch(events);
        } else if !line.starts_with(':') {
            let (field, value) = line.split_once(':').unwrap_or((&line, ""));
            self.field(field, value.strip_prefix(' ').unwrap_or(value));
        }
    }

    fn field(&mut self, field: &str, value: &str) {
        match field {
            "event" => value.clone_into(&mut self.kind),
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            },
            "id" if !value.contains('\0') => self.id = Some(value.to_owned()),
            _ => {}
        }
    }

    fn dispatch(&mut self, events: &mut Vec<Event>) {
        let kind = std::mem::take(&mut self.kind);
        if let Some(data) = self.data.take() {
            let kind = if kind.is_empty() {
                "message".to_owned()
            } else {
                kind
            };
            events.push(Event {
                kind,
                id: self.id.clone(),
                data,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(pieces: &[&[u8]]) -> Vec<Event> {
        let (mut parser, mut events) = (Parser::default(), Vec::new());
        for piece in pieces {
            parser.push(piece, &mut events).unwrap();
        }
        events
    }

    fn event(kind: &str, id: Option<&str>, data: &str) -> Event {
        Event {
            kind: kind.into(),
            id: id.map(Into::into),
            data: data.into(),
        }
    }

    #[test]
    fn an_event_has_a_type_an_id_and_data() {
        let text = b"event: change\nid: 7\ndata: {\"a\":1}\n\ndata:x\ndata: y\n\n";
        assert_eq!(
            parse(&[text]),
            [
                event("change", Some("7"), "{\"a\":1}"),
                event("message", Some("7"), "x\ny")
            ]
        );
    }

    #[test]
    fn comments_and_events_without_data_are_no_events() {
        assert_eq!(
            parse(&[b": keep alive\n\nevent: x\n\ndata\n\n"]),
            [event("message", None, "")]
        );
    }

    #[test]
    fn an_unfinished_event_is_none() {
        assert_eq!(parse(&[b"data: x\n"]), []);
    }

    #[test]
    fn a_byte_order_mark_and_an_id_with_nul_are_passed_over() {
        assert_eq!(
            parse(&[b"\xef\xbb\xbfdata: x\nid: a\0b\n\n"]),
            [event("message", None, "x")]
        );
    }

    #[test]
    fn an_event_without_end_is_given_up() {
        let mut parser = Parser::default();
        let line = vec![b'x'; MOST + 1];
        assert_eq!(parser.push(&line, &mut Vec::new()), Err(TooLong));
    }

    proptest! {
        #[test]
        fn neither_the_pieces_nor_the_line_ends_matter(
            lines in proptest::collection::vec("(data: ?|event:|id:|:|)[a-zé ]{0,5}", 0..12),
            cuts in proptest::collection::vec(0usize..200, 0..6),
            end in prop_oneof![Just("\n"), Just("\r"), Just("\r\n")],
        ) {
            let joined = |end: &str| lines.join(end) + end;
            let expected = parse(&[joined("\n").as_bytes()]);
            let text = joined(end);
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let pieces: Vec<_> = cuts.windows(2).map(|cut| &text.as_bytes()[cut[0]..cut[1]]).collect();
            prop_assert_eq!(parse(&pieces), expected);
        }
    }
}
