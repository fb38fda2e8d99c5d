use super::{MASK, Patterns, automaton::ROOT};
use std::{collections::VecDeque, ops::Range, sync::Arc};

/// Masks one stream of bytes, chunk by chunk.
///
/// Positions are relative to the first byte of the next chunk: what is held lies below zero.
#[derive(Debug)]
pub struct Stream {
    patterns: Arc<Patterns>,
    state: u32,
    /// The bytes that led to the state: they may begin a form.
    held: Vec<u8>,
    /// Matches that have been seen but may still grow, apart from each other and in order.
    matches: VecDeque<Range<isize>>,
    /// Up to here all is decided and gone out.
    decided: isize,
}

impl Stream {
    /// Starts at the beginning of a stream, or at any decided position of one.
    pub fn new(patterns: Arc<Patterns>) -> Self {
        Self {
            patterns,
            state: ROOT,
            held: Vec::new(),
            matches: VecDeque::new(),
            decided: 0,
        }
    }

    /// Takes a chunk and adds to `out` what is decided by now. Returns how many bytes of the
    /// *input*, of this chunk and earlier ones, have been decided since the last call.
    pub fn push(&mut self, input: &[u8], out: &mut Vec<u8>) -> usize {
        let (rest, decided) = self.run(input, out);
        out.extend_from_slice(rest);
        decided
    }

    /// As [`push`](Self::push), without a copy where nothing had to be masked: what goes out is
    /// returned, and lies in `input` or in `scratch`.
    pub fn mask<'a>(&mut self, input: &'a [u8], scratch: &'a mut Vec<u8>) -> (&'a [u8], usize) {
        scratch.clear();
        let (rest, decided) = self.run(input, scratch);
        if scratch.is_empty() {
            return (rest, decided);
        }
        scratch.extend_from_slice(rest);
        (scratch, decided)
    }

    /// The stream has ended: lets go of what was held. Returns what `push` returns.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> usize {
        let before = self.decided;
        self.close(0, &[], out);
        emit(&self.held, &[], self.decided..0, out);
        self.held.clear();
        self.state = ROOT;
        self.decided = 0;
        before.unsigned_abs()
    }

    /// All that goes out but its last piece, which is returned, goes to `out`.
    fn run<'a>(&mut self, input: &'a [u8], out: &mut Vec<u8>) -> (&'a [u8], usize) {
        if self.patterns.is_empty() {
            return (input, input.len());
        }
        let before = self.decided;
        let depth = self.scan(input, out);
        let open = signed(input.len()) - signed(depth);
        let limit = self
            .matches
            .front()
            .map_or(open, |first| open.min(first.start));
        let kept = usize::try_from(self.decided).unwrap_or(0);
        emit(&self.held, input, self.decided..limit.min(0), out);
        let rest = input
            .get(kept..usize::try_from(limit).unwrap_or(0))
            .unwrap_or_default();
        self.decided = self.decided.max(limit);
        let progress = (self.decided - before).unsigned_abs();

        let end = signed(input.len());
        let stale = (self.held.len() + input.len() - depth).min(self.held.len());
        self.held.drain(..stale);
        self.held
            .extend_from_slice(&input[usize::try_from(open).unwrap_or(0)..]);
        self.decided -= end;
        for found in &mut self.matches {
            *found = found.start - end..found.end - end;
        }
        (rest, progress)
    }

    /// Feeds the automaton, jumping over what no form can begin in. Returns the last depth.
    fn scan(&mut self, input: &[u8], out: &mut Vec<u8>) -> usize {
        let patterns = Arc::clone(&self.patterns);
        let (automaton, window) = (&patterns.automaton, patterns.filter.window());
        let mut at = 0;
        let mut candidate = -signed(self.held.len());
        let mut depth = self.held.len();
        loop {
            if self.state == ROOT && self.matches.is_empty() {
                at = patterns.filter.candidate(input, at);
                candidate = signed(at);
            }
            let Some(&byte) = input.get(at) else {
                return depth;
            };
            let state = automaton.next(self.state, byte);
            at += 1;
            let longest = automaton.longest(state);
            self.state = automaton.extensible(state);
            depth = automaton.depth(self.state);
            let open = signed(at) - signed(depth);
            if longest > 0 {
                self.found(signed(at) - signed(longest)..signed(at));
            }
            self.close(open, input, out);
            // A false alarm: back to jumping, unless that would mean to read much again.
            if self.matches.is_empty() && depth <= window && open > candidate && open >= 0 {
                at = open.unsigned_abs();
                self.state = ROOT;
                depth = 0;
            }
        }
    }

    fn found(&mut self, mut found: Range<isize>) {
        while let Some(last) = self.matches.pop_back_if(|last| last.end > found.start) {
            found.start = found.start.min(last.start);
        }
        self.matches.push_back(found);
    }

    /// Masks the matches which no match that is still possible can reach.
    fn close(&mut self, open: isize, input: &[u8], out: &mut Vec<u8>) {
        while let Some(first) = self.matches.pop_front_if(|first| first.end <= open) {
            emit(&self.held, input, self.decided..first.start, out);
            out.extend_from_slice(MASK);
            self.decided = first.end;
        }
    }
}

fn signed(length: usize) -> isize {
    isize::try_from(length).unwrap_or(isize::MAX)
}

/// Copies a range of what is held and of the input behind it.
fn emit(held: &[u8], input: &[u8], range: Range<isize>, out: &mut Vec<u8>) {
    if range.is_empty() {
        return;
    }
    let base = signed(held.len());
    let in_held = |at: isize| (at.min(0) + base).max(0).unsigned_abs();
    let in_input = |at: isize| at.max(0).unsigned_abs();
    let pieces = [
        held.get(in_held(range.start)..in_held(range.end)),
        input.get(in_input(range.start)..in_input(range.end)),
    ];
    for piece in pieces.into_iter().flatten() {
        out.extend_from_slice(piece);
    }
}

/// A whole text with its secrets masked: for messages and outputs.
pub fn mask_text(patterns: &Arc<Patterns>, text: &str) -> String {
    let mut stream = Stream::new(Arc::clone(patterns));
    let mut out = Vec::with_capacity(text.len());
    stream.push(text.as_bytes(), &mut out);
    stream.finish(&mut out);
    String::from_utf8(out).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into())
}
