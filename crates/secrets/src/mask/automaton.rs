//! All forms as one trie with fall-back links.

use std::collections::VecDeque;

/// The state in which nothing has been seen.
pub(super) const ROOT: u32 = 0;

struct Node {
    /// The byte that leads here.
    byte: u8,
    /// The first child, and the next child of the same parent; 0 is none.
    child: u32,
    sibling: u32,
    /// The state of the longest proper suffix that also begins a form.
    fall_back: u32,
    /// How many bytes lead here.
    depth: u32,
    /// The length of the longest form that ends here; 0 is none.
    longest: u32,
}

pub(super) struct Automaton {
    nodes: Vec<Node>,
    first: Box<[u32; 256]>,
}

impl Automaton {
    pub(super) fn new<'a>(forms: impl Iterator<Item = &'a [u8]>) -> Self {
        let root = Node {
            byte: 0,
            child: 0,
            sibling: 0,
            fall_back: 0,
            depth: 0,
            longest: 0,
        };
        let mut this = Self {
            nodes: vec![root],
            first: Box::new([ROOT; 256]),
        };
        for form in forms {
            this.insert(form);
        }
        this.link();
        this
    }

    pub(super) fn is_empty(&self) -> bool {
        self.nodes.len() == 1
    }

    pub(super) fn depth(&self, state: u32) -> usize {
        self.node(state).depth as usize
    }

    pub(super) fn longest(&self, state: u32) -> usize {
        self.node(state).longest as usize
    }

    /// The state after one more byte.
    pub(super) fn next(&self, mut state: u32, byte: u8) -> u32 {
        while state != ROOT {
            if let Some(next) = self.child(state, byte) {
                return next;
            }
            state = self.node(state).fall_back;
        }
        self.first[usize::from(byte)]
    }

    /// The same state, or the longest suffix of it that a further byte could still extend: a form
    /// that has just ended whole need not be held.
    pub(super) fn extensible(&self, mut state: u32) -> u32 {
        while state != ROOT && self.node(state).child == 0 {
            state = self.node(state).fall_back;
        }
        state
    }

    fn node(&self, state: u32) -> &Node {
        &self.nodes[state as usize]
    }

    fn child(&self, state: u32, byte: u8) -> Option<u32> {
        let mut child = self.node(state).child;
        while child != 0 {
            let node = self.node(child);
            if node.byte == byte {
                return Some(child);
            }
            child = node.sibling;
        }
        None
    }

    fn insert(&mut self, form: &[u8]) {
        let mut state = ROOT;
        for &byte in form {
            let found = match state {
                ROOT => Some(self.first[usize::from(byte)]).filter(|&next| next != ROOT),
                _ => self.child(state, byte),
            };
            state = found.unwrap_or_else(|| self.grow(state, byte));
        }
        let node = &mut self.nodes[state as usize];
        node.longest = node.depth;
    }

    fn grow(&mut self, parent: u32, byte: u8) -> u32 {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "4 billion nodes would be 100 GB"
        )]
        let grown = self.nodes.len() as u32;
        let Node {
            child: sibling,
            depth,
            ..
        } = *self.node(parent);
        self.nodes.push(Node {
            byte,
            child: 0,
            sibling,
            fall_back: ROOT,
            depth: depth + 1,
            longest: 0,
        });
        self.nodes[parent as usize].child = grown;
        if parent == ROOT {
            self.first[usize::from(byte)] = grown;
        }
        grown
    }

    /// Breadth first, so that shorter suffixes are linked before longer ones need them.
    fn link(&mut self) {
        let mut queue = VecDeque::from([ROOT]);
        while let Some(parent) = queue.pop_front() {
            let mut child = self.node(parent).child;
            while child != 0 {
                let Node { byte, sibling, .. } = *self.node(child);
                let fall_back = match parent {
                    ROOT => ROOT,
                    _ => self.next(self.node(parent).fall_back, byte),
                };
                let inherited = self.node(fall_back).longest;
                let node = &mut self.nodes[child as usize];
                node.fall_back = fall_back;
                node.longest = node.longest.max(inherited);
                queue.push_back(child);
                child = sibling;
            }
        }
    }
}
