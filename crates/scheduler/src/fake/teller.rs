use super::World;
use crate::Fact;
use std::sync::Arc;
use tokio::sync::mpsc::UnboundedSender;

/// Hands facts on. Notes, which only tell people something, it may lose or swap; any fact it may
/// say twice.
pub(super) struct Teller {
    pub(super) world: Arc<dyn World>,
    pub(super) facts: UnboundedSender<Fact>,
    kept_back: Option<Fact>,
}

impl Teller {
    pub(super) fn new(world: Arc<dyn World>, facts: UnboundedSender<Fact>) -> Self {
        Self {
            world,
            facts,
            kept_back: None,
        }
    }

    pub(super) fn note(&mut self, fact: Fact) {
        if self.world.mishap("lost_note") {
            return;
        }
        if self.kept_back.is_none() && self.world.mishap("reordered") {
            self.kept_back = Some(fact);
            return;
        }
        self.say(fact);
    }

    pub(super) fn say(&mut self, fact: Fact) {
        if self.world.mishap("doubled") {
            self.send(fact.clone());
        }
        self.send(fact);
        if let Some(late) = self.kept_back.take() {
            self.send(late);
        }
    }

    fn send(&self, fact: Fact) {
        // Whoever asked may have left.
        let _ = self.facts.send(fact);
    }
}
